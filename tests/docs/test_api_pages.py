"""The API reference has every public name, and every member of every type."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from typing_extensions import is_typeddict

from AmazonPay import types
from AmazonPay.cli.app import app
from AmazonPay.cli.calls import command_named
from AmazonPay.lifecycles import LIFE_CYCLES
from AmazonPay.simulator.wire.errors import STATUSES
from reference.operations import OPERATIONS
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_ext"
# Sphinx runs it in a process of its own, where Django is not set up yet.
MAKE = "import api_pages, json, sys; json.dump(api_pages.pages(), sys.stdout)"
MODULES = [
    *("AmazonPay", "AmazonPay.explain", "AmazonPay.ipn", "AmazonPay.journal"),
    *("AmazonPay.report_files", "AmazonPay.simulator", "AmazonPay.testing"),
]
# For type checkers alone; the section of `CurrencyCode` says what it is.
NO_SECTION = {"OtherCurrency"}
OF_A_CALL = {"--body", "--idempotency-key", "--yes", "--deadline", "--simulation-code"}


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", MAKE],
        env={**unmeasured(), "PYTHONPATH": str(EXTENSIONS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made: dict[str, str] = json.loads(done.stdout)
    return made


@pytest.fixture(scope="module")
def sections(pages: dict[str, str]) -> dict[str, str]:
    """Return the text below each heading."""
    found: dict[str, str] = {}
    # A name may stand on two pages: that of a type goes first.
    for text in reversed(pages.values()):
        plain = re.sub(r"(?s)^```.*?^```$", "", text, flags=re.MULTILINE)
        found |= dict(re.findall(r"(?ms)^##+ (\S+)$\n(.*?)(?=^##+ |\Z)", plain))
    return found


def test_every_operation_has_a_section_with_its_call(sections: dict[str, str]) -> None:
    for row in OPERATIONS:
        assert f"`{row.method} {row.path}`" in sections[row.name]


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_of_a_module_has_a_section(
    module: str, sections: dict[str, str]
) -> None:
    found = import_module(module)
    names: list[str] = getattr(found, "__all__", dir(found))
    public = {
        name
        for name in names
        if not name.startswith("_") and callable(getattr(found, name))
    }
    assert public - sections.keys() == set()


def test_every_type_has_a_section(sections: dict[str, str]) -> None:
    source = Path(str(types.__file__)).read_text(encoding="utf-8")
    names = re.findall(r"\b(\w+) as \1\b", source)
    assert len(names) > 150
    assert set(names) - NO_SECTION - sections.keys() == set()
    assert "`OtherCurrency` is" in sections["CurrencyCode"]


def test_every_name_that_a_page_takes_from_the_package_is_in_the_reference(
    pages: dict[str, str],
) -> None:
    guides = "".join(
        path.read_text(encoding="utf-8")
        for path in (EXTENSIONS.parent).rglob("*.md")
        if path.parent.name != "api"
    )
    taken = re.findall(
        r"^ *from AmazonPay[\w.]* import ([^(\n]+|\([^)]+)", guides, re.MULTILINE
    )
    said = re.findall(r"`(\w+)` is in `AmazonPay[\w.]+`", guides)
    names = set(re.findall(r"\w+", " ".join([*taken, *said])))
    assert {"addresses_from", "Client", "Authority"} <= names
    text = "".join(pages.values())
    assert {one for one in names if not re.search(rf"\b{one}\b", text)} == set()


@pytest.mark.parametrize(
    "name", [one for one in dir(types) if is_typeddict(getattr(types, one))]
)
def test_every_member_of_a_type_has_a_row(name: str, sections: dict[str, str]) -> None:
    rows = re.findall(r"^\| `(\w+)` \|", sections[name], re.MULTILINE)
    base = re.findall(r"^All members of \[`(\w+)`\]", sections[name], re.MULTILINE)
    for one in base:
        rows = [*re.findall(r"^\| `(\w+)` \|", sections[one], re.MULTILINE), *rows]
    declared = getattr(types, name)
    assert list(dict.fromkeys(rows)) == list(declared.__annotations__)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (
            "CancelCharge",
            "| `cancellationReason` | `str` | at most 255 characters |  |",
        ),
        (
            "CreateRefund",
            "| `chargeId` | [`Id`](values.md#id) | not empty | **required** |",
        ),
        (
            "UpdateWebCheckoutDetails",
            "| `checkoutCancelUrl` | [`Url`](values.md#url) | at most 512 characters |",
        ),
        (
            "DeliverySpecifications",
            "| list of `RestrictPOBoxes` `RestrictPackstations` |",
        ),
        ("Price", "| `amount` | `str` |  | Units of the currency: two decimals,"),
    ],
)
def test_a_row_says_limit_need_and_unit(
    name: str, row: str, sections: dict[str, str]
) -> None:
    assert row in sections[name]


def test_a_row_says_when_a_member_is_null(sections: dict[str, str]) -> None:
    assert "may be null. Null until captured." in sections["Charge"]


def test_a_reason_code_leads_to_its_page(pages: dict[str, str]) -> None:
    linked = set(re.findall(r"reasons/(\w+)\.md", "".join(pages.values())))
    assert linked <= set(STATUSES)
    assert "SoftDeclined" in linked


def test_a_page_is_the_same_each_time_it_is_made(pages: dict[str, str]) -> None:
    assert re.findall(r" at 0x[0-9a-f]+", "".join(pages.values())) == []


def test_every_life_cycle_is_shown_with_its_noun(pages: dict[str, str]) -> None:
    shown = re.findall(r"\.\./states\.md#([\w-]+)", "".join(pages.values()))
    kinds = [
        re.sub("[A-Z]", lambda c: f"-{c[0].lower()}", kind) for kind in LIFE_CYCLES
    ]
    assert sorted(shown) == sorted(kinds)


def test_the_page_of_the_openapi_document_lists_every_call(
    pages: dict[str, str],
) -> None:
    for row in OPERATIONS:
        assert f" | `{row.method} {row.path}` |" in pages["openapi"]
    assert "[`CreateCharge`](charges.md#createcharge)" in pages["openapi"]


def options_of(group: click.Group, above: click.Context) -> Iterator[tuple[str, str]]:
    """Give every command below a group, with each of its options."""
    for name in group.list_commands(above):
        command = group.get_command(above, name)
        assert command is not None
        here = click.Context(command, info_name=name, parent=above)
        if isinstance(command, click.Group):
            yield from options_of(command, here)
        yield from (
            (here.command_path, option)
            for one in command.params
            if isinstance(one, click.Option) and not one.hidden
            for option in one.opts
        )


def test_every_option_of_every_command_is_on_the_page_of_commands(
    pages: dict[str, str],
) -> None:
    parts = re.findall(r"(?ms)^## (.*?)\n(.*?)(?=^## |\Z)", pages["commands"])
    sections = dict(parts)
    common = sections["Options of many commands"]
    checked = 0
    for path, option in options_of(app, click.Context(app, info_name="amazonpay")):
        is_call = command_named(path.removeprefix("amazonpay ")) is not None
        if is_call and option not in OF_A_CALL:
            continue  # a member of the query
        own = sections["Calls" if is_call else path]
        assert re.search(rf"^\| `.*{option}\b", own + common, re.MULTILINE), path
        checked += 1
    assert checked > 300
