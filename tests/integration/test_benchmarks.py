"""The benchmarks measure what they say: equal work, ratios value by value."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
import trustme

from AmazonPay import Client
from benchmarks import bars, purchase, reports
from benchmarks.__main__ import Row, lines, tables
from benchmarks.contenders import CONTENDERS
from benchmarks.floors import FLOORS, Handmade
from benchmarks.measure import Round, everything
from benchmarks.orders import CAPTURE, CHARGE, PUBLIC_KEY_ID, charge_id
from benchmarks.worker import Scene, read, share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ROOT = Path(__file__).parents[2]


@pytest.fixture
def scene(private_key_pem: str, tmp_path: Path) -> Iterator[Scene]:
    authority = trustme.CA()
    trusted, chain, key = (tmp_path / name for name in ("ca", "chain", "key"))
    authority.cert_pem.write_to_path(str(trusted))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(chain))
    key.write_text(private_key_pem)
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", str(chain)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield Scene(int(server.stdout.readline()), str(trusted), str(key))
        server.kill()


@pytest.mark.parametrize("name", [*CONTENDERS.keys() - {"peer", "visits"}, *FLOORS])
def test_a_contender_makes_its_calls(name: str, scene: Scene) -> None:
    module = "floors" if name in FLOORS else "contenders"
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", name, json.dumps(scene)],
        cwd=ROOT,
        input='{"calls": 2, "concurrency": 1}\n{"calls": 4, "concurrency": 2}\n',
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.keys() for answer in answers] == [{"cpu", "total"}] * 2


@pytest.mark.parametrize("number", [0, 1])
def test_the_floor_sends_what_a_client_sends(
    number: int, private_key: RSAPrivateKey, private_key_pem: str, tmp_path: Path
) -> None:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(201, json={})

    client = Client(
        PUBLIC_KEY_ID,
        private_key,
        "eu",
        endpoint_url="https://localhost:8421",
        transport=httpx2.MockTransport(answer),
    )
    if number:
        client.capture_charge(charge_id(number), CAPTURE)
    else:
        client.create_charge(CHARGE)
    key = tmp_path / "key"
    key.write_text(private_key_pem)
    handmade = Handmade(Scene(8421, "", str(key)))
    by_hand = httpx2.Client(transport=httpx2.MockTransport(answer))
    handmade.dress(by_hand).post(**handmade.request(number))

    ours, floor = sent
    for part in ("method", "url", "content"):
        assert getattr(ours, part) == getattr(floor, part)
    assert ours.headers.keys() == floor.headers.keys()
    drawn = {"x-amz-pay-idempotency-key", "authorization", "x-amz-pay-date"}
    for name in ours.headers.keys() - {"user-agent"}:
        if name in drawn:
            assert len(ours.headers[name]) == len(floor.headers[name])
        else:
            assert ours.headers[name] == floor.headers[name]


def test_a_failed_call_is_not_measured() -> None:
    with pytest.raises(AssertionError, match="answered 500"):
        read(httpx2.Response(500))


def test_calls_are_shared_equally() -> None:
    assert share(160, 16) == 10
    with pytest.raises(ValueError, match="160 calls are not 15 equal parts"):
        share(160, 15)


@pytest.mark.parametrize(
    ("target", "met"),
    [
        ("≤ 2", "yes"),
        ("≤ 1.9", "**no**"),
        ("≥ 2", "yes"),
        ("≥ 2.1", "**no**"),
        ("", ""),
    ],
)
def test_contenders_are_compared_value_by_value(target: str, met: str) -> None:
    # The second moment was slow for both.
    values = {"A": (2.0, 20.0, 6.0), "B": (1.0, 10.0, 2.0)}
    *_, line = lines([Row("A / B", "A", "B", target)], values)
    assert line == f"| A / B | 2 (2 to 2.5) | {target} | {met} |"


def test_quartiles_that_agree_are_not_shown_and_what_is_missing_is_left_out() -> None:
    values = {"A": (2.0, 2.0), "B": (1.0, 1.0)}
    _, _, *rows = lines([Row("A / B", "A", "B"), Row("A / C", "A", "C")], values)
    assert rows == ["| A / B | 2 |  |  |"]


class Names:
    """A runner of pyperf, as far as it is told what to measure."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def parse_args(self) -> Namespace:
        return Namespace(folder=ROOT, port=1, only="")

    def bench_time_func(self, name: str, *_: object, **_options: object) -> None:
        self.names.append(name)


def test_every_row_of_the_report_is_measured_and_nothing_else() -> None:
    runner = Names()
    with ExitStack() as stack:
        everything(Round(stack, runner))
    shown = {name for rows in tables().values() for row in rows for name in row[1:3]}
    assert sorted(runner.names) == sorted(shown)


def test_a_whole_purchase_in_memory_is_ten_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    purchase.main(times=1)
    assert re.fullmatch(
        r"a purchase in memory: [\d.]+ ms \(target: 50\).* \d+ ms\n",
        capsys.readouterr().out,
    )
    body = inspect.getsource(purchase.purchase).splitlines()[2:]
    assert len(body) <= 10


def test_rows_of_a_report_are_compared_with_the_csv_module(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reports.main(rows=500)
    shown = capsys.readouterr().out
    assert shown.startswith("500 rows of a settlement")
    assert len(re.findall(r": [\d,]+ rows a second; [\d.]+ of the floor\n", shown)) == 4


def test_the_bars_are_the_figures_of_the_page_beside_them() -> None:
    folder = ROOT / "benchmarks"
    page = (folder / "latest.md").read_text(encoding="utf-8")
    for title, file in bars.DRAWN.items():
        assert f"## {title}\n\n{bars.picture_line(title)}\n" in page
        assert bars.pictures(page)[file] == (folder / file).read_text("utf-8")


def test_a_bar_says_what_a_contender_costs_where_ours_is_one() -> None:
    table = (
        "| Client / floor | 0.8 (0.7 to 0.9) | ≤ 1 | yes |\n"
        "| AmazonPayClient 2.0.1 / Client | 24.2 | ≥ 25 | **no** |\n"
        "| AsyncClient / async floor | 0.5 |  |  |\n"
    )
    assert bars.bars_of(table, "Client") == [
        ("Client", 1.0),
        ("floor", 1.25),
        ("AmazonPayClient 2.0.1", 24.2),
    ]
