"""Types that several nouns share: texts with limits, prices, addresses, metadata.

A request is a closed `TypedDict`. Amazon refuses an unknown member with 400
`UnrecognizedField`; a type checker refuses it before that. An answer is open: a member
or a value that is newer than this version breaks nothing. Members keep Amazon's names.
A member that an answer does not set is null; it is not left out.

Amazon's pages: `amazon-pay-api-v2/checkout-session.html`,
`amazon-pay-api-v2/charge.html`, `amazon-pay-api-v2/charge-permission.html`,
`amazon-pay-api-v2/buyer.html`,
`amazon-pay-checkout/multi-currency-integration.html`,
`amazon-pay-recurring-checkout/manage-recurring-payments.html`,
`amazon-pay-paymentmethodonfile/checkout-session.html`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict

from ._constraints import Ge, MaxLen, MinLen, Pattern, Places

# --- Texts with a limit -----------------------------------------------------------

Id: TypeAlias = Annotated[str, MinLen(1)]
"""An id of Amazon or of the merchant."""

Url: TypeAlias = Annotated[str, MaxLen(512)]
"""Live accepts only https on a domain that is registered in Seller Central."""

Timestamp: TypeAlias = Annotated[str, Pattern("[0-9]{8}T[0-9]{6}Z")]
"""UTC, as in `20260101T120000Z`."""

CountryCode: TypeAlias = Annotated[str, Pattern("[A-Z]{2}")]
"""ISO 3166-1 alpha-2."""

SoftDescriptor: TypeAlias = Annotated[str, MaxLen(16)]
"""Text on the buyer's statement, after `AMZ* `."""

# --- Money ------------------------------------------------------------------------

LedgerCurrency: TypeAlias = Literal["USD", "EUR", "GBP", "JPY"]
"""The currency of a merchant account."""

PresentmentCurrency: TypeAlias = Literal[
    "AUD",
    "GBP",
    "DKK",
    "EUR",
    "HKD",
    "JPY",
    "NZD",
    "NOK",
    "ZAR",
    "SEK",
    "CHF",
    "USD",
]
"""The buyer's currency; it may differ from the ledger's only in the EU and UK."""

if TYPE_CHECKING:
    from typing_extensions import ReadOnly

    class OtherCurrency(str):  # noqa: SLOT000 - for checkers only
        """A currency of an answer that this version does not know."""

else:
    OtherCurrency = str

# Checkers refuse a misspelt currency in a request, and take the price of an answer.
CurrencyCode: TypeAlias = PresentmentCurrency | OtherCurrency
"""ISO 4217, in answers; `OtherCurrency` is a `str` that this version does not know."""

# The safe reading is that more than two decimals are refused (unconfirmed). JPY allows
# no fraction and most calls no zero, but that depends on other members.
Amount: TypeAlias = (
    Annotated[str, Pattern(r"[0-9]+(\.[0-9]{1,2})?")]
    | Annotated[int, Ge(0)]
    | Annotated[Decimal, Places(2)]
)
"""Units of the currency, never cents; a float is refused before anything is sent."""


class Price(TypedDict):
    """An amount in an answer: `{"amount": "14.00", "currencyCode": "USD"}`."""

    amount: str
    """Units of the currency: two decimals, none for JPY."""
    currencyCode: CurrencyCode


if TYPE_CHECKING:

    class PriceInput(TypedDict):
        """An amount in a request: made by `price()`, or the price of an answer."""

        amount: ReadOnly[Amount]
        currencyCode: ReadOnly[CurrencyCode]

else:

    class PriceInput(TypedDict, closed=True):
        """An amount in a request; the number of decimals is the currency's."""

        amount: Amount
        """At most two decimals, none for JPY."""
        currencyCode: PresentmentCurrency


# --- People and places ------------------------------------------------------------

PrimeMembershipType: TypeAlias = (
    Literal["NONE", "PRIME_GENERAL", "PRIME_GENERAL_US", "PRIME_STUDENT"] | str
)


class BuyerAdditionalInfo(TypedDict):
    """More about a buyer of the EU and the UK, if `scopes` of Buy Now ask for it.

    A member whose scope was not requested is null or missing.
    """

    vatId: NotRequired[str | None]
    province: NotRequired[str | None]
    dateOfBirth: NotRequired[str | None]
    """`DD/MM/YYYY`."""
    prefix: NotRequired[str | None]


