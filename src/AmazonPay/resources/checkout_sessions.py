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
"""Make no charge; hold an amount, to capture it later; take an amount."""

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

KnownCheckoutSessionState: TypeAlias = Literal["Open", "Completed", "Canceled"]
CheckoutSessionState: TypeAlias = KnownCheckoutSessionState | str

CheckoutSessionReason: TypeAlias = (
    Literal["BuyerCanceled", "Expired", "AmazonCanceled", "Declined"] | str
)
"""Why a session was canceled; `Declined` means any decline of the payment."""

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
    """The URLs for the buyer's browser.

    Amazon requires `checkoutReviewReturnUrl` unless `checkoutMode` is `ProcessOrder`.
    Each URL has at most 512 characters; for `checkoutCancelUrl` that is unconfirmed.
    Sandbox accepts `http://localhost`, too.
    """

    checkoutReviewReturnUrl: Url
    """Where the buyer returns after choosing address and payment instrument."""
    checkoutResultReturnUrl: Url
    """Where the buyer returns after paying; required before the redirect."""
    checkoutCancelUrl: Url
    """Where the buyer goes after canceling on a page of Amazon."""
    checkoutErrorUrl: Url
    """Where the mobile SDK's buyer goes after an error."""
    checkoutMode: Literal["ProcessOrder"]
    """Pay at once, without a review page.

    It belongs in the button's payload. In 2020 the call itself refused it with
    `UnrecognizedField`; whether it still does is unconfirmed.
    """


class UpdateWebCheckoutDetails(TypedDict, total=False, closed=True):
    """The URLs to which Amazon sends the buyer's browser, for an update.

    Amazon keeps the value of a member that is left out.
    """

    checkoutReviewReturnUrl: Url
    checkoutResultReturnUrl: Url
    checkoutCancelUrl: Url


class WebCheckoutDetails(TypedDict):
    """The URLs of a session for the buyer's browser."""

    checkoutReviewReturnUrl: str | None
    checkoutResultReturnUrl: str | None
    amazonPayRedirectUrl: str | None
    """Where to send the buyer to pay; null until `constraints` is empty."""
    checkoutCancelUrl: str | None
    checkoutMode: NotRequired[str | None]
    # In the answer to Finalize.
    authorizeResultReturnUrl: NotRequired[str | None]
    signInReturnUrl: NotRequired[str | None]
    signInCancelUrl: NotRequired[str | None]
    checkoutErrorUrl: NotRequired[str | None]
    signInErrorUrl: NotRequired[str | None]
    amazonPayDeclineUrl: NotRequired[str | None]


# --- What is to be paid -----------------------------------------------------------


class _PaymentDetailsInput(TypedDict, total=False):
    """Members that the creation and the update of a session share."""

    paymentIntent: PaymentIntent
    canHandlePendingAuthorization: bool
    """Whether the merchant can wait up to 24 hours for the answer; false by default."""
    chargeAmount: PriceInput
    """The amount that is taken or held at the end of the checkout."""
    totalOrderAmount: PriceInput
    """The total of the order, if more will be charged later."""
    softDescriptor: SoftDescriptor


class CreatePaymentDetails(_PaymentDetailsInput, total=False, closed=True):
    """The payment of a new session.

    `canHandlePendingAuthorization` must not be true with `AuthorizeWithCapture`.
    `softDescriptor` (16 characters) goes with `AuthorizeWithCapture` only.
    """

    presentmentCurrency: PresentmentCurrency
    """The currency that the buyer pays in; EU and UK only, and not in an update."""
    allowOvercharge: bool
    """Whether more than the order may be charged; by invitation, at creation only."""
    extendExpiration: bool
    """Let the permission expire after 13 months, not 180 days; at creation only."""


class UpdatePaymentDetails(_PaymentDetailsInput, total=False, closed=True):
    """Changes of the payment; a member that is left out does not change.

    Another `chargeAmount.currencyCode` also changes the presentment currency;
    `presentmentCurrency` itself, `allowOvercharge` and `extendExpiration` are for
    creation only.
    """


class PaymentDetails(TypedDict):
    """The payment of a session; a member that was not set is null."""

    paymentIntent: PaymentIntent | str | None
    canHandlePendingAuthorization: bool | None
    chargeAmount: Price | None
    totalOrderAmount: Price | None
    softDescriptor: str | None
    presentmentCurrency: CurrencyCode | None
    allowOvercharge: bool | None
    extendExpiration: bool | None
    estimateOrderTotal: NotRequired[Price | None]
    """Known from one official type only (unconfirmed), so no request has it."""


# --- Where the order may go -------------------------------------------------------


