"""The helpers of both clients against the simulator: answers get lost, workers meet."""

from __future__ import annotations

import inspect
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import create_autospec

import anyio
import httpx2
import pytest
from sqlalchemy import NullPool, create_engine

from AmazonPay import AsyncClient, Client, SQLiteJournal
from AmazonPay.contrib.sqlalchemy import SQLAlchemyJournal
from AmazonPay.procedures.once import Once
from AmazonPay.simulator import Settings
from callers import on_both_loops
from journals import NAMES, MemoryJournal
from keys import KEY
from losing_wire import Wire
from purchases import HELPERS, LEFT, done, prepared
from side_by_side import in_threads
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    from pathlib import Path

    from AmazonPay import Decision, Journal


def once_each(shop: Shop) -> bool:
    """Tell whether nothing happened twice to any kind of object."""
    return all(len(set(events)) == len(events) for events in done(shop).values())


def check(shop: Shop, helper: str, decision: Decision[Any]) -> None:
    kind, event = LEFT[helper]
    assert decision.outcome == ("pending" if kind == "refund" else "success")
    assert done(shop)[kind].count(event) == 1
    assert once_each(shop)


# Both clients -------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [0, 1, 3])
@pytest.mark.parametrize("helper", HELPERS)
def test_the_blocking_client_does_it_once(
    helper: str, lost: int, tmp_path: Path
) -> None:
    shop = Shop()
    arguments = prepared(shop, helper)
    journal = SQLiteJournal(tmp_path / "journal.db")
    call = getattr(Wire(shop, lost=lost).client(), helper)
    check(shop, helper, call(*arguments, journal=journal, **NAMES))


@on_both_loops
@pytest.mark.parametrize("helper", HELPERS)
async def test_the_async_client_does_it_once(helper: str, tmp_path: Path) -> None:
    shop = Shop()
    arguments = prepared(shop, helper)
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}", poolclass=NullPool)
    journal = SQLAlchemyJournal(engine)
    journal.create_table()

    async with Wire(shop, lost=1).async_client() as client:
        call = getattr(client, helper)
        check(shop, helper, await call(*arguments, journal=journal, **NAMES))
    engine.dispose()


@pytest.mark.parametrize("helper", HELPERS)
def test_every_answer_is_lost_and_the_next_call_finds_out(helper: str) -> None:
    shop, journal = Shop(), MemoryJournal()
    arguments = prepared(shop, helper)
    wire = Wire(shop, lost=4)
    call = getattr(wire.client(), helper)
    first = call(*arguments, journal=journal, **NAMES)
    # A state tells at once; only the key can tell of a charge or a refund.
    by_key = helper in {"create_charge_or_get", "refund_or_get"}
    assert first.outcome == ("unknown" if by_key else "success")
    assert first.error is not None
    check(shop, helper, call(*arguments, journal=journal, **NAMES))
    assert len({body for _, _, body in wire.acted}) == 1
    assert len({key for _, key, _ in wire.acted}) == 1


@pytest.mark.parametrize("helper", HELPERS)
def test_what_the_first_worker_began_the_sweep_ends(helper: str) -> None:
    shop, journal = Shop(), MemoryJournal()
    arguments = prepared(shop, helper)

    def dying(sent: httpx2.Request) -> httpx2.Response:
        answer = wire(sent)
        if sent.method != "GET":
            raise KeyboardInterrupt
        return answer

    wire = Wire(shop)
    client = Client(KEY_ID, KEY, "us", transport=httpx2.MockTransport(dying))
    with pytest.raises(KeyboardInterrupt):
        getattr(client, helper)(*arguments, journal=journal, **NAMES)
    (entry,) = journal.open_entries()
    decision: Any = wire.client().resume(entry, journal=journal)
    check(shop, helper, decision)


@pytest.mark.parametrize("helper", HELPERS)
def test_a_client_that_raises_does_it_once(helper: str) -> None:
    shop, journal = Shop(), MemoryJournal()
    arguments = prepared(shop, helper)
    client = Wire(shop, lost=1).client(raise_for_status=True)
    check(shop, helper, getattr(client, helper)(*arguments, journal=journal, **NAMES))


@pytest.mark.parametrize("helper", HELPERS)
def test_a_second_call_sends_nothing(helper: str) -> None:
    shop, journal = Shop(), MemoryJournal()
    arguments = prepared(shop, helper)
    wire = Wire(shop)
    call = getattr(wire.client(), helper)
    for _ in range(3):
        check(shop, helper, call(*arguments, journal=journal, **NAMES))
    assert len(wire.acted) == 1


