"""Every answer of the simulator is documented: the long version of `test_openapi`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def main(size: int) -> list[str]:
    """Ask with `size` / 100 made-up requests an endpoint, and with every edge case."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "simulator/test_openapi.py"],
        cwd=TESTS,
        env={**os.environ, "ANSWERS_SOAK": str(max(1, size // 100))},
        check=False,
    )
    return (
        [] if done.returncode == 0 else ["an answer is not documented, or a test broke"]
    )