class Restriction(TypedDict, total=False, closed=True):
    """The parts of a country that a rule for addresses names; `{}` is all of it.

    Outside the US, Amazon compares a region as the buyer has written it: list both its
    code and its name.
    """

    statesOrRegions: list[str]
    zipCodes: list[str]


class AddressRestrictions(TypedDict, closed=True):
    """The addresses that the buyer may choose.

    That both members are mandatory is unconfirmed.
    """

    type: Literal["Allowed", "NotAllowed"]
    """Whether only matching addresses can be chosen, or all others."""
    restrictions: dict[CountryCode, Restriction]
    """Keyed by country, ISO 3166-1 alpha-2."""


class DeliverySpecifications(TypedDict, total=False, closed=True):
    """Where the order may be delivered; answers repeat it.

    An unknown special restriction is refused in sandbox and ignored in live.
    """

    specialRestrictions: list[Literal["RestrictPOBoxes", "RestrictPackstations"]]
    addressRestrictions: AddressRestrictions


class AddressDetails(TypedDict, total=False, closed=True):
    """The shipping address, if it is known before the button is pressed.

    For `ProcessOrder` with `PayAndShip`. Besides the members that every region
    requires, US addresses need `city` and `stateOrRegion`, EU ones `city`, JP ones
    `stateOrRegion`; UK, GB, SG, AE and MX refuse `stateOrRegion`.
    """

    name: Required[Annotated[str, MaxLen(50)]]
    addressLine1: Required[Annotated[str, MaxLen(180)]]
    addressLine2: Annotated[str, MaxLen(60)] | None
    addressLine3: Annotated[str, MaxLen(60)]
    city: Annotated[str, MaxLen(50)]
    districtOrCounty: Annotated[str, MaxLen(50)] | None
    """Answers have `district` and `county` in its place."""
    stateOrRegion: Annotated[str, MaxLen(50)]
    postalCode: Required[Annotated[str, MaxLen(20)]]
    countryCode: Required[Annotated[str, MaxLen(3)]]
    phoneNumber: Required[Annotated[str, MaxLen(20)]]


class MultiAddressesCheckoutMetadataInput(TypedDict, closed=True):
    """The part of the order for one address (`PayAndShipMultiAddress`).

    Whether the prices must add up to `chargeAmount` is unconfirmed; make sure they do.
    """

    addressId: Id
    """`amzn1.address.…`, from `shippingAddressList`."""
    price: PriceInput


class MultiAddressesCheckoutMetadata(TypedDict):
    """The part of the order for one of the buyer's addresses."""

    addressId: str
    price: Price


class ListedAddress(Address):
    """One of several shipping addresses, with its id.

    The API sends it as JSON inside a string; `Response.json()` decodes it.
    """

    addressId: str
    """`amzn1.address.…`."""


# --- Requests ---------------------------------------------------------------------


class CreateCheckoutSession(TypedDict, total=False, closed=True):
    """A new session: the body of Create Checkout Session, and a button's payload.

    Amazon wants `recurringMetadata` if `chargePermissionType` is `Recurring`, and
    `paymentDetails` if `checkoutMode` is `ProcessOrder`. In that mode it wants
    `addressDetails`, too, if the goods are shipped.
    """

    webCheckoutDetails: Required[CreateWebCheckoutDetails]
    storeId: Required[Id]
    """`amzn1.application-oa2-client.…`: the client id, not the application id."""
    scopes: list[Scope]
    """The buyer data to get; by default all but the billing address."""
    chargePermissionType: KnownChargePermissionType
    """`OneTime` by default."""
    recurringMetadata: RecurringMetadataInput
    paymentMethodOnFileMetadata: PaymentMethodOnFileMetadataInput
    chargePermissionId: Id
    """A saved wallet, `B01-…`, whose payment instrument the buyer will change."""
    deliverySpecifications: DeliverySpecifications
    addressDetails: AddressDetails
    paymentDetails: CreatePaymentDetails
    merchantMetadata: MerchantMetadataInput
    multiAddressesCheckoutMetadata: list[MultiAddressesCheckoutMetadataInput]
    platformId: str
    """A solution provider's merchant id."""
    providerMetadata: ProviderMetadataInput
    supplementaryData: str
    """As agreed with Amazon; its maximum length is unconfirmed."""
    channelType: Literal["MOBILE_SDK"]
    """For a checkout in an app, by Amazon's mobile SDK."""


class UpdateCheckoutSession(TypedDict, total=False, closed=True):
    """Changes of an open session; a member that is left out does not change.

    A change from `OneTime` to `Recurring` needs `recurringMetadata.frequency`.
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
    """As agreed with Amazon; its maximum length is unconfirmed."""


class CompleteCheckoutSession(TypedDict, total=False, closed=True):
    """The amounts that the merchant believes the buyer has agreed to.

    `chargeAmount` is required, and `totalOrderAmount` if the session has one. Only the
    set-up of a saved wallet sends `{}`.
    """

    chargeAmount: PriceInput
    """It must equal the session's, else 409 `AmountMismatch`."""
    totalOrderAmount: PriceInput


