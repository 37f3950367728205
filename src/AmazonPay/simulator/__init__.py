"""A local Amazon Pay to build against (extra `[simulator]`).

`Simulator.handle(request)` returns the response to a request, in memory; `serving`
puts a simulator behind a socket of this machine.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .actors.controls import FaultUnused as FaultUnused
    from .actors.notifier import HTTPListener as HTTPListener
    from .actors.notifier import Listener as Listener
    from .actors.notifier import delivering as delivering
    from .engine.clock import Clock as Clock
    from .engine.ids import Ids as Ids
    from .engine.store import HistoryRow as HistoryRow
    from .engine.store import Store as Store
    from .merchants import Merchant as Merchant
    from .merchants import merchant as merchant
    from .observed import Observed as Observed
    from .observed import read_observed as read_observed
    from .settings import PROFILES as PROFILES
    from .settings import Profile as Profile
    from .settings import Settings as Settings
    from .simulator import Simulator as Simulator
    from .wire.messages import HTTPResponse as HTTPResponse
    from .wire.messages import Request as Request

    Answer = HTTPResponse

_NAMES = {
    "Answer": "wire.messages",
    "Clock": "engine.clock",
    "FaultUnused": "actors.controls",
    "HTTPListener": "actors.notifier",
    "HTTPResponse": "wire.messages",
    "HistoryRow": "engine.store",
    "Ids": "engine.ids",
    "Listener": "actors.notifier",
    "Merchant": "merchants",
    "Observed": "observed",
    "PROFILES": "settings",
    "Profile": "settings",
    "Request": "wire.messages",
    "Settings": "settings",
    "Simulator": "simulator",
    "Store": "engine.store",
    "delivering": "actors.notifier",
    "merchant": "merchants",
    "read_observed": "observed",
}
"""Where each name is; `Answer` is another name of `HTTPResponse`."""


def __getattr__(name: str) -> object:
    """Load a name on its first use: the command starts with what it needs."""
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f".{_NAMES[name]}", __name__)
    value = getattr(module, "HTTPResponse" if name == "Answer" else name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES} - {"TYPE_CHECKING"})
