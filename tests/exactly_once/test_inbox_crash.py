"""Processes that are killed at any line of the inbox: no order moves twice or back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from unmeasured import unmeasured

if TYPE_CHECKING:
    from sqlalchemy import Engine

pytestmark = pytest.mark.slow
CRASH = Path(__file__).parents[1] / "support" / "inbox_crash.py"


def run(url: str, stride: int) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(CRASH), url, str(stride)],
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(told: list[Any]) -> None:
    # A worker that comes late sees the newest state alone, or each of them once.
    allowed = [["Authorized", "Captured"], ["Captured"]]
    for one in told:
        assert one["moves"] in allowed
        assert (one["open"], one["parked"]) == (0, 0)


def test_a_process_may_die_at_any_line(tmp_path: Path) -> None:
    told = run(f"sqlite:///{tmp_path / 'shop.db'}", 23)
    check(told)
    assert len(told) > 12


def test_a_process_may_die_at_any_line_under_django() -> None:
    told = run("django", 17)
    check(told)
    assert len(told) > 15


def test_a_process_may_die_at_any_line_on_postgresql(
    postgres_engine: Engine, postgres_url: str
) -> None:
    del postgres_engine  # it empties the database afterwards
    told = run(postgres_url, 29)
    check(told)
    assert len(told) > 10
