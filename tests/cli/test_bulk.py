"""`amazonpay bulk`: a file, a journal and a shop in memory."""

from __future__ import annotations

import contextlib
import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from AmazonPay import idempotency_key
from AmazonPay.cli import credentials
from bulk_desk import NAMESPACE, Desk, outcomes
from command_line import amazonpay, failing, has_pipes, of_simulator, piped
from simulated import LIVE_KEY_ID, Shop

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("few_authorities")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def refunds(desk: Desk) -> Desk:
    """A desk with a file of three refunds."""
    sold = [desk.shop.sold("50") for _ in range(3)]
    desk.write(*((f"r{n}", charge, "5.00", "USD") for n, charge in enumerate(sold)))
    return desk


# Each row once --------------------------------------------------------------------


def test_each_row_is_refunded_once_however_often_the_command_is_run(
    refunds: Desk,
) -> None:
    done = refunds.run("refund", "--json")
    assert (done.status, outcomes(done)) == (1, {"pending": 3})
    refunds.clock.move(days=1)
    done = refunds.run("refund", "--json")
    assert (done.status, outcomes(done)) == (0, {"success": 3})
    assert done.json["outcomes"]["success"]["amounts"] == {"USD": "15.00"}
    asked = len(refunds.shop.simulator.story())
    done = refunds.run("refund", "--json")
    assert (done.status, done.json["settled_before"]) == (0, 3)
    assert len(refunds.shop.simulator.story()) == asked
    assert len(refunds.posts("/refunds")) == 3


@has_pipes
def test_the_key_of_the_merchant_may_come_from_a_pipe(refunds: Desk) -> None:
    file = refunds.env["AMAZON_PAY_PRIVATE_KEY"]
    refunds.env["AMAZON_PAY_PRIVATE_KEY"] = None
    with piped(Path(str(file)).read_bytes()) as pipe:
        done = refunds.run("refund", "--json", "--private-key", pipe)
    assert outcomes(done) == {"pending": 3}


def test_the_key_of_a_row_is_made_of_namespace_reference_and_operation(
    refunds: Desk,
) -> None:
    refunds.run("refund")
    for number in range(3):
        key = idempotency_key(
            namespace=NAMESPACE, order=f"r{number}", operation="create_refund"
        )
        assert refunds.journal.find(key) is not None


def _authorized(shop: Shop) -> str:
    return shop.buy("50").charge


def _permission(shop: Shop) -> str:
    return shop.buy("50").permission


@pytest.mark.parametrize(
    ("kind", "column", "made", "cells"),
    [
        ("capture", "charge_id", _authorized, ("50.00", "USD")),
        ("cancel", "charge_id", _authorized, ()),
        ("close", "charge_permission_id", _permission, ()),
    ],
    ids=["capture", "cancel", "close"],
)
def test_captures_cancellations_and_closings_are_done_once(
    kind: str,
    column: str,
    made: Callable[[Shop], str],
    cells: tuple[str, ...],
    desk: Desk,
) -> None:
    head = ("reference", column, *("amount", "currency")[: len(cells)])
    desk.write(*((f"r{n}", made(desk.shop), *cells) for n in range(3)), head=head)
    done = desk.run(kind, "--json")
    assert (done.status, outcomes(done)) == (0, {"success": 3})
    asked = len(desk.shop.simulator.story())
    assert desk.run(kind).status == 0
    assert len(desk.shop.simulator.story()) == asked


def test_order_and_other_rows_of_a_file_make_no_difference(refunds: Desk) -> None:
    refunds.run("refund")
    lines = (refunds.folder / "rows.csv").read_text().splitlines()
    extra = f"r9,{refunds.shop.sold()},5.00,USD"
    shuffled = [lines[0], extra, *reversed(lines[1:])]
    (refunds.folder / "rows.csv").write_text("\n".join(shuffled))
    refunds.run("refund")
    assert len(refunds.posts("/refunds")) == 4


