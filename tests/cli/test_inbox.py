"""`amazonpay inbox`: a person sees what waits, and frees what is parked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy

from AmazonPay import Client, Retry
from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox
from AmazonPay.testing import Authority
from command_line import Done, amazonpay, answering
from keys import KEY
from simulated import KEY_ID

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2
    from sqlalchemy import Engine

AUTHORITY = Authority()
TOPIC = "arn:aws:sns:us-east-1:291180941288:A3BXB0YN3XH17HA1EXAMPLE"
IDS = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(3)]
FIRST, SECOND, _ = IDS
CHARGE = "S01-0000000-0000000-C000000"


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) - timedelta(hours=2, minutes=5, seconds=10)

    def __call__(self) -> datetime:
        return self.now


class Box:
    """An inbox whose handler has failed for one notification, while another waits."""

    def __init__(self, engine: Engine, **names: Any) -> None:
        self.clock = Clock()
        self.inbox = SQLAlchemyInbox(engine, **names, max_failures=1, clock=self.clock)
        self.inbox.create_table()

    def receive(self, message_id: str) -> None:
        verifier = AUTHORITY.verifier([TOPIC])
        body = AUTHORITY.notification(
            "CHARGE", CHARGE, topic=TOPIC, merchant_id="A1", message_id=message_id
        )
        self.inbox.receive(verifier.verify(body))

    def park(self, message_id: str) -> None:
        self.receive(message_id)
        transport: httpx2.BaseTransport = answering(404)
        with Client(
            KEY_ID, KEY, "us", transport=transport, retry=Retry(attempts=1)
        ) as client:
            self.inbox.process(client, lambda *_: None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


@pytest.fixture
def box(file: Path) -> Box:
    return Box(sqlalchemy.create_engine(f"sqlite:///{file}"))


def inbox(*line: str, **more: Any) -> Done:
    return amazonpay("inbox", *line, **more)


# Listing --------------------------------------------------------------------------


def test_nothing_open_is_success(box: Box, file: Path) -> None:
    del box
    for more in ((), ("--older-than", "1s"), ("--parked",)):
        done = inbox("list", "--inbox", str(file), *more)
        assert (done.status, done.out) == (0, "")
        assert done.err.startswith("Nothing is ")
    counted = inbox("list", "--inbox", str(file), "--json").json
    assert (counted["open"], counted["oldest_seconds"]) == (0, None)


@pytest.mark.parametrize(("older", "status"), [("1h", 1), ("119m", 1), ("3h", 0)])
@pytest.mark.parametrize("more", [(), ("--parked",)], ids=["all", "parked"])
def test_what_is_open_for_longer_ends_with_1(
    older: str, status: int, more: tuple[str, ...], box: Box, file: Path
) -> None:
    box.park(FIRST)
    done = inbox("list", "--inbox", str(file), "--older-than", older, *more)
    assert done.status == status


def test_a_list_alone_is_no_alarm(box: Box, file: Path) -> None:
    box.park(FIRST)
    box.clock.now += timedelta(minutes=1)
    box.receive(SECOND)
    done = inbox("list", env={"AMAZON_PAY_INBOX": str(file)})
    assert done.status == 0
    head, first, second = done.out.splitlines()
    assert head.split("\t")[:3] == ["message", "state", "age"]
    assert first.split("\t")[:6] == [FIRST, "parked", "2h 5m", "CHARGE", CHARGE, "1"]
    assert "NotFound" in first
    assert second.startswith(f"{SECOND}\twaiting\t2h 4m\t")
    assert done.err == "1 parked, 1 waiting\n"


def test_doctor_tells_a_parked_notification_from_one_that_waits(
    box: Box, file: Path
) -> None:
    box.receive(FIRST)
    waiting = amazonpay("doctor", "--offline", "--inbox", str(file))
    assert "inbox: it can be read; none parked\n" in waiting.out
    box.park(SECOND)
    parked = amazonpay("doctor", "--offline", "--inbox", str(file))
    assert "inbox: it can be read; there are parked notifications" in parked.out


def test_a_list_counts_by_state_and_has_the_oldest_age(box: Box, file: Path) -> None:
    box.park(FIRST)
    box.receive(SECOND)
    shown = inbox("list", "--inbox", str(file), "--json").json
    assert shown["by_state"] == {"parked": 1, "waiting": 1}
    assert 7510 <= shown["oldest_seconds"] < 7610
    assert [one["message_id"] for one in shown["entries"]] == [FIRST, SECOND]
    parked = inbox("list", "--inbox", str(file), "--parked", "--json").json
    assert parked["by_state"] == {"parked": 1}


def test_a_list_that_is_cut_off_says_so(
    box: Box, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("AmazonPay.cli.inbox._MOST", 1)
    box.receive(FIRST)
    box.receive(SECOND)
    assert "may be more" in inbox("list", "--inbox", str(file)).err
    assert not inbox("list", "--inbox", str(file), "--json").json["complete"]


# Freeing --------------------------------------------------------------------------


def test_what_is_parked_is_freed(box: Box, file: Path) -> None:
    box.park(FIRST)
    done = inbox("retry", FIRST, "--inbox", str(file))
    assert (done.status, done.out) == (0, f"{FIRST}\n")
    assert box.inbox.parked() == []


def test_everything_that_is_parked_is_freed(box: Box, file: Path) -> None:
    for one in IDS:
        box.park(one)
    done = inbox("retry", "--all", "--inbox", str(file), "--json")
    assert len(done.out.splitlines()) == 3
    assert box.inbox.parked() == []
    again = inbox("retry", "--all", "--inbox", str(file))
    assert (again.status, again.err) == (0, "Nothing is parked.\n")


def test_what_is_not_parked_is_told_and_the_rest_is_freed(box: Box, file: Path) -> None:
    box.park(FIRST)
    box.receive(SECOND)
    done = inbox("retry", SECOND, "none", "\udcff", FIRST, "--inbox", str(file))
    assert (done.status, done.out) == (1, f"{FIRST}\n")
    assert f"{SECOND}, none" in done.err


@pytest.mark.parametrize("line", [(), (FIRST, "--all")], ids=["neither", "both"])
def test_ids_or_all_are_given(line: tuple[str, ...], file: Path) -> None:
    assert inbox("retry", *line, "--inbox", str(file)).status == 2


# Places ---------------------------------------------------------------------------


def test_a_database_is_named_in_the_environment(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    names = {"table_name": "mine", "objects_table_name": "things"}
    Box(sqlalchemy.create_engine(url), **names).park(FIRST)
    tables = ("--table", "mine", "--objects-table", "things")
    done = inbox("list", *tables, env={"AMAZON_PAY_INBOX": url})
    assert done.out.splitlines()[1].startswith(f"{FIRST}\tparked")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("", "AMAZON_PAY_INBOX"),
        ("none.db", "there is no inbox"),
        ("a\0b", "there is no inbox"),
        ("sqlite:///none.db", "there is no inbox"),
        ("sqlite://", "memory"),
        ("nonsense://shop:geheim@host/x", "is no URL of a database"),
        ("oracle+oracledb://shop:geheim@host/x", "needs the module oracledb"),
        ("postgresql+nodriver://shop:geheim@host/x", "is no URL of a database"),
    ],
)
def test_a_place_that_is_none_is_told(
    place: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if "\0" in place:
        done = inbox("list", "--inbox", place)
    else:
        done = inbox("list", env={"AMAZON_PAY_INBOX": place})
    assert done.status == 2
    assert said in done.err
    assert "geheim" not in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_url_on_the_command_line_is_refused(file: Path) -> None:
    done = inbox("list", "--inbox", f"sqlite:///{file}")
    assert done.status == 2
    assert "AMAZON_PAY_INBOX" in done.err


def test_a_database_without_the_tables_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    done = inbox("list", "--inbox", str(tmp_path / "empty.db"))
    assert done.status == 2
    assert "CREATE TABLE" in done.err


def test_what_is_no_database_is_no_answer(tmp_path: Path) -> None:
    file = tmp_path / "text.db"
    file.write_text("nothing of SQLite's " * 100)
    done = inbox("list", "--inbox", str(file))
    assert done.status == 3
    assert "the file is no SQLite database" in done.err
    assert "Traceback" not in done.err


def test_a_time_before_the_year_1_is_refused(box: Box, file: Path) -> None:
    del box
    done = inbox("list", "--inbox", str(file), "--older-than", "999999w")
    assert done.status == 2
