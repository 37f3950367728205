"""Children that are forked to do one thing, and end."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


def fork(work: Callable[[], object], *, seconds: int = 0) -> int:
    """Let a child do some work, killed after some seconds; return its process id."""
    child = os.fork()
    if child == 0:
        _end(work, seconds)
    return child


def _end(work: Callable[[], object], seconds: int) -> NoReturn:
    signal.alarm(seconds)  # none at 0
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - a child must not go on as its parent
        sys.stderr.write(f"{error!r}\n")
        os._exit(1)
    os._exit(0)


def exit_code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def forked(work: Callable[[], object], *, seconds: int = 0) -> int:
    """Let a child do some work to its end; return its exit code."""
    return exit_code(fork(work, seconds=seconds))
