"""The circuit breaker: as a table, as a value, and on both clients in memory."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay import (
    AsyncClient,
    Breaker,
    CertificateRefused,
    CircuitOpen,
    Client,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    HeldBack,
    Response,
    Retry,
    SigningFailed,
    TimedOut,
)
from AmazonPay._core.call import Call
from AmazonPay._core.clock import Time
from AmazonPay._core.operation import operations_of
from AmazonPay._core.steps import Wait
from AmazonPay.breaker import TRANSITIONS, BreakerState, CircuitBreaker, Event, event_of
from AmazonPay.resources import Operations
from callers import on_both_loops
from keys import KEY

ROOT = Path(__file__).parents[2]
ONCE = Retry(attempts=1, wait=False)
TWICE = Breaker(failures=2, within=60.0, open_for=30.0)
PROBE = "GET /checkoutSessions/00000000-0000-0000-0000-000000000000"
CREATE = "POST /checkoutSessions"
# What comes from outside; a circuit counts and looks at the clock by itself.
EVENTS: list[Event] = [
    "a probe leaves",
    "a read is answered",
    "a call is answered",
    "a call fails",
]


class Peer:
    """An in-memory Amazon that is up or down, and tells what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.reason = ""
        self.seen: list[str] = []
        self.timeouts: list[float] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(f"{request.method} {request.url.path.removeprefix('/v2')}")
        self.timeouts.append(request.extensions["timeout"]["read"])
        if self.status == 0:
            raise httpx2.ConnectError("down")
        return httpx2.Response(self.status, json={"reasonCode": self.reason})


def client_for(peer: Peer, **options: Any) -> Client:
    options = {"retry": ONCE, "breaker": TWICE, **options}
    transport = httpx2.MockTransport(peer)
    return Client("SANDBOX-A", KEY, "us", transport=transport, **options)


def async_client_for(peer: Peer, **options: Any) -> AsyncClient:
    options = {"retry": ONCE, "breaker": TWICE, **options}
    transport = httpx2.MockTransport(peer)
    return AsyncClient("SANDBOX-A", KEY, "us", transport=transport, **options)


def opened(peer: Peer, **options: Any) -> Client:
    """Make a client whose breaker has just opened."""
    client = client_for(peer, **options)
    peer.status = 503
    for _ in range(2):
        client.get_charge("C1")
    peer.seen.clear()
    return client


# The parameters -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"failures": 0},
        {"failures": True},
        {"failures": 2.0},
        {"within": 0},
        {"within": "1"},
        {"open_for": -1},
        {"open_for": float("inf")},
    ],
)
def test_a_breaker_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Breaker(**wrong)


def test_a_client_takes_nothing_but_a_breaker() -> None:
    with pytest.raises(ConfigurationError, match="takes a Breaker"):
        client_for(Peer(), breaker=True)


# The table ----------------------------------------------------------------------------


def test_the_docs_draw_the_table() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    row = r"^\| (closed|open|half-open|probing) \| (.*) \| (.*) \|$"
    drawn = re.findall(row, page, re.MULTILINE)
    assert drawn == [(*key, to) for key, to in TRANSITIONS.items()]


def test_failures_in_a_row_open_it() -> None:
    standing = BreakerState(Breaker(failures=3, within=10.0))
    for now in (0.0, 5.0):
        standing = standing.after("a call fails", now)
        assert standing.state == "closed"
    assert standing.after("a call fails", 10.0).state == "open"


def test_failures_too_far_apart_do_not() -> None:
    standing = BreakerState(Breaker(failures=3, within=10.0))
    for now in (0.0, 5.0, 10.1, 15.2):
        standing = standing.after("a call fails", now)
        assert standing.state == "closed"
    assert standing.after("a call fails", 15.3).state == "open"


@pytest.mark.parametrize("answered", ["a read is answered", "a call is answered"])
def test_an_answer_between_failures_begins_the_row_anew(answered: Event) -> None:
    standing = BreakerState(TWICE)
    events: list[Event] = ["a call fails", answered, "a call fails", answered]
    for event in events:
        standing = standing.after(event, 0.0)
    assert standing == BreakerState(TWICE)


def test_an_open_one_is_half_open_after_its_time() -> None:
    standing = BreakerState(TWICE, "open", 100.0)
    assert standing.at(129.9).state == "open"
    assert standing.at(130.0).state == "half-open"


