"""A person with a shop in memory, a folder, and the command `amazonpay bulk`."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from AmazonPay import SQLiteJournal
from command_line import Done, amazonpay, of_simulator, write_key
from simulated import KEY_ID, Clock, Shop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import httpx2

NAMESPACE = "shop/sandbox/M1"
HEAD = ("reference", "charge_id", "amount", "currency")


class Desk:
    """A person with a shop, a folder and a command line."""

    def __init__(self, folder: Path, *, key_id: str = KEY_ID) -> None:
        self.folder = folder
        self.clock = Clock()
        self.shop = Shop(clock=self.clock, key_id=key_id)
        self.env: dict[str, str | None] = {
            "AMAZON_PAY_PUBLIC_KEY_ID": key_id,
            "AMAZON_PAY_PRIVATE_KEY": write_key(folder / "key.pem"),
            "AMAZON_PAY_REGION": "us",
            "AMAZON_PAY_JOURNAL": str(folder / "journal.db"),
        }
        self.transport: httpx2.BaseTransport = of_simulator(self.shop.simulator)

    def write(self, *rows: Sequence[object], head: Sequence[str] = HEAD) -> None:
        with (self.folder / "rows.csv").open("w", newline="") as file:
            csv.writer(file).writerows([head, *rows])

    def run(self, kind: str, *more: str) -> Done:
        file = str(self.folder / "rows.csv")
        line = ("bulk", kind, file, "--namespace", NAMESPACE, *more)
        return amazonpay(*line, transport=self.transport, env=self.env)

    @property
    def journal(self) -> SQLiteJournal:
        return SQLiteJournal(self.folder / "journal.db")

    def posts(self, path: str) -> list[Any]:
        """The requests that change something, by the end of their path."""
        return [
            row.facts
            for row in self.shop.simulator.story()
            if row.kind == "request"
            and row.facts["method"] != "GET"
            and path in str(row.facts)
        ]


def outcomes(done: Done) -> dict[str, int]:
    """Return how many rows had each outcome, from the summary on stdout."""
    return {name: one["rows"] for name, one in done.json["outcomes"].items()}
