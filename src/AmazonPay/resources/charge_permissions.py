"""The Charge Permission: a buyer's consent to be charged, made by a checkout.

`OneTime` ends with its order; `Recurring` and `PaymentMethodOnFile` (the saved wallet)
last until someone closes them.

Amazon's pages: `amazon-pay-api-v2/charge-permission.html`,
`amazon-pay-paymentmethodonfile/charge-permission.html`,
`amazon-pay-checkout/update-info-post-checkout.html`.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, Required, TypeAlias

from typing_extensions import TypedDict

from .._core.call import Body
from .._core.operation import operation
from ..response import Response
from ._common import (
    Address,
    BuyerDetails,
    ChargePermissionType,
    CurrencyCode,
    MerchantMetadata,
    MerchantMetadataInput,
    PaymentMethodOnFileMetadata,
    PaymentPreference,
    Price,
    RecurringMetadata,
    RecurringMetadataInput,
    ReleaseEnvironment,
    Timestamp,
)
from ._constraints import MaxLen

KnownChargePermissionState: TypeAlias = Literal["Chargeable", "NonChargeable", "Closed"]
ChargePermissionState: TypeAlias = KnownChargePermissionState | str

ChargePermissionReason: TypeAlias = (
    Literal[
        # NonChargeable
        "PaymentMethodInvalid",
        "PaymentMethodDeleted",
        "BillingAddressDeleted",
        "PaymentMethodExpired",
        "PaymentMethodNotAllowed",
        "PaymentMethodNotSet",
        "ChargeInProgress",
        "MFAFailed",
        "TransactionAmountExceeded",
        # Closed
        "MerchantClosed",
        "BuyerClosed",
        "AmazonClosed",
        "AmazonCanceled",
        "Expired",
        # Older names of MerchantClosed and BuyerClosed
        "MerchantCanceled",
        "BuyerCanceled",
    ]
    | str
)
"""Why no charge can be created, for now or for ever."""


class UpdateChargePermission(TypedDict, total=False, closed=True):
    """Changes of a Charge Permission; a member that is left out does not change.

    In the EU and UK, another price or frequency needs a new checkout instead.
    """

    merchantMetadata: MerchantMetadataInput
    recurringMetadata: RecurringMetadataInput


class CloseChargePermission(TypedDict, total=False, closed=True):
    """Why a Charge Permission is closed, and whether open charges are canceled."""

    closureReason: Required[Annotated[str, MaxLen(255)]]
    cancelPendingCharges: bool
    """Whether open authorizations are canceled with it; false by default."""


class ReasonDetails(TypedDict):
    """One reason of a Charge Permission's state."""

    reasonCode: ChargePermissionReason
    reasonDescription: str | None


class ChargePermissionStatusDetails(TypedDict):
    """The permission's state; its reasons are a list, null when `Chargeable`."""

    state: ChargePermissionState
    reasons: list[ReasonDetails] | None
    lastUpdatedTimestamp: Timestamp


class Limits(TypedDict):
    """How much may be charged; per month for a saved wallet or subscription."""

    amountLimit: Price | None
    """The order's amount, or the month's."""
    amountBalance: Price | None
    """What is left: captures lower it; that open authorizations do not, is unconfirmed.

    A refund does not give it back.
    """


class ChargePermission(TypedDict):
    """A buyer's consent to be charged.

    Buyer and addresses become null 30 days after creation (`OneTime`) or closing (the
    others); ids, state, limits and metadata remain.
    """

    chargePermissionId: str
    """`S01-0000000-0000000`: S or P for sandbox or live, C or B for other types."""
    chargePermissionReferenceId: str | None
    platformId: str | None
    buyer: BuyerDetails | None
    shippingAddress: Address | None
    """Null for product type `PayOnly`."""
    billingAddress: Address | None
    """Null unless EU or UK, its scope was requested, or `PayOnly`."""
    paymentPreferences: list[PaymentPreference | None] | None
    statusDetails: ChargePermissionStatusDetails
    creationTimestamp: Timestamp
    expirationTimestamp: Timestamp | None
    """180 days, or 13 months, after creation; null for some."""
    merchantMetadata: MerchantMetadata
    releaseEnvironment: ReleaseEnvironment
    limits: Limits
    chargePermissionType: ChargePermissionType
    recurringMetadata: RecurringMetadata | None
    presentmentCurrency: CurrencyCode
    """The currency of every charge, capture and refund."""
    paymentMethodOnFileMetadata: NotRequired[PaymentMethodOnFileMetadata | None]
    """For `PaymentMethodOnFile` only."""
    amazonPayToken: NotRequired[str | None]
    """For payment service providers that process the card themselves."""


class ChargePermissions:
    """The operations on Charge Permissions."""

    @operation(
        "GET",
        "/chargePermissions/{charge_permission_id}",
        repeat="read",
        answers=(200,),
        page="amazon-pay-api-v2/charge-permission.html",
    )
    def get_charge_permission(
        self, charge_permission_id: str
    ) -> Response[ChargePermission]:
        """Get a Charge Permission: its state, what is left, the buyer; nothing changes.

        Errors: 404 `ResourceNotFound`.
        """
        ...

    @operation(
        "PATCH",
        "/chargePermissions/{charge_permission_id}",
        repeat="state",
        answers=(200,),
        page="amazon-pay-api-v2/charge-permission.html",
    )
    def update_charge_permission(
        self, charge_permission_id: str, body: UpdateChargePermission | Body
    ) -> Response[ChargePermission]:
        """Update a Charge Permission's metadata; no money moves, no state changes.

        If it is `Closed`, only empty members can be set, and only for `OneTime`.

        Errors: 404 `ResourceNotFound`; 422 `ChargePermissionNotModifiable` when
        closed (that it is this code and not `InvalidChargePermissionStatus` is
        unconfirmed).
        """
        ...

    @operation(
        "DELETE",
        "/chargePermissions/{charge_permission_id}/close",
        repeat="state",
        answers=(200,),
        page="amazon-pay-api-v2/charge-permission.html",
    )
    def close_charge_permission(
        self,
        charge_permission_id: str,
        body: CloseChargePermission | Body | None = None,
    ) -> Response[ChargePermission]:
        """Close a Charge Permission for ever; it becomes `Closed` (`MerchantClosed`).

        No further charge can be created. With `cancelPendingCharges` open
        authorizations are canceled and the held amounts released; without it they
        remain and can be captured (unconfirmed). Captured money is not affected.
        Without a body `{}` is sent, which Amazon may refuse because `closureReason` is
        missing. A 422 after a lost answer proves nothing: get the permission.

        Errors: 400 `MissingParameterValue` (unconfirmed); 404 `ResourceNotFound`; 422
        `InvalidChargePermissionStatus` when already closed.
        """
        ...
