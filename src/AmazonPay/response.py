"""The answer to one call."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar, cast

from .errors import InvalidResponse, error_for, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

_UNPARSED: Any = object()
_UNREADABLE: Any = object()


class Response(Generic[T]):
    """What Amazon answered, and how the call came by it.

    A 4xx or 5xx does not raise: look at `status_code` or `ok`, or call
    `raise_for_status()`.
    """

    __slots__ = (
        "_parsed",
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

    def __init__(  # noqa: PLR0913 - one argument for each thing a user can read
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
        self.headers = headers
        """Names in lower case."""
        self.content = content
        """The body's bytes, as they came."""
        self.operation = operation
        self.idempotency_key = idempotency_key
        self.attempts = attempts
        """How often the request was sent, or tried to be."""
        self.outcome_unknown = outcome_unknown
        """Whether an attempt may have worked though this answer does not say so."""
        self.elapsed = elapsed
        """From the first attempt to the last byte, waits included."""
        self.clock_lead: timedelta | None = None
        """How far the system clock is ahead of Amazon's, when a date was refused."""
        self._parsed = _UNPARSED

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx, or the 303 of Claim Merchant Account."""
        claimed = self.status_code == 303 and self.operation == "claim_merchant_account"  # noqa: PLR2004 - the reference's own number
        return claimed or 200 <= self.status_code < 300  # noqa: PLR2004 - HTTP's ranges

    @property
    def text(self) -> str:
        """The body as UTF-8; bytes that are not are replaced."""
        return self.content.decode(errors="replace")

    def _parse(self) -> Any:  # noqa: ANN401 - JSON, until `json` types it
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
        """Give the body as Python values; None for an empty body.

        Raises:
            InvalidResponse: the body is not JSON; its bytes are on the error.
        """
        parsed = self._parse()
        if parsed is _UNREADABLE:
            raise InvalidResponse(self)
        return cast("T", parsed)

    @property
    def readable(self) -> bool:
        """Whether the body is a JSON object, as every answer of the API is."""
        return isinstance(self._parse(), dict)

    def _member(self, name: str) -> str | None:
        parsed = self._parse()
        value = _members(parsed).get(name)
        return value if isinstance(value, str) else None

    @property
    def reason_code(self) -> str | None:
        """Amazon's code for an error; None on success or without one."""
        return None if self.ok else self._member("reasonCode")

    @property
    def message(self) -> str | None:
        """Amazon's text for an error: for people, may echo values of the request."""
        return None if self.ok else self._member("message")

    @property
    def request_id(self) -> str | None:
        """Amazon's id of this request; quote it to support."""
        return self.headers.get("x-amz-pay-request-id")

    def raise_for_status(self) -> Self:
        """Return this response if it is a success, else raise its error.

        Raises:
            OutcomeUnknown: an earlier attempt may have been carried out.
            APIError: one of its subclasses, by reason code, else by status.
        """
        if self.ok and not self.outcome_unknown:
            return self
        raise error_for(self)

    def __repr__(self) -> str:
        reason = f" {shown(self.reason_code)}" if self.reason_code else ""
        return f"<Response {self.operation} {self.status_code}{reason}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a response may hold a buyer's data and is not pickled or copied; keep what"
            " you need of json()"
        )


def _decoded(parsed: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Decode the elements of `shippingAddressList`: the API sends JSON in strings."""
    addresses = _members(parsed).get("shippingAddressList")
    if isinstance(addresses, list):
        items = cast("list[object]", addresses)
        parsed["shippingAddressList"] = [_address(item) for item in items]
    return parsed


def _members(parsed: object) -> dict[str, object]:
    """Give a JSON object's members, and nothing of any other JSON."""
    return cast("dict[str, object]", parsed) if isinstance(parsed, dict) else {}


def _address(item: object) -> object:
    """Decode one element; one that is no JSON stays, for the payment has succeeded."""
    if not isinstance(item, str):
        return item
    try:
        return json.loads(item)
    except (ValueError, RecursionError):
        return item