class BuyerDetails(TypedDict):
    """The buyer of a Checkout Session or a Charge Permission.

    A member whose scope was not requested is null.
    """

    buyerId: str
    """`amzn1.account.` and capitals or digits; it is always the same for a buyer."""
    name: str | None
    email: str | None
    phoneNumber: str | None
    primeMembershipTypes: list[PrimeMembershipType] | None
    """Null unless Amazon allow-listed the merchant; empty for no membership."""
    buyerAdditionalInfo: NotRequired[BuyerAdditionalInfo | None]
    """In Buy Now sessions; its place in the answer is unconfirmed."""


class Address(TypedDict):
    """An address in an answer; any member may be null.

    In the US and CA `stateOrRegion` is always a code of two letters, elsewhere text.
    The limits are Amazon's own, so a database column of that width is enough.
    """

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


class PaymentPreference(TypedDict):
    """The buyer's payment instrument, as text for people; make no decision by it."""

    paymentDescriptor: str | None
    """Such as `Visa ****1111 (Amazon Pay)`; never card data."""


# --- The merchant's own metadata --------------------------------------------------


class MerchantMetadata(TypedDict):
    """The merchant's metadata of an order; a member that was not set is null."""

    merchantReferenceId: str | None
    merchantStoreName: str | None
    noteToBuyer: str | None
    customInformation: str | None


class MerchantMetadataInput(TypedDict, total=False, closed=True):
    """The merchant's metadata of an order; buyers see all but `customInformation`.

    Amazon's page says "characters/bytes" for the limits; which of them is unconfirmed.
    The limits here count characters; a text within the limit in UTF-8 bytes is safe.
    That the limits also apply after checkout is unconfirmed, and assumed.
    """

    merchantReferenceId: Annotated[str, MaxLen(256)]
    """The merchant's order number."""
    merchantStoreName: Annotated[str, MaxLen(50)]
    """Shown in place of the account's store name."""
    noteToBuyer: Annotated[str, MaxLen(255)]
    customInformation: Annotated[str, MaxLen(4096)]
    """Never shown to the buyer."""


class ProviderMetadata(TypedDict):
    """A payment service provider's reference; null for other merchants."""

    providerReferenceId: str | None


class ProviderMetadataInput(TypedDict, total=False, closed=True):
    """A payment service provider's reference; only providers send it."""

    providerReferenceId: str


# --- Kinds of Charge Permission ---------------------------------------------------

KnownChargePermissionType: TypeAlias = Literal[
    "OneTime", "Recurring", "PaymentMethodOnFile"
]
ChargePermissionType: TypeAlias = KnownChargePermissionType | str

FrequencyUnit: TypeAlias = Literal["Year", "Month", "Week", "Day", "Variable"]


class Frequency(TypedDict):
    """How often a subscription is charged."""

    unit: FrequencyUnit | str
    value: str
    """A whole number as text; `0` with `Variable`."""


class FrequencyInput(TypedDict, closed=True):
    """How often a subscription is charged; Amazon uses it for mails and expiry."""

    unit: FrequencyUnit
    value: Annotated[str, Pattern("[0-9]+")] | Annotated[int, Ge(0)]
    """A whole number, as text or number; `0` with `Variable`."""


class RecurringMetadata(TypedDict):
    """Frequency and amount of a subscription; null for other permissions."""

    frequency: Frequency | None
    amount: Price | None
    """Null if it varies."""


class RecurringMetadataInput(TypedDict, total=False, closed=True):
    """Frequency and amount of a subscription, for information; they charge nothing."""

    frequency: FrequencyInput
    amount: PriceInput | None
    """The amount of each charge; null if it varies."""


class PaymentMethodOnFileMetadata(TypedDict):
    """Whether a saved wallet was only set up, without a payment."""

    setupOnly: bool | None


class PaymentMethodOnFileMetadataInput(TypedDict, closed=True):
    """Whether a saved wallet is only set up, without a payment."""

    setupOnly: bool


# --- Answers ----------------------------------------------------------------------

ReleaseEnvironment: TypeAlias = Literal["Sandbox", "Live"] | str

Unspecified: TypeAlias = dict[str, Any] | None
"""An answer of unconfirmed shape, which may come without a body."""