def test_a_probe_that_was_never_answered_gives_way_to_another() -> None:
    standing = BreakerState(TWICE, "half-open", 100.0).after("a probe leaves", 100.0)
    assert standing.at(129.9).state == "probing"
    assert standing.at(130.0).state == "half-open"


@given(st.lists(st.tuples(st.floats(0.0, 40.0), st.sampled_from(EVENTS)), max_size=60))
def test_no_state_changes_but_by_the_table(script: list[tuple[float, Event]]) -> None:
    reachable = {(state, to) for (state, _), to in TRANSITIONS.items()}
    standing, now = BreakerState(TWICE), 0.0
    for pause, event in script:
        now += pause
        rested = standing.at(now)
        turned = rested.after(event, now)
        for before, after in ((standing, rested), (rested, turned)):
            assert (
                before.state == after.state or (before.state, after.state) in reachable
            )
        if standing.state == "open":
            assert turned.state == "open" or now - standing.since >= TWICE.open_for
        standing = turned


@given(st.lists(st.tuples(st.floats(0.0, 40.0), st.booleans()), max_size=40))
def test_it_opens_only_on_a_full_row_of_failures(
    script: list[tuple[float, bool]],
) -> None:
    standing, now, row = BreakerState(TWICE), 0.0, list[float]()
    for pause, fails in script:
        now += pause
        row = [*row, now] if fails else []
        event: Event = "a call fails" if fails else "a call is answered"
        standing = standing.after(event, now)
        full = len(row) >= TWICE.failures and now - row[-TWICE.failures] <= TWICE.within
        assert (standing.state == "open") == full
        if full:
            return


# What counts --------------------------------------------------------------------------


def ended(
    status: int, reason: str | None = None, *, content: bytes | None = None
) -> Response[Any]:
    body = b"{}" if reason is None else json.dumps({"reasonCode": reason}).encode()
    body = body if content is None else content
    return Response(status, {}, body, operation="x", idempotency_key=None, attempts=1)


def call(method: str = "POST", operation: str = "create_charge") -> Call:
    return Call(
        operation=operation,
        method=method,
        route="/x",
        path="/x",
        body=b"{}",
        idempotency_key="k",
        repeat="read" if method == "GET" else "key",
    )


@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 409, 422])
def test_any_answer_that_amazon_means_counts_as_an_answer(status: int) -> None:
    assert event_of(call(), ended(status)) == "a call is answered"
    assert event_of(call("GET"), ended(status)) == "a read is answered"


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_an_answer_of_a_broken_server_counts_as_a_failure(status: int) -> None:
    assert event_of(call(), ended(status, "InternalServerError")) == "a call fails"


def test_a_success_that_cannot_be_read_counts_as_a_failure() -> None:
    assert event_of(call(), ended(200, content=b"<html>")) == "a call fails"


def test_a_processing_failure_does_not_count() -> None:
    assert event_of(call(), ended(500, "ProcessingFailure")) is None


@pytest.mark.parametrize("status", [425, 429])
def test_too_many_and_too_early_count_for_nothing(status: int) -> None:
    assert event_of(call(), ended(status)) is None


@pytest.mark.parametrize(
    "error", [ConnectionFailed, CertificateRefused, TimedOut, ConnectionLost]
)
def test_no_answer_counts_as_a_failure(error: Any) -> None:
    assert event_of(call(), error("x")) == "a call fails"


@pytest.mark.parametrize("error", [SigningFailed, HeldBack, CircuitOpen])
def test_what_never_left_says_nothing_of_amazon(error: Any) -> None:
    assert event_of(call(), error("x")) is None


# Both clients -------------------------------------------------------------------------


def test_without_a_breaker_every_checkout_is_tried() -> None:
    peer = Peer()
    client = client_for(peer, breaker=None)
    peer.status = 503
    for _ in range(20):
        client.create_checkout_session({})
    assert client.available
    assert len(peer.seen) == 20


def test_an_open_breaker_refuses_a_checkout_before_anything_is_sent() -> None:
    peer = Peer()
    client = opened(peer)
    assert not client.available
    with pytest.raises(CircuitOpen, match="nothing was sent") as caught:
        client.create_checkout_session({}, idempotency_key="visit-1")
    assert peer.seen == []
    assert not caught.value.outcome_unknown
    assert caught.value.attempts == 0
    assert caught.value.idempotency_key == "visit-1"


OTHERS = [
    pytest.param(operation, id=name)
    for name, operation in operations_of(Operations).items()
    if name != "create_checkout_session"
]


