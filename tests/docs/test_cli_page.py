"""The console samples of `docs/cli.md`, run as printed, in one folder and in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy

from AmazonPay import Client, SQLiteJournal
from AmazonPay._once.bodies import digest_of
from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox
from AmazonPay.journal import Entry
from AmazonPay.testing import Authority
from command_line import answering
from console_samples import run_page
from keys import KEY
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def write_journal(folder: Path) -> None:
    old = datetime.now(UTC) - timedelta(hours=2, minutes=5, seconds=10)
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


def write_inbox(folder: Path) -> None:
    """Park a notification whose object Amazon does not find."""
    old = datetime.now(UTC) - timedelta(hours=2, minutes=5, seconds=10)
    engine = sqlalchemy.create_engine(f"sqlite:///{folder / 'shop.db'}")
    inbox = SQLAlchemyInbox(engine, max_failures=1, clock=lambda: old)
    inbox.create_table()
    topic = "arn:aws:sns:us-east-1:291180941288:A3BXB0YN3XH17HA1EXAMPLE"
    authority = Authority()
    body = authority.notification(
        "CHARGE",
        "S01-0000000-0000000-C000000",
        topic=topic,
        merchant_id="A1EXAMPLE",
        message_id="00000000-0000-4000-8000-000000000001",
    )
    inbox.receive(authority.verifier([topic]).verify(body))
    with Client(KEY_ID, KEY, "us", transport=answering(404)) as client:
        inbox.process(client, lambda *_: None)


def test_the_page_runs_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shop = Shop()
    write_journal(tmp_path)
    write_inbox(tmp_path)
    run_page(PAGE, shop, tmp_path)
