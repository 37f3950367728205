"""Ids in Amazon's shapes; the source of randomness is injected."""

from __future__ import annotations

import string
import uuid
from dataclasses import dataclass, field
from random import Random, SystemRandom

_REGION_DIGITS = {"na": "01", "eu": "02", "jp": "03"}
_CAPITALS = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class Ids:
    """Makes ids; the same seed makes the same ones."""

    random: Random = field(default_factory=SystemRandom)

    def _digits(self, count: int) -> str:
        return "".join(self.random.choices(string.digits, k=count))

    def _capitals(self, count: int) -> str:
        return "".join(self.random.choices(_CAPITALS, k=count))

    def uuid(self) -> str:
        """Make a UUID of version 4, in lower case."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def order(self, region: str, *, recurring: bool = False) -> str:
        """Make an order's id: `S01-…` once, `C01-…` for recurring and saved wallets."""
        letter = "C" if recurring else "S"
        number = f"{self._digits(7)}-{self._digits(7)}"
        return f"{letter}{_REGION_DIGITS[region]}-{number}"

    def suffixed(self, order: str, letter: str) -> str:
        """Make the id of a charge (C), refund (R) or dispute (B) of an order."""
        return f"{order}-{letter}{self._digits(6)}"

    def account(self) -> str:
        """Make a buyer's id."""
        return f"amzn1.account.{self._capitals(28)}"

    def address(self) -> str:
        """Make the id of one of several shipping addresses."""
        return f"amzn1.address.{self._capitals(26)}"

    def buyer_token(self) -> str:
        """Make a token that needs percent-encoding, as real ones may."""
        return f"{self._capitals(40)}/+{self._capitals(4)}="

    def page_token(self) -> str:
        """Make a token for the next page, which needs percent-encoding too."""
        return f"{self._capitals(24)}/+{self._capitals(4)}=="

    def secret(self) -> str:
        """Make a text that nobody guesses."""
        return f"{self.random.getrandbits(256):064x}"

    def number(self) -> str:
        """Make the id of a report or a schedule."""
        return self._digits(11)

    def document(self) -> str:
        """Make a report document's id."""
        return f"amzn1.tortuga.0.{self.uuid()}.{self._capitals(14)}"

    def file(self) -> str:
        """Make a file's id."""
        return f"file_{self._capitals(20)}"

    def merchant_account(self) -> str:
        """Make a merchant account's id."""
        return f"A{self._capitals(13)}"

    def store(self) -> str:
        """Make a store's id."""
        return f"amzn1.application-oa2-client.{self.random.getrandbits(128):032x}"
