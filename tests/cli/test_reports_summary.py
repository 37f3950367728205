"""`amazonpay reports summary`: sums by day and currency, as a table, JSON or a page."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.reporting.amounts import amount_text
from AmazonPay.reporting.charts import Series, bar_chart
from AmazonPay.reporting.daily_sums import SUMS, Day, sums
from AmazonPay.reporting.page import page_of
from command_line import Done, amazonpay
from settlement_files import Row, write_settlement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROWS = [
    Row("Capture", "1050.10", "A", day="2026-05-18", fee="20.00"),
    Row("Capture", "10", "B", day="2026-05-18", fee="0.30"),
    Row("Refund", "-10", "B", day="2026-05-20", fee="-0.30"),
    Row("Chargeback", "-50", "A", day="2026-05-20"),
    Row("Reserve", "-5", day="2026-05-20"),
    Row("Transfer", "-975.10", day="2026-05-21"),
    Row("Capture", "1000", "C", currency="JPY", day="2026-05-18", fee="39"),
]


def summary(tmp_path: Path, rows: Sequence[Row], *line: str) -> Done:
    path = write_settlement(tmp_path / "settlement.csv", rows)
    return amazonpay("reports", "summary", str(path), *line)


def day_of(day: str, **more: str) -> Day:
    values = {name: Decimal(more.get(name, "0")) for name in SUMS}
    return Day(currency="USD", day=date.fromisoformat(day), movements=1, **values)


# The table ------------------------------------------------------------------------


def test_sums_are_by_currency_and_day(tmp_path: Path) -> None:
    done = summary(tmp_path, ROWS)
    assert done.status == 0
    assert [line.split("\t") for line in done.out.splitlines()] == [
        ["currency", "day", *SUMS],
        ["JPY", "2026-05-18", "1000", "0", "0", "-39", "0", "0"],
        ["JPY", "all", "1000", "0", "0", "-39", "0", "0"],
        ["USD", "2026-05-18", "1060.10", "0.00", "0.00", "-20.30", "0.00", "0.00"],
        ["USD", "2026-05-20", "0.00", "-10.00", "-50.00", "0.30", "-5.00", "0.00"],
        ["USD", "2026-05-21", "0.00", "0.00", "0.00", "0.00", "0.00", "-975.10"],
        ["USD", "all", "1060.10", "-10.00", "-50.00", "-20.00", "-5.00", "-975.10"],
    ]


def test_json_is_one_object(tmp_path: Path) -> None:
    found = summary(tmp_path, ROWS, "--json").json
    assert found["currencies"]["USD"] == {
        "captures": "1060.10",
        "refunds": "-10.00",
        "chargebacks": "-50.00",
        "fees": "-20.00",
        "other": "-5.00",
        "payouts": "-975.10",
        "movements": 6,
    }
    assert found["days"][0]["day"] == "2026-05-18"
    assert len(found["days"]) == 4


def test_a_settlement_without_rows_has_no_sums(tmp_path: Path) -> None:
    assert summary(tmp_path, []).out.splitlines() == [
        "\t".join(("currency", "day", *SUMS))
    ]
    assert summary(tmp_path, [], "--json").json["days"] == []
    assert "no movement" in summary(tmp_path, [], "--html").out


def test_two_forms_at_once_end_with_2(tmp_path: Path) -> None:
    assert summary(tmp_path, [], "--html", "--json").status == 2


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("0E-8", "USD", "0.00"),
        ("-0.00000000", "JPY", "0"),
        ("1234.50000000", "USD", "1,234.50"),
        ("-1234567", "JPY", "-1,234,567"),
        ("0.12300000", "USD", "0.123"),
        ("5", "XXX", "5.00"),
    ],
)
def test_an_amount_has_the_digits_of_its_currency(
    amount: str, currency: str, text: str
) -> None:
    number = Decimal(amount)
    assert amount_text(number, currency, grouped=True) == text
    assert amount_text(number, currency) == text.replace(",", "")


def test_what_is_left_is_the_sum_of_everything() -> None:
    days = [
        day_of("2026-05-18", captures="10.10", fees="-0.30", other="-1"),
        day_of("2026-05-19", refunds="-2", chargebacks="-3", payouts="-3.80"),
    ]
    (total,) = sums(days)
    assert (total.left, total.movements) == (Decimal("0.00"), 2)


# The page -------------------------------------------------------------------------


class Read(HTMLParser):
    """What a page holds."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"

    def count(self, tag: str, class_: str) -> int:
        return sum(t == tag and a.get("class") == class_ for t, a in self.tags)