@pytest.mark.parametrize("operation", OTHERS)
def test_an_open_breaker_lets_every_other_operation_pass(operation: Any) -> None:
    peer = Peer()
    client = opened(peer)
    required = [
        {} if name == "body" else "X1"
        for name, parameter in operation.signature.parameters.items()
        if name != "self" and parameter.default is parameter.empty
    ]
    client.send(operation.build(tuple(required), {}))
    assert len(peer.seen) == 1


def test_a_request_of_your_own_passes_too() -> None:
    peer = Peer()
    opened(peer).request("POST", "/checkoutSessions", {})
    assert peer.seen == [CREATE]


def test_a_failure_counts_once_for_all_repeats_of_a_call() -> None:
    peer = Peer()
    client = client_for(peer, retry=Retry(attempts=4, base=0.0))
    peer.status = 503
    client.get_charge("C1")
    assert len(peer.seen) == 4
    assert client.available


def test_a_read_of_yours_closes_it_after_its_time() -> None:
    peer = Peer()
    client = opened(peer)
    client.perform(Wait(30.0))
    peer.status = 404
    client.get_charge("C1")
    client.create_checkout_session({})
    assert peer.seen == ["GET /charges/C1", CREATE]


def test_a_read_before_its_time_does_not() -> None:
    peer = Peer()
    client = opened(peer)
    peer.status = 200
    client.get_charge("C1")
    assert not client.available
    with pytest.raises(CircuitOpen):
        client.create_checkout_session({})


def test_a_call_that_acts_does_not_close_it() -> None:
    peer = Peer()
    client = opened(peer)
    client.perform(Wait(30.0))
    peer.status = 200
    client.create_charge({})
    client.create_checkout_session({})
    assert peer.seen == ["POST /charges", PROBE, CREATE]


def test_a_checkout_after_its_time_is_preceded_by_a_probe() -> None:
    peer = Peer()
    client = opened(peer)
    client.perform(Wait(30.0))
    assert client.available
    peer.status = 404
    client.create_checkout_session({})
    client.create_checkout_session({})
    assert peer.seen == [PROBE, CREATE, CREATE]


@pytest.mark.parametrize("status", [0, 503, 429])
def test_a_checkout_is_refused_when_its_probe_is_not_answered(status: int) -> None:
    peer = Peer()
    client = opened(peer, retry=Retry(attempts=4, base=0.0, wait=False))
    client.perform(Wait(30.0))
    peer.status = status
    for _ in range(3):
        with pytest.raises(CircuitOpen):
            client.create_checkout_session({})
    assert peer.seen == [PROBE]
    assert not client.available
    client.perform(Wait(30.0))
    assert client.available


@pytest.mark.parametrize(("deadline", "most"), [(8.0, 4.0), (100.0, 10.0)])
def test_a_probe_takes_a_part_of_the_deadline_and_ten_seconds_at_most(
    deadline: float, most: float
) -> None:
    peer = Peer()
    client = opened(peer, deadline=deadline)
    client.perform(Wait(30.0))
    peer.status = 200
    peer.timeouts.clear()
    client.with_options(timeout=60.0).create_checkout_session({})
    probe, create = peer.timeouts
    assert probe <= most < create <= deadline


@pytest.mark.parametrize("kind", ["blocking", "awaiting"])
def test_the_time_of_a_probe_is_the_calls(kind: str) -> None:
    peer, waits = Peer(), [0.0]
    clock = time.monotonic

    def slow(request: httpx2.Request) -> httpx2.Response:
        answer = peer(request)
        waits[0] += 3.0  # every answer takes that long
        return answer

    transport = httpx2.MockTransport(slow)
    given: dict[str, Any] = {"transport": transport, "retry": ONCE, "breaker": TWICE}
    given |= {"deadline": 8.0, "timeout": 60.0}

    async def main() -> None:
        client = AsyncClient("SANDBOX-A", KEY, "us", **given)
        for _ in range(2):
            await client.get_charge("C1")
        await client.perform(Wait(30.0))
        peer.status = 200
        await client.create_checkout_session({})

    def block() -> None:
        client = Client("SANDBOX-A", KEY, "us", **given)
        for _ in range(2):
            client.get_charge("C1")
        client.perform(Wait(30.0))
        peer.status = 200
        client.create_checkout_session({})

    peer.status = 503
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Time, "now", lambda _: clock() + waits[0])
        if kind == "blocking":
            block()
        else:
            anyio.run(main)
    assert peer.seen[-2:] == [PROBE, CREATE]
    assert peer.timeouts[-1] <= 5.0


