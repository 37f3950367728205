"""`amazonpay journal`: a person settles what no program can."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import sqlalchemy
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from AmazonPay import SQLiteJournal, idempotency_key
from AmazonPay._once.bodies import digest_of
from AmazonPay._once.claims import new_claim
from AmazonPay.cli import credentials
from AmazonPay.contrib.sqlalchemy import SQLAlchemyJournal
from AmazonPay.journal import Entry
from command_line import Done, amazonpay, failing, of_simulator
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    from pathlib import Path

    from AmazonPay.journal import Journal

SECRET = "Ann Buyer"


def key_of(order: str) -> str:
    return idempotency_key(namespace="shop", order=order, operation="create_refund")


def entry(order: str = "1", charge: str = "S01-C1", **facts: Any) -> Entry:
    body = json.dumps(
        {
            "chargeId": charge,
            "refundAmount": {"amount": "5.00", "currencyCode": "USD"},
            "softDescriptor": SECRET,
        }
    ).encode()
    values: dict[str, Any] = {
        "key": key_of(order),
        "namespace": "shop",
        "order": order,
        "operation": "create_refund",
        "attempt": 1,
        "path": "/refunds",
        "body": body,
        "digest": digest_of(body),
        "runs": 1,
        "environment": "sandbox",
        "region": "na",
        "public_key_id": KEY_ID,
    }
    return Entry(**(values | facts))


def _first(made: Entry, found: Entry | None) -> Entry:
    del found
    return made


def write(book: Journal, *entries: Entry) -> None:
    for one in entries:
        book.change(one.key, partial(_first, one))


@pytest.fixture
def book(tmp_path: Path) -> SQLiteJournal:
    old = datetime.now(UTC) - timedelta(hours=2, minutes=5, seconds=10)
    return SQLiteJournal(tmp_path / "journal.db", clock=lambda: old)


@pytest.fixture
def place(tmp_path: Path) -> tuple[str, str]:
    return ("--journal", str(tmp_path / "journal.db"))


def journal(*line: str, **more: Any) -> Done:
    return amazonpay("journal", *line, **more)


# Listing --------------------------------------------------------------------------


def test_nothing_open_is_success(book: SQLiteJournal, place: tuple[str, str]) -> None:
    write(book, entry(outcome="success"), new_claim(entry(), "S01-C1"))
    for more in ((), ("--older-than", "1h")):
        done = journal("list", *place, *more)
        assert (done.status, done.out) == (0, "")
    counted = journal("list", *place, "--json").json
    assert (counted["open"], counted["oldest_seconds"]) == (0, None)


@pytest.mark.parametrize(("older", "status"), [("1h", 1), ("119m", 1), ("3h", 0)])
def test_what_is_open_for_longer_ends_with_1(
    older: str, status: int, book: SQLiteJournal, place: tuple[str, str]
) -> None:
    write(book, entry())
    assert journal("list", *place, "--older-than", older).status == status


def test_a_list_alone_is_no_alarm(book: SQLiteJournal, place: tuple[str, str]) -> None:
    write(book, entry())
    done = journal("list", *place)
    assert done.status == 0
    head, line = done.out.splitlines()
    assert head.startswith("key\toutcome")
    assert line == f"{key_of('1')}\tnot answered\t2h 5m\tcreate_refund\t1\t"


def test_a_list_counts_by_outcome_and_has_the_oldest_age(
    book: SQLiteJournal, place: tuple[str, str]
) -> None:
    write(book, entry("1"), entry("2", outcome="unknown"), entry("3", outcome="moved"))
    shown = journal("list", *place, "--json").json
    assert shown["open"] == 3
    assert shown["by_outcome"] == {"not answered": 1, "unknown": 1, "moved": 1}
    assert 7510 <= shown["oldest_seconds"] < 7610
    assert {one["order"] for one in shown["entries"]} == {"1", "2", "3"}


@pytest.mark.parametrize(
    "line", [("list",), ("list", "--json"), ("show", "KEY"), ("show", "KEY", "--json")]
)
def test_no_body_is_shown_unasked(
    line: tuple[str, ...], book: SQLiteJournal, place: tuple[str, str]
) -> None:
    write(book, entry())
    named = [key_of("1") if word == "KEY" else word for word in line]
    done = journal(*named, *place)
    assert key_of("1") in done.out
    assert SECRET not in done.out + done.err


def test_a_body_is_shown_if_asked(book: SQLiteJournal, place: tuple[str, str]) -> None:
    write(book, entry(), entry("2", body=None, outcome="success"))
    done = journal("show", key_of("1"), *place, "--body", "--json")
    assert SECRET in done.json["body"]
    assert journal("show", key_of("2"), *place, "--body", "--json").json["body"] is None
    assert SECRET in journal("show", key_of("1"), *place, "--body").out


@pytest.mark.parametrize("older", ["1", "soon", "9999999w"])
def test_what_is_no_time_ends_with_2(
    older: str, book: SQLiteJournal, place: tuple[str, str]
) -> None:
    del book
    assert journal("list", *place, "--older-than", older).status == 2


def test_a_time_before_all_time_ends_with_2(
    book: SQLiteJournal, place: tuple[str, str]
) -> None:
    del book
    assert journal("list", *place, "--older-than", "800000d").status == 2


# Settling -------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["success", "no"])
def test_a_person_settles_an_entry(
    outcome: str, book: SQLiteJournal, place: tuple[str, str]
) -> None:
    write(book, entry(outcome="unknown"))
    line = ("resolve", key_of("1"), outcome, "--reason", "seen", "--json")
    done = journal(*line, *place, "--object-id", "S01-R1")
    assert (done.status, done.json["outcome"]) == (0, outcome)
    found = book.find(key_of("1"))
    assert found is not None
    assert (found.outcome, found.reason, found.object_id) == (outcome, "seen", "S01-R1")


def test_a_known_success_is_no_no(book: SQLiteJournal, place: tuple[str, str]) -> None:
    write(book, entry(outcome="success", object_id="S01-R1"))
    done = journal("resolve", key_of("1"), "no", "--reason", "x", *place)
    assert (done.status, done.out) == (1, "")


def test_a_reason_of_several_lines_stays_one_cell(
    book: SQLiteJournal, place: tuple[str, str]
) -> None:
    write(book, entry(key="k"))
    reason = "seen\tby Ann\nat\x1b[31m 3 a.m."
    journal("resolve", "k", "success", "--reason", reason, *place)
    rows = dict(
        row.split("\t") for row in journal("show", "k", *place).out.splitlines()
    )
    assert rows["reason"] == r"seen\tby Ann\nat\x1b[31m 3 a.m."
    assert journal("show", "k", "--json", *place).json["reason"] == reason


def test_an_entry_is_abandoned(book: SQLiteJournal, place: tuple[str, str]) -> None:
    write(book, entry(), entry("2", runs=0))
    for order, outcome in (("1", None), ("2", "no")):
        line = ("abandon", key_of(order), "--reason", "the order was dropped", "--json")
        done = journal(*line, *place)
        assert (done.status, done.json["outcome"]) == (0, outcome)
        assert done.json["abandoned"] == "the order was dropped"


@pytest.mark.parametrize(
    "line",
    [
        ("show", "nope"),
        ("resolve", "nope", "no", "--reason", "x"),
        ("abandon", "nope", "--reason", "x"),
    ],
)
def test_an_unknown_key_ends_with_1(
    line: tuple[str, ...], book: SQLiteJournal, place: tuple[str, str]
) -> None:
    write(book, new_claim(entry(), "S01-C1"))
    assert journal(*line, *place).status == 1
    claim = new_claim(entry(), "S01-C1").key
    assert journal(line[0], claim, *line[2:], *place).status == 1


@pytest.mark.parametrize(
    "line",
    [
        ("resolve", "k", "no"),
        ("resolve", "k", "maybe", "--reason", "x"),
        ("resolve", "k", "no", "--reason", " "),
        ("abandon", "k"),
        ("show",),
    ],
)
def test_a_statement_without_a_reason_ends_with_2(
    line: tuple[str, ...], book: SQLiteJournal, place: tuple[str, str]
) -> None:
    write(book, entry(key="k"))
    assert journal(*line, *place).status == 2


# Which journal --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["missing.db", "", "a\0b", "."])
def test_a_missing_journal_is_not_created(name: str, tmp_path: Path) -> None:
    place = str(tmp_path / name)
    done = journal("list", env={"AMAZON_PAY_JOURNAL": place.partition("\0")[0]})
    assert journal("list", "--journal", place).status == 2
    assert done.status == 2
    assert not (tmp_path / "missing.db").exists()


def test_a_file_without_bytes_is_no_journal_with_nothing_open(tmp_path: Path) -> None:
    lost = tmp_path / "lost.db"
    lost.touch()
    done = journal("list", "--older-than", "1h", "--journal", str(lost))
    assert (done.status, done.out, lost.read_bytes()) == (2, "", b"")
    assert "lost what it held" in done.err


@pytest.mark.parametrize(
    "line",
    [("show",), ("resolve", "success", "--reason", "x"), ("abandon", "--reason", "x")],
    ids=["show", "resolve", "abandon"],
)
def test_a_word_that_is_no_key_is_unknown(
    line: tuple[str, ...], book: SQLiteJournal, place: tuple[str, str]
) -> None:
    del book
    done = journal(line[0], "\udcff", *line[1:], *place)
    assert (done.status, done.out) == (1, "")
    assert "no request of this key" in done.err


def test_no_journal_ends_with_2() -> None:
    done = journal("list", env={"AMAZON_PAY_JOURNAL": None})
    assert done.status == 2
    assert "AMAZON_PAY_JOURNAL" in done.err


def test_a_file_that_is_no_journal_ends_with_2(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.write_text("something else, long enough to be no empty database" * 20)
    assert journal("list", "--journal", str(other)).status == 2


def test_a_shops_database_that_is_named_as_a_file_is_told_how_to_name_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "shop.db"
    engine = sqlalchemy.create_engine(f"sqlite:///{file}")
    SQLAlchemyJournal(engine).create_table()
    engine.dispose()
    done = journal("list", "--journal", str(file))
    assert (done.status, "AMAZON_PAY_JOURNAL=sqlite:///" in done.err) == (2, True)


@pytest.mark.parametrize("table", [None, "payments"])
def test_a_database_is_named_in_the_environment(
    table: str | None, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine = sqlalchemy.create_engine(url)
    named = () if table is None else (table,)
    book = SQLAlchemyJournal(engine, *named)
    book.create_table()
    write(book, entry())
    options = () if table is None else ("--table", table)
    done = journal("list", *options, "--json", env={"AMAZON_PAY_JOURNAL": url})
    assert (done.status, done.json["open"]) == (0, 1)
    engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "nosuch://u:geheim@h/x",
        "postgresql+nope://u:geheim@h/x",
        "mysql+cymysql://u:geheim@h/x",  # its driver is not installed
        "://u:geheim@x",
    ],
)
def test_a_url_that_is_none_is_not_shown(url: str) -> None:
    done = journal("list", env={"AMAZON_PAY_JOURNAL": url})
    assert done.status == 2
    assert "geheim" not in done.err


class Strict(SQLiteDialect_pysqlite):
    """A driver that looks at its parameters when it connects, as PyMySQL does."""

    supports_statement_cache = True

    def connect(self, *_: Any, **__: Any) -> Any:
        raise TypeError("an unexpected keyword argument 'geheim'")


def test_a_driver_may_tell_a_parameter_only_when_it_connects(tmp_path: Path) -> None:
    registry.register("strict", __name__, "Strict")
    (tmp_path / "shop.db").touch()
    url = f"strict:///{tmp_path / 'shop.db'}"
    done = journal("list", env={"AMAZON_PAY_JOURNAL": url})
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert done.err.startswith("amazonpay: AMAZON_PAY_JOURNAL has a parameter")


def test_a_parameter_that_the_driver_does_not_know_is_refused_in_our_words(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}?geheim=1"
    done = journal("list", env={"AMAZON_PAY_JOURNAL": url})
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert done.err.startswith("amazonpay: AMAZON_PAY_JOURNAL has a parameter")
    url = "postgresql+psycopg://127.0.0.1:1/x?geheim=1"
    done = journal("list", env={"AMAZON_PAY_JOURNAL": url})
    assert (done.status, "parameters of its URL" in done.err) == (3, True)


def test_a_table_of_a_file_is_refused(
    book: SQLiteJournal, place: tuple[str, str]
) -> None:
    write(book, entry())
    done = journal("list", *place, "--table", "payments")
    assert (done.status, done.out) == (2, "")
    assert "--table goes with a database" in done.err


def test_a_database_that_does_not_answer_ends_with_3_and_is_not_shown() -> None:
    url = "postgresql+psycopg://shop:geheim@127.0.0.1:1/x"
    done = journal("list", env={"AMAZON_PAY_JOURNAL": url})
    assert done.status == 3
    assert "is the server running" in done.err
    assert "geheim" not in done.err


def test_a_list_that_is_cut_off_says_so(
    book: SQLiteJournal, place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("AmazonPay.cli.journal._MOST", 2)
    write(book, entry("1"), entry("2"), entry("3"))
    assert "there may be more" in journal("list", *place).err
    assert journal("list", *place, "--json").json["complete"] is False


def test_a_url_on_the_command_line_is_refused_and_not_shown() -> None:
    done = journal("list", "--journal", "postgresql://u:geheim@h/x")
    assert done.status == 2
    assert "geheim" not in done.err


def test_a_database_without_the_table_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    assert journal("list", env={"AMAZON_PAY_JOURNAL": url}).status in {2, 3}


# Sweeping -------------------------------------------------------------------------


def sweep(shop: Shop, env: Any, *line: str) -> Done:
    return journal(
        "sweep", *line, "--json", transport=of_simulator(shop.simulator), env=env
    )


def lines(done: Done) -> list[Any]:
    return [json.loads(line) for line in done.out.splitlines()]


def test_a_sweep_continues_each_entry_under_its_own_key(
    book: SQLiteJournal, place: tuple[str, str], env: Any
) -> None:
    shop = Shop()
    write(book, entry("1", shop.sold()), entry("2", "S01-0000000-0000000-C000000"))
    done = sweep(shop, env, *place)
    first = {line["order"]: line for line in lines(done)}
    assert first["1"]["outcome"] == "pending"
    assert first["2"]["outcome"] == "unknown"  # a send of it may be under way
    assert done.status == 4
    done = sweep(shop, env, *place, "--older-than", "0s")
    again = {line["order"]: line for line in lines(done)}
    assert again["1"]["object_id"] == first["1"]["object_id"]


def test_a_sweep_leaves_what_a_worker_may_be_at(
    tmp_path: Path, place: tuple[str, str], env: Any
) -> None:
    write(SQLiteJournal(tmp_path / "journal.db"), entry())
    done = sweep(Shop(), env, *place)
    assert (done.status, done.out) == (0, "")
    assert "Nothing is open" in done.err


def test_an_entry_that_fails_does_not_end_the_sweep(
    book: SQLiteJournal, place: tuple[str, str], env: Any
) -> None:
    shop = Shop()
    write(
        book,
        entry("1", body=None),
        entry("2", environment="live"),
        entry("3", shop.sold()),
    )
    done = sweep(shop, env, *place)
    assert [one["outcome"] for one in lines(done)] == ["failed", "failed", "pending"]
    assert done.status == 1


def test_a_sweep_without_an_answer_says_so(
    book: SQLiteJournal, place: tuple[str, str], env: Any
) -> None:
    write(book, entry(runs=0))
    done = journal("sweep", *place, transport=failing(httpx2.ConnectError), env=env)
    assert done.status in {3, 4}
    assert key_of("1") in done.out


def test_a_live_sweep_needs_yes(
    book: SQLiteJournal,
    place: tuple[str, str],
    env: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(book, entry(environment="live", public_key_id="LIVE-AGTEST"))
    live = {**env, "AMAZON_PAY_PUBLIC_KEY_ID": "LIVE-AGTEST"}
    shop = Shop(key_id="LIVE-AGTEST")
    assert sweep(shop, live, *place).status == 2
    assert sweep(shop, live, *place, "--yes").out
    monkeypatch.setattr(credentials, "is_terminal", lambda _: True)
    assert sweep(shop, live, *place, "--older-than", "0s").status == 2
