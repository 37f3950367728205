"""A short walk of purchases under every fault; `make soak` goes on for much longer."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from walk.audit import KEYED, audit
from walk.plan import order
from walk.shop import Shop
from walk.supervisor import Progress, Supervisor, Walk, WalkFailed, run
from walk.tether import ORPHANED

if TYPE_CHECKING:
    from walk.supervisor import Report

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        sys.platform == "win32",
        reason="Windows has no kill -9 to kill the workers with",
    ),
]

SMALL = Walk(orders=10, seed=3, processes=2, workers_in_a_process=4, kill_every=20)


@pytest.mark.parametrize("rule", ["2xx", "2xx+4xx", "all"])
def test_no_order_is_charged_or_refunded_twice_and_none_is_forgotten(
    rule: str, tmp_path: Path
) -> None:
    report = run(replace(SMALL, stored_answers=rule), tmp_path)
    assert report.faults == []
    assert report.kills >= 1
    assert report.cuts >= 10
    assert report.refused >= SMALL.orders // 5


@pytest.fixture(scope="module")
def keyless(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A walk in which no key does anything."""
    walk = replace(
        SMALL,
        orders=12,
        kinds=("confirm", "authorize"),
        dropped=tuple(KEYED.values()),
        sweeps=False,
        swaps=False,
        kill_every=10_000,
    )
    return run(walk, tmp_path_factory.mktemp("keyless"))


@pytest.mark.parametrize("operation", KEYED.values())
def test_the_walk_fails_when_the_key_of_an_operation_is_dropped(
    operation: str, keyless: Report
) -> None:
    fault = f"{operation} was run again after it had been carried out"
    assert fault in keyless.faults


def test_the_plans_of_a_walk_are_of_every_kind() -> None:
    plans = [order(3, number) for number in range(1, 17)]
    assert {plan.kind for plan in plans} == {
        "authorize",
        "confirm",
        "finalize",
        "cancel",
    }
    assert any(plan.refunds for plan in plans)


def test_an_order_that_swaps_asks_for_the_same_sum_as_its_partner() -> None:
    for swap in (order(3, number, swaps=True) for number in (5, 10, 15)):
        assert (swap.kind, swap.swapped_with) == ("swap", swap.number - 1)
        partner = order(3, swap.number - 1, swaps=True)
        assert (partner.amount, partner.swapped_with) == (swap.amount, swap.number)


# The walk notices its own death -------------------------------------------------------


class Broken(Supervisor):
    """A walk that breaks in one way; it looks for as long as it does not notice."""

    def run_dead(self, number: int, code: int) -> None:
        """Put a process that ends at once in a worker's place."""
        self.workers[number] = subprocess.Popen(
            [sys.executable, "-S", "-c", f"raise SystemExit({code})"],
            start_new_session=True,
        )


class DeadAtStart(Broken):
    number, code = 0, 0

    def start_worker(self, number: int) -> None:
        if number == self.number:
            self.run_dead(number, self.code)
        else:
            super().start_worker(number)


class AwaitingDeadAtStart(DeadAtStart):
    number, code = 1, 1


class AllDeadAtStart(Broken):
    def start_worker(self, number: int) -> None:
        self.run_dead(number, 0)


class NeverStarted(Broken):
    def start_worker(self, number: int) -> None:
        if number == 0:
            super().start_worker(number)


class NotRestarted(Broken):
    """One that kills, and forgets to start anew."""

    def watch(self) -> None:
        os.killpg(self.workers[1].pid, signal.SIGKILL)
        super().watch()


class AmazonDead(Broken):
    def watch(self) -> None:
        assert self.amazon is not None
        self.amazon.kill()
        super().watch()


class WireDead(Broken):
    def watch(self) -> None:
        self.wire.stop()
        super().watch()


class ShopGone(Broken):
    """The workers' threads raise, one after the other."""

    def start_worker(self, number: int) -> None:
        (self.folder / "shop.db").write_bytes(b"no database" * 100)
        super().start_worker(number)

    def watch(self) -> None:
        self.workers[0].wait()
        self.look()


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (DeadAtStart, r"process 0 ended by itself \(0\)"),
        (AwaitingDeadAtStart, r"process 1 ended by itself \(1\)"),
        (AllDeadAtStart, r"process [01] ended by itself \(0\)"),
        (NeverStarted, "process 1 was not started"),
        (NotRestarted, r"process 1 ended by itself \(-9\)"),
        (AmazonDead, "the simulator ended by itself"),
        (WireDead, "the wire ended by itself"),
        (ShopGone, r"process 0 ended by itself \(70\)"),
    ],
)
def test_what_dies_fails_the_walk_at_once(
    broken: type[Supervisor], what: str, tmp_path: Path
) -> None:
    with pytest.raises(WalkFailed, match=f"^{what}"):
        broken(SMALL, tmp_path).run()


