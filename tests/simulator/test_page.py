"""What the simulator's page says is what the simulator does."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from AmazonPay.simulator.actors import buyer
from AmazonPay.simulator.actors.control_api import ACTIONS
from AmazonPay.simulator.options import parser
from AmazonPay.simulator.rules.test_data import CARDS
from AmazonPay.simulator.settings import Settings
from reference.codes import CHARGE_DECLINES, SESSION_ENDS
from reference.states import ARROWS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "AmazonPay"
PAGE = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")


def section(name: str) -> str:
    """Give what stands below a heading."""
    return PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def cells(text: str) -> list[list[str]]:
    """Give the cells of all tables, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {number - 1 for number, line in enumerate(lines) if line.startswith("|--")}
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for number, line in enumerate(lines)
        if number not in heads and not line.startswith("|--")
    ]


def test_every_unconfirmed_point_is_listed_with_its_file() -> None:
    rows = cells(section("Where we guessed"))
    assert all(len(row) == 4 and all(row) for row in rows)
    listed = Counter(row[3].strip("`") for row in rows)
    files = (*(PACKAGE / "simulator").glob("**/*.py"), PACKAGE / "lifecycles.py")
    marks = Counter(
        path.name
        for path in files
        for _ in re.finditer(r"# UNCONFIRMED:", path.read_text(encoding="utf-8"))
    )
    # Life cycles are the SDK's own, and have one row.
    marks["lifecycles.py"] = 1
    assert set(marks) == set(listed)
    assert marks <= listed, "a new mark needs a row of its own"


def test_every_setting_that_is_named_exists() -> None:
    named = re.findall(r"`(\w+_\w+)`", section("Where we guessed"))
    assert set(named) <= set(Settings.__slots__)


def test_every_option_is_explained() -> None:
    known = parser()
    options = {
        option
        for action in known._actions  # noqa: SLF001 - argparse has no public list
        for option in action.option_strings
        if option not in {"-h", "--help"}
    }
    explained = set(re.findall(r"^\| `(--[\w-]+)", section("Start it"), re.MULTILINE))
    assert explained == options


def test_every_act_of_the_buyer_is_explained_with_its_members() -> None:
    told: dict[tuple[str, str | None], set[str]] = {}
    for row in cells(section("The buyer's part")):
        found = re.fullmatch(r"`/_simulator/(\w+)(?:/\{id\}/(\w+))?`", row[0])
        if found is not None:
            told[found[1], found[2]] = set(re.findall(r"`(\w+)`", row[2]))
    assert told == {act: set(members) for act, members in ACTIONS.items()}
    assert {act for what, act in told if what == "chargePermissions"} == set(
        buyer.ACCOUNT_ACTIONS
    )


def test_every_card_and_simulation_code_is_listed() -> None:
    text = section("The buyer's part")
    assert set(re.findall(r"`(\d{4})`", text)) == set(CARDS)
    for code in (*SESSION_ENDS, *CHARGE_DECLINES, "CaptureInitiated", "AmazonClosed"):
        assert f"`{code}`" in text
    for code in Settings().pending_simulation_codes:
        assert f"`{code}`" in text


def test_the_life_cycles_are_drawn_arrow_by_arrow() -> None:
    drawn = section("Life cycles")
    for kind, arrows in ARROWS.items():
        name = re.sub("([A-Z])", r" \1", kind).capitalize()
        part = drawn.partition(f"### {name}\n")[2].partition("###")[0]
        found = {
            (
                state if state != "new" else None,
                row[2].strip("`"),
                row[3].strip("`") or None,
            )
            for row in cells(part)
            for state in row[0].replace("`", "").split(", ")
        }
        assert found == arrows


def test_every_test_id_of_the_pages_is_explained_and_exists() -> None:
    pages = PACKAGE / "simulator" / "pages"
    found: set[str] = {"amazon-pay-button"}
    for path in pages.glob("templates/*.html"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'data-testid="([\w-]+)"', text))
        found |= set(re.findall(r'data-testid="(\w+-)\{\{', text))
        found |= set(re.findall(r'"(\w+-)" ~ one', text))
    script = (pages / "static" / "checkout.js").read_text(encoding="utf-8")
    assert re.findall(r'dataset\.testid = "([\w-]+)"', script) == ["amazon-pay-button"]
    text = (ROOT / "docs" / "checkout-pages.md").read_text(encoding="utf-8")
    rows = cells(text.partition("\n## For tests\n")[2].partition("\n## ")[0])
    told = {one for row in rows for one in re.findall(r"`([\w-]+)`", row[0])}
    numbered = {re.sub(r"\d+$", "", one) for one in told}
    assert numbered == found
