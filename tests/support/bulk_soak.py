"""`amazonpay bulk` is killed ten times at random, and each row is done exactly once.

The simulator runs in this process, over plain http, and kills the command while it
answers one of its calls: before the call is carried out, or after that and before the
answer leaves. One of the soaks; `make test` runs it at a small size.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, cast

from AmazonPay import idempotency_key
from AmazonPay.simulator import Settings
from AmazonPay.simulator.server import serving
from command_line import write_key
from keys import KEY
from simulated import KEY_ID, Shop
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from AmazonPay.simulator import HTTPResponse, Request, Simulator

KILLS = 10
NAMESPACE = "shop/sandbox/M1"
ROWS_A_CHARGE = 20
SETTINGS = Settings(headroom=100_000, refund_settles_after=timedelta(0))
OPERATIONS = {"refund": "create_refund", "capture": "capture_charge"}
SEED = 7


class Deadly:
    """A simulator that kills its client at some of the calls that move money."""

    def __init__(self, simulator: Simulator, kills: list[int], random: Random) -> None:
        self._simulator = simulator
        self._kills = kills
        self._random = random
        self._lock = threading.Lock()
        self.client: subprocess.Popen[bytes] | None = None
        self.calls = 0
        self.killed = 0
        self.carried_out: dict[str, set[str]] = defaultdict(set)
        """By idempotency key, the ids of what was made or captured."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._simulator, name)

    def answers_at_once(self, request: Request) -> bool:
        """Let a server ask `handle_now` for each request."""
        del request
        return False

    def handle_now(self, request: Request) -> HTTPResponse:
        """Answer, unless the client is killed before; remember what was done."""
        if request.method != "POST":
            return self._simulator.handle_now(request)
        with self._lock:
            self.calls += 1
            dies = bool(self._kills) and self.calls >= self._kills[0]
            early = dies and self._random.random() < 0.5
            if dies:
                self._kills.pop(0)
        if early:
            self._kill()
        answer = self._simulator.handle_now(request)
        if 200 <= answer.status < 300:
            body = json.loads(answer.body)
            headers = {name.lower(): value for name, value in request.headers}
            made = body.get("refundId") or body["chargeId"]
            with self._lock:
                self.carried_out[headers["x-amz-pay-idempotency-key"]].add(made)
        if dies and not early:
            self._kill()
        return answer

    def _kill(self) -> None:
        assert self.client is not None
        self.client.kill()
        self.killed += 1


def rows_for(kind: str, size: int, shop: Shop) -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of a file: reference, charge id, amount and currency."""
    permission = shop.buy("50").permission
    charge = ""
    for number in range(size):
        cents = Decimal(number % 50 + 1) / 100
        if kind == "capture" or number % ROWS_A_CHARGE == 0:
            now = kind == "refund"
            reply = shop.charge(permission, "20.00", captureNow=now)
            assert reply.status == 201, reply
            charge = reply.json["chargeId"]
        yield f"r-{number}", charge, f"{cents:.2f}", "USD"


def run(kind: str, size: int, kills: int, folder: Path) -> Iterator[str]:
    """Run one file to its end under kills; yield one text for each fault."""
    random = Random(f"{SEED} {kind} {size}")  # noqa: S311 - to be repeated, no secrecy
    shop = Shop(settings=SETTINGS)
    rows = list(rows_for(kind, size, shop))
    with (folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("reference", "charge_id", "amount", "currency"), *rows]
        )
    points = sorted(random.sample(range(1, size), kills))
    deadly = Deadly(shop.simulator, points, random)
    with serving(cast("Simulator", deadly), tls=False) as served:
        environment = {
            **unmeasured(),
            "AMAZON_PAY_PUBLIC_KEY_ID": KEY_ID,
            "AMAZON_PAY_PRIVATE_KEY": write_key(folder / "key.pem", KEY),
            "AMAZON_PAY_REGION": "us",
            "AMAZON_PAY_ENDPOINT_URL": served.url,
            "AMAZON_PAY_JOURNAL": str(folder / "journal.db"),
        }
        line = (sys.executable, "-m", "AmazonPay", "bulk", kind, "rows.csv")
        command = [*line, "--namespace", NAMESPACE, "--no-pace", "--json"]

        def started() -> tuple[int, bytes]:
            with subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as deadly.client:
                out, _ = deadly.client.communicate()
            return deadly.client.returncode, out

        while deadly.killed < kills:
            status, _ = started()
            if status >= 0:
                yield f"it ended with {status} after {deadly.killed} kills"
                return
        status, out = started()
    summary = json.loads(out)
    if status != 0 or summary["outcomes"].get("success", {}).get("rows") != size:
        yield f"it ended with {status}: {summary['outcomes']}"
    yield from audit(kind, rows, deadly, shop)


def audit(
    kind: str, rows: list[tuple[str, str, str, str]], deadly: Deadly, shop: Shop
) -> Iterator[str]:
    """Yield a text for each row that was not carried out exactly once."""
    made = deadly.carried_out
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for reference, charge, amount, _ in rows:
        key = idempotency_key(
            namespace=NAMESPACE, order=reference, operation=OPERATIONS[kind]
        )
        expected[charge] += Decimal(amount)
        if len(found := made.pop(key, set())) != 1:
            yield f"{reference} was carried out {len(found)} times"
    yield from (f"a request with another key: {key}" for key in made)
    member = "refundedAmount" if kind == "refund" else "captureAmount"
    for charge, total in expected.items():
        moved = Decimal(shop.get(f"/charges/{charge}").json[member]["amount"])
        if moved != total:
            yield f"{charge}: {moved} in place of {total}"


def main(size: int) -> list[str]:
    """Refund `size` rows and capture a tenth of that; return what went wrong."""
    faults: list[str] = []
    for kind, number in (("refund", size), ("capture", size // 10)):
        with tempfile.TemporaryDirectory() as folder:
            kills = min(KILLS, number // 10)
            found = run(kind, number, kills, Path(folder))
            faults += [f"{kind}: {fault}" for fault in found]
    return faults


if __name__ == "__main__":
    sys.stdout.write(f"{os.linesep.join(main(int(sys.argv[1]))) or 'clean'}\n")
