"""The lowest versions of every dependency still carry the main job."""

from __future__ import annotations

import httpx2
from cryptography.hazmat.primitives.asymmetric import rsa

from AmazonPay import Client, Retry

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_a_call_is_signed_sent_repeated_and_read() -> None:
    answers = [httpx2.Response(503), httpx2.Response(201, json={"chargeId": "C1"})]
    sent: list[httpx2.Request] = []

    def peer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return answers.pop(0)

    client = Client(
        "SANDBOX-A",
        KEY,
        "us",
        transport=httpx2.MockTransport(peer),
        retry=Retry(base=0),
    )
    assert client.create_charge({}).json()["chargeId"] == "C1"
    assert sent[0].headers["authorization"].startswith("AMZN-PAY-RSASSA-PSS ")
