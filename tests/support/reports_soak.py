"""A hundred settled orders for each of `size`: pulled, matched and summed up.

At `make soak`'s size it is a million rows. Every hundredth order differs, and each
difference must be found; every sum must be exact; and no more memory may be used than
for a tenth of the rows, but for what the engine is allowed to hold. Each run is a
process of its own, whose peak is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx2

from AmazonPay.reporting.kinds import SANDBOX_SETTLEMENT
from command_line import Done, amazonpay, write_key
from settlement_files import Row, write_settlement
from simulated import KEY_ID
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 100
"""The rows of one unit of `size`."""
EVERY = 100
"""One order in so many differs."""
ALLOWED = 320 * 1024 * 1024
"""How much more the most rows may take than a tenth: DuckDB's limit, and a quarter."""

_REPORT = "1234567890"
_CENT = Decimal("0.01")


class Expected(NamedTuple):
    """What was written, to the cent."""

    captured: Decimal
    fees: Decimal
    orders: int
    differing: int


def write_books(folder: Path, rows: int) -> Expected:
    """Write a settlement and the orders behind it."""
    random = Random(1)  # noqa: S311 - amounts, no secrets
    captured = fees = Decimal(0)
    differing = 0
    with (folder / "orders.csv").open("w", encoding="utf-8") as orders:
        orders.write("order_id,amount,currency\n")

        def made() -> Iterator[Row]:
            nonlocal captured, fees, differing
            for number in range(rows):
                amount = random.randint(1, 10**7) * _CENT
                fee = random.randint(1, 10**4) * _CENT
                captured, fees = captured + amount, fees - fee
                ordered = amount
                if number % EVERY == 0:
                    differing += 1
                    ordered += _CENT
                orders.write(f"order-{number},{ordered},USD\n")
                day = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}"
                id_ = f"S01-{number:014}"
                yield Row(
                    "Capture", amount, f"order-{number}", day=day, id=id_, fee=fee
                )

        write_settlement(folder / "settlement.csv", made())
    return Expected(captured, fees, rows, differing)


def amazon(file: Path) -> httpx2.MockTransport:
    """Return a transport to an Amazon that has one report."""
    report = {
        "createdTime": "20260519T000000Z",
        "endTime": "20260519T000000Z",
        "processingStatus": "COMPLETED",
        "reportDocumentId": "document",
        "reportId": _REPORT,
        "reportType": SANDBOX_SETTLEMENT,
        "startTime": "20260518T000000Z",
    }
    answers: dict[str, Any] = {
        "/reports": {"reports": [report], "nextToken": None},
        f"/reports/{_REPORT}": report,
        "/report-documents/document": {
            "reportDocumentId": "document",
            "url": "https://files.example.com/settlement",
            "compressionAlgorithm": "N/A",
        },
    }

    def chunks() -> Iterator[bytes]:
        with file.open("rb") as held:
            while chunk := held.read(65536):
                yield chunk

    def answer(sent: httpx2.Request) -> httpx2.Response:
        if sent.url.host == "files.example.com":
            return httpx2.Response(200, content=chunks())
        return httpx2.Response(200, json=answers[sent.url.path.removeprefix("/v2")])

    return httpx2.MockTransport(answer)


def pull(folder: Path) -> Done:
    """Pull the settlement."""
    env = {
        "AMAZON_PAY_PUBLIC_KEY_ID": KEY_ID,
        "AMAZON_PAY_PRIVATE_KEY": write_key(folder / "key.pem"),
        "AMAZON_PAY_REGION": "us",
    }
    line = ("reports", "pull", "--since", "30d", "--out", str(folder / "out"))
    return amazonpay(*line, transport=amazon(folder / "settlement.csv"), env=env)


def faults_of(folder: Path, expected: Expected) -> Iterator[str]:
    """Run each command for reports; yield one text for each wrong result."""
    out, orders = str(folder / "out"), str(folder / "orders.csv")
    done = pull(folder)
    if done.status != 0:
        yield f"the pull ended with {done.status}: {done.err}"
        return
    done = amazonpay("reports", "summary", out, "--json")
    found = json.loads(done.out)["currencies"]["USD"]
    sums = (Decimal(found["captures"]), Decimal(found["fees"]), found["movements"])
    if sums != (expected.captured, expected.fees, expected.orders):
        yield f"the sums are {sums}, not {expected}"
    done = amazonpay("reports", "reconcile", out, "--orders", orders, "--json")
    held = json.loads(done.out)
    of_usd = held["currencies"]["USD"]
    if (of_usd["orders"], of_usd["differences"]) != (
        expected.orders,
        {"amount_differs": expected.differing},
    ):
        yield f"the orders are {of_usd}, not {expected}"
    wrong = [
        one
        for one in held["differences"]
        if Decimal(one["expected"]) - Decimal(one["settled"]) != _CENT
    ]
    if wrong or len(held["differences"]) != expected.differing:
        yield f"{len(wrong)} of {len(held['differences'])} differences are wrong"


def peak() -> int:
    """Return the peak memory of this process, in bytes."""
    # Not its rusage: that one starts with the peak of the process that forked.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (held,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(held.split()[1]) * 1024


def measured(rows: int) -> tuple[int, list[str]]:
    """Run `rows` rows in a new process; return its peak in bytes, and the faults."""
    with tempfile.TemporaryDirectory() as name:
        expected = write_books(Path(name), rows)
        command = [
            sys.executable,
            "-m",
            "reports_soak",
            name,
            json.dumps(expected, default=str),
        ]
        done = subprocess.run(
            command,
            cwd=Path(__file__).parent,
            env=unmeasured(),
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        return 0, [f"a process ended with {done.returncode}: {done.stderr}"]
    held, faults = json.loads(done.stdout)
    return held, faults


def main(size: int) -> list[str]:
    """Run a tenth of the rows, and all of them."""
    rows = size * ROWS
    least, faults = measured(rows // 10)
    most, more = measured(rows)
    print(  # noqa: T201 - what a soak is for
        f"  {rows} rows: {most >> 20} MiB; {rows // 10} rows: {least >> 20} MiB",
        flush=True,
    )
    if most - least > ALLOWED:
        more.append(f"memory went from {least} to {most} bytes")
    return [*faults, *more]


if __name__ == "__main__":
    place, told = sys.argv[1:]
    captured, fees, *counts = json.loads(told)
    found = list(
        faults_of(Path(place), Expected(Decimal(captured), Decimal(fees), *counts))
    )
    print(json.dumps([peak(), found]))  # noqa: T201 - the other process reads it
