"""Payloads of the checkout button other than a new session: sign-in and Buy Now.

The payload of most buttons is a `CreateCheckoutSession`.

Amazon's pages: `amazon-pay-checkout/amazon-sign-in.html`,
`amazon-pay-api-v2/buy-now-checkout.html`.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, Required, TypeAlias

from typing_extensions import TypedDict

from ._common import (
    Id,
    KnownChargePermissionType,
    MerchantMetadataInput,
    PriceInput,
    ProviderMetadataInput,
    Url,
)
from ._constraints import Pattern
from .checkout_sessions import (
    CreatePaymentDetails,
    CreateWebCheckoutDetails,
    DeliverySpecifications,
    Scope,
)

BuyerAdditionalScope: TypeAlias = Literal["vatId", "province", "dateOfBirth", "prefix"]
"""Data that Buy Now asks the buyer for, EU and UK only; that a scope's name equals its
member's is inferred."""


class SignInPayload(TypedDict, total=False, closed=True):
    """The payload of a button that signs a buyer in, without a checkout.

    The buyer comes back to `signInReturnUrl` with a `buyerToken` for Get Buyer.
    """

    signInReturnUrl: Required[Url]
    signInCancelUrl: Url
    storeId: Required[Id]
    """`amzn1.application-oa2-client.…`: the client id, not the application id."""
    signInScopes: list[Scope]
    """The buyer data to get; what is given without it is unconfirmed."""


class ShippingMethod(TypedDict):
    """A way of delivery. It is open, for the page lists more than is confirmed."""

    shippingMethodName: str
    shippingMethodCode: NotRequired[str]


class DeliveryOption(TypedDict):
    """One choice of delivery that the buyer has.

    It is open: its estimates and time windows are not typed, for their form is
    unconfirmed.
    """

    id: Id
    price: PriceInput
    """The whole shipping cost of this choice."""
    shippingMethod: ShippingMethod
    isDefault: bool
    """Whether it is chosen at first; exactly one is."""


class LineItem(TypedDict):
    """A line of the cart. It is open, for the page lists more than is confirmed."""

    id: Id
    title: str
    quantity: Annotated[str, Pattern("[0-9]+")]
    """A whole number as text."""
    listPrice: PriceInput
    totalListPrice: PriceInput
    """`listPrice` times `quantity`."""
    variantTitle: NotRequired[str]
    discountedPrice: NotRequired[PriceInput]
    """The price of the whole line after its discount."""


class CartDetails(TypedDict, total=False, closed=True):
    """The cart that Buy Now shows on Amazon's page.

    The page's event handlers return the same, whenever the buyer chooses an address or
    a delivery.
    """

    deliveryOptions: list[DeliveryOption]
    """Required for `PayAndShip`, at the latest from `onInitCheckout`."""
    totalShippingAmount: Required[PriceInput]
    totalBaseAmount: Required[PriceInput]
    """The sum of the items."""
    totalTaxAmount: Required[PriceInput]
    totalChargeAmount: Required[PriceInput]
    """What this transaction takes."""
    totalDiscountAmount: PriceInput
    totalOrderAmount: PriceInput
    """The total of the order, if more will be charged later."""
    lineItems: list[LineItem]


class BuyNowPayload(TypedDict, total=False, closed=True):
    """The payload of a Buy Now button: the whole checkout is on Amazon's page.

    There is no result URL; the page's `onCompleteCheckout` calls your server, which
    finalizes the session.
    """

    storeId: Required[Id]
    scopes: list[Scope | BuyerAdditionalScope]
    deliverySpecifications: DeliverySpecifications
    cartDetails: CartDetails
    chargePermissionType: KnownChargePermissionType
    paymentDetails: CreatePaymentDetails
    merchantMetadata: MerchantMetadataInput
    webCheckoutDetails: CreateWebCheckoutDetails
    """Not needed."""
    platformId: str
    providerMetadata: ProviderMetadataInput
    supplementaryData: str
    channelType: Literal["MOBILE_SDK"]
