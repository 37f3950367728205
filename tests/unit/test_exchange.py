"""The life of a call, played with scripted outcomes: no clock, no network."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay import (
    APIError,
    BadRequest,
    ClockWrong,
    ConnectionFailed,
    ConnectionLost,
    OutcomeUnknown,
    Response,
    Retry,
    ServerError,
    TransportError,
)
from AmazonPay._core.call import Call, Repeat
from AmazonPay._core.clock import InstantClock, Time
from AmazonPay._core.clock_skew import ClockOffset
from AmazonPay._core.retry import (
    REPEATED_STATUSES,
    Answer,
    AttemptResult,
    Failure,
    Runtime,
    exchange,
    jitter,
    note_unknown,
    retry_after,
)
from AmazonPay._core.steps import Flow, Wait

if TYPE_CHECKING:
    from collections.abc import Sequence

CLASSES: tuple[Repeat, ...] = ("read", "key", "state", "reference", "once")
RESENDING = tuple(c for c in CLASSES if c != "once")
ACTING = tuple(c for c in CLASSES if c != "read")

START = 1000.0
"""A monotonic clock does not begin at 0."""
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
REFUSED = Failure(ConnectionFailed, "connection refused", sent=False)
LOST = Failure(ConnectionLost, "the connection broke", sent=True)
UNTRUSTED = Failure(ConnectionFailed, "not trusted", sent=False, final=True)


def call(
    repeat: Repeat = "key",
    *,
    empty_answer: bool = False,
    operation: str = "create_charge",
) -> Call:
    return Call(
        operation=operation,
        method="POST",
        route="/charges",
        path="/charges",
        body=b"{}",
        idempotency_key="key-1",
        repeat=repeat,
        empty_answer=empty_answer,
    )


def answer(status: int, body: bytes = b"{}", **headers: str) -> Answer:
    return Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, body)


class ScriptedTime(Time):
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = START

    def now(self) -> float:
        return self.seconds

    def utc(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds - START)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Send:
    """The step of one attempt, whose outcome a script gives."""

    time_left: float


def attempt(time_left: float) -> Flow[AttemptResult]:
    step: Any = Send(time_left)
    outcome: AttemptResult = yield step
    return outcome


@dataclass
class Played:
    """What an exchange did with a script of outcomes."""

    offset: ClockOffset
    response: Response[Any] | None = None
    error: TransportError | None = None
    sent: int = 0
    waits: list[float] = field(default_factory=list[float])
    warnings: list[timedelta] = field(default_factory=list[timedelta])

    @property
    def answered(self) -> Response[Any]:
        assert self.response is not None
        return self.response

    @property
    def outcome_unknown(self) -> bool:
        end = self.error if self.response is None else self.response
        assert end is not None
        return end.outcome_unknown


def play(
    script: Sequence[AttemptResult],
    repeat: Repeat = "key",
    retry: Retry = Retry(),  # noqa: B008 - a frozen value
    *,
    deadline: float = 60.0,
    pause_within: float = math.inf,
    each_takes: float = 0.0,
    overslept: float = 0.0,
    empty_answer: bool = False,
    operation: str = "create_charge",
) -> Played:
    """Run an exchange; the clock moves by what attempts take and by its own waits."""
    clock = ScriptedTime()
    warnings: list[timedelta] = []
    played = Played(ClockOffset(warnings.append), warnings=warnings)
    steps: Any = exchange(
        call(repeat, empty_answer=empty_answer, operation=operation),
        retry,
        deadline,
        Runtime(clock, played.offset, jitter=lambda limit: limit),
        attempt,
        pause_within,
    )
    outcomes = iter(script)
    reply: AttemptResult | None = None
    try:
        while True:
            step: Any = steps.send(reply)
            if isinstance(step, Send):
                played.sent += 1
                spent = clock.now() - START
                assert step.time_left == pytest.approx(deadline - spent)
                reply = next(outcomes)
                clock.sleep(each_takes)
            else:
                assert isinstance(step, Wait)
                played.waits.append(step.seconds)
                clock.sleep(step.seconds + overslept)
                reply = None
    except StopIteration as stop:
        played.response = stop.value
    except TransportError as error:
        played.error = error
    return played


@pytest.mark.parametrize("repeat", CLASSES)
def test_a_success_is_returned_at_once(repeat: Repeat) -> None:
    played = play([answer(200)], repeat)
    assert played.sent == 1
    assert played.answered.attempts == 1
    assert not played.outcome_unknown


@pytest.mark.parametrize("repeat", RESENDING)
@pytest.mark.parametrize("status", sorted(REPEATED_STATUSES))
def test_a_passing_refusal_is_sent_again(repeat: Repeat, status: int) -> None:
    played = play([answer(status), answer(200)], repeat)
    assert played.sent == 2
    assert played.answered.status_code == 200
    assert played.answered.attempts == 2


@pytest.mark.parametrize("repeat", RESENDING)
def test_a_lost_connection_is_sent_again(repeat: Repeat) -> None:
    assert play([LOST, answer(200)], repeat).sent == 2


@pytest.mark.parametrize("outcome", [LOST, answer(429), answer(503)])
def test_a_call_that_works_once_is_not_sent_again_after_bytes_left(
    outcome: AttemptResult,
) -> None:
    assert play([outcome, answer(200)], "once").sent == 1


@pytest.mark.parametrize("repeat", CLASSES)
def test_a_refused_connection_is_tried_again_by_every_class(repeat: Repeat) -> None:
    played = play([REFUSED, answer(200)], repeat)
    assert played.sent == 2
    assert not played.outcome_unknown


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 422])
def test_a_definite_refusal_is_returned_at_once(status: int) -> None:
    played = play([answer(status)])
    assert played.sent == 1
    assert not played.outcome_unknown


def test_what_can_never_work_is_not_tried_again() -> None:
    played = play([UNTRUSTED, answer(200)])
    assert played.sent == 1
    assert played.error is not None


@pytest.mark.parametrize("repeat", ACTING)
@pytest.mark.parametrize("first", [LOST, answer(408), answer(425), answer(502)])
def test_a_later_refusal_does_not_undo_the_doubt(
    repeat: Repeat, first: AttemptResult
) -> None:
    played = play([first, answer(422)], repeat)
    assert played.outcome_unknown


@pytest.mark.parametrize("repeat", RESENDING)
def test_a_later_readable_success_settles_it(repeat: Repeat) -> None:
    played = play([LOST, answer(503), answer(201)], repeat)
    assert played.sent == 3
    assert not played.outcome_unknown


def test_a_read_leaves_nothing_unknown() -> None:
    assert not play([LOST] * 4, "read").outcome_unknown
    assert not play([answer(503)] * 4, "read").outcome_unknown


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'"text"', b"{"])
def test_a_success_that_cannot_be_read_leaves_the_outcome_unknown(body: bytes) -> None:
    played = play([answer(200, body)])
    assert played.sent == 1
    assert played.outcome_unknown


@pytest.mark.parametrize("status", [100, 101, 199, 600])
def test_a_status_that_is_no_final_answer_leaves_the_outcome_unknown(
    status: int,
) -> None:
    played = play([answer(status)])
    assert played.sent == 1
    assert played.outcome_unknown


@pytest.mark.parametrize("status", [300, 399, 400, 499])
def test_a_refusal_says_that_nothing_was_carried_out(status: int) -> None:
    assert not play([answer(status)]).outcome_unknown


PROCESSING_FAILURE = b'{"reasonCode":"ProcessingFailure","message":""}'


def test_a_processing_failure_of_create_charge_says_that_no_charge_was_made() -> None:
    played = play([answer(500, PROCESSING_FAILURE)] * 4)
    assert not played.answered.outcome_unknown
    with pytest.raises(ServerError) as caught:
        played.answered.raise_for_status()
    assert caught.value.retry_with_new_key


@pytest.mark.parametrize("before", [[], [LOST], [answer(503)], [answer(429)]])
def test_a_processing_failure_of_create_charge_ends_the_call(
    before: list[AttemptResult],
) -> None:
    played = play([*before, answer(500, PROCESSING_FAILURE), answer(201, b"{}")])
    assert played.sent == len(before) + 1
    assert played.answered.reason_code == "ProcessingFailure"
    doubted = before not in ([], [answer(429)])
    assert played.answered.outcome_unknown is doubted


def test_a_processing_failure_of_any_other_call_says_nothing() -> None:
    played = play([answer(500, PROCESSING_FAILURE)] * 4, operation="capture_charge")
    with pytest.raises(OutcomeUnknown) as caught:
        played.answered.raise_for_status()
    assert not caught.value.retry_with_new_key


def test_a_soft_decline_after_a_doubt_does_not_allow_a_new_key() -> None:
    declined = answer(422, b'{"reasonCode":"SoftDeclined"}')
    cases: list[tuple[list[AttemptResult], bool]] = [
        ([declined], True),
        ([LOST, declined], False),
    ]
    for script, allowed in cases:
        played = play(script)
        with pytest.raises(APIError) as caught:
            played.answered.raise_for_status()
        assert caught.value.retry_with_new_key is allowed


def test_an_empty_success_is_whole_where_the_api_sends_one() -> None:
    assert not play([answer(200, b"")], "state", empty_answer=True).outcome_unknown
    assert play([answer(200, b"<p>")], "state", empty_answer=True).outcome_unknown


def test_attempts_are_counted_and_then_it_ends() -> None:
    played = play([LOST] * 4)
    assert played.sent == 4
    assert played.error is not None
    assert played.error.attempts == 4
    assert played.error.idempotency_key == "key-1"
    assert played.error.outcome_unknown
    assert isinstance(played.error, ConnectionLost)


def test_the_last_answer_is_returned_when_attempts_run_out() -> None:
    played = play([answer(503)] * 2, retry=Retry(attempts=2))
    assert played.answered.status_code == 503
    assert played.answered.outcome_unknown


def test_pauses_double_up_to_the_cap() -> None:
    retry = Retry(attempts=6, base=1.0, cap=5.0)
    assert play([answer(503)] * 6, retry=retry).waits == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_great_number_of_attempts_does_not_overflow_the_pause() -> None:
    retry = Retry(attempts=2000, base=0.001, cap=0.01)
    assert len(play([answer(503)] * 2000, retry=retry).waits) == 1999


def test_retry_after_is_honoured_when_it_asks_for_more() -> None:
    played = play([answer(429, retry_after="7"), answer(200)])
    assert played.waits == [7.0]


def test_a_pause_beyond_the_deadline_ends_the_call() -> None:
    played = play([answer(429, retry_after="61"), answer(200)])
    assert played.sent == 1
    assert played.answered.status_code == 429


@pytest.mark.parametrize(("seconds", "sent"), [(58, 2), (59, 1), (60, 1)])
def test_a_repeat_needs_a_second_before_the_deadline(seconds: int, sent: int) -> None:
    played = play([answer(429, retry_after=f"{seconds}"), answer(200)], deadline=60.0)
    assert played.sent == sent


def test_nothing_is_sent_when_a_pause_has_lasted_until_the_deadline() -> None:
    script: list[AttemptResult] = [LOST, answer(200)]
    assert play(script, retry=Retry(base=1.0), overslept=58.9).sent == 2
    assert play(script, retry=Retry(base=1.0), overslept=59.0).sent == 1


@pytest.mark.parametrize("first", [LOST, answer(503)])
def test_a_pause_may_take_all_of_the_time_for_pauses(first: AttemptResult) -> None:
    played = play([first, answer(200)], retry=Retry(base=1.0), pause_within=1.0)
    assert played.waits == [1.0]


@pytest.mark.parametrize(("within", "takes"), [(0.5, 0.0), (3.0, 2.5), (3.0, 9.0)])
def test_without_time_for_a_pause_only_a_failure_is_repeated_and_at_once(
    within: float, takes: float
) -> None:
    options: dict[str, Any] = {"pause_within": within, "each_takes": takes}
    played = play([LOST, answer(200)], retry=Retry(base=1.0), **options)
    assert (played.sent, played.waits) == (2, [0.0])
    played = play([answer(503), answer(200)], retry=Retry(base=1.0), **options)
    assert (played.sent, played.waits) == (1, [])


def test_an_exception_is_told_of_the_doubt_once_and_of_a_read_never() -> None:
    error = KeyboardInterrupt()
    note_unknown(error, call("read"))
    assert not hasattr(error, "__notes__")
    for _ in range(2):
        note_unknown(error, call("key"))
    (note,) = error.__notes__
    assert note.startswith("create_charge: the outcome is unknown")


def test_a_random_pause_lies_between_nothing_and_its_limit() -> None:
    pauses = [jitter(0.001) for _ in range(50)]
    assert min(pauses) >= 0.0
    assert max(pauses) <= 0.001
    assert len(set(pauses)) > 1


def test_all_attempts_share_the_deadline() -> None:
    played = play([LOST] * 4, each_takes=25.0)
    assert played.sent == 3


def test_elapsed_counts_the_waits_too() -> None:
    played = play([answer(503), answer(200)], retry=Retry(base=2.0), each_takes=1.0)
    assert played.answered.elapsed.total_seconds() == 4.0


def test_retry_after_as_a_date_is_measured_from_the_servers_own_clock() -> None:
    headers = {
        "retry-after": "Tue, 24 Nov 2026 10:00:30 GMT",
        "date": "Tue, 24 Nov 2026 10:00:00 GMT",
    }
    assert retry_after(headers) == 30.0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": "soon"},
        {"retry-after": "-1"},
        {"retry-after": "٣"},
        {"retry-after": "Tue, 24 Nov 2026 10:00:30 GMT"},
        {
            "retry-after": "Tue, 24 Nov 2026 09:00:00 GMT",
            "date": "Tue, 24 Nov 2026 10:00:00 GMT",
        },
        {
            "retry-after": "Tue, 24 Nov 2026 10:00:30 GMT",
            "date": "Tue, 24 Nov 2026 10:00:00 -0000",
        },
    ],
)
def test_a_retry_after_that_says_nothing_is_no_pause(headers: dict[str, str]) -> None:
    assert retry_after(headers) == 0.0


STRANGE_DATES = [
    "Tue, 24 Nov 99999999999999 10:00:00 GMT",
    "Tue, 24 Nov 99999 10:00:00 GMT",
    "Tue, 24 Nov 0000 10:00:00 GMT",
    "Tue, 24 Nov 2026 10:00:00 +99999999999999999999",
    "Tue, 24 Nov 2026 10:00:00 -9999",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Tue, 24 Nov 2026 99999999999999999999:00:00 GMT",
    "Tue, 99999999999999999999 Nov 2026 10:00:00 GMT",
    "Tue, 24 Nov 2026 10:00:00 -0000",
    "9" * 5000,
    ",",
]


@pytest.mark.parametrize("strange", STRANGE_DATES)
def test_no_date_of_a_server_is_too_strange_for_a_call(strange: str) -> None:
    sane = "Tue, 24 Nov 2026 10:00:00 GMT"
    assert retry_after({"retry-after": strange, "date": sane}) >= 0.0
    assert retry_after({"retry-after": sane, "date": strange}) >= 0.0
    refusal = date_refusal(5)
    headers = {**refusal.headers, "date": strange}
    played = play([replace(refusal, headers=headers), answer(200)])
    with pytest.raises(BadRequest):
        played.answered.raise_for_status()


@pytest.mark.parametrize("digits", [16, 400, 5000])
def test_a_wait_of_many_digits_ends_the_call(digits: int) -> None:
    played = play([answer(429, retry_after="9" * digits), answer(200)])
    assert played.waits == []
    assert played.answered.status_code == 429


outcomes = st.one_of(
    st.just(REFUSED),
    st.just(LOST),
    st.builds(
        answer,
        st.sampled_from([200, 201, 202, 400, 404, 408, 422, 425, 429, 500, 502, 503]),
        st.sampled_from([b"{}", b"", b"<html>", json.dumps({"a": 1}).encode()]),
    ),
)


def _in_doubt(outcome: AttemptResult) -> bool:
    """Tell by the rule of the docs, written apart, whether an attempt is in doubt."""
    if isinstance(outcome, Failure):
        return outcome.sent
    if 200 <= outcome.status < 300:
        return not outcome.content.startswith(b"{")
    return outcome.status in {408, 425} or outcome.status >= 500


@given(
    st.lists(outcomes, min_size=10, max_size=10),
    st.sampled_from(ACTING),
    st.integers(min_value=1, max_value=10),
)
def test_the_account_of_doubt_holds_for_any_run_of_outcomes(
    script: list[AttemptResult], repeat: Repeat, attempts: int
) -> None:
    retry = Retry(attempts=attempts, base=0.0)
    played = play(script, repeat, retry)
    seen = script[: played.sent]
    last = seen[-1]
    settled = (
        isinstance(last, Answer) and 200 <= last.status < 300 and not _in_doubt(last)
    )
    assert played.outcome_unknown is (not settled and any(map(_in_doubt, seen)))
    assert played.sent <= attempts
    if repeat == "once":
        assert all(outcome == REFUSED for outcome in seen[:-1])


# What is told -----------------------------------------------------------------------


def test_a_response_tells_its_key_its_time_and_what_is_known() -> None:
    played = play([answer(503), answer(422)], each_takes=2.0, retry=Retry(base=1.0))
    response = played.answered
    assert response.idempotency_key == "key-1"
    assert response.operation == "create_charge"
    assert response.elapsed == timedelta(seconds=5)
    assert response.outcome_unknown is True
    certain = play([answer(422)]).answered
    assert certain.outcome_unknown is False


@pytest.mark.parametrize(
    ("failure", "consequence"),
    [
        (LOST, "the outcome is unknown: repeat only with the same idempotency_key"),
        (REFUSED, "nothing was carried out"),
    ],
)
def test_an_error_tells_the_call_the_reason_and_the_consequence(
    failure: Failure, consequence: str
) -> None:
    cause = OSError("below")
    error = play([replace(failure, cause=cause)], retry=Retry(attempts=1)).error
    assert error is not None
    assert str(error).startswith(f"create_charge: {failure.reason} (attempts 1); ")
    assert consequence in str(error)
    assert error.operation == "create_charge"
    assert error.__cause__ is cause


@pytest.mark.parametrize(
    ("deadline", "left", "sent"),
    [
        (60.0, 1.1, 2),
        (60.0, 0.9, 1),
        (60.0, 0.001, 1),
        (600.0, 0.9, 1),
        (10.0, 0.3, 2),
        (10.0, 0.1, 1),
        (0.5, 0.02, 2),
        (0.5, 0.001, 1),
    ],
)
@pytest.mark.parametrize("first", [answer(429), REFUSED])
def test_no_repeat_begins_that_could_not_be_answered(
    first: AttemptResult, deadline: float, left: float, sent: int
) -> None:
    pause = Retry(base=deadline - left, cap=deadline)
    played = play([first, answer(201)], retry=pause, deadline=deadline)
    assert played.sent == sent
    assert not played.outcome_unknown


def steps_of(time: Time) -> Any:
    runtime = Runtime(time, ClockOffset(lambda _: None), lambda limit: limit)
    return exchange(call("key"), Retry(attempts=9), 60.0, runtime, attempt)


def test_a_pause_that_takes_too_long_leaves_the_answer_before_it() -> None:
    time = ScriptedTime()
    steps = steps_of(time)
    assert isinstance(next(steps), Send)
    assert isinstance(steps.send(answer(429)), Wait)
    time.sleep(61)
    with pytest.raises(StopIteration) as ended:
        steps.send(None)
    assert ended.value.value.status_code == 429


@pytest.mark.parametrize(
    ("before", "noted"),
    [
        ([], False),
        ([answer(429)], False),
        ([answer(429), None], False),
        ([answer(503)], True),
        ([answer(503), None], True),
        ([answer(503), None, answer(429), None], True),
    ],
)
def test_what_interrupts_a_call_is_told_that_an_earlier_attempt_may_have_worked(
    before: list[AttemptResult | None], noted: bool
) -> None:
    steps = steps_of(ScriptedTime())
    next(steps)
    for outcome in before:
        steps.send(outcome)
    with pytest.raises(KeyboardInterrupt) as caught:
        steps.throw(KeyboardInterrupt())
    assert bool(getattr(caught.value, "__notes__", [])) is noted


def test_no_attempt_begins_at_the_deadline() -> None:
    one_second = Retry(base=1.0)
    assert play([answer(503)] * 4, retry=one_second, deadline=3.0).sent == 2
    assert play([answer(503)] * 4, retry=one_second, deadline=3.1).sent == 3


def test_pauses_without_back_off_take_no_time() -> None:
    assert play([LOST, answer(200)], retry=Retry(base=0.0)).waits == [0.0]


async def test_pauses_that_are_skipped_add_up() -> None:
    time = InstantClock()
    begun = time.now()
    time.sleep(100.0)
    time.sleep(50.0)
    await time.asleep(25.0)
    await time.asleep(5.0)
    assert 180.0 <= time.now() - begun < 200.0


async def test_a_real_pause_of_nothing_passes() -> None:
    Time().sleep(0.0)
    await Time().asleep(0.0)


def test_the_system_clock_is_told_in_utc() -> None:
    assert Time().utc().tzinfo is UTC


def test_a_clock_that_is_fifteen_minutes_fast_is_corrected_just_so() -> None:
    offset = ClockOffset(lambda _: None)
    assert offset.learn(timedelta(minutes=15), now=0.0)
    assert not offset.learn(timedelta(minutes=15, seconds=1), now=0.0)


# Dates --------------------------------------------------------------------------------


def date_refusal(lead: float, **changes: str | None) -> Answer:
    """Refuse a date as Amazon does, with a clock that is `lead` seconds behind."""
    headers: dict[str, str | None] = {
        "x-amz-pay-request-id": "r-1",
        "date": format_datetime(NOON - timedelta(seconds=lead), usegmt=True),
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    body = {
        "reasonCode": "InvalidHeaderValue",
        "message": "The value 20260101T120005Z provided for x-amz-pay-date should not"
        " be in future",
    }
    kept = {name: value for name, value in headers.items() if value is not None}
    return Answer(400, kept, json.dumps(body).encode())


@pytest.mark.parametrize("repeat", CLASSES)
def test_a_date_that_was_too_early_is_set_back_and_sent_again_at_once(
    repeat: Repeat,
) -> None:
    played = play([date_refusal(5), answer(200)], repeat)
    assert played.sent == 2
    assert played.waits == []
    assert played.answered.ok
    assert not played.outcome_unknown
    assert played.offset.correction(START) == timedelta(seconds=7)


def test_a_date_is_corrected_once_in_a_call() -> None:
    played = play([date_refusal(5), date_refusal(5)])
    assert played.sent == 2
    assert played.answered.status_code == 400


def test_a_repeat_for_the_date_comes_on_top_of_the_attempts() -> None:
    played = play([date_refusal(1), answer(503)], retry=Retry(attempts=1))
    assert played.sent == 2


def test_a_date_is_not_corrected_after_the_deadline() -> None:
    assert play([date_refusal(5)], deadline=1, each_takes=1).sent == 1


def test_an_earlier_doubt_stays_when_a_date_is_corrected() -> None:
    played = play([LOST, date_refusal(8), answer(422)])
    assert played.sent == 3
    assert played.outcome_unknown


@pytest.mark.parametrize(
    "refusal",
    [
        date_refusal(5, x_amz_pay_request_id=None),
        date_refusal(5, age="3"),
        date_refusal(5, date=None),
        date_refusal(5, date="yesterday"),
        date_refusal(-2),
        date_refusal(901),
        Answer(400, date_refusal(5).headers, b'{"reasonCode":"InvalidHeaderValue"}'),
        Answer(403, date_refusal(5).headers, date_refusal(5).content),
    ],
)
def test_what_does_not_tell_amazons_time_corrects_nothing(refusal: Answer) -> None:
    played = play([refusal])
    assert played.sent == 1
    assert played.offset.correction(0.0) == timedelta(0)
    assert played.warnings == []


@pytest.mark.parametrize(
    ("lead", "way"), [(1000, "17 minutes ahead of"), (-3600, "60 minutes behind")]
)
def test_a_clock_that_is_far_off_is_said_to_be_wrong(lead: float, way: str) -> None:
    response = play([date_refusal(lead)]).answered
    with pytest.raises(ClockWrong, match=f"{way} Amazon's; set it") as caught:
        response.raise_for_status()
    assert caught.value.lead == timedelta(seconds=lead)


def test_a_clock_that_is_a_little_slow_is_an_ordinary_refusal() -> None:
    response = play([date_refusal(-30)]).answered
    with pytest.raises(BadRequest) as caught:
        response.raise_for_status()
    assert not isinstance(caught.value, ClockWrong)


def test_a_doubt_is_said_before_a_wrong_clock() -> None:
    response = play([LOST, date_refusal(5000)]).answered
    with pytest.raises(OutcomeUnknown):
        response.raise_for_status()


def test_a_correction_lasts_ten_minutes() -> None:
    offset = play([date_refusal(5), answer(200)]).offset
    assert offset.correction(START + 599.9) == timedelta(seconds=7)
    assert offset.correction(START + 600.0) == timedelta(0)


def test_one_warning_is_given_while_a_correction_lasts() -> None:
    warnings: list[timedelta] = []
    offset = ClockOffset(warnings.append)
    assert offset.learn(timedelta(seconds=3), now=0.0)
    assert offset.learn(timedelta(seconds=4), now=5.0)
    assert offset.correction(6.0) == timedelta(seconds=6)
    assert warnings == [timedelta(seconds=3)]


def test_a_date_refusal_that_says_nothing_forgets_the_correction() -> None:
    offset = ClockOffset(lambda _: None)
    offset.learn(timedelta(seconds=3), now=0.0)
    assert not offset.learn(None, now=1.0)
    assert offset.correction(2.0) == timedelta(0)


@given(st.floats(-10_000, 10_000))
def test_a_date_is_never_set_forward(lead: float) -> None:
    offset = ClockOffset(lambda _: None)
    offset.learn(timedelta(seconds=lead), now=0.0)
    assert timedelta(0) <= offset.correction(1.0) <= timedelta(seconds=902)
