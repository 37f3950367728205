"""`client.explain` compares Amazon's string to sign with the request that was sent."""

from __future__ import annotations

import json
import pickle
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from AmazonPay import AsyncClient, Client, InvalidRequest, InvalidSignature, Retry
from AmazonPay.simulator import Request, Simulator, merchant
from keys import KEY, OTHER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

BODY = {"chargePermissionId": "S01-C4n4ry", "note": "C4n4ry"}


def simulated(
    key: Any = KEY, change: Callable[[Request], Request] = lambda request: request
) -> httpx2.MockTransport:
    """Let a simulator that knows `key` answer, behind what changes requests."""
    simulator = Simulator([merchant("SANDBOX-A", key.public_key())])

    def handle(request: httpx2.Request) -> httpx2.Response:
        answer = simulator.handle(
            change(
                Request(
                    request.method,
                    request.url.raw_path.decode(),
                    tuple(request.headers.multi_items()),
                    request.content,
                )
            )
        )
        return httpx2.Response(
            answer.status, content=answer.body, headers=[*answer.headers]
        )

    return httpx2.MockTransport(handle)


def client_at(peer: httpx2.MockTransport, **options: Any) -> Client:
    return Client("SANDBOX-A", KEY, "us", transport=peer, **options)


def rewritten(request: Request) -> Request:
    """Write the body again, as a gateway may do."""
    body = json.dumps(json.loads(request.body)).encode()
    return Request(request.method, request.target, request.headers, body)


def without_environment(request: Request) -> Request:
    headers = tuple(
        (name, "eu" if name == "x-amz-pay-region" else value)
        for name, value in request.headers
    )
    return Request(request.method, request.target, headers, request.body)


def test_another_registered_key_is_named() -> None:
    client = client_at(simulated(OTHER_KEY))
    response = client.create_charge(BODY)
    assert response.status_code == 403
    assert client.explain(response).name == "key_registered"


@pytest.mark.parametrize(
    ("change", "name"),
    [(rewritten, "body_white_space"), (without_environment, "region_alias")],
)
def test_what_a_gateway_changed_is_named(
    change: Callable[[Request], Request], name: str
) -> None:
    client = client_at(simulated(change=change))
    explanation = client.explain(client.create_charge(BODY))
    assert explanation.name == "altered"
    assert name in explanation.cause
    assert explanation.difference is not None


def test_an_error_is_explained_like_its_response() -> None:
    client = client_at(simulated(OTHER_KEY), raise_for_status=True)
    with pytest.raises(InvalidSignature) as caught:
        client.get_charge("S01-1")
    assert client.explain(caught.value).name == "key_registered"
    assert "client.explain(error)" in caught.value.__notes__[0]


async def test_an_awaited_call_is_explained_too() -> None:
    peer = httpx2.MockTransport(simulated(OTHER_KEY).handler)

    async with AsyncClient("SANDBOX-A", KEY, "us", transport=peer) as client:
        response = await client.create_charge(BODY)
        assert client.explain(response).name == "key_registered"


def test_a_signer_without_a_key_is_compared_by_text() -> None:
    def sign(message: bytes) -> bytes:
        return sha256(message).digest() * 8

    client = Client("SANDBOX-A", signer=sign, region="us", transport=simulated())
    response = client.get_charge("S01-1")
    assert client.explain(response).name == "key_or_salt"
    explanation = client.explain(response, public_key=KEY.public_key())
    assert explanation.name == "key_unknown"


def test_a_second_key_of_the_client_is_told_apart() -> None:
    keys = [("SANDBOX-A", KEY), ("SANDBOX-B", OTHER_KEY)]
    client = Client(keys=keys, region="us", transport=simulated(OTHER_KEY))
    second = client.with_options(public_key_id="SANDBOX-B")
    assert second.get_charge("S01-1").reason_code == "InvalidHeaderValue"
    assert client.explain(client.get_charge("S01-1")).name == "key_registered"


def test_other_responses_keep_no_request_and_explain_nothing() -> None:
    client = client_at(simulated())
    response = client.get_charge("S01-1")
    assert response.status_code == 404
    assert response.refused_request is None
    with pytest.raises(InvalidRequest, match="nothing to explain"):
        client.explain(response)


def test_the_kept_request_is_neither_shown_nor_pickled() -> None:
    client = client_at(simulated(OTHER_KEY), retry=Retry(attempts=1))
    client = client.with_options(auth_token="C4n4ry")
    response = client.create_charge(BODY, idempotency_key="C4n4ry")
    assert b"C4n4ry" in response.refused_request.body
    with pytest.raises(InvalidSignature) as caught:
        response.raise_for_status()
    for shown in (response, response.refused_request, caught.value):
        assert "C4n4ry" not in repr(shown)
        assert "C4n4ry" not in str(shown)
    with pytest.raises(TypeError, match="a buyer's data"):
        pickle.dumps(response)
    restored = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert restored.response is None
