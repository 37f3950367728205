"""No test reaches beyond this machine: an audit hook that fails the test that tries."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

import pytest

# Each event of the interpreter, and which of its arguments names the peer.
EVENTS = {
    "socket.bind": 1,
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyname_ex": 0,
}


def is_local(peer: Any) -> bool:
    """Return whether an address or a name belongs to this machine."""
    host = peer[0] if isinstance(peer, tuple) else peer
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if host is None or host == "localhost" or (host and host[0] in "/\0"):
        return True  # the last is a Unix socket
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    place = EVENTS.get(event)
    if place is not None and not is_local(arguments[place]):
        pytest.fail(f"{event} beyond this machine: {arguments[place]!r}")


def stand() -> None:
    """Guard this process for as long as it lives."""
    sys.addaudithook(_hook)
