"""What every contender sends, and what it is answered: a charge, then its capture.

The capture's id is new each time, so no contender benefits from a cached URL.
"""

from __future__ import annotations

PUBLIC_KEY_ID = "SANDBOX-BENCHMARK"

_PRICE = {"amount": "14.00", "currencyCode": "EUR"}

CHARGE: dict[str, object] = {
    "chargePermissionId": "S02-0000000-0000000",
    "chargeAmount": _PRICE,
    "captureNow": False,
    "softDescriptor": "SHOP",
    "merchantMetadata": {
        "merchantReferenceId": "order-1007",
        "merchantStoreName": "Shop",
        "noteToBuyer": "Thank you for your order",
    },
}

CAPTURE: dict[str, object] = {"captureAmount": _PRICE, "softDescriptor": "SHOP"}

ANSWER: dict[str, object] = {
    **CHARGE,
    "chargeId": "S02-0000000-0000000-C000000",
    "captureAmount": _PRICE,
    "refundedAmount": {"amount": "0.00", "currencyCode": "EUR"},
    "convertedAmount": "14.00",
    "conversionRate": "1.00",
    "channel": "Web",
    "chargeInitiator": "CITU",
    "platformId": None,
    "disbursementDetails": None,
    "statusDetails": {
        "state": "Captured",
        "reasonCode": None,
        "reasonDescription": None,
        "lastUpdatedTimestamp": "20260115T120000Z",
    },
    "creationTimestamp": "20260115T120000Z",
    "expirationTimestamp": "20260214T120000Z",
    "releaseEnvironment": "Sandbox",
}

SESSION: dict[str, object] = {
    "webCheckoutDetails": {"checkoutReviewReturnUrl": "https://shop.example/review"},
    "storeId": "amzn1.application-oa2-client.0123",
}


def charge_id(number: int) -> str:
    """Name the charge that call `number` captures."""
    return f"S02-0000000-0000000-C{number:06}"
