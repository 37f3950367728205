"""The console samples of a page, run as printed, in one folder and in order."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from command_line import amazonpay, of_simulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from AmazonPay.simulator import Simulator


def samples_of(page: str) -> list[str]:
    """Give the samples of a page; each one must be marked as run."""
    found = re.findall(r"<!-- console -->\n```console\n(.*?)```", page, re.DOTALL)
    assert len(found) == page.count("```console")
    return found


def run_samples(
    samples: Iterable[str],
    folder: Path,
    simulator: Simulator,
    env: Mapping[str, str | None],
) -> None:
    """Run each command, and expect what the page shows; `…` is anything."""
    status = 0
    for command, expected in (
        found
        for sample in samples
        for found in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", sample, re.MULTILINE)
    ):
        if command == "echo $?":
            assert expected == f"{status}\n"
            continue
        line, _, file = command.partition(" > ")
        done = amazonpay(
            *shlex.split(line)[1:], transport=of_simulator(simulator), env=env
        )
        status, shown = done.status, done.shown
        if file:
            (folder / file).write_text(done.out)
            shown = done.err
        pattern = re.escape(expected).replace("…\\\n", "(.*\\n)+")
        pattern = pattern.replace("…", ".*")
        assert re.fullmatch(pattern, shown), f"{command}\n{shown}"
