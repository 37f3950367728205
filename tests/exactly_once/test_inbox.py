"""The inbox: each notification once, each order moved once, and never backwards."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Session

from AmazonPay import ConfigurationError, InvalidRequest
from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox
from AmazonPay.ipn import InboxFailed
from AmazonPay.simulator import PROFILES
from callers import on_both_loops
from inbox_shop import (
    CHARGE,
    METADATA,
    MOVES,
    InboxShop,
    OnDjango,
    OnSQLAlchemy,
    answering,
    charge,
    client_of,
    notification,
    permission,
    state_of,
)
from interruptions import TimeLimit, interrupting
from side_by_side import in_threads

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from AmazonPay import Client

pytestmark = pytest.mark.slow


@pytest.fixture
def sql_shop(engine: Engine) -> InboxShop:
    return InboxShop(OnSQLAlchemy(engine))


@pytest.fixture
def sqlite_shop(sqlite_engine: Engine) -> InboxShop:
    return InboxShop(OnSQLAlchemy(sqlite_engine))


def shop_of(request: pytest.FixtureRequest) -> InboxShop:
    database: OnSQLAlchemy | OnDjango
    if request.param.endswith("engine"):
        database = OnSQLAlchemy(request.getfixturevalue(request.param))
    else:
        database = OnDjango(request.getfixturevalue(request.param))
    return InboxShop(database)


@pytest.fixture(
    params=["sqlite_engine", "postgres_engine", "sqlite_alias", "postgres_alias"],
    ids=["sqlite", "postgresql", "django-sqlite", "django-postgresql"],
)
def shop(request: pytest.FixtureRequest) -> InboxShop:
    """Be a shop on any database that an inbox can lie in."""
    return shop_of(request)


@pytest.fixture(params=["sqlite_engine", "sqlite_alias"], ids=["sqlite", "django"])
def any_sqlite_shop(request: pytest.FixtureRequest) -> InboxShop:
    return shop_of(request)


# Receiving ----------------------------------------------------------------------------


def test_a_notification_is_kept_once(shop: InboxShop) -> None:
    assert shop.inbox.receive(notification()) is True
    assert shop.inbox.receive(notification()) is False
    assert shop.inbox.receive(notification(2)) is True


def test_of_many_that_receive_the_same_one_has_it_new(shop: InboxShop) -> None:
    news: list[bool] = []
    start = threading.Barrier(6)

    def receive() -> None:
        start.wait()
        news.append(shop.inbox.receive(notification()))

    in_threads(receive, 6)
    assert sorted(news) == [False] * 5 + [True]


def test_a_notification_without_a_permission_is_kept(sqlite_shop: InboxShop) -> None:
    assert sqlite_shop.inbox.receive(notification(charge_permission_id=None))


# Processing ---------------------------------------------------------------------------


def test_an_order_moves_with_its_object(shop: InboxShop) -> None:
    bought = shop.amazon.buy()
    shop.deliver()
    assert shop.process() == 1
    shop.amazon.capture(bought.charge, "50", code="CaptureInitiated")
    shop.clock.move(hours=1)
    shop.deliver()
    assert shop.process() == 1
    assert shop.handled == [
        (bought.charge, "Authorized", None),
        (bought.charge, "Captured", "Authorized"),
    ]
    assert shop.moves == [(bought.charge, "Authorized"), (bought.charge, "Captured")]
    assert shop.process() == 0


def test_every_type_of_object_is_fetched(sqlite_shop: InboxShop) -> None:
    sold = sqlite_shop.amazon.sold()
    refund = sqlite_shop.amazon.refund(sold, "5").json["refundId"]
    dispute = sqlite_shop.amazon.simulator.file_chargeback(sold)["disputeId"]
    sqlite_shop.clock.move(hours=1)
    sqlite_shop.deliver()
    found: list[Any] = []
    sqlite_shop.process(lambda _, view, __: found.append(view))
    assert {state_of(one) for one in found} == {
        *("Captured", "Refunded", "ActionRequired")
    }
    assert {one.get("refundId") for one in found} == {None, refund}
    assert {one.get("disputeId") for one in found} == {None, dispute}


def test_a_handler_gets_the_whole_object_and_the_inbox_keeps_no_buyer(
    sql_shop: InboxShop, engine: Engine
) -> None:
    permission = {
        "chargePermissionId": CHARGE[:19],
        "buyer": {"name": "canary"},
        "shippingAddress": {"name": "canary"},
        "statusDetails": {"state": "Chargeable", "lastUpdatedTimestamp": "1"},
    }
    sql_shop.inbox.receive(
        notification(object_type="CHARGE_PERMISSION", object_id=CHARGE[:19])
    )
    found: list[Any] = []
    sql_shop.inbox.process(
        answering(permission), lambda _, view, __: found.append(view)
    )
    assert found[0]["buyer"] == {"name": "canary"}
    with engine.connect() as connection:
        (kept,) = connection.execute(select(sql_shop.inbox.objects_table)).all()
    assert "canary" not in str(kept)
    assert "Chargeable" in str(kept)


class Base(DeclarativeBase):
    metadata = METADATA


class Move(Base):
    __table__ = MOVES


def with_orm(connection: Connection, view: Any, before: Any) -> None:
    del before
    with Session(connection) as session:
        session.add(Move(object_id=view["chargeId"], state=state_of(view)))
        session.commit()  # which leaves the inbox's transaction alone


def test_a_handler_may_use_the_orm(sql_shop: InboxShop) -> None:
    def failing_later(connection: Connection, view: Any, before: Any) -> None:
        with_orm(connection, view, before)
        raise RuntimeError

    sql_shop.inbox.receive(notification())
    assert sql_shop.inbox.process(answering(charge()), failing_later) == 0
    assert sql_shop.moves == []
    sql_shop.clock.move(hours=1)
    assert sql_shop.inbox.process(answering(charge()), with_orm) == 1
    assert sql_shop.moves == [(CHARGE, "Authorized")]


def test_a_pass_ends_at_its_limit(sql_shop: InboxShop) -> None:
    for number in range(5):
        sql_shop.inbox.receive(notification(number))
    client = answering(charge())
    assert sql_shop.inbox.process(client, sql_shop.handler, limit=2) == 2
    assert sql_shop.inbox.process(client, sql_shop.handler, limit=9) == 3


def test_what_has_not_changed_is_not_handled_again(sqlite_shop: InboxShop) -> None:
    for number in range(3):
        sqlite_shop.inbox.receive(notification(number))
    assert sqlite_shop.inbox.process(answering(charge()), sqlite_shop.handler) == 3
    assert sqlite_shop.moves == [(CHARGE, "Authorized")]


def test_an_older_view_never_moves_an_order_backwards(shop: InboxShop) -> None:
    for number in range(4):
        shop.inbox.receive(notification(number))
    client = answering(
        charge("Captured", "20260102T000000Z"),
        charge("Authorized", "20260101T000000Z"),
        charge("AuthorizationInitiated", "20260102T000000Z"),
        {**charge("Captured", "20260102T000000Z"), "statusDetails": None},
    )
    shop.inbox.process(client, shop.handler)
    assert shop.moves == [(CHARGE, "Captured")]


@pytest.mark.parametrize(
    ("first", "second", "moved"),
    [
        (20, 10, ["ActionRequired"]),
        (10, 20, ["ActionRequired", "UnderReview"]),
        (10, 10, ["ActionRequired", "UnderReview"]),
        ("20260102T000000Z", "20260101T000000Z", ["ActionRequired"]),
        (10, "20260101T000000Z", ["ActionRequired", "UnderReview"]),
    ],
)
def test_a_dispute_goes_by_its_times(
    sqlite_engine: Engine, first: Any, second: Any, moved: list[str]
) -> None:
    shop = InboxShop(OnSQLAlchemy(sqlite_engine))
    dispute = CHARGE.replace("-C", "-B")
    views = [
        {
            "disputeId": dispute,
            "chargeId": CHARGE,
            "statusDetails": {"state": state, "lastUpdatedTimestamp": at},
        }
        for state, at in (("ActionRequired", first), ("UnderReview", second))
    ]
    for number in range(2):
        shop.inbox.receive(
            notification(number, object_type="CHARGEBACK", object_id=dispute)
        )
    shop.inbox.process(answering(*views), shop.handler)
    assert [state for _, state in shop.moves] == moved


def test_seller_centrals_test_asks_for_nothing(shop: InboxShop) -> None:
    shop.inbox.receive(
        notification(
            object_type="CHARGE_PERMISSION", object_id="P01-0000000-0000000-000000"
        )
    )
    assert shop.inbox.process(answering(500), shop.handler) == 1
    assert shop.moves == []


# Failures -----------------------------------------------------------------------------


def failing_of(shop: InboxShop) -> Any:
    def failing(connection: Any, view: Any, before: Any) -> None:
        shop.handler(connection, view, before)
        raise RuntimeError("canary")

    return failing


def test_a_failing_handler_is_rolled_back_and_tried_again(shop: InboxShop) -> None:
    shop.inbox.receive(notification())
    client = answering(charge())
    assert shop.inbox.process(client, failing_of(shop)) == 0
    assert shop.inbox.process(client, shop.handler) == 0  # it waits
    shop.clock.move(seconds=30)
    assert shop.inbox.process(client, shop.handler) == 1
    assert shop.moves == [(CHARGE, "Authorized")]


def failed_often(shop: InboxShop, client: Client, handler: Any) -> None:
    for _ in range(20):
        shop.inbox.process(client, handler)
        shop.clock.move(hours=1)


def test_what_fails_too_often_is_parked_until_it_is_freed(shop: InboxShop) -> None:
    shop.inbox.receive(notification())
    client = answering(charge())
    failed_often(shop, client, failing_of(shop))
    (parked,) = shop.inbox.parked()
    assert (parked.message_id, parked.failures) == (notification().message_id, 12)
    assert (parked.object_type, parked.object_id) == ("CHARGE", CHARGE)
    assert parked.error is not None
    assert "RuntimeError in failing" in parked.error
    assert "canary" not in parked.error
    assert parked.received.tzinfo is not None
    assert parked.is_parked
    assert shop.inbox.open_entries() == [parked]
    assert shop.inbox.process(client, shop.handler) == 0
    shop.inbox.retry(parked.message_id)
    assert shop.inbox.parked() == []
    assert shop.inbox.process(client, shop.handler) == 1


def test_the_number_of_failures_can_be_set(engine: Engine) -> None:
    shop = InboxShop(OnSQLAlchemy(engine), max_failures=1)
    shop.inbox.receive(notification())
    shop.inbox.process(answering(charge()), failing_of(shop))
    assert len(shop.inbox.parked(limit=1)) == 1


def test_what_waits_is_open_until_it_is_settled(shop: InboxShop) -> None:
    shop.inbox.receive(notification())
    (waiting,) = shop.inbox.open_entries()
    assert not waiting.is_parked
    assert shop.inbox.open_entries(before=waiting.received) == []
    shop.inbox.process(answering(charge()), shop.handler)
    assert shop.inbox.open_entries() == []


@pytest.mark.parametrize("message_id", ["", "unknown", notification().message_id])
def test_only_what_is_parked_can_be_freed(
    sqlite_shop: InboxShop, message_id: str
) -> None:
    sqlite_shop.inbox.receive(notification())
    with pytest.raises(InvalidRequest, match="parked"):
        sqlite_shop.inbox.retry(message_id)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (503, "ServerError"),
        (404, "NotFound"),
        ([], "no JSON object"),
        ({**charge(), "chargeId": "S01-1111111-1111111-C000000"}, "another chargeId"),
        ({}, "another chargeId"),
    ],
)
def test_an_answer_that_says_nothing_is_a_failure(
    sqlite_engine: Engine, answer: Any, words: str
) -> None:
    shop = InboxShop(OnSQLAlchemy(sqlite_engine), max_failures=1)
    shop.inbox.receive(notification())
    assert shop.inbox.process(answering(answer), shop.handler) == 0
    (parked,) = shop.inbox.parked()
    assert words in str(parked.error)
    assert shop.moves == []


def test_an_unknown_type_of_object_is_parked_at_once(shop: InboxShop) -> None:
    shop.inbox.receive(notification(object_type="LATER"))
    assert shop.inbox.process(answering(500), shop.handler) == 0
    (parked,) = shop.inbox.parked()
    assert "no such type" in str(parked.error)


def test_a_failure_blocks_no_other_entry(shop: InboxShop) -> None:
    for number in range(4):
        shop.inbox.receive(notification(number))
    broken = answering(503, charge())
    assert shop.inbox.process(broken, shop.handler) == 3


def test_a_time_limit_ends_the_work_and_the_entry_is_due_again(
    any_sqlite_shop: InboxShop,
) -> None:
    shop = any_sqlite_shop
    shop.inbox.receive(notification())
    with interrupting(TimeLimit()) as interrupt, pytest.raises(TimeLimit):
        shop.inbox.process(answering(charge()), lambda *_: interrupt())
    shop.clock.move(hours=1)
    assert shop.inbox.process(answering(charge()), shop.handler) == 1
    assert shop.moves == [(CHARGE, "Authorized")]


def test_a_handlers_own_database_error_is_its_failure(shop: InboxShop) -> None:
    def handler(connection: Any, view: Any, before: Any) -> None:
        del view, before
        shop.database.execute_in(connection, "SELECT canary FROM nowhere")

    shop.inbox.receive(notification())
    assert shop.inbox.process(answering(charge()), handler) == 0
    shop.clock.move(hours=1)
    assert shop.inbox.process(answering(charge()), shop.handler) == 1


def conflicting(shop: InboxShop, times: int) -> Any:
    left = [shop.database.conflict() for _ in range(times)]

    def handler(connection: Any, view: Any, before: Any) -> None:
        shop.handler(connection, view, before)
        if left:
            raise left.pop()

    return handler


def test_a_conflict_in_the_handler_is_tried_again(shop: InboxShop) -> None:
    shop.inbox.receive(notification())
    assert shop.inbox.process(answering(charge()), conflicting(shop, 4)) == 1
    assert shop.moves == [(CHARGE, "Authorized")]


def test_a_conflict_that_does_not_end_is_a_failure(shop: InboxShop) -> None:
    shop.inbox.receive(notification())
    assert shop.inbox.process(answering(charge()), conflicting(shop, 99)) == 0
    assert shop.moves == []


def test_an_object_that_cannot_be_kept_moves_nothing(
    any_sqlite_shop: InboxShop,
) -> None:
    shop = any_sqlite_shop
    shop.inbox.receive(notification())
    shop.database.execute(
        "CREATE TRIGGER t BEFORE INSERT ON amazonpay_object"
        " BEGIN SELECT RAISE(ABORT, 'canary'); END"
    )
    try:
        with pytest.raises(InboxFailed, match="IntegrityError") as failed:
            shop.inbox.process(answering(charge()), shop.handler)
    finally:
        shop.database.execute("DROP TRIGGER t")
    assert "canary" not in str(failed.value)
    assert shop.moves == []


def test_an_entry_that_the_database_refuses_is_a_failure(
    sqlite_engine: Engine,
) -> None:
    shop = InboxShop(OnSQLAlchemy(sqlite_engine))
    without: Any = None
    with pytest.raises(InboxFailed, match="IntegrityError"):
        shop.inbox.receive(notification(merchant_id=without))


def test_a_handler_that_ends_the_transaction_is_told_so(sql_shop: InboxShop) -> None:
    def handler(connection: Connection, view: Any, before: Any) -> None:
        del view, before
        connection.rollback()

    sql_shop.inbox.receive(notification())
    with pytest.raises(ConfigurationError, match="neither commit nor roll back"):
        sql_shop.inbox.process(answering(charge()), handler)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, TimeoutError])
def test_an_interruption_moves_nothing(
    shop: InboxShop, interrupt: type[BaseException]
) -> None:
    def handler(connection: Connection, view: Any, before: Any) -> None:
        shop.handler(connection, view, before)
        raise interrupt

    shop.inbox.receive(notification())
    client = answering(charge())
    if issubclass(interrupt, Exception):
        shop.inbox.process(client, handler)
    else:
        with pytest.raises(interrupt):
            shop.inbox.process(client, handler)
    assert shop.moves == []
    shop.clock.move(hours=1)
    assert shop.inbox.process(client, shop.handler) == 1
    assert len(shop.moves) == 1


@pytest.mark.parametrize("max_failures", [0, True, 1.5])
def test_the_number_of_failures_is_an_int_of_1_or_more(
    sqlite_engine: Engine, max_failures: Any
) -> None:
    with pytest.raises(InvalidRequest, match="max_failures is an int of 1 or more"):
        InboxShop(OnSQLAlchemy(sqlite_engine), max_failures=max_failures)


def test_a_view_that_cannot_be_merged_is_a_failure(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(new: Any, old: Any) -> Any:
        raise InvalidRequest(f"{type(new)} and {type(old)} are strange")

    monkeypatch.setattr("AmazonPay.ipn._views.merge", refuse)
    shop = InboxShop(OnSQLAlchemy(sqlite_engine), max_failures=1)
    for number in range(2):
        shop.inbox.receive(notification(number))
    assert shop.inbox.process(answering(charge()), shop.handler) == 1
    (parked,) = shop.inbox.parked()
    assert "strange" in str(parked.error)


# Workers ------------------------------------------------------------------------------


class Died(BaseException):
    """A worker that is gone in the middle of its work."""


def dying() -> Client:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise Died(request)

    return client_of(answer)


def test_a_worker_that_dies_is_relieved_after_ten_minutes(sql_shop: InboxShop) -> None:
    sql_shop.inbox.receive(notification())
    with pytest.raises(Died):
        sql_shop.inbox.process(dying(), sql_shop.handler)
    client = answering(charge())
    sql_shop.clock.move(seconds=599)
    assert sql_shop.inbox.process(client, sql_shop.handler) == 0
    sql_shop.clock.move(seconds=1)
    assert sql_shop.inbox.process(client, sql_shop.handler) == 1


def test_a_worker_that_is_too_late_moves_nothing(shop: InboxShop) -> None:
    shop.inbox.receive(notification())

    def answer(request: httpx2.Request) -> httpx2.Response:
        del request
        shop.clock.move(hours=1)  # so long that another worker takes it
        assert shop.inbox.process(answering(charge("Captured")), shop.handler) == 1
        return httpx2.Response(200, json=charge())

    assert shop.inbox.process(client_of(answer), shop.handler) == 0
    assert shop.moves == [(CHARGE, "Captured")]


def test_many_workers_move_each_order_once(shop: InboxShop) -> None:
    ids = [f"S01-0000000-{number:07}-C000000" for number in range(5)]
    for number in range(15):
        shop.inbox.receive(notification(number, object_id=ids[number % 5]))

    def answer(request: httpx2.Request) -> httpx2.Response:
        found = charge("Captured") | {"chargeId": request.url.path.rpartition("/")[2]}
        return httpx2.Response(200, json=found)

    counts: list[int] = []

    def work() -> None:
        counts.append(shop.inbox.process(client_of(answer), shop.handler))

    in_threads(work, 4)
    assert sum(counts) == 15
    assert sorted(shop.moves) == [(one, "Captured") for one in ids]


def test_a_hostile_amazon_moves_no_order_twice_or_backwards(engine: Engine) -> None:
    names = ("stale_reads", "stale_for", "notification_spread")
    hostile = {name: getattr(PROFILES["hostile"], name) for name in names}
    settings = replace(PROFILES["default"], duplicate_notifications=0.5, **hostile)
    shop = InboxShop(OnSQLAlchemy(engine), settings)
    sold = [shop.amazon.buy().charge for _ in range(4)]
    for one in sold:
        shop.clock.move(seconds=1)
        shop.amazon.capture(one, "50", code="CaptureInitiated")
    for _ in range(12):
        shop.clock.move(seconds=10)
        shop.deliver()
        shop.process()
        shop.recheck()
    by_order: dict[str, list[str]] = {}
    for object_id, state in shop.moves:
        by_order.setdefault(object_id, []).append(state)
    order = ["Authorized", "CaptureInitiated", "Captured"]
    for one in sold:
        states = by_order[one]
        assert states == sorted(set(states), key=order.index)
        assert states[-1] == "Captured"


# Checking again -----------------------------------------------------------------------


def test_a_lost_notification_is_made_up_for(shop: InboxShop) -> None:
    bought = shop.amazon.buy()
    shop.deliver()
    shop.process()
    shop.amazon.capture(bought.charge, "50")  # which sends no notification
    assert shop.recheck() == 0  # not yet
    shop.clock.move(seconds=60)
    assert shop.recheck() == 1
    assert shop.process() == 1
    assert shop.moves[-1] == (bought.charge, "Captured")


def test_an_object_of_which_no_notification_came_can_be_watched(
    shop: InboxShop,
) -> None:
    bought = shop.amazon.buy()  # its notification is lost
    assert shop.inbox.watch("CHARGE", bought.charge)
    assert not shop.inbox.watch("CHARGE", bought.charge)
    assert shop.process() == 1
    shop.amazon.capture(bought.charge, "50")
    shop.clock.move(seconds=60)
    assert shop.recheck() == 1
    assert shop.process() == 1
    assert shop.moves[-1] == (bought.charge, "Captured")


@pytest.mark.parametrize(
    ("object_type", "object_id"),
    [
        ("charge", CHARGE),
        ("REPORT", CHARGE),
        (None, CHARGE),
        (["CHARGE"], CHARGE),
        ("CHARGE", ""),
        ("CHARGE", None),
        ("CHARGE", f"{CHARGE}\n"),
        ("CHARGE", "../S01"),
        ("CHARGE", "x" * 65),
    ],
    ids=["case", "report", "None", "list", "empty", "no id", "line", "path", "long"],
)
def test_what_can_be_no_object_is_not_watched(
    sqlite_shop: InboxShop, object_type: Any, object_id: Any
) -> None:
    with pytest.raises(InvalidRequest, match="object_"):
        sqlite_shop.inbox.watch(object_type, object_id)


def test_an_object_is_checked_ever_more_rarely(sqlite_shop: InboxShop) -> None:
    sqlite_shop.inbox.receive(notification())
    sqlite_shop.inbox.process(answering(charge()), sqlite_shop.handler)
    asked: list[datetime] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        del request
        asked.append(sqlite_shop.clock.now)
        return httpx2.Response(200, json=charge())

    for _ in range(6 * 24):
        sqlite_shop.clock.move(seconds=3600)
        assert sqlite_shop.inbox.recheck(client_of(answer)) == 0
    pauses = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(days=1)
    assert len(asked) < 12


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        *(("Authorized", True), ("CaptureInitiated", True), ("Later", True)),
        *(("Captured", False), ("Canceled", False), ("Declined", False)),
    ],
)
def test_only_open_objects_are_checked(
    sqlite_engine: Engine, state: str, *, is_open: bool
) -> None:
    shop = InboxShop(OnSQLAlchemy(sqlite_engine))
    shop.inbox.receive(notification())
    shop.inbox.process(answering(charge(state)), shop.handler)
    shop.clock.move(days=1)
    later = charge("Captured", "20270101T000000Z") | {"refundedAmount": None}
    assert shop.inbox.recheck(answering(later)) == int(is_open)


def test_a_check_that_fails_is_put_off(sql_shop: InboxShop) -> None:
    for number in range(2):
        ids = {"object_id": CHARGE[:-1] + str(number)}
        sql_shop.inbox.receive(notification(number, **ids))
        sql_shop.inbox.process(
            answering(charge() | {"chargeId": ids["object_id"]}), sql_shop.handler
        )
    sql_shop.clock.move(seconds=60)
    assert sql_shop.inbox.recheck(answering(503)) == 0
    assert sql_shop.inbox.recheck(dying()) == 0  # nobody asks now
    sql_shop.clock.move(hours=1)
    with pytest.raises(Died):
        sql_shop.inbox.recheck(dying())


def test_a_change_that_is_seen_twice_is_one_entry(sql_shop: InboxShop) -> None:
    sql_shop.inbox.receive(notification())
    sql_shop.inbox.process(answering(charge()), sql_shop.handler)
    later = answering(charge("Captured", "20270101T000000Z"))
    for _ in range(3):
        sql_shop.clock.move(days=1)
        sql_shop.inbox.recheck(later, limit=1)
    assert sql_shop.inbox.process(later, sql_shop.handler) == 1


@pytest.mark.parametrize("kind", ["charge", "permission"])
def test_a_change_is_told_again_after_an_outdated_answer(
    any_sqlite_shop: InboxShop, kind: str
) -> None:
    shop = any_sqlite_shop
    old, new = charge(), charge("Captured", "20270101T000000Z")
    if kind == "permission":
        old, new = permission("100"), permission("40")
        shop.inbox.receive(
            notification(object_type="CHARGE_PERMISSION", object_id=CHARGE[:19])
        )
    else:
        shop.inbox.receive(notification())
    seen: list[Any] = []
    shop.inbox.process(answering(old), lambda _, view, __: seen.append(view))
    shop.clock.move(days=1)
    assert shop.inbox.recheck(answering(new)) == 1
    shop.inbox.process(answering(old), lambda _, view, __: seen.append(view))
    assert seen == [old]
    shop.clock.move(days=1)
    assert shop.inbox.recheck(answering(new)) == 1
    shop.inbox.process(answering(new), lambda _, view, __: seen.append(view))
    assert seen == [old, new]


def test_an_answer_that_cannot_be_merged_is_put_off(sqlite_shop: InboxShop) -> None:
    sqlite_shop.inbox.receive(notification())
    sqlite_shop.inbox.process(answering(charge()), sqlite_shop.handler)
    sqlite_shop.clock.move(seconds=60)
    strange = charge("Captured", "20270101T000000Z") | {"refundId": "S01"}
    assert sqlite_shop.inbox.recheck(answering(strange)) == 0
    sqlite_shop.clock.move(hours=1)
    later = answering(charge("Captured", "20270101T000000Z"))
    assert sqlite_shop.inbox.recheck(later) == 1


def test_a_dispute_without_a_time_is_merged(sqlite_shop: InboxShop) -> None:
    dispute = {"disputeId": "D1", "statusDetails": {"state": "UnderReview"}}
    won = {"disputeId": "D1", "statusDetails": {"state": "Resolved"}}
    for number, view in enumerate((dispute, won)):
        ids = {"object_type": "CHARGEBACK", "object_id": "D1"}
        sqlite_shop.inbox.receive(notification(number, **ids))
        assert sqlite_shop.inbox.process(answering(view), sqlite_shop.handler) == 1
    assert [move[1] for move in sqlite_shop.moves] == ["UnderReview", "Resolved"]


# Awaiting -----------------------------------------------------------------------------


@on_both_loops
async def test_it_awaits(sqlite_engine: Engine) -> None:
    shop = InboxShop(OnSQLAlchemy(sqlite_engine))
    bought = shop.amazon.buy()
    shop.deliver()

    async with shop.amazon.async_client() as client:
        assert await shop.inbox.aprocess(client, shop.handler) == 1
        shop.amazon.capture(bought.charge, "50")
        shop.clock.move(days=1)
        assert await shop.inbox.arecheck(client) == 1
    assert shop.moves == [(bought.charge, "Authorized")]


# Its tables ---------------------------------------------------------------------------


def test_old_entries_are_forgotten(shop: InboxShop) -> None:
    for number in range(3):
        shop.inbox.receive(notification(number))
    shop.inbox.process(answering(charge()), shop.handler, limit=2)
    limit = shop.clock.now + timedelta(seconds=1)
    with pytest.raises(InvalidRequest, match="15 days"):
        shop.inbox.forget(limit)
    shop.clock.move(days=16)
    assert shop.inbox.forget(limit) == 2
    assert shop.inbox.process(answering(charge()), shop.handler) == 1


def test_missing_tables_are_told_with_what_makes_them(engine: Engine) -> None:
    with pytest.raises(ConfigurationError, match="CREATE TABLE amazonpay_inbox"):
        SQLAlchemyInbox(engine).receive(notification())


def test_tables_may_be_created_many_times(engine: Engine) -> None:
    inbox = SQLAlchemyInbox(engine)
    in_threads(inbox.create_table, 4)
    inbox.create_table()
    assert inbox.receive(notification())


@pytest.mark.parametrize("given", [None, "sqlite:///shop.db"])
def test_an_inbox_needs_an_engine(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="inbox needs an Engine"):
        SQLAlchemyInbox(given)


def test_an_inbox_in_memory_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the inbox in the memory"):
        SQLAlchemyInbox(create_engine("sqlite://"))


def test_a_database_that_fails_shows_no_value(shop: InboxShop) -> None:
    canary = notification(object_id="S01-canary")
    assert shop.inbox.receive(notification(2))
    shop.database.execute("ALTER TABLE amazonpay_inbox RENAME TO gone")
    actions: list[Callable[[], object]] = [
        lambda: shop.inbox.receive(canary),
        lambda: shop.inbox.process(answering(charge()), shop.handler),
        shop.inbox.parked,
    ]
    try:
        for act in actions:
            with pytest.raises(InboxFailed, match="inbox's database failed") as failed:
                act()
            assert "canary" not in str(failed.value)
            assert failed.value.__context__ is None
    finally:
        shop.database.execute("ALTER TABLE gone RENAME TO amazonpay_inbox")


def test_a_shop_can_name_the_tables(engine: Engine) -> None:
    inbox = SQLAlchemyInbox(engine, "ipn", "ipn_objects")
    inbox.create_table()
    assert inbox.receive(notification())
    assert inbox.process(answering(charge()), lambda *_: None) == 1
