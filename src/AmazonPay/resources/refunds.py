"""The Refund: money of a captured Charge given back.

Amazon's pages: `amazon-pay-api-v2/refund.html`,
`amazon-pay-checkout/manage-refunds.html`.
"""

from __future__ import annotations

from typing import Literal, NotRequired, Required, TypeAlias

from typing_extensions import TypedDict

from .._core.call import Body
from .._core.operation import operation
from ..response import Response
from ._common import (
    Id,
    Price,
    PriceInput,
    ReleaseEnvironment,
    SoftDescriptor,
    Timestamp,
)

KnownRefundState: TypeAlias = Literal["RefundInitiated", "Refunded", "Declined"]
RefundState: TypeAlias = KnownRefundState | str

RefundReason: TypeAlias = Literal["AmazonRejected", "ProcessingFailure"] | str
"""Why a refund was declined: by Amazon, or because the buyer has the money already."""


class CreateRefund(TypedDict, total=False, closed=True):
    """A refund of a captured charge.

    All refunds of a charge together may exceed the captured amount by 15 %, or by 75
    USD, GBP or EUR (8,400 JPY) if that is less. So Amazon does not prevent a small
    second refund. One refund is at most 150,000 USD, GBP or EUR, or 10,000,000 JPY.
    """

    chargeId: Required[Id]
    refundAmount: Required[PriceInput]
    """In the charge's currency."""
    softDescriptor: SoftDescriptor
    """At most 16 characters."""


class RefundStatusDetails(TypedDict):
    """The refund's state; the reason is null unless `Declined`."""

    state: RefundState
    reasonCode: RefundReason | None
    reasonDescription: str | None
    lastUpdatedTimestamp: Timestamp


class Refund(TypedDict):
    """Money given back to a buyer, or on its way."""

    refundId: str
    """`S01-0000000-0000000-R000000`; store it, because it cannot be looked up."""
    chargeId: str
    creationTimestamp: Timestamp
    refundAmount: Price
    statusDetails: RefundStatusDetails
    softDescriptor: str | None
    """With its prefix, `AMZ*…`."""
    releaseEnvironment: ReleaseEnvironment
    disbursementDetails: NotRequired[object]
    """In newer answers, of unconfirmed shape."""


class Refunds:
    """The operations on Refunds."""

    @operation(
        "POST",
        "/refunds",
        repeat="key",
        answers=(201,),
        page="amazon-pay-api-v2/refund.html",
    )
    def create_refund(
        self, body: CreateRefund | Body, *, idempotency_key: str | None = None
    ) -> Response[Refund]:
        """Refund a `Captured` Charge, all or a part of it: money goes to the buyer.

        It starts `RefundInitiated` and ends `Refunded` or `Declined` later. The
        permission's balance does not change. After a lost answer, repeat with the
        same key: with a new one the buyer may be paid twice.

        Errors: 400 `TransactionAmountExceeded`, `CurrencyMismatch`; 404
        `ResourceNotFound`; 422 `InvalidChargeStatus` when not captured,
        `TransactionCountExceeded`, `AmazonRejected`; 500 `ProcessingFailure`, which
        leaves the outcome unknown.
        """
        ...

    @operation(
        "GET",
        "/refunds/{refund_id}",
        repeat="read",
        answers=(200,),
        page="amazon-pay-api-v2/refund.html",
    )
    def get_refund(self, refund_id: str) -> Response[Refund]:
        """Get a Refund: its amount and state; nothing changes.

        Errors: 404 `ResourceNotFound`.
        """
        ...