@pytest.mark.parametrize(
    ("helper", "path"),
    [("create_charge_or_get", "/charges"), ("refund_or_get", "/refunds")],
)
def test_another_key_would_move_the_money_twice(helper: str, path: str) -> None:
    """It is the key that prevents it in these tests, and no limit of the simulator."""
    shop = Shop()
    (body,) = prepared(shop, helper)
    assert [shop.post(path, body).status for _ in range(2)] == [201, 201]
    kind, event = LEFT[helper]
    assert done(shop)[kind].count(event) == 2
    assert not once_each(shop)


# Workers that meet --------------------------------------------------------------------


@pytest.mark.parametrize("helper", HELPERS)
def test_two_threads_with_one_order_do_it_once(helper: str, tmp_path: Path) -> None:
    shop = Shop()
    arguments = prepared(shop, helper)
    barrier = threading.Barrier(2)
    decisions: list[Decision[Any]] = []

    def work() -> None:
        journal = SQLiteJournal(tmp_path / "journal.db")
        call = getattr(Wire(shop, lost=1).client(), helper)
        barrier.wait()
        decisions.append(call(*arguments, journal=journal, **NAMES))

    in_threads(work, 2)
    assert len(decisions) == 2
    for decision in decisions:
        check(shop, helper, decision)


@on_both_loops
@pytest.mark.parametrize("helper", HELPERS)
async def test_two_tasks_with_one_order_do_it_once(helper: str, tmp_path: Path) -> None:
    shop = Shop()
    arguments = prepared(shop, helper)
    journal = SQLiteJournal(tmp_path / "journal.db")
    decisions: list[Decision[Any]] = []

    async with Wire(shop, lost=1).async_client() as client:

        async def work() -> None:
            call = getattr(client, helper)
            decisions.append(await call(*arguments, journal=journal, **NAMES))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            tasks.start_soon(work)
    assert len(decisions) == 2
    for decision in decisions:
        check(shop, helper, decision)


# The life of a payment ----------------------------------------------------------------


def completed(shop: Shop, session: str, journal: Journal, amount: object = "50") -> Any:
    """Complete a session, or find out what became of it."""
    body = {"chargeAmount": shop.money(amount)}
    client = Wire(shop).client()
    return client.complete_or_get_checkout_session(
        session, body, journal=journal, **NAMES
    )


def test_a_checkout_that_someone_else_completed_is_a_success() -> None:
    shop, journal = Shop(), MemoryJournal()
    purchase = shop.buy("50")
    decision = completed(shop, purchase.session, journal, "50.0")
    assert decision.ok
    assert decision.charge["chargeId"] == purchase.charge
    assert done(shop)["checkoutSession"].count("complete") == 1


@pytest.mark.parametrize("amount", ["50.01", "5"])
def test_money_over_another_amount_has_moved_once_the_checkout_is_completed(
    amount: str,
) -> None:
    shop = Shop()
    session = shop.paid()
    for outcome in ("no", "moved"):
        decision = completed(shop, session, MemoryJournal(), amount)
        assert (decision.outcome, decision.reason) == (outcome, "AmountMismatch")
        shop.complete(session)


@pytest.mark.parametrize("kinds", ["2xx", "2xx+4xx", "all"])
def test_a_checkout_is_completed_once_its_buyer_has_paid(kinds: Any) -> None:
    shop, journal = Shop(settings=Settings(stored_answers=kinds)), MemoryJournal()
    session = shop.open()
    shop.simulator.choose(session)
    for _ in range(2):
        assert completed(shop, session, journal).outcome == "pending"
    shop.simulator.pay(session)
    assert completed(shop, session, journal).ok


def test_a_checkout_that_its_buyer_left_is_a_no() -> None:
    shop, journal = Shop(), MemoryJournal()
    session = shop.open()
    shop.simulator.cancel(session)
    decision = completed(shop, session, journal)
    assert (decision.outcome, decision.reason) == ("no", "BuyerCanceled")


def test_a_checkout_that_is_purged_proves_nothing() -> None:
    shop, journal = Shop(), MemoryJournal()
    purchase = shop.buy()
    shop.clock.move(days=31)
    decision = completed(shop, purchase.session, journal)
    assert (decision.outcome, decision.reason) == ("unknown", "ResourceNotFound")


def test_a_pending_authorization_is_waited_for_by_calling_again() -> None:
    shop, journal = Shop(), MemoryJournal()
    body = shop.session_body(canHandlePendingAuthorization=True)
    session = shop.paid(body, card="4354")
    assert completed(shop, session, journal).outcome == "pending"
    assert len(journal.open_entries()) == 1
    shop.clock.move(seconds=60)
    assert completed(shop, session, journal).outcome in {"success", "no"}
    assert journal.open_entries() == []


