"""The published limits: `amazon-pay-api-v2/api-throttling-limits.html`.

A row names the operation as the page does and as the method; then quota and restore
rate per second, live and sandbox. Every row seen is of the US and EU tables. Get
Merchant Status, in the row of Create Merchant Account, is no call of the SDKs.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One line of the page's table."""

    page: str
    method: str
    live: tuple[int, int]
    sandbox: tuple[int, int] | None
    """None: not available there."""


LIMITS = [
    Row("Create Checkout Session", "create_checkout_session", (40, 16), (5, 1)),
    Row("Get Checkout Session", "get_checkout_session", (40, 8), (10, 1)),
    Row("Update Checkout Session", "update_checkout_session", (20, 8), (5, 1)),
    Row("Complete Checkout Session", "complete_checkout_session", (20, 4), (2, 1)),
    Row("Get Charge Permission", "get_charge_permission", (20, 4), (10, 1)),
    Row("Update Charge Permission", "update_charge_permission", (10, 2), (5, 1)),
    Row("Close Charge Permission", "close_charge_permission", (10, 2), (2, 1)),
    Row("Create Charge", "create_charge", (10, 4), (2, 1)),
    Row("Get Charge", "get_charge", (20, 4), (5, 1)),
    Row("Capture Charge", "capture_charge", (20, 4), (2, 1)),
    Row("Cancel Charge", "cancel_charge", (10, 2), (2, 1)),
    Row("Create Refund", "create_refund", (10, 4), (2, 1)),
    Row("Get Refund", "get_refund", (20, 4), (5, 1)),
    Row("Create Delivery Tracker", "create_delivery_tracker", (10, 1), (1, 1)),
    Row("Get Authorization Token", "get_authorization_token", (5, 1), None),
    Row("Create Merchant Account", "create_merchant_account", (10, 1), (1, 1)),
]
