"""What a signal handler raises in the middle of our code, such as a time limit."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class TimeLimit(Exception):  # noqa: N818 - named by what raises it
    """A time limit of the shop's, such as the soft one of Celery."""


@contextlib.contextmanager
def interrupting(error: BaseException) -> Generator[Callable[[], None]]:
    """Yield a function that makes a signal handler raise `error` in this thread."""

    def handle(*_: object) -> NoReturn:
        raise error

    me = threading.get_ident()
    before = signal.signal(signal.SIGUSR1, handle)
    try:
        yield lambda: signal.pthread_kill(me, signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
