"""Write a file that appears whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator

PARTS: Final = ".amazonpay-*.part"
"""The names of files that are not complete yet, or that a kill has left."""


@contextlib.contextmanager
def replacing(target: Path) -> Generator[IO[bytes]]:
    """Open a private file (0600) beside its target, which it replaces in the end.

    If anything is raised, the file is removed, and the target stays as it was. The name
    of the file is new and unique, so a symbolic link placed there is not followed, and
    two writers do not collide. A symbolic link at the target is replaced, too.
    """
    prefix, suffix = PARTS.split("*")
    descriptor, name = tempfile.mkstemp(suffix, prefix, target.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        part.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
