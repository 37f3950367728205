"""Tools for a merchant's tests: Amazon Pay in memory, and signed notifications.

The fixtures of the pytest plugin are in `plugin`; unittest uses `amazon_pay()`. No
setting and no variable can switch anything of this on, and its verifiers refuse ids of
the live environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._authority import Authority as Authority
    from ._authority import leaf_path as leaf_path
    from ._guard import RealHostReached as RealHostReached
    from ._local import AmazonPayServer as AmazonPayServer
    from ._local import LocalAmazonPay as LocalAmazonPay
    from ._local import amazon_pay as amazon_pay
    from ._simulator import verifier_for as verifier_for
    from ._transport import SimulatorTransport as SimulatorTransport

_NAMES = {
    "AmazonPayServer": "_local",
    "Authority": "_authority",
    "LocalAmazonPay": "_local",
    "RealHostReached": "_guard",
    "SimulatorTransport": "_transport",
    "amazon_pay": "_local",
    "leaf_path": "_authority",
    "verifier_for": "_simulator",
}


def __getattr__(name: str) -> object:
    """Load a name on its first use: pytest imports this package in every run."""
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._extras import loaded

    globals()[name] = value = getattr(loaded(f"{__name__}.{_NAMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES} - {"TYPE_CHECKING"})
