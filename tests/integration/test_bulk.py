"""`amazonpay bulk` as a process: killed, interrupted, and watched by a person."""

from __future__ import annotations

import csv
import os
import pty
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import bulk_soak
from AmazonPay.simulator.server import serving
from command_line import write_key
from simulated import KEY_ID, Shop
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process


def test_refunds_that_are_killed_at_random_are_made_exactly_once(
    tmp_path: Path,
) -> None:
    assert list(bulk_soak.run("refund", 40, 2, tmp_path)) == []


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Shop, dict[str, str]]]:
    """A shop that is served, and the environment of a command that calls it."""
    shop = Shop()
    with serving(shop.simulator, tls=False) as served:
        yield (
            shop,
            {
                **unmeasured(),
                "AMAZON_PAY_PUBLIC_KEY_ID": KEY_ID,
                "AMAZON_PAY_PRIVATE_KEY": write_key(tmp_path / "key.pem"),
                "AMAZON_PAY_REGION": "us",
                "AMAZON_PAY_ENDPOINT_URL": served.url,
                "AMAZON_PAY_JOURNAL": str(tmp_path / "journal.db"),
                "COLUMNS": "120",
                "TERM": "xterm",
            },
        )


def test_a_person_sees_the_progress_and_interrupts(
    shop: tuple[Shop, dict[str, str]], tmp_path: Path
) -> None:
    """A pseudo terminal takes the place of the person, who presses ctrl-c twice."""
    sold = shop[0].sold("50")
    rows = [(f"r{n}", sold, "1.00", "USD") for n in range(30)]
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("reference", "charge_id", "amount", "currency"), *rows]
        )
    person, terminal = pty.openpty()
    line = [sys.executable, "-m", "AmazonPay", "bulk", "refund", "rows.csv"]
    running = subprocess.Popen(
        [*line, "--namespace", "shop", "--at-once", "1"],  # paced: it takes a while
        cwd=tmp_path,
        env=shop[1],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    # What two refunds in the sandbox's bucket leave is a rate and a time.
    while not re.search(rb" 2/30.* rows/s .*\d:\d\d.*2 pending", shown):
        shown += os.read(person, 4096)
    running.send_signal(signal.SIGINT)
    while b"Interrupted: rows under way end first" not in shown:
        shown += os.read(person, 4096)
    running.send_signal(signal.SIGINT)
    while b"amazonpay: interrupted" not in shown:
        shown += os.read(person, 4096)
    out, _ = running.communicate(timeout=60)
    os.close(person)
    assert (running.returncode, out) == (130, b"")
