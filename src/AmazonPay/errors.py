"""The errors of this package, grouped by who must act.

```text
AmazonPayError
├── ConfigurationError (ValueError)    the client cannot be built with these arguments
├── InvalidRequest (ValueError)        refused here, before anything was sent
│   └── JournalConflict                the request contradicts the journal
├── ClientClosed (RuntimeError)        closed, or its transport is another process's
├── JournalFailed                      your journal cannot be read or written
├── TransportError                     no answer; see `outcome_unknown`
│   ├── ConnectionFailed               nothing was sent
│   │   └── CertificateRefused         the certificate is not trusted; never repeated
│   ├── TimedOut                       no answer in time
│   ├── ConnectionLost                 the connection broke after bytes had left
│   ├── ResponseTooLarge               the answer exceeds the size limit
│   ├── SigningFailed                  your signer failed; this attempt sent nothing
│   ├── HeldBack                       pacing allowed no turn in time: nothing was sent
│   ├── CircuitOpen                    Amazon is failing: no checkout was started
│   └── TransferFailed                 a file could not be moved over a pre-signed link
├── OutcomeError                       a decision is not a success; see `decision`
│   ├── NotYet                         pending: wait, and call again
│   ├── DefiniteNo                     refused or ended, and no money has moved for it
│   ├── MoneyMoved                     money moved, but not as asked: check it
│   └── NotProven                      nothing is proven: call again with the same key
├── NotificationRefused                not to be acted on; answer its `status`
│   ├── NotificationForged             403: not of Amazon Pay, or not for this shop
│   └── NotificationUnverifiable       503: the certificate could not be fetched now
├── InboxFailed                        503: the inbox's database failed
├── ReportUnavailable                  a report has no document
├── InvalidResponse                    the answer's body is not JSON, or lacks a member
└── APIError                           Amazon answered with an error
    ├── OutcomeUnknown                 an earlier attempt may have worked: find out
    ├── BadRequest                     400 and other 4xx: the request must change
    │   ├── AmountExceeded             more than is left to charge or refund
    │   ├── ClockWrong                 the system clock is more than 15 minutes off
    │   └── DuplicateIdempotencyKey    this key was used for another request
    ├── AuthenticationError            401, 403: key, account or token is not accepted
    │   └── InvalidSignature           the signature does not match key and request
    ├── NotFound                       404: no such object in this environment
    ├── WrongState                     the object's state does not allow this call
    ├── Declined                       the payment was refused
    │   ├── SoftDeclined               may succeed later
    │   ├── HardDeclined               the buyer must change the payment method
    │   ├── Rejected                   Amazon refused; the permission is closed
    │   └── AuthorizationTimedOut      not decided in time: a new checkout
    ├── Throttled                      429: too many requests
    └── ServerError                    5xx: Amazon failed
```

The text of an error never holds a body, a key, a path or Amazon's own text, which may
repeat values of the request; read that on `APIError.message`. For the same reason the
traceback of an error ends at the call, with no frame below it, and a pickled error
holds neither the answer nor Amazon's text.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .response import Response

_SHOWABLE = re.compile(r"[A-Za-z0-9_.:-]{1,64}|HTTP [0-9]{3}")


def shown(name: str | None) -> str:
    """Return a server's code or id, or a placeholder if it looks like other text."""
    return name if name and _SHOWABLE.fullmatch(name) else "(not shown)"


class AmazonPayError(Exception):
    """Base of every error that this package raises on purpose."""

    outcome_unknown: bool = False
    """Whether the call may have been carried out nevertheless; see `TransportError`."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (type(self), self.args, self._pickled_members())

    def _pickled_members(self) -> dict[str, Any]:
        """Return the members to pickle; those that may hold personal data are None."""
        members: dict[str, Any] = {}
        for name, value in vars(self).items():
            if name in _PICKLED:
                members[name] = value
            elif not name.startswith("__"):  # the notes
                members[name] = safe_text(value) if name in _SERVER_TEXTS else None
        return members


# Answers and objects hold values of the request and of the buyer. A pickled error,
# which another process or a log may read, keeps only these members.
_PICKLED = frozenset(
    {"attempts", "final", "idempotency_key", "lead", "operation"}
    | {"outcome_unknown", "status_code"}
)
_SERVER_TEXTS = frozenset(
    {"object_id", "processing_status", "reason", "reason_code", "request_id"}
)


def safe_text(value: str | None) -> str | None:
    """Return a server's text if it is a code or an id, else a placeholder."""
    return None if value is None else shown(value)


def _unpickled(
    kind: type[AmazonPayError], args: tuple[Any, ...], members: dict[str, Any]
) -> AmazonPayError:
    error = kind.__new__(kind, *args)
    vars(error).update(members)
    return error


