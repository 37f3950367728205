"""Steps of flows that need no transport, done by both kinds of clients."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from AmazonPay import ClientClosed, ConnectionFailed, SigningFailed
from AmazonPay._core.clock import InstantClock
from AmazonPay._core.config import endpoint_for
from AmazonPay._core.options import Options
from AmazonPay._core.retry import Failure
from AmazonPay._core.steps import Sign, TakeTurn, Transmit, Wait, now
from AmazonPay._http.perform import AsyncPerformer, Performer
from AmazonPay._signing.request_signer import SignerFailed
from AmazonPay.pacing import Bucket, Limit, RateLimits

CAUSE = ValueError("the module is locked")


class Broken:
    """A signer of the caller's that fails."""

    def sign(self, message: bytes) -> bytes:
        del message
        raise SignerFailed from CAUSE

    async def asign(self, message: bytes, time_left: float) -> bytes:
        del time_left
        return self.sign(message)


class Closed:
    """The connections of a closed client."""

    def current(self) -> object:
        raise ClientClosed("closed")


def perform(step: Any, *, awaits: bool, clock: InstantClock | None = None) -> object:
    connections: Any = Closed()
    endpoint = endpoint_for("SANDBOX-A", "us", None, None)
    given = (connections, clock or InstantClock(), Options(), endpoint)
    if awaits:
        return anyio.run(AsyncPerformer(*given).perform, step)
    return Performer(*given).perform(step)


BOTH = pytest.mark.parametrize("awaits", [False, True])


@BOTH
def test_a_signer_that_fails_has_sent_nothing_and_its_error_is_kept(
    *, awaits: bool
) -> None:
    signer: Any = Broken()
    assert perform(Sign(signer, b"m", 1.0), awaits=awaits) == Failure(
        SigningFailed, "the signer failed", sent=False, cause=CAUSE
    )


@BOTH
def test_a_client_that_was_closed_meanwhile_sends_nothing(*, awaits: bool) -> None:
    nothing: Any = None  # it is not looked at
    step = Transmit(nothing, nothing, nothing, 1.0)
    failure = perform(step, awaits=awaits)
    assert isinstance(failure, Failure)
    assert (failure.error, failure.sent, failure.final) == (
        ConnectionFailed,
        False,
        True,
    )


@BOTH
def test_a_pause_moves_the_clock_of_the_client(*, awaits: bool) -> None:
    clock = InstantClock()
    before = clock.now()
    perform(Wait(60.0), awaits=awaits, clock=clock)
    assert clock.now() - before >= 60.0
    step: Any = next(now())
    later = perform(step, awaits=awaits, clock=clock)
    assert isinstance(later, float)
    assert later - before >= 60.0


@BOTH
def test_a_turn_is_taken_from_the_bucket_of_the_step(*, awaits: bool) -> None:
    limits = RateLimits("sandbox")
    clock = InstantClock()

    def turn(bucket: Bucket) -> object:
        return perform(TakeTurn(limits, bucket), awaits=awaits, clock=clock)

    narrow, wide = Bucket("a", Limit(1, 1)), Bucket("b", Limit(2, 1))
    assert [turn(wide), turn(wide), turn(narrow)] == [0, 0, 0]
    waits = [turn(wide), turn(narrow)]
    assert all(isinstance(wait, float) and 0.5 < wait <= 1 for wait in waits)
