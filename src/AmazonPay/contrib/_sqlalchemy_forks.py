"""Keep a journal's engines usable when the process forks.

`fork_gate` lets no thread work with a journal during a fork. This module handles the
idle connections.
"""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.pool import Pool

engines: weakref.WeakSet[Engine] = weakref.WeakSet()
# What a child inherited is kept for ever: some drivers end the parent's session when an
# inherited connection is closed or collected.
inherited: list[Pool | Connection] = []


def _before_fork() -> None:
    # Even an idle SQLite connection must not exist across a fork: the child would seem
    # to hold the locks of its parent.
    for engine in list(engines):
        if engine.dialect.name == "sqlite":
            engine.dispose()


def _after_fork_in_child() -> None:
    for engine in list(engines):
        inherited.append(engine.pool)
        engine.dispose(close=False)


if hasattr(os, "register_at_fork"):  # a system that cannot fork lacks it
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
