"""The notation of the tables, and what several objects share.

An object is a dict. Its keys are members: `*` after a name means mandatory in a request
and always there in an answer, `?` after that means that it may be null; `<text>` stands
for any key of that form. An array is a list of its element, behind `NULL` if that may
be null and behind `NOT_EMPTY` if there must be one. All else is a text:

- `text`, `text <=16` (characters), `text /regex/`, `id` (a text, not empty)
- `flag`, `whole`, `whole >=0`, `number`, `decimal <=2 places`, `anything`
- `enum A|B` for exactly these, sorted; `enum A|B or text` for these and what may come
- `carrier`, one of the list of carriers
- several, sorted and joined by ` or `
"""

from __future__ import annotations

from typing import TypeAlias

Table: TypeAlias = "str | list[Table] | dict[str, Table]"
Members: TypeAlias = dict[str, Table]

NULL = "null"
NOT_EMPTY = "not empty"


def enum(values: str) -> str:
    """Only these: values of a request."""
    return "enum " + "|".join(sorted(values.split()))


def known(values: str) -> str:
    """These, and what Amazon may add: values of an answer."""
    return f"{enum(values)} or text"


def longest(length: int) -> str:
    """A text of at most so many characters."""
    return f"text <={length}"


TIMESTAMP = "text /[0-9]{8}T[0-9]{6}Z/"
COUNTRY = "text /[A-Z]{2}/"
URL = longest(512)
SOFT_DESCRIPTOR = longest(16)
AMOUNT = r"decimal <=2 places or text /[0-9]+(\.[0-9]{1,2})?/ or whole >=0"

_CURRENCIES = "AUD GBP DKK EUR HKD JPY NZD NOK ZAR SEK CHF USD"
PRESENTMENT_CURRENCY = enum(_CURRENCIES)
CURRENCY = known(_CURRENCIES)
LEDGER_CURRENCY = enum("USD EUR GBP JPY")

# charge.html, multi-currency-integration.html
PRICE_SENT: Members = {"amount*": AMOUNT, "currencyCode*": PRESENTMENT_CURRENCY}
PRICE: Members = {"amount*": "text", "currencyCode*": CURRENCY}

# buyer.html
ADDRESS: Members = {
    "name*?": longest(50),
    "addressLine1*?": longest(180),
    "addressLine2*?": longest(60),
    "addressLine3*?": longest(60),
    "city*?": longest(50),
    "county*?": longest(50),
    "district*?": longest(50),
    "stateOrRegion*?": longest(50),
    "postalCode*?": longest(20),
    "countryCode*?": longest(3),
    "phoneNumber*?": longest(20),
}

PRIME = known("NONE PRIME_GENERAL PRIME_STUDENT PRIME_GENERAL_US")

BUYER_DETAILS: Members = {
    "buyerId*": "text",
    "name*?": "text",
    "email*?": "text",
    "phoneNumber*?": "text",
    "primeMembershipTypes*?": [PRIME],
    # Of Buy Now: `amazon-pay-api-v2/buy-now-checkout.html`.
    "buyerAdditionalInfo?": {
        "vatId?": "text",
        "province?": "text",
        "dateOfBirth?": "text",
        "prefix?": "text",
    },
}

PAYMENT_PREFERENCES: Table = [NULL, {"paymentDescriptor*?": "text"}]

# checkout-session.html
MERCHANT_METADATA_SENT: Members = {
    "merchantReferenceId": longest(256),
    "merchantStoreName": longest(50),
    "noteToBuyer": longest(255),
    "customInformation": longest(4096),
}
MERCHANT_METADATA: Members = {
    "merchantReferenceId*?": "text",
    "merchantStoreName*?": "text",
    "noteToBuyer*?": "text",
    "customInformation*?": "text",
}

PROVIDER_METADATA_SENT: Members = {"providerReferenceId": "text"}
PROVIDER_METADATA: Members = {"providerReferenceId*?": "text"}

_UNITS = "Year Month Week Day Variable"
RECURRING_METADATA_SENT: Members = {
    "frequency": {"unit*": enum(_UNITS), "value*": "text /[0-9]+/ or whole >=0"},
    "amount?": PRICE_SENT,
}
RECURRING_METADATA: Members = {
    "frequency*?": {"unit*": known(_UNITS), "value*": "text"},
    "amount*?": PRICE,
}

_PERMISSION_TYPES = "OneTime Recurring PaymentMethodOnFile"
PERMISSION_TYPE_SENT = enum(_PERMISSION_TYPES)
PERMISSION_TYPE = known(_PERMISSION_TYPES)

ENVIRONMENT = known("Sandbox Live")
