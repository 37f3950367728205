"""The test buyers, their addresses and their cards.

The cards are those of `amazon-pay-checkout/sandbox-simulations.html`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

ADDRESS = (
    "name",
    "addressLine1",
    "addressLine2",
    "addressLine3",
    "city",
    "county",
    "district",
    "stateOrRegion",
    "postalCode",
    "countryCode",
    "phoneNumber",
)

_HOMES: dict[str, dict[str, str]] = {
    "na": {
        "name": "Test Buyer",
        "addressLine1": "10 Ditka Ave",
        "addressLine2": "Suite 2500",
        "city": "Chicago",
        "stateOrRegion": "IL",
        "postalCode": "60602",
        "countryCode": "US",
        "phoneNumber": "8000000000",
    },
    "eu": {
        "name": "Test Buyer",
        "addressLine1": "Lindenstr. 4",
        "city": "Berlin",
        "postalCode": "10969",
        "countryCode": "DE",
        "phoneNumber": "03000000000",
    },
    "jp": {
        "name": "テスト 太郎",
        "addressLine1": "目黒区",
        "addressLine2": "下目黒1-8-1",
        "stateOrRegion": "東京都",
        "postalCode": "153-0064",
        "countryCode": "JP",
        "phoneNumber": "0300000000",
    },
}


def full_address(given: dict[str, Any]) -> dict[str, Any]:
    """Return an address with all its members, null where unset."""
    return {name: given.get(name) for name in ADDRESS}


def home_address(region: str) -> dict[str, Any]:
    """Return the test buyer's address in a region."""
    return full_address(_HOMES[region])


def buyer_details(
    region: str, account: str, scopes: Collection[str] | None = None
) -> dict[str, Any]:
    """Return the test buyer in the form of sessions and permissions.

    Data outside the scopes are null; None stands for all data.
    """
    data = {
        "name": _HOMES[region]["name"],
        "email": "test-buyer@example.com",
        "buyerId": account,
        "primeMembershipTypes": None,
        "phoneNumber": _HOMES[region]["phoneNumber"],
    }
    if scopes is not None:
        for name in ("name", "email", "phoneNumber"):
            data[name] = data[name] if name in scopes else None
    return data


@dataclass(frozen=True, slots=True)
class Card:
    """A test card, and how it changes a payment."""

    ending: str
    brand: str
    on_pay: str | None = None
    """The event of the session when the buyer pays."""
    pending: str | None = None
    """The event that ends a pending authorization.

    The session must be able to handle pending authorizations.
    """
    region: str | None = None
    """The only region that has the card; None is every region."""


# Brands that may be charged in another currency than the merchant's:
# `amazon-pay-checkout/multi-currency-integration.html`.
CONVERTING = frozenset({"Visa", "Mastercard"})

CARDS = {
    card.ending: card
    for card in (
        Card("1111", "Visa"),
        Card("0005", "Amex"),
        Card("4444", "Mastercard"),
        Card("9424", "Discover"),
        Card("0000", "JCB"),
        Card("1212", "Diners", region="jp"),
        Card("3064", "Visa", on_pay="buyer cancels"),
        Card("3434", "Visa", on_pay="payment is declined"),
        Card("0701", "Visa", pending="issuer approves"),
        Card("4354", "Visa", pending="declined hard"),
    )
}
