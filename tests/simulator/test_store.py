"""The store: all or nothing, in order, and there again after a restart."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import ConfigurationError
from AmazonPay.simulator import HTTPResponse, Store
from AmazonPay.simulator.engine.store import Stored
from simulated import Clock, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


OWNER = "A1/sandbox"
CHARGE = {"id": "C1", "state": "Authorized"}


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


# Together -----------------------------------------------------------------------------


def saved(store: Store) -> list[str]:
    with store.transaction() as transaction:
        return [record["id"] for record in transaction.all(OWNER, "charge")]


def save(store: Store, id_: str, *, fails: bool = False) -> None:
    with store.transaction() as transaction:
        transaction.save(OWNER, "charge", {"id": id_})
        transaction.set_savepoint()
        transaction.save(OWNER, "charge", {"id": f"{id_}x"})
        transaction.undo_to_savepoint()
        if fails:
            raise LookupError(id_)


def test_what_is_written_together_is_kept_at_the_end(path: Path) -> None:
    store, other = Store(path), Store(path)
    with store.together():
        save(store, "C1")
        save(store, "C2")
        assert saved(store) == ["C1", "C2"]
        # Nobody else sees it before.
        assert list(other.story()) == []
        reader = sqlite3.connect(path)
        assert reader.execute("SELECT COUNT(*) FROM object").fetchone() == (0,)
        reader.close()
    assert saved(other) == ["C1", "C2"]
    store.close()
    other.close()


def test_a_part_that_raises_takes_nothing_of_the_others_with_it(store: Store) -> None:
    with store.together():
        save(store, "C1")
        with pytest.raises(LookupError):
            save(store, "C2", fails=True)
        save(store, "C3")
    assert saved(store) == ["C1", "C3"]


def test_together_all_is_lost_or_nothing(store: Store) -> None:
    with pytest.raises(LookupError), store.together():  # noqa: PT012 - it is one block
        save(store, "C1")
        raise LookupError
    assert saved(store) == []


def test_another_thread_waits_until_it_is_over(store: Store) -> None:
    with ThreadPoolExecutor() as pool:
        with store.together():
            save(store, "C1")
            after = pool.submit(saved, store)
            save(store, "C2")
        assert after.result() == ["C1", "C2"]


def test_what_sqlite_has_undone_itself_is_never_kept_in_part(path: Path) -> None:
    store = Store(path)
    with pytest.raises(sqlite3.Error), store.together():  # noqa: PT012 - it is one block
        save(store, "C1")
        with pytest.raises(sqlite3.Error), store.transaction() as transaction:  # noqa: PT012 - it is one block
            # As SQLite does when the disk is full.
            transaction._connection.execute("ROLLBACK")  # noqa: SLF001 - SQLite's part
            raise sqlite3.OperationalError
        with pytest.raises(sqlite3.OperationalError, match="is lost"):
            save(store, "C2")
    assert saved(store) == []
    store.close()


# One transaction ----------------------------------------------------------------------


def test_what_was_saved_is_found_by_owner_kind_and_id(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.save(OWNER, "charge", CHARGE)
        transaction.save(OWNER, "charge", {**CHARGE, "state": "Captured"})
    with store.transaction() as transaction:
        found = transaction.find(OWNER, "charge", "C1")
        assert found == {**CHARGE, "state": "Captured"}
        assert transaction.find("A1/live", "charge", "C1") is None
        assert transaction.find(OWNER, "refund", "C1") is None
        transaction.delete(OWNER, "charge", "C1")
        assert transaction.find(OWNER, "charge", "C1") is None


def test_all_of_a_kind_come_by_id(store: Store) -> None:
    with store.transaction() as transaction:
        for id_ in ("C2", "C1"):
            transaction.save(OWNER, "charge", {"id": id_})
        transaction.save("other", "charge", {"id": "C3"})
        found = [record["id"] for record in transaction.all(OWNER, "charge")]
    assert found == ["C1", "C2"]


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as transaction:
            transaction.save(OWNER, "charge", CHARGE)
            transaction.schedule("21000101T000000Z", OWNER, "charge", "C1", "x")
            transaction.store_response(
                OWNER, "k", Stored("POST", "/x", "{}", HTTPResponse(201))
            )
            transaction.add_story_row("21000101T000000Z", OWNER, None, "state", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.transaction() as transaction:
        assert transaction.find(OWNER, "charge", "C1") is None
        assert transaction.next_due("99991231T235959Z") is None
        assert transaction.stored(OWNER, "k") is None
        assert transaction.story() == []


def test_undoing_to_a_savepoint_keeps_the_rest_of_the_transaction(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.save(OWNER, "charge", CHARGE)
        transaction.set_savepoint()
        transaction.save(OWNER, "charge", {"id": "C2"})
        transaction.undo_to_savepoint()
        transaction.save(OWNER, "charge", {"id": "C3"})
    with store.transaction() as transaction:
        found = [record["id"] for record in transaction.all(OWNER, "charge")]
    assert found == ["C1", "C3"]


def test_plans_come_in_the_order_of_their_time_then_of_their_making(
    store: Store,
) -> None:
    with store.transaction() as transaction:
        for at, event in (("3", "c"), ("1", "a"), ("2", "b"), ("1", "a2"), ("9", "z")):
            transaction.schedule(at, OWNER, "charge", "C1", event)
        taken: list[str] = []
        while due := transaction.next_due("3"):
            taken.append(due.event)
    assert taken == ["a", "a2", "b", "c"]


def test_a_story_is_told_of_one_order_or_of_all_and_from_a_row_on(
    store: Store,
) -> None:
    with store.transaction() as transaction:
        for number, order in enumerate(["A", "B", None, "A"]):
            transaction.add_story_row("1", OWNER, order, "state", {"number": number})
        rows = transaction.story()
        assert [row.facts["number"] for row in rows] == [0, 1, 2, 3]
        assert [row.facts["number"] for row in transaction.story("A")] == [0, 3]
        later = transaction.story(after=rows[1].number)
        assert [row.facts["number"] for row in later] == [2, 3]


def test_a_full_disk_fails_one_transaction_and_no_later_one(path: Path) -> None:
    store = Store(path)
    connection: sqlite3.Connection = store._connection  # noqa: SLF001 - to fill the disk
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    def fill() -> None:
        with store.transaction() as transaction:
            for number in range(100):
                transaction.save(OWNER, "charge", {"id": str(number), "x": "x" * 4096})

    with pytest.raises(sqlite3.OperationalError):
        fill()
    connection.execute("PRAGMA max_page_count = 1000000")
    with store.transaction() as transaction:
        assert list(transaction.all(OWNER, "charge")) == []
        transaction.save(OWNER, "charge", CHARGE)
    store.close()


# Threads and processes ----------------------------------------------------------------


def counted(store: Store) -> None:
    with store.transaction() as transaction:
        record: dict[str, Any] = transaction.find(OWNER, "sum", "1") or {"id": "1"}
        record["count"] = record.get("count", 0) + 1
        transaction.save(OWNER, "sum", record)


def total(store: Store) -> int:
    with store.transaction() as transaction:
        return int((transaction.find(OWNER, "sum", "1") or {})["count"])


def test_threads_take_turns(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(counted, [store] * 200))
    assert total(store) == 200


def test_two_stores_on_one_file_take_turns(path: Path) -> None:
    stores = [Store(path), Store(path)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(counted, stores * 50))
    assert [total(store) for store in stores] == [100, 100]
    for store in stores:
        store.close()


def test_another_thread_does_not_see_what_is_not_committed(store: Store) -> None:
    seen: list[object] = []

    def look() -> None:
        with store.transaction() as transaction:
            seen.append(transaction.find(OWNER, "charge", "C1"))

    thread = threading.Thread(target=look)

    def fail() -> None:
        with store.transaction() as transaction:
            transaction.save(OWNER, "charge", CHARGE)
            thread.start()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    thread.join()
    assert seen == [None]


# Restarts -----------------------------------------------------------------------------


def test_a_restart_on_the_same_file_keeps_everything(path: Path) -> None:
    clock = Clock()
    store = Store(path)
    shop = Shop(store=store, clock=clock)
    bought = shop.buy("50")
    pending = shop.buy("20", card="0701", canHandlePendingAuthorization=True)
    refundable = shop.sold("30")
    body = {"chargeId": refundable, "refundAmount": shop.money("5")}
    first = shop.post("/refunds", body, key="refund-1")
    paths = [
        f"/checkoutSessions/{bought.session}",
        f"/chargePermissions/{bought.permission}",
        f"/charges/{bought.charge}",
        f"/charges/{pending.charge}",
        f"/refunds/{first.json['refundId']}",
    ]
    before = [shop.get(path).body for path in paths]
    story = shop.simulator.story()
    store.close()

    store = Store(path)
    shop = Shop(store=store, clock=clock, seed=2)
    assert shop.simulator.story() == story
    assert [shop.get(path).body for path in paths] == before
    assert shop.post("/refunds", body, key="refund-1").body == first.body
    other = {**body, "refundAmount": shop.money("6")}
    assert shop.post("/refunds", other, key="refund-1").status == 400
    clock.move(seconds=30)
    assert shop.get(f"/charges/{pending.charge}").state == ("Authorized", None)
    assert shop.get(paths[-1]).state == ("Refunded", None)
    store.close()


def test_what_fell_due_while_it_was_off_happens_in_order_at_its_own_time(
    path: Path,
) -> None:
    clock = Clock()
    store = Store(path)
    shop = Shop(store=store, clock=clock)
    charge = shop.buy("20", card="0701", canHandlePendingAuthorization=True).charge
    store.close()
    clock.move(days=40)
    store = Store(path)
    shop = Shop(store=store, clock=clock)
    shop.simulator.settle()
    moves = [
        (row.at, row.facts["after"])
        for row in shop.simulator.story()
        if row.kind == "state" and row.facts["id"] == charge
    ]
    assert moves == [
        ("21000115T120000Z", "AuthorizationInitiated"),
        ("21000115T120030Z", "Authorized"),
        ("21000117T120000Z", "Canceled"),
    ]
    store.close()


# Files that are none ------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 99])
def test_a_file_of_another_version_is_refused_and_left_alone(
    path: Path, version: int
) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(ConfigurationError, match=rf"version {version}.*new file"):
        Store(path)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()


def test_what_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("Dear diary, " * 100)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Store(path)
    assert path.read_text() == "Dear diary, " * 100


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Store(tmp_path / "no" / "shop.db")
