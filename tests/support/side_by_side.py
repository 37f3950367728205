"""Work that many threads do at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Callable


def in_threads(work: Callable[[], object], times: int) -> None:
    """Do some work in so many threads at once, and wait for all of them."""
    all_in_threads(*[work] * times)


def all_in_threads(*works: Callable[[], object]) -> None:
    """Do each work in a thread of its own, and wait for all of them."""

    def one(work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            # Django has opened connections for this thread alone.
            connections.close_all()

    threads = [threading.Thread(target=one, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
