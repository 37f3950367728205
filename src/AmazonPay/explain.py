"""Why a signature was refused: the cause, with proof.

An RSASSA-PSS signature can be opened with the public key. That shows whether the key
pair is right, how long the salt is, and whether a text is the one that was signed.
`request` and `button` judge what arrived; `answer` compares it with the string to sign
that Amazon sends with its refusal. They need the public half of a key and no secret,
send nothing, and keep nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast
from urllib.parse import urlsplit

from ._core.clock_skew import http_date
from ._core.regions import REGIONS
from ._explain.judge import Verdict, judge
from ._explain.key_rows import ROWS
from ._explain.model import Came, parse_date
from ._explain.search import Search
from ._explain.wording import (
    Difference,
    Explanation,
    explained,
    first_difference,
    of_rows,
)
from ._signing.rsa_pss import (
    ALGORITHMS,
    V1,
    V2,
    MalformedAuthorization,
    parse_authorization,
)
from .errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from ._explain.model import Pairs
    from .response import Response

    Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
    PublicKey: TypeAlias = RSAPublicKey | str | bytes

__all__ = ["Difference", "Explanation", "answer", "button", "request"]

_SERVER_STRING = re.compile(r"(AMZN-PAY-RSASSA-PSS(?:-V2)?)\s+([0-9a-f]{64})")


def request(  # noqa: PLR0913 - a signature covers all of a request
    method: str,
    target: str,
    headers: Headers,
    body: bytes = b"",
    *,
    public_key: PublicKey | None,
    other_keys: Mapping[str, PublicKey] | None = None,
    signed: str | bytes | None = None,
    now: datetime | None = None,
) -> Explanation:
    """Explain the signature of a request, as it arrived at a server.

    Args:
        method: The method, such as `POST`.
        target: Path and query, percent-encoded, as they arrived.
        headers: All headers that arrived, with `authorization`.
        body: The exact bytes of the body.
        public_key: The public key of the `PublicKeyId` that the request names: PEM, or
            a key object of cryptography. None if it is not known.
        other_keys: Other public keys by their ids. If one of these opens the signature,
            the explanation names its id.
        signed: The canonical request, or the string to sign, that the caller believes
            to have signed. It is tried if no usual mistake explains the signature.
        now: The server's time; a date in the future is then explained, too.

    Returns:
        The explanation. Its `name` is `holds` if the signature is right.

    Raises:
        InvalidRequest: a public key is not one, or not RSA; or `now` has no time zone.
    """
    if now is not None and now.tzinfo is None:
        raise InvalidRequest("now must have a time zone")
    arrived = _arrived(_whole(method), _whole(target), _pairs(headers), body)
    came = arrived.came
    if came is None:
        return of_rows((ROWS[arrived.problem or "authorization_malformed"],))
    verdict = judge(
        came,
        arrived.signature,
        _key(public_key),
        {name: _key(one) for name, one in (other_keys or {}).items()},
        _texts(signed),
    )
    problem = arrived.problem
    if came.algorithm not in ALGORITHMS:
        problem = "algorithm_unknown"
    if problem == "authorization_malformed" and not verdict.holds:
        problem = None  # the header can be read, and there is more to say
    if problem is not None:
        return of_rows((ROWS[problem],), verdict=verdict)
    if verdict.holds:
        return _beside(came, verdict, now)
    return explained(came, verdict, _texts(signed))


class _Arrived(NamedTuple):
    """A received request, as far as its `authorization` header can be read."""

    came: Came | None = None
    signature: str = ""
    problem: str | None = None


def _arrived(method: str, target: str, pairs: Pairs, body: bytes) -> _Arrived:
    """Return what arrived; a header in another form is read as far as possible."""
    by_name = dict(pairs)
    value = by_name.get("authorization", "")
    if not value.strip():
        return _Arrived(problem="authorization_missing")
    found = _HEADER.search(value[:_LONGEST_HEADER])
    if found is None:
        return _Arrived()
    problem: str | None = None
    try:
        parse_authorization(value)
    except MalformedAuthorization:
        problem = "authorization_malformed"
    listed = tuple(dict.fromkeys(found["names"].split(";")))
    if any(name.lower() not in by_name for name in listed):
        problem = "signed_header_missing"
    path, _, query = target.partition("?")
    came = Came(found["algorithm"], body, method, path, query, pairs, listed)
    return _Arrived(came, found["signature"], problem)


_HEADER = re.compile(
    r"""\A\s*(?P<algorithm>[^\s=,]+)\s"""
    r"""(?=[\s\S]*SignedHeaders="?(?P<names>[^,"\s]+))"""
    r"""(?=[\s\S]*Signature="?(?P<signature>[^",]+))"""
)
_LONGEST_HEADER = 16 * 1024


def _beside(came: Came, verdict: Verdict, now: datetime | None) -> Explanation:
    """Explain a request whose signature holds: Amazon can refuse its date or region."""
    date = parse_date(came.value("x-amz-pay-date"))
    region = came.value("x-amz-pay-region").lower()
    if now is not None and date is not None and date > now:
        return of_rows((ROWS["date_in_future"],), verdict=verdict)
    if came.algorithm == V2.name and region in set(REGIONS) - {"na", "eu", "jp"}:
        return of_rows((ROWS["region_alias_under_v2"],), verdict=verdict)
    return of_rows((), verdict=verdict)


def button(  # noqa: PLR0913 - what a button's configuration holds
    payload: str | bytes,
    signature: str,
    *,
    public_key: PublicKey | None,
    algorithm: str = V1.name,
    other_keys: Mapping[str, PublicKey] | None = None,
    signed: str | bytes | None = None,
    product_type: str | None = None,
) -> Explanation:
    """Explain the signature of a checkout button, as the page posts it.

    Args:
        payload: The text of `payloadJSON`, as it arrived.
        signature: The text of `signature`.
        public_key: The public key of the `publicKeyId`, or None if it is not known.
        algorithm: The text of `algorithm`; a page that sends none uses the default.
        other_keys: Other public keys by their ids.
        signed: The payload that the shop believes to have signed. If it is that, the
            difference shows what was changed later, such as an amount.
        product_type: The page's `productType`; with it, a mix-up of sign-in and
            checkout is explained, too.

    Returns:
        The explanation. Its `name` is `holds` if the signature is right.

    Raises:
        InvalidRequest: a public key is not one, or not RSA.
    """
    data = (
        payload.encode(errors="surrogatepass") if isinstance(payload, str) else payload
    )
    came = Came(_whole(algorithm), data, is_button=True)
    verdict = judge(
        came,
        signature,
        _key(public_key),
        {name: _key(one) for name, one in (other_keys or {}).items()},
        _texts(signed),
    )
    if verdict.holds:
        mixed = product_type is not None and (
            ("signInReturnUrl" in _members(data)) is not (product_type == "SignIn")
        )
        return of_rows((ROWS["sign_in_payload"],) if mixed else (), verdict=verdict)
    if verdict.found is None and data.startswith(b"[object "):
        return of_rows((ROWS["payload_is_object"],), verdict=verdict)
    if verdict.found is None and {"checkoutSessionId", "reasonCode"} & set(
        _members(data)
    ):
        return of_rows((ROWS["payload_is_answer"],), verdict=verdict)
    return explained(came, verdict, _texts(signed))


def answer(  # noqa: PLR0913 - a signature covers all of a request
    message: str | bytes,
    method: str,
    target: str,
    headers: Headers,
    body: bytes = b"",
    *,
    public_key: PublicKey | None = None,
    other_keys: Mapping[str, PublicKey] | None = None,
    now: datetime | None = None,
) -> Explanation:
    """Explain Amazon's refusal of a signature, 403 `InvalidRequestSignature`.

    Its message holds the string to sign that Amazon made. This tells whether Amazon
    read the request that was sent, and so whether something has changed it on its way.

    Args:
        message: The answer's `message`, or its whole body.
        method: The method of the request that was sent.
        target: Its path and query, percent-encoded.
        headers: All of its headers, with `authorization`.
        body: Its exact body.
        public_key: The public half of the key that signed it; without it, the texts are
            compared only.
        other_keys: Other public keys by their ids.
        now: Amazon's time, from the answer's `Date`.

    Raises:
        InvalidRequest: a public key is not one, or not RSA.
    """
    ours = request(
        method,
        target,
        headers,
        body,
        public_key=public_key,
        other_keys=other_keys,
        now=now,
    )
    came = _arrived(_whole(method), _whole(target), _pairs(headers), body).came
    text = message.decode(errors="replace") if isinstance(message, bytes) else message
    found = _SERVER_STRING.search(text.replace("\\n", "\n"))
    if found is None or came is None:
        return ours
    theirs = f"{found[1]}\n{found[2]}".encode()
    search = Search(came)
    equal = came.message(search.canonical) == theirs
    if equal and public_key is None:
        return of_rows((ROWS["key_or_salt"],), canonical=search.canonical)
    if equal and ours.name == "holds":
        return of_rows((ROWS["key_registered"],), canonical=search.canonical)
    if equal or ours.name not in {"holds", "unknown", "key_unknown"}:
        return ours
    read = search.run(theirs.__eq__)
    if read is None:
        return of_rows((ROWS["altered"],), canonical=search.canonical)
    difference = first_difference(read.part or "string", read.came, read.signed)
    return of_rows(
        (ROWS["altered"],),
        canonical=search.canonical,
        difference=difference,
        hint=tuple(row.name for row in read.mistakes),
    )


def of_response(
    response: Response[Any],
    keys: Mapping[str, RSAPublicKey],
    public_key: PublicKey | None = None,
) -> Explanation:
    """Explain a client's response; `Client.explain` calls this with its own keys.

    Raises:
        InvalidRequest: the response keeps no request, so there is nothing to explain.
    """
    sent = response.refused_request
    if sent is None:
        raise InvalidRequest(
            "there is nothing to explain: only the answer 403 InvalidRequestSignature"
            " to a call of this process is about a signature"
        )
    headers = [(name.decode(), value.decode()) for name, value in sent.headers]
    authorization = dict(headers)["authorization"]
    key_id = parse_authorization(authorization).public_key_id
    parts = urlsplit(str(sent.url))
    return answer(
        response.message or "",
        sent.method,
        parts.path + (f"?{parts.query}" if parts.query else ""),
        headers,
        sent.body,
        public_key=keys.get(key_id) if public_key is None else public_key,
        other_keys={name: key for name, key in keys.items() if name != key_id},
        now=http_date(response.headers.get("date", "")),
    )


# Arguments ----------------------------------------------------------------------------


def _pairs(headers: Headers) -> Pairs:
    given: Iterable[tuple[str, str]] = (
        cast("Mapping[str, str]", headers).items()
        if isinstance(headers, Mapping)
        else headers
    )
    return tuple((_whole(name).lower(), _whole(value)) for name, value in given)


def _whole(text: str) -> str:
    """Return text without half surrogate pairs, which have no UTF-8."""
    return text.encode(errors="replace").decode()


def _texts(signed: str | bytes | None) -> tuple[bytes, ...]:
    if signed is None:
        return ()
    text = signed.encode(errors="surrogatepass") if isinstance(signed, str) else signed
    return (text,)


def _members(data: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}


def _key(key: PublicKey | None) -> Any:  # noqa: ANN401 - an RSAPublicKey, or None for None
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from ._signing.public_key import public_key_in

    if key is None or isinstance(key, RSAPublicKey):
        return key
    held = key.encode(errors="replace") if isinstance(key, str) else key
    # Callers without a type checker pass anything.
    loaded = public_key_in(held) if isinstance(held, bytes) else None
    if not isinstance(loaded, RSAPublicKey):
        raise InvalidRequest(
            "public_key must be an RSA public key, as PEM, DER or an object"
        )
    return loaded
