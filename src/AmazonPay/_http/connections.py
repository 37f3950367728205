"""One transport for each process or event loop, and the settings of TLS and proxy.

Clients use httpx2 transports without httpx2's own client, because an API call needs no
cookies, redirects or authentication hooks.
"""

from __future__ import annotations

import os
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..errors import ClientClosed, ConfigurationError
from .loops import LoopConnections, running_loop
from .proxies import proxy_for
from .transports import AsyncPoolTransport, PoolTransport
from .trust import tls_context

if TYPE_CHECKING:
    import httpx2

    from .._core.config import Endpoint
    from .trust import Verify

_T = TypeVar("_T")


def transport_options(
    endpoint: Endpoint,
    *,
    verify: Verify | None,
    proxy: str | None,
    trust_env: bool,
    given: bool = False,
) -> dict[str, Any]:
    """Return the options of this client's transports; empty if one was `given`.

    The environment is read here, once for each client.

    Raises:
        ConfigurationError: `verify`, `proxy` or the environment cannot be used.
    """
    if given:
        if verify is not None or proxy is not None:
            raise ConfigurationError(
                "verify and proxy are the transport's own: give them to the one you"
                " pass as transport"
            )
        return {}
    chosen = proxy_for(endpoint, proxy, trust_env=trust_env)
    return {"verify": tls_context(verify, trust_env=trust_env), "proxy": chosen}


class _Process:
    """The identity of this process; a forked child gets a new one."""


_this_process = _Process()


def _mark_child() -> None:
    global _this_process  # noqa: PLW0603 - the state of a process
    _this_process = _Process()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mark_child)


class _CallersTransport(Generic[_T]):
    """A transport that the caller passed; only the process that got it may use it."""

    def __init__(self, transport: _T) -> None:
        self._transport = transport
        self._process = _this_process

    @property
    def is_inherited(self) -> bool:
        """Whether this process was forked after the transport was passed."""
        return self._process is not _this_process

    def current(self) -> _T:
        """Return the transport.

        Raises:
            ClientClosed: this process is a fork, which must not share its connections.
        """
        if self.is_inherited:
            raise ClientClosed(
                "the transport of this client belongs to the process that this one was"
                " forked from: build transport and client after the fork"
            )
        return self._transport


class Connections:
    """Blocking transports, one for each process: a fork must not share sockets."""

    def __init__(
        self, options: dict[str, Any], given: httpx2.BaseTransport | None
    ) -> None:
        self._options = options
        self._given = None if given is None else _CallersTransport(given)
        # A child keeps, but never touches, the transports of its parent.
        self._by_process: dict[_Process, httpx2.BaseTransport] = {}
        self._closed = False
        # The sockets of a client that nobody closes are closed with it.
        weakref.finalize(self, _close_own, self._by_process)

    def check_open(self) -> None:
        """Raise `ClientClosed` if nothing can be sent any longer."""
        if self._closed:
            raise ClientClosed("this client is closed; build a new one")
        if self._given is not None:
            self._given.current()

    def current(self) -> httpx2.BaseTransport:
        """Return this process's transport; threads share it."""
        if self._closed:
            raise ClientClosed("this client is closed; build a new one")
        if self._given is not None:
            return self._given.current()
        found = self._by_process.get(_this_process)
        if found is None:
            # setdefault is atomic, so there is no lock that a fork could copy locked.
            made = PoolTransport(**self._options)
            found = self._by_process.setdefault(_this_process, made)
        return found

    def close(self) -> None:
        """Close this process's connections, and the caller's own transport."""
        if not self._closed:
            self._closed = True
            _close_own(self._by_process)
            if self._given is not None and not self._given.is_inherited:
                self._given.current().close()


def _close_own(by_process: dict[_Process, httpx2.BaseTransport]) -> None:
    """Close this process's transport; that of a parent process stays open."""
    # pragma: no mutate block - a finalizer, which mutmut's call stack does not survive
    own = by_process.pop(_this_process, None)
    if own is not None:
        own.close()


class AsyncConnections:
    """Awaiting transports: one for each event loop of each process."""

    def __init__(
        self, options: dict[str, Any], given: httpx2.AsyncBaseTransport | None
    ) -> None:
        self._options = options
        self._given = None if given is None else _CallersTransport(given)
        # A forked child may continue on its parent's event loop. If it closed a
        # connection of the parent, the parent's loop would stop watching it. So a child
        # never touches the connections of its parent.
        self._by_loop: dict[tuple[object, _Process], LoopConnections] = {}
        self._closed = False

    def check_open(self) -> None:
        """Raise `ClientClosed` if nothing can be sent any longer."""
        if self._closed:
            raise ClientClosed("this client is closed; build a new one")
        if self._given is not None:
            self._given.current()

    def current(self) -> httpx2.AsyncBaseTransport:
        """Return the transport of the running event loop."""
        if self._closed:
            raise ClientClosed("this client is closed; build a new one")
        if self._given is not None:
            return self._given.current()
        here = running_loop(), _this_process
        found = self._by_loop.get(here)
        if found is None:
            self._drop_closed_loops()
            found = self._by_loop[here] = LoopConnections(
                here[0],
                AsyncPoolTransport(**self._options),
                partial(_forget, self._by_loop, here),
            )
        return found.transport

    def _drop_closed_loops(self) -> None:
        """Close what is left of loops that were closed; they cannot close it."""
        for place, connections in list(self._by_loop.items()):
            if connections.is_over and place[1] is _this_process:
                connections.drop()

    async def aclose(self) -> None:
        """Close the connections of all event loops, and the caller's own transport.

        Those of another loop are closed by that loop, soon, if it is running.
        """
        if self._closed:
            return
        self._closed = True
        if self._given is not None:
            if not self._given.is_inherited:
                await self._given.current().aclose()
            return
        here = running_loop()
        for place, connections in list(self._by_loop.items()):
            loop, process = place
            if process is not _this_process:
                continue
            if loop is here:
                await connections.aclose()
            else:
                connections.drop()


def _forget(
    by_loop: dict[tuple[object, _Process], LoopConnections],
    place: tuple[object, _Process],
) -> bool:
    """Remove the connections of a loop; return False if they are not this process's."""
    if place[1] is not _this_process:
        return False
    by_loop.pop(place, None)
    return True