def test_a_late_capture_is_pending_first() -> None:
    settings = Settings(capture_settles_after=timedelta(seconds=60))
    shop, journal = Shop(settings=settings), MemoryJournal()
    shop.provoke("capture_charge", "Captured", "later")
    charge = shop.buy().charge
    client = Wire(shop, lost=1).client()

    def capture() -> Any:
        return client.capture_or_get_charge(
            charge, {"captureAmount": shop.money("50")}, journal=journal, **NAMES
        )

    assert capture().outcome == "pending"
    shop.clock.move(seconds=60)
    assert capture().ok
    for refunded, outcome in (("1.00", "success"), ("50.00", "moved")):
        shop.refund(charge, 1 if refunded == "1.00" else 49)
        shop.clock.move(seconds=60)
        decision = capture()
        assert decision.outcome == outcome
        assert decision.refunded == shop.money(refunded)
    assert journal.open_entries() == []


def test_a_refund_is_pending_first() -> None:
    shop, journal = Shop(), MemoryJournal()
    arguments = prepared(shop, "refund_or_get")
    client = Wire(shop).client()
    decision = client.refund_or_get(*arguments, journal=journal, **NAMES)
    assert decision.outcome == "pending"
    shop.clock.move(seconds=30)
    (entry,) = journal.open_entries()
    assert client.resume(entry, journal=journal).ok


def test_a_second_refund_of_one_order_is_another_order() -> None:
    shop, journal = Shop(), MemoryJournal()
    charge = shop.buy("50", "AuthorizeWithCapture").charge
    body = {"chargeId": charge, "refundAmount": shop.money("5")}
    client = Wire(shop).client()
    for order in ("1007/return-1", "1007/return-2", "1007/return-1"):
        client.refund_or_get(body, journal=journal, namespace="shop", order=order)
    assert done(shop)["refund"] == ["create", "create"]


@pytest.mark.parametrize(
    ("code", "new_attempt"), [("SoftDeclined", True), ("HardDeclined", False)]
)
def test_a_decline_is_a_no_and_tells_about_a_new_attempt(
    code: str, new_attempt: bool
) -> None:
    shop, journal = Shop(), MemoryJournal()
    (body,) = prepared(shop, "create_charge_or_get")
    client = Wire(shop).client()
    declining = client.with_options(simulation_code=code)
    decision = declining.create_charge_or_get(body, journal=journal, **NAMES)
    assert (decision.outcome, decision.reason) == ("no", code)
    assert decision.new_attempt is new_attempt
    second = client.create_charge_or_get(body, journal=journal, attempt=2, **NAMES)
    assert second.ok is new_attempt


def test_closing_takes_the_open_charges_with_it() -> None:
    shop, journal = Shop(), MemoryJournal()
    purchase = shop.buy()
    body = {"closureReason": "out of stock", "cancelPendingCharges": True}
    client = Wire(shop, lost=4).client()

    def close(**more: Any) -> Any:
        return client.close_or_get_charge_permission(
            purchase.permission, body, journal=journal, **NAMES, **more
        )

    assert (close().outcome, close().reason) == ("unknown", "ClosedByAnother")
    assert close(charge_ids=[purchase.charge]).ok
    assert journal.open_entries() == []


def test_a_permission_that_was_closed_without_its_charges_is_not_done() -> None:
    shop, journal = Shop(), MemoryJournal()
    purchase = shop.buy()
    path = f"/chargePermissions/{purchase.permission}/close"
    shop.delete(path, {"closureReason": "by another"})
    body = {"closureReason": "out of stock", "cancelPendingCharges": True}
    client, charges = Wire(shop).client(), [purchase.charge]
    decision = client.close_or_get_charge_permission(
        purchase.permission, body, journal=journal, charge_ids=charges, **NAMES
    )
    assert (decision.outcome, decision.reason) == ("unknown", "ChargeStillOpen")


# What users see -----------------------------------------------------------------------


@pytest.mark.parametrize("helper", [*HELPERS, "resume"])
def test_a_helper_is_what_it_looks_like(helper: str) -> None:
    assert inspect.iscoroutinefunction(getattr(AsyncClient, helper))
    assert not inspect.iscoroutinefunction(getattr(Client, helper))
    signature = inspect.signature(getattr(Client, helper))
    assert "journal" in signature.parameters
    assert str(signature.return_annotation).startswith("Decision[")


def test_a_helper_of_a_mock_takes_what_the_helper_takes() -> None:
    client = create_autospec(Client, instance=True)
    client.cancel_or_get_charge("S01-C1", journal=None, namespace="n", order="1")
    with pytest.raises(TypeError, match="journal"):
        client.cancel_or_get_charge("S01-C1", namespace="n", order="1")


def test_every_helper_says_how_it_decides() -> None:
    for helper in HELPERS:
        text = inspect.getdoc(getattr(Once, helper)) or ""
        assert "Amazon's page:" in text
        assert "JournalConflict" in text
