"""The contenders of the name `AmazonPay`: our clients, and AmazonPayClient 2.0.1.

    python -m benchmarks.contenders NAME ACCESS

The interpreter decides which of the two packages is found. Each contender imports only
what it needs, for its start is measured, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.orders import CAPTURE, CHARGE, PUBLIC_KEY_ID, SESSION, charge_id
from benchmarks.worker import in_tasks, in_threads, work

if TYPE_CHECKING:
    from benchmarks.worker import Access, Batch

PEER_HOST = "pay-api.amazon.eu"


def _call(client: Any, number: int) -> Any:  # noqa: ANN401 - of either package
    if number % 2:
        return client.capture_charge(charge_id(number), CAPTURE)
    return client.create_charge(CHARGE)


def _ours(access: Access, kind: str) -> Any:  # noqa: ANN401 - either client
    import ssl

    import AmazonPay

    return getattr(AmazonPay, kind)(
        PUBLIC_KEY_ID,
        access.private_key,
        "eu",
        endpoint_url=f"https://localhost:{access.port}",
        verify=ssl.create_default_context(cafile=access.authority),
    )


def blocking(access: Access) -> Batch:
    """Call with `Client`."""
    client = _ours(access, "Client")
    return in_threads(lambda number: _call(client, number))


def awaiting(access: Access) -> Batch:
    """Call with `AsyncClient`."""
    client = _ours(access, "AsyncClient")
    return in_tasks(lambda number: _call(client, number))


def visits(access: Access) -> Batch:
    """Open a checkout and look at it, with `AsyncClient`: a load for the simulator."""
    client = _ours(access, "AsyncClient")

    async def visit(_: int) -> Any:  # noqa: ANN401 - a response
        opened = await client.create_checkout_session(SESSION)
        session = opened.raise_for_status().json()["checkoutSessionId"]
        return await client.get_checkout_session(session)

    return in_tasks(visit)


def peer(access: Access) -> Batch:
    """Call with the `Client` of 2.0.1, as it was published.

    Its hosts are written into it, without a port. This process alone resolves the one
    it calls to our server. Region `us` is a KeyError there, so the region is `eu`.
    """
    import socket

    from AmazonPay import Client  # type checkers see ours, which takes the same

    resolve = socket.getaddrinfo

    def here(host: object, _: object, *rest: Any) -> Any:  # noqa: ANN401 - as it came
        if host != PEER_HOST:
            raise AssertionError(f"the benchmark reaches for {host}")
        return resolve("127.0.0.1", access.port, *rest)

    socket.getaddrinfo = here  # type: ignore[assignment] # what urllib3 calls it with
    client = Client(PUBLIC_KEY_ID, access.private_key, "eu")
    return in_threads(lambda number: _call(client, number))


CONTENDERS = {
    "Client": blocking,
    "AsyncClient": awaiting,
    "visits": visits,
    "peer": peer,
}

if __name__ == "__main__":
    work(CONTENDERS)
