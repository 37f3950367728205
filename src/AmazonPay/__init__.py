"""Amazon Pay API v2 for Python: `Client` blocks, `AsyncClient` awaits.

Importing this package loads neither the HTTP nor the crypto library; constructing a
client does. All names but the errors and `Response` are loaded on first use: commands,
and the simulator, start without the client.
"""

from typing import TYPE_CHECKING

from .errors import AmazonPayError as AmazonPayError
from .errors import AmountExceeded as AmountExceeded
from .errors import APIError as APIError
from .errors import AuthenticationError as AuthenticationError
from .errors import AuthorizationTimedOut as AuthorizationTimedOut
from .errors import BadRequest as BadRequest
from .errors import CertificateRefused as CertificateRefused
from .errors import CircuitOpen as CircuitOpen
from .errors import ClientClosed as ClientClosed
from .errors import ClockWrong as ClockWrong
from .errors import ConfigurationError as ConfigurationError
from .errors import ConnectionFailed as ConnectionFailed
from .errors import ConnectionLost as ConnectionLost
from .errors import Declined as Declined
from .errors import DuplicateIdempotencyKey as DuplicateIdempotencyKey
from .errors import HardDeclined as HardDeclined
from .errors import HeldBack as HeldBack
from .errors import InvalidRequest as InvalidRequest
from .errors import InvalidResponse as InvalidResponse
from .errors import InvalidSignature as InvalidSignature
from .errors import JournalConflict as JournalConflict
from .errors import JournalFailed as JournalFailed
from .errors import NotFound as NotFound
from .errors import OutcomeUnknown as OutcomeUnknown
from .errors import Rejected as Rejected
from .errors import ReportUnavailable as ReportUnavailable
from .errors import ResponseTooLarge as ResponseTooLarge
from .errors import ServerError as ServerError
from .errors import SigningFailed as SigningFailed
from .errors import SoftDeclined as SoftDeclined
from .errors import Throttled as Throttled
from .errors import TimedOut as TimedOut
from .errors import TransferFailed as TransferFailed
from .errors import TransportError as TransportError
from .errors import WrongState as WrongState
from .response import Response as Response

if TYPE_CHECKING:
    __version__: str

    from . import explain as explain
    from ._core.config import Retry as Retry
    from ._core.config import Timeout as Timeout
    from .breaker import Breaker as Breaker
    from .client import AsyncClient as AsyncClient
    from .client import Client as Client
    from .decisions import Decision as Decision
    from .decisions import DefiniteNo as DefiniteNo
    from .decisions import MoneyMoved as MoneyMoved
    from .decisions import NotProven as NotProven
    from .decisions import NotYet as NotYet
    from .decisions import OutcomeError as OutcomeError
    from .idempotency import idempotency_key as idempotency_key
    from .ipn import InboxFailed as InboxFailed
    from .ipn import NotificationForged as NotificationForged
    from .ipn import NotificationRefused as NotificationRefused
    from .ipn import NotificationUnverifiable as NotificationUnverifiable
    from .journal import Journal as Journal
    from .journal import SQLiteJournal as SQLiteJournal
    from .money import price as price
    from .objects import allowed_actions as allowed_actions
    from .objects import merge as merge
    from .pacing import RateLimits as RateLimits

_LAZY_NAMES = {
    "AsyncClient": "client",
    "Breaker": "breaker",
    "Client": "client",
    "Decision": "decisions",
    "OutcomeError": "decisions",
    "RateLimits": "pacing",
    "Retry": "_core.config",
    "Timeout": "_core.config",
    "NotYet": "decisions",
    "NotProven": "decisions",
    "MoneyMoved": "decisions",
    "DefiniteNo": "decisions",
    "InboxFailed": "ipn",
    "Journal": "journal",
    "NotificationForged": "ipn",
    "NotificationRefused": "ipn",
    "NotificationUnverifiable": "ipn",
    "SQLiteJournal": "journal",
    "allowed_actions": "objects",
    "explain": "explain",
    "idempotency_key": "idempotency",
    "merge": "objects",
    "price": "money",
}


def __getattr__(name: str) -> object:
    """Load a name on its first use."""
    if name == "__version__":
        from ._core.version import installed_version

        globals()[name] = version = installed_version()
        return version
    if name not in _LAZY_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f".{_LAZY_NAMES[name]}", __name__)
    value = module if _LAZY_NAMES[name] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY_NAMES, "__version__"} - {"TYPE_CHECKING"})
