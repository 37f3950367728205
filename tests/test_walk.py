"""A short walk of purchases under every fault; `make soak` goes on for much longer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from walk.plan import Kind, order
from walk.supervisor import Walk, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no kill -9 to kill the workers with"
)

# Each operation that a key protects, and a kind of order that uses it.
KEYED: dict[str, Kind] = {
    "create_checkout_session": "cancel",
    "create_charge": "confirm",
    "capture_charge": "authorize",
    "create_refund": "confirm",
}


@pytest.mark.parametrize("rule", ["2xx", "2xx+4xx", "all"])
def test_no_order_is_charged_or_refunded_twice_and_none_is_forgotten(
    rule: str, tmp_path: Path
) -> None:
    report = run(Walk(orders=20, seed=3, stored_answers=rule), tmp_path)
    assert report.faults == []
    assert report.kills >= 2
    assert report.cuts >= 20


@pytest.mark.parametrize("operation", KEYED)
def test_the_walk_fails_when_the_key_of_an_operation_is_dropped(
    operation: str, tmp_path: Path
) -> None:
    kinds = (KEYED[operation],)
    walk = Walk(
        orders=16,
        seed=3,
        processes=2,
        workers=8,
        kinds=kinds,
        drop=operation,
        cuts=0.1,
        kill_every=10_000,
        patience=60,
    )
    report = run(walk, tmp_path)
    assert f"{operation} was run again after it had been carried out" in report.faults


def test_the_plans_of_a_walk_are_of_every_kind() -> None:
    plans = [order(3, number) for number in range(1, 17)]
    assert {plan.kind for plan in plans} == {
        "authorize",
        "confirm",
        "finalize",
        "cancel",
    }
    assert any(plan.refunds for plan in plans)
