"""One transport for each process or event loop, and the settings of TLS and proxy.

Clients use httpx2 transports without httpx2's own client, because an API call needs no
cookies, redirects or authentication hooks.
"""

from __future__ import annotations

import os
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypedDict, TypeVar, Unpack

import httpx2

from .._core.checks import check_type
from ..errors import ClientClosed, ConfigurationError
from .loops import LoopConnections, running_loop
from .proxies import proxy_for
from .transports import AsyncPoolTransport, PoolTransport
from .trust import tls_context

if TYPE_CHECKING:
    from .._core.config import Endpoint
    from .trust import Verify

_T = TypeVar("_T")


class _Settings(TypedDict):
    """The parameters of `Client` for its own transports."""

    verify: Verify | None
    proxy: str | None
    trust_env: bool


def transport_options(
    endpoint: Endpoint, *, verify: Verify | None, proxy: str | None, trust_env: bool
) -> dict[str, Any]:
    """Return the options of a client's own transports, from its parameters.

    The environment is read here, once for each client.

    Raises:
        ConfigurationError: `verify`, `proxy` or the environment cannot be used.
    """
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


class _Transports(Generic[_T]):
    """The transports of a client: one that the caller passed, or its own ones.

    A fork must not share sockets. So only the process that was given a transport may
    use it.
    """

    _KIND: ClassVar[type]

    def __init__(
        self,
        endpoint: Endpoint,
        transport: _T | None,
        **settings: Unpack[_Settings],
    ) -> None:
        example = f"an httpx2.{self._KIND.__name__}"
        check_type("transport", transport, self._KIND, example, optional=True)
        if transport is None:
            self._options = transport_options(endpoint, **settings)
        elif settings["verify"] is not None or settings["proxy"] is not None:
            raise ConfigurationError(
                "verify and proxy are the transport's own: give them to the one you"
                " pass as transport"
            )
        self._given = transport
        self._process = _this_process
        self._closed = False

    def check_open(self) -> None:
        """Check that something can be sent.

        Raises:
            ClientClosed: the client is closed, or the caller's transport belongs to the
                process that this one was forked from.
        """
        if self._closed:
            raise ClientClosed("this client is closed; build a new one")
        if self._given is not None and self._process is not _this_process:
            raise ClientClosed(
                "the transport of this client belongs to the process that this one was"
                " forked from: build transport and client after the fork"
            )


class Connections(_Transports[httpx2.BaseTransport]):
    """Blocking transports, one for each process."""

    _KIND = httpx2.BaseTransport

    def __init__(
        self,
        endpoint: Endpoint,
        transport: httpx2.BaseTransport | None,
        **settings: Unpack[_Settings],
    ) -> None:
        super().__init__(endpoint, transport, **settings)
        # A child keeps, but never touches, the transports of its parent.
        self._by_process: dict[_Process, httpx2.BaseTransport] = {}
        # The sockets of a client that nobody closes are closed with it.
        weakref.finalize(self, _close_own, self._by_process)

    def current(self) -> httpx2.BaseTransport:
        """Return this process's transport; threads share it."""
        self.check_open()
        if self._given is not None:
            return self._given
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
            if self._given is not None and self._process is _this_process:
                self._given.close()


def _close_own(by_process: dict[_Process, httpx2.BaseTransport]) -> None:
    """Close this process's transport; that of a parent process stays open."""
    # pragma: no mutate block - a finalizer, which mutmut's call stack does not survive
    own = by_process.pop(_this_process, None)
    if own is not None:
        own.close()


class AsyncConnections(_Transports[httpx2.AsyncBaseTransport]):
    """Awaiting transports: one for each event loop of each process."""

    _KIND = httpx2.AsyncBaseTransport

    def __init__(
        self,
        endpoint: Endpoint,
        transport: httpx2.AsyncBaseTransport | None,
        **settings: Unpack[_Settings],
    ) -> None:
        super().__init__(endpoint, transport, **settings)
        # A forked child may continue on its parent's event loop. If it closed a
        # connection of the parent, the parent's loop would stop watching it. So a child
        # never touches the connections of its parent.
        self._by_loop: dict[tuple[object, _Process], LoopConnections] = {}

    def current(self) -> httpx2.AsyncBaseTransport:
        """Return the transport of the running event loop."""
        self.check_open()
        if self._given is not None:
            return self._given
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
        """Close the sockets of event loops that were closed and left them open."""
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
            if self._process is _this_process:
                await self._given.aclose()
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
