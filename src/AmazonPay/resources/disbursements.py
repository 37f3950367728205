"""Disbursements: what Amazon has paid out to the merchant.

Amazon's page: `amazon-pay-reports/request-disbursement-details.html`.
"""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired

from typing_extensions import TypedDict

from .._core.operation import operation
from ..response import Response
from ._common import CurrencyCode


class Disbursement(TypedDict):
    """One payment to the merchant's bank."""

    sellerId: str
    settlementId: str
    amazonDisbursementReferenceId: str
    amount: str
    """Units of `currencyCode`; the two are not a price object here."""
    currencyCode: CurrencyCode
    transactionTime: str
    """In the form `2026-01-01T12:00:00.000Z`, unlike elsewhere."""


class Disbursements(TypedDict):
    """A page of disbursements."""

    disbursements: list[Disbursement]
    nextToken: NotRequired[str | None]
    """Null or absent on the last page; which is unconfirmed."""


class DisbursementOperations:
    """The operation on disbursements."""

    @operation(
        "GET",
        "/disbursements",
        repeat="read",
        answers=(200,),
        page="amazon-pay-reports/request-disbursement-details.html",
    )
    def get_disbursements(
        self,
        *,
        start_time: str | datetime | None = None,
        end_time: str | datetime | None = None,
        page_size: int | None = None,
        next_token: str | None = None,
    ) -> Response[Disbursements]:
        """Get a page of disbursements settled between two times; nothing changes.

        Amazon requires both times, or only the `next_token` of the previous page. A
        datetime needs a time zone; as text a time is `20260101T120000Z`. The largest
        `page_size` is unconfirmed.

        Errors: 400 `InvalidParameterValue`, `MissingParameterValue`; the code for
        `next_token` beside other parameters is unconfirmed, probably
        `InvalidParameterCombination`.
        """
        ...
