"""Run the samples of README and docs on the wheel, as a user has it installed.

`.venv-wheel` holds the wheel and what it depends on. What the tests and the samples
need beyond that, such as pytest and Django, comes from `.venv`, which stands behind it
on the path meanwhile. A folder that a `.pth` file names adds its packages, but no
`.pth` files of its own, so the checkout that `.venv` is linked to stays out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-wheel" / "bin" / "python"
TESTS = ("tests/docs/test_samples.py", "tests/docs/test_guides.py")
FOLDER = "import sysconfig; print(sysconfig.get_path('purelib'))"
PACKAGE = "import AmazonPay; print(AmazonPay.__file__)"


def environment() -> dict[str, str]:
    """Return the environment of the runs, without a path that leads elsewhere."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}


def asked(code: str) -> Path:
    """Return the path that the environment of the wheel prints."""
    command = [str(PYTHON), "-W", "error", "-c", code]
    run = subprocess.run(  # noqa: S603 - the command holds no input of others
        command, cwd=ROOT, env=environment(), check=True, stdout=subprocess.PIPE
    )
    return Path(run.stdout.decode().strip())


def main() -> int:
    """Add the tools, see that the package is the wheel's, and run the samples."""
    installed, tools = asked(FOLDER), Path(sysconfig.get_path("purelib"))
    if installed.parts[-2] != tools.parts[-2]:
        sys.exit(f"{PYTHON} is another Python than {sys.executable}: delete its folder")
    behind = installed / "tools.pth"
    behind.write_text(f"{tools}\n", encoding="utf-8")
    try:
        package = asked(PACKAGE)
        if not package.is_relative_to(installed):
            sys.exit(f"the samples would run on {package}, and not on the wheel")
        return run()
    finally:
        behind.unlink()


def run() -> int:
    """Run the samples, and return the status of pytest."""
    command = [str(PYTHON), "-m", "pytest", "-q", "-n", "2", "--dist=worksteal", *TESTS]
    if shutil.which("redis-server") is None:
        print("without redis-server, the sample that shares limits is left out")  # noqa: T201 - said to whoever builds
        command += ["-k", "not redis"]
    return subprocess.call(command, cwd=ROOT, env=environment())  # noqa: S603 - as above


if __name__ == "__main__":
    sys.exit(main())
