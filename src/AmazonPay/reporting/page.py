"""The page of `reports summary --html`: charts and tables that need nothing else.

It has no script and loads nothing, which its policy forbids, too. Every text of a file
is escaped.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Final

from .amounts import amount_text
from .charts import Series, bar_chart
from .daily_sums import SUMS, Day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .daily_sums import Sum

_MOVED: Final = ("captures", "refunds", "chargebacks", "fees", "other")
_TITLES: Final = {
    "captures": "Captures",
    "refunds": "Refunds",
    "chargebacks": "Chargebacks",
    "fees": "Fees",
    "other": "Other",
    "payouts": "Payouts",
}
_FILLED_DAYS: Final = 1100
"""In a longer time, days without a movement are left out."""
_OPEN_TABLE: Final = 31
_MOST_FILES: Final = 20
_NOTE: Final = (
    "What leaves your account is below zero. Days are those of the files, in UTC if"
    " their times say +0000. Other is what is held back, adjusted, or of a type that is"
    " not known."
)

_STYLE: Final = """
:root { color-scheme: light dark; --page: #f4f5f7; --card: #fff; --text: #16191f;
  --quiet: #5b6472; --line: #e3e6ea; --zero: #8a93a0; --hover: #16191f0d;
  --captures: #2f6fde; --refunds: #e08a1e; --chargebacks: #cf3b4a; --fees: #8a5bd6;
  --other: #8b95a3; --payouts: #16926b; }
@media (prefers-color-scheme: dark) {
  :root { --page: #101318; --card: #191d24; --text: #e8eaee; --quiet: #98a2b1;
    --line: #2a303a; --zero: #6b7482; --hover: #ffffff12; --captures: #6aa1ff;
    --refunds: #f2ab4e; --chargebacks: #f2707d; --fees: #b594f2; --other: #7d8896;
    --payouts: #45c79b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 48px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 36px 0 12px; }
h3 { font-size: 14px; margin: 0; }
p { margin: 0; } .quiet { color: var(--quiet); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 16px 18px; margin-top: 14px; }
.tiles { display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 12px 14px; border-top: 3px solid var(--mark, var(--line)); min-width: 0; }
.tile b { display: block; font-size: 18px; font-weight: 620; margin-top: 2px;
  font-variant-numeric: tabular-nums; }
.tile span { color: var(--quiet); font-size: 13px; }
.head { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline;
  justify-content: space-between; margin-bottom: 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 14px; font-size: 13px;
  color: var(--quiet); }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 3px;
  margin-right: 6px; background: var(--mark); }
.scroll { overflow-x: auto; }
svg { display: block; max-width: max(100%, 680px); height: auto; }
svg.long { max-width: none; }
svg text { fill: var(--quiet); font-size: 12px; font-variant-numeric: tabular-nums; }
svg .y { text-anchor: end; } svg .x { text-anchor: middle; }
svg .grid { stroke: var(--line); } svg .zero { stroke: var(--zero); }
svg .hit { fill: transparent; } svg .day:hover .hit { fill: var(--hover); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums;
  font-size: 14px; }
th, td { text-align: right; padding: 6px 10px; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-weight: 500; } th:first-child, td:first-child {
  text-align: left; padding-left: 0; } tfoot td { font-weight: 620; border: 0; }
td.nil { color: var(--quiet); opacity: 0.55; }
summary { cursor: pointer; font-weight: 600; font-size: 14px; }
details .scroll { margin-top: 8px; }
footer { margin-top: 28px; font-size: 13px; color: var(--quiet); }
footer code { overflow-wrap: anywhere; }
@media print { body { background: none; } .card, .tile { break-inside: avoid; } }
"""


def page_of(files: Sequence[str], days: Sequence[Day], sums: Sequence[Sum]) -> str:
    """Return the page as HTML, of the sums by day and by currency."""
    marks = "".join(
        f".{name} {{ --mark: var(--{name}); fill: var(--{name}); }}" for name in SUMS
    )
    span = (
        f"{min(one.day for one in days)} to {max(one.day for one in days)}"
        if days
        else "no movement"
    )
    sections = [
        _section(one, [day for day in days if day.currency == one.currency])
        for one in sums
    ]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy"'
        " content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Amazon Pay settlements, {span}</title>"
        f"<style>{_STYLE}{marks}</style></head><body><main>"
        f'<header><h1>Amazon Pay settlements</h1><p class="quiet">{span}</p></header>'
        f"{''.join(sections)}{_footer(files)}</main></body></html>"
    )
    # ASCII alone, so that no encoding of a terminal or a server changes it.
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _section(total: Sum, found: Sequence[Day]) -> str:
    currency = escape(total.currency)
    days = _filled(found, total.currency)
    tiles = "".join(
        _tile(name, _TITLES[name], getattr(total, name), total.currency)
        for name in SUMS
        if name in {"captures", "refunds", "fees", "payouts"} or getattr(total, name)
    )
    tiles += _tile("left", "Left after payouts", total.left, total.currency)
    dates = [day.day for day in days]
    told = [_told(day) for day in days]
    moved = [name for name in _MOVED if any(getattr(day, name) for day in days)]
    charts = _card(
        "Money by day",
        moved or ["captures"],
        bar_chart(
            f"Captures, refunds and fees by day in {currency}",
            dates,
            [Series(name, [getattr(day, name) for day in days]) for name in moved],
            told,
        ),
    )
    paid = [-day.payouts for day in days]
    charts += _card(
        "Payouts to your bank by day",
        ["payouts"],
        bar_chart(
            f"Payouts by day in {currency}", dates, [Series("payouts", paid)], told
        ),
    )
    return (
        f'<section><h2>{currency} <span class="quiet">·'
        f" {total.movements:,} movements</span></h2>"
        f'<div class="tiles">{tiles}</div>{charts}{_table(total, found)}</section>'
    )


def _tile(name: str, title: str, amount: Decimal, currency: str) -> str:
    return (
        f'<div class="tile {name}"><span>{title}</span>'
        f"<b>{_amount(amount, currency).replace(',', ',<wbr>')}</b></div>"
    )


def _card(title: str, names: Sequence[str], chart: str) -> str:
    legend = "".join(
        f'<span class="{name}"><i></i>{_TITLES[name]}</span>' for name in names
    )
    return (
        f'<div class="card"><div class="head"><h3>{title}</h3>'
        f'<div class="legend">{legend}</div></div>'
        f'<div class="scroll">{chart}</div></div>'
    )


def _told(day: Day) -> str:
    lines = [f"{day.day}, {day.currency}"]
    lines += [
        f"{_TITLES[name]} {_plain(getattr(day, name), day.currency)}"
        for name in SUMS
        if getattr(day, name)
    ]
    return "\n".join(lines if len(lines) > 1 else [*lines, "nothing moved"])


def _table(total: Sum, days: Sequence[Day]) -> str:
    names = [name for name in SUMS if name != "other" or total.other]
    head = "".join(f"<th>{_TITLES[name]}</th>" for name in names)
    rows = "".join(
        f"<tr><td>{day.day}</td>"
        + "".join(_cell(getattr(day, name), day.currency) for name in names)
        + "</tr>"
        for day in days
    )
    foot = "".join(_cell(getattr(total, name), total.currency) for name in names)
    is_open = " open" if len(days) <= _OPEN_TABLE else ""
    return (
        f'<details class="card"{is_open}><summary>All amounts by day</summary>'
        f'<div class="scroll"><table><thead><tr><th>Day</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody><tfoot><tr><td>All</td>{foot}</tr></tfoot></table></div>"
        "</details>"
    )


def _cell(amount: Decimal, currency: str) -> str:
    nil = "" if amount else ' class="nil"'
    return f"<td{nil}>{_amount(amount, currency)}</td>"


def _footer(files: Sequence[str]) -> str:
    shown = ", ".join(f"<code>{escape(file)}</code>" for file in files[:_MOST_FILES])
    more = len(files) - _MOST_FILES
    rest = f" and {more} more" if more > 0 else ""
    return f"<footer><p>{_NOTE}</p><p>Made from {shown}{rest}.</p></footer>"


def _amount(amount: Decimal, currency: str) -> str:
    return escape(_plain(amount, currency))


def _plain(amount: Decimal, currency: str) -> str:
    text = amount_text(amount, currency, grouped=True)
    return text.replace("-", "\N{MINUS SIGN}")


def _filled(found: Sequence[Day], currency: str) -> list[Day]:
    """Return the days from the first to the last, with those on which nothing moved."""
    first, last = found[0].day, found[-1].day
    length = (last - first).days + 1
    if length > _FILLED_DAYS:
        return list(found)
    by_day = {day.day: day for day in found}
    return [
        by_day.get(day) or _still(currency, day)
        for day in (first + timedelta(days=number) for number in range(length))
    ]


def _still(currency: str, day: date) -> Day:
    zeros = dict.fromkeys(SUMS, Decimal(0))
    return Day(currency=currency, day=day, movements=0, **zeros)
