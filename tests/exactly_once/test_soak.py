"""The driver of the long runs: a soak is clean only if it says so at its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import soak

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that a soak's own process can import, to be written by the test."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "made_up_soak.py"


def test_a_soak_that_finds_nothing_is_clean(module: Path) -> None:
    module.write_text("def main(size):\n    assert size == 7\n    return []\n")
    assert soak.run("made_up_soak", 7)


@pytest.mark.parametrize(
    "body",
    [
        "return ['an order was charged twice']",
        "return None",
        "raise ValueError('broken')",
        "raise SystemExit(0)",
        "import os; os._exit(0)",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        "print('clean', flush=True); import os; os._exit(1)",
    ],
)
def test_a_soak_that_ends_in_any_other_way_has_failed(body: str, module: Path) -> None:
    module.write_text(f"def main(size):\n    {body}\n")
    assert not soak.run("made_up_soak", 1)


def test_a_soak_that_cannot_be_imported_has_failed() -> None:
    assert not soak.run("no_such_soak", 1)


def test_one_failed_soak_fails_the_command(
    module: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module.write_text("def main(size):\n    return []\n")
    monkeypatch.setattr(soak, "SOAKS", {"bad": "no_such_soak", "good": "made_up_soak"})
    assert soak.main(["--size", "1"]) == 1
    assert soak.main(["good", "--size", "1"]) == 0
    assert "failed: bad\n" in capsys.readouterr().out


def test_every_soak_has_a_main() -> None:
    for name in soak.SOAKS.values():
        __import__(name)
        assert callable(sys.modules[name].main)
