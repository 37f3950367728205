"""Errors that leave a process: pickled and copied, without anything of a buyer's."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import Response, errors
from AmazonPay.decisions import Decision, DefiniteNo, NotProven, OutcomeError
from AmazonPay.errors import (
    AmazonPayError,
    APIError,
    InvalidResponse,
    ReportUnavailable,
    TransferFailed,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "C4n4ry"


def every_class(root: type[AmazonPayError] = AmazonPayError) -> list[type[Any]]:
    """List a class and all below it that this package defines."""
    ours = [root] if root.__module__.startswith("AmazonPay.") else []
    return ours + [one for below in root.__subclasses__() for one in every_class(below)]


def response() -> Response[Any]:
    body = {
        "reasonCode": f"{CANARY} is no code",
        "message": f"The value {CANARY} is invalid",
        "buyer": {"name": CANARY},
    }
    headers = {"x-amz-pay-request-id": f"id of {CANARY}", "x-echo": CANARY}
    content = json.dumps(body).encode()
    made: Response[Any] = Response(
        422, headers, content, operation="create_charge", idempotency_key="k1"
    )
    made.clock_lead = timedelta(minutes=20)
    return made


def decision() -> Decision[Any]:
    view: Any = {"chargeId": CANARY, "buyer": {"name": CANARY}}
    error = TransportError("lost", operation="create_charge")
    error.__cause__ = ValueError(CANARY)
    return Decision(
        outcome="unknown",
        reason=f"{CANARY} is no code",
        operation="create_charge",
        key="k1",
        seen=view,
        charge=view,
        response=response(),
        error=error,
    )


def made(kind: type[Any]) -> Any:
    """Make an error of a class, with the canary wherever a server's value goes."""
    if issubclass(kind, OutcomeError):
        return kind(decision())
    if issubclass(kind, (APIError, InvalidResponse)):
        return kind(response())
    if issubclass(kind, ReportUnavailable):
        return kind("no document", processing_status="FAILED")
    if issubclass(kind, TransferFailed):
        return kind("too large", final=True)
    if issubclass(kind, TransportError):
        return kind("lost", operation="o", idempotency_key="k1", outcome_unknown=True)
    return kind("said")


def pickled(error: Any) -> Any:
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes


def pickled_of_old(error: Any) -> Any:
    return pickle.loads(pickle.dumps(error, protocol=0))  # noqa: S301 - bytes that this test made


ROUND_TRIPS = pytest.mark.parametrize(
    "round_trip", [pickled, pickled_of_old, copy.deepcopy, copy.copy]
)


def test_every_error_of_the_tree_is_tried() -> None:
    public = {
        one
        for one in vars(errors).values()
        if inspect.isclass(one) and issubclass(one, AmazonPayError)
    }
    assert public <= set(every_class())


@ROUND_TRIPS
@pytest.mark.parametrize("kind", every_class())
def test_an_error_survives_and_leaves_the_values_behind(
    kind: type[Any], round_trip: Callable[[Any], Any]
) -> None:
    error = made(kind)
    error.add_note(f"a note about {CANARY}")
    error.__cause__ = ValueError(CANARY)
    kept = round_trip(error)
    assert type(kept) is kind
    assert str(kept) == str(error)
    assert vars(kept).keys() <= vars(error).keys()
    assert CANARY not in repr(kept) + repr(vars(kept))
    assert CANARY.encode() not in pickle.dumps(kept)
    assert CANARY.encode() not in pickle.dumps(error)
    assert kept.outcome_unknown == error.outcome_unknown
    assert pickled(kept).args == error.args


@ROUND_TRIPS
@pytest.mark.parametrize("kind", every_class(OutcomeError)[1:])
def test_a_kept_decision_says_what_to_do_and_of_whom_no_word(
    kind: type[Any], round_trip: Callable[[Any], Any]
) -> None:
    kept = round_trip(made(kind)).decision
    assert (kept.outcome, kept.operation, kept.key) == (
        "unknown",
        "create_charge",
        "k1",
    )
    assert kept.reason == "(not shown)"
    assert (kept.seen, kept.charge, kept.response, kept.error) == (None,) * 4


@pytest.mark.parametrize("reason", ["HardDeclined", "HTTP 502", "TimedOut"])
def test_a_reason_that_is_a_code_is_kept(reason: str) -> None:
    found: Decision[Any] = Decision(
        outcome="no", reason=reason, operation="o", key="k", new_attempt=True
    )
    error = DefiniteNo(found)
    assert str(error) == f"o: no ({reason})"
    assert pickled(error).decision == found


def test_the_original_keeps_what_its_copy_lacks() -> None:
    error = made(NotProven)
    copy.deepcopy(error)
    assert error.decision.seen["chargeId"] == CANARY
