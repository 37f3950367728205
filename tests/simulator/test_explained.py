"""The story says why a signature was refused; the answer is Amazon's, unchanged."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.simulator import Request, merchant
from keys import KEY, OTHER_KEY
from simulated import KEY_ID, Shop, authorization, canonical, reply_of

if TYPE_CHECKING:
    from simulated import Reply

TARGET = "/v2/charges/S01-0000000-0000000-C000000"


def ask(shop: Shop, *, signed: str = TARGET, **given: Any) -> Reply:
    """Sign one target and send another."""
    headers = {
        "accept": "application/json",
        "content-type": "application/json",
        "x-amz-pay-date": given.pop("date", shop.clock.text),
        "x-amz-pay-host": "pay-api.amazon.com",
        "x-amz-pay-region": "na",
    }
    names = ";".join(sorted(headers))
    text = canonical("GET", signed, headers, names, b"")
    value = given.pop("value", None) or authorization(text, names, **given)
    pairs = (*headers.items(), ("authorization", value))
    return reply_of(shop.simulator.handle(Request("GET", TARGET, pairs)))


def story(shop: Shop) -> dict[str, Any] | None:
    found: dict[str, Any] | None = shop.simulator.story()[-1].facts.get("explanation")
    return found


def test_a_refused_signature_is_explained_in_the_story(shop: Shop) -> None:
    assert ask(shop, signed=f"{TARGET}/").error == (403, "InvalidRequestSignature")
    explanation = story(shop)
    assert explanation is not None
    assert explanation["name"] == "path_trailing_slash"
    assert explanation["keyIsRight"] is True
    assert explanation["difference"]["part"] == "path"


def test_the_answer_is_amazons_byte_for_byte(shop: Shop) -> None:
    reply = ask(shop, signed=f"{TARGET}/")
    headers = (
        "accept:application/json\ncontent-type:application/json\n"
        f"x-amz-pay-date:{shop.clock.text}\nx-amz-pay-host:pay-api.amazon.com\n"
        "x-amz-pay-region:na\n"
    )
    names = "accept;content-type;x-amz-pay-date;x-amz-pay-host;x-amz-pay-region"
    text = f"GET\n{TARGET}\n\n{headers}\n{names}\n{sha256(b'').hexdigest()}"
    string = f"AMZN-PAY-RSASSA-PSS\\n{sha256(text.encode()).hexdigest()}"
    assert reply.body.decode() == (
        '{"reasonCode":"InvalidRequestSignature","message":"Unable to verify signature,'
        f' signing String [{string}], signature does not match"}}'
    )
    assert set(reply.headers) == {
        "content-type",
        "date",
        "x-amz-pay-request-id",
        "x-simulator",
    }


def test_the_key_that_signed_is_named(shop: Shop) -> None:
    shop.simulator.merchants["SANDBOX-B"] = merchant(
        "SANDBOX-B", OTHER_KEY.public_key()
    )
    assert ask(shop, key=OTHER_KEY).status == 403
    explanation = story(shop)
    assert explanation is not None
    assert explanation["name"] == "key_other"
    assert "SANDBOX-B" in explanation["proof"]


@pytest.mark.parametrize(
    ("given", "status", "name"),
    [
        ({"date": "21000115T120009Z"}, 400, "date_in_future"),
        ({"key_id": "SANDBOX-UNKNOWN"}, 400, "key_other"),
        ({"value": "Bearer x"}, 400, "authorization_malformed"),
        ({"value": " "}, 400, "authorization_missing"),
        ({"algorithm": "RS256"}, 400, "algorithm_unknown"),
    ],
)
def test_a_refused_header_is_explained_too(
    shop: Shop, given: dict[str, Any], status: int, name: str
) -> None:
    assert ask(shop, **given).status == status
    explanation = story(shop)
    assert explanation is not None
    assert explanation["name"] == name


def test_what_has_nothing_to_do_with_a_signature_is_not_explained(shop: Shop) -> None:
    assert ask(shop).status == 404
    assert "explanation" not in shop.simulator.story()[-1].facts
    shop.simulator.handle(Request("GET", "/nowhere"))
    assert "explanation" not in shop.simulator.story()[-1].facts
    assert shop.simulator.merchants[KEY_ID].public_key == KEY.public_key()
