"""Ten requests for each of `size`: a simulator's calls get no slower, nor does it grow.

Its store is a file, and time moves on, so that months pass and sessions are deleted.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from AmazonPay.simulator import Settings, Store
from simulated import Clock, Shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REQUESTS = 10
"""The requests of one unit of `size`."""
WARM = 1_000
"""Requests after which memory is compared, and time from then on."""
MOST_MEMORY = 1.5
MOST_TIME = 1.5
PAUSE = 30.0
"""Seconds between two requests, by the simulator's clock: 100,000 take 35 days."""
SETTINGS = Settings(headroom=100_000)


@dataclass(frozen=True, slots=True)
class Growth:
    """What a run has measured."""

    seconds: list[float]
    """The CPU time of each request that charges one permission."""
    warm: int
    """Bytes in memory after `WARM` requests, or all if there are fewer."""
    end: int
    sessions: int
    """Sessions that are left, and rows of the story."""
    rows: int


def memory() -> int:
    """Return the resident memory of this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def requests(
    shop: Shop, timed: Callable[[Callable[[], object]], None]
) -> Iterator[None]:
    """Charge one permission again and again, and buy, read and refund in between."""
    permission = wallet(shop)
    last: deque[str] = deque(maxlen=1)

    def charge() -> None:
        reply = shop.charge(permission, "1", captureNow=True)
        assert reply.status == 201, reply
        last.append(reply.json["chargeId"])

    def refund() -> None:
        assert shop.refund(last[0], "0.50").status == 201

    def read() -> None:
        assert shop.get(f"/chargePermissions/{permission}").status == 200

    acts: tuple[Callable[[], object], ...] = (charge, refund, read, shop.open)
    for act in cycle(acts):
        if act is charge:
            timed(charge)
        else:
            act()
        yield


def wallet(shop: Shop) -> str:
    """Let a buyer agree to recurring payments; give the permission's id."""
    recurring = {"frequency": {"unit": "Month", "value": "1"}}
    more = {"chargePermissionType": "Recurring", "recurringMetadata": recurring}
    return shop.buy("1", "Confirm", more=more).permission


def run(count: int, store: Store) -> Growth:
    """Make `count` requests, and return what was measured."""
    clock = Clock()
    shop = Shop(store=store, clock=clock, settings=SETTINGS)
    seconds: list[float] = []
    warm = 0

    def timed(call: Callable[[], object]) -> None:
        begun = time.thread_time()
        call()
        seconds.append(time.thread_time() - begun)

    for number, _ in enumerate(requests(shop, timed)):
        if number == WARM:
            warm = memory()
        if number == count:
            break
        clock.move(seconds=PAUSE)
    end = memory()
    with store.transaction() as transaction:
        owner = "A1SIMULATEDMERCHANT/sandbox"
        sessions = sum(1 for _ in transaction.all(owner, "checkoutSession"))
        rows = len(transaction.story())
    return Growth(seconds, warm or end, end, sessions, rows)


def faults_of(growth: Growth, count: int) -> list[str]:
    """List what has grown that should not have."""
    faults: list[str] = []
    kept = 30 * 86_400 / PAUSE / 4 + 2
    if growth.sessions > kept:
        faults.append(f"{growth.sessions} sessions are left after 30 days")
    if SETTINGS.story_rows is None or growth.rows > SETTINGS.story_rows + 1:
        faults.append(f"the story has {growth.rows} rows")
    if growth.end > MOST_MEMORY * growth.warm:
        faults.append(f"memory went from {growth.warm} to {growth.end} bytes")
    # Few requests say nothing about time.
    if count > 2 * WARM:
        part = WARM // 4
        first, last = median(growth.seconds[:part]), median(growth.seconds[-part:])
        if last > MOST_TIME * first:
            faults.append(f"a charge took {first:.6f} s at first, {last:.6f} s at last")
    return faults


def main(size: int) -> list[str]:
    """Make the requests; return what has grown."""
    count = size * REQUESTS
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "growth.db")
        try:
            growth = run(count, store)
        finally:
            store.close()
    first, last = median(growth.seconds[:250]), median(growth.seconds[-250:])
    print(  # noqa: T201 - what a soak is for
        f"  {count} requests: {first * 1e3:.2f} ms at first, {last * 1e3:.2f} ms at"
        f" last; {growth.warm >> 20} MiB, {growth.end >> 20} MiB",
        flush=True,
    )
    return faults_of(growth, count)
