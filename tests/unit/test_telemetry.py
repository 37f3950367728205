"""One line of the log and one span for each call, made of what may be shown."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import opentelemetry.trace
import pytest
from opentelemetry.trace import SpanKind, StatusCode

import spans
from AmazonPay import AsyncClient, Client, ConnectionFailed, ConnectionLost, Retry
from keys import KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace import ReadableSpan

ID = "S01-0000000-0000000-C000000"


def answers(*script: httpx2.Response | Exception) -> httpx2.MockTransport:
    left = list(script)

    def peer(request: httpx2.Request) -> httpx2.Response:
        del request
        step = left.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    return httpx2.MockTransport(peer)


def client(*script: httpx2.Response | Exception, **options: Any) -> Client:
    retry = options.pop("retry", Retry(wait=False))
    transport = answers(*script)
    return Client("SANDBOX-A", KEY, "us", transport=transport, retry=retry, **options)


def ok(status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, json={}, headers={"x-amz-pay-request-id": "r-1"})


def refused(status: int, reason: str, **headers: str) -> httpx2.Response:
    body = {"reasonCode": reason, "message": "a text"}
    return httpx2.Response(status, json=body, headers=headers)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO, "AmazonPay")
    return lambda: [
        f"{record.levelname} {re.sub(r'[0-9.]+ s', '# s', record.getMessage())}"
        for record in caplog.records
    ]


# The log ------------------------------------------------------------------------------


def test_a_call_is_one_line(lines: Callable[[], list[str]]) -> None:
    client(ok()).get_charge(ID)
    assert lines() == [
        "INFO get_charge GET /charges/{charge_id}: 200, attempts 1, request id r-1, # s"
    ]


def test_a_refusal_shows_its_reason_and_not_amazons_text(
    lines: Callable[[], list[str]],
) -> None:
    client(refused(422, "HardDeclined")).create_charge({})
    assert lines() == [
        "INFO create_charge POST /charges: 422 HardDeclined, attempts 1, # s"
    ]


def test_an_unknown_outcome_is_a_warning(lines: Callable[[], list[str]]) -> None:
    lost = httpx2.ReadError("reset")
    client(lost, refused(422, "X")).create_charge({})
    assert lines() == [
        "WARNING create_charge POST /charges: 422 X, attempts 2, # s, outcome unknown"
    ]


def test_a_lost_call_is_a_warning_with_the_errors_name(
    lines: Callable[[], list[str]],
) -> None:
    lost = client(httpx2.ReadError("reset"), retry=Retry(attempts=1))
    with pytest.raises(ConnectionLost):
        lost.create_charge({})
    (line,) = lines()
    assert line == (
        "WARNING create_charge POST /charges: ConnectionLost, attempts 1,"
        " outcome unknown"
    )


def test_a_call_without_an_answer_is_a_warning_though_nothing_was_sent(
    lines: Callable[[], list[str]],
) -> None:
    with pytest.raises(ConnectionFailed):
        client(httpx2.ConnectError("x"), retry=Retry(attempts=1)).create_charge({})
    assert lines() == [
        "WARNING create_charge POST /charges: ConnectionFailed, attempts 1"
    ]


def test_a_code_that_looks_like_something_else_is_not_shown(
    lines: Callable[[], list[str]],
) -> None:
    strange = refused(400, "one line\nanother", **{"x-amz-pay-request-id": "a b"})
    response = client(strange).get_charge(ID)
    assert lines()[0].startswith(
        "INFO get_charge GET /charges/{charge_id}: 400 (not shown), attempts 1,"
        " request id (not shown)"
    )
    assert response.reason_code == "one line\nanother"
    assert repr(response) == "<Response get_charge 400 (not shown)>"


def test_facts_come_as_values_for_a_formatter(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "AmazonPay")
    client(refused(404, "ResourceNotFound")).get_charge(ID)
    facts = vars(caplog.records[0])["amazonpay"]
    assert {**facts, "seconds": ""} == {
        "operation": "get_charge",
        "method": "GET",
        "route": "/charges/{charge_id}",
        "attempts": 1,
        "outcome_unknown": False,
        "status": 404,
        "reason_code": "ResourceNotFound",
        "result": "404 ResourceNotFound",
        "seconds": "",
    }


def test_a_level_that_nobody_listens_to_costs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "AmazonPay")
    client(ok()).get_charge(ID)
    assert caplog.records == []


# Spans --------------------------------------------------------------------------------


def span_of(call: Callable[[], object]) -> ReadableSpan:
    spans.record()
    call()
    (span,) = spans.recorded()
    return span


def test_a_call_is_one_client_span_named_by_its_route() -> None:
    span = span_of(lambda: client(ok()).get_charge(ID))
    assert span.name == "GET /charges/{charge_id}"
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert dict(span.attributes or {}) == {
        "server.address": "pay-api.amazon.com",
        "server.port": 443,
        "url.scheme": "https",
        "url.template": "/charges/{charge_id}",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "amazonpay.operation": "get_charge",
        "amazonpay.request_id": "r-1",
        "amazonpay.outcome_unknown": False,
    }


def test_a_refusal_is_a_span_with_an_error() -> None:
    span = span_of(
        lambda: client(ok(503), refused(422, "SoftDeclined")).create_charge({})
    )
    attributes = dict(span.attributes or {})
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert attributes["error.type"] == "422"
    assert attributes["amazonpay.reason_code"] == "SoftDeclined"
    assert attributes["http.request.resend_count"] == 1
    assert attributes["amazonpay.outcome_unknown"] is True


def test_a_lost_call_is_a_span_with_the_errors_name_and_without_its_text() -> None:
    lost = client(httpx2.ReadError("reset"), retry=Retry(attempts=1))

    def call() -> None:
        with pytest.raises(ConnectionLost):
            lost.create_charge({})

    span = span_of(call)
    assert (span.attributes or {})["error.type"] == "ConnectionLost"
    assert span.status.status_code is StatusCode.ERROR
    assert not span.events


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_awaited_call_is_a_span_too(backend: str) -> None:
    async def main() -> None:
        transport = answers(ok())
        async with AsyncClient("SANDBOX-A", KEY, "us", transport=transport) as one:
            await one.get_charge(ID)

    assert span_of(lambda: anyio.run(main, backend=backend)).name.startswith("GET")


def test_a_span_is_the_child_of_the_callers_own() -> None:
    spans.record()
    tracer = opentelemetry.trace.get_tracer("shop")
    with tracer.start_as_current_span("order") as order:
        client(ok()).get_charge(ID)
    inner, _ = spans.recorded()
    assert inner.parent is not None
    assert inner.parent.span_id == order.get_span_context().span_id


def test_without_opentelemetry_a_call_is_made_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    spans.record()
    assert client(ok()).get_charge(ID).ok
    assert not spans.recorded()
