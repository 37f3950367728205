"""The CSV files of `amazonpay bulk`: what is wrong is said before anything is sent."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.bulk.checks import read_rows
from AmazonPay.bulk.csv_file import LARGEST_FILE, BadFile
from AmazonPay.bulk.kinds import KINDS
from AmazonPay.bulk.results import RowResult, Summary, total_of, write_results
from AmazonPay.bulk.rows import Row
from AmazonPay.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from AmazonPay.bulk.kinds import KindName

HEAD = "reference,charge_id,amount,currency"
CHARGE = "S01-0000000-0000000-C000001"
OTHER = "S01-0000000-0000000-C000002"
PERMISSION = "S01-0000000-0000000"
CLOSING = "reference,charge_permission_id,reason"
LINE = f"a,{CHARGE},5.00,USD"


def read(
    folder: Path, content: str | bytes, kind: KindName = "refund"
) -> tuple[Row, ...]:
    file = folder / "rows.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_rows(str(file), KINDS[kind], "shop")[1]


def problems(
    folder: Path, content: str | bytes, kind: KindName = "refund"
) -> list[str]:
    with pytest.raises(BadFile) as caught:
        read(folder, content, kind)
    return [str(problem) for problem in caught.value.problems]


# Files that can be used -----------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f"{HEAD}\n{LINE}\n", id="plain"),
        pytest.param(f"{HEAD}\n{LINE}", id="no-end-of-line"),
        pytest.param(f"{HEAD}\r\n{LINE}\r\n", id="crlf"),
        pytest.param(f"{HEAD}\r{LINE}\r", id="cr"),
        pytest.param(f"\ufeff{HEAD}\n{LINE}\n", id="bom"),
        pytest.param(f"{HEAD}\n\n{LINE}\n\n\n", id="empty-lines"),
        pytest.param(f'"reference",charge_id,amount,currency\n"a",{LINE[2:]}', id="q"),
        pytest.param(
            f"currency,amount,charge_id,reference\nUSD,5.00,{CHARGE},a\n", id="order"
        ),
        pytest.param(f"{HEAD},soft_descriptor\n{LINE},\n", id="empty-optional"),
        pytest.param(f"{HEAD},result,result_key\n{LINE},no,k\n", id="of-results"),
        pytest.param(f"{HEAD}\na,{CHARGE},5,USD\n", id="whole-amount"),
    ],
)
def test_a_row_is_read_however_it_is_saved(content: str, tmp_path: Path) -> None:
    (row,) = read(tmp_path, content)
    assert (row.reference, row.subject) == ("a", CHARGE)
    assert row.body == {
        "chargeId": CHARGE,
        "refundAmount": {"amount": "5.00", "currencyCode": "USD"},
    }


def test_a_reference_may_be_any_text(tmp_path: Path) -> None:
    (row,) = read(tmp_path, f'{HEAD}\n"größe, ""x"" 7",{CHARGE},5.00,USD\n')
    assert row.reference == 'größe, "x" 7'


@pytest.mark.parametrize(
    ("kind", "content", "body"),
    [
        (
            "capture",
            f"{HEAD},soft_descriptor\n{LINE},Shop 1\n",
            {
                "captureAmount": {"amount": "5.00", "currencyCode": "USD"},
                "softDescriptor": "Shop 1",
            },
        ),
        ("cancel", f"reference,charge_id\na,{CHARGE}\n", {}),
        (
            "cancel",
            f"reference,charge_id,reason\na,{CHARGE},sold out\n",
            {"cancellationReason": "sold out"},
        ),
        (
            "close",
            f"reference,charge_permission_id\na,{PERMISSION}\n",
            {},
        ),
        (
            "close",
            f"{CLOSING},cancel_pending_charges\na,{PERMISSION},over,\n",
            {"closureReason": "over"},
        ),
        (
            "close",
            f"{CLOSING},cancel_pending_charges\na,{PERMISSION},,true\n",
            {"closureReason": "Closed by the merchant", "cancelPendingCharges": True},
        ),
    ],
    ids=["capture", "cancel", "cancel-why", "close", "close-why", "close-charges"],
)
def test_a_row_makes_the_body_of_its_operation(
    kind: KindName, content: str, body: dict[str, Any], tmp_path: Path
) -> None:
    (row,) = read(tmp_path, content, kind)
    assert row.body == body
    assert row.entry().operation == KINDS[kind].operation


@pytest.mark.parametrize(
    ("cell", "ids"),
    [("", None), ("-", ()), (f"{CHARGE} {OTHER}", (CHARGE, OTHER))],
    ids=["unknown", "none", "two"],
)
def test_the_charges_of_a_permission_are_those_that_are_listed(
    cell: str, ids: Any, tmp_path: Path
) -> None:
    head = "reference,charge_permission_id,charge_ids"
    (row,) = read(tmp_path, f"{head}\na,{PERMISSION},{cell}\n", "close")
    assert row.charge_ids == row.entry().charge_ids == ids


def test_number_and_content_of_a_row_are_no_part_of_its_key(tmp_path: Path) -> None:
    (first,) = read(tmp_path, f"{HEAD}\n{LINE}\n")
    _, again = read(tmp_path, f"{HEAD}\nb,{OTHER},1.00,USD\na,{OTHER},7.00,USD\n")
    assert first.entry().key == again.entry().key


def test_a_row_survives_a_queue(tmp_path: Path) -> None:
    head = "reference,charge_permission_id,charge_ids"
    for content, kind in (
        (f"{HEAD}\n{LINE}\n", "refund"),
        (f"{head}\na,{PERMISSION},{CHARGE}\n", "close"),
        (f"{head}\na,{PERMISSION},\n", "close"),
    ):
        (row,) = read(tmp_path, content, kind)  # type: ignore[arg-type] # a kind
        assert Row.from_message(row.to_message()).entry() == row.entry()


# Files that cannot ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "the file is empty", id="empty"),
        pytest.param("\n\n", "the file is empty", id="empty-lines"),
        pytest.param("\ufeff", "the file is empty", id="bom-alone"),
        pytest.param(HEAD, "the file has columns and no rows", id="no-rows"),
        pytest.param(
            f"{HEAD}\n{LINE}\n".encode("utf-16"), "the file is UTF-16", id="utf-16"
        ),
        pytest.param(
            f"{HEAD}\n{LINE}\n".encode("utf-16-le"), "UTF-16", id="utf-16-no-bom"
        ),
        pytest.param(
            f"{HEAD}\n{LINE}\nü".encode("latin-1"), "line 3: is not UTF-8", id="latin-1"
        ),
        pytest.param(
            f"{HEAD}\n{LINE}\n".replace(",", ";"), "line 1: is separated by semicolons",
            id="semicolons",
        ),
        pytest.param(
            f"{HEAD}\n{LINE}\n".replace(",", "\t"), "line 1: is separated by tabs",
            id="tabs",
        ),
        pytest.param(
            f'{HEAD}\n{LINE}\n"b,{OTHER},5.00,USD\nc,x,y,z\n',
            "line 3: opens a quote that is not closed",
            id="open-quote",
        ),
        pytest.param(
            f'{HEAD}\n"a"x,{CHARGE},5.00,USD\n', "line 2: is no CSV", id="bad-quote"
        ),
        pytest.param(
            f"{HEAD}\n{'a' * 140_000},{CHARGE},5.00,USD\n",
            "line 2: has a cell of more than 131072",
            id="huge-cell",
        ),
        pytest.param(
            f"{HEAD}\n{'a' * 5000},{CHARGE},5.00,USD\n",
            "line 2: reference: has 5000 characters",
            id="long-cell",
        ),
        pytest.param(
            f"{HEAD}\n{'a' * 256},{CHARGE},5.00,USD\n",
            "line 2: reference: has 256 characters",
            id="long-reference",
        ),
        pytest.param(
            f'{HEAD}\n"a\nb",{CHARGE},5.00,USD\n',
            "line 2: reference: holds a line break",
            id="quoted-newline",
        ),
        pytest.param(
            f"{HEAD}\na\0b,{CHARGE},5.00,USD\n", "line 2: ", id="nul"
        ),
        pytest.param(
            f"{HEAD}\n{LINE}\n,,,\n", "line 3: is a row of empty cells", id="commas"
        ),
        pytest.param(
            f"{HEAD}\n{LINE},7\n", "line 2: has 5 cells for 4 columns", id="long-row"
        ),
        pytest.param(
            f"{HEAD}\na,{CHARGE}\n", "line 2: has 2 cells for 4 columns", id="short-row"
        ),
        pytest.param(
            "charge_id,amount,currency\n",
            "line 1: lacks the column reference",
            id="no-reference",
        ),
        pytest.param(
            f"{HEAD},Reference\n", "did you mean reference?", id="unknown-column"
        ),
        pytest.param(
            f"{HEAD},note\n{LINE},x\n", "line 1: has an unknown column 'note'",
            id="note",
        ),
        pytest.param(
            f"{HEAD},amount\n{LINE},5\n",
            "line 1: has the column amount more than once",
            id="double-column",
        ),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_in_words(
    content: str | bytes, said: str, tmp_path: Path
) -> None:
    assert said in problems(tmp_path, content)[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f",{CHARGE},5.00,USD", "reference: is empty"),
        (f" a,{CHARGE},5.00,USD", "reference begins or ends with a blank"),
        (f"a\u200b,{CHARGE},5.00,USD", "reference holds U+200B"),
        ("a,,5.00,USD", "charge_id: is empty"),
        ("a,..,5.00,USD", "dots"),
        (f"a, {PERMISSION}-C000001,5.00,USD", "charge_id: begins or ends with a blank"),
        (f"a,{PERMISSION}-C000001 ,5.00,USD", "charge_id: begins or ends with a blank"),
        (f"a,{PERMISSION},5.00,USD", "charge_id: holds the id of a charge permission"),
        (f"a,{PERMISSION}-R000001,5.00,USD", "charge_id: holds the id of a refund"),
        (f"a,{CHARGE},,USD", "amount: is empty"),
        (f"a,{CHARGE},1e3,USD", "exponent"),
        (f"a,{CHARGE},0,USD", "amount: is zero"),
        (f"a,{CHARGE},-1,USD", "below zero"),
        (f"a,{CHARGE},5.001,USD", "USD has 2 digits"),
        (f"a,{CHARGE},5.00,JPY", ""),
        (f'a,{CHARGE},"5,00",USD', "separators"),
        (f'a,{CHARGE},"1,000.00",USD', "separators"),
        (f"a,{CHARGE}, 5.00,USD", "blanks"),
        (f"a,{CHARGE},$5.00,USD", "currency or other text"),
        (f"a,{CHARGE},\uff15,USD", "another script"),
        (f"a,{CHARGE},NaN,USD", "no number"),
        (f"a,{CHARGE},{'9' * 60},USD", "at most 40 digits"),
        (f"a,{CHARGE},5.00,", "currency: is empty"),
        (f"a,{CHARGE},5.00,usd", "write USD"),
        (f"a,{CHARGE},5.00,XXX", "the currency is not one of"),
        (f"a,{CHARGE},5.00,$", "the currency is not one of"),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_sent_is_named_by_its_line(
    line: str, said: str, tmp_path: Path
) -> None:
    content = f"{HEAD}\n{LINE}\n{line.replace('a,', 'b,', 1)}\n"
    if ",JPY" in line:
        read(tmp_path, content)  # 5.00 yen are 5 yen
        content = content.replace("5.00,JPY", "5.50,JPY")
        said = "JPY has 0 digits"
    (problem,) = problems(tmp_path, content)
    assert problem.startswith("line 3: ")
    assert said in problem


@pytest.mark.parametrize(
    ("kind", "head", "line", "said"),
    [
        ("cancel", "reference,charge_id,reason", f"a,{CHARGE},{'x' * 256}", "256"),
        ("capture", f"{HEAD},soft_descriptor", f"{LINE},{'x' * 17}", "at most 16"),
        ("close", "reference,charge_permission_id", f"a,{CHARGE}", "id of a charge"),
        (
            "close",
            "reference,charge_permission_id,cancel_pending_charges",
            f"a,{PERMISSION},yes",
            "true, false or empty",
        ),
        (
            "close",
            "reference,charge_permission_id,charge_ids",
            f"a,{PERMISSION},..",
            "charge_ids",
        ),
    ],
    ids=["reason", "descriptor", "charge", "switch", "charges"],
)
def test_each_kind_checks_its_own_columns(
    kind: KindName, head: str, line: str, said: str, tmp_path: Path
) -> None:
    (problem,) = problems(tmp_path, f"{head}\n{line}\n", kind)
    assert problem.startswith("line 2: ")
    assert said in problem


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    lines = [f"a,{CHARGE},1e3,USD", LINE, f"b,{CHARGE},5.00,usd", LINE, "x,y"]
    found = problems(tmp_path, "\n".join([HEAD, *lines]))
    assert [one.partition(":")[0] for one in found] == [
        f"line {number}" for number in (2, 4, 5, 6)
    ]


@pytest.mark.parametrize("again", ["a", "e\u0301"], ids=["same", "other-unicode-form"])
def test_a_reference_that_comes_twice_is_refused(again: str, tmp_path: Path) -> None:
    first = "\u00e9" if again != "a" else "a"
    content = f"{HEAD}\n{first},{CHARGE},5.00,USD\n{again},{OTHER},5.00,USD\n"
    (problem,) = problems(tmp_path, content)
    assert problem.startswith("line 3: reference: is that of line 2")


def test_line_numbers_count_the_lines_of_a_quoted_cell(tmp_path: Path) -> None:
    content = f'{HEAD}\n"a\nb\nc",{CHARGE},5.00,USD\nd,{OTHER},1e3,USD\n'
    found = problems(tmp_path, content)
    assert [one.partition(":")[0] for one in found] == ["line 2", "line 5"]


def test_one_charge_is_captured_once_and_refunded_often(tmp_path: Path) -> None:
    content = f"{HEAD}\n{LINE}\nb,{CHARGE},5.00,USD\n"
    assert len(read(tmp_path, content)) == 2
    (problem,) = problems(tmp_path, content, "capture")
    assert problem.startswith("line 3: charge_id: is that of line 2")


@pytest.mark.parametrize("name", ["missing.csv", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        read_rows(str(tmp_path / name), KINDS["refund"], "shop")


def test_a_file_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LARGEST_FILE == 64 * 1024 * 1024
    monkeypatch.setattr("AmazonPay.bulk.csv_file.LARGEST_FILE", 10)
    assert problems(tmp_path, f"{HEAD}\n{LINE}\n") == [
        "the file has more than 64 MiB: split it"
    ]


# Results --------------------------------------------------------------------------


def test_results_can_be_fed_again(tmp_path: Path) -> None:
    file, again = tmp_path / "rows.csv", tmp_path / "again.csv"
    file.write_text(f'{HEAD},result\n{LINE},x\n"b, c",{OTHER},7.00,USD,\n')
    columns, rows = read_rows(str(file), KINDS["refund"], "shop")
    results = [
        RowResult(rows[0], "success", None, "R1", "k1"),
        RowResult(rows[1], "no", "TransactionAmountExceeded", None, "k2"),
    ]
    write_results(str(again), columns, results)
    with again.open(newline="") as opened:
        written = list(csv.DictReader(opened))
    assert [one["result"] for one in written] == ["success", "no"]
    assert [one["result_id"] for one in written] == ["R1", ""]
    assert written[1]["result_reason"] == "TransactionAmountExceeded"
    _, reread = read_rows(str(again), KINDS["refund"], "shop")
    assert [row.entry() for row in reread] == [row.entry() for row in rows]
    assert again.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["no/such/folder.csv", "a\0b", "", "/dev/null"])
def test_results_that_cannot_be_written_are_an_error(name: str, tmp_path: Path) -> None:
    (row,) = read(tmp_path, f"{HEAD}\n{LINE}\n")
    place = str(tmp_path / name)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_results(place, HEAD.split(","), [RowResult(row, "success")])
    assert [one.name for one in tmp_path.iterdir()] == ["rows.csv"]


def test_a_summary_counts_rows_and_adds_amounts_by_currency(tmp_path: Path) -> None:
    lines = [LINE, f"b,{CHARGE},0.10,USD", f"c,{CHARGE},0.20,USD", f"d,{OTHER},9,EUR"]
    rows = read(tmp_path, "\n".join([HEAD, *lines]))
    outcomes = ("success", "success", "no", "pending")
    summary = Summary(
        RowResult(row, outcome)  # type: ignore[arg-type] # an outcome
        for row, outcome in zip(rows, outcomes, strict=True)
    )
    assert summary.counts == {"success": 2, "no": 1, "pending": 1}
    assert {name: list(one) for name, one in summary.sums.items()} == {
        "success": ["USD"],
        "pending": ["EUR"],
        "no": ["USD"],
    }
    assert summary.sums["success"]["USD"]["amount"] == "5.10"
    assert [one.row.reference for one in summary.attention] == ["c"]
    assert total_of(rows)["USD"]["amount"] == "5.30"


@pytest.mark.parametrize(
    ("outcome", "reason", "open_for_all"),
    [
        ("unsent", "ConnectionFailed", True),
        ("unsent", "InvalidRequestSignature", True),
        ("unsent", "ResourceNotFound", False),
        ("unknown", "TimedOut", True),
        ("unknown", "HTTP 503", True),
        ("unknown", "ClosedByAnother", False),
        ("no", "TransactionAmountExceeded", False),
        ("success", None, False),
    ],
    ids=str,
)
def test_what_fails_for_every_row_is_told_from_what_fails_for_one(
    outcome: Any, reason: str | None, open_for_all: bool, tmp_path: Path
) -> None:
    (row,) = read(tmp_path, f"{HEAD}\n{LINE}\n")
    assert RowResult(row, outcome, reason).no_answer is open_for_all
