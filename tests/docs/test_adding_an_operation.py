"""An operation is added by the five steps of CONTRIBUTING, and by nothing else.

The steps are walked in a copy of the project, with an operation that Amazon does not
have; then the checks that know every operation run there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = (
    *("src", "tests", "docs", "scripts", "examples", "requirements", ".mypy_cache"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml"),
)

# The five files, in the order of CONTRIBUTING: the line that the new text stands above,
# and the text.
STEPS = {
    "src/AmazonPay/resources/charges.py": (
        '    @operation(\n        "PATCH",\n        "/charges/{charge_id}",\n',
        '''\
    @operation(
        "GET",
        "/charges/{charge_id}/receipt",
        repeat="read",
        answers=(200,),
        page="amazon-pay-api-v2/charge.html",
    )
    def get_receipt(self, charge_id: str) -> Response[Charge]:
        """Get the receipt of a Charge; reads only.

        Errors: 404 `ResourceNotFound`.
        """
        ...

''',
    ),
    "src/AmazonPay/simulator/handlers/charges.py": (
        "@handles(Charges.capture_charge",
        '''\
@handles(Charges.get_receipt, subject=in_path(KIND))
def get_receipt(context: Context, call: APICall, charge: Record) -> Result:
    """Answer Get Receipt."""
    return json_result(200, to_json(charge))


''',
    ),
    "tests/reference/operations.py": (
        '    Row(\n        "update_charge",\n',
        """\
    Row("get_receipt", "GET", "/charges/{charge_id}/receipt", "read", None, P.CHARGE),
""",
    ),
    "tests/simulator/test_charges.py": (
        "def state(shop: Shop, charge: str)",
        """\
def test_a_receipt_shows_the_charge(shop: Shop) -> None:
    charge = charged(shop, confirmed(shop))
    reply = shop.send("GET", f"/charges/{charge}/receipt")
    assert (reply.status, reply.json["chargeId"]) == (200, charge)


""",
    ),
    "CHANGELOG.md": (
        "- `AmazonPay.Client` and",
        "- `get_receipt()` on both clients.\n",
    ),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project in which the five steps were walked."""
    folder = tmp_path_factory.mktemp("copy")
    # Another test may run mypy meanwhile: the files beside its database come and go.
    ignored = shutil.ignore_patterns("node_modules", "__pycache__", "*.db-???")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, folder / name)
    for name, (place, text) in STEPS.items():
        before = (folder / name).read_text(encoding="utf-8")
        assert before.count(place) == 1, name
        after = before.replace(place, text + place)
        (folder / name).write_text(after, encoding="utf-8")
    return folder


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env={"PYTHONPATH": str(copy / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_contributing_names_the_five_files() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Add an operation")[2].partition("\n## ")[0]
    named = re.findall(r"^\d\. `([^`]+)`", section, re.MULTILINE)
    assert len(named) == len(STEPS)
    for name, file in zip(named, STEPS, strict=True):
        assert file.startswith(name.replace("<noun>", "charges"))


@pytest.mark.process
def test_the_tables_are_written_and_the_checks_pass(copy: Path) -> None:
    made = run(copy, "scripts/tables.py")
    assert made.returncode == 0, made.stderr
    done = run(
        copy,
        *(
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "-m",
            "not slow and not process",
        ),
        "tests/unit/test_resources.py",
        "tests/unit/test_layers.py",
        "tests/simulator/test_operations.py",
        "tests/simulator/test_openapi.py",
        "tests/simulator/test_charges.py::test_a_receipt_shows_the_charge",
        "tests/docs/test_project.py::test_every_operation_has_a_row_in_the_docs",
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.process
@pytest.mark.parametrize("check", ["ruff check", "ruff format --check", "mypy"])
def test_the_linters_and_types_pass(copy: Path, check: str) -> None:
    files = [name for name in STEPS if name.endswith(".py")]
    done = run(copy, "-m", *check.split(), *files)
    assert done.returncode == 0, done.stdout + done.stderr
