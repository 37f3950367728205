"""`amazon-pay-v2` 0.1.1 buys, with all the calls that it has."""

from __future__ import annotations

import importlib
import json
import sys
import uuid
from typing import Any


def say(**said: object) -> None:
    """Print a line for the other process."""
    print(json.dumps(said), flush=True)  # noqa: T201 - the other process reads it


def see(response: Any) -> Any:
    """Print status and state of an answer; return its object."""
    found = response.json()
    say(seen=[response.status_code, found["statusDetails"]["state"]])
    return found


def main(key_id: str, key: str) -> None:
    """Buy and refund."""
    package: Any = importlib.import_module("amazon_pay_v2.api")
    client = package.AmazonPayAPIV2(key, key_id, region="eu", environment="sandbox")
    price = {"amount": 100, "currencyCode": "EUR"}
    body = {
        "webCheckoutDetails": {"checkoutReviewReturnUrl": "https://localhost/review"},
        "storeId": "YOUR_STORE_ID",
        "deliverySpecifications": {
            "specialRestrictions": ["RestrictPOBoxes"],
            "addressRestrictions": {
                "type": "Allowed",
                "restrictions": {"DE": {}, "CH": {}},
            },
        },
        "paymentDetails": {
            "paymentIntent": "AuthorizeWithCapture",
            "chargeAmount": price,
            "presentmentCurrency": "EUR",
        },
        "merchantMetadata": {"merchantStoreName": "my store"},
    }
    made = client.create_checkout_session(body, uuid.uuid4().hex)
    session = see(made)["checkoutSessionId"]
    web = {"checkoutResultReturnUrl": "https://localhost/result"}
    see(client.update_checkout_session(session, {"webCheckoutDetails": web}))
    say(buyer=session)
    sys.stdin.readline()
    see(client.get_checkout_session(session))
    key = uuid.uuid4().hex
    done = see(client.complete_checkout_session(session, {"chargeAmount": price}, key))
    refund = {"chargeId": done["chargeId"], "refundAmount": price}
    refunded = see(client.create_refund(refund, uuid.uuid4().hex))["refundId"]
    see(client.get_refund(refunded))


if __name__ == "__main__":
    main(*sys.argv[1:])
