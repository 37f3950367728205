"""What a simulator keeps, and that its calls do as much work late as early."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import growth_soak
from AmazonPay.simulator import Settings, Store
from simulated import LIVE_KEY_ID, Clock, Shop

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

OWNER = "A1SIMULATEDMERCHANT/sandbox"


def work_of(shop: Shop, call: Callable[[], object]) -> tuple[int, int]:
    """Count the statements of a call, and the steps that SQLite makes for them."""
    connection = shop.simulator.store._connection  # noqa: SLF001 - what is counted is inside
    statements: list[str] = []
    steps: list[int] = []
    connection.set_trace_callback(statements.append)
    connection.set_progress_handler(lambda: steps.append(1), 1)
    try:
        call()
    finally:
        connection.set_trace_callback(None)
        connection.set_progress_handler(None, 0)
    return len(statements), len(steps)


# Work ---------------------------------------------------------------------------------


def check_flat(early: tuple[int, int], late: tuple[int, int]) -> None:
    """Require as many statements late as early, and hardly more steps."""
    assert late[0] == early[0]
    assert late[1] < 1.2 * early[1]


@pytest.mark.parametrize("kind", ["one order", "each month"])
def test_a_charge_is_as_much_work_after_many_as_after_one(kind: str) -> None:
    shop = Shop(settings=Settings(headroom=1_000))
    if kind == "one order":
        total = shop.money("100")
        permission = shop.buy("50", "Confirm", totalOrderAmount=total).permission
    else:
        permission = growth_soak.wallet(shop)

    def charge() -> None:
        assert shop.charge(permission, "1").status == 201

    charge()
    early = work_of(shop, charge)
    for _ in range(100):
        charge()
    check_flat(early, work_of(shop, charge))


def test_reads_refunds_and_disputes_are_as_much_work_late_as_early() -> None:
    shop = Shop(settings=Settings(headroom=1_000))
    charge = shop.sold("100")
    permission = growth_soak.wallet(shop)
    calls: dict[str, Callable[[], object]] = {
        "refund": lambda: shop.refund(charge, "0.01"),
        "dispute": lambda: shop.simulator.file_chargeback(charge, amount="0.01"),
        "permission": lambda: shop.get(f"/chargePermissions/{permission}"),
        "tracker": lambda: shop.post(
            "/deliveryTrackers",
            {"amazonOrderReferenceId": "S01-0", "deliveryDetails": []},
        ),
    }
    for call in calls.values():
        call()
    early = {name: work_of(shop, call) for name, call in calls.items()}
    for _ in range(100):
        shop.refund(charge, "0.01")
        shop.charge(permission, "0.01")
        shop.simulator.file_chargeback(charge, amount="0.01")
    for name, call in calls.items():
        check_flat(early[name], work_of(shop, call))


@pytest.mark.process
def test_a_small_soak_is_clean() -> None:
    assert growth_soak.main(6) == []


# Totals -------------------------------------------------------------------------------


def test_a_month_begins_with_nothing_and_a_late_cancel_gives_it_nothing() -> None:
    clock = Clock()
    shop = Shop(clock=clock, key_id=LIVE_KEY_ID)
    permission = growth_soak.wallet(shop)
    old = shop.charge(permission, "400").json["chargeId"]
    clock.move(days=16)
    assert balance(shop, permission) == "600.00"
    assert shop.charge(permission, "100", captureNow=True).status == 201
    clock.move(days=1)
    assert clock.now.month == 2
    assert balance(shop, permission) == "1000.00"
    assert shop.charge(permission, "1000.01").error == (400, "PeriodicAmountExceeded")
    new = shop.charge(permission, "300").json["chargeId"]
    shop.delete(f"/charges/{old}/cancel", {"cancellationReason": "late"})
    assert balance(shop, permission) == "700.00"
    shop.delete(f"/charges/{new}/cancel", {"cancellationReason": "now"})
    assert balance(shop, permission) == "1000.00"


def balance(shop: Shop, permission: str) -> str:
    limits = shop.get(f"/chargePermissions/{permission}").json["limits"]
    return str(limits["amountBalance"]["amount"])


def charged(shop: Shop, permission: str, **more: bool) -> str:
    body = {"chargePermissionId": permission, "chargeAmount": shop.money("1"), **more}
    return str(shop.post("/charges", body).json["chargeId"])


def test_closing_cancels_what_is_open_of_this_permission_alone(shop: Shop) -> None:
    one, other = growth_soak.wallet(shop), growth_soak.wallet(shop)
    made = {
        permission: [
            charged(shop, permission, **more)
            for more in (
                {},
                {"captureNow": True},
                {"canHandlePendingAuthorization": True},
            )
        ]
        for permission in (one, other)
    }
    body = {"closureReason": "done", "cancelPendingCharges": True}
    assert shop.delete(f"/chargePermissions/{one}/close", body).status == 200
    states = {
        permission: [shop.get(f"/charges/{charge}").state for charge in charges]
        for permission, charges in made.items()
    }
    canceled = ("Canceled", "ChargePermissionCanceled")
    assert states[one] == [canceled, ("Captured", None), canceled]
    assert states[other] == [
        ("Authorized", None),
        ("Captured", None),
        ("AuthorizationInitiated", None),
    ]


# The story ----------------------------------------------------------------------------


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Store]:
    path = ":memory:" if request.param == "memory" else tmp_path / "shop.db"
    store = Store(path)
    yield store
    store.close()


def told(store: Store, count: int, *, most: int | None = None) -> list[bool]:
    """Write rows, every third about an order; tell which write dropped the first."""
    with store.transaction() as transaction:
        return [
            transaction.add_story_row(
                "1", OWNER, "A" if number % 3 == 0 else None, "x", {}, most=most
            )
            for number in range(count)
        ]


def test_the_story_comes_in_pages_in_order(store: Store) -> None:
    told(store, 1_234)
    rows = list(store.story())
    assert [row.number for row in rows] == list(range(1, 1_235))
    assert [row.number for row in store.story("A")] == list(range(1, 1_235, 3))
    assert [row.number for row in store.story(after=1_230)] == list(range(1_231, 1_235))


def test_a_reader_and_the_writer_take_turns_for_a_page_at_most(store: Store) -> None:
    told(store, 1_000)
    reading = store.story()
    assert next(reading).number == 1
    written = threading.Event()

    def write() -> None:
        told(store, 1)
        written.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(60)
    writer.join()
    assert [row.number for row in reading] == list(range(2, 1_002))


def test_a_file_is_read_while_its_writer_writes(tmp_path: Path) -> None:
    store = Store(tmp_path / "shop.db")
    told(store, 3)
    with store.transaction() as transaction:
        transaction.add_story_row("1", OWNER, None, "x", {})
        assert [row.number for row in store.story()] == [1, 2, 3]
    store.close()


def test_the_story_of_an_order_is_read_by_its_index(store: Store) -> None:
    told(store, 1)
    plans: list[str] = []
    connection = store._connection  # noqa: SLF001 - the plan is inside
    with store.transaction():
        for query in (
            'SELECT * FROM history WHERE "order" = ? AND number > ? ORDER BY number',
            "SELECT * FROM history WHERE ? IS NOT NULL AND number > ? ORDER BY number",
        ):
            plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", ("A", 1))
            plans += [row[3] for row in plan]
    assert all(plan.startswith("SEARCH history USING") for plan in plans), plans


def test_rows_above_the_limit_are_dropped_and_their_number_is_told(
    store: Store,
) -> None:
    dropped = told(store, 30, most=20)
    assert [number for number, first in enumerate(dropped) if first] == [20]
    first, *rows = store.story()
    assert (first.kind, first.facts, first.number) == ("dropped", {"rows": 10}, 10)
    assert [row.number for row in rows] == list(range(11, 31))
    (row, *_) = store.story("A", after=4)
    assert (row.kind, row.facts) == ("dropped", {"rows": 6})
    assert next(iter(store.story(after=10))).number == 11


def test_a_story_that_drops_rows_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop(settings=Settings(story_rows=5))
    with caplog.at_level(logging.WARNING, "AmazonPay.simulator"):
        for _ in range(20):
            shop.get("/charges/x")
    assert len(caplog.records) == 1
    assert "Settings.story_rows" in caplog.text
    rows = shop.simulator.story()
    assert [row.kind for row in rows] == ["dropped", *["request"] * 5]


def test_a_story_keeps_ten_thousand_rows_and_can_keep_all() -> None:
    assert Settings().story_rows == 10_000
    shop = Shop(settings=Settings(story_rows=None))
    for _ in range(20):
        shop.get("/charges/x")
    assert len(shop.simulator.story()) == 20
    assert len(shop.simulator.story(limit=7)) == 7
    assert [row.number for row in shop.simulator.story(after=12, limit=2)] == [13, 14]


# What is deleted ----------------------------------------------------------------------


STALE = Settings(stale_for=timedelta(days=365), stale_reads=1.0, story_rows=1)


def kept(store: Store) -> str:
    """Give all that is stored of objects, as text."""
    with store.transaction():
        rows = store._connection.execute("SELECT id, record FROM object")  # noqa: SLF001 - what is stored is inside
        return "\n".join(" ".join(row) for row in rows)


@pytest.mark.parametrize("settings", [Settings(), STALE], ids=["default", "stale"])
def test_a_session_is_deleted_after_30_days(settings: Settings) -> None:
    store = Store()
    shop = Shop(store=store, settings=settings)
    session = shop.open()
    shop.simulator.choose(session)
    shop.clock.move(days=30)
    assert shop.get(f"/checkoutSessions/{session}").status == 200
    shop.clock.move(seconds=1)
    assert shop.get(f"/checkoutSessions/{session}").status == 404
    assert session not in kept(store)


@pytest.mark.parametrize("settings", [Settings(), STALE], ids=["default", "stale"])
def test_buyer_data_are_deleted_after_30_days(settings: Settings) -> None:
    store = Store()
    shop = Shop(store=store, settings=settings)
    order, wallet = shop.buy().permission, growth_soak.wallet(shop)
    shop.clock.move(days=30, seconds=1)
    assert shop.get(f"/chargePermissions/{order}").json["buyer"] is None
    assert shop.get(f"/chargePermissions/{wallet}").json["buyer"] is not None
    shop.delete(f"/chargePermissions/{wallet}/close", {"closureReason": "done"})
    shop.clock.move(days=30)
    assert shop.get(f"/chargePermissions/{wallet}").json["buyer"] is not None
    shop.clock.move(seconds=1)
    assert shop.get(f"/chargePermissions/{wallet}").json["buyer"] is None
    left = kept(store)
    assert "amzn1.account." not in left
    assert "Ditka" not in left
    assert order in left


def test_what_is_deleted_leaves_no_bytes_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    store = Store(path)
    with store.transaction() as transaction:
        transaction.save(OWNER, "checkoutSession", {"id": "1", "name": "Xanthippe"})
    with store.transaction() as transaction:
        transaction.delete(OWNER, "checkoutSession", "1")
    store.close()
    assert b"Xanthippe" not in path.read_bytes()
