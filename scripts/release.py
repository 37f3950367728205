"""Write what goes with a release into `dist/`: its text, hashes, and what is in it.

The text is the section of the changelog; the list of what an installation with the
simulator consists of is read from `.venv-wheel`, in CycloneDX's form.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"


def section(changelog: str, version: str) -> str:
    """Return the text of a version's section, without its heading.

    Raises:
        ValueError: there is no such section, or it is empty.
    """
    heading = rf"^## \[{re.escape(version)}\][^\n]*"
    found = re.search(
        rf"{heading}\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    text = "" if found is None else found[1].strip()
    if not text:
        raise ValueError(f"CHANGELOG.md has no text for {version}")
    return f"{text}\n"


def write_parts(version: str) -> None:
    """List the installed packages, without the time and without this machine."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment"]
    command += ["--output-reproducible", "--output-format", "JSON"]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "library"]
    command += ["--output-file", str(DIST / f"amazonpayclient-{version}.cdx.json")]
    command += [str(ROOT / ".venv-wheel" / "bin" / "python")]
    subprocess.run(command, check=True)  # noqa: S603 - the command holds no input of others


def write_hashes() -> None:
    """Write the SHA-256 of each file, as `sha256sum --check` reads them."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(DIST.iterdir())
        if path.name.startswith("amazonpayclient-")
    ]
    (DIST / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def main() -> None:
    """Write all of it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version = project["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    notes = DIST / "release-notes.md"
    notes.write_text(section(changelog, version), encoding="utf-8")
    write_parts(version)
    write_hashes()


if __name__ == "__main__":
    main()
