"""Calls that are signed as asked: with another date, algorithm or key, or without one.

`Client` makes none of these, because each is a mistake. They go to the sandbox only.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    import httpx2

    from .._core.config import Endpoint
    from .._signing.rsa_pss import Algorithm

_TRIES: Final = 8
_LONGEST_PAUSE: Final = 8.0
_SECONDS: Final = 30.0
_PASSING: Final = frozenset({408, 425, 429})
_UNDONE: Final = frozenset({425, 429})
_SERVER_FAILED: Final = 500
_SUCCESS: Final = range(200, 300)


class Undecided(Exception):  # noqa: N818 - no defect
    """A guess was not decided; the text says why."""


class Unanswered(Undecided):
    """No attempt had an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A readable answer, which is no failure that passes."""

    status: int
    reason: str
    """The reason code; empty for none."""
    body: Mapping[str, Any]
    lost: bool
    """Whether an earlier attempt of a call that changes something may have worked."""

    @property
    def ok(self) -> bool:
        """Whether the call was accepted."""
        return self.status in _SUCCESS

    @property
    def text(self) -> str:
        """`accepted`, or status and reason code.

        Raises:
            Undecided: the answer is not Amazon Pay's, or an earlier attempt may have
                done what is refused.
        """
        if self.ok:
            return "accepted"
        if self.lost:
            raise Undecided("it was refused after an answer was lost")
        if not (self.reason.isascii() and self.reason.isalnum()):
            raise Undecided(f"the answer has the status {self.status}, and no reason")
        return f"{self.status} {self.reason}"


@dataclass(frozen=True, slots=True)
class Asker:
    """Makes signed calls with one key, and repeats those that fail for the moment."""

    public_key_id: str
    algorithm: Algorithm
    endpoint: Endpoint
    sign: Callable[[bytes], bytes]
    client: httpx2.Client
    now: Callable[[], datetime]
    wait: Callable[[float], object]

    def get(self, path: str, query: str = "", **how: Any) -> Answer:  # noqa: ANN401 - those of `ask`
        """Make a GET."""
        return self.ask("GET", path, query=query, **how)

    def post(self, path: str, body: object, **how: Any) -> Answer:  # noqa: ANN401 - those of `ask`
        """Make a POST, under a new key unless one is given."""
        how.setdefault("key", new_key())
        return self.ask("POST", path, body, **how)

    def patch(self, path: str, body: object) -> Answer:
        """Make a PATCH."""
        return self.ask("PATCH", path, body)

    def ask(  # noqa: PLR0913 - the parts of a call
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: str = "",
        key: str | None = None,
        code: str | None = None,
        age: timedelta | None = None,
        algorithm: str | None = None,
        without: str | None = None,
    ) -> Answer:
        """Make a call until it has a readable answer.

        Args:
            method: As HTTP has it.
            path: Below the version.
            body: JSON; None for no body.
            query: Canonical.
            key: The idempotency key; None for none.
            code: A simulation code.
            age: How old the date is.
            algorithm: Another name of the algorithm than the one that signs.
            without: A header that does not come.

        Raises:
            Undecided: no readable answer came; `Unanswered` if there was none at all.
        """
        import httpx2

        content = b"" if body is None else json.dumps(body).encode()
        lost = False
        failure: type[Undecided] = Unanswered
        for attempt in range(_TRIES):
            request = self._request(
                method, path, content, query, key, code, age, without
            )
            if algorithm is not None:
                given = request.headers["authorization"]
                request.headers["authorization"] = given.replace(
                    self.algorithm.name, algorithm, 1
                )
            try:
                found = self.client.send(request)
            except httpx2.TransportError:
                lost = method != "GET"
            else:
                failure = Undecided
                if not self._passes(found.status_code):
                    return _answer(found, lost=lost)
                lost |= method != "GET" and found.status_code not in _UNDONE
            self.wait(min(2.0**attempt / 4, _LONGEST_PAUSE))
        raise failure("no readable answer came")

    def _passes(self, status: int) -> bool:
        return status in _PASSING or status >= _SERVER_FAILED

    def _request(  # noqa: PLR0913 - the parts of a call
        self,
        method: str,
        path: str,
        content: bytes,
        query: str,
        key: str | None,
        code: str | None,
        age: timedelta | None,
        without: str | None,
    ) -> httpx2.Request:
        import httpx2

        from .._signing.rsa_pss import message_to_sign

        date = self.now() if age is None else self.now() - age
        headers = [
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("x-amz-pay-host", self.endpoint.host),
            ("x-amz-pay-region", self.endpoint.region.code),
            ("x-amz-pay-date", date.strftime("%Y%m%dT%H%M%SZ")),
        ]
        if key is not None:
            headers.append(("x-amz-pay-idempotency-key", key))
        headers = [pair for pair in headers if pair[0] != without]
        whole = self.endpoint.base_path + path
        message, authorization = message_to_sign(
            self.algorithm, self.public_key_id, method, whole, query, headers, content
        )
        headers.append(
            ("authorization", authorization + b64encode(self.sign(message)).decode())
        )
        if code is not None:
            headers.append(("x-amz-pay-simulation-code", code))
        origin = f"{self.endpoint.scheme}://{self.endpoint.authority}"
        url = f"{origin}{whole}{f'?{query}' if query else ''}"
        return httpx2.Request(
            method,
            url,
            headers=headers,
            content=content,
            extensions={
                "timeout": dict.fromkeys(("connect", "read", "write", "pool"), _SECONDS)
            },
        )


def new_key() -> str:
    """Return a new idempotency key."""
    return secrets.token_hex(16)


def _answer(found: httpx2.Response, *, lost: bool) -> Answer:
    try:
        parsed: Any = json.loads(found.content) if found.content else {}
    except (ValueError, RecursionError):
        raise Undecided("the answer is no JSON") from None
    body = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}
    return Answer(found.status_code, str(body.get("reasonCode") or ""), body, lost)


def asker_from(
    arguments: Mapping[str, Any],
    transport: httpx2.BaseTransport | None,
    now: Callable[[], datetime],
    wait: Callable[[float], object],
) -> Asker:
    """Return an asker with the constructor's arguments of a client.

    Raises:
        ConfigurationError: the environment is live, or an argument cannot be used.
    """
    import httpx2

    from .._core.config import endpoint_for
    from .._http.proxies import proxy_for
    from .._http.transports import PoolTransport
    from .._http.trust import tls_context
    from .._signing.private_key import load_private_key
    from .._signing.rsa_pss import algorithm_named, rsa_signer

    endpoint = endpoint_for(
        arguments["public_key_id"],
        arguments["region"],
        arguments.get("sandbox"),
        arguments.get("endpoint_url"),
    )
    if endpoint.environment != "sandbox":
        raise ConfigurationError("conformance is for the sandbox: give a sandbox key")
    key = load_private_key(
        arguments["private_key"], arguments.get("private_key_password")
    )
    algorithm = algorithm_named(arguments.get("algorithm") or "AMZN-PAY-RSASSA-PSS")
    if transport is None:
        context = tls_context(arguments.get("verify"), trust_env=True)
        transport = PoolTransport(context, proxy_for(endpoint, None, trust_env=True))
    return Asker(
        arguments["public_key_id"],
        algorithm,
        endpoint,
        rsa_signer(key, algorithm),
        httpx2.Client(transport=transport, trust_env=False),
        now,
        wait,
    )
