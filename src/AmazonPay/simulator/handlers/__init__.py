"""The handlers of all operations, one noun of the API a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._core.operation import operations_of
from ...resources import Operations
from ..engine import deliveries, notifications
from . import (
    authorization_tokens,
    buyers,
    charge_permissions,
    charges,
    checkout_sessions,
    completion,
    delivery_trackers,
    disbursements,
    disputes,
    files,
    in_store,
    merchant_accounts,
    refunds,
    report_schedules,
    reports,
)
from .registry import HANDLERS as HANDLERS
from .registry import check_complete

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.messages import HTTPResponse, Request

# Importing these files registers their handlers.
_REGISTERED = (
    authorization_tokens,
    buyers,
    completion,
    delivery_trackers,
    disbursements,
    in_store,
)
check_complete(operations_of(Operations))

ON_DUE: dict[str, Callable[[Context, Record, str], None]] = {
    checkout_sessions.KIND: checkout_sessions.on_due,
    charge_permissions.KIND: charge_permissions.on_due,
    charges.KIND: charges.on_due,
    refunds.KIND: refunds.on_due,
    disputes.KIND: disputes.on_due,
    reports.KIND: reports.on_due,
    report_schedules.KIND: report_schedules.on_due,
    notifications.KIND: deliveries.on_due,
}
"""What a scheduled event does, by the kind of its object."""

ON_LINK: dict[str, Callable[[Context, Record, Request], HTTPResponse]] = {
    files.KIND: files.receive,
    reports.DOCUMENT: reports.download,
    merchant_accounts.KIND: merchant_accounts.finish_claim,
}
"""The response to a request for a link, by the kind of the link's object."""
