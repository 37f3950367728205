"""What the helpers refuse before anything is sent or written down."""

from __future__ import annotations

import json
from collections import UserDict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest
from sqlalchemy import create_engine

from AmazonPay import AsyncClient, Client, InvalidRequest, JournalConflict
from AmazonPay._once.bodies import digest_of
from AmazonPay._once.changes import record_intent
from AmazonPay._once.intent import intended_entry
from AmazonPay.contrib.sqlalchemy import SQLAlchemyJournal
from AmazonPay.journal import Entry, SQLiteJournal, abandon, resolve
from journals import NAMES, MemoryJournal
from keys import KEY
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from AmazonPay import Journal

USD = {"amount": "10.00", "currencyCode": "USD"}

# A good call of each helper: its arguments, journal and names aside.
CALLS: dict[str, tuple[Any, ...]] = {
    "complete_or_get_checkout_session": ("s1", {"chargeAmount": USD}),
    "finalize_or_get_checkout_session": (
        "s1",
        {"chargeAmount": USD, "paymentIntent": "Authorize"},
    ),
    "create_charge_or_get": ({"chargePermissionId": "S01", "chargeAmount": USD},),
    "capture_or_get_charge": ("S01-C1", {"captureAmount": USD}),
    "cancel_or_get_charge": ("S01-C1", {"cancellationReason": "x"}),
    "close_or_get_charge_permission": ("S01", {"closureReason": "x"}),
    "refund_or_get": ({"chargeId": "S01-C1", "refundAmount": USD},),
}


def nothing_leaves(request: httpx2.Request) -> httpx2.Response:
    pytest.fail(f"sent {request.method}")


def client() -> Client:
    return Client(KEY_ID, KEY, "us", transport=httpx2.MockTransport(nothing_leaves))


def refused(helper: str, *args: Any, **changes: Any) -> str:
    """Call a helper of both clients with one mistake; give what it says."""
    journal = MemoryJournal()
    given = {"journal": journal, **NAMES, **changes}
    call = args or CALLS[helper]
    with pytest.raises(InvalidRequest) as caught:
        getattr(client(), helper)(*call, **given)
    transport = httpx2.MockTransport(nothing_leaves)
    awaiting = AsyncClient(KEY_ID, KEY, "us", transport=transport)

    async def run() -> None:
        with pytest.raises(InvalidRequest) as awaited:
            await getattr(awaiting, helper)(*call, **given)
        assert str(awaited.value) == str(caught.value)

    anyio.run(run)
    assert journal.entries == {}
    return str(caught.value)


# Names --------------------------------------------------------------------------------


@pytest.mark.parametrize("helper", CALLS)
@pytest.mark.parametrize("member", ["order", "namespace"])
@pytest.mark.parametrize(
    "name", [" 1007", "1007\u00a0", "10\u200b07", "\u202e1007", "10\x0007", 1007, None]
)
def test_a_name_that_looks_like_another_is_refused(
    helper: str, member: str, name: Any
) -> None:
    assert member in refused(helper, **{member: name})


@pytest.mark.parametrize("attempt", [0, -1, True, 1.0, "1", None, 2**31])
def test_an_attempt_is_a_positive_int(attempt: Any) -> None:
    assert "attempt is an int" in refused("create_charge_or_get", attempt=attempt)


# Journals -----------------------------------------------------------------------------


class Awaiting:
    def __repr__(self) -> str:
        return "Awaiting()"

    async def change(self, key: str, change: object, /) -> None: ...
    async def find(self, key: str, /) -> None: ...


NO_JOURNALS = pytest.mark.parametrize(
    ("journal", "says"),
    [
        (None, "a NoneType"),
        ("journal.db", "a str"),
        (Path("journal.db"), "a "),
        ({}, "a dict"),
        (SQLiteJournal, "the class SQLiteJournal"),
        (SQLAlchemyJournal, "the class SQLAlchemyJournal"),
        (create_engine("sqlite://"), "a Engine"),
        (Awaiting(), "awaits"),
    ],
    ids=str,
)


@pytest.mark.parametrize("helper", CALLS)
@NO_JOURNALS
def test_what_is_no_journal_is_refused(helper: str, journal: Any, says: str) -> None:
    assert says in refused(helper, journal=journal)


