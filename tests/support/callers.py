"""Both kinds of client at a simulated Amazon Pay, as a test's parameter."""

from __future__ import annotations

import inspect
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from AmazonPay import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from simulated import Shop


@dataclass(frozen=True, slots=True)
class Caller:
    """One kind of client at a shop's simulator, called by the names of its methods."""

    shop: Shop
    awaits: bool
    auth_token: str | None = None

    def __call__(self, name: str, *args: Any, **arguments: Any) -> Any:
        """Call a method, and give what it returns."""
        if not self.awaits:
            with self.shop.client() as client:
                called = client.with_options(auth_token=self.auth_token)
                return getattr(called, name)(*args, **arguments)

        async def main() -> Any:
            async with self.shop.async_client() as client:
                called = client.with_options(auth_token=self.auth_token)
                return await getattr(called, name)(*args, **arguments)

        return anyio.run(main)

    def iterate(self, name: str, *args: Any, **arguments: Any) -> list[Any]:
        """Call a method that iterates, to its end."""
        if not self.awaits:
            with self.shop.client() as client:
                return list(getattr(client, name)(*args, **arguments))

        async def main() -> list[Any]:
            async with self.shop.async_client() as client:
                found = getattr(client, name)(*args, **arguments)
                return [item async for item in found]

        return anyio.run(main)


on_both_clients = pytest.mark.parametrize(
    "awaits", [False, True], ids=["blocking", "awaiting"]
)

# A test of both clients, the second one on both event loops.
on_all_clients = pytest.mark.parametrize(
    ("kind", "anyio_backend"),
    [(Client, "asyncio"), (AsyncClient, "asyncio"), (AsyncClient, "trio")],
    ids=["blocking", "asyncio", "trio"],
)


async def result(given: Any) -> Any:
    """Await what an awaiting client has returned; a blocking one is through with it."""
    return await given if inspect.isawaitable(given) else given


@asynccontextmanager
async def closing(client: Any) -> AsyncGenerator[Any]:
    """Close a client of either kind at the end."""
    try:
        yield client
    finally:
        close = client.close if isinstance(client, Client) else client.aclose
        await result(close())


async def collected(given: Any) -> list[Any]:
    """List what a client iterates over."""
    if hasattr(given, "__aiter__"):
        return [item async for item in given]
    return list(given)


# A test of both event loops; the others run in asyncio's (`anyio_backend` in conftest).
on_both_loops = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
