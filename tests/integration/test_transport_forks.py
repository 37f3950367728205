"""No parent and child share a connection; real sockets and forks."""

from __future__ import annotations

import asyncio
import os

import httpx2
import pytest

from AmazonPay import AsyncClient, Client, ClientClosed
from forks import forked
from keys import KEY
from loopback import serving
from real_calls import options

needs_fork = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="this system has no fork"
)


@needs_fork
def test_a_given_transport_is_not_used_in_a_forked_child() -> None:
    closed: list[int] = []

    class Given(httpx2.MockTransport):
        def close(self) -> None:
            closed.append(os.getpid())

    transport = Given(lambda _: httpx2.Response(200, json={}))
    client = Client("SANDBOX-A", KEY, "us", transport=transport)

    def child() -> None:
        with pytest.raises(ClientClosed, match="fork"):
            client.get_charge("C1")
        with pytest.raises(ClientClosed, match="fork"):
            client.with_options(timeout=1).create_charge({})
        client.close()
        assert closed == []

    assert client.get_charge("C1").ok
    assert forked(child) == 0
    assert client.get_charge("C1").ok
    client.close()
    assert closed == [os.getpid()]


@needs_fork
def test_a_given_awaited_transport_is_not_used_in_a_forked_child() -> None:
    closed: list[int] = []

    class Given(httpx2.MockTransport):
        async def aclose(self) -> None:
            closed.append(os.getpid())

    transport = Given(lambda _: httpx2.Response(200, json={}))
    client = AsyncClient("SANDBOX-A", KEY, "us", transport=transport)

    async def in_child() -> None:
        with pytest.raises(ClientClosed, match="fork"):
            await client.get_charge("C1")
        await client.aclose()
        assert closed == []

    async def in_parent() -> None:
        assert (await client.get_charge("C1")).ok
        await client.aclose()

    assert forked(lambda: asyncio.run(in_child())) == 0
    asyncio.run(in_parent())
    assert closed == [os.getpid()]


@needs_fork
@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_a_child_forked_from_a_running_loop_leaves_its_connection_alone() -> None:
    with serving() as server:
        async with AsyncClient("SANDBOX-A", **options(server)) as client:
            assert (await client.get_charge("C1")).ok
            connections = client._calls.shared.connections  # noqa: SLF001 - the child runs no loop
            mine = connections.current()

            def child() -> None:
                assert connections.current() is not mine

            assert forked(child) == 0
            assert connections.current() is mine
            assert (await client.get_charge("C1")).ok
        assert server.connections == 1