class FinalizeAddress(TypedDict, total=False, closed=True):
    """The address exactly as Amazon supplied it, including nulls."""

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
    """The order to which the buyer agreed on the merchant's own page.

    `shippingAddress` is required for `PayAndShip`, `billingAddress` for `PayOnly`;
    `totalOrderAmount` and `supplementaryData` if the session has them.
    """

    shippingAddress: FinalizeAddress | None
    billingAddress: FinalizeAddress | None
    chargeAmount: Required[PriceInput]
    """It must equal the session's."""
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
    """Something that is missing before the buyer can pay."""

    constraintId: ConstraintId
    description: str


class CheckoutSession(TypedDict):
    """One buyer's checkout.

    Buyer, addresses, amounts and payment data are present while it is `Open`. In
    `Completed` and `Canceled` sessions they are null, and the answer to Complete is
    null in every member but ids, state and creation time. A null means "not shown", not
    "not set"; read the rest from the Charge Permission.
    """

    checkoutSessionId: str
    """A UUID in lower case, which does not show whether it is sandbox or live."""
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
    """Null unless its scope was requested, the region requires it, or `PayOnly`."""
    paymentPreferences: list[PaymentPreference | None] | None
    """`[null]` before a buyer is associated."""
    statusDetails: CheckoutSessionStatusDetails
    shippingAddress: Address | None
    """Null before a buyer is associated, and for `PayOnly`."""
    platformId: str | None
    chargePermissionId: str | None
    """Null until the session is `Completed`."""
    chargeId: str | None
    """Null until the session is `Completed`; always null with intent `Confirm`."""
    constraints: list[Constraint] | None
    """What is missing before the buyer can pay; empty if nothing is."""
    creationTimestamp: Timestamp
    expirationTimestamp: Timestamp | None
    """24 hours after creation."""
    storeId: str | None
    providerMetadata: ProviderMetadata | None
    releaseEnvironment: ReleaseEnvironment | None
    checkoutButtonText: str | None
    """Text that Amazon wants on the place-order button."""
    deliverySpecifications: dict[str, Any] | None
    """As in the request."""
    # In the newest official tests every answer has the next four members. Recorded
    # answers have none of them, so read them with .get().
    orderType: NotRequired[str | None]
    paymentMethodOnFileMetadata: NotRequired[PaymentMethodOnFileMetadata | None]
    merchantDetails: NotRequired[object]
    tokens: NotRequired[object]
    # In the answer to Finalize.
    cartDetails: NotRequired[object]
    paymentProcessingMetaData: NotRequired[object]
    processorSpecifications: NotRequired[object]
    disbursementDetails: NotRequired[object]
    channelType: NotRequired[str | None]
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

        It is needed only if the button has no signed payload. The call succeeds even if
        something is missing before the buyer can pay; `constraints` lists it. After a
        lost answer, repeat with the same key. Build the key from the cart or the visit,
        because whoever repeats it gets this session.

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
        """Get a Checkout Session; nothing changes.

        Errors: 404 `ResourceNotFound` for an id that is unknown, malformed or of the
        other environment, or a session older than 30 days.
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
        """Update an `Open` Checkout Session, and return it as it is then.

        Amazon keeps what the body leaves out. No money moves, but the buyer is asked to
        pay the amount of this body. Update the session before you send the buyer to
        `amazonPayRedirectUrl`. If an answer is lost, get the session before you repeat
        the update: the repeat would replace a newer update.

        Errors: 400 `InvalidParameterValue`, `UnrecognizedField`; 404
        `ResourceNotFound`; 422 `InvalidCheckoutSessionStatus` if the session is not
        `Open`.
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

        The session becomes `Completed` and names a Charge Permission. With intent
        `Authorize` the amount is held, with `AuthorizeWithCapture` it is taken; then
        the session also names a Charge. With `Confirm` there is no charge, and no money
        moves. Whether Amazon honors the key here is unconfirmed: after a lost answer
        get the session, and read the ids from it if it is `Completed`.
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

        Use it in place of Complete if the page handles `onCompleteCheckout`.
        The session becomes `Completed`; intent `Authorize` holds the amount,
        `AuthorizeWithCapture` takes it, `Confirm` does neither. Whether Amazon honors
        the key here is unconfirmed: after a lost answer get the session.

        Errors: unconfirmed beyond the general ones; expect those of
        `complete_checkout_session`, such as 409 `AmountMismatch` and 422
        `InvalidCheckoutSessionStatus`.
        """
        ...