def test_a_row_that_is_refused_stops_no_other(desk: Desk) -> None:
    charge = desk.shop.buy("50").charge
    sold = desk.shop.sold("50")
    desk.write(("a", charge, "5.00", "USD"), ("b", sold, "5.00", "USD"))
    done = desk.run("refund", "--json")
    assert (done.status, outcomes(done)) == (1, {"pending": 1, "no": 1})
    (shown,) = done.json["attention"]
    assert (shown["line"], shown["reference"], shown["outcome"]) == (2, "a", "no")
    assert "line 2, a: no (" in done.err
    sent = len(desk.posts("/refunds"))
    assert outcomes(desk.run("refund", "--json")) == {"pending": 1, "no": 1}
    assert len(desk.posts("/refunds")) == sent


def test_an_object_of_another_reference_is_a_conflict(desk: Desk) -> None:
    charge = desk.shop.buy("50").charge
    desk.write(("a", charge, "50.00", "USD"))
    assert desk.run("capture").status == 0
    desk.write(("b", charge, "50.00", "USD"))
    done = desk.run("capture", "--json")
    assert (done.status, outcomes(done)) == (1, {"conflict": 1})


# What is refused before anything is sent ------------------------------------------


def test_a_changed_row_is_refused_with_its_line(refunds: Desk) -> None:
    refunds.run("refund")
    file = refunds.folder / "rows.csv"
    lines = file.read_text().splitlines()
    lines[2] = lines[2].replace("5.00", "6.00")
    lines.append(f"r9,{refunds.shop.sold()},5.00,USD")
    file.write_text("\n".join(lines))
    done = refunds.run("refund", "--json")
    assert done.status == 2
    (problem,) = done.json["problems"]
    assert problem["line"] == 3
    assert "'r1' has been used for another content" in problem["problem"]
    assert len(refunds.posts("/refunds")) == 3


def test_an_amount_that_is_written_in_another_way_is_the_same(refunds: Desk) -> None:
    refunds.run("refund")
    file = refunds.folder / "rows.csv"
    file.write_text(file.read_text().replace("5.00", "5.0"))
    assert refunds.run("refund").status == 1
    assert len(refunds.posts("/refunds")) == 3


def test_a_journal_of_another_environment_is_refused(
    refunds: Desk, tmp_path: Path
) -> None:
    refunds.run("refund")
    live = tmp_path / "live"
    live.mkdir()
    other = Desk(live, key_id=LIVE_KEY_ID)
    other.env["AMAZON_PAY_JOURNAL"] = refunds.env["AMAZON_PAY_JOURNAL"]
    (live / "rows.csv").write_text((refunds.folder / "rows.csv").read_text())
    done = other.run("refund", "--yes")
    assert done.status == 2
    assert "belongs to sandbox" in done.err


def test_a_file_with_many_problems_shows_the_first(desk: Desk) -> None:
    desk.write(*((f"r{n}", "C", "1e3", "USD") for n in range(30)))
    desk.transport = failing(AssertionError)
    done = desk.run("refund")
    assert (done.status, done.out) == (2, "")
    assert "line 21: amount: " in done.err
    assert "line 22: amount" not in done.err
    assert "and 10 more" in done.err
    assert not Path(str(desk.env["AMAZON_PAY_JOURNAL"])).exists()


@pytest.mark.parametrize(
    "more",
    [
        ("--namespace", ""),
        ("--namespace", " x"),
        ("--at-once", "0"),
        ("--at-once", "65"),
        ("--limit", "create_refund=40"),
        ("--limit", "create_refunds=40/16"),
        ("--limit", "create_refund=0/1"),
        ("--deadline", "soon"),
        ("--private-key", "missing.pem"),
    ],
    ids=" ".join,
)
def test_a_wrong_option_sends_nothing(more: tuple[str, ...], refunds: Desk) -> None:
    refunds.transport = failing(AssertionError)
    assert refunds.run("refund", *more).status == 2


