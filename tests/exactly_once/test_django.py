"""Journal, inbox and view in Django, on SQLite and a real PostgreSQL."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections, transaction
from django.test import Client as DjangoClient

import AmazonPay.contrib.django as app
import ipn_django
from AmazonPay import Client, InvalidRequest, JournalFailed, Retry
from AmazonPay._once.entry import Entry
from AmazonPay.contrib.django import DjangoInbox, DjangoJournal
from AmazonPay.ipn import InboxFailed, Notification
from ipn_views import HEADERS, POSTS, Kept, verifier
from journals import NAMES, Ticks
from keys import KEY
from purchases import HELPERS, prepared
from simulated import KEY_ID, Clock, Shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Django has no types.
Browser: Any = DjangoClient
atomic: Any = transaction.atomic
CHARGE = "S01-0000000-0000000-C000000"


@pytest.fixture(params=["default", "postgresql"], ids=["sqlite", "postgresql"])
def alias(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give an empty database of Django's."""
    chosen: str = request.param
    if chosen == "postgresql":
        request.getfixturevalue("postgres_engine")
        url: str = request.getfixturevalue("postgres_url")
        connections[chosen].settings_dict["HOST"] = url.partition("host=")[2]
    ipn_django.prepare(chosen)
    yield chosen
    connections[chosen].close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(alias: str, clock: Clock) -> DjangoInbox:
    return DjangoInbox(alias, clock=clock, max_failures=2)


def notification(number: int = 1, **changes: Any) -> Notification:
    members: dict[str, Any] = {
        "message_id": f"00000000-0000-0000-0000-{number:012}",
        "topic_arn": "arn:aws:sns:us-east-1:291180941288:A",
        "object_type": "CHARGE",
        "object_id": CHARGE,
        "notification_type": "STATE_CHANGE",
        "charge_permission_id": None,
        "merchant_id": "A1",
        "notification_id": "n1",
        "timestamp": datetime(2100, 1, 15, tzinfo=UTC),
        "members": {},
    }
    return Notification(**{**members, **changes})


def charge(state: str = "Authorized", at: str = "1") -> dict[str, Any]:
    details = {"state": state, "lastUpdatedTimestamp": at}
    return {"chargeId": CHARGE, "statusDetails": details}


def answering(*answers: Any) -> Client:
    left = list(answers)

    def answer(request: httpx2.Request) -> httpx2.Response:
        del request
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, int):
            return httpx2.Response(found, json={"reasonCode": "X", "message": "m"})
        return httpx2.Response(200, json=found)

    transport = httpx2.MockTransport(answer)
    return Client(KEY_ID, KEY, "us", transport=transport, retry=Retry(attempts=1))


