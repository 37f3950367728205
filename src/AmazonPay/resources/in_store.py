"""Payments in a shop: scan the buyer's code, charge, refund.

Amazon's guide to these calls is not public; members come from the official SDKs. The
reference ids have the role of idempotency keys. General rules:
`amazon-pay-api-v2/introduction.html`.
"""

from __future__ import annotations

from typing import Literal, Required, TypeAlias

from typing_extensions import TypedDict

from .._core.call import Body
from .._core.operation import operation
from ..response import Response
from ._common import CountryCode, Id, LedgerCurrency, PriceInput, SoftDescriptor

InStoreState: TypeAlias = Literal["Completed", "Pending", "Declined"] | str
"""`Declined` is unconfirmed."""


class CommunicationContext(TypedDict, total=False, closed=True):
    """How Amazon names the shop and the order in its messages to the buyer."""

    merchantStoreName: str
    merchantOrderId: str


class InStoreMetadata(TypedDict, total=False, closed=True):
    """The merchant's metadata of an in-store payment."""

    merchantNote: str
    customInformation: str
    communicationContext: CommunicationContext


class StoreLocation(TypedDict, total=False, closed=True):
    """The country of the shop in which the buyer pays."""

    countryCode: CountryCode


class InstoreMerchantScan(TypedDict, total=False, closed=True):
    """A request with the code that the merchant has scanned from the buyer's phone."""

    scanData: Required[Id]
    scanReferenceId: Required[Id]
    """An id of your own, new for each request; it is in place of an idempotency key."""
    merchantCOE: Required[CountryCode]
    """The merchant's country of establishment."""
    ledgerCurrency: Required[LedgerCurrency]
    chargeTotal: PriceInput
    storeLocation: StoreLocation
    metadata: InStoreMetadata


class InstoreCharge(TypedDict, total=False, closed=True):
    """A request to charge the permission that a scan has created."""

    chargePermissionId: Required[Id]
    chargeReferenceId: Required[Id]
    """An id of your own, new for each request; it is in place of an idempotency key."""
    chargeTotal: Required[PriceInput]
    softDescriptor: SoftDescriptor
    """At most 16 characters; that this applies in shops, too, is unconfirmed."""
    metadata: InStoreMetadata


class InstoreRefund(TypedDict, total=False, closed=True):
    """A request to refund an in-store charge, or a part of it."""

    chargeId: Required[Id]
    refundReferenceId: Required[Id]
    """An id of your own, new for each request; it is in place of an idempotency key."""
    refundTotal: Required[PriceInput]
    softDescriptor: SoftDescriptor
    """At most 16 characters; that this applies in shops, too, is unconfirmed."""
    metadata: InStoreMetadata


class InstoreMerchantScanResult(TypedDict):
    """The id of the permission that a scan has created."""

    chargePermissionId: str


class InstoreStatus(TypedDict):
    """The state of an in-store charge or refund; reasons are unconfirmed."""

    state: InStoreState


class InstoreChargeResult(TypedDict):
    """The id and the state of an in-store charge, which no GET returns later."""

    chargeId: str
    chargeStatus: InstoreStatus


class InstoreRefundResult(TypedDict):
    """The id and the state of an in-store refund, which no GET returns later."""

    refundId: str
    refundStatus: InstoreStatus


class InStore:
    """The in-store operations; their results cannot be read later."""

    @operation(
        "POST",
        "/in-store/merchantScan",
        repeat="reference",
        answers=(
            200,
            201,
        ),
        page="amazon-pay-api-v2/introduction.html",
    )
    def instore_merchant_scan(
        self, body: InstoreMerchantScan | Body, *, idempotency_key: str | None = None
    ) -> Response[InstoreMerchantScanResult]:
        """Send the code that was scanned at a buyer, and get the Charge Permission.

        No money moves. If the answer is lost, repeat the call with the same
        `scanReferenceId`. If Amazon then says that it was already used, the first call
        may have worked.
        Whether the answer is 200 or 201 is unconfirmed.

        Errors: the general ones, such as 400 `InvalidParameterValue`; others are
        unconfirmed.
        """
        ...

    @operation(
        "POST",
        "/in-store/charge",
        repeat="reference",
        answers=(
            200,
            201,
        ),
        page="amazon-pay-api-v2/introduction.html",
    )
    def instore_charge(
        self, body: InstoreCharge | Body, *, idempotency_key: str | None = None
    ) -> Response[InstoreChargeResult]:
        """Charge the buyer whose code was scanned: the buyer pays now.

        After a lost answer, repeat with the same `chargeReferenceId`: "already used"
        then means that the first call may have worked.
        Whether the answer is 200 or 201 is unconfirmed.

        Errors: the general ones, such as 400 `InvalidParameterValue` and 404
        `ResourceNotFound`; others are unconfirmed.
        """
        ...

    @operation(
        "POST",
        "/in-store/refund",
        repeat="reference",
        answers=(
            200,
            201,
        ),
        page="amazon-pay-api-v2/introduction.html",
    )
    def instore_refund(
        self, body: InstoreRefund | Body, *, idempotency_key: str | None = None
    ) -> Response[InstoreRefundResult]:
        """Refund an in-store charge: money goes back to the buyer.

        It starts `Pending`. After a lost answer, repeat with the same
        `refundReferenceId`: "already used" then means that the first call may have
        worked.
        Whether the answer is 200 or 201 is unconfirmed.

        Errors: the general ones, such as 400 `InvalidParameterValue` and 404
        `ResourceNotFound`; others are unconfirmed.
        """
        ...
