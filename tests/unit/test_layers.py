"""Modules import what is below them, and never in a circle."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SRC = Path(__file__).parents[2] / "src"
PACKAGE = SRC / "AmazonPay"

# The layers of each package, lowest first: modules and packages by their dotted names.
# The longest name that fits decides; what no name fits is below all of them. Imports
# inside a layer are free, as long as they make no circle.
LAYERS: dict[str, list[tuple[str, ...]]] = {
    "AmazonPay": [
        ("errors", "response"),
        ("resources._constraints", "resources._common", "resources._carrier_codes"),
        ("lifecycles", "money", "_core.amounts"),
        ("_guesses", "_core.clock", "_core.hosts", "_core.signals", "_core.tracebacks"),
        ("_core.checks", "_core.version", "_core.command_lines"),
        ("_core.extras",),
        ("_core.key_ids", "_core.regions"),
        ("_core.fork_gate",),
        ("_core.call", "_core.clock_skew", "_core.config", "_core.json_body"),
        ("_core.environment",),
        ("_signing",),
        ("_explain",),
        ("explain",),
        ("_core.headers", "_core.parameters", "_core.raw_call"),
        ("_core.options", "_core.telemetry"),
        ("_signing.request_signer",),
        ("_core",),
        ("_http",),
        ("resources",),
        ("objects", "idempotency", "_once.outcomes", "decisions", "report_files"),
        ("procedures._answers", "procedures.waiting"),
        ("procedures.paging", "procedures.report_files", "procedures.evidence"),
        ("_once",),
        ("journal",),
        ("procedures",),
        ("ipn",),
        ("testing._authority", "testing._simulator"),
        ("_button",),
        ("breaker", "pacing", "button"),
        ("_call_life",),
        ("_client_signatures",),
        ("_base_client",),
        ("client",),
        ("contrib", "reporting"),
        ("bulk",),
        ("types",),
        ("__init__",),
        ("simulator",),
        ("testing",),
        ("cli",),
        ("__main__",),
    ],
    "AmazonPay.simulator": [
        ("wire.messages", "wire.errors"),
        ("secret_file", "extra", "options"),
        ("settings", "merchants", "certificate", "addresses"),
        ("state",),
        ("engine",),
        ("rules", "observed"),
        ("wire",),
        ("handlers",),
        ("story_lines",),
        ("actors", "console"),
        ("pages",),
        ("simulator",),
        ("app",),
        ("server",),
        ("plan",),
        ("banner", "loading"),
        ("run",),
        ("cli", "__init__"),
    ],
}


def name_of(path: Path) -> str:
    """Give a file's dotted name; a package's is that of its folder."""
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    return {name_of(path): path for path in PACKAGE.glob("**/*.py")}


def imported(name: str) -> Iterator[str]:
    """Name the modules of ours that a module imports anywhere: typing, functions."""
    path = modules()[name]
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join([*above, *filter(None, [node.module])])
            base = base if node.level else str(node.module)
            for alias in node.names:
                target = f"{base}.{alias.name}"
                if target in modules():
                    yield target
                elif base in modules():
                    yield base


@cache
def imports() -> dict[str, set[str]]:
    """Map each module to those that it imports, without itself."""
    return {name: set(imported(name)) - {name} for name in modules()}


def layer_of(package: str, name: str) -> int:
    """Number a module's layer, from 1; 0 is outside of the package."""
    if name != package and not name.startswith(f"{package}."):
        return 0
    inside = name.removeprefix(package).removeprefix(".") or "__init__"
    fitting = [
        (len(entry), number)
        for number, layer in enumerate(LAYERS[package], 1)
        for entry in layer
        if inside == entry or inside.startswith(f"{entry}.")
    ]
    assert fitting, f"{name} is in no layer"
    return max(fitting)[1]


@pytest.mark.parametrize("package", LAYERS)
def test_imports_run_down_the_layers(package: str) -> None:
    up = [
        f"{name} imports {target}"
        for name, targets in imports().items()
        for target in targets
        if 0 < layer_of(package, name) < layer_of(package, target)
    ]
    assert up == []


@pytest.mark.parametrize("package", LAYERS)
def test_no_import_closes_a_circle(package: str) -> None:
    inside = {name for name in modules() if layer_of(package, name)}
    graph = {name: imports()[name] & inside for name in inside}
    if package == "AmazonPay":
        # An error shows the answer behind it, and an answer raises its error.
        graph["AmazonPay.errors"] -= {"AmazonPay.response"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_a_file_is_read_in_one_sitting() -> None:
    lines = {
        name: path.read_text(encoding="utf-8").count("\n")
        for name, path in modules().items()
    }
    # The types of the largest noun of the API stand beside its operations.
    del lines["AmazonPay.resources.checkout_sessions"]
    assert {name for name, number in lines.items() if number > 450} == set()


def test_only_the_command_line_of_the_sdk_knows_the_simulator() -> None:
    users = {
        name
        for name, targets in imports().items()
        if layer_of("AmazonPay.simulator", name) == 0
        and any(layer_of("AmazonPay.simulator", target) for target in targets)
    }
    # The tests of a merchant know it, too.
    sdk = {name for name in users if not name.startswith("AmazonPay.testing.")}
    assert sdk == {"AmazonPay.cli.plain"}


def test_imports_for_typing_and_inside_functions_count() -> None:
    store = "AmazonPay.simulator.engine.store"
    assert store in imports()["AmazonPay.simulator.wire.links"]  # for typing
    assert (
        "AmazonPay.simulator.cli" in imports()["AmazonPay.cli.plain"]
    )  # in a function
