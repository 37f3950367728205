"""The views for notifications, in the real frameworks but without a socket."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import flask
import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from AmazonPay.contrib.flask import ipn_blueprint
from AmazonPay.contrib.starlette import ipn_route
from AmazonPay.ipn import respond
from forgeries import GENUINE, body
from ipn_views import HEADERS, POSTS, Kept, verifier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from AmazonPay.ipn import Verifier


def ask_flask(
    chosen: Verifier, inbox: Kept, data: bytes, method: str, headers: dict[str, str]
) -> int:
    app = flask.Flask("shop")
    app.register_blueprint(ipn_blueprint(chosen, inbox, url="/hooks/ipn"))
    client = app.test_client()
    sent = client.open("/hooks/ipn", method=method, data=data, headers=headers)
    return sent.status_code


def ask_asgi(
    app: Any, data: bytes, method: str, headers: dict[str, str], *, chunked: bool
) -> int:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 100_000):
            yield data[start : start + 100_000]

    async def send() -> int:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport) as client:
            content = pieces() if chunked else data
            answer = await client.request(
                method, "http://shop/hooks/ipn", content=content, headers=headers
            )
            return answer.status_code

    return asyncio.run(send())


def ask_starlette(
    chosen: Verifier, inbox: Kept, data: bytes, method: str, headers: dict[str, str]
) -> int:
    app = Starlette(routes=[ipn_route(chosen, inbox, "/hooks/ipn")])
    return ask_asgi(app, data, method, headers, chunked=True)


def ask_fastapi(
    chosen: Verifier, inbox: Kept, data: bytes, method: str, headers: dict[str, str]
) -> int:
    app = FastAPI()
    app.routes.append(ipn_route(chosen, inbox, "/hooks/ipn"))
    return ask_asgi(app, data, method, headers, chunked=False)


@pytest.fixture(params=[ask_flask, ask_starlette, ask_fastapi])
def ask(request: pytest.FixtureRequest) -> Callable[..., int]:
    chosen: Callable[..., int] = request.param
    return chosen


@pytest.mark.parametrize("post", POSTS)
def test_each_post_has_its_answer(ask: Callable[..., int], post: str) -> None:
    data, unfetched, unkept, status = POSTS[post]
    inbox = Kept(unkept)
    assert ask(verifier(unfetched), inbox, data, "POST", HEADERS) == status
    assert len(inbox.notifications) == (status == 200)


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/plain", "application/json", "application/x-www-form-urlencoded"),
        *("multipart/form-data; boundary=x", "application/octet-stream"),
    ],
)
def test_any_content_type_is_taken(ask: Callable[..., int], content_type: str) -> None:
    headers = {**HEADERS, "content-type": content_type}
    assert ask(verifier(), Kept(), body(GENUINE), "POST", headers) == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_posts_are_taken(ask: Callable[..., int], method: str) -> None:
    inbox = Kept()
    assert ask(verifier(), inbox, body(GENUINE), method, HEADERS) == 405
    assert inbox.notifications == []


def test_a_refusal_is_logged_without_a_value(caplog: pytest.LogCaptureFixture) -> None:
    forged = body({**GENUINE, "Message": "canary", "Extra": "canary"})
    assert respond(verifier(), Kept(), forged) == 403
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "canary" not in record.getMessage()


def test_what_another_inbox_raises_is_its_own() -> None:
    with pytest.raises(LookupError):
        respond(verifier(), Kept(LookupError()), body(GENUINE))
