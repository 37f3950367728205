"""Files of reports: facts, columns and rows, or an error before the first row."""

from __future__ import annotations

import gzip
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import InvalidRequest, ReportUnavailable
from AmazonPay.report_files import ReportTable, parse_amount, read_report

if TYPE_CHECKING:
    from pathlib import Path

FACTS = (
    '"SettlementStartDate","2026-05-17T15:48:50 +0000"\n'
    '"SettlementEndDate","2026-05-18T15:48:50 +0000"\n'
    '"SellerId","A1EXAMPLE"\n'
)
COLUMNS = '"TransactionPostedDate","AmazonTransactionId","TransactionType","Amount"\n'
ROWS = (
    '"2026-05-18T15:48:50 +0000","S01-1-C1","Capture","1,234.00"\n'
    '"2026-05-18T15:48:50 +0000","","Transfer","-1,234.00"\n'
)
SETTLEMENT = f"{FACTS}\n{COLUMNS}{ROWS}"
READ_FACTS = {
    "SettlementStartDate": "2026-05-17T15:48:50 +0000",
    "SettlementEndDate": "2026-05-18T15:48:50 +0000",
    "SellerId": "A1EXAMPLE",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "report"


def table_of(path: Path, text: str, encoding: str = "utf-8") -> ReportTable:
    path.write_text(text, encoding=encoding, newline="")
    return read_report(path, encoding=encoding)


@pytest.mark.parametrize(
    "text",
    [
        SETTLEMENT,
        SETTLEMENT.replace("\n", "\r\n"),
        SETTLEMENT.replace("\n", "\r"),
        "\ufeff" + SETTLEMENT,
        "\n" + SETTLEMENT + "\n\n",
        f"{FACTS}\n \n\n{COLUMNS}\n{ROWS}",
        f"{FACTS}{COLUMNS}{ROWS}",
        SETTLEMENT.replace('","', '"\t"'),
        # A spreadsheet pads every line to one width.
        f"{FACTS}\n".replace("\n", ",,\n") + COLUMNS + ROWS + ",,,\n",
    ],
    ids=[
        *("as printed", "crlf", "cr", "mark", "blanks", "more blanks"),
        *("no blank line", "tabs", "padded"),
    ],
)
def test_facts_are_readable_and_never_rows(path: Path, text: str) -> None:
    table = table_of(path, text)
    assert table.facts == READ_FACTS
    assert table.columns[0] == "TransactionPostedDate"
    assert [row["TransactionType"] for row in table] == ["Capture", "Transfer"]
    assert [parse_amount(row["Amount"]) for row in table] == [1234, -1234]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2\n", [{"a": "1", "b": "2"}]),
        ("a,b\n1,2\n\n3,4\n", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
        ("a,b,c\n\n1,2,3\n", [{"a": "1", "b": "2", "c": "3"}]),
        ("a,b\n\n", []),
        ('a,b\n"x\ny","z, ""q"""\n', [{"a": "x\ny", "b": 'z, "q"'}]),
    ],
)
def test_a_table_without_facts_has_none(
    path: Path, text: str, rows: list[dict[str, str]]
) -> None:
    table = table_of(path, text)
    assert table.facts == {}
    assert list(table) == rows


def test_a_long_table_of_two_columns_has_no_facts(path: Path) -> None:
    table = table_of(path, "a,b\n" + "1,2\n" * 300 + "\n")
    assert (table.facts, len(list(table))) == ({}, 300)


