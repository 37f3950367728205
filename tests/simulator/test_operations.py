"""No operation without a handler, and no handler without its words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from AmazonPay.resources.charges import Charges
from AmazonPay.simulator.handlers.registry import HANDLERS, check_complete, handles
from reference.operations import OPERATIONS
from simulated import Shop

if TYPE_CHECKING:
    from reference.operations import Row


def test_every_operation_has_a_handler() -> None:
    assert set(HANDLERS) == {row.name for row in OPERATIONS}


def test_a_second_handler_of_an_operation_fails_at_once() -> None:
    with pytest.raises(TypeError, match="get_charge has two handlers"):
        handles(Charges.get_charge)(HANDLERS["get_charge"].run)


def test_a_missing_handler_is_named() -> None:
    with pytest.raises(TypeError, match="without a handler: get_widget"):
        check_complete([*HANDLERS, "get_widget"])


every_operation = pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)


@every_operation
def test_a_handler_says_what_it_answers(row: Row) -> None:
    assert (HANDLERS[row.name].run.__doc__ or "").startswith("Answer ")


@every_operation
def test_no_operation_is_a_defect_to_whoever_calls_it_in_the_dark(row: Row) -> None:
    path = re.sub(r"{\w+}", "x", row.path)
    assert Shop().send(row.method, path, {}, key="k").status < 500
