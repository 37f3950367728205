"""The buyer's part over HTTP: paths, members, and who may call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from AmazonPay.simulator import Request, Simulator
from AmazonPay.simulator.actors.control_api import ACTIONS
from AmazonPay.simulator.actors.world_api import ROUTES
from simulated import KEY_ID, Reply, Shop, reply_of

NOT_FOUND = (404, "ResourceNotFound")
NOBODY = (401, "UnauthorizedAccess")
UNKNOWN = (400, "UnrecognizedField")
BAD_VALUE = (400, "InvalidParameterValue")
EVERY_CALL = [
    *((method, f"/{noun}") for method, noun in ROUTES),
    *(("POST", f"/{noun}/x/{act}" if act else f"/{noun}") for noun, act in ACTIONS),
]
HOME = {"host": "localhost:8421", "content-type": "application/json"}


def act(
    shop: Shop,
    path: str,
    body: object = None,
    *,
    method: str = "POST",
    headers: dict[str, str] = HOME,
) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    request = Request(method, f"/_simulator{path}", tuple(headers.items()), data)
    return reply_of(shop.simulator.handle(request))


def test_a_buyer_chooses_and_pays_without_a_signature(shop: Shop) -> None:
    session = shop.open()
    chosen = act(shop, f"/checkoutSessions/{session}/choose", {"card": "4444"})
    assert chosen.status == 200
    assert chosen.json["paymentPreferences"][0]["paymentDescriptor"].startswith(
        "Master"
    )
    assert act(shop, f"/checkoutSessions/{session}/pay").status == 200
    assert shop.complete(session).status == 200


def test_a_buyer_chooses_all_that_there_is_to_choose(shop: Shop) -> None:
    wallet = {"chargePermissionType": "PaymentMethodOnFile"}
    session = shop.open({**shop.session_body(), **wallet})
    path = f"/checkoutSessions/{session}/choose"
    choice: dict[str, Any] = {
        "card": "1111",
        "shippingAddress": {"name": "A"},
        "productType": "PayAndShip",
        "consents": False,
    }
    assert act(shop, path, choice).json["shippingAddress"]["name"] == "A"
    several = {
        "productType": "PayAndShipMultiAddress",
        "shippingAddressList": [{"name": "A"}, {"name": "B"}],
    }
    assert len(act(shop, path, several).json["shippingAddressList"]) == 2


def test_a_buyer_cancels(shop: Shop) -> None:
    session = shop.open()
    reply = act(shop, f"/checkoutSessions/{session}/cancel")
    assert (reply.status, reply.state) == (200, ("Canceled", "BuyerCanceled"))


def test_a_buyer_manages_a_permission(shop: Shop) -> None:
    permission = shop.buy("50", "Confirm").permission
    path = f"/chargePermissions/{permission}"
    deleted = act(shop, f"{path}/deletePaymentMethod")
    assert deleted.state == ("NonChargeable", "PaymentMethodDeleted")
    assert act(shop, f"{path}/mendPaymentMethod").state == ("Chargeable", None)


def test_a_buyer_signs_in_at_the_only_merchant_or_a_named_one(shop: Shop) -> None:
    for body in ({}, {"publicKeyId": KEY_ID, "region": "na", "scopes": ["name"]}):
        token = act(shop, "/buyers", body).json["buyerToken"]
        with shop.client() as client:
            assert client.get_buyer(token).json()["name"] == "Test Buyer"


def test_without_a_merchant_nobody_signs_in() -> None:
    request = Request("POST", "/_simulator/buyers", tuple(HOME.items()))
    assert reply_of(Simulator([]).handle(request)).error == NOT_FOUND


# Paths and members --------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/buyers/x/y",
        "/checkoutSessions",
        "/checkoutSessions/x",
        "/checkoutSessions/x/complete",
        "/chargePermissions/x/pay",
        "/checkoutSessions/x/pay/",
        "/checkoutSessions/x/pay?y",
        "/checkoutSessions/x/pay",
        "/chargePermissions/x/close",
    ],
)
def test_what_is_not_there_is_not_found(path: str) -> None:
    assert act(Shop(), path).error == NOT_FOUND


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_buyer_acts_by_post_only(method: str) -> None:
    reply = act(Shop(), "/checkoutSessions/x/pay", method=method)
    assert reply.error == (405, "RequestNotSupported")


@pytest.mark.parametrize(
    ("act_", "body", "error"),
    [
        ("choose", {"crd": "1111"}, UNKNOWN),
        ("choose", {"card": 1111}, BAD_VALUE),
        ("choose", {"card": "2222"}, BAD_VALUE),
        ("choose", {"consents": "no"}, BAD_VALUE),
        ("choose", {"shippingAddress": []}, BAD_VALUE),
        ("choose", {"shippingAddress": {"name": 1.5}}, BAD_VALUE),
        ("choose", {"shippingAddress": {"nme": "A"}}, UNKNOWN),
        (
            "choose",
            {"productType": "PayAndShipMultiAddress", "shippingAddressList": [1]},
            BAD_VALUE,
        ),
        ("pay", {"card": "1111"}, UNKNOWN),
        ("cancel", {"why": "x"}, UNKNOWN),
        ("pay", b"{", (400, "InvalidRequestFormat")),
    ],
)
def test_what_a_buyer_cannot_say_is_refused_and_changes_nothing(
    shop: Shop, act_: str, body: object, error: tuple[int, str]
) -> None:
    session = shop.open()
    before = shop.get(f"/checkoutSessions/{session}").body
    assert act(shop, f"/checkoutSessions/{session}/{act_}", body).error == error
    assert shop.get(f"/checkoutSessions/{session}").body == before


# Who may call -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:1", "127.0.0.9", "[::1]:8421"]
)
def test_this_machine_may_call(host: str) -> None:
    headers = {**HOME, "host": host}
    assert act(Shop(), "/buyers", headers=headers).status == 200
    headers["content-type"] = "Application/JSON; charset=utf-8"
    assert act(Shop(), "/buyers", headers=headers).status == 200


@pytest.mark.parametrize("name", ["localhost:8421", "127.0.0.1", "[::1]:8421"])
def test_a_page_of_the_simulator_needs_the_token(name: str) -> None:
    shop = Shop()
    headers = {**HOME, "host": name, "origin": f"https://{name}"}
    assert act(shop, "/buyers", headers=headers).error == NOBODY
    for token in ("", "x", shop.simulator.token[:-1], f"{shop.simulator.token} ", "é"):
        wrong = {**headers, "x-simulator-token": token}
        assert act(shop, "/buyers", headers=wrong).error == NOBODY
    right = {**headers, "x-simulator-token": shop.simulator.token}
    assert act(shop, "/buyers", headers=right).status == 200


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/jsonp"])
def test_a_body_that_a_form_can_send_needs_the_token(kind: str | None) -> None:
    shop = Shop()
    headers = {"host": "localhost"} | ({} if kind is None else {"content-type": kind})
    assert act(shop, "/buyers", headers=headers).error == NOBODY
    assert act(shop, "/buyers", b"", headers=headers).status == 200
    headers["x-simulator-token"] = shop.simulator.token
    assert act(shop, "/buyers", headers=headers).status == 200


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "[::1]:84210"])
def test_the_port_must_be_the_one_that_is_served(host: str) -> None:
    shop = Shop()
    shop.simulator.origin = "https://localhost:8421"
    for port, error in ((host, NOBODY), ("127.0.0.1:8421", None)):
        reply = act(shop, "/buyers", headers={**HOME, "host": port})
        assert (reply.error if error else None) == error


@pytest.mark.parametrize("token", [False, True])
@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_no_control_call_is_open_to_another_page(
    method: str, path: str, token: bool
) -> None:
    shop = Shop()
    said = {"x-simulator-token": shop.simulator.token} if token else {}
    foreign: list[dict[str, str]] = [
        {**HOME, "host": "evil.example"},
        {**HOME, "origin": "https://evil.example"},
        {**HOME, "origin": "null"},
    ]
    for headers in foreign:
        reply = act(shop, path, method=method, headers=headers | said)
        assert reply.error == NOBODY
    own = {**HOME, "origin": "https://localhost:8421"}
    if not token:
        assert act(shop, path, method=method, headers=own).error == NOBODY


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": ""},
        {"host": "evil.example"},
        {"host": "localhost.evil.example"},
        {"host": "localhost@evil.example"},
        {"host": "10.0.0.1"},
        {"host": "["},
        {"host": "[::1"},
        {"host": "localhost, evil.example"},
        {**HOME, "origin": "null"},
        {**HOME, "origin": ""},
        {**HOME, "origin": "http://["},
        {**HOME, "origin": "https://evil.example"},
        {**HOME, "origin": "https://localhost:1"},
        {**HOME, "origin": "https://evil.example/localhost:8421"},
    ],
)
def test_other_hosts_and_pages_may_not(headers: dict[str, str]) -> None:
    assert act(Shop(), "/buyers", headers=headers).error == NOBODY
