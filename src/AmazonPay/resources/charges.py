"""The Charge: one payment, an authorization that may be captured once.

An authorization holds an amount for 30 days; the capture takes it.

Amazon's pages: `amazon-pay-api-v2/charge.html`,
`amazon-pay-paymentmethodonfile/charge.html`,
`amazon-pay-checkout/deferred-transactions.html`,
`amazon-pay-checkout/asynchronous-processing.html`.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, Required, TypeAlias

from typing_extensions import TypedDict

from .._core.call import Body
from .._core.operation import operation
from ..response import Response
from ._common import (
    Id,
    MerchantMetadata,
    MerchantMetadataInput,
    Price,
    PriceInput,
    ProviderMetadata,
    ProviderMetadataInput,
    ReleaseEnvironment,
    SoftDescriptor,
    Timestamp,
    Url,
)
from ._constraints import MaxLen

# --- Values -----------------------------------------------------------------------

KnownChargeState: TypeAlias = Literal[
    "AuthorizationInitiated",
    "Authorized",
    "CaptureInitiated",
    "Captured",
    "Canceled",
    "Declined",
]
ChargeState: TypeAlias = KnownChargeState | str

KnownChargeReason: TypeAlias = Literal[
    # Canceled
    "ExpiredUnused",
    "AmazonCanceled",
    "MerchantCanceled",
    "ChargePermissionCanceled",
    "BuyerCanceled",
    # Declined
    "SoftDeclined",
    "HardDeclined",
    "AmazonRejected",
    "ProcessingFailure",
    "TransactionTimedOut",
]
ChargeReason: TypeAlias = KnownChargeReason | str
"""Why a charge was canceled or declined."""

ChargeInitiator: TypeAlias = Literal["CITU", "MITU", "CITR", "MITR"]
"""Customer- or merchant-initiated transaction, unscheduled or recurring."""

Channel: TypeAlias = Literal[
    "Web", "Phone", "App", "Alexa", "PointOfSale", "FireTv", "Offline", "Amazon"
]


# --- Requests ---------------------------------------------------------------------


class CreateChargeWebCheckoutDetails(TypedDict, total=False, closed=True):
    """Where the buyer returns to, if a saved wallet's charge needs the buyer."""

    checkoutResultReturnUrl: Url


class CreateCharge(TypedDict, total=False, closed=True):
    """A new charge on a `Chargeable` permission.

    The amount is above zero, within the permission's balance, in its presentment
    currency, and at most 150,000 USD, GBP or EUR, or 10,000,000 JPY.
    """

    chargePermissionId: Required[Id]
    chargeAmount: Required[PriceInput]
    captureNow: bool
    """Whether to take the money at once; false, the default, only holds it."""
    softDescriptor: SoftDescriptor
    """At most 16 characters, and only with `captureNow`."""
    canHandlePendingAuthorization: bool
    """Whether the merchant can wait up to 24 hours for the answer; false by default.

    Leave it out with `captureNow`: whether Amazon refuses both is unconfirmed.
    """
    chargeInitiator: ChargeInitiator
    """For `Recurring` and `PaymentMethodOnFile`."""
    channel: Channel
    merchantMetadata: MerchantMetadataInput
    """For `Recurring` and `PaymentMethodOnFile`, where each charge is an order."""
    providerMetadata: ProviderMetadataInput
    platformId: str
    """A solution provider's merchant id."""
    webCheckoutDetails: CreateChargeWebCheckoutDetails


class CaptureCharge(TypedDict, total=False, closed=True):
    """How much of an authorized charge to capture."""

    captureAmount: Required[PriceInput]
    """At most the charge's amount; less is possible, but only one capture."""
    softDescriptor: SoftDescriptor
    """At most 16 characters."""


class CancelCharge(TypedDict, total=False, closed=True):
    """Why a charge is canceled.

    That the reason may be left out, and holds 255 characters, is unconfirmed.
    """

    cancellationReason: Annotated[str, MaxLen(255)]


class UpdateChargeStatusDetails(TypedDict, total=False, closed=True):
    """The result of a card transaction that the payment processor made itself.

    Only `Canceled` with `ExpiredUnused` is documented; that Amazon accepts the other
    states and reasons of a charge is unconfirmed.
    """

    state: Required[KnownChargeState]
    reasonCode: Required[KnownChargeReason]
    reasonDescription: str


class UpdateCharge(TypedDict, closed=True):
    """The result of a charge, as a payment processor reports it to Amazon."""

    statusDetails: UpdateChargeStatusDetails


# --- The answer -------------------------------------------------------------------


class ChargeStatusDetails(TypedDict):
    """The charge's state; the reason is null unless `Canceled` or `Declined`."""

    state: ChargeState
    reasonCode: ChargeReason | None
    reasonDescription: str | None
    lastUpdatedTimestamp: Timestamp


class ChargeWebCheckoutDetails(TypedDict):
    """Where the buyer goes, and returns to, for a charge that needs the buyer.

    Both members are unconfirmed, so they may be missing.
    """

    checkoutResultReturnUrl: NotRequired[str | None]
    amazonPayRedirectUrl: NotRequired[str | None]


