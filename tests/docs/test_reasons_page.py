"""Each reason code has a page, which says what is true of it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from AmazonPay import Client, Retry
from AmazonPay.errors import error_for
from AmazonPay.simulator.engine.outcomes import MOMENTS, known_outcomes
from AmazonPay.simulator.engine.wire_faults import wire_outcomes
from AmazonPay.simulator.handlers import HANDLERS
from AmazonPay.simulator.wire.errors import STATUSES
from command_line import amazonpay, answering, of_simulator, write_key
from keys import KEY
from reference.codes import STATUS_OF
from simulated import KEY_ID, Shop

DOCS = Path(__file__).parents[2] / "docs"
CODES = STATUSES | STATUS_OF
PAGES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in (DOCS / "reasons").glob("*.md")
}


def test_every_reason_code_has_a_page() -> None:
    assert sorted(PAGES) == sorted(CODES)
    assert all(text.startswith(f"# {code}\n") for code, text in PAGES.items())


def test_the_overview_lists_every_code_once_with_its_status() -> None:
    overview = (DOCS / "reasons.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| \[`(\w+)`\]\(reasons/(\w+)\.md\) \| (\d+) \|", overview, re.MULTILINE
    )
    assert sorted(rows) == sorted(
        (code, code, str(status)) for code, status in CODES.items()
    )


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_overview_and_the_page_agree_whether_money_may_have_moved(
    code: str,
) -> None:
    overview = (DOCS / "reasons.md").read_text(encoding="utf-8")
    row = re.findall(rf"\(reasons/{code}\.md\) \| \d+ \| (.+) \|", overview)[0]
    money = re.findall(r"^- \*\*Money:\*\* (.+)$", PAGES[code], re.MULTILINE)[0]
    assert ("**" in row) == ("**" in money)
    assert row.startswith("none moved") == money.lower().startswith("none moved")


def raised_by(code: str, path: str) -> str:
    """Return the name of the error that a call raises for a code."""
    method = "GET" if path.startswith("/charges/") else "POST"
    with Client(
        *("SANDBOX-A", KEY, "us"),
        transport=answering(CODES[code], b'{"reasonCode": "%s"}' % code.encode()),
        retry=Retry(attempts=1),
    ) as client:
        answer = client.request(method, path, {} if method == "POST" else None)
    return type(error_for(answer)).__name__


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_page_names_status_and_error(code: str) -> None:
    raised = raised_by(code, "/charges")
    told = f"# {code}\n\n{CODES[code]}, raised as [`{raised}`](../errors.md)"
    assert PAGES[code].startswith(told)


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_page_names_the_error_of_a_read_too(code: str) -> None:
    raised = raised_by(code, "/charges/S01-0000000-0000000-C000000")
    assert f"`{raised}`" in PAGES[code].split("\n\n")[1]


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_table_of_what_to_do_names_the_error_of_a_code(code: str) -> None:
    table = (DOCS / "errors.md").read_text(encoding="utf-8").split("## What to do")[1]
    rows = re.findall(
        rf"^\| .*\(reasons/{code}\.md\).* \| (.*) \| .* \|$", table, re.MULTILINE
    )
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    paths = ("/charges", "/refunds", "/charges/S01-0000000-0000000-C000000")
    raised = {raised_by(code, path) for path in paths}
    assert raised <= (named or {"BadRequest"})  # as the last row says


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_page_says_what_of_money_and_what_to_do(code: str) -> None:
    money = re.findall(r"^- \*\*Money:\*\* (.+)$", PAGES[code], re.MULTILINE)
    what = re.findall(r"^- \*\*Do:\*\* (.+)$", PAGES[code], re.MULTILINE)
    assert len(money) == len(what) == 1


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_page_has_the_test_that_meets_its_code(code: str) -> None:
    if code in STATUSES:
        assert f"def test_{code}(" in PAGES[code]
        assert f'"{code}"' in PAGES[code].partition("def test_")[2]
    else:
        assert "the simulator never answers so" in PAGES[code]


CALLS = {
    code: found[1]
    for code, text in PAGES.items()
    if (found := re.search(r"simulator:\*\* `amazonpay ([cg].+?)`", text))
}


def test_what_a_command_can_provoke_has_its_command() -> None:
    shop = Shop()
    told = {
        code: re.findall(r"`amazonpay sim fault (\S+) (\S+)`", text)
        for code, text in PAGES.items()
    }
    known = {
        name
        for when in MOMENTS
        for operation in HANDLERS
        for name in (*known_outcomes(operation, when), *wire_outcomes(operation, when))
        if name in CODES
    }
    assert {code for code, lines in told.items() if lines} == known - CALLS.keys()
    for code, lines in told.items():
        if not lines:
            continue
        ((operation, outcome),) = lines
        assert outcome == code
        done = amazonpay(
            *("sim", "fault", operation, outcome),
            transport=of_simulator(shop.simulator),
            env={"AMAZON_PAY_PUBLIC_KEY_ID": KEY_ID},
        )
        assert done.status == 0, done.shown


@pytest.mark.parametrize("code", sorted(CALLS))
def test_a_call_at_a_running_simulator_meets_the_code(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert amazonpay("keys", "new", "--out", "other.pem").status == 0
    done = amazonpay(
        *shlex.split(CALLS[code]),
        transport=of_simulator(Shop().simulator),
        env={
            "AMAZON_PAY_PUBLIC_KEY_ID": KEY_ID,
            "AMAZON_PAY_PRIVATE_KEY": write_key(tmp_path / "shop.pem"),
            "AMAZON_PAY_REGION": "us",
        },
    )
    assert done.json["reasonCode"] == code
