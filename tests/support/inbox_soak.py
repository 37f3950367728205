"""Processes that are killed at nearly every line of the inbox; one of the soaks."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from postgres_server import postgres_server
from unmeasured import unmeasured

CRASH = Path(__file__).with_name("inbox_crash.py")
# A worker that comes late sees the newest state alone, or each of them once.
ALLOWED = [["Authorized", "Captured"], ["Captured"]]


def run(url: str, stride: int) -> list[dict[str, Any]]:
    """Kill a process at each line of a stride; return what each run has printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(CRASH), url, str(stride)],
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def faults_of(told: list[dict[str, Any]]) -> list[str]:
    """Return the runs in which an order moved twice or back, or lost a message."""
    return [
        str(one)
        for one in told
        if one["moves"] not in ALLOWED or one["open"] or one["parked"]
    ]


def main(size: int) -> list[str]:
    """Kill at one line of each 20,000 / `size`, on each kind of database."""
    stride = max(1, 20_000 // size)
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder, postgres_server() as postgres:
        for url in (f"sqlite:///{folder}/shop.db", "django", postgres):
            faults += faults_of(run(url, stride))
    return faults
