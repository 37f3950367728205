"""A local Amazon Pay to build against (extra `[simulator]`).

`Simulator.handle(request)` returns the response to a request, in memory; `serving`
puts a simulator behind a socket of this machine.
"""

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
from .settings import PROFILES as PROFILES
from .settings import Profile as Profile
from .settings import Settings as Settings
from .simulator import Simulator as Simulator
from .wire.messages import HTTPResponse as HTTPResponse
from .wire.messages import Request as Request

Answer = HTTPResponse
"""Another name of `HTTPResponse`."""
