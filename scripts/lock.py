"""Write the hash-locked requirements, or check that they fit `pyproject.toml`.

`python scripts/lock.py` asks the package index and rewrites `requirements/`;
`python scripts/lock.py --check` compares a digest of the inputs and needs no network.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "requirements"
DIGEST = FOLDER / "inputs.sha256"

# The file, and what it is compiled from.
LOCKS = {
    "demo.txt": ["pyproject.toml", "--extra", "simulator", "--group", "build"],
    "store.txt": [
        *("pyproject.toml", "--extra", "simulator", "--extra", "sqlalchemy"),
        *("--extra", "starlette", "--group", "build"),
    ],
    "dev.txt": ["pyproject.toml", "--all-extras", "--group", "dev"],
    "peer.txt": ["--group", "pyproject.toml:peer"],
    "lowest.txt": [
        "pyproject.toml",
        "--all-extras",
        "--group",
        "tests",
        "--resolution",
        "lowest-direct",
    ],
}


def digest() -> str:
    """Hash what the locks depend on."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)
    project = settings["project"]
    inputs = [
        project["requires-python"],
        project["dependencies"],
        project["optional-dependencies"],
        settings["dependency-groups"],
        LOCKS,
    ]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def write() -> None:
    """Compile every lock file, without naming where packages come from."""
    FOLDER.mkdir(exist_ok=True)
    for name, options in LOCKS.items():
        command = [sys.executable, "-m", "uv", "pip", "compile"]
        command += ["--universal", "--python-version", "3.11", "--generate-hashes"]
        command += ["--no-header", "--no-annotate", "--quiet", "--upgrade", *options]
        command += ["--output-file", str(FOLDER / name)]
        subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - the command holds no input of others
    DIGEST.write_text(digest() + "\n", encoding="utf-8")


def main() -> int:
    """Write, or with `--check` compare."""
    if "--check" not in sys.argv:
        write()
        return 0
    if DIGEST.read_text(encoding="utf-8").strip() == digest():
        return 0
    sys.stderr.write("requirements/ is stale: run `make lock`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
