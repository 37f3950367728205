"""The Checkout Session: one buyer's checkout, from the button to a Charge Permission.

It is `Open` for at most 24 hours, ends `Completed` or `Canceled`, and is deleted after
30 days. Amazon makes most sessions itself, from the payload of the button.

Amazon's pages: `amazon-pay-api-v2/checkout-session.html`,
`amazon-pay-checkout/set-payment-info.html`,
`amazon-pay-checkout/address-formatting-and-validation.html`,
`amazon-pay-checkout/address-restriction-samples.html`,
`amazon-pay-checkout/verify-and-complete-checkout.html`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, Required, TypeAlias

from typing_extensions import TypedDict

from .._core.call import Body
from .._core.operation import operation
from ..response import Response
from ._common import (
    Address,
    BuyerDetails,
    ChargePermissionType,
    CountryCode,
    CurrencyCode,
    Id,
    KnownChargePermissionType,
    MerchantMetadata,
    MerchantMetadataInput,
    PaymentMethodOnFileMetadata,
    PaymentMethodOnFileMetadataInput,
    PaymentPreference,
    PresentmentCurrency,
    Price,
    PriceInput,
    ProviderMetadata,
    ProviderMetadataInput,
    RecurringMetadata,
    RecurringMetadataInput,
    ReleaseEnvironment,
    SoftDescriptor,
    Timestamp,
    Url,
)
from ._constraints import MaxLen

# --- Values -----------------------------------------------------------------------

PaymentIntent: TypeAlias = Literal["Confirm", "Authorize", "AuthorizeWithCapture"]
"""No charge; an amount held, to capture later; an amount taken."""

Scope: TypeAlias = Literal[
    "name",
    "email",
    "phoneNumber",
    "billingAddress",
    "postalCode",
    "shippingAddress",
    "primeStatus",
]

ProductType: TypeAlias = Literal["PayAndShip", "PayOnly", "PayAndShipMultiAddress"]

CheckoutSessionState: TypeAlias = Literal["Open", "Completed", "Canceled"] | str

CheckoutSessionReason: TypeAlias = (
    Literal["BuyerCanceled", "Expired", "AmazonCanceled", "Declined"] | str
)
"""Why a session was canceled; `Declined` stands for any decline of the payment."""

ConstraintId: TypeAlias = (
    Literal[
        "BuyerNotAssociated",
        "ChargeAmountNotSet",
        "CheckoutResultReturnUrlNotSet",
        "PaymentIntentNotSet",
        "RecurringFrequencyNotSet",
    ]
    | str
)


# --- Where the buyer comes from and goes to ---------------------------------------


class CreateWebCheckoutDetails(TypedDict, total=False, closed=True):
    """Where the buyer's browser goes.

    By Amazon's rule `checkoutReviewReturnUrl` is, unless `checkoutMode` is
    `ProcessOrder`. Each URL holds at most 512 characters; for `checkoutCancelUrl` that
    is unconfirmed. Sandbox takes `http://localhost` too.
    """

    checkoutReviewReturnUrl: Url
    """Where the buyer returns after choosing address and payment instrument."""
    checkoutResultReturnUrl: Url
    """Where the buyer returns after paying; needed before the redirect."""
    checkoutCancelUrl: Url
    """Where the buyer goes who cancels on a page of Amazon's."""
    checkoutMode: Literal["ProcessOrder"]
    """Pay at once, without a review page.

    It belongs in the button's payload: the call itself refused it with
    `UnrecognizedField` in 2020; whether it still does is unconfirmed.
    """


class UpdateWebCheckoutDetails(TypedDict, total=False, closed=True):
    """Where the buyer's browser goes; what is left out stays as it is."""

    checkoutReviewReturnUrl: Url
    checkoutResultReturnUrl: Url
    checkoutCancelUrl: Url


class WebCheckoutDetails(TypedDict):
    """Where the buyer's browser goes, as the session has it."""

    checkoutReviewReturnUrl: str | None
    checkoutResultReturnUrl: str | None
    amazonPayRedirectUrl: str | None
    """Where to send the buyer to pay; null until `constraints` is empty."""
    checkoutCancelUrl: str | None
    checkoutMode: NotRequired[str | None]


