"""`amazonpay ipn`: what is verified, what is refused, and what is sent to a shop."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import click
import httpx2
import pytest

from AmazonPay.cli import ipn as commands
from AmazonPay.ipn import (
    MAX_AGE,
    NotificationRefused,
    NotificationUnverifiable,
    Verifier,
)
from AmazonPay.testing import Authority, verifier_for
from command_line import Done, amazonpay, answering, failing

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("few_authorities")

AUTHORITY = Authority()
TOPIC = "arn:aws:sns:us-east-1:291180941288:A3BXB0YN3XH17HA1EXAMPLE"
CHARGE = "S01-0000000-0000000-C000000"
SHOP = "http://localhost:8000/ipn?from=amazon"


def notification(**facts: Any) -> bytes:
    facts = {"topic": TOPIC, "merchant_id": "A1EXAMPLE"} | facts
    return AUTHORITY.notification("CHARGE", CHARGE, **facts)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "body.json"
    path.write_bytes(notification())
    return str(path)


def ipn(*line: str, **more: Any) -> Done:
    return amazonpay("ipn", *line, verifier=AUTHORITY.verifier, **more)


# Verifying ------------------------------------------------------------------------


def test_an_authentic_notification_is_shown(file: str) -> None:
    done = ipn("verify", file, "--topic", TOPIC)
    assert done.status == 0
    assert f"object_id\t{CHARGE}" in done.out
    shown = ipn("verify", file, "--topic", TOPIC, "--json").json
    assert shown["verified"] is True
    assert (shown["object_type"], shown["topic_arn"]) == ("CHARGE", TOPIC)


def test_a_notification_comes_by_stdin() -> None:
    body = notification()
    assert ipn("verify", "-", "--topic", TOPIC, stdin=body).status == 0


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (b"", ()),
        (b"\xff", ()),
        (b"[]", ()),
        (notification().replace(b"CHARGE", b"REFUND"), ()),
        (notification(topic=f"{TOPIC}2"), ()),
        (notification(), ("--merchant-id", "A1OTHER")),
        (notification(), ("--max-age", "0.000001s")),
        (AUTHORITY.subscription_confirmation(topic=TOPIC), ()),
        (b" " * 300_000, ()),
    ],
    ids=[
        *("empty", "no text", "no object", "altered", "foreign topic"),
        *("foreign merchant", "old", "a confirmation", "long"),
    ],
)
def test_what_is_forged_ends_with_1(body: bytes, more: tuple[str, ...]) -> None:
    done = ipn("verify", "-", "--topic", TOPIC, "--json", *more, stdin=body)
    assert done.status == 1
    assert done.json["verified"] is False
    assert done.json["status"] == 403
    assert "forged" in done.err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_an_editor_has_saved_is_not_forged(encoding: str) -> None:
    body = notification().decode().encode(encoding)
    assert ipn("verify", "-", "--topic", TOPIC, stdin=body).status == 0


def test_a_warning_names_options_and_no_arguments() -> None:
    body = notification(topic=f"{TOPIC}2")
    done = ipn("verify", "-", "--topic", TOPIC, stdin=body)
    assert "is not that of --topic" in done.err
    assert "allowed_topics" not in done.err


def test_what_cannot_be_verified_now_ends_with_3(file: str) -> None:
    def unreachable(url: str) -> bytes:
        raise NotificationUnverifiable(f"no answer from {url}")

    def made(topics: Any, **more: Any) -> Verifier:
        return Verifier(topics, fetch=unreachable, **more)

    done = amazonpay("ipn", "verify", file, "--topic", TOPIC, verifier=made)
    assert (done.status, done.out) == (3, "")
    assert "not verified" in done.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("verify", "none.json", "--topic", TOPIC), "No such file"),
        (("verify", "-"), "which topic?"),
        (("verify", "-", "--topic", "mine"), "whole ARN"),
        (("verify", "-", "--topic", TOPIC, "--max-age", "0s"), "--max-age is longer"),
        (("verify", "-", "--topic", TOPIC, "--ca-file", "x"), "--simulator"),
        (
            ("verify", "-", "--topic", TOPIC, "--simulator", "https://x.example"),
            "on this machine",
        ),
        (("listen", "--topic", "mine", "--port", "0"), "whole ARN"),
        (("listen", "--topic", TOPIC, "--bind", "shop.example"), "an address"),
        (("listen", "--topic", TOPIC, "--bind", "127.0.0.1", "--port", "x"), "range"),
        (("listen", "--topic", TOPIC, "--count", "0"), "range"),
    ],
)
def test_a_wrong_line_is_told(line: tuple[str, ...], said: str) -> None:
    done = amazonpay("ipn", *line)
    assert done.status == 2
    assert said in done.err or "integer" in done.err


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = ipn("listen", "--topic", TOPIC, "--port", port)
        sent = ipn("send", "--to", SHOP, "--certificate-port", port)
    assert (done.status, sent.status) == (2, 2)
    assert "in use" in done.err


def test_only_amazon_is_trusted_unless_a_simulator_is_named() -> None:
    given: dict[str, Any] = {
        "topics": (TOPIC,),
        "merchant_id": None,
        "max_age": MAX_AGE,
        "simulator": None,
        "ca_file": None,
    }
    context = click.Context(click.Command("verify"))
    made = commands.verifier_of(context, given)
    assert type(made) is Verifier
    given["simulator"] = "http://localhost:8421"
    assert type(commands.verifier_of(context, given)) is not Verifier


# Sending --------------------------------------------------------------------------


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_shop_in_development_takes_what_is_sent(version: str) -> None:
    port = free_port()
    verifier = verifier_for(f"http://localhost:{port}", allowed_topics=[TOPIC])
    heard = []

    def shop(request: httpx2.Request) -> httpx2.Response:
        heard.append(verifier.verify(request.content))
        assert request.headers["x-amz-sns-message-type"] == "Notification"
        assert str(request.url) == SHOP
        return httpx2.Response(200)

    line = ("--object-id", "S01-1234567-1234567-R123456", "--to", SHOP)
    more = ("--signature-version", version, "--certificate-port", port)
    transport = httpx2.MockTransport(shop)
    done = ipn("send", *line, *more, "--json", transport=transport)
    assert done.status == 0
    assert done.json["status"] == 200
    assert (heard[0].object_type, heard[0].object_id) == ("REFUND", line[1])
    assert heard[0].merchant_id == "A1EXAMPLE"


def test_the_certificate_alone_is_served_and_only_meanwhile() -> None:
    port = free_port()
    seen: list[int] = []

    def shop(request: httpx2.Request) -> httpx2.Response:
        del request
        seen.append(
            httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code
        )
        return httpx2.Response(200)

    line = ("send", "--to", SHOP, "--certificate-port", port)
    ipn(*line, transport=httpx2.MockTransport(shop))
    assert seen == [404]
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False)


def test_a_verifier_of_another_authority_refuses_what_is_sent() -> None:
    def shop(request: httpx2.Request) -> httpx2.Response:
        try:
            AUTHORITY.verifier([TOPIC]).verify(request.content)
        except NotificationRefused as refused:
            return httpx2.Response(refused.status)
        return httpx2.Response(200)

    line = ("send", "--to", SHOP, "--certificate-port", "0")
    done = ipn(*line, transport=httpx2.MockTransport(shop))
    assert (done.status, done.out) == (1, "403\n")
    assert "verifier_for" in done.err


def test_the_same_message_can_be_sent_twice() -> None:
    sent: list[str] = []

    def shop(request: httpx2.Request) -> httpx2.Response:
        sent.append(json.loads(request.content)["MessageId"])
        return httpx2.Response(204)

    message = "00000000-0000-4000-8000-000000000001"
    line = ("send", "--to", SHOP, "--message-id", message, "--certificate-port", "0")
    for _ in range(2):
        assert ipn(*line, transport=httpx2.MockTransport(shop)).status == 0
    assert sent == [message, message]


@pytest.mark.parametrize("message", ["", "ä", "\udcff", "a\nb", "a b", "x" * 65])
def test_what_can_be_no_id_of_a_message_is_refused(message: str) -> None:
    line = ("send", "--to", SHOP, "--message-id", message, "--certificate-port", "0")
    done = ipn(*line, transport=answering(200))
    assert (done.status, done.out) == (2, "")
    assert "--message-id" in done.err


@pytest.mark.parametrize(("status", "hint"), [(403, True), (503, True), (500, False)])
def test_another_answer_ends_with_1(status: int, hint: bool) -> None:
    line = ("send", "--to", SHOP, "--certificate-port", "0")
    done = ipn(*line, transport=answering(status))
    assert done.status == 1
    assert ("verifier_for" in done.err) is hint


def test_without_a_shop_the_status_is_3() -> None:
    line = ("send", "--to", SHOP, "--certificate-port", "0")
    assert ipn(*line, transport=failing(httpx2.ConnectError)).status == 3


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/ipn",
        "http://192.0.2.1/ipn",
        "http://0.0.0.0/ipn",
        "ftp://localhost/ipn",
        "http://user@localhost/ipn",
        "http://localhost:port/ipn",
        "http://[::1/ipn",
        "http://localhost/a b",
        "localhost",
    ],
)
def test_only_a_shop_on_this_machine_gets_one(url: str) -> None:
    done = ipn("send", "--to", url, "--certificate-port", "0")
    assert done.status == 2
    assert "on this machine" in done.err


@pytest.mark.parametrize("object_id", ["P01-0000000-0000000-C000000", "S/.."])
def test_only_the_sandbox_has_test_notifications(object_id: str) -> None:
    done = ipn("send", "--to", SHOP, "--object-id", object_id)
    assert done.status == 2
    assert "sandbox" in done.err
