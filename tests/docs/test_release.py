"""What a release consists of."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHANGELOG = """# Changelog

## [2.2.0] - unreleased

## [2.1.0] - 2026-12-01

### Added

- A thing.

## [2.10.0] - 2026-11-01

- Another one.
"""


@pytest.fixture(scope="module")
def release() -> Any:
    path = ROOT / "scripts" / "release.py"
    spec = importlib.util.spec_from_file_location("release", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_text_of_a_release_is_its_section_of_the_changelog(release: Any) -> None:
    assert release.section(CHANGELOG, "2.1.0") == "### Added\n\n- A thing.\n"
    assert release.section(CHANGELOG, "2.10.0") == "- Another one.\n"


@pytest.mark.parametrize("version", ["2.2.0", "3.0.0", "2.1", "2x1.0"])
def test_a_release_without_a_text_is_refused(release: Any, version: str) -> None:
    with pytest.raises(ValueError, match=re.escape(version)):
        release.section(CHANGELOG, version)


def test_the_workflow_runs_on_every_supported_python() -> None:
    flow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text("utf-8"))
    tried = flow["jobs"]["test"]["strategy"]["matrix"]["python"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [
        one.rpartition(" :: ")[2]
        for one in project["classifiers"]
        if re.search(r":: 3\.\d+$", one)
    ]
    assert tried == named
    assert {"run": ".ci/run"} in flow["jobs"]["test"]["steps"]


def test_every_local_hook_runs_what_is_there() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    (local,) = hooks["repos"]
    for hook in local["hooks"]:
        command, *words = hook["entry"].split()
        assert command == ".venv/bin/python"
        script = words[0]
        assert script == "-m" or (ROOT / script).is_file()


def test_nothing_of_ours_installs_the_other_package_of_our_name() -> None:
    listed = ("src", "docs", "examples", "README.md", "CONTRIBUTING.md")
    pages = [
        page
        for name in listed
        for page in ([ROOT / name] if "." in name else (ROOT / name).rglob("*"))
        if page.suffix in {".py", ".md", ".yaml", ".html", ".toml", ".txt"}
    ]
    wrong = re.compile(r"(pip3?|uv( pip)?|pipx|poetry) +(install|add|run)\b[^\n`|]*")
    for page in pages:
        for found in wrong.finditer(page.read_text("utf-8")):
            named = found[0].replace(".whl", "").lower()
            is_ours = re.search(r"amazonpayclient(?![\w-]*-\d)", named) is not None
            assert not is_ours, f"{page.name}: {found[0]}"
