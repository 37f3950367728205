"""The page of reason codes has each of them, and says what is true of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from AmazonPay import Client, Retry
from AmazonPay.errors import error_for
from AmazonPay.simulator.engine.outcomes import MOMENTS, known_outcomes
from AmazonPay.simulator.wire.errors import STATUSES
from command_line import amazonpay, answering, of_simulator
from keys import KEY
from reference.codes import STATUS_OF
from simulated import KEY_ID, Shop

PAGE = (Path(__file__).parents[2] / "docs" / "reasons.md").read_text(encoding="utf-8")
CODES = STATUSES | STATUS_OF
SECTIONS: dict[str, str] = dict(
    re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
)


def test_every_reason_code_has_a_section() -> None:
    assert sorted(SECTIONS) == sorted(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_section_names_status_and_error(code: str) -> None:
    status, error = CODES[code], b'{"reasonCode": "%s"}' % code.encode()
    with Client(
        *("SANDBOX-A", KEY, "us"),
        transport=answering(status, error),
        retry=Retry(attempts=1),
    ) as client:
        answer = client.create_charge({})
    raised = type(error_for(answer)).__name__
    assert SECTIONS[code].startswith(f"\n{status}, raised as `{raised}`")


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_section_says_what_of_money_and_what_to_do(code: str) -> None:
    money = re.findall(r"^- \*\*Money:\*\* (.+)$", SECTIONS[code], re.MULTILINE)
    what = re.findall(r"^- \*\*Do:\*\* (.+)$", SECTIONS[code], re.MULTILINE)
    assert len(money) == len(what) == 1


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_section_has_the_test_that_meets_its_code(code: str) -> None:
    if code in STATUSES:
        assert f"def test_{code}(" in SECTIONS[code]
        assert f'"{code}"' in SECTIONS[code].partition("def test_")[2]
    else:
        assert "the simulator never answers so" in SECTIONS[code]


def test_what_a_command_can_provoke_has_its_command() -> None:
    shop = Shop()
    told = {
        code: re.findall(r"`amazonpay sim fault (\S+) (\S+)`", text)
        for code, text in SECTIONS.items()
    }
    known = {
        name
        for when in MOMENTS
        for operation in ("create_charge", "get_charge")
        for name in known_outcomes(operation, when)
        if name in CODES
    }
    assert {code for code, lines in told.items() if lines} == known
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
