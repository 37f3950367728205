"""`amazonpay reports reconcile`: what agrees, what differs, and what is refused."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.cli import output, reports_reconcile
from AmazonPay.reporting.archive import Archive, Entry
from AmazonPay.reporting.kinds import SANDBOX_SETTLEMENT, SETTLEMENT
from command_line import Done, amazonpay
from settlement_files import FACTS, Row, write_orders, write_settlement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.slow

HEAD = "order_id,amount,currency"


class Books:
    """A settlement, and a list of orders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settlement = folder / "settlement.csv"
        self.orders = folder / "orders.csv"

    def reconcile(
        self, rows: Sequence[Row], orders: Sequence[str], *line: str, head: str = HEAD
    ) -> Done:
        write_settlement(self.settlement, rows)
        write_orders(self.orders, head, *orders)
        return self.run(str(self.settlement), *line)

    def run(self, *line: str) -> Done:
        return amazonpay("reports", "reconcile", "--orders", str(self.orders), *line)

    def differences(self, *given: Any, **more: Any) -> list[tuple[Any, ...]]:
        done = self.reconcile(*given, "--json", **more)
        found = done.json
        assert (done.status == 1) is (found["differences"] != [])
        assert found["agrees"] is (found["differences"] == [])
        names = ("order", "currency", "difference", "expected", "settled")
        return [tuple(one[name] for name in names) for one in found["differences"]]


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path)


# What agrees ----------------------------------------------------------------------


AGREEING: dict[str, tuple[list[Row], list[str]]] = {
    "one capture": ([Row("Capture", "10.00", "A")], ["A,10,USD"]),
    "another notation": ([Row("Capture", "1234.50", "A")], ['A,"1,234.5000",USD']),
    "two captures": (
        [Row("Capture", "4", "A"), Row("Capture", "6", "A")],
        ["A,10.00,USD"],
    ),
    "yen": (
        [Row("Capture", "1000", "A", currency="JPY")],
        ["A,1000,JPY"],
    ),
    "two currencies": (
        [
            Row("Capture", "1", "A", currency="JPY"),
            Row("Capture", "1", "B", currency="USD"),
        ],
        ["A,1,JPY", "B,1,USD"],
    ),
    "nothing captured of nothing": ([], ["A,0,USD"]),
    "what is left after a refund": (
        [Row("Capture", "10", "A"), Row("Refund", "-4", "A")],
        ["A,6,USD"],
    ),
    "what is no sale": (
        [
            Row("Transfer", "-9"),
            Row("Reserve", "-1"),
            Row("Carryover", "2"),
            Row("Authorization", "5", "A"),
            Row("Capture", "10", "A", fee="0.59"),
        ],
        ["A,10,USD"],
    ),
    "a type in other letters": ([Row("CAPTURE ", "10", " A ")], [" A ,10,USD"]),
    "a chargeback that was given back": (
        [
            Row("Capture", "10", "A"),
            Row("Chargeback", "-10", "A"),
            Row("Chargeback Reversal", "10", "A"),
        ],
        ["A,10,USD"],
    ),
}


@pytest.mark.parametrize("name", AGREEING)
def test_what_agrees_ends_with_0(name: str, books: Books) -> None:
    done = books.reconcile(*AGREEING[name])
    assert (done.status, done.out) == (0, "")
    assert "Nothing differs." in done.err
    assert books.differences(*AGREEING[name]) == []


def test_refunds_of_their_own_column_agree(books: Books) -> None:
    rows = [
        Row("Capture", "10", "A"),
        Row("Refund", "-4", "A"),
        Row("Capture", "5", "B"),
    ]
    head = f"{HEAD},refunded"
    assert books.differences(rows, ["A,10,USD,4.00", "B,5,USD,"], head=head) == []


# What differs ---------------------------------------------------------------------


