"""A local Amazon Pay to build against (extra `[simulator]`).

`Simulator.handle(request)` is all of it: a value in, a value out. `serving` puts it
behind a socket of this machine.
"""

from .engine.ids import Ids as Ids
from .engine.store import Store as Store
from .merchants import Merchant as Merchant
from .merchants import merchant as merchant
from .settings import PROFILES as PROFILES
from .settings import Profile as Profile
from .settings import Settings as Settings
from .simulator import Simulator as Simulator
from .wire.messages import HTTPResponse as HTTPResponse
from .wire.messages import Request as Request
