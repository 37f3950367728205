"""The benchmarks measure what they say: equal work, ratios round by round."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
import trustme

from AmazonPay import Client
from benchmarks.contenders import CONTENDERS, Handmade, expect
from benchmarks.figures import Figure, Row, Target, ratio
from benchmarks.orders import CAPTURE, CHARGE, PUBLIC_KEY_ID, charge_id
from benchmarks.report import lines
from benchmarks.worker import Scene, shares

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ROOT = Path(__file__).parents[1]


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


@pytest.mark.parametrize("name", CONTENDERS)
def test_a_contender_makes_its_calls(name: str, scene: Scene) -> None:
    batches = [
        {"warm_up": 0, "calls": 2, "concurrency": 1},
        {"warm_up": 2, "calls": 4, "concurrency": 2},
    ]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.contenders",
            name,
            json.dumps(asdict(scene)),
        ],
        cwd=ROOT,
        input="".join(json.dumps(batch) + "\n" for batch in batches),
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
    url, content, headers = handmade.request(number)
    by_hand = httpx2.Client(transport=httpx2.MockTransport(answer))
    handmade.dress(by_hand)
    by_hand.post(url, content=content, headers=headers)

    ours, floor = sent
    assert (ours.method, ours.url, ours.content) == (
        floor.method,
        floor.url,
        floor.content,
    )
    assert ours.headers.keys() == floor.headers.keys()
    drawn = {"x-amz-pay-idempotency-key", "authorization", "x-amz-pay-date"}
    for name in ours.headers.keys() - {"user-agent"}:
        if name in drawn:
            assert len(ours.headers[name]) == len(floor.headers[name])
        else:
            assert ours.headers[name] == floor.headers[name]


def test_a_failed_call_is_not_measured() -> None:
    with pytest.raises(AssertionError, match="answered 500"):
        expect(500)


def test_calls_are_shared_equally() -> None:
    assert shares(160, 16) == [10] * 16
    with pytest.raises(ValueError, match="160 calls are not 15 equal parts"):
        shares(160, 15)


def test_contenders_are_compared_round_by_round() -> None:
    # The second round was slow for both.
    assert ratio([2.0, 20.0, 6.0], [1.0, 10.0, 2.0]) == Figure(2.0, 2.0, 2.5)


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target("≤", 1.0), "yes"),
        (Target("≤", 0.9), "**no**"),
        (Target("≥", 1.0), "yes"),
        (Target("≥", 1.1), "**no**"),
    ],
)
def test_a_target_is_judged_by_the_median(target: Target, met: str) -> None:
    row = Row("A / B", Figure(1.0, 0.5, 1.5), target)
    *_, line = lines({"Costs": [row]})
    shown = f"{target.side} {target.limit:g}"
    assert line == f"| A / B | 1 (0.5 to 1.5) | {shown} | {met} |"


def test_a_figure_without_a_target_is_shown_all_the_same() -> None:
    *_, line = lines({"Memory": [Row("A / B", Figure(1.25, 1.25, 1.25))]})
    assert line == "| A / B | 1.25 |  |  |"