# --- What is to be paid -----------------------------------------------------------


class _PaymentDetailsInput(TypedDict, total=False):
    """What the creation and the update of a session share."""

    paymentIntent: PaymentIntent
    canHandlePendingAuthorization: bool
    """Whether the merchant can wait up to 24 hours for the answer; false by default."""
    chargeAmount: PriceInput
    """What `paymentIntent` takes, or holds, at the end of this checkout."""
    totalOrderAmount: PriceInput
    """The whole order, when more is to be charged later."""
    softDescriptor: SoftDescriptor


class CreatePaymentDetails(_PaymentDetailsInput, total=False, closed=True):
    """What is to be paid, and how.

    `canHandlePendingAuthorization` must not be true with `AuthorizeWithCapture`.
    `softDescriptor` (16 characters) goes with `AuthorizeWithCapture` only.
    """

    presentmentCurrency: PresentmentCurrency
    """What the buyer pays in; EU and UK only, and never in an update."""
    allowOvercharge: bool
    """Whether more than the order may be charged; by invitation, only at creation."""
    extendExpiration: bool
    """13 months for the permission in place of 180 days; only at creation."""


class UpdatePaymentDetails(_PaymentDetailsInput, total=False, closed=True):
    """What is to be paid, and how; what is left out stays as it is.

    Another `chargeAmount.currencyCode` changes the presentment currency with it;
    `presentmentCurrency` itself, `allowOvercharge` and `extendExpiration` are for
    creation only.
    """


class PaymentDetails(TypedDict):
    """What is to be paid, as the session has it; a member that was not set is null."""

    paymentIntent: PaymentIntent | str | None
    canHandlePendingAuthorization: bool | None
    chargeAmount: Price | None
    totalOrderAmount: Price | None
    softDescriptor: str | None
    presentmentCurrency: CurrencyCode | None
    allowOvercharge: bool | None
    extendExpiration: bool | None
    estimateOrderTotal: NotRequired[Price | None]
    """Known from one official type only (unconfirmed), hence in no request."""


# --- Where the order may go -------------------------------------------------------


class Restriction(TypedDict, total=False, closed=True):
    """Parts of a country; an empty object is the whole of it.

    Outside the US spellings matter: give a region's code and its name.
    """

    statesOrRegions: list[str]
    zipCodes: list[str]


class AddressRestrictions(TypedDict, closed=True):
    """Which addresses the buyer may choose.

    That both members are mandatory is unconfirmed.
    """

    type: Literal["Allowed", "NotAllowed"]
    """Whether a match makes an address the only usable, or an unusable one."""
    restrictions: dict[CountryCode, Restriction]
    """Keyed by country, ISO 3166-1 alpha-2."""


class DeliverySpecifications(TypedDict, total=False, closed=True):
    """Where the order may be delivered; the answer echoes it.

    An unknown special restriction is refused in sandbox and ignored in live.
    """

    specialRestrictions: list[Literal["RestrictPOBoxes", "RestrictPackstations"]]
    addressRestrictions: AddressRestrictions


class AddressDetails(TypedDict, total=False, closed=True):
    """Where the order goes, known before the button is pressed.

    For `ProcessOrder` with `PayAndShip`. Beyond the members that every region asks
    for, US addresses need `city` and `stateOrRegion`, EU ones `city`, JP ones
    `stateOrRegion`; UK, GB, SG, AE and MX refuse `stateOrRegion`.
    """

    name: Required[Annotated[str, MaxLen(50)]]
    addressLine1: Required[Annotated[str, MaxLen(180)]]
    addressLine2: Annotated[str, MaxLen(60)]
    addressLine3: Annotated[str, MaxLen(60)]
    city: Annotated[str, MaxLen(50)]
    districtOrCounty: Annotated[str, MaxLen(50)]
    """In place of the `district` and `county` of answers."""
    stateOrRegion: Annotated[str, MaxLen(50)]
    postalCode: Required[Annotated[str, MaxLen(20)]]
    countryCode: Required[Annotated[str, MaxLen(3)]]
    phoneNumber: Required[Annotated[str, MaxLen(20)]]


