"""Declaring an operation: what is refused at import, and how values are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx2
import pytest

from AmazonPay import Client, InvalidRequest
from AmazonPay._core.operation import operation
from AmazonPay._core.parameters import encoded_query
from keys import KEY


def declared(method: str, template: str, repeat: Any, function: Any) -> Any:
    declare = operation(method, template, repeat=repeat, answers=(200,), page="x.html")
    return declare(function)


def read(self: Any, charge_id: str) -> Any:
    del self, charge_id


def act(self: Any, body: Any, *, idempotency_key: str | None = None) -> Any:
    del self, body, idempotency_key


@pytest.mark.parametrize(
    ("method", "template", "repeat", "function", "said"),
    [
        ("GET", "/charges/{id}", "read", read, "which are not parameters"),
        ("GET", "/charges/{charge_id}", "often", read, "is no repeat class"),
        ("POST", "/charges/{charge_id}", "key", read, "takes a key"),
        ("PATCH", "/charges", "state", act, "takes a key"),
    ],
)
def test_a_declaration_that_contradicts_itself_fails_at_import(
    method: str, template: str, repeat: str, function: Any, said: str
) -> None:
    with pytest.raises(TypeError, match=said):
        declared(method, template, repeat, function)


def test_a_declaration_tells_its_query_and_whether_a_body_is_needed() -> None:
    def search(self: Any, *, page_size: int | None = None) -> Any:
        del self, page_size

    def close(self: Any, body: Any = None) -> Any:
        del self, body

    assert declared("GET", "/x", "read", search).query_names == ("pageSize",)
    assert declared("DELETE", "/x", "state", close).body_optional
    assert not declared("POST", "/x", "key", act).body_optional


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "a=true"),
        (False, "a=false"),
        (5, "a=5"),
        (["x", "y"], "a=x%2Cy"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "a=20260102T030405Z"),
        (
            datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=9))),
            "a=20260101T180405Z",
        ),
        (datetime(20, 1, 2, tzinfo=UTC), "a=00200102T000000Z"),
        (None, ""),
    ],
)
def test_a_query_is_written_as_the_api_takes_it(value: object, written: str) -> None:
    assert encoded_query({"a": value}) == written


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 1, 2, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(InvalidRequest, match="needs a time zone"):
        encoded_query({"since": naive})


_EAST = timezone(timedelta(hours=14))


@pytest.mark.parametrize(
    "query",
    [
        *({"a": value} for value in (b"x", bytearray(b"x"), memoryview(b"x"))),
        *({"a": value} for value in ([b"x"], [["x"]], [None], {"x"}, 1.5)),
        *({"a": value} for value in (10**5000, -(10**5000), 2**64)),
        {"a": datetime.min.replace(tzinfo=_EAST)},
        *({name: "x"} for name in (b"a", 1, None)),
        *([("a", "x")], "a=x"),
    ],
    ids=range(17),
)
def test_what_is_no_query_is_refused(query: Any) -> None:
    with pytest.raises(InvalidRequest):
        encoded_query(query)


@pytest.mark.parametrize(
    "text", ["\ud800", "S01\udfff", "x" * 60_001, "é" * 20_000], ids=range(4)
)
def test_what_no_url_takes_is_refused_before_anything_is_sent(text: str) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json={}))
    client = Client("SANDBOX-A", KEY, "us", transport=transport)
    for refused in (
        lambda: client.get_charge(text),
        lambda: client.get_reports(next_token=text),
        lambda: client.request("GET", f"/charges/{text}"),
        lambda: client.request("GET", "/charges", query={"a": text}),
    ):
        with pytest.raises(InvalidRequest) as caught:
            refused()
        assert caught.value.__context__ is None


def test_the_longest_target_is_sent() -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json={}))
    client = Client("SANDBOX-A", KEY, "us", transport=transport)
    path = "/" + "x" * 59_000
    assert client.request("GET", path, query={"a": "b" * 900}).ok
