"""Payments in a shop: scan the buyer's code, charge, refund.

Amazon's guide to these calls is not public; members come from the official SDKs. The
reference ids do what idempotency keys do elsewhere. General rules:
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
    """What Amazon's messages call the shop and the order."""

    merchantStoreName: str
    merchantOrderId: str


class InStoreMetadata(TypedDict, total=False, closed=True):
    """What the merchant says of an in-store payment."""

    merchantNote: str
    customInformation: str
    communicationContext: CommunicationContext


class StoreLocation(TypedDict, total=False, closed=True):
    """Where the shop is."""

    countryCode: CountryCode


class InstoreMerchantScan(TypedDict, total=False, closed=True):
    """A buyer's code, as scanned."""

    scanData: Required[Id]
    scanReferenceId: Required[Id]
    """The merchant's own, and unique."""
    merchantCOE: Required[CountryCode]
    """The merchant's country of establishment."""
    ledgerCurrency: Required[LedgerCurrency]
    chargeTotal: PriceInput
    storeLocation: StoreLocation
    metadata: InStoreMetadata


class InstoreCharge(TypedDict, total=False, closed=True):
    """What to charge after a scan."""

    chargePermissionId: Required[Id]
    chargeReferenceId: Required[Id]
    """The merchant's own, and unique."""
    chargeTotal: Required[PriceInput]
    softDescriptor: SoftDescriptor
    """At most 16 characters; that this holds in shops too is unconfirmed."""
    metadata: InStoreMetadata


class InstoreRefund(TypedDict, total=False, closed=True):
    """What to give back of an in-store charge."""

    chargeId: Required[Id]
    refundReferenceId: Required[Id]
    """The merchant's own, and unique."""
    refundTotal: Required[PriceInput]
    softDescriptor: SoftDescriptor
    """At most 16 characters; that this holds in shops too is unconfirmed."""
    metadata: InStoreMetadata


class InstoreMerchantScanResult(TypedDict):
    """The permission that a scan gave."""

    chargePermissionId: str


class InstoreStatus(TypedDict):
    """The state of an in-store charge or refund; reasons are unconfirmed."""

    state: InStoreState


class InstoreChargeResult(TypedDict):
    """An in-store charge."""

    chargeId: str
    chargeStatus: InstoreStatus


class InstoreRefundResult(TypedDict):
    """An in-store refund."""

    refundId: str
    refundStatus: InstoreStatus


class InStore:
    """The operations of a shop's till; none of them can be asked about afterwards."""

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
        """Scan a buyer's code and get the Charge Permission it stands for.

        No money moves. After a lost answer, repeat with the same `scanReferenceId`:
        «already used» then means that the first call may have worked.
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

        After a lost answer, repeat with the same `chargeReferenceId`: «already used»
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
        `refundReferenceId`: «already used» then means that the first call may have
        worked.
        Whether the answer is 200 or 201 is unconfirmed.

        Errors: the general ones, such as 400 `InvalidParameterValue` and 404
        `ResourceNotFound`; others are unconfirmed.
        """
        ...
