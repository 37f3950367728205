"""While a test uses the simulator, it cannot reach the real Amazon Pay."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from .._http import transports
from . import _registry

if TYPE_CHECKING:
    from collections.abc import Generator

_AMAZON_PAY: Final = re.compile(
    r"(?:.+\.)?(?:pay-api|payments|pay)(?:-sandbox)?\.amazon(?:\.[a-z]{2,3}){1,2}"
    r"|(?:.+\.)?payments-amazon(?:\.[a-z]{2,3}){1,2}"
)

# Events of the interpreter, and which of their arguments names the peer.
_EVENTS: Final = {
    "socket.connect": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyname_ex": 0,
}

_watchers: list[object] = []


class RealHostReached(AssertionError):  # noqa: N818 - named by what happened
    """A test has tried to connect to the real Amazon Pay; nothing was sent."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"this test reached for the real Amazon Pay, {host}; nothing was sent."
            " Let the shop use amazon_pay_client, or Client.from_env() under"
            " amazon_pay_server"
        )
        self.host = host


def is_amazon_pay(host: object) -> bool:
    """Return whether a host, as text or bytes, is one of Amazon Pay's."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    return (
        isinstance(name, str)
        and _AMAZON_PAY.fullmatch(name.lower().rstrip(".")) is not None
    )


def check_host(host: object) -> None:
    """Raise `RealHostReached` for a host of Amazon Pay inside a `watching()` block."""
    if _watchers and is_amazon_pay(host):
        name = host.decode() if isinstance(host, bytes) else str(host)
        _registry.reached.append(name)
        raise RealHostReached(name)


def on_event(event: str, arguments: tuple[Any, ...]) -> None:
    """Check the peer of an event of the interpreter; this is an audit hook."""
    place = _EVENTS.get(event)
    if place is not None and _watchers:
        peer: object = arguments[place]
        if isinstance(peer, tuple):  # host and port
            peer = cast("tuple[object, ...]", peer)[0]
        check_host(peer)


@cache
def _install() -> None:
    """Watch this process; a hook of the interpreter cannot be taken away again."""
    sys.addaudithook(on_event)
    # By a proxy, the interpreter sees the host of the proxy alone.
    transports.ON_REQUEST.append(check_host)


@contextmanager
def watching() -> Generator[None]:
    """Refuse connections to the real Amazon Pay inside the block, and fail the block.

    Raises:
        RealHostReached: a connection was tried, and the code in the block has caught
            the error that it got.
    """
    _install()
    watcher = object()
    _watchers.append(watcher)
    try:
        yield
    except BaseException:
        _registry.take_reached()
        raise
    finally:
        _watchers.remove(watcher)
    # A shop may have caught what was raised.
    for host in _registry.take_reached():
        raise RealHostReached(host)
