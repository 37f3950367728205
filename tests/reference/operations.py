"""The operations: 43 names on 41 endpoints.

Names and paths from Amazon's pages and the official SDKs. The class says what an
ambiguous failure allows: a GET reads; a key makes Amazon answer the same again; a state
can be asked for; a reference of the merchant's is refused twice; the rest goes once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import accounts, checkout, payments

if TYPE_CHECKING:
    from .words import Members


class Row(NamedTuple):
    """One operation."""

    name: str
    method: str
    path: str
    repeat: str
    request: Members | None
    answer: Members | None
    may_be_empty: bool = False
    """Whether a success may come without a body."""
    body_may_be_left_out: bool = False


_SESSION = "/checkoutSessions/{checkout_session_id}"
_PERMISSION = "/chargePermissions/{charge_permission_id}"
_ACCOUNT = "/merchantAccounts/{merchant_account_id}"

C, P, A = checkout, payments, accounts

OPERATIONS = [
    Row("get_buyer", "GET", "/buyers/{buyer_token}", "read", None, C.BUYER),
    # Checkout sessions
    Row(
        "create_checkout_session",
        "POST",
        "/checkoutSessions",
        "key",
        C.CREATE_CHECKOUT_SESSION,
        C.CHECKOUT_SESSION,
    ),
    Row("get_checkout_session", "GET", _SESSION, "read", None, C.CHECKOUT_SESSION),
    Row(
        "update_checkout_session",
        "PATCH",
        _SESSION,
        "state",
        C.UPDATE_CHECKOUT_SESSION,
        C.CHECKOUT_SESSION,
    ),
    Row(
        "complete_checkout_session",
        "POST",
        f"{_SESSION}/complete",
        "state",
        C.COMPLETE_CHECKOUT_SESSION,
        C.CHECKOUT_SESSION,
    ),
    Row(
        "finalize_checkout_session",
        "POST",
        f"{_SESSION}/finalize",
        "state",
        C.FINALIZE_CHECKOUT_SESSION,
        C.CHECKOUT_SESSION,
    ),
    # Charge permissions
    Row("get_charge_permission", "GET", _PERMISSION, "read", None, P.CHARGE_PERMISSION),
    Row(
        "update_charge_permission",
        "PATCH",
        _PERMISSION,
        "state",
        P.UPDATE_CHARGE_PERMISSION,
        P.CHARGE_PERMISSION,
    ),
    Row(
        "close_charge_permission",
        "DELETE",
        f"{_PERMISSION}/close",
        "state",
        P.CLOSE_CHARGE_PERMISSION,
        P.CHARGE_PERMISSION,
        body_may_be_left_out=True,
    ),
    # Charges
    Row("create_charge", "POST", "/charges", "key", P.CREATE_CHARGE, P.CHARGE),
    Row("get_charge", "GET", "/charges/{charge_id}", "read", None, P.CHARGE),
    Row(
        "update_charge",
        "PATCH",
        "/charges/{charge_id}",
        "state",
        P.UPDATE_CHARGE,
        P.CHARGE,
    ),
    Row(
        "capture_charge",
        "POST",
        "/charges/{charge_id}/capture",
        "key",
        P.CAPTURE_CHARGE,
        P.CHARGE,
    ),
    Row(
        "cancel_charge",
        "DELETE",
        "/charges/{charge_id}/cancel",
        "state",
        P.CANCEL_CHARGE,
        P.CHARGE,
        body_may_be_left_out=True,
    ),
    # Refunds, deliveries, the till
    Row("create_refund", "POST", "/refunds", "key", P.CREATE_REFUND, P.REFUND),
    Row("get_refund", "GET", "/refunds/{refund_id}", "read", None, P.REFUND),
    Row(
        "create_delivery_tracker",
        "POST",
        "/deliveryTrackers",
        "once",
        P.CREATE_DELIVERY_TRACKER,
        P.DELIVERY_TRACKER,
    ),
    Row(
        "instore_merchant_scan",
        "POST",
        "/in-store/merchantScan",
        "reference",
        P.MERCHANT_SCAN,
        P.MERCHANT_SCANNED,
    ),
    Row(
        "instore_charge",
        "POST",
        "/in-store/charge",
        "reference",
        P.TILL_CHARGE,
        P.TILL_CHARGED,
    ),
    Row(
        "instore_refund",
        "POST",
        "/in-store/refund",
        "reference",
        P.TILL_REFUND,
        P.TILL_REFUNDED,
    ),
    # Delegation
    Row(
        "get_authorization_token",
        "GET",
        "/authorizationTokens/{mws_auth_token}",
        "read",
        None,
        A.AUTHORIZATION_TOKEN,
    ),
    # Reports
    Row("get_reports", "GET", "/reports", "read", None, A.REPORTS),
    Row("get_report", "GET", "/reports/{report_id}", "read", None, A.REPORT),
    Row("create_report", "POST", "/reports", "key", A.CREATE_REPORT, A.REPORT_CREATED),
    Row(
        "get_report_document",
        "GET",
        "/report-documents/{report_document_id}",
        "read",
        None,
        A.REPORT_DOCUMENT,
    ),
    Row(
        "get_report_schedules",
        "GET",
        "/report-schedules",
        "read",
        None,
        A.REPORT_SCHEDULES,
    ),
    Row(
        "get_report_schedule",
        "GET",
        "/report-schedules/{report_schedule_id}",
        "read",
        None,
        A.REPORT_SCHEDULE,
    ),
    Row(
        "create_report_schedule",
        "POST",
        "/report-schedules",
        "key",
        A.CREATE_REPORT_SCHEDULE,
        A.REPORT_SCHEDULE_CREATED,
    ),
    Row(
        "cancel_report_schedule",
        "DELETE",
        "/report-schedules/{report_schedule_id}",
        "state",
        None,
        None,
        may_be_empty=True,
    ),
    # Disbursements, disputes, files
    Row("get_disbursements", "GET", "/disbursements", "read", None, A.DISBURSEMENTS),
    Row("create_dispute", "POST", "/disputes", "key", A.CREATE_DISPUTE, A.DISPUTE),
    Row("get_dispute", "GET", "/disputes/{dispute_id}", "read", None, A.DISPUTE),
    Row(
        "update_dispute",
        "PATCH",
        "/disputes/{dispute_id}",
        "state",
        A.UPDATE_DISPUTE,
        A.DISPUTE,
    ),
    Row(
        "contest_dispute",
        "POST",
        "/disputes/{dispute_id}/contest",
        "key",
        A.CONTEST_DISPUTE,
        A.DISPUTE,
    ),
    Row("upload_file", "POST", "/files", "key", A.UPLOAD_FILE, A.FILE),
    # Merchant accounts
    Row(
        "register_amazon_pay_account",
        "POST",
        "/merchantAccounts",
        "reference",
        A.CREATE_MERCHANT_ACCOUNT,
        A.MERCHANT_ACCOUNT,
    ),
    Row(
        "update_amazon_pay_account",
        "PATCH",
        _ACCOUNT,
        "state",
        A.UPDATE_MERCHANT_ACCOUNT,
        A.UNKNOWN,
        may_be_empty=True,
    ),
    Row(
        "delete_amazon_pay_account",
        "DELETE",
        _ACCOUNT,
        "state",
        None,
        A.UNKNOWN,
        may_be_empty=True,
    ),
    Row(
        "create_merchant_account",
        "POST",
        "/merchantAccounts",
        "reference",
        A.CREATE_MERCHANT_ACCOUNT,
        A.MERCHANT_ACCOUNT,
    ),
    Row(
        "update_merchant_account",
        "PATCH",
        _ACCOUNT,
        "state",
        A.UPDATE_MERCHANT_ACCOUNT,
        A.UNKNOWN,
        may_be_empty=True,
    ),
    Row(
        "claim_merchant_account",
        "POST",
        f"{_ACCOUNT}/claim",
        "once",
        A.CLAIM_MERCHANT_ACCOUNT,
        A.UNKNOWN,
        may_be_empty=True,
    ),
    Row(
        "create_store",
        "POST",
        f"{_ACCOUNT}/stores",
        "once",
        A.STORE,
        A.UNKNOWN,
        may_be_empty=True,
    ),
    Row(
        "update_store",
        "PATCH",
        f"{_ACCOUNT}/stores/{{store_id}}",
        "state",
        A.STORE,
        A.UNKNOWN,
        may_be_empty=True,
    ),
]

# Parameters of the query, by operation: the Python name and the wire's.
QUERIES = {
    "get_authorization_token": {"merchant_id": "merchantId"},
    "get_reports": {
        "report_types": "reportTypes",
        "processing_statuses": "processingStatuses",
        "created_since": "createdSince",
        "created_until": "createdUntil",
        "page_size": "pageSize",
        "next_token": "nextToken",
    },
    "get_report_schedules": {"report_types": "reportTypes"},
    "get_disbursements": {
        "start_time": "startTime",
        "end_time": "endTime",
        "page_size": "pageSize",
        "next_token": "nextToken",
    },
}