class Charge(TypedDict):
    """One payment of a Charge Permission: its amounts, its state and its times."""

    chargeId: str
    """`S01-0000000-0000000-C000000`."""
    chargeAmount: Price
    """The amount requested, which is held while `Authorized`."""
    chargePermissionId: str
    captureAmount: Price | None
    """Null until captured."""
    refundedAmount: Price | None
    """Null until captured; then the sum of refunds, which is updated late."""
    softDescriptor: str | None
    """With its prefix, `AMZ*…`."""
    providerMetadata: ProviderMetadata | None
    convertedAmount: Price | None
    """`chargeAmount` in the ledger's currency; null without conversion."""
    conversionRate: str | int | float | None
    """Null without conversion."""
    channel: Channel | str | None
    chargeInitiator: ChargeInitiator | str | None
    statusDetails: ChargeStatusDetails
    creationTimestamp: Timestamp
    expirationTimestamp: Timestamp | None
    """30 days after creation, when an uncaptured charge is canceled; the sandbox
    cancels it after 2, and still says 30 here."""
    releaseEnvironment: ReleaseEnvironment
    merchantMetadata: MerchantMetadata | None
    platformId: str | None
    webCheckoutDetails: ChargeWebCheckoutDetails | None
    # In newer answers, of unconfirmed shape.
    disbursementDetails: NotRequired[object]
    paymentMethod: NotRequired[object]


# --- Operations -------------------------------------------------------------------


class Charges:
    """The operations on Charges."""

    @operation(
        "POST",
        "/charges",
        repeat="key",
        answers=(201,),
        page="amazon-pay-api-v2/charge.html",
    )
    def create_charge(
        self, body: CreateCharge | Body, *, idempotency_key: str | None = None
    ) -> Response[Charge]:
        """Create a Charge on a Charge Permission: hold an amount, or take it at once.

        Without `captureNow` the amount is held for 30 days (`Authorized`). With it the
        buyer pays now (`Captured`, sometimes `CaptureInitiated` or `Authorized` first).
        With `canHandlePendingAuthorization` the charge may stay
        `AuthorizationInitiated` for up to 24 hours. After a decline the call fails, and
        there is no charge. After a lost answer, repeat with the same key, never with a
        new one.

        Errors: 400 `TransactionAmountExceeded`, `PeriodicAmountExceeded`,
        `CurrencyMismatch`; 404 `ResourceNotFound`; 422 `SoftDeclined`, `HardDeclined`,
        `AmazonRejected` (the permission is closed with it), `TransactionTimedOut`,
        `MFANotCompleted`, `PaymentMethodNotAllowed`, `InvalidChargePermissionStatus`,
        `TransactionCountExceeded` (25 on a `OneTime`); 500 `ProcessingFailure`.
        """
        ...

    @operation(
        "GET",
        "/charges/{charge_id}",
        repeat="read",
        answers=(200,),
        page="amazon-pay-api-v2/charge.html",
    )
    def get_charge(self, charge_id: str) -> Response[Charge]:
        """Get a Charge: its state, what was captured and refunded; nothing changes.

        Errors: 404 `ResourceNotFound`.
        """
        ...

    @operation(
        "PATCH",
        "/charges/{charge_id}",
        repeat="state",
        answers=(200,),
        page="amazon-pay-api-v2/charge.html",
    )
    def update_charge(
        self, charge_id: str, body: UpdateCharge | Body
    ) -> Response[Charge]:
        """Update a Charge whose card transaction the payment processor makes itself.

        The charge gets the reported state; no money moves. For payment service
        providers and acquirers only.

        Errors: 404 `ResourceNotFound`; what an ordinary merchant gets is unconfirmed,
        401 `UnauthorizedAccess` or 405 `UnsupportedOperation`.
        """
        ...

    @operation(
        "POST",
        "/charges/{charge_id}/capture",
        repeat="key",
        answers=(200,),
        page="amazon-pay-api-v2/charge.html",
    )
    def capture_charge(
        self,
        charge_id: str,
        body: CaptureCharge | Body,
        *,
        idempotency_key: str | None = None,
    ) -> Response[Charge]:
        """Capture an `Authorized` Charge: the buyer pays, once, all or a part of it.

        Within 7 days of the authorization the charge is `Captured` at once, after that
        `CaptureInitiated`, and later `Captured` or `Declined`; after 30 days it has
        expired. After a lost answer, repeat with the same key, then get the charge.
        The answer is 200, also while the capture is pending.

        Errors: 400 `TransactionAmountExceeded`, `CurrencyMismatch`; 404
        `ResourceNotFound`; 422 `InvalidChargeStatus`, `InvalidChargePermissionStatus`,
        `TransactionCountExceeded`, `AmazonRejected`; 500 `ProcessingFailure`, which
        leaves the outcome unknown.
        """
        ...

    @operation(
        "DELETE",
        "/charges/{charge_id}/cancel",
        repeat="state",
        answers=(200,),
        page="amazon-pay-api-v2/charge.html",
    )
    def cancel_charge(
        self, charge_id: str, body: CancelCharge | Body | None = None
    ) -> Response[Charge]:
        """Cancel a Charge that is not captured; the held amount is released.

        It changes from `AuthorizationInitiated` or `Authorized` to `Canceled`
        (`MerchantCanceled`), and the permission is `Chargeable` again unless closed.
        Without a body `{}` is sent. A 422 after a lost answer proves nothing: get the
        charge.

        Errors: 404 `ResourceNotFound`; 422 `InvalidChargeStatus` once a capture has
        begun, `InvalidChargePermissionStatus`.
        """
        ...
