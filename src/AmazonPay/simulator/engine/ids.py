"""Ids in the form of Amazon's, from an injected source of randomness."""

from __future__ import annotations

import string
import uuid
from dataclasses import dataclass, field
from random import Random, SystemRandom

_REGION_DIGITS = {"na": "01", "eu": "02", "jp": "03"}
_CAPITALS = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class Ids:
    """Makes ids; equal seeds make equal ids."""

    random: Random = field(default_factory=SystemRandom)

    def _digits(self, count: int) -> str:
        return "".join(self.random.choices(string.digits, k=count))

    def _capitals(self, count: int) -> str:
        return "".join(self.random.choices(_CAPITALS, k=count))

    def uuid(self) -> str:
        """Return a UUID of version 4, in lower case."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def order(self, region: str, *, recurring: bool = False) -> str:
        """Return an order id: `S01-…`, or `C01-…` for recurring and saved wallets."""
        letter = "C" if recurring else "S"
        number = f"{self._digits(7)}-{self._digits(7)}"
        return f"{letter}{_REGION_DIGITS[region]}-{number}"

    def suffixed(self, order: str, letter: str) -> str:
        """Return the id of an order's charge (C), refund (R) or dispute (B)."""
        return f"{order}-{letter}{self._digits(6)}"

    def account(self) -> str:
        """Return a buyer's id."""
        return f"amzn1.account.{self._capitals(28)}"

    def address(self) -> str:
        """Return the id of one of several shipping addresses."""
        return f"amzn1.address.{self._capitals(26)}"

    def buyer_token(self) -> str:
        """Return a buyer token; like real ones it may need percent-encoding."""
        return f"{self._capitals(40)}/+{self._capitals(4)}="

    def page_token(self) -> str:
        """Return a token for the next page, which needs percent-encoding, too."""
        return f"{self._capitals(24)}/+{self._capitals(4)}=="

    def secret(self) -> str:
        """Return a text that cannot be guessed."""
        return f"{self.random.getrandbits(256):064x}"

    def number(self) -> str:
        """Return the id of a report or a schedule."""
        return self._digits(11)

    def document(self) -> str:
        """Return a report document's id."""
        return f"amzn1.tortuga.0.{self.uuid()}.{self._capitals(14)}"

    def file(self) -> str:
        """Return a file's id."""
        return f"file_{self._capitals(20)}"

    def merchant_account(self) -> str:
        """Return a merchant account's id."""
        return f"A{self._capitals(13)}"

    def store(self) -> str:
        """Return a store's id."""
        return f"amzn1.application-oa2-client.{self.random.getrandbits(128):032x}"
