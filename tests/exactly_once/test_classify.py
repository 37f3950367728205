"""What an answer or an error proves about its request, with values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from AmazonPay import ConnectionFailed, Response, TimedOut
from AmazonPay._once.classify import CallResult, classify
from journals import intended


def answered(
    status: int, code: str | None = None, *, outcome_unknown: bool = False
) -> Response[Any]:
    content = json.dumps({} if code is None else {"reasonCode": code}).encode()
    return Response(
        status,
        {},
        content,
        operation="create_charge",
        outcome_unknown=outcome_unknown,
    )


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (answered(201), "succeeded", None),
        (answered(422, "HardDeclined"), "refused", "HardDeclined"),
        (
            answered(422, "HardDeclined", outcome_unknown=True),
            "unknown",
            "HardDeclined",
        ),
        (answered(400, "InvalidHeaderValue"), "not_processed", "InvalidHeaderValue"),
        (answered(429, "TooManyRequests"), "not_processed", "TooManyRequests"),
        (answered(429), "not_processed", "HTTP 429"),
        (answered(429, "HardDeclined"), "not_processed", "HardDeclined"),
        (answered(502), "unknown", "HTTP 502"),
        (
            answered(400, "DuplicateIdempotencyKey"),
            "unknown",
            "DuplicateIdempotencyKey",
        ),
        (answered(400, "OfTheFuture"), "unknown", "OfTheFuture"),
        (answered(400, "a text\nfor people"), "unknown", "HTTP 400"),
    ],
)
def test_an_answer_is_classified_by_its_reason_code(
    answer: Response[Any], status: Any, reason: str | None
) -> None:
    assert classify(answer) == CallResult(status, reason, answer)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (ConnectionFailed("x"), "not_processed", "ConnectionFailed"),
        (TimedOut("x"), "not_processed", "TimedOut"),
        (TimedOut("x", outcome_unknown=True), "unknown", "TimedOut"),
    ],
)
def test_an_error_is_classified_by_whether_something_may_have_left(
    error: Any, status: Any, reason: str
) -> None:
    assert classify(error) == CallResult(status, reason, error=error)


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"<html>", "unknown"), (b"[]", "unknown"), (b"", "unknown")],
)
def test_a_success_that_cannot_be_read_is_unknown(content: bytes, status: str) -> None:
    answer: Response[Any] = Response(200, {}, content, operation="create_charge")
    result = classify(answer)
    assert (result.status, result.reason) == (status, "HTTP 200")


SENT_TWICE = intended(runs=2, answers=1)


@pytest.mark.parametrize("status", ["refused", "not_processed", "unknown"])
def test_a_failure_is_unknown_while_another_send_may_have_acted(status: Any) -> None:
    said = CallResult(status, "Why")
    assert said.with_earlier_sends(SENT_TWICE) == CallResult("unknown", "Why")


def test_a_success_stays_one_whatever_was_sent_before() -> None:
    said = CallResult("succeeded")
    assert said.with_earlier_sends(SENT_TWICE) is said
