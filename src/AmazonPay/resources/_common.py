"""What several nouns share: how limits are said, prices, addresses, metadata.

A request is a closed `TypedDict`: a member that Amazon does not know is refused with
400 `UnrecognizedField`, so a checker refuses it first. A response is open: a member or
a value that came after this version breaks nothing. Members keep Amazon's names, and
what an answer does not set is null and not left out.

A limit sits on the member as `Annotated` metadata. Checkers look past it; pydantic and
whoever else reads annotations at run time can act on it, and nothing is imported for
that until they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from annotated_types import BaseMetadata

_Schema: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of `annotated_types`, the package that readers of annotations share.

    It is loaded when one of them reads this, and not to call the API.
    """

    name: Literal["Ge", "Le", "MaxLen", "MinLen"]
    value: int

    __is_annotated_types_grouped_metadata__: ClassVar[Literal[True]] = True

    def __iter__(self) -> Iterator[BaseMetadata]:
        """Give the limit itself, as that package's `GroupedMetadata` does."""
        import annotated_types

        yield getattr(annotated_types, self.name)(self.value)


Ge = partial(Limit, "Ge")
Le = partial(Limit, "Le")
MaxLen = partial(Limit, "MaxLen")
MinLen = partial(Limit, "MinLen")


@dataclass(frozen=True, slots=True)
class Pattern:
    """The whole text fits `regex`, which JSON Schema and Rust read alike."""

    regex: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: Callable[[object], _Schema]
    ) -> _Schema:
        """Let pydantic check it, and publish it as `pattern`."""
        return {**handler(source), "pattern": f"^(?:{self.regex})$"}


@dataclass(frozen=True, slots=True)
class Places:
    """A decimal of zero or more with at most `most` digits after the point."""

    most: int

    def __get_pydantic_core_schema__(
        self, source: object, handler: Callable[[object], _Schema]
    ) -> _Schema:
        """Let pydantic check it."""
        return {**handler(source), "ge": 0, "decimal_places": self.most}

    def __get_pydantic_json_schema__(
        self, _schema: object, _handler: Callable[[object], _Schema]
    ) -> _Schema:
        """Publish a plain number: `multipleOf` 0.01 fails on binary fractions."""
        return {"type": "number", "minimum": 0}


# --- Texts with a limit -----------------------------------------------------------

Id: TypeAlias = Annotated[str, MinLen(1)]
"""An id that Amazon, or the merchant, has given out."""

Url: TypeAlias = Annotated[str, MaxLen(512)]
"""Live takes https on a domain registered in Seller Central only."""

Timestamp: TypeAlias = Annotated[str, Pattern("[0-9]{8}T[0-9]{6}Z")]
"""UTC, as in `20260101T120000Z`."""

CountryCode: TypeAlias = Annotated[str, Pattern("[A-Z]{2}")]
"""ISO 3166-1 alpha-2."""

SoftDescriptor: TypeAlias = Annotated[str, MaxLen(16)]
"""Text of the buyer's statement, printed behind `AMZ* `."""

# --- Money ------------------------------------------------------------------------

LedgerCurrency: TypeAlias = Literal["USD", "EUR", "GBP", "JPY"]
"""What a merchant account keeps its books in."""

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
"""What a buyer may pay in; another than the ledger's only in the EU and UK."""

CurrencyCode: TypeAlias = PresentmentCurrency | str
"""ISO 4217, as an answer gives it."""

# More than two decimals: refused is the safe reading (unconfirmed). That JPY takes no
# fraction, and most calls no zero, depends on the member's neighbours.
Amount: TypeAlias = (
    Annotated[str, Pattern(r"[0-9]+(\.[0-9]{1,2})?")]
    | Annotated[int, Ge(0)]
    | Annotated[Decimal, Places(2)]
)
"""Units of the currency, never cents; a float is refused before anything is sent."""


class Price(TypedDict):
    """An amount in an answer: `{"amount": "14.00", "currencyCode": "USD"}`.

    Amazon's page: `amazon-pay-api-v2/charge.html`.
    """

    amount: str
    """Units of the currency: two decimals, none for JPY."""
    currencyCode: CurrencyCode


class PriceInput(TypedDict, closed=True):
    """An amount in a request; the number of decimals is the currency's.

    Mandatory: `amount`, `currencyCode`.
    Amazon's page: `amazon-pay-checkout/multi-currency-integration.html`.
    """

    amount: Amount
    """At most two decimals, none for JPY."""
    currencyCode: PresentmentCurrency


# --- People and places ------------------------------------------------------------

PrimeMembershipType: TypeAlias = (
    Literal["NONE", "PRIME_GENERAL", "PRIME_GENERAL_US", "PRIME_STUDENT"] | str
)


class BuyerDetails(TypedDict):
    """The buyer of a Checkout Session or a Charge Permission.

    A member whose scope was not asked for is null.
    Amazon's page: `amazon-pay-api-v2/charge-permission.html`.
    """

    buyerId: str
    """`amzn1.account.` and capitals or digits: the same buyer, the same id."""
    name: str | None
    email: str | None
    phoneNumber: str | None
    primeMembershipTypes: list[PrimeMembershipType] | None
    """Null unless Amazon allow-listed the merchant; empty for no membership."""


