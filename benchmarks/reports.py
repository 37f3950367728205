"""`python -m benchmarks.reports [ROWS]`: rows a second of settlements and orders.

The floor is the csv module, which reads the same settlement and does nothing with it.
All figures are CPU of one process in one run, so that the ratio to the floor says what
the exact decimals, the two readings of a file, and the join cost on top.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

from AmazonPay.report_files import read_report
from AmazonPay.reporting import daily_sums, orders, reconciliation, settlements
from AmazonPay.reporting.engine import Engine
from AmazonPay.reporting.typed_tables import write_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ROWS = 1_000_000
_COLUMNS = (
    *("TransactionPostedDate", "SettlementId", "AmazonTransactionId"),
    *("SellerReferenceId", "TransactionType", "AmazonOrderReferenceId"),
    *("SellerOrderId", "StoreName", "CurrencyCode", "TransactionDescription"),
    *("TransactionAmount", "TransactionPercentageFee", "TransactionFixedFee"),
    *("TotalTransactionFee", "NetTransactionAmount"),
)


def _settlement(rows: int) -> Iterable[tuple[str, ...]]:
    for number in range(rows):
        cents = number * 7919 % 10_000_000 + 100
        order = f"S01-{number:014}"
        yield (
            f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T15:48:50 +0000",
            *("5044561311", f"{order}-C000000", "", "Capture", order),
            *(f"order-{number}", "Shop", "USD", "Capture"),
            f"{cents // 100:,}.{cents % 100:02}",
            *("-0.30", "-0.10", "-0.40"),
            f"{(cents - 40) // 100:,}.{(cents - 40) % 100:02}",
        )


def write(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write a settlement and the orders behind it."""
    settlement, listed = folder / "settlement.csv", folder / "orders.csv"
    with settlement.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([("SellerId", "A1EXAMPLE"), (), _COLUMNS])
        writer.writerows(_settlement(rows))
    with listed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "amount", "currency"))
        writer.writerows((row[6], row[10], "USD") for row in _settlement(rows))
    return settlement, listed


def _cpu(work: Callable[[], object]) -> float:
    begun = process_time()
    work()
    return process_time() - begun


def _floor(settlement: Path) -> int:
    with settlement.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file, strict=True))


def _parquet(settlement: Path) -> None:
    with Engine() as engine:
        write_parquet(engine, read_report(settlement), engine.folder / "one.parquet")


def _reconciled(settlement: Path, listed: Path) -> None:
    with Engine() as engine:
        orders.load(engine, listed, orders.Columns())
        settlements.load(engine, [settlement])
        reconciliation.compare(engine, has_refunds=False)
        counts = reconciliation.counts(engine)
    if counts:
        raise AssertionError(f"the books differ: {counts}")


def _summed_up(settlement: Path) -> None:
    with Engine() as engine:
        settlements.load(engine, [settlement])
        daily_sums.days(engine)


def main(rows: int = _ROWS) -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as name:
        settlement, listed = write(Path(name), rows)
        floor = _cpu(lambda: _floor(settlement))
        found = {
            "csv module alone": floor,
            "as Parquet": _cpu(lambda: _parquet(settlement)),
            "summed up by day": _cpu(lambda: _summed_up(settlement)),
            "matched with orders": _cpu(lambda: _reconciled(settlement, listed)),
        }
    sys.stdout.write(f"{rows:,} rows of a settlement, by CPU:\n")
    for what, spent in found.items():
        sys.stdout.write(
            f"  {what}: {rows / spent:,.0f} rows a second; {spent / floor:.1f} of the"
            " floor\n"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
