"""One attempt on a transport in memory: how long it may last."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from AmazonPay._core.retry import Failure
from AmazonPay._http import send
from AmazonPay.errors import TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Give the attempt a clock that starts at 100.0 and moves as a test says."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(send, "time", SimpleNamespace(monotonic=lambda: clock.now))

    def moves(now: float) -> None:
        clock.now = now

    return moves


def test_a_body_may_arrive_until_the_deadline_and_no_later(
    moves: Callable[[float], None],
) -> None:
    body = send._Body(ends_at=110.0)  # noqa: SLF001 - no attempt in memory lasts so long
    assert body.add(b"a") is None
    moves(110.0)
    assert body.add(b"b") is None
    moves(110.001)
    late = body.add(b"c")
    assert isinstance(late, Failure)
    assert (late.error, late.sent, late.final) == (TimedOut, True, False)
