"""A guide of the docs, typed as it stands there: files, commands, what they show.

A page that begins with `<!-- guide -->` is one walk through one folder. A block under
`<!-- file: NAME -->` is written to that file. A `console` block is typed: `amazonpay`
runs in process, all else in a shell, and what it shows is compared with the page, where
`…` stands for the rest of a line, and on a line of its own for any number of lines.
`amazonpay simulate` goes on running, on a free port in the place of 8421.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from command_line import amazonpay
from simulating import simulating
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Generator

GUIDE = "<!-- guide -->\n"
_BLOCK = re.compile(
    r"^(?:<!-- file: (?P<file>\S+) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_TYPED = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
_PORT = "8421"


def pattern_of(shown: str) -> str:
    """Return the pattern of what a page shows."""
    lines = shown.splitlines()
    return "".join(
        r"(?:.*\n)*" if line == "…" else f"{re.escape(line).replace('…', '.*')}\n"
        for line in lines
    )


@dataclass
class Walk:
    """One reader, who types what a page says."""

    folder: Path
    port: str = _PORT
    status: int = 0
    env: dict[str, str] = field(default_factory=dict[str, str])

    def follow(self, page: str) -> int:
        """Walk through a page; return how many commands were typed."""
        typed = 0
        with contextlib.ExitStack() as stack:
            for block in _BLOCK.finditer(page):
                if block["file"]:
                    text = block["text"].replace(_PORT, self.port)
                    (self.folder / block["file"]).write_text(text, encoding="utf-8")
                if block["kind"] != "console":
                    continue
                for line, expected in _TYPED.findall(block["text"]):
                    typed += 1
                    if line.startswith("amazonpay simulate"):
                        stack.enter_context(self._simulator(line, expected))
                        continue
                    shown = self._type(line.replace(_PORT, self.port))
                    pattern = pattern_of(expected.replace(_PORT, self.port))
                    assert re.fullmatch(pattern, shown), f"{line}\n{shown}\n{pattern}"
        return typed

    def _type(self, line: str) -> str:
        """Run one line; return what a terminal shows."""
        words = shlex.split(line)
        if words[0] == "export":
            pairs = (word.partition("=") for word in words[1:])
            self.env.update({name: value for name, _, value in pairs})
            return ""
        if line == "echo $?":
            return f"{self.status}\n"
        if words[0] == "amazonpay" and not {">", "|", "<"} & set(words):
            with contextlib.chdir(self.folder):
                done = amazonpay(*words[1:], env=self.env)
            self.status = done.status
            return done.shown
        ran = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.status = ran.returncode
        return ran.stdout

    @property
    def _environment(self) -> dict[str, str]:
        programs = Path(sys.executable).parent
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        return {**unmeasured(), "PATH": path, "PYTHONWARNINGS": "error", **self.env}

    @contextlib.contextmanager
    def _simulator(self, line: str, expected: str) -> Generator[None]:
        """Run the simulator, and compare what it says when it starts."""
        options = [*shlex.split(line)[2:], "--port", "0"]
        running = simulating(*options, cwd=self.folder, env=self._environment)
        with running as (_, shown):
            self.port = re.findall(r"API +http://localhost:(\d+)", shown)[0]
            pattern = pattern_of(expected.replace(_PORT, self.port))
            assert re.fullmatch(pattern, shown), f"{line}\n{shown}"
            yield
