"""A peer that drips, hangs or never ends outlives no deadline; real sockets."""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import (
    ConnectionFailed,
    TimedOut,
    Timeout,
)
from loopback import read_request, serving
from real_calls import CLIENTS, CONTEXT, DRIPS, blocking, dripping, over_tls

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

pytestmark = pytest.mark.process


@CLIENTS
@pytest.mark.parametrize("context", [None, CONTEXT], ids=["plain", "tls"])
@pytest.mark.parametrize("drip", DRIPS)
def test_a_peer_that_drips_does_not_hold_a_call_beyond_its_deadline(
    drip: str, context: ssl.SSLContext | None, call: Callable[..., Any]
) -> None:
    with dripping(*DRIPS[drip], context) as server:
        started = time.monotonic()
        with pytest.raises(TimedOut) as caught:
            call(server, deadline=1, timeout=5)
        assert time.monotonic() - started < 5.3
    assert caught.value.outcome_unknown
    assert caught.value.attempts == 1


@CLIENTS
def test_informational_answers_at_full_speed_end_with_the_deadline(
    call: Callable[..., Any],
) -> None:
    def speak(peer: socket.socket) -> None:
        read_request(peer)
        while True:
            peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    with serving(speak) as server:
        started = time.monotonic()
        with pytest.raises(TimedOut):
            call(server, deadline=1, timeout=5)
        assert time.monotonic() - started < 3


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
    done = threading.Event()

    def speak(_: socket.socket) -> None:
        done.wait(10)

    with serving(speak) as server:
        large = {"integrator_id": "x" * 12_000_000}
        with pytest.raises(TimedOut) as caught:
            call(server, deadline=1.5, timeout=5, **large)
        done.set()
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("taken", [0.4, 0.6])
def test_the_time_that_a_signer_takes_is_a_part_of_the_deadline(taken: float) -> None:
    asked = threading.Event()

    def sign(message: bytes) -> bytes:
        del message
        threading.Event().wait(taken)
        return b"signature"

    def speak(peer: socket.socket) -> None:
        if read_request(peer):
            asked.set()
            peer.recv(1)

    with serving(speak) as server:
        started = time.monotonic()
        with pytest.raises(TimedOut) as caught:
            blocking(server, private_key=None, signer=sign, deadline=0.5, timeout=5)
        assert time.monotonic() - started < 3
    # With no time left, nothing is sent, and nothing is unknown.
    assert caught.value.outcome_unknown is (taken < 0.5)
    assert asked.is_set() is (taken < 0.5)


@CLIENTS
def test_time_outs_without_limit_are_the_deadlines(call: Callable[..., Any]) -> None:
    with dripping(b"", itertools.repeat(b""), None) as server:
        unlimited = Timeout(connect=None, read=None, write=None, pool=None)
        with pytest.raises(TimedOut):
            call(server, deadline=0.6, timeout=unlimited)


@CLIENTS
def test_the_longest_time_that_is_taken_is_one_that_sockets_take(
    call: Callable[..., Any],
) -> None:
    with serving() as server:
        assert call(server, deadline=1_000_000, timeout=1_000_000).ok
