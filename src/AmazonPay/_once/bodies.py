"""Read request bodies, and hash them so that equal requests have equal digests."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

from ..errors import InvalidRequest
from ..money import normalize_amount

# The body that is sent if the caller passes none. Closing needs a reason. It is
# unconfirmed whether canceling does, so it gets one too. Older versions sent `{}`.
DEFAULT_BODIES: Final[dict[str, bytes]] = {
    "cancel_charge": b'{"cancellationReason":"Canceled by the merchant"}',
    "close_charge_permission": b'{"closureReason":"Closed by the merchant"}',
}


def read_body(body: bytes) -> dict[str, Any]:
    """Parse a body's members; parse fractions as `Decimal`.

    Raises:
        InvalidRequest: a number is too large for a `Decimal`.
    """
    read = json.loads(body, parse_float=_parse_number)
    return cast("dict[str, Any]", read) if isinstance(read, dict) else {}


def digest_of(body: bytes) -> str:
    """Hash the content of a body.

    The order of members, white space and the notation of amounts do not matter: 10,
    "10.0" and "10.00" are equal amounts.
    """
    return _sha256_of(_normalize_amounts(json.loads(body, parse_float=_parse_number)))


def digest_as_written(body: bytes) -> str:
    """Hash a body as older versions did, where the notation of amounts matters."""
    return _sha256_of(json.loads(body, parse_float=_parse_number))


def _parse_number(number: str) -> Decimal:
    try:
        return Decimal(number)
    except InvalidOperation:
        raise InvalidRequest("a number in the body is out of every range") from None


def _sha256_of(read: object) -> str:
    said = json.dumps(read, sort_keys=True, default=str)
    from hashlib import sha256

    return sha256(said.encode()).hexdigest()


def _normalize_amounts(read: object) -> object:
    if isinstance(read, list):
        return [_normalize_amounts(item) for item in cast("list[object]", read)]
    if not isinstance(read, dict):
        return read
    members = {
        name: _normalize_amounts(member)
        for name, member in cast("dict[str, object]", read).items()
    }
    if "amount" in members:
        currency = members.get("currencyCode")
        members["amount"] = normalize_amount(members["amount"], currency)
    return members
