"""Sums of reports are exact: DuckDB's equal those of `Decimal`, whatever comes.

A bounded run; `HYPOTHESIS_EXAMPLES=2000 pytest tests/property/test_report_sums.py` goes
on for longer.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from AmazonPay import AmazonPayError
from AmazonPay.reporting import daily_sums, orders, reconciliation, settlements
from AmazonPay.reporting.engine import Engine
from settlement_files import Row, write_orders, write_settlement

pytestmark = pytest.mark.slow


EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "15"))
bounded = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

KINDS = {
    "Capture": "captures",
    "Refund": "refunds",
    "Chargeback": "chargebacks",
    "Transfer": "payouts",
    "Adjustment": "other",
}
amounts = st.decimals(
    min_value=Decimal(-(10**19)), max_value=Decimal(10**19), places=8
) | st.decimals(min_value=Decimal(-999), max_value=Decimal(999), places=2)
rows = st.builds(
    Row,
    st.sampled_from(list(KINDS)),
    amounts,
    st.sampled_from(["", "A", "B", "C"]),
    st.sampled_from(["USD", "JPY"]),
    st.sampled_from(["2026-05-18", "2026-05-19", "1999-12-31"]),
    # What is written is a table: a field without zero bytes, of no lone surrogate.
    id=st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5
    ),
    fee=st.decimals(min_value=-99, max_value=99, places=8),
    reference=st.just(""),
)


def exact(numbers: list[Decimal]) -> Decimal:
    with localcontext() as context:
        context.prec = 200
        return sum(numbers, Decimal(0))


@bounded
@given(st.lists(rows, min_size=1, max_size=30))
def test_sums_by_day_are_exact(made: list[Row]) -> None:
    with tempfile.TemporaryDirectory() as name, Engine() as engine:
        path = write_settlement(Path(name) / "s.csv", made)
        settlements.load(engine, [path])
        days = daily_sums.days(engine)
    for day in days:
        of_day = [
            row
            for row in made
            if (row.currency, row.day) == (day.currency, str(day.day))
        ]
        assert day.movements == len(of_day)
        for kind, sum_ in KINDS.items():
            if kind != "Transfer":
                found = [Decimal(row.amount) for row in of_day if row.type == kind]
                assert getattr(day, sum_) == exact(found)
    for total in daily_sums.sums(days):
        nets = [
            exact([Decimal(row.amount), -Decimal(row.fee)])
            for row in made
            if row.currency == total.currency
        ]
        assert total.left == exact(nets)
    assert sum(day.movements for day in days) == len(made)


@bounded
@given(
    st.lists(rows, max_size=20),
    st.dictionaries(
        st.sampled_from("ABCD"),
        st.tuples(amounts.map(abs), st.sampled_from(["USD", "JPY"])),
    ),
)
def test_every_cent_of_an_order_is_compared(
    made: list[Row], ordered: dict[str, tuple[Decimal, str]]
) -> None:
    with tempfile.TemporaryDirectory() as name, Engine() as engine:
        path = write_settlement(Path(name) / "s.csv", made)
        lines = [f"{id_},{amount:f},{code}" for id_, (amount, code) in ordered.items()]
        listed = write_orders(Path(name) / "o.csv", "id,amount,currency", *lines)
        orders.load(engine, listed, orders.Columns())
        settlements.load(engine, [path])
        reconciliation.compare(engine, has_refunds=False)
        different = {one.order for one in reconciliation.differences(engine)}
    for id_, (amount, currency) in ordered.items():
        found = [row for row in made if row.order == id_ and row.type != "Transfer"]
        sums = {
            kind: exact([Decimal(row.amount) for row in found if row.type == kind])
            for kind in KINDS
        }
        captured, refunded = sums["Capture"], sums["Refund"]
        is_paid = exact([captured, refunded]) == amount
        agrees = (
            all(row.currency == currency for row in found)
            and is_paid
            and not sums["Chargeback"]
            and not sums["Adjustment"]
        )
        assert (id_ not in different) is agrees


@bounded
@given(st.text(max_size=200) | st.binary(max_size=200))
def test_whatever_is_no_list_of_orders_ends_in_words(content: str | bytes) -> None:
    encoded = (
        content if isinstance(content, bytes) else content.encode(errors="replace")
    )
    with tempfile.TemporaryDirectory() as name, Engine() as engine:
        path = Path(name) / "o.csv"
        path.write_bytes(b"id,amount,currency\n" + encoded)
        # Nothing else may be raised.
        with contextlib.suppress(AmazonPayError):
            orders.load(engine, path, orders.Columns())