@pytest.mark.parametrize(
    "settle",
    [partial(resolve, outcome="success", reason="seen"), partial(abandon, reason="x")],
    ids=["resolve", "abandon"],
)
@NO_JOURNALS
def test_nothing_is_settled_in_what_is_no_journal(
    settle: Any, journal: Any, says: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        settle(journal, "key")
    assert says in str(caught.value)


@pytest.mark.parametrize("entry", [None, "key", {"key": "k"}, Entry])
def test_only_an_entry_can_be_resumed(entry: Any) -> None:
    with pytest.raises(InvalidRequest, match="entry is an entry"):
        client().resume(entry, journal=MemoryJournal())


def test_an_entry_is_resumed_with_a_journal() -> None:
    with pytest.raises(InvalidRequest, match="journal is a NoneType"):
        client().resume(None, journal=None)  # type: ignore[arg-type] # the mistake


# Ids ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "charge_ids",
    [
        "S01-C1",
        b"S01-C1",
        {"S01-C1": True},
        5,
        True,
        (one for one in ["S01-C1"]),
        [None],
        ["S01-C1", 5],
        [""],
        [".."],
        ["S01-\ud800"],
        [["S01-C1"]],
    ],
    ids=lambda ids: type(ids).__name__,
)
def test_charge_ids_is_a_collection_of_ids(charge_ids: Any) -> None:
    said = refused("close_or_get_charge_permission", charge_ids=charge_ids)
    assert "charge_ids" in said


@pytest.mark.parametrize("charge_ids", ["S01-C1", b"S01-C1", {}, 5])
def test_what_is_no_list_of_charge_ids_is_named_by_its_type(charge_ids: Any) -> None:
    said = refused("close_or_get_charge_permission", charge_ids=charge_ids)
    assert f"not a {type(charge_ids).__name__}" in said


@pytest.mark.parametrize("id_", [None, 5, b"S01", "", ".", "\ud800", ["S01"]])
@pytest.mark.parametrize(
    "helper", [helper for helper, call in CALLS.items() if len(call) == 2]
)
def test_an_id_in_the_path_is_an_id(helper: str, id_: Any) -> None:
    refused(helper, id_, CALLS[helper][1])


@pytest.mark.parametrize("id_", [None, 5, "", "..", "\ud800", ["S01"]])
@pytest.mark.parametrize(
    ("helper", "member"),
    [("create_charge_or_get", "chargePermissionId"), ("refund_or_get", "chargeId")],
)
def test_an_id_in_the_body_is_an_id(helper: str, member: str, id_: Any) -> None:
    refused(helper, {**CALLS[helper][0], member: id_})


# Bodies -------------------------------------------------------------------------------


@pytest.mark.parametrize("helper", CALLS)
@pytest.mark.parametrize(
    "body", [5, True, [], ["x"], (), object(), bytearray(b"{}"), "[]", b"5", '"x"', ""]
)
def test_a_body_is_an_object(helper: str, body: Any) -> None:
    *ids, _ = CALLS[helper]
    refused(helper, *ids, body)


@pytest.mark.parametrize(
    "helper",
    [one for one in CALLS if not one.startswith(("cancel", "close"))],
)
def test_a_body_that_is_needed_is_not_left_out(helper: str) -> None:
    *ids, _ = CALLS[helper]
    assert "needs a body" in refused(helper, *ids, None)


@pytest.mark.parametrize("helper", CALLS)
@pytest.mark.parametrize("encode", [str, str.encode])
@pytest.mark.parametrize(
    "wrong",
    [
        '"captureAmount":{"amount":10.0,"currencyCode":"USD"}',
        '"captureAmount":{"amount":1e1,"currencyCode":"USD"}',
        '"captureAmount":{"amount":"1","amount":"10","currencyCode":"USD"}',
        '"a":1,"\\u0061":1',
        '"deep":[{"amount":[0.5]}]',
        '"deep":[{"x":1,"y":2,"x":1}]',
        '"x":1e99999999999999999999',
        '"x":NaN',
    ],
)
def test_text_that_a_reader_may_take_in_two_ways_is_refused(
    helper: str, encode: Any, wrong: str
) -> None:
    *ids, body = CALLS[helper]
    text = f"{json.dumps(body)[:-1]},{wrong}}}"
    refused(helper, *ids, encode(text))


# Equal amounts ------------------------------------------------------------------------


def write_down(journal: MemoryJournal, operation: str, body: Any, **more: Any) -> Entry:
    """Write down what a helper is about to do, as it does before all else."""
    intended = intended_entry(operation, ("S01",), body, **NAMES, attempt=1, **more)
    return journal.change(intended.key, record_intent(intended))


def capture(amount: Any, currency: str, journal: MemoryJournal) -> None:
    """Write a capture of so much down."""
    price = {"amount": amount, "currencyCode": currency}
    write_down(journal, "capture_charge", {"captureAmount": price})


@pytest.mark.parametrize(
    ("currency", "amounts"),
    [
        ("USD", ["10.0", 10, "10.00", "10", "010.000", Decimal("1E+1"), Decimal(10)]),
        ("USD", ["0.5", "0.50", Decimal("0.500"), "00.5"]),
        ("JPY", ["100", 100, "100.00", "100.0", Decimal("1E+2")]),
        ("XXX", ["10.0", 10, "10.00"]),
        ("USD", ["0.005", "0.0050", Decimal("0.005")]),
    ],
)
def test_amounts_that_are_equal_are_one_body(currency: str, amounts: list[Any]) -> None:
    journal = MemoryJournal()
    for amount in amounts:
        capture(amount, currency, journal)
    assert len(journal.entries) == 1


