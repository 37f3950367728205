"""`python -m walk.amazon FOLDER`: a hostile simulator, in a hurry."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from AmazonPay.simulator import Ids, Simulator, Store, merchant
from AmazonPay.simulator.app import App
from AmazonPay.simulator.server import address_of, listen, server_for
from AmazonPay.simulator.settings import PROFILES, Settings

from .tether import end_with_the_supervisor

KEY_ID = "SANDBOX-WALK"
SOON = timedelta(milliseconds=300)


def settings_of(given: dict[str, Any]) -> Settings:
    """Take the hostile profile, with delays that a walk can wait for.

    An operation whose key is dropped runs anew each time that it is called, as if no
    worker had sent the same key twice, and nearly every first answer is lost. Then no
    limit on the charges of a permission may end that: an order could not go on.
    """
    hostile = PROFILES["hostile"]
    return replace(
        hostile,
        keys_ignored_by=hostile.keys_ignored_by.union(given["dropped"]),
        lost_answers=0.9 if given["dropped"] else hostile.lost_answers,
        stored_answers=given["stored_answers"],
        headroom=10_000 if given["dropped"] else 10,
        story_rows=None,  # the audit reads all of it
        keys_held_for=timedelta(milliseconds=5),
        stale_for=SOON,
        capture_shows_after=SOON,
        capture_settles_after=SOON,
        refund_settles_after=SOON,
        authorization_settles_after=SOON,
    )


def main(folder: Path) -> None:
    """Serve until killed."""
    end_with_the_supervisor()
    given = json.loads((folder / "walk.json").read_text())
    store = Store(folder / "amazon.db")
    with store.transaction() as transaction:
        start = f"{given['seed']} {transaction.last_number()}"
    simulator = Simulator(
        [merchant(KEY_ID, (folder / "public.pem").read_bytes(), region="na")],
        store=store,
        ids=Ids(Random(f"ids {start}")),  # noqa: S311 - to be repeated, no secrecy
        settings=settings_of(given),
        dice=Random(f"dice {start}"),  # noqa: S311 - scripted chance, no secret
        wait=time.sleep,
    )
    listener = listen(given["amazon_port"])
    app, url = App(simulator), address_of(listener, None).url
    server = server_for(lambda: app, None, lambda: print(url, flush=True))  # noqa: T201 - the supervisor waits for it
    server.run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
