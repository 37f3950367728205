"""End a process when the one that started it is gone."""

from __future__ import annotations

import os
import threading

ORPHANED = 72


def end_with_the_supervisor() -> None:
    """Exit when standard input ends: the supervisor holds its other end, and only it.

    A forked child inherits the input but not the thread, and calls this again.
    """

    def watch() -> None:
        while os.read(0, 1):
            pass
        os._exit(ORPHANED)

    threading.Thread(target=watch, daemon=True).start()
