"""Start-up: the import in a fresh process, and a fresh process's first answer."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from benchmarks.figures import Row, Target, ratio
from benchmarks.stage import OURS_PYTHON, PEER, PEER_PYTHON, environment

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.stage import Stage

_ROUNDS = 21
_HALF = Target("≤", 0.5)

# What users write: it loads what the name `Client` needs, in either package.
_IMPORT = (
    "import time; begun = time.process_time(); from AmazonPay import Client;"
    " print(time.process_time() - begun)"
)


def measure(stage: Stage) -> dict[str, list[Row]]:
    """Measure both packages in turn."""
    pythons = {"ours": str(OURS_PYTHON), "peer": str(PEER_PYTHON)}
    imports: dict[str, list[float]] = {name: [] for name in pythons}
    answers: dict[str, list[float]] = {"Client": [], "AsyncClient": [], PEER: []}
    for number in range(_ROUNDS + 1):
        for name, python in pythons.items():
            seconds = _import(python, stage.folder)
            if number:  # the first one compiles
                imports[name].append(seconds)
        for name, costs in answers.items():
            worker = stage.contender(name)
            costs.append(worker.ask(warm_up=0, calls=1, concurrency=1)["total"])
            worker.end()
    return {
        "Start": [
            Row(
                f"import in a fresh process / {PEER}",
                ratio(imports["ours"], imports["peer"]),
                _HALF,
            ),
            *(
                Row(
                    f"{name}: a fresh process up to its first answer / {PEER}",
                    ratio(answers[name], answers[PEER]),
                )
                for name in ("Client", "AsyncClient")
            ),
        ]
    }


def _import(python: str, folder: Path) -> float:
    """Import in a fresh process; give its seconds of CPU."""
    done = subprocess.run(  # noqa: S603 - our own words
        [python, "-c", _IMPORT],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