class MultiAddressesCheckoutMetadataInput(TypedDict, closed=True):
    """What goes to one of the buyer's addresses (`PayAndShipMultiAddress`).

    Whether the prices must add up to `chargeAmount` is unconfirmed: let them.
    """

    addressId: Id
    """`amzn1.address.…`, from `shippingAddressList`."""
    price: PriceInput


class MultiAddressesCheckoutMetadata(TypedDict):
    """What goes to one of the buyer's addresses."""

    addressId: str
    price: Price


class ListedAddress(Address):
    """One of several shipping addresses, with the id to name it by.

    The API sends it as JSON inside a string; `Response.json()` has decoded it.
    """

    addressId: str
    """`amzn1.address.…`."""


# --- Requests ---------------------------------------------------------------------


class CreateCheckoutSession(TypedDict, total=False, closed=True):
    """A new session: the body of Create, and the payload of the button.

    `recurringMetadata` is needed with `Recurring`; `paymentDetails` with
    `ProcessOrder`, and `addressDetails` if that order is shipped.
    """

    webCheckoutDetails: Required[CreateWebCheckoutDetails]
    storeId: Required[Id]
    """`amzn1.application-oa2-client.…`: the client id, not the application id."""
    scopes: list[Scope]
    """Which buyer data to get; without it all but the billing address."""
    chargePermissionType: KnownChargePermissionType
    """`OneTime` by default."""
    recurringMetadata: RecurringMetadataInput
    paymentMethodOnFileMetadata: PaymentMethodOnFileMetadataInput
    chargePermissionId: Id
    """A saved wallet, `B01-…`, whose payment instrument the buyer is to change."""
    deliverySpecifications: DeliverySpecifications
    addressDetails: AddressDetails
    paymentDetails: CreatePaymentDetails
    merchantMetadata: MerchantMetadataInput
    multiAddressesCheckoutMetadata: list[MultiAddressesCheckoutMetadataInput]
    platformId: str
    """A solution provider's merchant id."""
    providerMetadata: ProviderMetadataInput
    supplementaryData: str
    """As agreed with Amazon; its greatest length is unconfirmed."""


class UpdateCheckoutSession(TypedDict, total=False, closed=True):
    """What to change in an open session; what is left out stays as it is.

    A change from `OneTime` to `Recurring` brings `recurringMetadata.frequency` along.
    """

    webCheckoutDetails: UpdateWebCheckoutDetails
    chargePermissionType: KnownChargePermissionType
    recurringMetadata: RecurringMetadataInput
    paymentDetails: UpdatePaymentDetails
    merchantMetadata: MerchantMetadataInput
    multiAddressesCheckoutMetadata: list[MultiAddressesCheckoutMetadataInput]
    platformId: str
    """A solution provider's merchant id."""
    providerMetadata: ProviderMetadataInput
    supplementaryData: str
    """As agreed with Amazon; its greatest length is unconfirmed."""


class CompleteCheckoutSession(TypedDict, total=False, closed=True):
    """What the merchant believes the buyer has agreed to.

    That is for a saved wallet's set-up, whose body is `{}`; anyone else must give
    `chargeAmount`, and `totalOrderAmount` if the session has one.
    """

    chargeAmount: PriceInput
    """Equal to the session's, else 409 `AmountMismatch`."""
    totalOrderAmount: PriceInput


class FinalizeAddress(TypedDict, total=False, closed=True):
    """The address exactly as Amazon supplied it, nulls and all."""

    name: Annotated[str, MaxLen(50)] | None
    addressLine1: Annotated[str, MaxLen(180)] | None
    addressLine2: Annotated[str, MaxLen(60)] | None
    addressLine3: Annotated[str, MaxLen(60)] | None
    city: Annotated[str, MaxLen(50)] | None
    county: Annotated[str, MaxLen(50)] | None
    district: Annotated[str, MaxLen(50)] | None
    stateOrRegion: Annotated[str, MaxLen(50)] | None
    postalCode: Annotated[str, MaxLen(20)] | None
    countryCode: Annotated[str, MaxLen(3)] | None
    phoneNumber: Annotated[str, MaxLen(20)] | None


