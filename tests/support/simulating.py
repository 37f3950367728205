"""`amazonpay simulate` in a process of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator


@contextlib.contextmanager
def simulating(
    *line: str, **options: Any
) -> Generator[tuple[subprocess.Popen[str], str]]:
    """Run the command until the block ends; give what it says until it is ready.

    `options` are those of `Popen`.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "AmazonPay", "simulate", *line],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    ) as process:
        try:
            assert process.stdout is not None
            told = ""
            while "Ready" not in told:
                said = process.stdout.readline()
                assert said, told
                told += said
            yield process, told
        finally:
            process.terminate()