DIFFERING: dict[str, tuple[list[Row], list[str], list[tuple[Any, ...]]]] = {
    "not settled": (
        [],
        ["A,10,USD"],
        [("A", "USD", "missing_in_settlement", "10.00", None)],
    ),
    "not ordered": (
        [Row("Capture", "10", "A")],
        [],
        [("A", "USD", "missing_in_orders", None, "10.00")],
    ),
    "another amount": (
        [Row("Capture", "10.01", "A")],
        ["A,10,USD"],
        [("A", "USD", "amount_differs", "10.00", "10.01")],
    ),
    "captured twice": (
        [Row("Capture", "10", "A", id="1"), Row("Capture", "10", "A", id="2")],
        ["A,10,USD"],
        [("A", "USD", "amount_differs", "10.00", "20.00")],
    ),
    "less than a cent": (
        [Row("Capture", "10.001", "A")],
        ["A,10,USD"],
        [("A", "USD", "amount_differs", "10.00", "10.001")],
    ),
    "another currency": (
        [Row("Capture", "10", "A", currency="EUR")],
        ["A,10,USD"],
        [
            ("A", "EUR", "currency_differs", None, "10.00"),
            ("A", "USD", "currency_differs", "10.00", None),
        ],
    ),
    "refunded": (
        [Row("Capture", "10", "A"), Row("Refund", "-4", "A")],
        ["A,10,USD"],
        [("A", "USD", "refund_differs", "0.00", "-4.00")],
    ),
    "charged back": (
        [Row("Capture", "10", "A"), Row("Chargeback", "-10", "A")],
        ["A,10,USD"],
        [("A", "USD", "charged_back", None, "-10.00")],
    ),
    "a claim": (
        [Row("Capture", "10", "A"), Row("A-to-z Guarantee Claim", "-3", "A")],
        ["A,10,USD"],
        [("A", "USD", "charged_back", None, "-3.00")],
    ),
    "an unknown type": (
        [Row("Capture", "10", "A"), Row("Goodwill", "-1", "A")],
        ["A,10,USD"],
        [("A", "USD", "adjusted", None, "-1.00")],
    ),
    "no id": (
        [Row("Capture", "10", id="S01-C1"), Row("Capture", "5", "A")],
        ["A,5,USD"],
        [(None, "USD", "no_order_id", None, "10.00")],
    ),
    "leading zeros": (
        [Row("Capture", "10", "007")],
        ["7,10,USD"],
        [
            ("007", "USD", "missing_in_orders", None, "10.00"),
            ("7", "USD", "missing_in_settlement", "10.00", None),
        ],
    ),
    "yen": (
        [Row("Capture", "1000", "A", currency="JPY")],
        ["A,1001,JPY"],
        [("A", "JPY", "amount_differs", "1001", "1000")],
    ),
}


@pytest.mark.parametrize("name", DIFFERING)
def test_what_differs_is_listed(name: str, books: Books) -> None:
    rows, orders, found = DIFFERING[name]
    assert books.differences(rows, orders) == found


def test_with_a_column_of_refunds_amounts_are_what_was_captured(books: Books) -> None:
    rows = [Row("Capture", "10", "A"), Row("Refund", "-4", "A")]
    found = books.differences(rows, ["A,6,USD,3"], head=f"{HEAD},refunded")
    assert found == [
        ("A", "USD", "amount_differs", "6.00", "10.00"),
        ("A", "USD", "refund_differs", "-3.00", "-4.00"),
    ]


def test_an_order_that_was_refunded_as_a_whole_may_be_missing(books: Books) -> None:
    assert books.differences([], ["A,6,USD,6"], head=f"{HEAD},refunded") == []


def test_differences_are_lines_of_text_with_sums_on_stderr(books: Books) -> None:
    rows = [Row("Capture", "10", "A", fee="0.50"), Row("Capture", "5", "B")]
    done = books.reconcile(rows, ["A,10,USD", "C,1,USD", "D,1,EUR"])
    assert done.out.splitlines() == [
        "order\tcurrency\tdifference\texpected\tsettled\tdetail",
        "D\tEUR\tmissing_in_settlement\t1.00\t\tthe order was not settled",
        "B\tUSD\tmissing_in_orders\t\t5.00\tthere is no such order",
        "C\tUSD\tmissing_in_settlement\t1.00\t\tthe order was not settled",
    ]
    assert "USD: 1 of 2 orders agree; expected 11.00, captured 15.00" in done.err
    assert "fees -0.50" in done.err
    assert "  1 missing_in_orders: there is no such order" in done.err