def test_the_namespace_must_be_given(refunds: Desk) -> None:
    file = str(refunds.folder / "rows.csv")
    done = amazonpay("bulk", "refund", file, env=refunds.env)
    assert done.status == 2
    assert "--namespace" in done.err


def test_without_a_journal_nothing_is_sent(refunds: Desk) -> None:
    refunds.env["AMAZON_PAY_JOURNAL"] = None
    refunds.transport = failing(AssertionError)
    done = refunds.run("refund")
    assert done.status == 2
    assert "which journal?" in done.err


def test_a_redis_that_is_none_is_not_shown(refunds: Desk) -> None:
    refunds.env["AMAZON_PAY_REDIS"] = "geheim://u:geheim@h"
    done = refunds.run("refund")
    assert done.status == 2
    assert "geheim" not in done.err


# A dry run ------------------------------------------------------------------------


def test_a_dry_run_checks_the_whole_file_and_sends_nothing(refunds: Desk) -> None:
    transport, refunds.transport = refunds.transport, failing(AssertionError)
    done = refunds.run("refund", "--dry-run", "--json")
    assert done.status == 0
    assert (done.json["rows"], done.json["to_send"]) == (3, 3)
    assert done.json["amounts"] == {"USD": "15.00"}
    assert not Path(str(refunds.env["AMAZON_PAY_JOURNAL"])).exists()
    refunds.transport = transport
    refunds.run("refund")
    refunds.clock.move(days=1)
    refunds.run("refund")
    done = refunds.run("refund", "--dry-run")
    assert done.status == 0
    assert "settled before\t3" in done.out
    refunds.env["AMAZON_PAY_JOURNAL"] = None
    assert refunds.run("refund", "--dry-run").status == 2


def test_a_dry_run_finds_what_a_run_would(refunds: Desk) -> None:
    refunds.run("refund")
    file = refunds.folder / "rows.csv"
    file.write_text(file.read_text().replace("5.00", "6.00"))
    done = refunds.run("refund", "--dry-run")
    assert done.status == 2
    assert done.err.count("another content") == 3


def test_a_dry_run_tells_what_was_sent_before_from_what_is_to_be_sent(
    refunds: Desk,
) -> None:
    refunds.run("refund")
    sold = refunds.shop.sold()
    with (refunds.folder / "rows.csv").open("a") as file:
        file.write(f"new,{sold},7.00,USD\n")
    found = refunds.run("refund", "--dry-run", "--json").json
    groups = ("settled", "sent_before", "conflict", "to_send")
    assert [found[name] for name in groups] == [0, 3, 0, 1]
    done = refunds.run("refund", "--dry-run")
    assert "sent before\t3\t15.00 USD\nto send\t1\t7.00 USD" in done.out
    assert "moves nothing twice" in done.err


def test_a_dry_run_tells_a_conflict_with_another_reference(desk: Desk) -> None:
    charge, other = desk.shop.buy("50").charge, desk.shop.buy("50").charge
    desk.write(("a", charge, "50.00", "USD"))
    desk.run("capture")
    desk.write(("b", charge, "50.00", "USD"), ("c", other, "50.00", "USD"))
    done = desk.run("capture", "--dry-run")
    assert "conflict\t1\t50.00 USD\nto send\t1\t50.00 USD" in done.out
    assert "line 2, b: conflict (JournalConflict)" in done.err
    assert "another reference" in done.err


def test_a_dry_run_tells_what_a_person_looks_at(desk: Desk) -> None:
    desk.write(("a", desk.shop.sold("50")), head=("reference", "charge_id"))
    assert outcomes(desk.run("cancel", "--json")) == {"moved": 1}
    done = desk.run("cancel", "--dry-run")
    assert "moved\t1\t\nto send\t0" in done.out
    assert "a person looks" in done.err