NO_TABLES = [
    ("", "is empty"),
    ("\ufeff\n \n", "is empty"),
    ("<!DOCTYPE html><html><p>a, b</p></html>", "HTML"),
    ('\n <?xml version="1.0"?><a>,</a>', "HTML or XML"),
    ('{"message": "denied", "reasonCode": "x"}', "JSON"),
    ('[{"a": 1, "b": 2}]', "JSON"),
    ("Service unavailable\n", "one column"),
    ("a;b\n1;2\n", "';'"),
    ("a|b\n1|2\n", "'|'"),
    ("a,b,c\n1,2,3\n4,5\n", "line 3: it has 2 fields for 3 columns"),
    ("a,b,c\n1,2,3\n4,5,6,7\n", "line 3: it has 4 fields for 3 columns"),
    ("a,b\n1,2\n3,4\n5\n", "line 4: it has 1 fields"),
    ("a,b,a\n1,2,3\n", "two columns"),
    ("a,b, a\n1,2,3\n", "two columns"),
    ("a,,c\n1,2,3\n", "no name"),
    ("a,b,\n1,2,\n", "no name"),
    ("a,b\n1,\0\n", "zero byte"),
    ('a,b\n1,"2\n3,4\n', "quotes"),
    ('a,b\n"1"2,3\n', "quotes"),
    (FACTS, "no line of columns"),
    (f"{FACTS}\n", "no line of columns"),
    (f"{FACTS}\na,b\n1,2\n", "no line of columns"),
    (f"{FACTS}{FACTS}\n{COLUMNS}{ROWS}", "two columns have one name"),
    (SETTLEMENT + '"2026","S01"\n', "it has 2 fields for 4 columns"),
]


@pytest.mark.parametrize(("text", "said"), NO_TABLES)
def test_a_file_that_is_no_table_gives_no_row(path: Path, text: str, said: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ReportUnavailable) as caught:
        read_report(path)
    assert said in str(caught.value)
    assert "download_report gives it as it is" in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [gzip.compress(b"a,b\n1,2\n"), b"PK\x03\x04rest", b"BZh91AY"],
    ids=["gzip", "zip", "bzip2"],
)
def test_a_compressed_file_is_said_to_be_one(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(ReportUnavailable, match="compressed"):
        read_report(path)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp932", "株式会社①"),
        ("iso-8859-1", "Café Größe"),
        ("utf-16", "Café 株式会社"),
        ("UTF8", "Café"),
    ],
)
def test_a_file_is_read_in_its_encoding(path: Path, encoding: str, name: str) -> None:
    (row,) = table_of(path, f"Store,Amount\n{name},1\n", encoding)
    assert row["Store"] == name


@pytest.mark.parametrize("encoding", ["cp932", "iso-8859-1", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("rows", [0, 10_000], ids=["at once", "far down"])
def test_another_encoding_is_an_error_that_offers_it(
    path: Path, encoding: str, rows: int
) -> None:
    name = "Größe" if encoding == "iso-8859-1" else "株式会社"
    text = "Store,Amount\n" + "x,1\n" * rows + f"{name},1\n"
    path.write_text(text, encoding=encoding, newline="")
    with pytest.raises(ReportUnavailable, match="encoding="):
        read_report(path)


def test_bytes_that_the_given_encoding_lacks_are_an_error(path: Path) -> None:
    path.write_bytes(b"a,b\n\x81\xff,1\n")
    for encoding in ("cp932", "ascii", "utf-8", "utf-16"):
        with pytest.raises(ReportUnavailable, match="encoding="):
            read_report(path, encoding=encoding)


@pytest.mark.parametrize("encoding", ["", "no-such", "base64", "rot13", None, 5, "a\0"])
def test_an_encoding_that_does_not_exist_is_refused(path: Path, encoding: Any) -> None:
    path.write_text("a,b\n")
    with pytest.raises(InvalidRequest, match="encoding is the name of one"):
        read_report(path, encoding=encoding)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.00", "1234.00"),
        ("-12,345,678.90", "-12345678.90"),
        ("1234.5", "1234.5"),
        ("0", "0"),
        ("-0.00", "0.00"),
        ("1,234", "1234"),
    ],
)
def test_an_amount_of_a_field_is_a_decimal(text: str, amount: str) -> None:
    assert str(parse_amount(text)) == amount
    assert isinstance(parse_amount(text), Decimal)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1.234,00", "12,34.00", "1,2345", ",123", "1,", "1e3", "NaN"),
        *("$5", "(5.00)", "\uff11", "+5", "--5", "5-", "1 234", None, 5),
    ],
)
def test_a_field_without_an_amount_is_refused(text: Any) -> None:
    with pytest.raises(InvalidRequest, match="holds no amount"):
        parse_amount(text)
