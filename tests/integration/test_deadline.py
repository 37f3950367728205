"""A peer that drips, hangs or never ends outlives no deadline; real sockets."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import ConnectionFailed, TimedOut
from loopback import read_request, serving
from real_calls import (
    CLIENTS,
    CONTEXT,
    DRIPS,
    UNLIMITED,
    blocking,
    dripping,
    over_tls,
    raised,
    until_asked,
)

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from loopback import Server

pytestmark = pytest.mark.process


def timed_out(
    asked: threading.Event, call: Callable[..., Any], server: Server, **options: Any
) -> TimedOut:
    """Return how a call fails that nothing but its deadline ends."""

    def act(deadline: float) -> Exception:
        limits = {"deadline": deadline, "timeout": UNLIMITED}
        return raised(lambda: call(server, **limits, **options))

    error = until_asked(asked, act)
    assert isinstance(error, TimedOut)
    return error


@CLIENTS
@pytest.mark.parametrize("context", [None, CONTEXT], ids=["plain", "tls"])
@pytest.mark.parametrize("drip", DRIPS)
def test_a_peer_that_drips_does_not_hold_a_call_beyond_its_deadline(
    drip: str, context: ssl.SSLContext | None, call: Callable[..., Any]
) -> None:
    asked = threading.Event()
    with dripping(*DRIPS[drip], context, asked) as server:
        error = timed_out(asked, call, server)
    assert error.outcome_unknown
    assert error.attempts == 1


@CLIENTS
def test_informational_answers_at_full_speed_end_with_the_deadline(
    call: Callable[..., Any],
) -> None:
    asked = threading.Event()

    def speak(peer: socket.socket) -> None:
        if read_request(peer):
            asked.set()
        for _ in range(1_000_000):
            peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    with serving(speak) as server:
        assert timed_out(asked, call, server).outcome_unknown


@CLIENTS
def test_a_peer_that_drips_its_tls_ends_with_the_deadline_and_nothing_was_sent(
    call: Callable[..., Any],
) -> None:
    done = threading.Event()

    def speak(peer: socket.socket) -> None:
        peer.recv(65536)
        # The head of a record of 16 KiB, which never comes to its end.
        peer.sendall(b"\x16\x03\x03\x40\x00")
        while not done.wait(0.01):
            peer.sendall(b"\x02")

    with serving(speak) as server:
        with pytest.raises(ConnectionFailed) as caught:
            call(server, deadline=0.3, timeout=5, **over_tls(server))
        done.set()
    assert not caught.value.outcome_unknown


@CLIENTS
def test_a_peer_that_takes_no_bytes_ends_with_the_deadline(
    call: Callable[..., Any],
) -> None:
    asked, done = threading.Event(), threading.Event()

    def speak(peer: socket.socket) -> None:
        if peer.recv(1):
            asked.set()
        done.wait(60)

    with serving(speak) as server:
        large = "x" * 12_000_000
        error = timed_out(asked, call, server, integrator_id=large)
        done.set()
    assert error.outcome_unknown


def test_the_time_that_a_signer_takes_is_a_part_of_the_deadline() -> None:
    def sign(message: bytes) -> bytes:
        del message
        threading.Event().wait(0.6)
        return b"signature"

    with serving() as server:
        with pytest.raises(TimedOut) as caught:
            blocking(server, private_key=None, signer=sign, deadline=0.5, timeout=5)
        # With no time left, nothing is sent, and nothing is unknown.
        assert not caught.value.outcome_unknown
        assert server.connections == 0


@CLIENTS
def test_a_peer_that_says_nothing_does_not_hold_a_call_without_time_outs(
    call: Callable[..., Any],
) -> None:
    asked = threading.Event()
    with dripping(b"", itertools.repeat(b""), None, asked) as server:
        assert timed_out(asked, call, server).outcome_unknown


@CLIENTS
def test_the_longest_time_that_is_taken_is_one_that_sockets_take(
    call: Callable[..., Any],
) -> None:
    with serving() as server:
        assert call(server, deadline=1_000_000, timeout=1_000_000).ok