def test_a_probe_does_not_raise_for_its_status() -> None:
    peer = Peer()
    client = opened(peer).with_options(raise_for_status=True)
    client.perform(Wait(30.0))
    peer.status = 404
    with pytest.raises(Exception, match="create_checkout_session: 404"):
        client.create_checkout_session({})


def test_views_share_it() -> None:
    peer = Peer()
    client = client_for(peer)
    peer.status = 503
    client.get_charge("C1")
    client.with_options(deadline=5).get_charge("C1")
    assert not client.available
    assert not client.with_options(deadline=5).available


def test_clients_do_not_share_it() -> None:
    opened(Peer())
    assert client_for(Peer()).available


def test_of_many_threads_one_makes_the_probe() -> None:
    peer, inside, go = Peer(), threading.Event(), threading.Event()

    def answer(request: httpx2.Request) -> httpx2.Response:
        response = peer(request)
        if request.method == "GET" and peer.status == 200:
            inside.set()
            assert go.wait(60)
        return response

    transport = httpx2.MockTransport(answer)
    client = Client(
        "SANDBOX-A", KEY, "us", transport=transport, retry=ONCE, breaker=TWICE
    )
    peer.status = 503
    for _ in range(2):
        client.get_charge("C1")
    client.perform(Wait(30.0))
    peer.status = 200
    peer.seen.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.create_checkout_session, {})
        assert inside.wait(60)
        for _ in range(5):
            with pytest.raises(CircuitOpen):
                client.create_checkout_session({})
        go.set()
        assert first.result().ok
    assert peer.seen == [PROBE, CREATE]


def test_no_failure_is_lost_among_threads() -> None:
    circuit = CircuitBreaker(Breaker(failures=400, within=60.0))
    with ThreadPoolExecutor(8) as pool:
        for _ in range(400):
            pool.submit(circuit.record, call(), ended(503), 0.0)
    assert not circuit.available(0.0)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_that_is_forked_in_mid_count_goes_on() -> None:
    code = """
        import os
        from AmazonPay import Breaker, ConnectionFailed
        from AmazonPay.breaker import PROBE, CircuitBreaker

        circuit = CircuitBreaker(Breaker(failures=1))

        circuit._apply("a call is answered", 0.0)
        with circuit._locks[os.getpid()]:
            child = os.fork()
            if child == 0:
                circuit.record(PROBE, ConnectionFailed("x"), 0.0)
                os._exit(0 if not circuit.available(0.0) else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert circuit.available(0.0)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    subprocess.run(command, check=True, timeout=60)


def test_a_closed_client_says_so_and_not_that_amazon_is_down() -> None:
    client = opened(Peer())
    client.close()
    with pytest.raises(ClientClosed):
        client.create_checkout_session({})


def test_the_log_tells_when_it_opens_and_closes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    peer = Peer()
    with caplog.at_level(logging.INFO, logger="AmazonPay"):
        client = opened(peer)
        with pytest.raises(CircuitOpen):
            client.create_checkout_session({})
        client.perform(Wait(30.0))
        peer.status = 200
        client.create_checkout_session({})
    lines = [(one.levelname, one.getMessage()) for one in caplog.records]
    told = [line for line in lines if "circuit" in line[1] or "CircuitOpen" in line[1]]
    assert told == [
        ("WARNING", "the circuit breaker is open: a call fails"),
        (
            "WARNING",
            "create_checkout_session POST /checkoutSessions: CircuitOpen, attempts 0",
        ),
        ("INFO", "the circuit breaker is probing: a probe leaves"),
        ("INFO", "the circuit breaker is closed: a read is answered"),
    ]


@on_both_loops
async def test_the_async_client_refuses_probes_and_goes_on() -> None:
    peer = Peer()

    client = async_client_for(peer)
    peer.status = 503
    for _ in range(2):
        await client.get_charge("C1")
    peer.seen.clear()
    assert not client.available
    with pytest.raises(CircuitOpen):
        await client.create_checkout_session({})
    await client.perform(Wait(30.0))
    peer.status = 0
    with pytest.raises(CircuitOpen):
        await client.create_checkout_session({})
    await client.perform(Wait(30.0))
    peer.status = 200
    assert (await client.create_checkout_session({})).ok
    assert peer.seen == [PROBE, PROBE, CREATE]
    assert client.available
