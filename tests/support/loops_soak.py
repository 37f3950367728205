"""One `AsyncClient` in many event loops, under a limit of 128 descriptors.

Tasks of Celery and RQ, `async_to_sync` and scripts make a loop for each piece of work.
Whatever ends a loop, the client must keep no descriptor of it.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from AmazonPay import AsyncClient
from keys import KEY
from loopback import serving, tls, trusting

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Work = Callable[[], Coroutine[object, object, None]]

LIMIT = 128
SLACK = 12
"""Descriptors that a loop, its server and its connections use for a while."""
_PATIENCE = 5.0


def _asyncio_run(work: Work) -> None:
    asyncio.run(work())


def _closed_by_hand(work: Work) -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work())
    finally:
        loop.close()


def _in_a_thread(work: Work) -> None:
    thread = threading.Thread(target=_asyncio_run, args=(work,))
    thread.start()
    thread.join()


def _inside_another_loop(work: Work) -> None:
    async def outer() -> None:
        await work()
        await asyncio.to_thread(_closed_by_hand, work)
        await work()

    asyncio.run(outer())


def _cancelled(work: Work) -> None:
    async def outer() -> None:
        await work()
        task = asyncio.ensure_future(work())
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(outer())


def _trio_run(work: Work) -> None:
    trio.run(work)


ENDINGS = {
    "asyncio.run": _asyncio_run,
    "a loop that is closed by hand": _closed_by_hand,
    "a loop in a thread": _in_a_thread,
    "a loop inside a loop": _inside_another_loop,
    "a cancelled call": _cancelled,
    "trio": _trio_run,
}
"""How a loop begins and ends."""


def descriptors() -> int:
    """Count the open descriptors of this process."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


def _settled(most: int) -> int:
    """Count the descriptors, once the server's threads have closed theirs."""
    ends = time.monotonic() + _PATIENCE
    while (count := descriptors()) > most and time.monotonic() < ends:
        threading.Event().wait(0.01)
    return count


def main(size: int) -> list[str]:
    """Use one client in `size` loops over http, and as many over TLS."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    started = descriptors()
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (max(LIMIT, started + LIMIT // 2), before[1])
    )
    gc.disable()  # what is closed must not be closed by chance
    try:
        with warnings.catch_warnings():
            # asyncio says so of each connection of a loop that was closed by hand.
            warnings.simplefilter("ignore", ResourceWarning)
            faults = _faults(size)
            gc.collect()
            return faults
    finally:
        gc.enable()
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def _faults(size: int) -> list[str]:
    context, authority = tls("localhost")
    started = descriptors()
    with serving() as plain, serving(context=context) as safe:
        plain_client = AsyncClient(
            "SANDBOX-A", KEY, "us", endpoint_url=f"http://127.0.0.1:{plain.port}"
        )
        safe_client = AsyncClient(
            "SANDBOX-A",
            KEY,
            "us",
            endpoint_url=f"https://localhost:{safe.port}",
            verify=trusting(authority),
        )
        faults: list[str] = []

        async def work() -> None:
            for client in (plain_client, safe_client) * 2:
                response = await client.get_charge("C1")
                faults.extend([] if response.ok else [repr(response)])

        most = started + SLACK
        for number, (name, run) in zip(
            range(size), list(ENDINGS.items()) * size, strict=False
        ):
            run(work)
            if (count := _settled(most)) > most:
                return [f"{count - started} descriptors after {number + 1} ({name})"]

        async def close() -> None:
            await plain_client.aclose()
            await safe_client.aclose()

        asyncio.run(close())
    left = _settled(started)
    if left > started:
        faults.append(f"{left - started} descriptors are left at the end")
    return faults
