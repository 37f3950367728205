"""What a test does with a simulator: time, faults, lists, reset, save and load."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.errors import ConfigurationError, InvalidRequest
from AmazonPay.simulator import (
    Clock,
    FaultUnused,
    Ids,
    Request,
    Settings,
    Simulator,
    Store,
    merchant,
)
from keys import KEY
from simulated import KEY_ID, Reply, Shop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from AmazonPay.simulator import HistoryRow

BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Controlled(Shop):
    """A shop whose simulator has a clock of its own, which stands still."""

    def __init__(self, **given: Any) -> None:
        self.own = Clock(BEGIN)
        clock: Any = given.pop("clock", self.own)
        super().__init__(clock=clock, **given)
        requests: Any = _MachineClock()  # by which a client signs
        self.clock = requests


class _MachineClock:
    @property
    def text(self) -> str:
        return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


@pytest.fixture
def shop() -> Controlled:
    return Controlled()


def changes(rows: list[HistoryRow]) -> list[tuple[Any, ...]]:
    return [
        (row.at, row.facts["object"], row.facts["after"], row.facts["reason"])
        for row in rows
        if row.kind == "state"
    ]


def listened(shop: Controlled, *statuses: int) -> list[datetime]:
    """Listen to notifications, and answer with these statuses, then with 200."""
    came: list[datetime] = []
    answers = list(statuses)

    def listener(request: Request) -> int:
        assert request.body
        came.append(shop.own())
        return answers.pop(0) if answers else 200

    shop.simulator.notifications.add_listener(listener)
    return came


# Time ---------------------------------------------------------------------------------


def test_time_stands_still_until_it_is_moved(shop: Controlled) -> None:
    first = shop.open()
    shop.simulator.advance(days=1, seconds=-1)
    created = shop.simulator.sessions()[0]["creationTimestamp"]
    assert (first, created) == (
        shop.simulator.sessions()[0]["checkoutSessionId"],
        "20260101T120000Z",
    )
    assert shop.own() == BEGIN + timedelta(days=1, seconds=-1)


def test_an_authorization_expires_at_its_own_time_and_in_order(
    shop: Controlled,
) -> None:
    charge = shop.buy().charge
    rows = shop.simulator.advance(days=100)
    expiry = ("20260103T120000Z", "charge", "Canceled", "ExpiredUnused")
    assert expiry in changes(rows)
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert shop.simulator.charges()[0]["chargeId"] == charge
    assert shop.simulator.charges()[0]["statusDetails"]["state"] == "Canceled"


def test_the_next_event_is_found_and_returned(shop: Controlled) -> None:
    session = shop.open()
    rows = shop.simulator.advance_to_next_event()
    assert changes(rows) == [
        ("20260102T120000Z", "checkoutSession", "Canceled", "Expired")
    ]
    assert rows[-1].order == session
    assert shop.own() == BEGIN + timedelta(days=1)


def test_events_that_change_nothing_are_passed_over(shop: Controlled) -> None:
    shop.sold()
    while rows := shop.simulator.advance_to_next_event():
        assert rows[-1].facts
    assert shop.simulator.next_event_at() is None
    assert shop.simulator.advance_to_next_event() == []


def test_the_clock_is_read_while_a_notification_is_answered(shop: Controlled) -> None:
    read: list[datetime | None] = []

    def listener(_: Request) -> int:
        # Another thread, as that of a call over a socket is.
        reader = threading.Thread(
            target=lambda: read.append(shop.simulator.next_event_at()), daemon=True
        )
        reader.start()
        reader.join(10)
        return 200

    shop.simulator.notifications.add_listener(listener)
    shop.buy(canHandlePendingAuthorization=True, card="0701")
    shop.simulator.advance()
    assert read == [BEGIN + timedelta(seconds=30)]


def test_a_notification_is_answered_at_its_own_time(shop: Controlled) -> None:
    came = listened(shop, 500, 200, 503)
    shop.buy(canHandlePendingAuthorization=True, card="0701")
    rows = shop.simulator.advance(hours=3)
    assert came == [
        BEGIN,  # the charge is pending
        BEGIN + timedelta(seconds=30),  # it is authorized
        BEGIN + timedelta(hours=1),
        BEGIN + timedelta(hours=2),
    ]
    told = [row.facts["status"] for row in rows if row.facts.get("messageId")]
    assert told
    assert set(told) == {"answered"}


def test_a_notification_of_an_earlier_call_is_among_what_happened(
    shop: Controlled,
) -> None:
    came = listened(shop)
    shop.buy()
    assert came == []
    (row,) = shop.simulator.advance()
    assert (row.kind, row.facts["status"]) == ("notification", "answered")
    assert came == [BEGIN]
    assert shop.simulator.advance() == []


def test_a_listener_may_call_the_simulator(shop: Controlled) -> None:
    seen: list[Reply] = []

    def listener(request: Request) -> int:
        charge = json.loads(json.loads(request.body)["Message"])["ObjectId"]
        seen.append(shop.get(f"/charges/{charge}"))
        assert shop.simulator.notifications.deliver() == 0
        return 200

    shop.simulator.notifications.add_listener(listener)
    shop.buy()
    shop.simulator.advance()
    assert [one.status for one in seen] == [200]


@pytest.mark.parametrize(
    "by",
    [
        {"days": -1},
        {"days": 1e9},
        {"days": 2_900_000},
        {"seconds": float("nan")},
        {"hours": -0.1},
    ],
)
def test_the_clock_moves_forward_only_and_within_the_calendar(
    shop: Controlled, by: dict[str, float]
) -> None:
    with pytest.raises(InvalidRequest, match="clock"):
        shop.simulator.advance(**by)
    assert shop.own() == BEGIN


def test_a_reset_in_the_middle_of_a_delivery_ends_it(shop: Controlled) -> None:
    def listener(request: Request) -> int:
        assert request.body
        shop.simulator.reset()
        return 200

    shop.simulator.notifications.add_listener(listener)
    shop.buy()
    shop.buy()
    assert shop.simulator.advance() == []
    assert shop.simulator.notifications.deliver() == 0


def test_a_clock_of_ones_own_is_not_moved() -> None:
    with pytest.raises(ConfigurationError, match="a clock of yours"):
        Shop().simulator.advance(days=1)
    with pytest.raises(ConfigurationError, match="a clock of yours"):
        Shop().simulator.advance_to_next_event()


def test_a_running_clock_goes_on_ahead_and_is_kept_in_a_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "world.db")
    first = Simulator([merchant(KEY_ID, KEY.public_key())], store=store)
    first.advance(days=40)
    ahead = datetime.now(UTC) + timedelta(days=39, hours=23)
    assert first.clock() > ahead
    assert Simulator([], store=store).clock() > ahead
    first.reset()
    assert first.clock() < ahead
    store.close()


def test_a_running_clock_begins_now() -> None:
    with pytest.raises(ValueError, match="begins now"):
        Clock(BEGIN, runs=True)


def test_a_client_signs_by_the_machines_time_wherever_the_clock_stands(
    shop: Controlled,
) -> None:
    shop.simulator.advance(days=400)
    with shop.client() as client:
        assert client.get_charge("S01-0000000-0000000-C000000").status_code == 404


# Faults -------------------------------------------------------------------------------


def test_a_fault_ends_with_its_block(shop: Controlled) -> None:
    session = shop.paid()
    with shop.simulator.fault("complete_checkout_session", "503", times=2):
        assert shop.complete(session).status == 503
        assert shop.complete(session).status == 503
        assert shop.simulator.faults() == []
    assert shop.complete(session).status == 200


@pytest.mark.parametrize(("calls", "times"), [(0, 1), (1, 2), (0, 3)])
def test_a_fault_that_is_not_met_fails(
    shop: Controlled, calls: int, times: int
) -> None:
    session = shop.paid()
    fault = shop.simulator.fault("complete_checkout_session", "503", times=times)
    fault.__enter__()
    for _ in range(calls):
        shop.complete(session)
    with pytest.raises(FaultUnused, match=f"armed for {times} and met {calls}"):
        fault.__exit__(None, None, None)
    assert shop.simulator.faults() == []
    assert shop.complete(session).status == 200


def test_a_fault_hides_no_other_failure(shop: Controlled) -> None:
    with pytest.raises(LookupError), shop.simulator.fault("get_charge", "503"):
        raise LookupError
    assert shop.simulator.faults() == []


def test_one_operation_has_one_fault_at_a_time(shop: Controlled) -> None:
    armed = [{"operation": "get_charge", "outcome": "503", "when": "before"}]
    with suppress(FaultUnused), shop.simulator.fault("get_charge", "503"):
        assert shop.simulator.faults() == armed
        second = shop.simulator.fault("get_charge", "502")
        with pytest.raises(ConfigurationError, match="get_charge is armed"):
            second.__enter__()
    shop.provoke("get_charge", "503")
    assert shop.simulator.disarm() == armed
    assert shop.simulator.disarm() == []


# Lists --------------------------------------------------------------------------------


def test_sessions_and_charges_are_listed_oldest_first(shop: Controlled) -> None:
    bought = [shop.buy() for _ in range(5)]
    sessions, charges = shop.simulator.sessions(), shop.simulator.charges()
    assert [one["checkoutSessionId"] for one in sessions] == [
        one.session for one in bought
    ]
    assert [one["chargeId"] for one in charges] == [one.charge for one in bought]
    assert charges[0] == shop.get(f"/charges/{bought[0].charge}").json
    assert Simulator([]).sessions() == []


# The whole world ----------------------------------------------------------------------


def test_reset_forgets_everything_but_the_listeners(shop: Controlled) -> None:
    came = listened(shop)
    shop.provoke("get_charge", "503")
    shop.buy()
    shop.simulator.advance(days=3)
    came.clear()
    shop.simulator.reset()
    simulator = shop.simulator
    assert (simulator.sessions(), simulator.charges(), simulator.story()) == (
        [],
        [],
        [],
    )
    assert (simulator.faults(), shop.own()) == ([], BEGIN)
    shop.buy()
    simulator.advance()
    assert came == [BEGIN]
    assert simulator.story()[0].number == 1


def test_reset_empties_the_buckets_of_the_quotas() -> None:
    shop = Controlled(settings=Settings(throttles=True))

    def refused() -> int:
        replies = [shop.get("/charges/S01-0000000-0000000-C000000") for _ in range(60)]
        return sum(one.status == 429 for one in replies)

    first = refused()
    shop.simulator.reset()
    assert first == refused() > 0


def world(path: Path, **given: Any) -> Controlled:
    shop = Controlled(**given)
    listened(shop)
    shop.buy()
    shop.sold()
    shop.open()
    shop.simulator.advance(hours=1)
    shop.provoke("get_refund", "503")
    shop.simulator.save(path)
    return shop


def test_a_world_is_saved_loaded_and_saved_as_the_same_bytes(tmp_path: Path) -> None:
    old = world(tmp_path / "a.world")
    new = Controlled(seed=2)
    new.simulator.load(tmp_path / "a.world")
    new.simulator.save(tmp_path / "b.world")
    a, b = (tmp_path / f"{name}.world" for name in "ab")
    assert a.read_bytes() == b.read_bytes()
    for name in ("story", "sessions", "charges", "faults"):
        assert getattr(new.simulator, name)() == getattr(old.simulator, name)()
    assert new.own() == old.own() == BEGIN + timedelta(hours=1)


def test_a_loaded_world_goes_on_as_the_saved_one(tmp_path: Path) -> None:
    old = world(tmp_path / "a.world")
    new = Controlled(seed=2)
    new.simulator.load(tmp_path / "a.world")
    listened(new)
    vars(new)["_keys"] = vars(old)["_keys"]  # the shop's idempotency keys
    assert new.buy() == old.buy()  # the ids go on, too
    assert new.simulator.advance(days=30) == old.simulator.advance(days=30)


def test_a_world_without_a_seed_is_loaded_into_one_with(tmp_path: Path) -> None:
    plain = Simulator([merchant(KEY_ID, KEY.public_key())], clock=Clock(BEGIN))
    plain.save(tmp_path / "a.world")
    seeded = Simulator([], clock=Clock(), ids=Ids(Random(1)))  # noqa: S311 - ids
    seeded.load(tmp_path / "a.world")
    assert seeded.clock() == BEGIN
    world(tmp_path / "b.world")
    plain.load(tmp_path / "b.world")
    assert len(plain.sessions()) == 3


def test_nothing_happens_in_a_loaded_world_by_the_clock_before(tmp_path: Path) -> None:
    world(tmp_path / "a.world")
    waiting: list[threading.Thread] = []

    class Watched(Clock):
        def set(self, moment: datetime) -> None:
            # Another thread is at the door, as that of an open console is.
            waiting.append(threading.Thread(target=simulator.settle))
            waiting[-1].start()
            waiting[-1].join(0.2)
            super().set(moment)

    simulator = Simulator(
        [merchant(KEY_ID, KEY.public_key())],
        clock=Watched(BEGIN + timedelta(days=400)),
        ids=Ids(Random(1)),  # noqa: S311 - ids
    )
    simulator.load(tmp_path / "a.world")
    waiting[0].join()
    assert simulator.saved() == (tmp_path / "a.world").read_bytes()


def test_a_world_is_loaded_beside_a_clock_of_ones_own(tmp_path: Path) -> None:
    world(tmp_path / "a.world")
    simulator = Simulator([merchant(KEY_ID, KEY.public_key())], clock=lambda: BEGIN)
    simulator.load(tmp_path / "a.world")
    assert (simulator.clock(), len(simulator.sessions())) == (BEGIN, 3)


def _with(member: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda given: given.update({member: value})


DAMAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another format": _with("format", "x"),
    "no version": lambda given: given.pop("version"),
    "a text for a version": _with("version", "one"),
    "no time": lambda given: given.pop("now"),
    "a time without a zone": _with("now", "2026-01-01T12:00:00"),
    "a number for a time": _with("now", 1),
    "no table": lambda given: given.pop("due"),
    "a number for a table": _with("due", 1),
    "a number for a row": lambda given: given["due"].append(1),
    "a short row": lambda given: given["due"].append([1]),
    "a text for a record": lambda given: given["object"][0].__setitem__(3, "x"),
    "a record without its id": lambda given: given["object"][0][3].pop("id"),
    "a record of another id": lambda given: given["object"][0][3].update(id="x"),
    "a row twice": lambda given: given["object"].append(given["object"][0]),
    "a list for a column": lambda given: given["due"][0].__setitem__(1, []),
    "a huge number": lambda given: given["due"][0].__setitem__(0, 10**30),
    "a time before the calendar": _with("now", "0001-01-01T00:00:00+14:00"),
    "a time after the calendar": _with("now", "9999-12-31T23:59:59-14:00"),
    "a time at the end of the calendar": _with("now", "9999-12-31T23:59:59+00:00"),
    "a number for the dice": _with("ids", 5),
    "short dice": _with("ids", [3, [1, 2], None]),
    "dice that are too large": _with("ids", [3, [2**70] * 625, None]),
    "an event at no time": lambda given: given["due"][0].__setitem__(1, "soon"),
    "an event of nothing": lambda given: given["due"][0].__setitem__(3, "x"),
    "a call without its answer": lambda given: next(
        row for row in given["history"] if row[4] == "request"
    )[5].clear(),
    "a change of nothing": lambda given: next(
        row for row in given["history"] if row[4] == "state"
    )[5].update(object=5),
    "a list for a message": lambda given: next(
        row for row in given["history"] if row[4] == "notification"
    )[5].update(messageId=[]),
    "a row at no time": lambda given: given["history"][0].__setitem__(1, "soon"),
    "the last row there can be": lambda given: given["history"][-1].__setitem__(
        0, 2**63 - 1
    ),
    "no bytes of an answer": lambda given: given["response"][0].__setitem__(6, 1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_world_is_refused_and_changes_nothing(
    damage: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.world"
    shop = world(path)
    before = path.read_bytes()
    given = json.loads(before)
    DAMAGES[damage](given)
    with pytest.raises(ConfigurationError, match="this is no world"):
        shop.simulator.restore(json.dumps(given).encode())
    assert shop.simulator.saved() == before


@pytest.mark.parametrize("data", [b"", b"[]", b"1", b"\xff", b"[" * 100_000, b"{}"])
def test_what_is_no_world_is_refused(data: bytes, shop: Controlled) -> None:
    with pytest.raises(ConfigurationError, match="this is no world"):
        shop.simulator.restore(data)


def test_a_newer_world_and_a_missing_file_are_named(
    shop: Controlled, tmp_path: Path
) -> None:
    newer = json.dumps({**json.loads(shop.simulator.saved()), "version": 2}).encode()
    with pytest.raises(ConfigurationError, match="of a newer version"):
        shop.simulator.restore(newer)
    with pytest.raises(ConfigurationError, match="No such file"):
        shop.simulator.load(tmp_path / "none.world")
