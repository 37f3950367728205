"""The files of reports: delimited text, made from the simulator's own ledger.

The columns of the settlement file are those of the earlier API's; all other columns are
a guess, and so are the comma, the form of times and that the header comes first.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from ..handlers import charge_permissions as permissions
from ..handlers import charges, refunds
from . import ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..engine.context import World
    from ..engine.store import Record

Row = dict[str, Any]

_PREFIX = "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_"
SANDBOX_SETTLEMENT = f"{_PREFIX}SANDBOX_SETTLEMENT_DATA_"
MULTI_CURRENCY = "_GET_CSV_CUSTOM_OFFAMAZONPAYMENTS_MULTI_CURRENCY_PAYMENTS_DATA_"


def _own_words(record: Record) -> Row:
    given: Row = record["metadata"] or {}
    return {
        "SellerOrderId": given.get("merchantReferenceId"),
        "StoreName": given.get("merchantStoreName"),
    }


def _settled(world: World, since: str, until: str) -> Iterable[Row]:
    for entry in ledger.entries(world):
        if since <= entry.at <= until:
            of = entry.charge
            settlement = (world.owner, entry.day_over, entry.currency)
            yield {
                "TransactionPostedDate": entry.at,
                "SettlementId": ledger.settlement_id(*settlement),
                "AmazonTransactionId": entry.id,
                "SellerReferenceId": None,
                "TransactionType": entry.type,
                "AmazonOrderReferenceId": of["permission"],
                **_own_words(of),
                "CurrencyCode": entry.currency,
                "TransactionDescription": entry.type,
                "TransactionAmount": entry.amount,
                "TransactionPercentageFee": 0,
                "TransactionFixedFee": 0,
                "TotalTransactionFee": 0,
                "NetTransactionAmount": entry.amount,
            }


def _created(world: World, kind: str, since: str, until: str) -> list[Record]:
    found = [r for r in world.all(kind) if since <= r["created"] <= until]
    return sorted(found, key=lambda record: (record["created"], record["id"]))


def _status(record: Record) -> Row:
    return {
        "CreationTimestamp": record["created"],
        "Status": record["state"],
        "ReasonCode": record["reason"],
        "LastUpdateTimestamp": record["updated"],
    }


def _permissions(
    name: str, types: tuple[str, ...]
) -> Callable[[World, str, str], Iterable[Row]]:
    def rows(world: World, since: str, until: str) -> Iterable[Row]:
        for permission in _created(world, permissions.KIND, since, until):
            if permission["type"] in types:
                yield {
                    name: permission["id"],
                    **_own_words(permission),
                    "ExpirationTimestamp": permission["expires"],
                    "Amount": permission["limit"],
                    "CurrencyCode": permission["currency"],
                    **_status(permission),
                }

    return rows


def _authorizations(world: World, since: str, until: str) -> Iterable[Row]:
    for charge in _created(world, charges.KIND, since, until):
        captured: Row = charge["captureAmount"] or {}
        yield {
            "AmazonAuthorizationId": charge["id"],
            "AmazonOrderReferenceId": charge["permission"],
            **_own_words(charge),
            "AuthorizationAmount": charge["chargeAmount"]["amount"],
            "CapturedAmount": captured.get("amount"),
            "CurrencyCode": charge["chargeAmount"]["currencyCode"],
            "ExpirationTimestamp": charge["expires"],
            **_status(charge),
        }


def _refunds(world: World, since: str, until: str) -> Iterable[Row]:
    for refund in _created(world, refunds.KIND, since, until):
        yield {
            "AmazonRefundId": refund["id"],
            "AmazonCaptureId": refund["charge"],
            "RefundAmount": refund["amount"]["amount"],
            "CurrencyCode": refund["amount"]["currencyCode"],
            **_status(refund),
        }


_ROWS: dict[str, Callable[[World, str, str], Iterable[Row]]] = {
    SANDBOX_SETTLEMENT: _settled,
    MULTI_CURRENCY: _settled,
    f"{_PREFIX}ORDER_REFERENCE_DATA_": _permissions(
        "AmazonOrderReferenceId", ("OneTime",)
    ),
    f"{_PREFIX}BILLING_AGREEMENT_DATA_": _permissions(
        "AmazonBillingAgreementId", ("Recurring", "PaymentMethodOnFile")
    ),
    f"{_PREFIX}AUTHORIZATION_DATA_": _authorizations,
    f"{_PREFIX}REFUND_DATA_": _refunds,
}


def text_of(world: World, type_: str, since: str, until: str) -> str | None:
    """Write the file of a time, both ends included; None if there is nothing in it."""
    rows = list(_ROWS[type_](world, since, until))
    if not rows:
        return None
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()
