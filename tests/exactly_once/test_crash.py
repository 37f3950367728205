"""Processes that are killed: whoever comes next goes on with the same bytes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from purchases import HELPERS, LEFT
from unmeasured import unmeasured

pytestmark = pytest.mark.process
CRASH = Path(__file__).parents[1] / "support" / "crash.py"


def command(what: str, folder: Path, helper: str) -> list[str]:
    return [sys.executable, "-W", "error", str(CRASH), what, str(folder), helper]


def run(what: str, folder: Path, helper: str) -> list[Any]:
    done = subprocess.run(
        command(what, folder, helper),
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(told: Any, helper: str) -> None:
    kind, event = LEFT[helper]
    assert told["outcome"] == ("pending" if kind == "refund" else "success")
    assert told["done"][kind].count(event) == 1
    assert told["open"] == (1 if kind == "refund" else 0)


@pytest.mark.parametrize("helper", HELPERS)
def test_a_process_may_die_at_any_step(helper: str, in_memory: Path) -> None:
    told = run("points", in_memory, helper)
    for one in told:
        check(one, helper)
    # Begun, sent, answered, seen and concluded, at the very least.
    assert len(told) > 5
    # Where both have sent, they sent the same.
    twice = [one["requests"] for one in told if len(one["requests"]) == 2]
    assert all(first == second for first, second in twice)
    by_key = helper in {"create_charge_or_get", "refund_or_get"}
    assert (len(twice) > 0) is by_key


@pytest.mark.parametrize(
    "helper", ["complete_or_get_checkout_session", "capture_or_get_charge"]
)
def test_an_object_settles_one_order_whenever_the_process_of_one_dies(
    helper: str, in_memory: Path
) -> None:
    told = run("meet", in_memory, helper)
    kind, event = LEFT[helper]
    others, ours = told[::2], told[1::2]
    for other, our in zip(others, ours, strict=True):
        assert sorted((other["outcome"], our["outcome"])) == ["conflict", "success"]
        assert our["done"][kind].count(event) == 1
    # Killed early, the other order gets it; killed late, it does not.
    assert {one["outcome"] for one in ours} == {"conflict", "success"}
    assert len(ours) > 7


@pytest.mark.parametrize("helper", ["create_charge_or_get", "capture_or_get_charge"])
def test_a_process_that_is_killed_while_it_waits_for_the_answer(
    helper: str, in_memory: Path
) -> None:
    with subprocess.Popen(
        command("hang", in_memory, helper),
        env=unmeasured(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "carried out\n"
        worker.kill()
        assert worker.wait() == -signal.SIGKILL
    (told,) = run("finish", in_memory, helper)
    check(told, helper)
