"""The Charge Permission: a buyer's consent to be charged, made by a checkout.

`OneTime` ends with its order, `Recurring` and `PaymentMethodOnFile` (the saved wallet)
stand until someone closes them.

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

ChargePermissionState: TypeAlias = (
    Literal["Chargeable", "NonChargeable", "Closed"] | str
)

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
        # Older spellings of the same
        "MerchantCanceled",
        "BuyerCanceled",
    ]
    | str
)
"""Why no charge can be created, now or ever again."""


class UpdateChargePermission(TypedDict, total=False, closed=True):
    """What to change in a Charge Permission; what is left out stays as it is.

    In the EU and UK another price or rhythm needs a new checkout in place of this.
    """

    merchantMetadata: MerchantMetadataInput
    recurringMetadata: RecurringMetadataInput


class CloseChargePermission(TypedDict, total=False, closed=True):
    """Why a Charge Permission is closed, and what becomes of open charges."""

    closureReason: Required[Annotated[str, MaxLen(255)]]
    cancelPendingCharges: bool
    """Whether open authorizations are canceled with it; false by default."""


class ReasonDetails(TypedDict):
    """One reason of a Charge Permission's state."""

    reasonCode: ChargePermissionReason
    reasonDescription: str | None


class ChargePermissionStatusDetails(TypedDict):
    """The permission's state; here the reasons are a list, null when `Chargeable`."""

    state: ChargePermissionState
    reasons: list[ReasonDetails] | None
    lastUpdatedTimestamp: Timestamp


class Limits(TypedDict):
    """How much may be charged; for a saved wallet or subscription, in each month."""

    amountLimit: Price | None
    """The order's amount, or the month's."""
    amountBalance: Price | None
    """What is left: captures lower it; that open authorizations do not, is unconfirmed.

    A refund does not give it back.
    """


class ChargePermission(TypedDict):
    """A buyer's consent to be charged.

    Buyer and addresses turn null 30 days after creation (`OneTime`) or closing (the
    others); ids, state, limits and metadata stay.
    """

    chargePermissionId: str
    """`S01-0000000-0000000`: S or P for sandbox or live, C or B for other types."""
    chargePermissionReferenceId: str | None
    platformId: str | None
    buyer: BuyerDetails | None
    shippingAddress: Address | None
    """Null for product type `PayOnly`."""
    billingAddress: Address | None
    """Null unless EU or UK, its scope was asked for, or `PayOnly`."""
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
    """What every charge, capture and refund must be in."""
    paymentMethodOnFileMetadata: NotRequired[PaymentMethodOnFileMetadata | None]
    """For `PaymentMethodOnFile` only."""
    amazonPayToken: NotRequired[str | None]
    """For payment service providers that run the card themselves."""


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
        """Get a Charge Permission: its state, what is left, the buyer; reads only.

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

        A `Closed` one takes members that are still empty, and only if it is `OneTime`.

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
        """Close a Charge Permission for good; it turns `Closed` (`MerchantClosed`).

        No further charge can be created. With `cancelPendingCharges` open
        authorizations are canceled and the held amounts freed; without it they live on
        and can be captured (unconfirmed). Captured money is not touched. Without a
        body `{}` is sent, which Amazon may refuse for want of `closureReason`. A 422
        after a lost answer proves nothing: get the permission.

        Errors: 400 `MissingParameterValue` (unconfirmed); 404 `ResourceNotFound`; 422
        `InvalidChargePermissionStatus` when already closed.
        """
        ...
