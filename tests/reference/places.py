"""Which members an address needs, by country, and where restrictions hold.

From `amazon-pay-checkout/address-formatting-and-validation.html` and
`amazon-pay-checkout/address-restriction-samples.html`.
"""

from __future__ import annotations

ALWAYS_NEEDED = ["name", "addressLine1", "postalCode", "countryCode", "phoneNumber"]

EU_COUNTRIES = (
    "UK GB DE FR IT ES AT BE BG HR CY CZ DK EE FI GR HU IE LV LT LU MT NL PL PT RO SK"
    " SI SE"
)

# What a country needs beyond that; every other one needs what the US do.
NEEDED = {
    "US": ["city", "stateOrRegion"],
    "CA": ["city", "stateOrRegion"],
    "AU": ["city", "stateOrRegion"],
    "JP": ["stateOrRegion"],
    **{country: ["city"] for country in EU_COUNTRIES.split()},
}

REFUSE_STATE = ["UK", "GB", "SG", "AE", "MX"]

BOXES_KNOWN_IN = {
    "RestrictPOBoxes": ["US", "CA", "GB", "FR", "DE", "ES", "PT", "IT", "AU"],
    "RestrictPackstations": ["DE"],
}
