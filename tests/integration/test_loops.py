"""One `AsyncClient` in many event loops: their connections end with them."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

import loops_soak
from AmazonPay import AsyncClient, ClientClosed
from keys import KEY
from loopback import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def client_at(server: Server) -> AsyncClient:
    url = f"http://127.0.0.1:{server.port}"
    return AsyncClient("SANDBOX-A", KEY, "us", endpoint_url=url)


@pytest.mark.process
def test_a_client_keeps_no_descriptor_of_a_loop_that_is_over() -> None:
    assert loops_soak.main(2 * len(loops_soak.ENDINGS)) == []


def test_a_client_is_closed_in_another_loop_than_it_was_used_in(server: Server) -> None:
    client = client_at(server)
    used, over = threading.Event(), threading.Event()

    async def use() -> None:
        assert (await client.get_charge("C1")).ok
        used.set()
        await asyncio.to_thread(over.wait, 10)
        with pytest.raises(ClientClosed):
            await client.get_charge("C1")

    thread = threading.Thread(target=asyncio.run, args=(use(),))
    thread.start()
    assert used.wait(10)
    asyncio.run(client.aclose())
    over.set()
    thread.join()
    assert client._calls.shared.connections._by_loop == {}  # noqa: SLF001 - what is kept


def test_a_stopped_loop_keeps_no_connection_of_a_closed_client(server: Server) -> None:
    client, loop = client_at(server), asyncio.new_event_loop()
    loop.run_until_complete(client.get_charge("C1"))
    asyncio.run(client.aclose())
    assert client._calls.shared.connections._by_loop == {}  # noqa: SLF001 - what is kept
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def test_a_connection_is_kept_while_its_loop_goes_on(server: Server) -> None:
    client, loop = client_at(server), asyncio.new_event_loop()
    for _ in range(3):
        loop.run_until_complete(client.get_charge("C1"))
    assert server.connections == 1
    loop.run_until_complete(client.aclose())
    loop.close()


def test_a_client_that_nobody_closes_is_closed_with_its_loop(server: Server) -> None:
    async def main() -> None:
        client = client_at(server)
        assert (await client.get_charge("C1")).ok

    asyncio.run(main())
