"""The console samples of `docs/cli.md`, run as printed, in one folder and in order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from AmazonPay import SQLiteJournal
from AmazonPay._once.bodies import digest_of
from AmazonPay.journal import Entry
from command_line import write_key
from console import run_samples, samples_of
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
SAMPLES = samples_of(PAGE)


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
    run_samples(SAMPLES, tmp_path, shop.simulator, env)
