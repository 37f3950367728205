"""A time limit of the shop's, which a signal handler raises, as Celery's soft one."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class TimeLimit(Exception):  # noqa: N818 - named by what raises it
    """The exception of the signal handler."""


@contextlib.contextmanager
def time_limit() -> Generator[Callable[[], None]]:
    """Yield a function that sends this process a signal, whose handler raises."""

    def handle(*_: object) -> NoReturn:
        raise TimeLimit

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        yield lambda: os.kill(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