def in_threads(alias: str, works: list[Callable[[], object]]) -> None:
    """Do works at once, each on a connection of its own."""

    def one(work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            connections[alias].close()

    threads = [threading.Thread(target=one, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# The app ------------------------------------------------------------------------------


def test_the_migrations_are_complete() -> None:
    call_command("makemigrations", "amazonpay", check=True, dry_run=True, verbosity=0)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Inbox'"):
        getattr(app, "Inbox")  # noqa: B009 - a checker knows that it is missing


# The view -----------------------------------------------------------------------------


@pytest.mark.parametrize("post", POSTS)
def test_each_post_has_its_answer(post: str) -> None:
    data, unfetched, unkept, status = POSTS[post]
    kept = Kept(unkept)
    ipn_django.serve(verifier(unfetched), kept)
    browser = Browser(enforce_csrf_checks=True)
    sent = browser.generic("POST", "/ipn/", data, HEADERS["content-type"])
    assert sent.status_code == status
    assert len(kept.notifications) == (status == 200)


def test_only_posts_are_taken() -> None:
    ipn_django.serve(verifier(), Kept())
    assert Browser().get("/ipn/").status_code == 405


def test_what_was_posted_is_acted_on(alias: str) -> None:
    inbox = DjangoInbox(alias)
    ipn_django.serve(verifier(), inbox)
    data = POSTS["genuine"][0]
    for _ in range(2):
        sent = Browser().post("/ipn/", data, content_type="text/plain")
        assert sent.status_code == 200
    assert inbox.process(answering(charge()), ipn_django.move) == 1
    assert ipn_django.moves(alias) == [(CHARGE, "Authorized")]


# The inbox ----------------------------------------------------------------------------


def test_a_notification_is_kept_once(alias: str, inbox: DjangoInbox) -> None:
    news: list[bool] = []
    in_threads(alias, [lambda: news.append(inbox.receive(notification()))] * 5)
    assert sorted(news) == [False] * 4 + [True]


def test_an_order_moves_once_and_never_backwards(
    alias: str, inbox: DjangoInbox
) -> None:
    for number in range(4):
        inbox.receive(notification(number))
    views = charge(), charge("Captured", "2"), charge(), charge("Captured", "2")
    assert inbox.process(answering(*views), ipn_django.move) == 4
    assert ipn_django.moves(alias) == [(CHARGE, "Authorized"), (CHARGE, "Captured")]


def test_a_failing_handler_is_rolled_back_parked_and_freed(
    alias: str, clock: Clock, inbox: DjangoInbox
) -> None:
    def failing(connection: Any, view: Any, before: Any) -> None:
        ipn_django.move(connection, view, before)
        raise RuntimeError("canary")

    inbox.receive(notification())
    for _ in range(2):
        assert inbox.process(answering(charge()), failing) == 0
        clock.move(hours=1)
    assert ipn_django.moves(alias) == []
    (parked,) = inbox.parked()
    assert (parked.object_id, parked.failures) == (CHARGE, 2)
    assert "RuntimeError" in str(parked.error)
    assert "canary" not in str(parked.error)
    assert inbox.open_entries() == [parked]
    inbox.retry(parked.message_id)
    (waiting,) = inbox.open_entries()
    assert not waiting.is_parked
    assert inbox.open_entries(before=waiting.received) == []
    assert inbox.process(answering(charge()), ipn_django.move) == 1
    with pytest.raises(InvalidRequest, match="parked"):
        inbox.retry(parked.message_id)


def test_a_failing_answer_blocks_no_other(alias: str, inbox: DjangoInbox) -> None:
    for number in range(3):
        inbox.receive(notification(number))
    assert inbox.process(answering(503, charge()), ipn_django.move) == 2
    inbox.receive(notification(9, object_type="LATER"))
    inbox.receive(notification(8, object_id="P01-0000000-0000000-000000"))
    assert inbox.process(answering(charge()), ipn_django.move) == 1
    assert len(ipn_django.moves(alias)) == 1


def test_a_handlers_own_database_error_is_its_failure(
    alias: str, clock: Clock, inbox: DjangoInbox
) -> None:
    def handler(connection: Any, view: Any, before: Any) -> None:
        del view, before
        with connection.cursor() as cursor:
            cursor.execute("SELECT canary FROM nowhere")

    inbox.receive(notification())
    assert inbox.process(answering(charge()), handler) == 0
    clock.move(hours=1)
    assert inbox.process(answering(charge()), ipn_django.move) == 1
    assert len(ipn_django.moves(alias)) == 1


def test_a_conflict_in_the_handler_is_tried_again(
    alias: str, inbox: DjangoInbox
) -> None:
    class Deadlock(Exception):  # noqa: N818 - as a driver names it
        sqlstate = "40P01"

    conflicts = [DatabaseError("deadlock"), DatabaseError("deadlock")]

    def handler(connection: Any, view: Any, before: Any) -> None:
        ipn_django.move(connection, view, before)
        if conflicts:
            raise conflicts.pop() from Deadlock()

    inbox.receive(notification())
    assert inbox.process(answering(charge()), handler) == 1
    assert ipn_django.moves(alias) == [(CHARGE, "Authorized")]


def test_an_object_that_cannot_be_kept_moves_nothing(clock: Clock) -> None:
    ipn_django.prepare("default")
    inbox = DjangoInbox(clock=clock)
    inbox.receive(notification())
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER t BEFORE INSERT ON amazonpay_object"
            " BEGIN SELECT RAISE(ABORT, 'canary'); END"
        )
    try:
        with pytest.raises(InboxFailed, match="IntegrityError") as failed:
            inbox.process(answering(charge()), ipn_django.move)
        assert "canary" not in str(failed.value)
        assert ipn_django.moves("default") == []
    finally:
        with connections["default"].cursor() as cursor:
            cursor.execute("DROP TRIGGER t")


def test_a_conflict_that_does_not_end_is_a_failure(
    alias: str, inbox: DjangoInbox
) -> None:
    class Deadlock(Exception):  # noqa: N818 - as a driver names it
        sqlstate = "40001"

    def handler(connection: Any, view: Any, before: Any) -> None:
        ipn_django.move(connection, view, before)
        raise DatabaseError("deadlock") from Deadlock()

    inbox.receive(notification())
    assert inbox.process(answering(charge()), handler) == 0
    assert ipn_django.moves(alias) == []


def test_many_workers_move_each_order_once(alias: str, inbox: DjangoInbox) -> None:
    for number in range(8):
        inbox.receive(notification(number))
    counts: list[int] = []

    def work() -> None:
        counts.append(inbox.process(answering(charge()), ipn_django.move))

    in_threads(alias, [work] * 3)
    assert sum(counts) == 8
    assert ipn_django.moves(alias) == [(CHARGE, "Authorized")]


def test_a_worker_that_is_too_late_moves_nothing(
    alias: str, clock: Clock, inbox: DjangoInbox
) -> None:
    inbox.receive(notification())

    def answer(request: httpx2.Request) -> httpx2.Response:
        del request
        clock.move(hours=1)
        assert inbox.process(answering(charge("Captured")), ipn_django.move) == 1
        return httpx2.Response(200, json=charge())

    late = Client(KEY_ID, KEY, "us", transport=httpx2.MockTransport(answer))
    assert inbox.process(late, ipn_django.move) == 0
    assert ipn_django.moves(alias) == [(CHARGE, "Captured")]


def test_an_interruption_moves_nothing(
    alias: str, clock: Clock, inbox: DjangoInbox
) -> None:
    def handler(connection: Any, view: Any, before: Any) -> None:
        ipn_django.move(connection, view, before)
        raise KeyboardInterrupt

    inbox.receive(notification())
    with pytest.raises(KeyboardInterrupt):
        inbox.process(answering(charge()), handler)
    clock.move(seconds=600)
    assert inbox.process(answering(charge()), ipn_django.move) == 1
    assert len(ipn_django.moves(alias)) == 1


def test_a_lost_notification_is_made_up_for(
    alias: str, clock: Clock, inbox: DjangoInbox
) -> None:
    inbox.receive(notification())
    inbox.process(answering(charge()), ipn_django.move)
    clock.move(seconds=60)
    assert inbox.recheck(answering(charge())) == 0
    clock.move(days=1)
    assert inbox.recheck(answering(503)) == 0
    clock.move(days=1)
    captured = answering(charge("Captured", "2"))
    assert inbox.recheck(captured) == 1
    assert inbox.process(captured, ipn_django.move) == 1
    clock.move(days=1)
    assert inbox.recheck(captured) == 0  # it is final
    assert [state for _, state in ipn_django.moves(alias)] == ["Authorized", "Captured"]


def test_an_object_of_which_no_notification_came_can_be_watched(
    alias: str, inbox: DjangoInbox
) -> None:
    assert inbox.watch("CHARGE", CHARGE)
    assert not inbox.watch("CHARGE", CHARGE)
    assert inbox.process(answering(charge()), ipn_django.move) == 1
    assert ipn_django.moves(alias) == [(CHARGE, "Authorized")]


def test_old_entries_are_forgotten(clock: Clock, inbox: DjangoInbox) -> None:
    inbox.receive(notification())
    inbox.process(answering(charge()), ipn_django.move)
    limit = clock.now + timedelta(seconds=1)
    with pytest.raises(InvalidRequest, match="15 days"):
        inbox.forget(limit)
    clock.move(days=16)
    assert inbox.forget(limit) == 1


def test_inside_of_a_transaction_nothing_is_kept(
    alias: str, inbox: DjangoInbox
) -> None:
    with (
        atomic(using=alias),
        pytest.raises(RuntimeError, match="durable"),
    ):
        inbox.receive(notification())


def test_a_database_that_fails_shows_no_value(alias: str, inbox: DjangoInbox) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute("ALTER TABLE amazonpay_inbox RENAME TO gone")
    try:
        with pytest.raises(InboxFailed, match="inbox's database failed") as failed:
            inbox.receive(notification(object_id="S01-canary"))
        assert "canary" not in str(failed.value)
        assert failed.value.__context__ is None
    finally:
        with connections[alias].cursor() as cursor:
            cursor.execute("ALTER TABLE gone RENAME TO amazonpay_inbox")


# The journal --------------------------------------------------------------------------


@pytest.fixture
def journal(alias: str) -> DjangoJournal:
    return DjangoJournal(alias, clock=Ticks())


@pytest.mark.parametrize("helper", HELPERS)
def test_every_helper_writes_it(alias: str, helper: str) -> None:
    shop = Shop()
    journal = DjangoJournal(alias)
    arguments = prepared(shop, helper)
    with shop.client() as client:
        first, second = (
            getattr(client, helper)(*arguments, journal=journal, **NAMES)
            for _ in range(2)
        )
    assert first.outcome == second.outcome
    assert first.outcome in {"success", "pending"}
    assert len(journal.open_entries()) == int(first.outcome == "pending")
    if first.outcome == "success":
        assert journal.forget(datetime(2200, 1, 1, tzinfo=UTC)) >= 1


def intended(key: str = "k") -> Entry:
    return Entry(
        key=key,
        namespace="shop",
        order="1",
        operation="create_charge",
        attempt=1,
        path="/charges",
        body=b"{}",
        digest="d",
        runs=0,
        answers=0,
    )


def sent_again(found: Entry | None) -> Entry:
    assert found is not None
    return replace(found, runs=found.runs + 1)


def test_an_entry_is_kept_as_it_is(journal: DjangoJournal) -> None:
    assert journal.find("k") is None
    written = journal.change("k", lambda found: found or intended())
    assert written.created is not None
    assert journal.find("k") == written
    again = journal.change("k", sent_again)
    assert again.runs == 1
    assert again.created == written.created
    assert journal.open_entries() == [again]
    assert journal.open_entries(before=datetime(2020, 1, 1, tzinfo=UTC)) == []


def test_no_change_is_lost_among_workers(alias: str, journal: DjangoJournal) -> None:
    def change(found: Entry | None) -> Entry:
        return sent_again(found or intended())

    works: list[Callable[[], object]] = [lambda: journal.change("k", change)] * 6
    in_threads(alias, works)
    entry = journal.find("k")
    assert entry is not None
    assert entry.runs == 6


def test_a_change_that_raises_changes_nothing(journal: DjangoJournal) -> None:
    def refuse(found: Entry | None) -> Entry:
        del found
        raise InvalidRequest("no")

    with pytest.raises(InvalidRequest):
        journal.change("k", refuse)
    assert journal.find("k") is None


def test_an_entry_is_never_written_inside_of_a_transaction(
    alias: str, journal: DjangoJournal
) -> None:
    with (
        atomic(using=alias),
        pytest.raises(RuntimeError, match="durable"),
    ):
        journal.change("k", lambda found: found or intended())


def test_a_damaged_entry_is_a_failure(alias: str, journal: DjangoJournal) -> None:
    journal.change("k", lambda found: found or intended())
    with connections[alias].cursor() as cursor:
        cursor.execute("UPDATE amazonpay_journal SET charge_ids = '{'")
    with pytest.raises(JournalFailed, match="cannot be read"):
        journal.find("k")


def test_a_journal_that_fails_shows_no_value(
    alias: str, journal: DjangoJournal
) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute("ALTER TABLE amazonpay_journal RENAME TO gone")
    try:
        with pytest.raises(JournalFailed, match="journal's database failed") as failed:
            journal.find("canary")
        assert "canary" not in str(failed.value)
    finally:
        with connections[alias].cursor() as cursor:
            cursor.execute("ALTER TABLE gone RENAME TO amazonpay_journal")


def test_others_that_change_it_all_the_time_do_not_hold_it_for_ever(
    alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("AmazonPay.contrib.django._journal._PATIENCE", 0.0)
    journal, other = DjangoJournal(alias), DjangoJournal(alias)
    journal.change("k", lambda found: found or intended())

    def change(found: Entry | None) -> Entry:
        assert found is not None
        other.change("k", sent_again)
        return sent_again(found)

    with pytest.raises(JournalFailed, match="all the time"):
        journal.change("k", change)