@pytest.mark.parametrize(
    ("more", "seconds"),
    [((), 3.0), (("--limit", "get_refund=3/3", "--limit", "create-refund=1/1"), 4.0)],
    ids=["published", "granted"],
)
def test_a_dry_run_says_how_long_the_limits_make_it(
    more: tuple[str, ...], seconds: float, desk: Desk
) -> None:
    sold = desk.shop.sold()
    desk.write(*((f"r{n}", sold, "1.00", "USD") for n in range(5)))
    done = desk.run("refund", "--dry-run", "--json", *more)
    assert done.json["seconds"] == seconds
    text = desk.run("refund", "--dry-run", *more).err
    assert f"at least {seconds:.0f}s" in text


# What a run leaves behind ---------------------------------------------------------


def test_results_are_written_and_can_be_fed_again(refunds: Desk) -> None:
    again = refunds.folder / "results.csv"
    refunds.run("refund", "--results", str(again))
    with again.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [one["result"] for one in rows] == ["pending"] * 3
    assert len({one["result_id"] for one in rows}) == 3
    (refunds.folder / "rows.csv").write_text(again.read_text())
    refunds.run("refund", "--results", str(again))
    assert len(refunds.posts("/refunds")) == 3


@pytest.mark.parametrize("place", ["no/r.csv", ".", "a\0b", "x" * 300])
def test_results_that_have_no_place_are_refused_first(
    place: str, refunds: Desk
) -> None:
    refunds.transport = failing(AssertionError)
    done = refunds.run("refund", "--results", str(refunds.folder / place))
    assert done.status == 2
    assert "cannot be written" in done.err


@pytest.mark.parametrize("name", ["journal.db", "key.pem"])
def test_results_replace_no_file_that_is_none_of_rows(name: str, refunds: Desk) -> None:
    refunds.run("refund")
    file, seen = refunds.folder / name, len(refunds.posts("/refunds"))
    held = file.read_bytes()
    done = refunds.run("refund", "--results", str(file))
    assert (done.status, done.out) == (2, "")
    assert "is not replaced" in done.err
    assert file.read_bytes() == held
    assert len(refunds.posts("/refunds")) == seen


@pytest.mark.parametrize(
    ("held", "status"),
    [(b"", 1), (b'\xef\xbb\xbf"charge_id","reference"\r\n', 1), (b"a,b\n", 2)],
    ids=["empty", "rows", "another table"],
)
def test_results_replace_a_file_of_rows(
    held: bytes, status: int, refunds: Desk
) -> None:
    file = refunds.folder / "r.csv"
    file.write_bytes(held)
    assert refunds.run("refund", "--results", str(file)).status == status
    assert (file.read_bytes() == held) is (status == 2)


def test_results_that_cannot_be_written_at_the_end_can_be_asked_for_again(
    refunds: Desk,
) -> None:
    inner, folder = refunds.transport, refunds.folder / "results"
    folder.mkdir()

    def answer(request: httpx2.Request) -> httpx2.Response:
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()
        assert isinstance(inner, httpx2.MockTransport)
        return inner.handle_request(request)

    refunds.transport = httpx2.MockTransport(answer)
    done = refunds.run("refund", "--results", str(folder / "r.csv"))
    assert done.status == 2
    assert "pending\t3\t15.00 USD" in done.out


def test_results_that_cannot_be_written_hide_no_unknown_outcome(refunds: Desk) -> None:
    inner, folder = refunds.transport, refunds.folder / "results"
    folder.mkdir()

    def answer(request: httpx2.Request) -> httpx2.Response:
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()
        return Lossy(inner).handle_request(request)

    refunds.transport = httpx2.MockTransport(answer)
    done = refunds.run("refund", "--results", str(folder / "r.csv"))
    assert (done.status, "cannot be written" in done.err) == (4, True)


