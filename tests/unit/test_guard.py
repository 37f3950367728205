"""The guard of the tests' own rule: nothing leaves this machine."""

from __future__ import annotations

import socket

import pytest

import guard


def test_a_connection_beyond_this_machine_fails_the_test() -> None:
    with socket.socket() as peer, pytest.raises(pytest.fail.Exception):
        peer.connect(("192.0.2.1", 443))


def test_a_look_up_of_a_name_fails_the_test() -> None:
    with pytest.raises(pytest.fail.Exception):
        socket.getaddrinfo("pay-api.amazon.com", 443)


def test_listening_to_other_machines_fails_the_test() -> None:
    with socket.socket() as listener, pytest.raises(pytest.fail.Exception):
        listener.bind(("0.0.0.0", 0))  # noqa: S104 - it is refused


@pytest.mark.parametrize(
    "peer",
    ["localhost", b"localhost", None, ("127.0.0.1", 80), ("::1", 80, 0, 0), "/run/x"],
)
def test_this_machine_is_allowed(peer: object) -> None:
    assert guard.is_local(peer)
