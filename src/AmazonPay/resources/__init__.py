"""The operations of Amazon Pay API v2: one file for each noun, each declared once.

A file has the types of requests and answers first, and then the operations. `FILES`
maps paths to files. Both clients inherit `Operations`, which combines all files.

The docstring of an operation lists its own errors. Any operation may also get these:
400 `InvalidHeaderValue`, `InvalidRequest`, `InvalidParameterValue`,
`InvalidRequestFormat`, `InvalidParameterCombination`, `MissingHeader`,
`MissingHeaderValue`, `MissingParameterValue`, `UnrecognizedField`,
`InvalidSandboxSimulationSpecified`, `DuplicateIdempotencyKey`, `CurrencyMismatch`,
`InvalidAPIVersion`; 401 `UnauthorizedAccess`; 403 `InvalidAuthentication`,
`InvalidAccountStatus`, `InvalidRequestSignature`, `InvalidAuthorizationToken`; 404
`ResourceNotFound`; 405 `UnsupportedOperation`, `RequestNotSupported`; 408
`RequestTimeout`; 426 `TLSVersionNotSupported`; 429 `TooManyRequests`; 500
`InternalServerError`; 503 `ServiceUnavailable`.

Amazon's page: `amazon-pay-api-v2/error-handling.html`.
"""

from __future__ import annotations

from .._core.declare import Declarations
from .authorization_tokens import AuthorizationTokens
from .buyers import Buyers
from .charge_permissions import ChargePermissions
from .charges import Charges
from .checkout_sessions import CheckoutSessions
from .delivery_trackers import DeliveryTrackers
from .disbursements import DisbursementOperations
from .disputes import Disputes
from .files import Files
from .in_store import InStore
from .merchant_accounts import MerchantAccounts
from .refunds import Refunds
from .reports import ReportOperations

FILES = {
    "buyers": "buyers",
    "checkoutSessions": "checkout_sessions",
    "chargePermissions": "charge_permissions",
    "charges": "charges",
    "refunds": "refunds",
    "deliveryTrackers": "delivery_trackers",
    "in-store": "in_store",
    "authorizationTokens": "authorization_tokens",
    "reports": "reports",
    "report-documents": "reports",
    "report-schedules": "reports",
    "disbursements": "disbursements",
    "disputes": "disputes",
    "files": "files",
    "merchantAccounts": "merchant_accounts",
}
"""The module of each first path segment."""


class Operations(
    Buyers,
    CheckoutSessions,
    ChargePermissions,
    Charges,
    Refunds,
    DeliveryTrackers,
    InStore,
    AuthorizationTokens,
    ReportOperations,
    DisbursementOperations,
    Disputes,
    Files,
    MerchantAccounts,
    Declarations,
):
    """Every operation of the API, in the API's order."""
