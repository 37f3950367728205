"""Buyers who signed in before a checkout: `amazon-pay-api-v2/buyer.html`."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from AmazonPay.simulator import merchant
from AmazonPay.simulator.wire.errors import APIRefusal
from keys import KEY
from reference import orders
from reference.limits import BUYER_TOKEN_LIFE
from simulated import KEY_ID, Reply, Shop

NOT_FOUND = (404, "ResourceNotFound")


def get_buyer(shop: Shop, token: str) -> Reply:
    """Get the buyer; the signature is over the path encoded once more."""
    with shop.client() as client:
        response = client.get_buyer(token)
    return Reply(response.status_code, response.content, dict(response.headers))


def given(shop: Shop, scopes: list[str] | None) -> set[str]:
    answer = get_buyer(shop, shop.simulator.sign_in(KEY_ID, scopes=scopes)).json
    return {name for name, value in answer.items() if value is not None}


def test_a_token_gives_the_buyer_with_every_member_in_order(shop: Shop) -> None:
    reply = get_buyer(shop, shop.simulator.sign_in(KEY_ID))
    assert reply.status == 200
    assert list(reply.json) == orders.BUYER
    assert reply.json["buyerId"].startswith("amzn1.account.")


@pytest.mark.parametrize(
    ("scopes", "members"),
    [
        (None, {"name", "email"}),
        ([], set[str]()),
        (["name"], {"name"}),
        (["email"], {"email"}),
        (["phoneNumber"], {"phoneNumber"}),
        (["postalCode"], {"postalCode", "countryCode"}),
        (["shippingAddress"], {"shippingAddress", "postalCode", "countryCode"}),
        (["billingAddress"], {"billingAddress"}),
        (["primeStatus"], set[str]()),
    ],
)
def test_a_scope_gives_its_members_and_the_rest_is_null(
    scopes: list[str] | None, members: set[str]
) -> None:
    assert given(Shop(), scopes) == {"buyerId"} | members


def test_a_token_needs_percent_encoding() -> None:
    token = Shop().simulator.sign_in(KEY_ID)
    assert quote(token, safe="") != token


def test_a_token_works_again_within_24_hours_and_not_after(shop: Shop) -> None:
    token = shop.simulator.sign_in(KEY_ID)
    first = get_buyer(shop, token)
    shop.clock.now += BUYER_TOKEN_LIFE
    shop.clock.move(seconds=-1)
    assert get_buyer(shop, token).body == first.body
    shop.clock.move(seconds=1)
    assert get_buyer(shop, token).error == NOT_FOUND


def test_an_unknown_token_is_not_found() -> None:
    assert get_buyer(Shop(), "x").error == NOT_FOUND


@pytest.mark.parametrize(
    ("region", "country"), [("na", "US"), ("eu", "DE"), ("jp", "JP")]
)
def test_a_buyer_lives_in_the_region_of_the_merchant(region: str, country: str) -> None:
    shop = Shop(region)
    token = shop.simulator.sign_in(KEY_ID, scopes=["postalCode"])
    assert get_buyer(shop, token).json["countryCode"] == country


@pytest.mark.parametrize(
    ("named", "country"), [(None, "US"), ("eu", "DE"), ("uk", "GB")]
)
def test_the_buyer_of_a_key_for_every_region_lives_where_he_says(
    shop: Shop, named: str | None, country: str
) -> None:
    shop.simulator.merchants[KEY_ID] = merchant(KEY_ID, KEY.public_key())
    token = shop.simulator.sign_in(KEY_ID, named, ["postalCode"])
    assert get_buyer(shop, token).json["countryCode"] == country


def test_an_unknown_key_region_or_scope_is_named(shop: Shop) -> None:
    shop.simulator.merchants["B"] = merchant("B", KEY.public_key())
    with pytest.raises(APIRefusal, match="nobody"):
        shop.simulator.sign_in("nobody")
    with pytest.raises(APIRefusal, match="region is one of"):
        shop.simulator.sign_in("B", "moon")
    with pytest.raises(APIRefusal, match="scope is one of"):
        shop.simulator.sign_in(KEY_ID, scopes=["shoeSize"])


def test_a_live_keys_buyer_is_nobody_to_the_sandbox(shop: Shop) -> None:
    key = merchant("LIVE-B", KEY.public_key(), region="na")
    shop.simulator.merchants["LIVE-B"] = key
    token = shop.simulator.sign_in("LIVE-B")
    assert get_buyer(shop, token).error == NOT_FOUND
