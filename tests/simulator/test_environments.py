"""How sandbox and live differ.

`amazon-pay-checkout/differences-between-environments.html`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import ConfigurationError
from AmazonPay.simulator import merchant
from AmazonPay.simulator.wire.errors import APIRefusal
from keys import KEY
from simulated import KEY_ID, LIVE_KEY_ID, Shop

if TYPE_CHECKING:
    from simulated import Reply

BAD_VALUE = (400, "InvalidParameterValue")
COMBINATION = (400, "InvalidParameterCombination")
MISSING = (400, "MissingParameterValue")
URLS = ["checkoutReviewReturnUrl", "checkoutResultReturnUrl", "checkoutCancelUrl"]
both = pytest.mark.parametrize("key_id", [KEY_ID, LIVE_KEY_ID])


def created(shop: Shop, **members: object) -> Reply:
    return shop.post("/checkoutSessions", {**shop.session_body(), **members})


# Time and ids -------------------------------------------------------------------------


@pytest.mark.parametrize(("key_id", "days"), [(KEY_ID, 2), (LIVE_KEY_ID, 30)])
@pytest.mark.parametrize("pending", [False, True])
def test_an_authorization_ends_by_its_environment(
    key_id: str, days: int, pending: bool
) -> None:
    shop = Shop(key_id=key_id)
    permission = shop.buy("50", "Confirm").permission
    body = {
        "chargePermissionId": permission,
        "chargeAmount": shop.money("50"),
        "canHandlePendingAuthorization": pending,
    }
    made = shop.post("/charges", body).json
    assert made["expirationTimestamp"] == "21000214T120000Z"
    charge = f"/charges/{made['chargeId']}"
    shop.clock.move(days=days, seconds=-1)
    assert shop.get(charge).state == ("Authorized", None)
    shop.clock.move(seconds=1)
    assert shop.get(charge).state == ("Canceled", "ExpiredUnused")
    assert shop.capture(made["chargeId"], "50").error == (422, "InvalidChargeStatus")


@pytest.mark.parametrize(
    ("key_id", "letters"), [(KEY_ID, ("S", "C")), (LIVE_KEY_ID, ("P", "B"))]
)
def test_ids_begin_by_the_environment_and_objects_say_sandbox(
    key_id: str, letters: tuple[str, str]
) -> None:
    shop = Shop(key_id=key_id)
    order = shop.buy("50", "AuthorizeWithCapture")
    refund = shop.refund(order.charge, "1").json
    wallet = shop.buy(
        "50",
        more={
            "chargePermissionType": "PaymentMethodOnFile",
            "paymentMethodOnFileMetadata": {"setupOnly": False},
        },
    )
    one_time = [order.permission, order.charge, refund["refundId"], wallet.charge]
    assert {id_[0] for id_ in one_time} == {letters[0]}
    assert wallet.permission[0] == letters[1]
    assert refund["releaseEnvironment"] == "Sandbox"


def test_a_key_for_both_environments_has_the_rules_of_each_call() -> None:
    shop = Shop(key_id="AGBOTH")
    letters: list[str] = []
    for environment in ("sandbox", "live"):
        body = b'{"a":1}'
        request = shop.signed("POST", f"/{environment}/v2/charges", body)
        assert shop.simulator.handle(request).status == 400
        token = shop.simulator._context(f"A1SIMULATEDMERCHANT/{environment}")  # noqa: SLF001 - the rules are inside
        with token as context:
            letters.append(context.order_id("na")[0])
    assert letters == ["S", "P"]


# URLs ---------------------------------------------------------------------------------

NO_URLS = [
    "shop.example/review",
    "//shop.example/review",
    "https://",
    "https:///path",
    "ftp://shop.example/",
    "javascript:alert(1)",
    "http://shop.example/review",
    "http://127.0.0.1:8000/review",
    "http://localhost.evil.example/",
    "https://user:pw@shop.example/",
    "https://shop.example/a b",
    "https://shop.example/\n",
    "https://shop.example:port/",
    "https://[::1/",
    "",
]


@both
@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize("url", NO_URLS)
def test_what_is_no_return_url_is_refused_and_named(
    key_id: str, name: str, url: str
) -> None:
    shop = Shop(key_id=key_id)
    web = {**shop.session_body()["webCheckoutDetails"], name: url}
    reply = created(shop, webCheckoutDetails=web)
    assert reply.error == BAD_VALUE
    assert f"'webCheckoutDetails.{name}'" in reply.json["message"]


@pytest.mark.parametrize(
    "url", ["http://localhost/x", "http://localhost:8000/x", "HTTP://LOCALHOST:1/"]
)
def test_this_machine_without_a_certificate_is_for_sandbox_alone(url: str) -> None:
    for key_id, status in ((KEY_ID, 201), (LIVE_KEY_ID, 400)):
        web = {"checkoutReviewReturnUrl": url}
        assert created(Shop(key_id=key_id), webCheckoutDetails=web).status == status


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://shop.example/x", 200),
        ("https://WWW.shop.example:8443/x", 200),
        ("https://myshop.example/x", 400),
        ("https://shop.example.evil.example/x", 400),
    ],
)
def test_live_takes_the_registered_domain_in_creations_and_updates(
    url: str, status: int
) -> None:
    shop = Shop(key_id=LIVE_KEY_ID)
    ours = shop.simulator.merchants[LIVE_KEY_ID]
    shop.simulator.merchants[LIVE_KEY_ID] = replace(ours, domain="shop.example")
    session = shop.open()
    for name in URLS:
        body = {"webCheckoutDetails": {name: url}}
        reply = shop.patch(f"/checkoutSessions/{session}", body)
        assert reply.status == status


def test_the_url_of_a_charge_is_checked_too(shop: Shop) -> None:
    permission = shop.buy("50", "Confirm").permission
    body = {
        "chargePermissionId": permission,
        "chargeAmount": shop.money("5"),
        "webCheckoutDetails": {"checkoutResultReturnUrl": "http://shop.example/"},
    }
    assert shop.post("/charges", body).error == BAD_VALUE
    assert shop.charge(permission, "50").status == 201


@pytest.mark.parametrize(
    ("members", "word"),
    [({"merchant_id": ""}, "account"), ({"merchant_id": "A,1"}, "account")]
    + [({"domain": d}, "domain") for d in ("", "https://shop.example", "a b", "a/b")],
)
def test_an_account_and_a_domain_have_their_form(
    members: dict[str, Any], word: str
) -> None:
    with pytest.raises(ConfigurationError, match=word):
        merchant(KEY_ID, KEY.public_key(), **members)


# Stores -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "store",
    [
        "s",
        "A1SIMULATEDMERCHANT",
        "amzn1.application.0123456789abcdef",
        "amzn1.application-oa2-client.",
        "amzn1.application-oa2-client.xyz",
        "amzn1.application-oa2-client.0123 ",
        "AMZN1.application-oa2-client.0123",
    ],
)
def test_what_is_no_store_id_is_refused(shop: Shop, store: str) -> None:
    reply = created(shop, storeId=store)
    assert reply.error == BAD_VALUE
    assert "'storeId'" in reply.json["message"]
    assert ("application id" in reply.json["message"]) is store.startswith(
        "amzn1.application."
    )


@pytest.mark.parametrize("prefix", ["", "amzn1.application-oa2-client."])
def test_a_printed_sample_runs_as_it_is(shop: Shop, prefix: str) -> None:
    assert created(shop, storeId=f"{prefix}YOUR_STORE_ID").status == 201


# Paying at once -----------------------------------------------------------------------


def at_once(shop: Shop, *without: str, **web: str) -> Reply:
    body = shop.session_body()
    body["webCheckoutDetails"] = {
        "checkoutMode": "ProcessOrder",
        "checkoutResultReturnUrl": "https://shop.example/result",
        **web,
    }
    for name in without:
        where = body if name in body else body["webCheckoutDetails"]
        where = where if name in where else body["paymentDetails"]
        del where[name]
    return shop.post("/checkoutSessions", body)


@pytest.mark.parametrize(
    "name",
    ["checkoutResultReturnUrl", "paymentIntent", "chargeAmount", "paymentDetails"],
)
def test_process_order_needs_all_that_its_page_shows(shop: Shop, name: str) -> None:
    reply = at_once(shop, name)
    assert reply.error == MISSING
    assert name in reply.json["message"]


def test_process_order_has_no_review_page(shop: Shop) -> None:
    review = {"checkoutReviewReturnUrl": "https://shop.example/review"}
    assert at_once(shop, **review).error == COMBINATION
    session = at_once(shop).json["checkoutSessionId"]
    update = {"webCheckoutDetails": review}
    assert shop.patch(f"/checkoutSessions/{session}", update).error == COMBINATION


def test_what_is_shipped_at_once_needs_an_address_and_pay_only_none(shop: Shop) -> None:
    session = at_once(shop).json["checkoutSessionId"]
    with pytest.raises(APIRefusal, match="addressDetails"):
        shop.simulator.choose(session)
    shown = shop.simulator.choose(session, product_type="PayOnly")
    assert shown["constraints"] == []


# Delivery -----------------------------------------------------------------------------

UNKNOWN_DELIVERY: list[dict[str, Any]] = [
    {"specialRestrictions": ["RestrictMoon"]},
    {"addressRestrictions": {"type": "Maybe", "restrictions": {"US": {}}}},
    {"addressRestrictions": {"type": "Allowed", "restrictions": {"XX": {}, "US": {}}}},
    {"addressRestrictions": {"type": "Allowed", "restrictions": {"usa": {}, "US": {}}}},
]


@pytest.mark.parametrize("delivery", UNKNOWN_DELIVERY)
def test_unknown_values_of_delivery_are_refused_in_sandbox_and_ignored_in_live(
    delivery: dict[str, Any],
) -> None:
    refused = created(Shop(), deliverySpecifications=delivery)
    assert refused.error == BAD_VALUE
    assert "deliverySpecifications" in refused.json["message"]
    shop = Shop(key_id=LIVE_KEY_ID)
    taken = created(shop, deliverySpecifications=delivery)
    assert taken.status == 201
    assert taken.json["deliverySpecifications"] == delivery
    session = taken.json["checkoutSessionId"]
    assert shop.simulator.choose(session)["shippingAddress"]["countryCode"] == "US"


@pytest.mark.parametrize(
    "delivery",
    [
        {"specialRestrictions": "RestrictPOBoxes"},
        {"addressRestrictions": {"type": "Allowed", "restrictions": []}},
        {"addressRestrictions": {"type": "Allowed", "restrictions": {"US": []}}},
        {"addressRestrictions": []},
        {"addressRestrictions": {"type": "Allowed"}},
    ],
)
@both
def test_another_shape_is_refused_in_both(key_id: str, delivery: object) -> None:
    reply = created(Shop(key_id=key_id), deliverySpecifications=delivery)
    assert reply.status == (201 if delivery == {"addressRestrictions": []} else 400)


def test_known_restrictions_hold_in_live(shop: Shop) -> None:
    for one in (shop, Shop(key_id=LIVE_KEY_ID)):
        rule = {"type": "NotAllowed", "restrictions": {"US": {}}}
        delivery = {"addressRestrictions": rule}
        session = created(one, deliverySpecifications=delivery).json
        with pytest.raises(APIRefusal, match="NotAllowed"):
            one.simulator.choose(session["checkoutSessionId"])


# Buyers -------------------------------------------------------------------------------


def test_a_declined_buyer_of_live_can_choose_again() -> None:
    shop = Shop(key_id=LIVE_KEY_ID)
    session = shop.open()
    shop.simulator.choose(session, card="3434")
    with pytest.raises(APIRefusal, match="declined"):
        shop.simulator.pay(session)
    assert shop.get(f"/checkoutSessions/{session}").state == ("Open", None)
    shop.simulator.choose(session, card="1111")
    shop.simulator.pay(session)
    assert shop.complete(session).status == 200


@pytest.mark.parametrize("code", ["SoftDeclined", "CaptureInitiated", "Nonsense"])
def test_live_refuses_simulation_codes(code: str) -> None:
    shop = Shop(key_id=LIVE_KEY_ID)
    permission = shop.buy("50", "Confirm").permission
    reply = shop.charge(permission, "50", code=code, captureNow=True)
    assert reply.error == (400, "InvalidSandboxSimulationSpecified")


# The UK -------------------------------------------------------------------------------


def british() -> Shop:
    shop = Shop("eu", ledger_currency="GBP")
    shop.simulator.merchants[KEY_ID] = merchant(KEY_ID, KEY.public_key(), region="uk")
    return shop


def test_the_uk_keeps_books_in_pounds_and_has_british_buyers() -> None:
    shop = british()
    assert shop.simulator.merchants[KEY_ID].currency_in("eu") == "GBP"
    bought = shop.buy("50", "AuthorizeWithCapture")
    charge = shop.get(f"/charges/{bought.charge}").json
    assert charge["chargeAmount"]["currencyCode"] == "GBP"
    assert charge["convertedAmount"] is None
    permission = shop.get(f"/chargePermissions/{bought.permission}").json
    assert permission["shippingAddress"]["countryCode"] == "GB"
    assert permission["chargePermissionId"].startswith("S02-")


@pytest.mark.parametrize(("named", "currency", "country"), [("uk", "GBP", "GB")])
def test_a_key_for_every_region_is_british_by_its_request(
    named: str, currency: str, country: str
) -> None:
    shop = Shop("eu")
    shop.simulator.merchants[KEY_ID] = merchant(KEY_ID, KEY.public_key())
    shop.region, shop.currency = named, currency
    session = shop.open()
    shown = shop.simulator.choose(session)
    assert shown["shippingAddress"]["countryCode"] == country
    assert shown["billingAddress"]["countryCode"] == country


@pytest.mark.parametrize(("region", "country"), [("eu", "DE"), ("de", "DE")])
def test_the_rest_of_europe_keeps_books_in_euros(region: str, country: str) -> None:
    shop = Shop("eu")
    shop.simulator.merchants[KEY_ID] = merchant(KEY_ID, KEY.public_key(), region=region)
    shown = shop.simulator.choose(shop.open())
    assert shown["shippingAddress"]["countryCode"] == country
    assert shop.simulator.merchants[KEY_ID].currency_in("eu") == "EUR"