@pytest.mark.parametrize(
    ("currency", "one", "other"),
    [
        ("USD", "10.00", "10.01"),
        ("USD", "0.1", "0.10000000000000000000000000001"),
        ("JPY", "100", "1"),
        ("JPY", 100, 10000),
    ],
)
def test_amounts_that_differ_are_two_bodies(
    currency: str, one: Any, other: Any
) -> None:
    journal = MemoryJournal()
    capture(one, currency, journal)
    with pytest.raises(JournalConflict):
        capture(other, currency, journal)


# What an older version wrote ----------------------------------------------------------

# Its digest was of the body as it was written.
OLDER = {
    "10.0": "dcc017d6eb2946eeec75177527fb4e779045bc829b8cd15b33f8b84193040e36",
    "10.00": "8e8809b4053814c344f5f96aeced3781f2186b3c032647db14093054ad1bd1bb",
}


@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize("written", OLDER)
def test_an_entry_of_an_older_version_still_matches_its_call(
    written: str, forgotten: bool
) -> None:
    journal = MemoryJournal()
    older = an_older_entry(written, None if forgotten else written)
    journal.entries[older.key] = older
    capture(written, "USD", journal)
    if not forgotten:
        capture(10, "USD", journal)
    with pytest.raises(JournalConflict):
        capture("10.01", "USD", journal)
    assert len(journal.entries) == 1


def an_older_entry(digest: str, body: str | None) -> Entry:
    """An entry of `capture`, as an older version left it."""
    scratch = MemoryJournal()
    capture("10.00", "USD", scratch)
    text = f'{{"captureAmount":{{"amount":"{body}","currencyCode":"USD"}}}}'
    row = scratch.entry.to_row()
    row |= {"digest": OLDER[digest], "body": text.encode() if body else None}
    return Entry.from_row(row)


def test_an_amount_as_price_writes_it_has_the_digest_that_it_always_had() -> None:
    body = b'{"captureAmount":{"amount":"10.00","currencyCode":"USD"}}'
    assert digest_of(body) == OLDER["10.00"]


def test_a_body_that_an_older_version_left_out_is_the_one_that_is_left_out_now() -> (
    None
):
    journal = MemoryJournal()
    write_down(journal, "close_charge_permission", {})  # which is what it sent
    write_down(journal, "close_charge_permission", None)
    with pytest.raises(JournalConflict):
        write_down(journal, "close_charge_permission", {"closureReason": "another"})


# Bodies that are left out -------------------------------------------------------------


@pytest.mark.parametrize(
    "helper", ["close_or_get_charge_permission", "cancel_or_get_charge"]
)
def test_the_body_may_be_left_out(helper: str) -> None:
    shop = Shop()
    bought = shop.buy()
    id_ = bought.permission if helper.startswith("close") else bought.charge
    decision = getattr(shop.client(), helper)(id_, journal=MemoryJournal(), **NAMES)
    assert decision.outcome == "success"
    shop.simulator.store.close()


# Moments ------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "sqlalchemy"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    if request.param == "sqlite":
        yield SQLiteJournal(tmp_path / "journal.db")
        return
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    shops = SQLAlchemyJournal(engine)
    shops.create_table()
    yield shops
    engine.dispose()


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - the mistake
        date(2026, 1, 1),
        "2026-01-01",
        1767225600,
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
    ],
    ids=repr,
)
def test_a_moment_without_a_zone_is_refused(stored: Journal, moment: Any) -> None:
    with pytest.raises(InvalidRequest, match="a moment"):
        stored.open_entries(before=moment)
    with pytest.raises(InvalidRequest, match="a moment"):
        stored.forget(moment)


def test_no_moment_to_forget_before_is_refused(stored: Journal) -> None:
    with pytest.raises(InvalidRequest, match="a moment"):
        stored.forget(None)  # type: ignore[arg-type] # the mistake


def test_a_moment_long_ago_is_before_everything(stored: Journal) -> None:
    long_ago = datetime(999, 1, 1, tzinfo=UTC)
    assert stored.forget(long_ago) == 0
    assert stored.open_entries(before=long_ago) == []


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, "10", None])
def test_a_limit_is_a_positive_int(stored: Journal, limit: Any) -> None:
    with pytest.raises(InvalidRequest, match="limit is an int"):
        stored.open_entries(limit=limit)


def test_any_mapping_is_a_body() -> None:
    journal = MemoryJournal()
    body = UserDict({"captureAmount": UserDict(USD)})
    write_down(journal, "capture_charge", body)
    assert journal.entry.digest == OLDER["10.00"]
