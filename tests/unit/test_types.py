"""All types of the API are in one module, which `import AmazonPay` does not load."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import pytest
from typing_extensions import is_typeddict

from AmazonPay import price, resources, types
from AmazonPay.lifecycles import LIFE_CYCLES
from AmazonPay.objects import State, state_of
from AmazonPay.types import CreateCharge, PriceInput

if TYPE_CHECKING:
    from types import ModuleType

MODULES = [
    import_module(f"{resources.__name__}.{module.name}")
    for module in iter_modules(resources.__path__)
]


def declared(module: ModuleType) -> dict[str, object]:
    """Return the types that a module declares: not what it imports, nor its limits."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (
            (is_typeddict(value) and value.__module__ == module.__name__)
            or get_origin(value) is Literal
        )
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_type_of_a_noun_is_in_the_module_of_types(module: ModuleType) -> None:
    for name, value in declared(module).items():
        assert getattr(types, name) is value


def test_the_module_of_types_is_loaded_only_when_it_is_used() -> None:
    code = "import sys, AmazonPay; assert 'AmazonPay.types' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_call_of_a_type_is_a_plain_dict() -> None:
    body = CreateCharge(chargePermissionId="S01", chargeAmount=price("10.5", "USD"))
    assert type(body) is dict
    assert body == {
        "chargePermissionId": "S01",
        "chargeAmount": PriceInput(amount="10.50", currencyCode="USD"),
    }


STATES: set[str] = {s for part in get_args(State) for s in get_args(part)}


def test_the_states_are_those_of_the_life_cycles() -> None:
    cycles = [arrows for kind, arrows in LIFE_CYCLES.items() if kind != "report"]
    assert {a.to for arrows in cycles for a in arrows} | {"Unknown"} == STATES


@pytest.mark.parametrize("state", sorted(STATES))
def test_a_state_is_as_amazon_wrote_it(state: str) -> None:
    assert state_of({"statusDetails": {"state": state}}) == state


@pytest.mark.parametrize(
    "state", ["captured", "Captured ", "Paid", "", None, 5, ["Captured"], "IN_PROGRESS"]
)
def test_a_state_that_is_not_known_is_unknown(state: Any) -> None:
    assert state_of({"statusDetails": {"state": state}}) == "Unknown"
    assert state_of({"statusDetails": state}) == "Unknown"
    assert state_of({"state": "Captured"}) == "Unknown"
