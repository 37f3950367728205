"""By which names a simulator is reached, and who needs the token there."""

from __future__ import annotations

from pathlib import Path

import pytest

from AmazonPay.errors import ConfigurationError
from AmazonPay.simulator import Request
from AmazonPay.simulator.actors.control_api import ACTIONS
from AmazonPay.simulator.actors.world_api import ROUTES
from AmazonPay.simulator.addresses import HERE, Addresses, addresses_from
from AmazonPay.simulator.server import address_of, listen
from simulated import Reply, Shop, reply_of

OWN = "https://amazonpay:8421"

ALL = "0.0.0.0"  # noqa: S104 - nothing listens here
OPEN = addresses_from([ALL, "10.0.0.5"], ["amazonpay", "Pay.Example."])
MAPPED = addresses_from([], ["amazonpay"], "https://localhost:9000")


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("amazonpay:8421", True),
        ("pay.example:8421", True),
        ("10.0.0.5:8421", True),
        ("localhost:8421", True),
        ("[::1]:8421", True),
        ("amazonpay:80", False),
        ("amazonpay", False),
        ("evil.example:8421", False),
        ("10.0.0.6:8421", False),
        ("amazonpay.evil.example:8421", False),
        ("a@amazonpay:8421", False),
        ("amazonpay:x", False),
        ("", False),
    ],
)
def test_a_host_is_one_of_the_names_with_the_own_port(host: str, ours: bool) -> None:
    assert OPEN.are_called(host, OWN) is ours


@pytest.mark.parametrize(
    ("host", "ours"),
    [("localhost:9000", True), ("localhost:8421", True), ("localhost:9001", False)],
)
def test_the_public_address_has_a_port_of_its_own(host: str, ours: bool) -> None:
    assert MAPPED.are_called(host, OWN) is ours


def test_a_port_that_belongs_to_the_scheme_may_be_left_out() -> None:
    official = addresses_from([], ["pay-api.amazon.com"])
    own = "https://pay-api.amazon.com:443"
    assert official.are_called("pay-api.amazon.com", own)
    assert addresses_from([], [], "https://pay.example").are_called("pay.example", own)


def test_without_a_server_any_port_of_loopback_is_ours_and_no_name() -> None:
    assert HERE.are_called("localhost:1", "https://localhost")
    assert not HERE.are_called("amazonpay:1", "https://localhost")


@pytest.mark.parametrize(
    ("addresses", "host"),
    [
        (HERE, "localhost"),
        (OPEN, "amazonpay"),
        (addresses_from(["127.0.0.2"]), "127.0.0.2"),
        (addresses_from(["::1"]), "[::1]"),
        (addresses_from([], ["fd00::1"]), "[fd00::1]"),
    ],
    ids=["here", "named", "bound", "v6", "a name of v6"],
)
def test_its_own_address_is_the_first_name(addresses: Addresses, host: str) -> None:
    assert addresses.host == host
    with listen(0) as listener:
        url = address_of(listener, Path("ca.pem"), addresses.host).url
        assert url == f"https://{host}:{listener.getsockname()[1]}"


def test_the_certificate_names_what_is_bound_named_and_public() -> None:
    made = addresses_from([ALL, "10.0.0.5"], ["pay"], "https://pub.example:1")
    assert made.certified == ["pay", "10.0.0.5", "pub.example"]


@pytest.mark.parametrize(
    ("addresses", "is_open"),
    [
        (HERE, False),
        (addresses_from(["127.0.0.1"]), True),
        (addresses_from([], ["localhost"]), True),
        (addresses_from([], [], "http://localhost:9000"), False),
        (addresses_from([], [], "https://tunnel.example"), True),
    ],
    ids=["here", "bound", "named", "mapped", "tunnel"],
)
def test_who_may_be_reached_by_others_is_open(
    addresses: Addresses, is_open: bool
) -> None:
    assert addresses.is_open is is_open


@pytest.mark.parametrize(
    "url",
    [
        "pay.example",
        "ftp://pay.example",
        "http://pay.example",
        "https://pay.example/path",
        "https://pay.example?x",
        "https://pay.example#x",
        "https://a:b@pay.example",
        "https://pay.example:0",
        "https://pay.example:99999",
        "https://[::1",
        "https://pay example",
        "https://-pay",
        "",
    ],
)
def test_what_is_no_public_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="--public-url is where"):
        addresses_from([], [], url)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "é.example", "a:1", "x" * 64])
def test_what_is_no_host_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="--name takes a host"):
        addresses_from([], [name])


# Calls --------------------------------------------------------------------------------


@pytest.fixture
def reached() -> Shop:
    """Return a shop whose simulator others reach, too."""
    shop = Shop()
    shop.simulator.origin = OWN
    shop.simulator.addresses = addresses_from([], ["amazonpay"], "https://pub:1")
    return shop


def call(shop: Shop, method: str, path: str, token: str | None) -> Reply:
    headers = {"host": "amazonpay:8421", "content-type": "application/json"}
    if token is not None:
        headers["x-simulator-token"] = token
    body = b"" if method == "GET" else b"{}"
    request = Request(method, f"/_simulator{path}", tuple(headers.items()), body)
    return reply_of(shop.simulator.handle(request))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, f"/{noun}") for method, noun in ROUTES),
        *(("POST", f"/{noun}/x/{act}" if act else f"/{noun}") for noun, act in ACTIONS),
    ],
)
def test_every_control_call_needs_the_token(
    reached: Shop, method: str, path: str
) -> None:
    for wrong in (None, "", "x", "é"):
        assert call(reached, method, path, wrong).error == (401, "UnauthorizedAccess")
    assert call(reached, method, path, reached.simulator.token).status != 401


def test_links_for_the_buyer_begin_with_the_public_address(reached: Shop) -> None:
    session = reached.open()
    chosen = reached.simulator.choose(session)
    for shown in (chosen, reached.get(f"/checkoutSessions/{session}").json):
        link = shown["webCheckoutDetails"]["amazonPayRedirectUrl"]
        assert link.startswith("https://pub:1/checkout/processing?")


def test_links_for_the_client_begin_with_the_address_that_it_calls(
    reached: Shop,
) -> None:
    with reached.client() as client:
        body = {"type": "pdf", "purpose": "disputeEvidence"}
        url = client.upload_file(body).json()["url"]
    assert url.startswith("https://pay-api.amazon.com/")
