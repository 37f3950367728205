"""Build the simulator of a command line: what takes most of the command's start."""

from __future__ import annotations

import time
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from .actors.notifier import HTTPListener, delivering
from .engine.clock import Clock
from .engine.ids import Ids
from .engine.store import Store
from .observed import Observed, read_observed
from .settings import PROFILES, Settings
from .simulator import Simulator

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from .merchants import Merchant
    from .plan import Plan


def load(plan: Plan, stack: ExitStack) -> Simulator:
    """Return the simulator of a plan; the stack ends what it has opened.

    Raises:
        ConfigurationError: the command line names what cannot be used.
    """
    given = plan.arguments
    store = Store(plan.file or ":memory:")
    stack.callback(store.close)
    observed = None if given.observed is None else read_observed(given.observed)
    simulator = build_simulator(
        plan.merchants, store, settings_from(given), plan.seed, time.sleep, observed
    )
    simulator.addresses = plan.addresses
    simulator.origin = plan.address.url
    simulator.token = plan.token
    if given.ipn_url is not None:
        notifier = simulator.notifications
        notifier.add_listener(HTTPListener(given.ipn_url, given.ipn_host))
        stack.enter_context(delivering(notifier))
    return simulator


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings of a command line.

    Raises:
        ConfigurationError: the headroom is below 1.
    """
    return replace(
        PROFILES[arguments.profile],
        stored_answers=arguments.stored_answers,
        headroom=arguments.headroom,
        throttles=arguments.throttling,
    )


def build_simulator(  # noqa: PLR0913 - the parts of a simulator
    merchants: Sequence[Merchant],
    store: Store,
    settings: Settings,
    seed: int,
    wait: Callable[[float], object],
    observed: Observed | None = None,
) -> Simulator:
    """Return a simulator whose ids and faults are repeated by a seed.

    They depend on the length of the story, too, so that a second start on the same
    file does not make the same ids again.
    """
    with store.transaction() as transaction:
        start = f"{seed} {transaction.last_number()}"
    return Simulator(
        merchants,
        store=store,
        clock=Clock(runs=True),
        ids=Ids(Random(f"ids {start}")),  # noqa: S311 - to be repeatable, not secret
        settings=settings,
        dice=Random(f"dice {start}"),  # noqa: S311 - to be repeatable, not secret
        wait=wait,
        observed=observed,
    )
