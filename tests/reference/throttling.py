"""Quotas, from `amazon-pay-api-v2/api-throttling-limits.html`.

Calls that may come at once, and calls regained each second: live, then sandbox. "Create
Merchant Account" is one path with two names in the SDKs. None: not in sandbox.
"""

from __future__ import annotations

QUOTAS = {
    "create_checkout_session": ((40, 16), (5, 1)),
    "get_checkout_session": ((40, 8), (10, 1)),
    "update_checkout_session": ((20, 8), (5, 1)),
    "complete_checkout_session": ((20, 4), (2, 1)),
    "get_charge_permission": ((20, 4), (10, 1)),
    "update_charge_permission": ((10, 2), (5, 1)),
    "close_charge_permission": ((10, 2), (2, 1)),
    "create_charge": ((10, 4), (2, 1)),
    "get_charge": ((20, 4), (5, 1)),
    "capture_charge": ((20, 4), (2, 1)),
    "cancel_charge": ((10, 2), (2, 1)),
    "create_refund": ((10, 4), (2, 1)),
    "get_refund": ((20, 4), (5, 1)),
    "create_delivery_tracker": ((10, 1), (1, 1)),
    "get_authorization_token": ((5, 1), None),
    "register_amazon_pay_account": ((10, 1), (1, 1)),
    "create_merchant_account": ((10, 1), (1, 1)),
}
