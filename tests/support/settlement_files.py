"""Settlement files and lists of orders, as a test or a soak needs them."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COLUMNS = (
    *("TransactionPostedDate", "SettlementId", "AmazonTransactionId"),
    *("SellerReferenceId", "TransactionType", "AmazonOrderReferenceId"),
    *("SellerOrderId", "StoreName", "CurrencyCode", "TransactionDescription"),
    *("TransactionAmount", "TransactionPercentageFee", "TransactionFixedFee"),
    *("TotalTransactionFee", "NetTransactionAmount"),
)
FACTS = (
    ("SettlementStartDate", "2026-05-17T00:00:00 +0000"),
    ("SettlementEndDate", "2026-05-31T00:00:00 +0000"),
    ("SellerId", "A1EXAMPLE"),
)


class Row(NamedTuple):
    """One row of a settlement; `fee` is what the merchant pays."""

    type: str
    amount: str | Decimal
    order: str = ""
    currency: str = "USD"
    day: str = "2026-05-18"
    id: str = ""
    fee: str | Decimal = "0"
    reference: str = ""

    def fields(self) -> list[object]:
        amount, fee = Decimal(self.amount), Decimal(self.fee)
        return [
            f"{self.day}T15:48:50 +0000",
            "5044561311",
            self.id,
            "",
            self.type,
            self.reference,
            self.order,
            "Shop",
            self.currency,
            self.type,
            f"{amount:,f}",
            f"{-fee:,f}",
            "0",
            f"{-fee:,f}",
            f"{amount - fee:,f}",
        ]


def write_settlement(
    path: Path,
    rows: Iterable[Row],
    *,
    facts: Iterable[tuple[str, str]] = FACTS,
    encoding: str = "utf-8",
) -> Path:
    """Write a settlement in the form of real ones."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([*facts, (), COLUMNS])
        writer.writerows(row.fields() for row in rows)
    return path


def write_orders(path: Path, *lines: str) -> Path:
    """Write a list of orders; its first line names the columns."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
