"""Delegated calls: `amazon-pay-checkout/delegated-authorization.html`."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from AmazonPay.simulator import Request, Simulator, merchant
from AmazonPay.simulator.wire.errors import APIRefusal
from callers import Caller, on_both_clients
from fitting import misfits
from keys import KEY, OTHER_KEY
from reference.accounts import AUTHORIZATION_TOKEN
from simulated import KEY_ID, START, Reply, Shop, reply_of

LIVE = "LIVE-AGTEST"
MERCHANT = "A2MERCHANT"
BAD_TOKEN = (403, "InvalidAuthorizationToken")
NO_DELEGATION = (401, "UnauthorizedAccess")
SESSION = {
    "webCheckoutDetails": {"checkoutReviewReturnUrl": "https://shop.example/review"},
    "storeId": "amzn1.application-oa2-client.0123",
}


def token_path(mws_token: str, merchant_id: str = MERCHANT) -> str:
    return f"/authorizationTokens/{mws_token}?merchantId={merchant_id}"


def claims(token: str) -> list[Any]:
    """Read head and claims of a JSON Web Token."""
    head, body, signature = token.split(".")
    assert len(urlsafe_b64decode(signature + "=")) == 32
    return [
        json.loads(urlsafe_b64decode(p + "=" * (-len(p) % 4))) for p in (head, body)
    ]


# Get Authorization Token --------------------------------------------------------------


@on_both_clients
def test_a_client_exchanges_an_mws_token(awaits: bool) -> None:
    shop = Shop(key_id=LIVE)
    mws_token = shop.simulator.delegate(LIVE, MERCHANT)
    call = Caller(shop, awaits)
    response = call("get_authorization_token", mws_token, MERCHANT)
    assert response.status_code == 200
    assert misfits(response.json(), AUTHORIZATION_TOKEN) == []
    head, body = claims(response.json()["authorizationToken"])
    assert head == {"alg": "HS256", "typ": "JWT"}
    assert body["sub"] == MERCHANT
    assert body["exp"] == START.timestamp() + 3600


def test_each_exchange_gives_a_token_of_its_own() -> None:
    shop = Shop(key_id=LIVE)
    path = token_path(shop.simulator.delegate(LIVE, MERCHANT))
    assert shop.get(path).json != shop.get(path).json


def test_sandbox_has_no_tokens(shop: Shop) -> None:
    reply = shop.get(token_path(shop.simulator.delegate(KEY_ID, MERCHANT)))
    assert reply.error == (405, "UnsupportedOperation")


def test_the_merchant_is_needed() -> None:
    shop = Shop(key_id=LIVE)
    path = token_path(shop.simulator.delegate(LIVE, MERCHANT)).partition("?")[0]
    assert shop.get(path).error == (400, "MissingParameterValue")


@pytest.mark.parametrize("mws_token", ["x", "amzn.mws.", "amzn.mws.1234"])
def test_an_mws_token_of_another_form_is_refused(mws_token: str) -> None:
    reply = Shop(key_id=LIVE).get(token_path(mws_token))
    assert reply.error == (400, "InvalidParameterValue")


def test_an_mws_token_is_of_one_merchant_who_gave_it() -> None:
    shop = Shop(key_id=LIVE)
    mws_token = shop.simulator.delegate(LIVE, MERCHANT)
    assert shop.get(token_path(mws_token, "A3OTHER")).error == NO_DELEGATION
    unknown = "amzn.mws.00000000-0000-4000-8000-000000000000"
    assert shop.get(token_path(unknown)).error == NO_DELEGATION


# Delegated calls ----------------------------------------------------------------------


@on_both_clients
def test_a_delegated_call_acts_for_the_merchant(shop: Shop, awaits: bool) -> None:
    token = shop.simulator.authorize(KEY_ID, MERCHANT)
    for_merchant = Caller(shop, awaits, auth_token=token)
    created = for_merchant("create_checkout_session", SESSION)
    id_ = created.json()["checkoutSessionId"]
    seen = for_merchant("get_checkout_session", id_)
    unseen = Caller(shop, awaits)("get_checkout_session", id_)
    assert [created.status_code, seen.status_code] == [201, 200]
    assert unseen.status_code == 404


def test_a_live_token_acts_in_live() -> None:
    shop = Shop(key_id=LIVE)
    path = token_path(shop.simulator.delegate(LIVE, MERCHANT))
    token = shop.get(path).json["authorizationToken"]
    reply = shop.send("GET", "/reports", token=token)
    assert (reply.status, reply.json["reports"]) == (200, [])


@pytest.mark.parametrize("token", ["", "x", "e30.e30.e30"])
def test_an_unknown_token_is_refused(shop: Shop, token: str) -> None:
    charge = shop.buy().charge
    assert shop.send("GET", f"/charges/{charge}", token=token).error == BAD_TOKEN


def test_a_token_runs_out_after_an_hour(shop: Shop) -> None:
    token = shop.simulator.authorize(KEY_ID, MERCHANT)
    shop.clock.move(hours=1, seconds=-1)
    assert shop.send("GET", "/reports", token=token).status == 200
    shop.clock.move(seconds=1)
    assert shop.send("GET", "/reports", token=token).error == BAD_TOKEN


def test_a_changed_token_is_another_token(shop: Shop) -> None:
    token = shop.simulator.authorize(KEY_ID, MERCHANT)
    assert shop.send("GET", "/reports", token=token[:-2]).error == BAD_TOKEN


def test_keys_of_a_delegated_call_are_the_merchants(shop: Shop) -> None:
    token = shop.simulator.authorize(KEY_ID, MERCHANT)
    answers = [
        shop.send("POST", "/checkoutSessions", SESSION, key="k", token=given).body
        for given in (None, token, token, None)
    ]
    assert answers[0] == answers[3] != answers[1] == answers[2]


def test_a_refused_token_uses_no_key_up(shop: Shop) -> None:
    refused = shop.send("POST", "/checkoutSessions", SESSION, key="k", token="x")
    again = shop.send(
        "POST",
        "/checkoutSessions",
        {**SESSION, "storeId": "amzn1.application-oa2-client.4567"},
        key="k",
    )
    assert (refused.error, again.status) == (BAD_TOKEN, 201)


def test_a_delegated_call_uses_the_books_of_a_merchant_who_is_known() -> None:
    shop = Shop("eu")
    british = merchant(
        "SANDBOX-BRITISH",
        OTHER_KEY.public_key(),
        region="eu",
        ledger_currency="GBP",
        merchant_id=MERCHANT,
    )
    shop.simulator.merchants[british.public_key_id] = british
    token = shop.simulator.authorize(KEY_ID, MERCHANT)
    body = {
        "scanData": "x",
        "scanReferenceId": "1",
        "merchantCOE": "GB",
        "ledgerCurrency": "GBP",
    }
    path = "/in-store/merchantScan"
    assert shop.send("POST", path, body, token=token).status == 200
    assert shop.send("POST", path, body).error == (400, "CurrencyMismatch")


def test_the_token_is_of_one_provider(shop: Shop) -> None:
    other = merchant("SANDBOX-OTHER", KEY.public_key(), merchant_id="A9PROVIDER")
    shop.simulator.merchants[other.public_key_id] = other
    token = shop.simulator.authorize("SANDBOX-OTHER", MERCHANT)
    assert shop.send("GET", "/reports", token=token).error == BAD_TOKEN


def test_what_a_delegated_call_did_is_in_the_merchants_story(shop: Shop) -> None:
    token = shop.simulator.authorize(KEY_ID, MERCHANT)
    shop.send("POST", "/checkoutSessions", SESSION, key="k", token=token)
    assert shop.simulator.story()[-1].owner == f"{MERCHANT}/sandbox"


# From outside -------------------------------------------------------------------------


def control(simulator: Simulator, body: object) -> Reply:
    headers = (("host", "127.0.0.1:8421"), ("content-type", "application/json"))
    content = json.dumps(body).encode()
    path = "/_simulator/authorizationTokens"
    return reply_of(simulator.handle(Request("POST", path, headers, content)))


def test_a_page_of_this_machine_hands_out_a_token(shop: Shop) -> None:
    body = {"publicKeyId": KEY_ID, "merchantId": MERCHANT}
    token = control(shop.simulator, body).json["authorizationToken"]
    assert shop.send("GET", "/reports", token=token).status == 200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"publicKeyId": KEY_ID}, (400, "MissingParameterValue")),
        ({"merchantId": MERCHANT}, (400, "MissingParameterValue")),
        ({"publicKeyId": "X", "merchantId": MERCHANT}, (404, "ResourceNotFound")),
        ({"publicKeyId": KEY_ID, "merchantId": 1}, (400, "InvalidParameterValue")),
    ],
)
def test_a_page_that_asks_for_nonsense_is_refused(
    body: object, error: tuple[int, str]
) -> None:
    assert control(Shop().simulator, body).error == error


def test_an_unknown_key_has_no_delegations() -> None:
    with pytest.raises(APIRefusal, match="no key id"):
        Shop().simulator.delegate("SANDBOX-UNKNOWN", MERCHANT)
