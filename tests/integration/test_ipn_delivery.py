"""Notifications over sockets: from a simulator to a shop, both on this machine."""

from __future__ import annotations

import queue
import re
import ssl
from typing import TYPE_CHECKING

import httpx2
import pytest

from AmazonPay import Client
from AmazonPay.__main__ import main
from AmazonPay.ipn import NotificationForged
from AmazonPay.simulator import HTTPListener, Request, delivering
from AmazonPay.simulator.server import serving as serving_simulator
from AmazonPay.testing import verifier_for
from loopback import read_request, serving, tls
from simulated import Shop
from simulating import simulating
from unmeasured import unmeasured

if TYPE_CHECKING:
    import socket
    from pathlib import Path

pytestmark = pytest.mark.slow

REQUEST = Request("POST", "/", (("content-type", "text/plain; charset=UTF-8"),), b"{}")


class Mailbox:
    """A shop that keeps what is posted, and answers 200."""

    def __init__(self) -> None:
        self.bodies: queue.Queue[bytes] = queue.Queue()

    def __call__(self, peer: socket.socket) -> None:
        """Talk to one connection."""
        while request := read_request(peer):
            self.bodies.put(request.partition(b"\r\n\r\n")[2])
            peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")


def test_a_shop_in_development_trusts_its_running_simulator() -> None:
    shop, mailbox = Shop(), Mailbox()
    notifier = shop.simulator.notifications
    with (
        serving(mailbox) as server,
        serving_simulator(shop.simulator) as address,
        delivering(notifier),
    ):
        notifier.add_listener(HTTPListener(f"http://localhost:{server.port}/ipn"))
        bought = shop.buy()
        body = mailbox.bodies.get(timeout=30)
        verifier = verifier_for(
            address.url,
            allowed_topics=notifier.topics,
            verify=ssl.create_default_context(cafile=address.authority),
            clock=shop.clock,
        )
        assert verifier.verify(body).object_id == bought.charge
        with pytest.raises(NotificationForged):
            verifier.verify(body.replace(b"CHARGE", b"REFUND"))


@pytest.mark.parametrize(
    ("status", "head"),
    [(403, b"403 Forbidden"), (307, b"307 Go\r\nlocation: http://192.0.2.1/")],
)
def test_the_status_of_a_shop_is_told_and_no_redirect_followed(
    status: int, head: bytes
) -> None:
    def speak(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(b"HTTP/1.1 " + head + b"\r\ncontent-length: 0\r\n\r\n")

    with serving(speak) as server:
        assert HTTPListener(f"http://127.0.0.1:{server.port}/ipn")(REQUEST) == status


def test_a_shop_that_is_gone_is_unreachable() -> None:
    with serving() as server:
        address = f"http://127.0.0.1:{server.port}/ipn"
    assert HTTPListener(address)(REQUEST) == "unreachable"


def test_a_shop_that_is_not_trusted_is_unreachable() -> None:
    context, _ = tls("localhost")
    with serving(context=context) as server:
        listener = HTTPListener(f"https://localhost:{server.port}/ipn")
        assert listener(REQUEST) == "unreachable"


def test_a_shop_that_hangs_up_is_a_time_out() -> None:
    with serving(lambda peer: None) as server:  # noqa: ARG005 - says nothing
        listener = HTTPListener(f"http://127.0.0.1:{server.port}/ipn")
        assert listener(REQUEST) == "time-out"


def test_a_delivery_that_fails_ends_no_thread(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop, mailbox = Shop(), Mailbox()
    notifier = shop.simulator.notifications
    real = notifier.deliver
    failures = [OSError("disk full")]

    def deliver() -> int:
        if failures:
            raise failures.pop()
        return real()

    monkeypatch.setattr(notifier, "deliver", deliver)
    with serving(mailbox) as server, delivering(notifier):
        notifier.add_listener(HTTPListener(f"http://localhost:{server.port}/ipn"))
        shop.buy()
        assert mailbox.bodies.get(timeout=30)
    assert "could not be sent" in caplog.text


def test_the_command_sends_notifications_to_a_shop(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as server:
        shop_url = f"http://127.0.0.1:{server.port}/ipn"
        line = ("--port", "0", "--ipn-url", shop_url)
        with simulating(*line, env=unmeasured(), cwd=tmp_path) as (_, banner):
            address = re.findall(r"API +(\S+)", banner)[0]
            key = re.findall(r"private key: (\S+)", banner)[0]
            topics = re.findall(r"topic (\S+)", banner)
            assert shop_url in banner
            object_id = permission_of(address, key)
            found = verifier_for(address, allowed_topics=topics).verify(
                mailbox.bodies.get(timeout=30)
            )
            assert found.object_id.startswith(object_id)


def permission_of(address: str, key: str) -> str:
    """Buy something over HTTP; give the permission's id."""
    amount = {"amount": "50", "currencyCode": "USD"}
    body = {
        "webCheckoutDetails": {
            "checkoutReviewReturnUrl": "https://shop.example/review",
            "checkoutResultReturnUrl": "https://shop.example/result",
        },
        "storeId": "amzn1.application-oa2-client.0123",
        "paymentDetails": {"paymentIntent": "Authorize", "chargeAmount": amount},
    }
    with Client("SANDBOX-SIMULATOR", key, "us", endpoint_url=address) as client:
        session = client.create_checkout_session(body).json()["checkoutSessionId"]
        for act in ("choose", "pay"):
            place = f"{address}/_simulator/checkoutSessions/{session}/{act}"
            assert httpx2.post(place, trust_env=False).status_code == 200
        done = client.complete_checkout_session(session, {"chargeAmount": amount})
        return str(done.json()["chargePermissionId"])


def test_a_foreign_address_is_refused_at_the_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = ["simulate", "--port", "0", "--ipn-url", "https://shop.example/ipn"]
    assert main(line) == 2
    assert "this machine" in capsys.readouterr().err
