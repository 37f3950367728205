"""The inside of a contender's process: it makes calls on demand and reports their CPU.

A line on standard input asks for calls, `{"calls": 160, "concurrency": 16}`. The line
that answers gives seconds of CPU: `cpu` of these calls, `total` since the process
started. Nothing here needs a package, and little is imported: the start is measured.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Batch = Callable[[int, int], object]
    """Makes so many calls, so many at a time."""


class Access(NamedTuple):
    """Where a contender finds its server, and what it trusts and signs with."""

    port: int
    authority: str
    """The certificate file to trust."""
    private_key: str
    """The PEM file to sign with."""


def read(response: Any) -> None:  # noqa: ANN401 - of any package
    """Read an answer; refuse to measure a call that failed."""
    if response.status_code not in {200, 201}:
        raise AssertionError(f"answered {response.status_code}")
    response.json()


def share(calls: int, concurrency: int) -> int:
    """Split calls into equal parts."""
    part, rest = divmod(calls, concurrency)
    if rest:
        raise ValueError(f"{calls} calls are not {concurrency} equal parts")
    return part


def in_threads(call: Callable[[int], Any]) -> Batch:
    """Make numbered calls that block, side by side in threads."""
    numbers = count()

    def several(calls: int) -> None:
        for _ in range(calls):
            read(call(next(numbers)))

    def batch(calls: int, concurrency: int) -> None:
        if concurrency == 1:
            several(calls)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(concurrency) as pool:
            list(pool.map(several, [share(calls, concurrency)] * concurrency))

    return batch


def in_tasks(call: Callable[[int], Any]) -> Batch:
    """Make numbered calls that are awaited, side by side on one event loop."""
    import asyncio

    numbers, runner = count(), asyncio.Runner()

    async def several(calls: int) -> None:
        for _ in range(calls):
            read(await call(next(numbers)))

    async def batch(calls: int, concurrency: int) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(several(share(calls, concurrency)))

    return lambda calls, concurrency: runner.run(batch(calls, concurrency))


def work(contenders: Mapping[str, Callable[[Access], Batch]]) -> None:
    """Be the contender that the command line names, until standard input ends."""
    batch = contenders[sys.argv[1]](Access(*json.loads(sys.argv[2])))
    for line in sys.stdin:
        asked = json.loads(line)
        begun = time.process_time()
        batch(asked["calls"], asked["concurrency"])
        ended = time.process_time()
        sys.stdout.write(json.dumps({"cpu": ended - begun, "total": ended}) + "\n")
        sys.stdout.flush()
