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
        """Call a client's method by its name, and return its result."""
        return anyio.run(self._call, result, name, args, arguments)

    def iterate(self, name: str, *args: Any, **arguments: Any) -> list[Any]:
        """Call a method that iterates, to its end."""
        found: list[Any] = anyio.run(self._call, collected, name, args, arguments)
        return found

    async def _call(self, end: Any, name: str, args: Any, arguments: Any) -> Any:
        kind = AsyncClient if self.awaits else Client
        async with closing(self.shop.client_of(kind)) as client:
            called = client.with_options(auth_token=self.auth_token)
            return await end(getattr(called, name)(*args, **arguments))


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
    """Return a client's result: await a coroutine, and pass on anything else."""
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
