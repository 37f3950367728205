"""The console samples of `docs/cli.md`, run as printed, in one folder and in order."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from AmazonPay import SQLiteJournal
from AmazonPay._once.bodies import digest_of
from AmazonPay.journal import Entry
from command_line import amazonpay, of_simulator, write_key
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
SAMPLES = re.findall(r"<!-- console -->\n```console\n(.*?)```", PAGE, re.DOTALL)


def test_every_console_sample_is_run() -> None:
    assert len(SAMPLES) == PAGE.count("```console")


def write_journal(folder: Path) -> None:
    old = datetime.now(UTC) - timedelta(hours=2)
    entry = Entry(
        key="0123456789abcdef0123456789abcdef",
        namespace="shop",
        order="1007",
        operation="create_refund",
        attempt=1,
        path="/refunds",
        body=b"{}",
        digest=digest_of(b"{}"),
        runs=1,
        outcome="unknown",
    )
    journal = SQLiteJournal(folder / "journal.db", clock=lambda: old)
    journal.change(entry.key, lambda _: entry)


def test_the_page_runs_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shop = Shop()
    write_journal(tmp_path)
    (tmp_path / "session.json").write_text(json.dumps(shop.session_body()))
    env = {
        "AMAZON_PAY_PUBLIC_KEY_ID": KEY_ID,
        "AMAZON_PAY_PRIVATE_KEY": write_key(tmp_path / "shop.pem"),
        "AMAZON_PAY_REGION": "us",
    }
    status = 0
    for sample in SAMPLES:
        for command, expected in re.findall(
            r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", sample, re.MULTILINE
        ):
            if command == "echo $?":
                assert expected == f"{status}\n"
                continue
            line, _, file = command.partition(" > ")
            done = amazonpay(
                *shlex.split(line)[1:],
                transport=of_simulator(shop.simulator),
                env=env,
            )
            status, shown = done.status, done.shown
            if file:
                (tmp_path / file).write_text(done.out)
                shown = done.err
            pattern = re.escape(expected).replace("…\\\n", "(.*\\n)+")
            pattern = pattern.replace("…", ".*")
            assert re.fullmatch(pattern, shown), f"{command}\n{shown}"
