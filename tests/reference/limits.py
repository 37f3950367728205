"""How much, how many, how long.

From `amazon-pay-api-v2/charge.html`, `amazon-pay-checkout/manage-refunds.html`,
`amazon-pay-checkout/monthly-recurring-charge-limits.html`,
`amazon-pay-paymentmethodonfile/monthly-paymentmethodonfile-charge-limits.html`,
`amazon-pay-checkout/deferred-transactions.html` and Amazon's Japanese guides.
"""

from __future__ import annotations

from datetime import timedelta

# The most that one charge or one refund may be.
LARGEST = {"USD": "150000", "GBP": "150000", "EUR": "150000", "JPY": "10000000"}

# Captured amount, currency, and the most that all refunds together may be: 15 % more,
# and no more than 75 (8,400 yen) more.
REFUNDABLE = [
    ("100.00", "USD", "115.00"),
    ("0.01", "USD", "0.01"),
    ("0.07", "USD", "0.08"),
    ("10.01", "EUR", "11.51"),
    ("499.99", "GBP", "574.98"),
    ("500.00", "USD", "575.00"),
    ("500.01", "USD", "575.01"),
    ("150000.00", "USD", "150075.00"),
    ("100", "JPY", "115"),
    ("101", "JPY", "116"),
    ("56000", "JPY", "64400"),
    ("56001", "JPY", "64401"),
    ("1000000", "JPY", "1008400"),
]

# Order amount, currency, and the limit with `allowOvercharge`: 900 %, at least 500
# (70,000 yen).
OVERCHARGEABLE = [
    ("100.00", "USD", "900.00"),
    ("55.55", "USD", "500.00"),
    ("55.56", "USD", "500.04"),
    ("1.00", "EUR", "500.00"),
    ("1.00", "GBP", "500.00"),
    ("100", "JPY", "70000"),
    ("7778", "JPY", "70002"),
]

# A calendar month of a permission that is not for one order.
MONTHLY = [
    ("Recurring", "na", "USD", "1000.00"),
    ("Recurring", "jp", "JPY", "100000"),
    *(
        ("Recurring", "eu", currency, "1000.00")
        for currency in ("AUD", "CHF", "EUR", "GBP", "NZD", "USD")
    ),
    *(
        ("Recurring", "eu", currency, "10000.00")
        for currency in ("DKK", "HKD", "NOK", "SEK", "ZAR")
    ),
    ("Recurring", "eu", "JPY", "100000"),
    ("PaymentMethodOnFile", "na", "USD", "15000.00"),
    ("PaymentMethodOnFile", "jp", "JPY", "2000000"),
    *(
        ("PaymentMethodOnFile", "eu", currency, "15000.00")
        for currency in ("AUD", "CHF", "EUR", "GBP", "NZD", "USD")
    ),
    *(
        ("PaymentMethodOnFile", "eu", currency, "150000.00")
        for currency in ("DKK", "HKD", "NOK", "SEK", "ZAR")
    ),
    ("PaymentMethodOnFile", "eu", "JPY", "2000000"),
]

CHARGES_PER_ONE_TIME_PERMISSION = 25
REFUNDS_PER_CHARGE = 10

SESSION_LIFE = timedelta(hours=24)
SESSION_KEPT = timedelta(days=30)
ONE_TIME_PERMISSION_LIFE = timedelta(days=180)
LONG_PERMISSION_MONTHS = 13
AUTHORIZATION_LIFE = timedelta(days=30)
PROMPT_CAPTURE = timedelta(days=7)
PENDING_AUTHORIZATION = timedelta(seconds=30)
BUYER_DATA_LIFE = timedelta(days=30)
BUYER_TOKEN_LIFE = timedelta(hours=24)
