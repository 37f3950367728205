"""The kinds of reports by short names, and which of them are settlements."""

from __future__ import annotations

from typing import Final

_PREFIX: Final = "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_"
SETTLEMENT: Final = f"{_PREFIX}SETTLEMENT_DATA_"
SANDBOX_SETTLEMENT: Final = f"{_PREFIX}SANDBOX_SETTLEMENT_DATA_"
SETTLEMENTS: Final = frozenset({SETTLEMENT, SANDBOX_SETTLEMENT})

KINDS: Final = {
    "settlement": SETTLEMENT,
    "orders": f"{_PREFIX}ORDER_REFERENCE_DATA_",
    "agreements": f"{_PREFIX}BILLING_AGREEMENT_DATA_",
    "authorizations": f"{_PREFIX}AUTHORIZATION_DATA_",
    "refunds": f"{_PREFIX}REFUND_DATA_",
    "payments": "_GET_CSV_CUSTOM_OFFAMAZONPAYMENTS_MULTI_CURRENCY_PAYMENTS_DATA_",
}
"""The type of each kind of report."""


def type_of(kind: str, *, sandbox: bool) -> str:
    """Return the type of a kind; sandbox has a settlement report of its own."""
    return (
        SANDBOX_SETTLEMENT
        if sandbox and kind == "settlement"
        else KINDS.get(kind, kind)
    )


def kind_of(report_type: str) -> str:
    """Return the short name of a type, or the type where it has none."""
    if report_type in SETTLEMENTS:
        return "settlement"
    return next((kind for kind, of in KINDS.items() if of == report_type), report_type)
