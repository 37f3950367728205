"""Refuse what no committed file may hold: hosts of registries, paths, private keys.

New files that Git does not ignore are read too, so that a commit finds nothing late.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

# Written so that this file does not hold what it looks for.
FORBIDDEN = {
    "a package registry's host": r"py[p]i\.org|python[h]osted\.org|npm[j]s\.(org|com)"
    r"|deb\.debia[n]\.org",
    "a path of one machine": r"(?<![\w.])/(work|root|home|Users)/[a-z]",
    "a private key": r"-----BEGI[N] (RSA |EC |ENCRYPTED )?PRIVATE KEY-----\s*"
    r"[A-Za-z0-9+/=]{40}",
}
BINARY = {".png", ".ico", ".db"}
GIT = ("git", "-c", "safe.directory=*")


def main() -> int:
    """Print each finding; fail if there is one."""
    listed = subprocess.run(  # noqa: S603 - the command holds no input of others
        # The folder may belong to another user, as in a container.
        [*GIT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    findings = 0
    for name in names:
        path = Path(name)
        if path.suffix in BINARY or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        for what, pattern in FORBIDDEN.items():
            for found in re.finditer(pattern, text):
                line = text.count("\n", 0, found.start()) + 1
                sys.stderr.write(f"{name}:{line}: {what}\n")
                findings += 1
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
