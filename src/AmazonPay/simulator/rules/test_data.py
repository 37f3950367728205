"""The test buyers, their addresses and their cards.

The cards are those of `amazon-pay-checkout/sandbox-simulations.html`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..engine.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..engine.outcomes import When

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
    "uk": {
        "name": "Test Buyer",
        "addressLine1": "1 Principal Place",
        "addressLine2": "Worship Street",
        "city": "London",
        "postalCode": "EC2A 2FA",
        "countryCode": "GB",
        "phoneNumber": "02000000000",
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


def home_address(market: str) -> dict[str, Any]:
    """Return the test buyer's address in a region, or in the UK."""
    return full_address(_HOMES[market])


def buyer_details(
    market: str, account: str, scopes: Collection[str] | None = None
) -> dict[str, Any]:
    """Return the test buyer in the form of sessions and permissions.

    Data outside the scopes are null; None stands for all data.
    """
    data = {
        "name": _HOMES[market]["name"],
        "email": "test-buyer@example.com",
        "buyerId": account,
        "primeMembershipTypes": None,
        "phoneNumber": _HOMES[market]["phoneNumber"],
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
    ends: Outcome | None = None
    """How the payment ends, if not well at once. One that ends later needs a session
    that can handle pending authorizations."""
    region: str | None = None
    """The only region that has the card; None is every region."""


# Brands that may be charged in another currency than the merchant's:
# `amazon-pay-checkout/multi-currency-integration.html`.
CONVERTING = frozenset({"Visa", "Mastercard"})


def _outcome(name: str, when: When) -> Outcome:
    return Outcome("complete_checkout_session", name, when)


CARDS = {
    card.ending: card
    for card in (
        Card("1111", "Visa"),
        Card("0005", "Amex"),
        Card("4444", "Mastercard"),
        Card("9424", "Discover"),
        Card("0000", "JCB"),
        Card("1212", "Diners", region="jp"),
        Card("3064", "Visa", _outcome("BuyerCanceled", "before")),
        Card("3434", "Visa", _outcome("Declined", "before")),
        Card("0701", "Visa", _outcome("Authorized", "later")),
        Card("4354", "Visa", _outcome("HardDeclined", "later")),
    )
}