class ConfigurationError(AmazonPayError, ValueError):
    """The client cannot be built: an argument is missing, invalid or contradictory."""


class InvalidRequest(AmazonPayError, ValueError):
    """The call was refused before anything was signed or sent; no money moved."""


class JournalConflict(InvalidRequest):
    """The request contradicts the journal; nothing was sent.

    The journal may hold the same namespace, order, operation and attempt with another
    body, object or environment. Or `attempt` was raised although the attempt before it
    was not definitely refused. Or another order has done the same operation on the same
    object, or is doing it. Or a person's statement contradicts what is known.
    """


class ClientClosed(AmazonPayError, RuntimeError):
    """The client is closed, or its transport belongs to another process.

    Nothing was sent. Build a new client.
    """


class JournalFailed(AmazonPayError):
    """The journal could not be read or written: locked, full, read-only, gone, corrupt.

    If `outcome_unknown` is false, this call has sent nothing. If it is true, the
    request left before the journal failed and money may have moved; `response` is
    Amazon's answer if one came, and `object_id` the charge or refund that it named.
    In both cases, repair the journal and call again with the same arguments. Before
    that, never make another attempt, and never take the money in another way.
    """

    def __init__(
        self,
        message: str,
        *,
        outcome_unknown: bool = False,
        response: Response[Any] | None = None,
        object_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.outcome_unknown = outcome_unknown
        self.response = response
        self.object_id = object_id


class TransportError(AmazonPayError):
    """No readable answer came.

    `outcome_unknown` covers all attempts of the call. If it is true, the request may
    have been carried out: repeat with the same `idempotency_key`, or GET the object.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        idempotency_key: str | None = None,
        attempts: int = 1,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.idempotency_key = idempotency_key
        self.attempts = attempts
        self.outcome_unknown = outcome_unknown


class ConnectionFailed(TransportError):
    """The last attempt could not connect, so it sent nothing."""


class CertificateRefused(ConnectionFailed):
    """The server's certificate is not trusted; nothing was sent or repeated."""


class TimedOut(TransportError):
    """The answer did not come in time."""


class ConnectionLost(TransportError):
    """The connection broke after the request, or a part of it, was sent."""


class ResponseTooLarge(TransportError):
    """The decoded answer is longer than 4 MiB; it was not read to its end."""


class SigningFailed(TransportError):
    """The signer failed, so this attempt sent nothing; its error is the cause."""


class HeldBack(TransportError):
    """The rate limit allowed no turn before the deadline; the attempt sent nothing."""


class CircuitOpen(TransportError):
    """The circuit breaker is open, so no checkout was started; nothing was sent."""


class TransferFailed(TransportError):
    """A file could not be moved over a pre-signed link, most often an expired one.

    `final` is true if a new link would not help: the link leads to a forbidden host, or
    the file is too large or took too long.
    """

    def __init__(
        self, message: str, *, operation: str = "transfer", final: bool = False
    ) -> None:
        super().__init__(message, operation=operation)
        self.final = final


class ReportUnavailable(AmazonPayError):
    """A report has no document that can be read.

    It failed, was cancelled, or is not ready in time; or its file is no table.
    """

    def __init__(self, message: str, *, processing_status: str) -> None:
        super().__init__(message)
        self.processing_status = processing_status


class InvalidResponse(AmazonPayError):
    """The answer's body is not JSON, or lacks a required member; see `content`.

    A body that is not JSON may come from a gateway, so the outcome of a call that acts
    is then unknown.
    """

    def __init__(self, response: Response[Any], problem: str = "is not JSON") -> None:
        super().__init__(
            f"{response.operation}: the answer ({response.status_code},"
            f" {len(response.content)} bytes) {problem}; see .content"
        )
        self.response = response
        self.content = response.content
        self.operation = response.operation
        self.status_code = response.status_code
        self.request_id = response.request_id
        self.idempotency_key = response.idempotency_key
        self.attempts = response.attempts
        self.outcome_unknown = response.outcome_unknown


class APIError(AmazonPayError):
    """Amazon answered with an error; `response` is that answer.

    `message` is Amazon's text for people. It may repeat values of the request, so keep
    it out of logs. Decide by `status_code` and `reason_code`.
    """

    def __init__(self, response: Response[Any]) -> None:
        reason = response.reason_code
        super().__init__(
            f"{response.operation}: {response.status_code}"
            f"{f' {shown(reason)}' if reason else ''}"
            f" (request id {shown(response.request_id or 'none')},"
            f" attempts {response.attempts})"
        )
        self.response = response
        self.operation = response.operation
        self.status_code = response.status_code
        self.reason_code = reason
        self.message = response.message
        self.request_id = response.request_id
        self.idempotency_key = response.idempotency_key
        self.attempts = response.attempts
        self.outcome_unknown = response.outcome_unknown

    @property
    def retry_with_new_key(self) -> bool:
        """Whether a new call with a new idempotency key is right.

        True only for Create Charge answered `SoftDeclined` or `ProcessingFailure`, if
        no attempt of the call has an unknown outcome. Before the new call, a GET must
        show the charge permission `Chargeable`.
        """
        return (
            self.operation == "create_charge"
            and not self.outcome_unknown
            and self.reason_code in {"SoftDeclined", "ProcessingFailure"}
        )


class OutcomeUnknown(APIError):
    """The call may have been carried out, even if its last answer is an error.

    Never call again with a new key. GET the object, or repeat the call with the
    `idempotency_key` of this error and the same body.
    """


class BadRequest(APIError):
    """The request must change before it can succeed."""


class AmountExceeded(BadRequest):
    """The amount is above what the permission, the charge or its refunds have left."""


class ClockWrong(BadRequest):
    """The system clock is more than 15 minutes wrong, so Amazon refuses each request.

    The client corrects for a clock that is a little fast; this one must be set, best by
    NTP. `lead` is how far it is ahead, negative if it is behind.
    """

    lead: timedelta

    def __init__(self, response: Response[Any]) -> None:
        super().__init__(response)
        self.lead = response.clock_lead or timedelta(0)
        minutes = round(self.lead.total_seconds() / 60)
        way = "ahead of" if minutes > 0 else "behind"
        advice = f"the system clock is {abs(minutes)} minutes {way} Amazon's; set it"
        self.args = (f"{self.args[0]}: {advice}",)


class DuplicateIdempotencyKey(BadRequest):
    """This key was used for another request, which may have acted already."""


class AuthenticationError(APIError):
    """Key, account or authorization token is not accepted."""


class InvalidSignature(AuthenticationError):
    """The signature does not match; `client.explain(error)` says why."""


class NotFound(APIError):
    """No such object for this merchant in this environment."""


class WrongState(APIError):
    """The object's state does not allow the call; GET it and decide."""


class Declined(APIError):
    """The payment was refused."""


class SoftDeclined(Declined):
    """The payment was refused, but may succeed later."""


class HardDeclined(Declined):
    """The payment method was refused; the buyer must choose another."""


class Rejected(Declined):
    """Amazon refused the transaction; the charge permission is closed with it."""


class AuthorizationTimedOut(Declined):
    """The payment was not decided in time; start a new checkout."""


class Throttled(APIError):
    """Too many requests; slow down."""


class ServerError(APIError):
    """Amazon failed to process the request."""


_BY_REASON: dict[str, type[APIError]] = {
    "TransactionAmountExceeded": AmountExceeded,
    "PeriodicAmountExceeded": AmountExceeded,
    "TransactionCountExceeded": AmountExceeded,
    "DuplicateIdempotencyKey": DuplicateIdempotencyKey,
    "InvalidRequestSignature": InvalidSignature,
    "InvalidCheckoutSessionStatus": WrongState,
    "InvalidChargePermissionStatus": WrongState,
    "InvalidChargeStatus": WrongState,
    "ChargePermissionNotModifiable": WrongState,
    "CheckoutSessionCanceled": WrongState,
    "SoftDeclined": SoftDeclined,
    "HardDeclined": HardDeclined,
    "AmazonRejected": Rejected,
    "TransactionTimedOut": AuthorizationTimedOut,
    "MFANotCompleted": Declined,
    "PaymentMethodNotAllowed": Declined,
}

_BY_STATUS: dict[int, type[APIError]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: NotFound,
    422: WrongState,
    429: Throttled,
}

_SERVER_ERROR = 500

LARGEST_CORRECTION = timedelta(minutes=15)
"""The largest clock skew that is corrected; a larger one raises `ClockWrong`."""


def error_for(response: Response[Any]) -> APIError:
    """Return an answer's error, by unknown outcome, clock, reason code, or status."""
    status = response.status_code
    chosen: type[APIError]
    if response.outcome_unknown:
        chosen = OutcomeUnknown
    elif abs(response.clock_lead or timedelta(0)) > LARGEST_CORRECTION:
        chosen = ClockWrong
    elif response.reason_code in _BY_REASON:
        chosen = _BY_REASON[response.reason_code]
    elif status in _BY_STATUS:
        chosen = _BY_STATUS[status]
    else:
        chosen = ServerError if status >= _SERVER_ERROR else BadRequest
    return chosen(response)


_OF_DECISIONS = ("DefiniteNo", "MoneyMoved", "NotProven", "NotYet", "OutcomeError")


def __getattr__(name: str) -> object:
    """Return an error of `decisions`, which users may import from here, too."""
    if name not in _OF_DECISIONS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(".decisions", __package__), name)
