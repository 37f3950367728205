"""`AmazonPayClient` 2.0.1 buys, as its README shows it: the package under our name."""

from __future__ import annotations

import importlib
import json
import sys
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
    """Buy, capture, refund and close."""
    package: Any = importlib.import_module("AmazonPay")
    client = package.Client(
        public_key_id=key_id, private_key=key, region="eu", sandbox=True
    )
    price = {"amount": "12.50", "currencyCode": "EUR"}
    web = {
        "checkoutReviewReturnUrl": "https://localhost/store/checkout_review",
        "checkoutResultReturnUrl": "https://localhost/store/checkout_result",
    }
    body = {"webCheckoutDetails": web, "storeId": "YOUR_STORE_ID"}
    session = see(client.create_checkout_session(body))["checkoutSessionId"]
    details = {"paymentIntent": "Authorize", "chargeAmount": price}
    see(client.update_checkout_session(session, {"paymentDetails": details}))
    say(buyer=session)
    sys.stdin.readline()
    done = see(client.complete_checkout_session(session, {"chargeAmount": price}))
    charge, permission = done["chargeId"], done["chargePermissionId"]
    see(client.capture_charge(charge, {"captureAmount": price}))
    see(client.get_charge(charge))
    refund = {"chargeId": charge, "refundAmount": price}
    refunded = see(client.create_refund(refund))["refundId"]
    see(client.get_refund(refunded))
    see(client.get_charge_permission(permission))


if __name__ == "__main__":
    main(*sys.argv[1:])