class FinalizeCheckoutSession(TypedDict, total=False, closed=True):
    """What the buyer has agreed to on the merchant's own page.

    `shippingAddress` is needed for `PayAndShip`, `billingAddress` for `PayOnly`;
    `totalOrderAmount` and `supplementaryData` if the session has them.
    """

    shippingAddress: FinalizeAddress | None
    billingAddress: FinalizeAddress | None
    chargeAmount: Required[PriceInput]
    """Equal to the session's."""
    totalOrderAmount: PriceInput
    paymentIntent: Required[PaymentIntent]
    canHandlePendingAuthorization: bool
    """Whether the merchant can wait up to 24 hours for the answer; false by default."""
    supplementaryData: str


# --- The answer -------------------------------------------------------------------


class CheckoutSessionStatusDetails(TypedDict):
    """The session's state; the reason is null unless it is `Canceled`."""

    state: CheckoutSessionState
    reasonCode: CheckoutSessionReason | None
    reasonDescription: str | None
    lastUpdatedTimestamp: Timestamp


class Constraint(TypedDict):
    """What is still missing before the buyer can pay."""

    constraintId: ConstraintId
    description: str


class CheckoutSession(TypedDict):
    """One buyer's checkout.

    Buyer, addresses, amounts and payment data are there while it is `Open`: for
    `Completed` and `Canceled` sessions they turn null, and the answer to Complete is
    null in every member but ids, state and creation time. Take a null for «not told»,
    never for «not set», and read the rest from the Charge Permission.
    """

    checkoutSessionId: str
    """A UUID in lower case; nothing in it tells sandbox from live."""
    webCheckoutDetails: WebCheckoutDetails | None
    productType: ProductType | str | None
    """Null before a buyer is associated."""
    paymentDetails: PaymentDetails | None
    chargePermissionType: ChargePermissionType | None
    recurringMetadata: RecurringMetadata | None
    merchantMetadata: MerchantMetadata | None
    supplementaryData: str | None
    buyer: BuyerDetails | None
    """Null before a buyer is associated."""
    billingAddress: Address | None
    """Null unless its scope was asked for, or by region, or for `PayOnly`."""
    paymentPreferences: list[PaymentPreference | None] | None
    """`[null]` before a buyer is associated."""
    statusDetails: CheckoutSessionStatusDetails
    shippingAddress: Address | None
    """Null before a buyer is associated, and for `PayOnly`."""
    platformId: str | None
    chargePermissionId: str | None
    """Null until the session is `Completed`."""
    chargeId: str | None
    """Null until the session is `Completed`, and after it with intent `Confirm`."""
    constraints: list[Constraint] | None
    """What is missing before the buyer can pay; empty when nothing is."""
    creationTimestamp: Timestamp
    expirationTimestamp: Timestamp | None
    """24 hours after creation."""
    storeId: str | None
    providerMetadata: ProviderMetadata | None
    releaseEnvironment: ReleaseEnvironment | None
    checkoutButtonText: str | None
    """Text that Amazon wants on the place-order button."""
    deliverySpecifications: dict[str, Any] | None
    """The request's, echoed."""
    # The newest official tests see the next four in every answer, recorded answers
    # have none of them: read them with .get().
    orderType: NotRequired[str | None]
    paymentMethodOnFileMetadata: NotRequired[PaymentMethodOnFileMetadata | None]
    merchantDetails: NotRequired[object]
    tokens: NotRequired[object]
    cartDetails: NotRequired[object]
    """In the answer to Finalize."""
    shippingAddressList: NotRequired[list[ListedAddress] | None]
    """For `PayAndShipMultiAddress`; that it is absent otherwise is unconfirmed."""
    multiAddressesCheckoutMetadata: NotRequired[
        list[MultiAddressesCheckoutMetadata] | None
    ]


# --- Operations -------------------------------------------------------------------


