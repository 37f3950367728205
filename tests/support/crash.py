"""A shop that is killed: `crash.py points|meet|hang|finish FOLDER HELPER`.

`points` kills a process before each step of a helper, lets another one call the helper
again, and prints what is there afterwards, one line of JSON for each step. `meet` does
the same, and between the two a process of another order calls the helper for the same
object; it prints a line for each. `hang` stops for ever where the simulator has carried
the request out, for whoever wants to kill it; `finish` is the other process.

The simulator and the journal are two files of the folder: all that outlives a process.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from AmazonPay import Client, JournalConflict, Retry, SQLiteJournal
from AmazonPay.simulator import Request, Store
from forks import forked
from journals import NAMES, MemoryJournal
from keys import KEY
from purchases import done, prepared
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    from AmazonPay._core.steps import Step

KILLED = 42


class Process:
    """One process of the shop, as long as it lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Ids of their own for each process, as Amazon's would be.
        self.shop = Shop(store=Store(folder / "amazon.db"), seed=os.getpid())
        self.sent = 0

    def answer(self, sent: httpx2.Request) -> httpx2.Response:
        request = Request(
            sent.method,
            sent.url.raw_path.decode(),
            tuple(sent.headers.multi_items()),
            sent.content,
        )
        given = self.shop.simulator.handle(request)
        headers = list(given.headers)
        return httpx2.Response(given.status, headers=headers, content=given.body)

    def call(self, helper: str, client: Client, order: str = NAMES["order"]) -> Any:
        arguments = json.loads((self.folder / "arguments.json").read_text())
        names = {**NAMES, "order": order}
        journal = SQLiteJournal(self.folder / "journal.db")
        return getattr(client, helper)(*arguments, journal=journal, **names)

    def prepare(self, helper: str) -> None:
        arguments = json.dumps(prepared(self.shop, helper))
        (self.folder / "arguments.json").write_text(arguments)

    def finish(self, helper: str, order: str = NAMES["order"]) -> None:
        """Call the helper to its end, and print what the journal and the shop hold."""
        client = Client(KEY_ID, KEY, "us", transport=httpx2.MockTransport(self.answer))
        try:
            outcome = self.call(helper, client, order).outcome
        except JournalConflict:
            outcome = "conflict"
        journal = SQLiteJournal(self.folder / "journal.db")
        acted = [
            row.facts
            for row in self.shop.simulator.story()
            if row.kind == "request"
            and row.facts["method"] != "GET"
            and row.facts["idempotencyKey"] not in self._prepared()
        ]
        told = {
            "outcome": outcome,
            "done": done(self.shop),
            "requests": [(one["idempotencyKey"], one["body"]) for one in acted],
            "open": len(journal.open_entries()),
        }
        self.shop.simulator.store.close()
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()

    @staticmethod
    def _prepared() -> set[str]:
        return {f"key{number}" for number in range(10)}

    def hang(self, helper: str) -> None:
        """Call the helper, and stop where its request is carried out."""

        def answer(sent: httpx2.Request) -> httpx2.Response:
            given = self.answer(sent)
            if sent.method != "GET":
                sys.stdout.write("carried out\n")
                sys.stdout.flush()
                sys.stdin.read()
            return given

        transport = httpx2.MockTransport(answer)
        self.call(helper, Client(KEY_ID, KEY, "us", transport=transport))


class Mortal(Client):
    """A client whose process dies before the given step."""

    last: int

    def perform(self, step: Step) -> object:
        if self.last == 0:
            os._exit(KILLED)
        self.last -= 1
        return super().perform(step)


def points(folder: Path, helper: str, others: tuple[str, ...] = ()) -> None:
    """Kill before each step there is; other orders come before it is called again."""
    # Whatever is built once is built here, and not in every child.
    shop = Shop()
    arguments = prepared(shop, helper)
    getattr(shop.client(), helper)(*arguments, journal=MemoryJournal(), **NAMES)
    shop.simulator.store.close()
    before = folder / "before"
    before.mkdir()
    assert forked(lambda: Process(before).prepare(helper)) == 0
    killed, step = KILLED, 0
    while killed == KILLED:
        place = folder / str(step)
        shutil.copytree(before, place)

        def die(place: Path = place, step: int = step) -> None:
            process = Process(place)
            transport = httpx2.MockTransport(process.answer)
            client = Mortal(KEY_ID, KEY, "us", transport=transport, retry=Retry(base=0))
            client.last = step
            process.call(helper, client)

        def live(order: str, place: Path = place) -> None:
            Process(place).finish(helper, order)

        killed = forked(die)
        for order in (*others, NAMES["order"]):
            assert forked(partial(live, order)) == 0
        step += 1
    assert killed == 0


def main() -> None:
    """Run the scenario that the command line names."""
    what, folder, helper = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if what == "points":
        points(folder, helper)
    elif what == "meet":
        points(folder, helper, ("another order",))
    elif what == "hang":
        process = Process(folder)
        process.prepare(helper)
        process.hang(helper)
    else:
        Process(folder).finish(helper)


if __name__ == "__main__":
    main()
