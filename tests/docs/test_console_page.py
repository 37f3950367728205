"""The page about the console names its calls, keys and filters as they are."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import AmazonPay.simulator.console
from AmazonPay.simulator.console.routes import ROUTES
from AmazonPay.simulator.engine.exchanges import MOST_BYTES, MOST_ROWS

PAGE = Path(__file__).parents[2].joinpath("docs", "console.md").read_text()
STATIC = files(AmazonPay.simulator.console).joinpath("static")


def script(name: str) -> str:
    return STATIC.joinpath(name).read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_call_is_listed_with_its_members() -> None:
    told = {
        (found[1], found[2]): set(re.findall(r"`(\w+)`", found[4]))
        for found in re.finditer(
            r"^\| `(GET|POST) (\w+)` \| (.*) \| (.*)\|$",
            section("The same over HTTP"),
            re.MULTILINE,
        )
    }
    assert told == {call: set(route.members) for call, route in ROUTES.items()}


def test_every_filter_is_listed() -> None:
    table = section("The list")
    code = script("filter.js")
    kinds = re.findall(r"^  (\w+): \(row\) =>", code, re.MULTILINE)
    fields = re.findall(r"^  (\w+): \(row, value\) =>", code, re.MULTILINE)
    assert set(re.findall(r"`is:(\w+)`", table)) == set(kinds)
    assert set(re.findall(r"`(\w+):", table)) == set(fields)


def test_every_key_is_listed_helped_with_and_bound() -> None:
    table = script("keys.js").partition("const HELP = [")[2].partition("\n];")[0]
    helped = set(" ".join(re.findall(r'\["([^"]+)", "', table)).split()) - {"↓", "↑"}
    assert helped == set(re.findall(r"`([^`]+)`", section("Keys")))
    bound = script("main.js").partition("bindKeys({")[2]
    for key in helped:
        assert re.search(rf'[ {{]"?{re.escape(key)}"?: ', bound), key


def test_what_is_kept_is_what_is_kept() -> None:
    text = section("A row")
    assert f"last {MOST_ROWS:,} calls" in text
    assert f"{MOST_BYTES // 1024**2} MiB" in text
