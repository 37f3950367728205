"""The test buyers, their addresses and their cards.

The cards are those of `amazon-pay-checkout/sandbox-simulations.html`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
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


# Addresses outside of the home market, by country.
_ABROAD: dict[str, dict[str, str]] = {
    "DE": {
        "name": "Erika Müller",
        "addressLine1": "Rosenthaler Straße 13",
        "city": "Berlin",
        "postalCode": "10119",
        "countryCode": "DE",
        "phoneNumber": "03000000001",
    },
    "GB": {
        "name": "Erika Mueller",
        "addressLine1": "60 Holborn Viaduct",
        "city": "London",
        "postalCode": "EC1A 2FD",
        "countryCode": "GB",
        "phoneNumber": "02000000001",
    },
    "JP": {
        "name": "見本 花子",
        "addressLine1": "千代田区",
        "addressLine2": "丸の内1-9-1",
        "stateOrRegion": "東京都",
        "postalCode": "100-0005",
        "countryCode": "JP",
        "phoneNumber": "0300000001",
    },
    "US": {
        "name": "Erika Mueller",
        "addressLine1": "410 Terry Ave N",
        "city": "Seattle",
        "stateOrRegion": "WA",
        "postalCode": "98109",
        "countryCode": "US",
        "phoneNumber": "8000000001",
    },
}

# Where some shops do not deliver, by region: boxes, and places that are far away.
_HARD_TO_REACH: dict[str, tuple[dict[str, str], ...]] = {
    "na": (
        {
            "addressLine1": "PO Box 1234",
            "city": "Chicago",
            "stateOrRegion": "IL",
            "postalCode": "60607",
        },
        {
            "addressLine1": "1 Airport Way",
            "city": "Fairbanks",
            "stateOrRegion": "AK",
            "postalCode": "99701",
        },
    ),
    "eu": (
        {"addressLine1": "Postfach 1234", "city": "Berlin", "postalCode": "10719"},
        {
            "addressLine1": "Packstation 145",
            "addressLine2": "12345678",
            "city": "Bonn",
            "postalCode": "53113",
        },
    ),
    "uk": (
        {"addressLine1": "PO Box 1234", "city": "London", "postalCode": "EC1A 1AA"},
        {
            "addressLine1": "1 Donegall Square",
            "city": "Belfast",
            "postalCode": "BT1 5GS",
        },
    ),
    "jp": (
        {
            "addressLine1": "那覇市",
            "addressLine2": "泉崎1-2-2",
            "stateOrRegion": "沖縄県",
            "postalCode": "900-8570",
        },
    ),
}

# A name of 50 characters that a shop must show unchanged, whatever its encoding.
_DIFFICULT_NAME = """Zoë O'Neill & "Söhne" <b>GmbH</b>, z. Hd. Łukasz 😀"""


def full_address(given: dict[str, Any]) -> dict[str, Any]:
    """Return an address with all its members, null where unset."""
    return {name: given.get(name) for name in ADDRESS}


def home_address(market: str) -> dict[str, Any]:
    """Return the test buyer's address in a region, or in the UK."""
    return full_address(_HOMES[market])


@dataclass(frozen=True, slots=True)
class Buyer:
    """A test buyer, as one region knows them."""

    email: str
    described: str
    """What a test can use the buyer for, in words."""
    addresses: tuple[dict[str, Any], ...]
    """The first one is their home, to which bills go, too."""

    @property
    def home(self) -> dict[str, Any]:
        """The address that is chosen by default."""
        return self.addresses[0]


@cache
def buyers_in(market: str) -> tuple[Buyer, ...]:
    """Return the test buyers of a region, or of the UK; they are numbered from 1."""
    home = home_address(market)
    abroad = [
        full_address(one)
        for country, one in _ABROAD.items()
        if country != home["countryCode"]
    ]
    here = tuple(full_address({**home, **one}) for one in _HARD_TO_REACH[market])
    return (
        Buyer("test-buyer@example.com", "at home here", (home, *here)),
        Buyer("test-buyer-2@example.com", "lives abroad", tuple(abroad)),
        Buyer(
            "test-buyer-3@example.com",
            "has a name that pages must escape",
            (full_address({**home, "name": _DIFFICULT_NAME}),),
        ),
    )


def buyer_details(
    market: str, account: str, scopes: Collection[str] | None = None, number: int = 1
) -> dict[str, Any]:
    """Return a test buyer in the form of sessions and permissions.

    Data outside the scopes are null; None stands for all data.
    """
    buyer = buyers_in(market)[number - 1]
    data = {
        "name": buyer.home["name"],
        "email": buyer.email,
        "buyerId": account,
        "primeMembershipTypes": None,
        "phoneNumber": buyer.home["phoneNumber"],
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
    """How the payment ends; None is a success at once. A later end needs a session that
    can handle pending authorizations."""
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
