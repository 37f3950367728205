"""The tables of life cycles, against the arrows of the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from AmazonPay.lifecycles import LIFE_CYCLES, Kind, transition
from AmazonPay.simulator.wire.errors import STATUSES
from reference.codes import STATUS_OF
from reference.states import ARROWS, FINAL_STATES

if TYPE_CHECKING:
    from reference.states import Arrow

KINDS: list[Kind] = [kind for kind in get_args(Kind) if kind in ARROWS]
every_kind = pytest.mark.parametrize("kind", KINDS)


def arrows(kind: Kind) -> list[Arrow]:
    return [
        (state, arrow.to, arrow.reason)
        for arrow in LIFE_CYCLES[kind]
        for state in arrow.states or (None,)
    ]


@every_kind
def test_a_life_cycle_has_the_arrows_of_the_reference_and_no_other(kind: Kind) -> None:
    assert set(arrows(kind)) == ARROWS[kind]


@every_kind
def test_no_arrow_leaves_a_final_state(kind: Kind) -> None:
    left = {state for state, _, _ in arrows(kind)}
    assert not left & FINAL_STATES[kind]


@every_kind
def test_an_event_has_one_outcome_in_a_state(kind: Kind) -> None:
    starts = [
        (state, arrow.event)
        for arrow in LIFE_CYCLES[kind]
        for state in arrow.states or (None,)
    ]
    assert len(starts) == len(set(starts))


def test_an_event_that_does_not_fit_the_state_has_no_arrow() -> None:
    assert transition("charge", "Captured", "capture") is None
    assert transition("charge", None, "capture") is None
    assert transition("charge", "Authorized", "create") is None


def test_a_reason_code_has_the_status_of_the_reference() -> None:
    known = {code: status for code, status in STATUSES.items() if code in STATUS_OF}
    assert known == {code: STATUS_OF[code] for code in known}
    # Of disputes there is no published list.
    assert set(STATUSES) - set(STATUS_OF) <= {"InvalidDisputeStatus"}
