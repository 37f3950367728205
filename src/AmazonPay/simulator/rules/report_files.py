"""The files of reports: delimited text, made from the ledger.

A settlement file is laid out as real ones are: facts, a blank line, and a table whose
cells are quoted. Its columns are the earlier API's. The columns of all other files are
a guess, and so are their commas, the form of their times and the header in their first
line.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..engine.timestamps import format_timestamp, parse_timestamp
from . import ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..engine.context import Context
    from ..engine.store import Record

ReportRow = dict[str, Any]

_SETTLEMENT_COLUMNS = (
    *("TransactionPostedDate", "SettlementId", "AmazonTransactionId"),
    *("SellerReferenceId", "TransactionType", "AmazonOrderReferenceId"),
    *("SellerOrderId", "StoreName", "CurrencyCode", "TransactionDescription"),
    *("TransactionAmount", "TransactionPercentageFee", "TransactionFixedFee"),
    *("TotalTransactionFee", "NetTransactionAmount"),
)

_PREFIX = "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_"
SANDBOX_SETTLEMENT = f"{_PREFIX}SANDBOX_SETTLEMENT_DATA_"
MULTI_CURRENCY = "_GET_CSV_CUSTOM_OFFAMAZONPAYMENTS_MULTI_CURRENCY_PAYMENTS_DATA_"


def _references(record: Record) -> ReportRow:
    given: ReportRow = record["metadata"] or {}
    return {
        "SellerOrderId": given.get("merchantReferenceId"),
        "StoreName": given.get("merchantStoreName"),
    }


def _settled(context: Context, since: str, until: str) -> Iterable[ReportRow]:
    for movement in ledger.movements(context):
        if since <= movement.at <= until:
            of = movement.charge
            settlement = (context.owner, movement.day_over, movement.currency)
            yield {
                "TransactionPostedDate": movement.at,
                "SettlementId": ledger.settlement_id(*settlement),
                "AmazonTransactionId": movement.id,
                "SellerReferenceId": None,
                "TransactionType": movement.type,
                "AmazonOrderReferenceId": of["permission"],
                **_references(of),
                "CurrencyCode": movement.currency,
                "TransactionDescription": movement.type,
                "TransactionAmount": movement.amount,
                "TransactionPercentageFee": 0,
                "TransactionFixedFee": 0,
                "TotalTransactionFee": 0,
                "NetTransactionAmount": movement.amount,
            }


def _transfers(context: Context, since: str, until: str) -> Iterable[ReportRow]:
    """Yield a row for each payment to the merchant; these have no transaction id."""
    for day_over, currency, amount in ledger.disbursements(context):
        at = format_timestamp(day_over)
        if since <= at <= until:
            settlement = (context.owner, day_over, currency)
            yield {
                **dict.fromkeys(_SETTLEMENT_COLUMNS),
                "TransactionPostedDate": at,
                "SettlementId": ledger.settlement_id(*settlement),
                "TransactionType": "Transfer",
                "CurrencyCode": currency,
                "TransactionAmount": -amount,
                "NetTransactionAmount": -amount,
            }


def _settlement(context: Context, since: str, until: str) -> Iterable[ReportRow]:
    """Yield the rows of a settlement file, formatted as in real files."""
    rows = [*_settled(context, since, until), *_transfers(context, since, until)]
    for row in sorted(rows, key=lambda row: str(row["TransactionPostedDate"])):
        yield {
            name: f"{value:,}" if isinstance(value, Decimal) else value
            for name, value in row.items()
        } | {"TransactionPostedDate": _settlement_time(row["TransactionPostedDate"])}


def _settlement_time(text: str) -> str:
    return f"{parse_timestamp(text):%Y-%m-%dT%H:%M:%S} +0000"


def _facts(context: Context, since: str, until: str) -> list[tuple[str, str]]:
    """Return what stands above the table of a settlement file."""
    return [
        ("SettlementStartDate", _settlement_time(since)),
        ("SettlementEndDate", _settlement_time(until)),
        ("SellerId", context.account),
    ]


def _created(context: Context, kind: str, since: str, until: str) -> list[Record]:
    found = [r for r in context.all(kind) if since <= r["created"] <= until]
    return sorted(found, key=lambda record: (record["created"], record["id"]))


def _status(record: Record) -> ReportRow:
    return {
        "CreationTimestamp": record["created"],
        "Status": record["state"],
        "ReasonCode": record["reason"],
        "LastUpdateTimestamp": record["updated"],
    }


def _permissions(
    name: str, types: tuple[str, ...]
) -> Callable[[Context, str, str], Iterable[ReportRow]]:
    def rows(context: Context, since: str, until: str) -> Iterable[ReportRow]:
        for permission in _created(context, "chargePermission", since, until):
            if permission["type"] in types:
                yield {
                    name: permission["id"],
                    **_references(permission),
                    "ExpirationTimestamp": permission["expires"],
                    "Amount": permission["limit"],
                    "CurrencyCode": permission["currency"],
                    **_status(permission),
                }

    return rows


def _authorizations(context: Context, since: str, until: str) -> Iterable[ReportRow]:
    for charge in _created(context, "charge", since, until):
        captured: ReportRow = charge["captureAmount"] or {}
        yield {
            "AmazonAuthorizationId": charge["id"],
            "AmazonOrderReferenceId": charge["permission"],
            **_references(charge),
            "AuthorizationAmount": charge["chargeAmount"]["amount"],
            "CapturedAmount": captured.get("amount"),
            "CurrencyCode": charge["chargeAmount"]["currencyCode"],
            "ExpirationTimestamp": charge["expires"],
            **_status(charge),
        }


def _refunds(context: Context, since: str, until: str) -> Iterable[ReportRow]:
    for refund in _created(context, "refund", since, until):
        yield {
            "AmazonRefundId": refund["id"],
            "AmazonCaptureId": refund["charge"],
            "RefundAmount": refund["amount"]["amount"],
            "CurrencyCode": refund["amount"]["currencyCode"],
            **_status(refund),
        }


_ROWS: dict[str, Callable[[Context, str, str], Iterable[ReportRow]]] = {
    SANDBOX_SETTLEMENT: _settlement,
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


def text_of(context: Context, type_: str, since: str, until: str) -> str | None:
    """Return the file about a time, both ends included; None if it would be empty."""
    rows = list(_ROWS[type_](context, since, until))
    if not rows:
        return None
    file = io.StringIO()
    settles = type_ == SANDBOX_SETTLEMENT
    writer = csv.DictWriter(
        file, rows[0], quoting=csv.QUOTE_ALL if settles else csv.QUOTE_MINIMAL
    )
    if settles:
        writer.writer.writerows([*_facts(context, since, until), ()])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()
