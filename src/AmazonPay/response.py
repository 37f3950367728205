"""The response to one call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar, cast

from .errors import InvalidResponse, error_for, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

_UNPARSED: Any = object()
_UNREADABLE: Any = object()
_ABOUT_KEYS = frozenset(
    {
        *("InvalidHeaderValue", "MissingHeader", "MissingHeaderValue"),
        *("InvalidRequestSignature", "UnauthorizedAccess"),
    }
)
"""The reason codes that a wrong key, key id or clock can cause."""


class Headers(Mapping[str, str]):
    """The headers of an answer; names are found in any case."""

    __slots__ = ("_values",)

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._values = {name.lower(): value for name, value in headers.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Headers {', '.join(map(shown, self._values))}>"


class Response(Generic[T]):
    """Amazon's answer to a call, and facts about the call.

    A 4xx or 5xx does not raise: check `status_code` or `ok`, or call
    `raise_for_status()`. A response is true if it is `ok`.
    """

    __slots__ = (
        "_parsed",
        "_refused_request",
        "attempts",
        "clock_lead",
        "content",
        "elapsed",
        "headers",
        "idempotency_key",
        "operation",
        "outcome_unknown",
        "status_code",
    )

    def __init__(  # noqa: PLR0913 - one argument for each attribute
        self,
        status_code: int,
        headers: Mapping[str, str],
        content: bytes,
        *,
        operation: str = "",
        idempotency_key: str | None = None,
        attempts: int = 1,
        outcome_unknown: bool = False,
        elapsed: timedelta = timedelta(0),
    ) -> None:
        self.status_code = status_code
        self.headers: Mapping[str, str] = Headers(headers)
        """Names are found in any case, and iterated in lower case."""
        self.content = content
        """The body's bytes, as received."""
        self.operation = operation
        self.idempotency_key = idempotency_key
        self.attempts = attempts
        """The number of attempts, including those that could not connect."""
        self.outcome_unknown = outcome_unknown
        """Whether an attempt may have worked, although this answer does not say so."""
        self.elapsed = elapsed
        """The time from the first attempt to the last byte, including waits."""
        self.clock_lead: timedelta | None = None
        """How far the system clock is ahead of Amazon's, if a date was refused."""
        self._parsed = _UNPARSED
        self._refused_request: Any = None

    def keep_refused_request(self, request: object) -> None:
        """Keep the signed request if its signature was refused, for `Client.explain`.

        After any other answer it is dropped. No text shows it.
        """
        if self.reason_code == "InvalidRequestSignature":
            self._refused_request = request

    @property
    def refused_request(self) -> Any:  # noqa: ANN401 - a SignedRequest, a layer above
        """The signed request whose signature was refused; None after other answers."""
        return self._refused_request

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx, or the 303 of Claim Merchant Account."""
        claimed = self.status_code == 303 and self.operation == "claim_merchant_account"  # noqa: PLR2004 - as Amazon documents it
        return claimed or 200 <= self.status_code < 300  # noqa: PLR2004 - the range of HTTP

    def __bool__(self) -> bool:
        return self.ok

    @property
    def text(self) -> str:
        """The body as text; invalid UTF-8 is replaced."""
        return self.content.decode(errors="replace")

    def _parse(self) -> Any:  # noqa: ANN401 - JSON; `json()` gives it a type
        if self._parsed is _UNPARSED:
            if not self.content:
                self._parsed = None
            else:
                try:
                    self._parsed = _decoded(json.loads(self.content))
                except (ValueError, RecursionError):
                    self._parsed = _UNREADABLE
        return self._parsed

    def json(self) -> T:
        """Return the body as Python values; None for an empty body.

        Raises:
            InvalidResponse: the body is not JSON; `content` holds its bytes.
        """
        parsed = self._parse()
        if parsed is _UNREADABLE:
            raise InvalidResponse(self)
        return cast("T", parsed)

    @property
    def readable(self) -> bool:
        """Whether the body is a JSON object, like every body of the API."""
        return isinstance(self._parse(), dict)

    def _member(self, name: str) -> str | None:
        parsed = self._parse()
        value = _members(parsed).get(name)
        return value if isinstance(value, str) else None

    @property
    def reason_code(self) -> str | None:
        """Amazon's code for an error; None on success or if there is none."""
        return None if self.ok else self._member("reasonCode")

    @property
    def message(self) -> str | None:
        """Amazon's text for an error; it may repeat values of the request."""
        return None if self.ok else self._member("message")

    @property
    def request_id(self) -> str | None:
        """Amazon's id of this request; quote it to support."""
        return self.headers.get("x-amz-pay-request-id")

    def raise_for_status(self) -> Self:
        """Return this response if it is a success, else raise its error.

        Raises:
            OutcomeUnknown: an attempt may have been carried out.
            APIError: one of its subclasses, by reason code, else by status.
        """
        if self.ok and not self.outcome_unknown:
            return self
        error = error_for(self)
        if error.reason_code in _ABOUT_KEYS:
            error.add_note(
                "client.explain(error) says what is wrong with the signature, and"
                " `amazonpay doctor` checks key, id and clock"
            )
        raise error

    def __repr__(self) -> str:
        reason = f" {shown(self.reason_code)}" if self.reason_code else ""
        return f"<Response {self.operation} {self.status_code}{reason}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a response may hold a buyer's data and is not pickled or copied; keep what"
            " you need of json()"
        )


def _decoded(parsed: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Decode the elements of `shippingAddressList`, which are JSON in strings."""
    addresses = _members(parsed).get("shippingAddressList")
    if isinstance(addresses, list):
        items = cast("list[object]", addresses)
        parsed["shippingAddressList"] = [_address(item) for item in items]
    return parsed


def _members(parsed: object) -> dict[str, object]:
    """Return the members of a JSON object; an empty dict for other JSON."""
    return cast("dict[str, object]", parsed) if isinstance(parsed, dict) else {}


def _address(item: object) -> object:
    """Return a decoded element; one that is not JSON is returned unchanged.

    An error would hide that the payment has succeeded.
    """
    if not isinstance(item, str):
        return item
    try:
        return json.loads(item)
    except (ValueError, RecursionError):
        return item