class CheckoutSessions:
    """The operations on Checkout Sessions, in the order of a checkout."""

    @operation(
        "POST",
        "/checkoutSessions",
        repeat="key",
        answers=(201,),
        page="amazon-pay-api-v2/checkout-session.html",
    )
    def create_checkout_session(
        self,
        body: CreateCheckoutSession | Body,
        *,
        idempotency_key: str | None = None,
    ) -> Response[CheckoutSession]:
        """Create a Checkout Session, `Open` for 24 hours; no money moves.

        Needed only where the button is not given a signed payload. What is missing
        before the buyer can pay does not fail the call: it is listed in `constraints`.
        After a lost answer, repeat with the same key; let the key name the cart or the
        visit, for whoever repeats it gets this very session.

        Errors: 400 `InvalidParameterValue`, `MissingParameterValue`,
        `UnrecognizedField`, `DuplicateIdempotencyKey`.
        """
        ...

    @operation(
        "GET",
        "/checkoutSessions/{checkout_session_id}",
        repeat="read",
        answers=(200,),
        page="amazon-pay-api-v2/checkout-session.html",
    )
    def get_checkout_session(
        self, checkout_session_id: str
    ) -> Response[CheckoutSession]:
        """Get a Checkout Session; reads only.

        Errors: 404 `ResourceNotFound` for an unknown or malformed id, another
        environment's, or a session older than 30 days.
        """
        ...

    @operation(
        "PATCH",
        "/checkoutSessions/{checkout_session_id}",
        repeat="state",
        answers=(200,),
        page="amazon-pay-api-v2/checkout-session.html",
    )
    def update_checkout_session(
        self, checkout_session_id: str, body: UpdateCheckoutSession | Body
    ) -> Response[CheckoutSession]:
        """Update an `Open` Checkout Session; what the body leaves out stays.

        No money moves, but the buyer will be asked for the amount that stands here.
        May be called until the buyer is sent to `amazonPayRedirectUrl`. Repeating a
        lost update late would undo a newer one: get the session first.

        Errors: 400 `InvalidParameterValue`, `UnrecognizedField`; 404
        `ResourceNotFound`; 422 `InvalidCheckoutSessionStatus` when it is not `Open`.
        """
        ...

    @operation(
        "POST",
        "/checkoutSessions/{checkout_session_id}/complete",
        repeat="state",
        answers=(
            200,
            202,
        ),
        page="amazon-pay-checkout/verify-and-complete-checkout.html",
    )
    def complete_checkout_session(
        self,
        checkout_session_id: str,
        body: CompleteCheckoutSession | Body,
        *,
        idempotency_key: str | None = None,
    ) -> Response[CheckoutSession]:
        """Complete the checkout of a buyer who has paid; this makes the payment real.

        The session turns `Completed` and names a Charge Permission; with intent
        `Authorize` the amount is held, with `AuthorizeWithCapture` taken, and a Charge
        is named too; with `Confirm` there is no charge and no money. Whether Amazon
        honors the key here is unconfirmed: after a lost answer get the session, and
        take the ids from it if it is `Completed`.
        The answer is 202 while the authorization is pending.

        Errors: 409 `AmountMismatch`; 400 `CurrencyMismatch`; 404 `ResourceNotFound`;
        422 `CheckoutSessionCanceled` after a decline or a cancel,
        `InvalidCheckoutSessionStatus` for a session that has ended or a buyer who has
        not paid yet, `HardDeclined`, `AmazonRejected`, `MFANotCompleted`,
        `PaymentMethodNotAllowed`, `TransactionTimedOut`; 500 `ProcessingFailure`.
        """
        ...

    @operation(
        "POST",
        "/checkoutSessions/{checkout_session_id}/finalize",
        repeat="state",
        answers=(200,),
        page="amazon-pay-buy-now-checkout/verify-and-complete-checkout.html",
    )
    def finalize_checkout_session(
        self,
        checkout_session_id: str,
        body: FinalizeCheckoutSession | Body,
        *,
        idempotency_key: str | None = None,
    ) -> Response[CheckoutSession]:
        """Finalize a checkout on the merchant's own page; this makes the payment real.

        Takes the place of Complete where the page handles `onCompleteCheckout`.
        The session turns `Completed`; intent `Authorize` holds the amount,
        `AuthorizeWithCapture` takes it, `Confirm` does neither. Whether Amazon honors
        the key here is unconfirmed: after a lost answer get the session.

        Errors: unconfirmed beyond the general ones; expect those of
        `complete_checkout_session`, such as 409 `AmountMismatch` and 422
        `InvalidCheckoutSessionStatus`.
        """
        ...
