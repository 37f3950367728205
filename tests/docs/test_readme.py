"""The README, typed line by line, as a newcomer does."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
AMAZONPAY = str(Path(sys.executable).with_name("amazonpay"))
CONSOLE = re.findall(r"<!-- console -->\n```console\n(.*?)```", README, re.DOTALL)
PYTHON = dict(
    re.findall(r"<!-- sample: (\w+) -->\n```python\n(.*?)```", README, re.DOTALL)
)
PRINTS = {
    "first": r"[0-9a-f-]{36} Open\n",
    "shipping": r"unknown ResourceNotFound\n",
}


def typed(page: str) -> list[tuple[str, str]]:
    """Return each command of a console sample, and what the page says it prints."""
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", page, re.MULTILINE)


def looks_like(shown: str, printed: str) -> bool:
    pattern = re.escape(printed).replace("…\\\n", "(.*\\n)+").replace("…", ".*")
    return re.fullmatch(pattern, shown, re.DOTALL) is not None


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Type the console sample; give the folder, and where the simulator listens."""
    folder = tmp_path_factory.mktemp("readme")
    ((make, shown), (start, announced)) = typed(CONSOLE[0])
    line, _, file = make.removeprefix("amazonpay ").partition(" > ")
    done = subprocess.run(
        [AMAZONPAY, *shlex.split(line)],
        cwd=folder,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=True,
    )
    (folder / file).write_text(done.stdout)
    assert looks_like(done.stderr, shown)
    # 8421 may be taken here: this is all that is not as printed.
    words = [*shlex.split(start.removeprefix("amazonpay ")), "--port", "0"]
    with subprocess.Popen(
        [AMAZONPAY, *words],
        cwd=folder,
        env=unmeasured(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith("Ready"):
            lines.append(process.stdout.readline())
            assert lines[-1], f"it ended: {''.join(lines)}"
        said = "".join(lines)
        found = re.search(r"API +(http://localhost:\d+)\n", said)
        assert found is not None
        assert looks_like(said.replace(found[1], "http://localhost:8421"), announced)
        yield folder, found[1]
        process.terminate()


@pytest.mark.parametrize("name", PYTHON)
def test_a_sample_runs_against_the_simulator_of_the_page(
    name: str, started: tuple[Path, str]
) -> None:
    folder, url = started
    (exports,) = re.findall(r"```\n((?:export .*\n)+)```", README)
    variables = dict(
        word.split("=", 1)
        for word in exports.replace("http://localhost:8421", url).split()
        if "=" in word
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PYTHON[name]],
        cwd=folder,
        env={**os.environ, **unmeasured(), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(PRINTS[name], done.stdout)


def test_every_block_of_code_is_run() -> None:
    assert README.count("```python") == len(PYTHON)
    assert README.count("```console") == len(CONSOLE) == 1