def test_sums_are_per_currency(books: Books) -> None:
    rows = [
        Row("Capture", "10", "A", fee="0.50"),
        Row("Refund", "-3", "A", fee="-0.10"),
        Row("Chargeback", "-7", "A"),
        Row("Capture", "1000", "B", currency="JPY", fee="39"),
    ]
    found = books.reconcile(rows, ["A,10,USD", "B,1000,JPY"], "--json").json
    assert found["currencies"] == {
        "JPY": {
            "orders": 1,
            "agreeing": 1,
            "expected": "1000",
            "captured": "1000",
            "refunded": "0",
            "charged_back": "0",
            "fees": "-39",
            "differences": {},
        },
        "USD": {
            "orders": 1,
            "agreeing": 0,
            "expected": "10.00",
            "captured": "10.00",
            "refunded": "-3.00",
            "charged_back": "-7.00",
            "fees": "-0.40",
            "differences": {"charged_back": 1, "refund_differs": 1},
        },
    }


def test_a_terminal_shows_the_first_differences(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports_reconcile, "is_terminal", lambda _: True)
    monkeypatch.setattr(reports_reconcile, "_MOST_SHOWN", 2)
    rows = [Row("Capture", "10", order) for order in "ABC"]
    done = books.reconcile(rows, [])
    assert "\nC\t" not in done.out
    assert "first 2 of 3" in done.err


