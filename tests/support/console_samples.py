"""The console samples of a page: run as printed, in order, against a shop in memory.

A file that the page shows under `<!-- file: NAME -->` is there, unless the test has
written its own.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from command_line import amazonpay, of_simulator, write_key
from simulated import KEY_ID

if TYPE_CHECKING:
    from pathlib import Path

    from simulated import Shop


def samples_of(page: str) -> list[str]:
    """Return the samples of a page, all of which must be run."""
    samples = re.findall(r"<!-- console -->\n```console\n(.*?)```", page, re.DOTALL)
    assert len(samples) == page.count("```console")
    return samples


def files_of(page: str) -> dict[str, str]:
    """Return the files that a page shows, by their names."""
    return dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", page, re.DOTALL))


def run_page(page: str, shop: Shop, folder: Path) -> None:
    """Run each command in the current folder, and compare what it shows.

    `…` stands for anything in a line, or for lines.
    """
    env = {
        "AMAZON_PAY_PUBLIC_KEY_ID": KEY_ID,
        "AMAZON_PAY_PRIVATE_KEY": write_key(folder / "shop.pem"),
        "AMAZON_PAY_REGION": "us",
    }
    for name, text in files_of(page).items():
        if not (folder / name).exists():
            (folder / name).write_text(text)
    status = 0
    for sample in samples_of(page):
        for command, expected in re.findall(
            r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", sample, re.MULTILINE
        ):
            if command == "echo $?":
                assert expected == f"{status}\n"
                continue
            line, _, file = command.partition(" > ")
            done = amazonpay(
                *shlex.split(line)[1:],
                transport=of_simulator(shop.simulator),
                env=env,
            )
            status, shown = done.status, done.shown
            if file:
                (folder / file).write_text(done.out)
                shown = done.err
            pattern = re.escape(expected).replace("…\\\n", "(.*\\n)+")
            pattern = pattern.replace("…", ".*")
            assert re.fullmatch(pattern, shown), f"{command}\n{shown}"
