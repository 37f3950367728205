"""A worker: takes rows of some merchants from their queues, and carries them out."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition

from .._core.telemetry import LOGGER
from ..errors import AmazonPayError
from .carry_out import acarry_out
from .row_queue import TASK, QueueFailed, conninfo_of, failing_as_queue, prepare_schema
from .rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from procrastinate import JobContext

    from ..client import AsyncClient
    from ..journal import Journal
    from .results import RowResult

_CONNECTIONS: Final = 4
_POLLED: Final = 1.0
"""Seconds after which an idle worker looks for rows: a merchant may have some."""


class NotDone(Exception):  # noqa: N818 - named by what happened
    """A row is open because of Amazon or the network: it is tried again."""


# Nine times in eight minutes; the same command queues the row again after that.
_AGAIN: Final = RetryStrategy(max_attempts=9, wait=5, linear_wait=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a worker works."""

    at_once: int = 8
    """How many rows of each merchant are under way at a time."""
    stalled_after: float = 30.0
    """Seconds without a sign after which the rows of a worker go to others."""
    until_empty: bool = False
    """Whether the worker ends when it finds no row."""


async def work(
    url: str,
    merchants: Mapping[str, AsyncClient],
    journal: Journal,
    settings: Settings,
    told: Callable[[RowResult], object],
) -> None:
    """Carry out the rows of queues until it is stopped, each queue by its client.

    When it is cancelled, or gets SIGTERM, it takes no other row and ends those that are
    under way.

    Raises:
        QueueFailed: the database failed, or others took this worker for dead.
    """
    conninfo = conninfo_of(url)
    await asyncio.to_thread(prepare_schema, conninfo)
    connector = PsycopgConnector(
        conninfo=conninfo,
        min_size=1,
        max_size=_CONNECTIONS,
        # A worker that has lost its database knows it before others take its rows.
        timeout=settings.stalled_after / 2,
    )
    app = App(connector=connector)

    @app.task(name=TASK, retry=_AGAIN, pass_context=True)
    async def carry_out_row(context: JobContext, row: Mapping[str, Any]) -> None:
        client = merchants[str(context.job.queue)]
        try:
            result = await acarry_out(client, journal, Row.from_message(row))
        except Exception as error:
            # The texts of other errors may show what is in the row.
            shown = error if isinstance(error, AmazonPayError) else type(error).__name__
            LOGGER.warning("a row is tried again: %s", shown)
            raise
        told(result)
        if result.no_answer:
            raise NotDone

    del carry_out_row  # the app has it
    with failing_as_queue():
        async with app.open_async():
            await _run(app, list(merchants), settings)


async def _run(app: App, queues: list[str], settings: Settings) -> None:
    """Run a worker for each queue, and give rows of dead workers to the others."""
    workers = [
        asyncio.create_task(
            app.run_worker_async(
                queues=[queue],
                concurrency=settings.at_once,
                wait=not settings.until_empty,
                fetch_job_polling_interval=_POLLED,
                listen_notify=False,
                delete_jobs=DeleteJobCondition.ALWAYS.value,
                install_signal_handlers=False,
                update_heartbeat_interval=settings.stalled_after / 3,
                stalled_worker_timeout=settings.stalled_after,
            )
        )
        for queue in queues
    ]
    rescuer = asyncio.create_task(_rescue(app, queues, settings.stalled_after))
    with _stopped_by_sigterm():
        try:
            await _until_one_ends(rescuer, workers, settings)
        finally:
            # A worker that is cancelled ends the rows that are under way.
            for task in (rescuer, *workers):
                task.cancel()
            await asyncio.gather(rescuer, *workers, return_exceptions=True)


async def _until_one_ends(
    rescuer: asyncio.Task[None],
    workers: list[asyncio.Task[None]],
    settings: Settings,
) -> None:
    """Wait for the workers; raise if one of them cannot go on."""
    waiting = {rescuer, *workers}
    while waiting - {rescuer}:
        ended, waiting = await asyncio.wait(
            waiting, return_when=asyncio.FIRST_COMPLETED
        )
        for task in ended:
            task.result()
        if not settings.until_empty:
            # Procrastinate stops a worker whose signs of life fail.
            raise QueueFailed(
                "the queue's database was lost, or others took this worker for dead:"
                " its rows go to other workers; start it again"
            )


@contextlib.contextmanager
def _stopped_by_sigterm() -> Generator[None]:
    """Cancel this task at SIGTERM, as an interrupt does."""
    me, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert me is not None  # noqa: S101 - a coroutine is run by a task
    with contextlib.suppress(NotImplementedError):  # on Windows
        loop.add_signal_handler(signal.SIGTERM, me.cancel)
    try:
        yield
    finally:
        with contextlib.suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGTERM)


async def _rescue(app: App, queues: list[str], stalled_after: float) -> None:
    """Queue again the rows of workers without a sign of life, until cancelled."""
    while True:
        await asyncio.sleep(stalled_after / 3)
        for queue in queues:
            stalled = await app.job_manager.get_stalled_jobs(
                queue=queue, task_name=TASK, seconds_since_heartbeat=stalled_after
            )
            for job in stalled:
                # Another worker was faster, or it has ended after all.
                with contextlib.suppress(ConnectorException):
                    await app.job_manager.retry_job(job)