def test_a_long_id_hides_no_column_of_a_terminal(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (reports_reconcile, output):
        monkeypatch.setattr(module, "is_terminal", lambda _: True)
    monkeypatch.setenv("COLUMNS", "80")
    done = books.reconcile([Row("Capture", "12.34", "z" * 200)], [])
    assert "12.34" in done.out
    assert "".join(done.out.split()).count("z") == 200


def test_text_of_a_file_does_not_move_the_cursor(books: Books) -> None:
    done = books.reconcile([Row("Capture", "10", "A\x1b[2J\nB\tC")], [])
    assert "A [2J B C\tUSD" in done.out


# Which settlements ----------------------------------------------------------------


def pulled(
    folder: Path, id_: str, rows: Sequence[Row], kind: str = SETTLEMENT, **facts: Any
) -> Archive:
    """Put a report into a folder as a pull would."""
    archive = Archive(folder)
    archive.prepare()
    write_settlement(archive.csv(id_), rows, encoding=facts.get("encoding", "utf-8"))
    made: dict[str, Any] = {
        "report_id": id_,
        "report_type": kind,
        "region": "na",
        "environment": "live",
        "created": "20260519T000000Z",
        "start": "",
        "end": "",
        "encoding": "utf-8",
        "csv_sha256": archive.keep_csv(id_),
        "rows": len(rows),
        "columns": ["A"],
    }
    archive.write(Entry(**made | facts))
    return archive


def test_a_row_of_several_files_is_one_movement(books: Books) -> None:
    row, other = Row("Capture", "10", "A", id="1"), Row("Capture", "1", "A", id="2")
    first = write_settlement(books.folder / "1.csv", [row, row])
    second = write_settlement(books.folder / "2.csv", [row, other])
    write_orders(books.orders, HEAD, "A,21,USD")
    # Equal rows of one file are two movements, whoever asks for more files.
    done = books.run(str(first), str(second), str(first))
    assert (done.status, done.out) == (0, "")


def test_a_file_without_its_facts_is_of_the_seller_of_the_others(books: Books) -> None:
    rows = [Row("Capture", "10", "A", id="1")]
    whole = write_settlement(books.folder / "1.csv", rows)
    without = write_settlement(books.folder / "2.csv", rows, facts=())
    write_orders(books.orders, HEAD, "A,10,USD")
    assert books.run(str(whole), str(without)).status == 0


def test_the_same_row_of_two_merchants_is_two_movements(books: Books) -> None:
    row = Row("Capture", "10", "A")
    facts = [*FACTS[:2], ("SellerId", "A2OTHER")]
    first = write_settlement(books.folder / "1.csv", [row])
    second = write_settlement(books.folder / "2.csv", [row], facts=facts)
    write_orders(books.orders, HEAD, "A,20,USD")
    assert books.run(str(first), str(second)).status == 0


def test_a_folder_of_pulled_reports_is_read(books: Books) -> None:
    folder = books.folder / "o[u]t *'"
    pulled(folder, "1", [Row("Capture", "10", "A")])
    pulled(folder, "2", [Row("Capture", "5", "B")], encoding="utf-16")
    pulled(folder, "3", [Row("Capture", "5", "B")], kind="_OTHER_")
    (folder / "4.csv").write_text("no report of ours")
    write_orders(books.orders, HEAD, "A,10,USD", "B,5,USD")
    assert books.run(str(folder)).status == 0


def test_this_folder_is_the_default(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled(books.folder, "1", [Row("Capture", "10", "A")])
    monkeypatch.chdir(books.folder)
    write_orders(books.orders, HEAD, "A,10,USD")
    assert books.run().status == 0


def test_a_folder_without_a_settlement_is_told(books: Books) -> None:
    write_orders(books.orders, HEAD, "A,10,USD")
    done = books.run(str(books.folder))
    assert (done.status, done.out) == (2, "")
    assert "reports pull" in done.err


def test_an_empty_report_is_no_settlement(books: Books) -> None:
    folder = books.folder / "out"
    pulled(folder, "1", [Row("Capture", "10", "A")])
    pulled(folder, "2", [], columns=[])
    write_orders(books.orders, HEAD, "A,10,USD")
    assert books.run(str(folder)).status == 0


def test_a_pulled_file_that_was_changed_is_refused(books: Books) -> None:
    folder = books.folder / "out"
    archive = pulled(folder, "1", [Row("Capture", "10", "A")])
    with archive.csv("1").open("a") as file:
        file.write("\n")
    write_orders(books.orders, HEAD, "A,10,USD")
    done = books.run(str(folder))
    assert done.status == 2
    assert "was changed or removed" in done.err


@pytest.mark.parametrize("content", [None, b"changed"])
def test_without_its_parquet_a_pulled_file_is_read(
    content: bytes | None, books: Books
) -> None:
    folder = books.folder / "out"
    archive = pulled(folder, "1", [Row("Capture", "10", "A")], parquet_sha256="0" * 64)
    if content is not None:
        archive.parquet("1").write_bytes(content)
    write_orders(books.orders, HEAD, "A,10,USD")
    assert books.run(str(folder)).status == 0


def test_sandbox_and_live_are_not_mixed(books: Books) -> None:
    folder, other = books.folder / "live", books.folder / "sandbox"
    pulled(folder, "1", [Row("Capture", "10", "A")])
    pulled(other, "1", [], SANDBOX_SETTLEMENT, environment="sandbox")
    write_orders(books.orders, HEAD, "A,10,USD")
    done = books.run(str(folder), str(other))
    assert done.status == 2
    assert "not mixed" in done.err


def test_another_column_has_the_ids(books: Books) -> None:
    rows = [Row("Capture", "10", "A", reference="P01-1")]
    column = ("--settlement-column", "AmazonOrderReferenceId")
    assert books.reconcile(rows, ["P01-1,10,USD"], *column).status == 0
    done = books.reconcile(rows, ["A,10,USD"], "--settlement-column", "Nope")
    assert done.status == 2
    assert "SellerOrderId" in done.err


def test_a_settlement_in_another_encoding(books: Books) -> None:
    write_settlement(books.settlement, [Row("Capture", "10", "Ä")], encoding="cp1252")
    write_orders(books.orders, HEAD, "Ä,10,USD")
    refused = books.run(str(books.settlement))
    assert refused.status == 2
    assert "--encoding" in refused.err
    assert books.run(str(books.settlement), "--encoding", "iso-8859-1").status == 0


BAD_ROWS: dict[str, tuple[str, str, str]] = {
    "no currency": ('"USD"', '""', "no CurrencyCode"),
    "a strange currency": ('"USD"', '"usd"', "no CurrencyCode"),
    "no type": ('"Capture"', '""', "no TransactionType"),
    "no amount": ('"10","0","0","0","10"', '"","","","",""', "no amount"),
    "a fee without its net": ('"10","0","0","0","10"', '"10","","","1",""', "a fee"),
    "no day": ('"2026-05-18T15:48:50 +0000"', '"soon"', "no TransactionPostedDate"),
    "an exponent": ('"10","0","0","0","10"', '"1e1","0","0","0","10"', "line 6"),
    "no settlement": ('"CurrencyCode"', '"Other"', "lacks the columns CurrencyCode"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_row_that_no_sum_can_hold_is_refused(name: str, books: Books) -> None:
    old, new, words = BAD_ROWS[name]
    books.reconcile([Row("Capture", "10", "A", id="S01-C1")], ["A,10,USD"])
    text = books.settlement.read_text()
    assert old in text
    books.settlement.write_text(text.replace(old, new))
    done = books.run(str(books.settlement))
    assert (done.status, done.out) == (2, "")
    assert words in done.err
    assert "settlement.csv" in done.err


def test_an_amount_that_stands_in_one_column_is_enough(books: Books) -> None:
    books.reconcile([Row("Capture", "10", "A")], ["A,10,USD"])
    text = books.settlement.read_text()
    for old, new in (
        ('"10","0","0","0","10"', '"10","","","",""'),
        ('"10","0","0","0","10"', '"","","","","10"'),
    ):
        books.settlement.write_text(text.replace(old, new))
        assert books.run(str(books.settlement)).status == 0


@pytest.mark.parametrize("path", ["missing.csv", "a\0b", "x" * 300])
def test_a_file_that_cannot_be_read_is_named(path: str, books: Books) -> None:
    write_orders(books.orders, HEAD, "A,10,USD")
    done = books.run(path)
    assert (done.status, done.out) == (2, "")
    assert "cannot be read" in done.err


@pytest.mark.parametrize("option", ["--orders", ""])
def test_a_pipe_is_refused(option: str, books: Books) -> None:
    pipe = books.folder / "pipe"
    os.mkfifo(pipe)
    write_settlement(books.settlement, [])
    write_orders(books.orders, HEAD)
    line = [option, str(pipe)] if option else [str(pipe)]
    done = books.run(*line, *([str(books.settlement)] if option else []))
    assert (done.status, done.out) == (2, "")
    assert "save it to a file first" in done.err


# Which orders ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("order_id,amount,currency", []),
        ("ID,Total,Currency Code", []),
        ("date,order,amount,currency", []),
        (
            "x,y,z",
            ["--id-column", "x", "--amount-column", "y", "--currency-column", "z"],
        ),
        ("Order ID,amount,currency", ["--id-column", "order-id"]),
        ("id,amount", ["--currency", "USD"]),
        ("id;tab", []),
    ],
)
def test_columns_are_found(head: str, line: list[str], books: Books) -> None:
    values = {"date": "2026-05-18", "x": "A", "y": "10", "z": "USD"}
    values |= {"orderid": "A", "id": "A", "order": "A", "amount": "10", "total": "10"}
    values |= {"currency": "USD", "currencycode": "USD"}
    separator = "\t" if ";tab" in head else ","
    names = ["id", "amount", "currency"] if ";tab" in head else head.split(",")
    plain = ["".join(filter(str.isalpha, name)).lower() for name in names]
    order = separator.join(values[name] for name in plain)
    rows = [Row("Capture", "10", "A")]
    assert books.reconcile(rows, [order], *line, head=separator.join(names)).status == 0


@pytest.mark.parametrize(
    ("head", "order", "line", "words"),
    [
        ("x,amount,currency", "A,1,USD", [], "--id-column"),
        ("id,x,currency", "A,1,USD", [], "--amount-column"),
        ("id,amount,x", "A,1,USD", [], "--currency-column"),
        ("id,order,amount,currency", "A,A,1,USD", [], "id or order"),
        (HEAD, "A,1,USD", ["--id-column", "nope"], "'nope'"),
        (HEAD, "A,1,USD", ["--currency", "usd"], "three capital letters"),
        (HEAD, "A,1,USD", ["--currency", "USD", "--currency-column", "c"], "exclude"),
        (HEAD, "A,1e3,USD", [], "line 2, column 'amount' holds '1e3'"),
        (HEAD, "A,,USD", [], "line 2, column 'amount'"),
        (HEAD, "A,-1,USD", [], "--refund-column"),
        (HEAD, 'A,"1,5",USD', [], "line 2"),
        (HEAD, "A,NaN,USD", [], "line 2"),
        (HEAD, "A,$5,USD", [], "line 2"),
        (HEAD, "A,0.123456789,USD", [], "line 2"),
        (HEAD, "A,1,", [], "line 2, column 'currency'"),
        (HEAD, "A,1,usd", [], "line 2, column 'currency'"),
        (HEAD, " ,1,USD", [], "line 2, column 'order_id'"),
        (HEAD, "A,1", [], "line 2"),
        (HEAD, "A,1,USD\nB,1,USD\nA,2,EUR", [], "on line 2 and again on line 4"),
        (f"{HEAD},refunded", "A,1,USD,-1", [], "column 'refunded'"),
        ("id;amount;currency", "A;1;USD", [], "separated by ';'"),
        ("id", "A", [], "one column only"),
        ("", "", [], "it is empty"),
    ],
)
def test_orders_that_say_nothing_exact_are_refused(
    head: str, order: str, line: list[str], words: str, books: Books
) -> None:
    done = books.reconcile([Row("Capture", "1", "A")], [order], *line, head=head)
    assert (done.status, done.out) == (2, "")
    assert words in done.err


def test_a_refusal_shows_little_of_a_field(books: Books) -> None:
    done = books.reconcile([], [f"A,{'x' * 1000},USD"])
    assert len(done.err) < 400


@pytest.mark.parametrize("name", ["missing.csv", "a\0b", ""])
def test_orders_that_cannot_be_read_are_named(name: str, books: Books) -> None:
    write_settlement(books.settlement, [])
    done = amazonpay(
        "reports",
        "reconcile",
        "--orders",
        str(books.folder / name),
        str(books.settlement),
    )
    assert (done.status, done.out) == (2, "")
    assert "cannot be read" in done.err


def test_orders_in_another_encoding(books: Books) -> None:
    write_settlement(books.settlement, [Row("Capture", "10", "注文")])
    books.orders.write_text(f"{HEAD}\n注文,10,USD\n", encoding="cp932")
    refused = books.run(str(books.settlement))
    assert (refused.status, "give --orders-encoding," in refused.err) == (2, True)
    refused = books.run(str(books.settlement), "--orders-encoding", "none")
    assert (refused.status, "--orders-encoding is the name" in refused.err) == (2, True)
    assert books.run(str(books.settlement), "--orders-encoding", "cp932").status == 0


def test_json_is_one_object(books: Books) -> None:
    rows = [Row("Capture", "10", order) for order in "ABC"]
    done = books.reconcile(rows, [], "--json")
    assert [one["order"] for one in json.loads(done.out)["differences"]] == [
        "A",
        "B",
        "C",
    ]


def test_without_the_extra_it_is_named(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    done = books.reconcile([], [])
    assert done.status == 2
    assert "[reports]" in done.err


def test_a_disk_that_has_no_place_is_told(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(books.folder / "missing"))
    done = books.reconcile([], [])
    assert done.status == 2
    assert "TMPDIR" in done.err
