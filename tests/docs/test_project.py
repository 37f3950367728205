"""What the pages say of the project is what the project does."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import AmazonPay
from AmazonPay import decisions, errors
from reference.operations import OPERATIONS

ROOT = Path(__file__).parents[2]
SIMULATOR = ROOT / "src" / "AmazonPay" / "simulator"
# What else the map names.
ELSEWHERE = {
    *("src", "AmazonPay", "tests", "examples", "scripts", "benchmarks", "requirements"),
}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_contributing_lists_the_checks_of_make_test() -> None:
    makefile = text_of("Makefile")
    (first, last) = re.findall(r"^(?:FIRST|LAST) := (.*)$", makefile, re.MULTILINE)
    table = text_of("CONTRIBUTING.md").partition("## Where things are")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [
        *first.split(),
        *last.split(),
    ]


def test_the_map_of_the_repository_is_complete_and_fits_on_a_screen() -> None:
    drawn = text_of("CONTRIBUTING.md").partition("## Where things are")[2]
    lines = re.findall(r"```text\n(.*?)```", drawn, re.DOTALL)[0].splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 100
    named = {name for line in lines for name in re.findall(r"\w+", line[:37])}
    there = {
        path.name.partition(".")[0]
        for place in (ROOT / "src" / "AmazonPay", ROOT / "tests", SIMULATOR)
        for path in place.iterdir()
        if path.is_dir() or (path.suffix == ".py" and place != SIMULATOR)
    }
    hidden = {name for name in there if not name or name.startswith("__")}
    assert there - named - hidden == {"conftest"}
    assert named - there == ELSEWHERE


def test_the_changelog_has_the_version_of_the_package() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    assert f"## [{project['version']}]" in text_of("CHANGELOG.md")


def test_the_wheel_that_the_pages_name_is_this_version() -> None:
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    pages = ("README.md", "docs/configuration.md")
    named = "".join(text_of(page) for page in pages)
    wheels = re.findall(r"amazonpayclient-(\S+?)-py3-none-any\.whl", named)
    assert len(wheels) >= 3
    assert set(wheels) == {version}


def test_every_lower_bound_is_a_version_that_the_tests_run_with() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    extras = project["optional-dependencies"].values()
    bounds: dict[str, set[Version]] = {}
    for wanted in map(Requirement, chain(project["dependencies"], *extras)):
        lowest = [one.version for one in wanted.specifier if one.operator == ">="]
        bounds.setdefault(wanted.name, set()).update(map(Version, lowest))
    lock = text_of("requirements/lowest.txt")
    for name, versions in bounds.items():
        locked = re.findall(rf"^{name}==(\S+) ", lock, re.MULTILINE)
        assert versions == set(map(Version, locked))


def test_every_operation_has_a_row_in_the_docs() -> None:
    page = text_of("docs/operations.md")
    rows = re.findall(r"^\| `(\w+)` \| `(\w+) (\S+)` \|", page, re.MULTILINE)
    assert rows == [(row.name, row.method, row.path) for row in OPERATIONS]


def test_ci_runs_the_same_command_as_a_person() -> None:
    assert "exec make test" in text_of(".ci/run")


def test_every_error_is_exported_and_drawn_in_the_tree() -> None:
    tree = errors.__doc__ or ""
    for name, value in {**vars(errors), **vars(decisions)}.items():
        if isinstance(value, type) and issubclass(value, errors.AmazonPayError):
            assert getattr(AmazonPay, name) is value
            if value is not errors.AmazonPayError:
                assert re.search(rf"── {name}\b", tree), name


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        getattr(AmazonPay, "Clint")  # noqa: B009 - a checker knows that it is missing


def test_the_public_names_are_these() -> None:
    public = {name for name in dir(AmazonPay) if not name.startswith("_")}
    modules = {name for name in public if type(getattr(AmazonPay, name)) is type(re)}
    errors_named = {
        name
        for name in public
        if isinstance(getattr(AmazonPay, name), type)
        and issubclass(getattr(AmazonPay, name), Exception)
    }
    assert public - modules - errors_named == {
        "AsyncClient",
        "Breaker",
        "Client",
        "RateLimits",
        "Decision",
        "Journal",
        "Response",
        "Retry",
        "SQLiteJournal",
        "Timeout",
        "allowed_actions",
        "idempotency_key",
        "merge",
        "price",
    }


def test_the_samples_of_the_style_are_code_of_ours() -> None:
    style = text_of("CONTRIBUTING.md").partition("## Style")[2]
    samples = re.findall(r"```python\n(.*?)```", style, re.DOTALL)
    files = [*ROOT.glob("src/AmazonPay/*.py"), *ROOT.glob("tests/simulator/*.py")]
    code = "".join(file.read_text("utf-8") for file in files)
    assert len(samples) == 2
    assert all(sample in code for sample in samples)