def test_the_page_has_charts_and_sums(tmp_path: Path) -> None:
    page = Read(summary(tmp_path, ROWS, "--html").out)
    assert sum(tag == "svg" for tag, _ in page.tags) == 4
    for text in ("USD", "JPY", "1,060.10", "\N{MINUS SIGN}975.10", "2026-05-20"):
        assert text in page.text
    assert page.count("rect", "captures") == 2
    assert page.count("rect", "payouts") == 1
    # The 19th, on which nothing moved, has its place, too.
    assert "2026-05-19, USD\nnothing moved" in page.text


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    out = summary(tmp_path, ROWS, "--html").out
    page = Read(out)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe"})
    assert not any({"src", "href"} & set(facts) for _, facts in page.tags)
    assert "url(" not in out
    assert "@import" not in out
    assert "default-src 'none'" in out
    assert out.isascii()


def test_text_of_a_file_is_escaped(tmp_path: Path) -> None:
    hostile = '<script>alert(1)</script>&"\N{SNOWMAN}.csv'
    path = tmp_path / hostile.replace("/", "")
    write_settlement(path, ROWS)
    page = Read(amazonpay("reports", "summary", str(path), "--html").out)
    assert "script" not in {tag for tag, _ in page.tags}
    assert path.name in page.text


def test_many_files_are_counted() -> None:
    page = page_of([f"{n}.csv" for n in range(25)], [], [])
    assert "and 5 more" in page


def test_many_days_are_a_closed_table_and_a_wide_chart() -> None:
    first = date(2026, 1, 1)
    days = [day_of(str(first + timedelta(days=n)), captures="5") for n in range(400)]
    page = Read(page_of([], days, sums(days)))
    assert ("details", {"class": "card"}) in page.tags
    charts = [a for tag, a in page.tags if tag == "svg"]
    assert max(float(str(a["width"])) for a in charts) > 2400
    assert {a["class"] for a in charts} == {"long"}


def test_a_very_long_time_leaves_out_its_empty_days() -> None:
    days = [day_of("2001-01-01", captures="5"), day_of("2026-01-01", captures="5")]
    page = Read(page_of([], days, sums(days)))
    assert page.count("g", "day") == 4  # two charts of two days


# Charts ---------------------------------------------------------------------------


def chart(*values: str) -> list[tuple[str, dict[str, str | None]]]:
    days = [date(2026, 5, 18) + timedelta(days=n) for n in range(len(values))]
    numbers = [Decimal(value) for value in values]
    drawn = bar_chart("t", days, [Series("captures", numbers)], list(values))
    return Read(drawn).tags


def bars(tags: list[tuple[str, dict[str, str | None]]]) -> list[tuple[float, float]]:
    return [
        (float(str(facts["y"])), float(str(facts["height"])))
        for tag, facts in tags
        if tag == "rect" and facts["class"] == "captures"
    ]


def test_bars_stand_on_zero_and_hang_below_it() -> None:
    tags = chart("10", "-5", "0")
    (zero,) = (float(str(a["y1"])) for _, a in tags if a.get("class") == "zero")
    (up, tall), (down, deep) = bars(tags)
    assert up + tall == pytest.approx(zero, abs=0.02)  # pyright: ignore[reportUnknownMemberType]
    assert down == pytest.approx(zero, abs=0.02)  # pyright: ignore[reportUnknownMemberType]
    assert tall == pytest.approx(2 * deep, abs=0.02)  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize(
    "values",
    [
        ("0", "0"),
        ("0.01",),
        ("-0.01",),
        ("99999999999999999999.99999999", "-1"),
        ("1", "3", "7"),
        ("-8", "-9"),
        ("1000000", "2500000"),
    ],
    ids=" ".join,
)
def test_every_bar_is_inside_of_its_chart(values: tuple[str, ...]) -> None:
    for top, height in bars(chart(*values)):
        assert 12 <= top <= top + height <= 214.01


@pytest.mark.parametrize(
    ("highest", "labels"),
    [
        ("10", ["0", "2", "4", "6", "8", "10"]),
        ("0.04", ["0", "0.01", "0.02", "0.03", "0.04"]),
        ("2400000", ["0", "500,000", "1M", "1.5M", "2M", "2.5M"]),
        ("7000000000", ["0", "2bn", "4bn", "6bn", "8bn"]),
    ],
)
def test_the_scale_has_round_numbers(highest: str, labels: list[str]) -> None:
    days = [date(2026, 5, 18)]
    drawn = bar_chart("t", days, [Series("fees", [Decimal(highest)])], [""])
    assert re.findall(r'class="y"[^>]*>([^<]*)<', drawn) == labels


def test_what_is_told_of_a_day_is_escaped() -> None:
    days = [date(2026, 5, 18)]
    drawn = bar_chart('"<b>', days, [Series("fees", [Decimal(1)])], ["<b>"])
    found: Any = {tag for tag, _ in Read(drawn).tags}
    assert "b" not in found