class Lossy(httpx2.BaseTransport):
    """Loses the answers to what moves money."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self.inner = inner
        self.lossy = True

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self.inner.handle_request(request)
        if self.lossy and request.method == "POST":
            raise httpx2.ReadError("lost")
        return answer


def test_lost_answers_end_with_4_and_the_next_run_finds_out(refunds: Desk) -> None:
    refunds.transport = lossy = Lossy(refunds.transport)
    done = refunds.run("refund", "--json")
    assert (done.status, outcomes(done)) == (4, {"unknown": 3})
    lossy.lossy = False
    assert outcomes(refunds.run("refund", "--json")) == {"pending": 3}
    refunds.clock.move(days=1)
    with (refunds.folder / "rows.csv").open(newline="") as file:
        charges = [row["charge_id"] for row in csv.DictReader(file)]
    for charge in charges:
        refunded = refunds.shop.get(f"/charges/{charge}").json["refundedAmount"]
        assert refunded["amount"] == "5.00"


def test_without_an_answer_it_stops_and_ends_with_3(desk: Desk) -> None:
    sold = desk.shop.sold("50")
    desk.write(*((f"r{n}", sold, "0.10", "USD") for n in range(40)))
    desk.transport = failing(httpx2.ConnectError)
    done = desk.run("refund", "--json", "--at-once", "2")
    assert (done.status, done.json["ended"]) == (3, "no answer")
    assert 20 <= outcomes(done)["unsent"] <= 22
    assert "no other row was begun" in done.err
    assert "--results FILE lists all" in done.err or outcomes(done)["unsent"] == 20


def test_a_wrong_key_refuses_no_row_for_good(desk: Desk) -> None:
    sold = desk.shop.sold("50")
    desk.write(*((f"r{n}", sold, "0.10", "USD") for n in range(2)))
    other = Shop(key_id="SANDBOX-OTHER")
    transport, desk.transport = desk.transport, of_simulator(other.simulator)
    done = desk.run("refund", "--json")
    assert (done.status, outcomes(done)) == (1, {"unsent": 2})
    desk.transport = transport
    assert outcomes(desk.run("refund", "--json")) == {"pending": 2}


def test_a_journal_that_is_lost_ends_the_run(refunds: Desk) -> None:
    inner = refunds.transport
    place = Path(str(refunds.env["AMAZON_PAY_JOURNAL"]))

    def answer(request: httpx2.Request) -> httpx2.Response:
        place.unlink(missing_ok=True)
        return inner.handle_request(request)

    refunds.transport = httpx2.MockTransport(answer)
    done = refunds.run("refund", "--json", "--at-once", "1")
    assert done.status == 4
    assert outcomes(done) == {"waiting": 3}
    assert "mend the journal" in done.err


# Live -----------------------------------------------------------------------------


@pytest.fixture
def live(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, key_id=LIVE_KEY_ID)
    desk.transport = desk.shop._transport()  # noqa: SLF001 - it hides what it is
    desk.write(("a", desk.shop.sold("50"), "5.00", "USD"))
    return desk


def test_a_live_run_needs_yes_or_a_person(
    live: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = live.run("refund")
    assert done.status == 2
    assert live.posts("/refunds") == []
    monkeypatch.setattr(credentials, "is_terminal", lambda _: True)
    done = live.run("refund")  # nobody answers
    assert done.status == 2
    assert "bulk refund of 1 row, 5.00 USD may move real money" in done.err
    assert live.posts("/refunds") == []
    assert outcomes(live.run("refund", "--yes", "--json")) == {"pending": 1}


def test_a_live_run_is_paced(live: Desk) -> None:
    done = live.run("refund", "--yes", "--no-pace")
    assert done.status == 2
    assert "live is paced" in done.err


def test_a_run_in_a_database_makes_its_table(refunds: Desk) -> None:
    url = f"sqlite:///{refunds.folder / 'shop.db'}"
    refunds.env["AMAZON_PAY_JOURNAL"] = url
    assert refunds.run("refund", "--no-pace").status == 1
    done = amazonpay("journal", "list", "--json", env=refunds.env)
    assert json.loads(done.out)["by_outcome"] == {"pending": 3}