class Address(TypedDict):
    """An address as Amazon hands it out; any member may be null.

    In the US and CA `stateOrRegion` is always a code of two letters, elsewhere text.
    The limits are Amazon's own: a column of that width holds every address.
    Amazon's page: `amazon-pay-api-v2/buyer.html`.
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
    """The buyer's payment instrument, as text for people and nothing to decide by.

    Amazon's page: `amazon-pay-api-v2/checkout-session.html`.
    """

    paymentDescriptor: str | None
    """Such as `Visa ****1111 (Amazon Pay)`; never card data."""


# --- The merchant's own words -----------------------------------------------------


class MerchantMetadata(TypedDict):
    """What the merchant said of the order; a member that was not set is null.

    Amazon's page: `amazon-pay-api-v2/checkout-session.html`.
    """

    merchantReferenceId: str | None
    merchantStoreName: str | None
    noteToBuyer: str | None
    customInformation: str | None


class MerchantMetadataInput(TypedDict, total=False, closed=True):
    """What the merchant says of the order; all but `customInformation` is shown.

    Amazon's page says "characters/bytes" for the limits. Which of them is unconfirmed:
    these count characters, and a text that fits in bytes of UTF-8 is safe either way.
    That the limits hold after checkout as well is unconfirmed, and assumed.

    Mandatory: nothing.
    Amazon's page: `amazon-pay-api-v2/checkout-session.html`.
    """

    merchantReferenceId: Annotated[str, MaxLen(256)]
    """The merchant's order number."""
    merchantStoreName: Annotated[str, MaxLen(50)]
    """Shown in place of the account's store name."""
    noteToBuyer: Annotated[str, MaxLen(255)]
    customInformation: Annotated[str, MaxLen(4096)]
    """Never shown to the buyer."""


class ProviderMetadata(TypedDict):
    """A payment service provider's reference; null for everyone else.

    Amazon's page: `amazon-pay-api-v2/charge.html`.
    """

    providerReferenceId: str | None


class ProviderMetadataInput(TypedDict, total=False, closed=True):
    """A payment service provider's reference; nobody else sends it.

    Mandatory: nothing.
    Amazon's page: `amazon-pay-api-v2/charge.html`.
    """

    providerReferenceId: str


# --- Kinds of Charge Permission ---------------------------------------------------

KnownChargePermissionType: TypeAlias = Literal[
    "OneTime", "Recurring", "PaymentMethodOnFile"
]
ChargePermissionType: TypeAlias = KnownChargePermissionType | str

FrequencyUnit: TypeAlias = Literal["Year", "Month", "Week", "Day", "Variable"]


class Frequency(TypedDict):
    """How often a subscription is charged.

    Amazon's page: `amazon-pay-recurring-checkout/manage-recurring-payments.html`.
    """

    unit: FrequencyUnit | str
    value: str
    """A whole number as text; `0` with `Variable`."""


class FrequencyInput(TypedDict, closed=True):
    """How often a subscription is charged: information for mails and expiry.

    Mandatory: `unit`, `value`.
    Amazon's page: `amazon-pay-recurring-checkout/manage-recurring-payments.html`.
    """

    unit: FrequencyUnit
    value: Annotated[str, Pattern("[0-9]+")] | Annotated[int, Ge(0)]
    """A whole number, as text or number; `0` with `Variable`."""


class RecurringMetadata(TypedDict):
    """A subscription's rhythm; both members are null for other permissions.

    Amazon's page: `amazon-pay-recurring-checkout/manage-recurring-payments.html`.
    """

    frequency: Frequency | None
    amount: Price | None
    """Null when it varies."""


class RecurringMetadataInput(TypedDict, total=False, closed=True):
    """A subscription's rhythm; Amazon enforces none of it and starts no charge.

    Mandatory: nothing.
    Amazon's page: `amazon-pay-recurring-checkout/manage-recurring-payments.html`.
    """

    frequency: FrequencyInput
    amount: PriceInput | None
    """What each charge will be; null when it varies."""


class PaymentMethodOnFileMetadata(TypedDict):
    """Whether a saved wallet was only set up, without a payment.

    Amazon's page: `amazon-pay-paymentmethodonfile/charge-permission.html`.
    """

    setupOnly: bool | None


class PaymentMethodOnFileMetadataInput(TypedDict, closed=True):
    """Whether a saved wallet is only set up, without a payment.

    Mandatory: `setupOnly`.
    Amazon's page: `amazon-pay-paymentmethodonfile/checkout-session.html`.
    """

    setupOnly: bool


# --- Answers ----------------------------------------------------------------------

ReleaseEnvironment: TypeAlias = Literal["Sandbox", "Live"] | str

Unspecified: TypeAlias = dict[str, Any] | None
"""An answer of unconfirmed shape, which may come without a body."""