class Stopped(Supervisor):
    """One whose worker stands still once it has begun, and neither ends nor moves."""

    def watch(self) -> None:
        first = next(slot for slot in self.pulse.slots() if slot.process == 1)
        while not self.pulse.beats(first):
            self.look()
        os.killpg(self.workers[1].pid, signal.SIGSTOP)
        super().watch()


def test_a_worker_that_stands_still_fails_the_walk(tmp_path: Path) -> None:
    walk = replace(SMALL, orders=1000, kill_every=10_000, patience=2)
    # Another one may wait for what the stopped one has locked, and be seen first.
    with pytest.raises(WalkFailed, match="has not moved for 2 s"):
        Stopped(walk, tmp_path).run()


def test_no_progress_within_the_patience_is_standing_still() -> None:
    now = 0.0
    progress = Progress(10, lambda: now)
    told: list[bool] = []
    for now, count in [(0, 0), (9, 0), (10, 1), (20, 1), (20.1, 1), (21, 2), (22, 2)]:  # noqa: B007 - the clock reads it
        told.append(progress.stands_still("steps", count))
    assert told == [False, False, False, False, True, False, False]


def test_a_walk_without_progress_fails_though_everything_moves(tmp_path: Path) -> None:
    class Unpaid(Supervisor):
        """One in which nothing dies and nothing is done."""

        def start_worker(self, number: int) -> None:
            del number

        def look(self) -> None:
            pass

    with pytest.raises(WalkFailed, match="no step was done"):
        Unpaid(replace(SMALL, patience=0.2), tmp_path).run()


def test_a_walk_that_fails_leaves_no_process_behind(tmp_path: Path) -> None:
    walk = AmazonDead(SMALL, tmp_path)
    with pytest.raises(WalkFailed):
        walk.run()
    assert all(process.returncode for process in walk.workers.values())
    assert not walk.wire.alive


def test_a_process_ends_when_the_supervisor_is_gone() -> None:
    code = "import walk.tether as t, threading; t.end_with_the_supervisor();"
    with subprocess.Popen(
        [sys.executable, "-c", code + "threading.Event().wait()"],
        cwd=Path(__file__).parents[1] / "support",
        stdin=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == ORPHANED


def test_a_kind_that_never_called_is_a_fault(tmp_path: Path) -> None:
    """What a worker that is alive and does nothing would leave."""
    walk = Supervisor(SMALL, tmp_path)
    walk.take_orders(SMALL.orders)
    faults = walk.audit(1.0).faults
    walk.place.close()
    assert {
        "no charge was audited",
        "no entry was audited",
        "no blocking worker has called",
        "no awaiting worker has called",
        "no blocking sweeper has called",
        "no awaiting sweeper has called",
        "no forked blocking worker has called",
        "no forked awaiting worker has called",
        "the wire has cut nothing",
        "no session was presented for two orders",
    } <= set(faults)


def test_the_audit_of_an_empty_ledger_names_every_order(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop.db")
    shop.create()
    shop.fill(2)
    plans = [order(3, 1), order(3, 2)]
    found = audit(tmp_path, plans, [])
    for plan in plans:
        assert f"{plan.name}: the number of charges is 0, not 1" in found.faults
        assert f"{plan.name} was forgotten at step 0" in found.faults


def test_a_process_that_stops_with_the_shop_locked_fails_the_walk(
    tmp_path: Path,
) -> None:
    class Locked(Supervisor):
        """One whose workers can do nothing, for another has locked the database."""

        def start_worker(self, number: int) -> None:
            del number

        def look(self) -> None:
            pass

        def watch(self) -> None:
            with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as other:
                other.execute("PRAGMA locking_mode = EXCLUSIVE")
                other.execute("BEGIN EXCLUSIVE")
                super().watch()

    with pytest.raises(WalkFailed, match="no step was done"):
        Locked(replace(SMALL, patience=0.2), tmp_path).run()
