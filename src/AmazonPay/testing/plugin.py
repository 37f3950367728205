"""Fixtures for pytest, there once the package is installed beside it.

| fixture | what it is |
|---|---|
| `amazon_pay` | a simulator in memory, whose clock stands still |
| `amazon_pay_client`, `amazon_pay_async_client` | clients of it, without a socket |
| `amazon_pay_server` | the same simulator behind a socket; sets `AMAZON_PAY_…` |
| `amazon_pay_journal` | an empty journal for the exactly-once helpers |
| `amazon_pay_inbox` | an inbox that receives its notifications |

`@pytest.mark.amazon_pay(region="de", profile="hostile")` takes the arguments of
`AmazonPay.testing.amazon_pay`. Nothing heavy is imported before a fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from . import _registry
from ._extras import loaded

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from ..client import AsyncClient, Client
    from ..contrib.sqlalchemy import SQLAlchemyInbox
    from ..journal import SQLiteJournal
    from ._local import AmazonPayServer, LocalAmazonPay

_MARKER = (
    "amazon_pay(region=…, ledger_currency=…, profile=…, settings=…, start=…, seed=…):"
    " the Amazon Pay of a test, see AmazonPay.testing.amazon_pay"
)


@pytest.fixture
def amazon_pay(request: pytest.FixtureRequest) -> Iterator[LocalAmazonPay]:
    """Return a simulator of Amazon Pay in memory, for this test alone.

    Its clock stands still; `advance(days=…)` moves it. A connection to the real Amazon
    Pay fails the test.
    """
    marker = request.node.get_closest_marker("amazon_pay")
    options: dict[str, Any] = {} if marker is None else dict(marker.kwargs)
    with loaded("AmazonPay.testing._local").amazon_pay(**options) as local:
        yield local


@pytest.fixture
def amazon_pay_client(amazon_pay: LocalAmazonPay) -> Iterator[Client]:
    """Return a `Client` of `amazon_pay`, in memory; its pauses pass at once."""
    with amazon_pay.client() as client:
        yield client


@pytest.fixture
def amazon_pay_async_client(amazon_pay: LocalAmazonPay) -> AsyncClient:
    """Return an `AsyncClient` of `amazon_pay`, in memory, for any event loop."""
    return amazon_pay.async_client()


@pytest.fixture
def amazon_pay_server(amazon_pay: LocalAmazonPay) -> Iterator[AmazonPayServer]:
    """Serve `amazon_pay` on a socket of this machine; `.url` is its address.

    `AMAZON_PAY_…` are set during the test, so that `Client.from_env()` reaches it.
    """
    with amazon_pay.served() as server:
        yield server


@pytest.fixture
def amazon_pay_journal(amazon_pay: LocalAmazonPay) -> SQLiteJournal:
    """Return an empty journal for this test alone."""
    return amazon_pay.journal()


@pytest.fixture
def amazon_pay_inbox(amazon_pay: LocalAmazonPay) -> SQLAlchemyInbox:
    """Return an empty inbox that receives the notifications of `amazon_pay`."""
    return amazon_pay.inbox()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Begin each test without the stories of earlier ones."""
    _registry.begin_test()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Fail a test that has reached for the real Amazon Pay and caught the error."""
    try:
        result = yield
    except BaseException:
        _registry.take_reached()
        raise
    for host in _registry.take_reached():
        from ._guard import RealHostReached

        raise RealHostReached(host)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """Add the last rows of the story to the report of a test that fails."""
    report = yield
    if report.failed:
        report.sections += [("Amazon Pay", one.report()) for one in _registry.opened]
    return report
