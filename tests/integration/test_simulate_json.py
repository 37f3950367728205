"""`amazonpay simulate --json --observed FILE` as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from AmazonPay import Client

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

STORE = "amzn1.application-oa2-client.0123"


def test_it_tells_where_it_is_and_behaves_as_observed(tmp_path: Path) -> None:
    file = tmp_path / "observed.json"
    row = {"id": "checkout-mode", "observed": "418 Teapot"}
    file.write_text(json.dumps({"format": 1, "guesses": [row]}))
    line = ["-m", "AmazonPay", "simulate", "--http", "--port", "0", "--json"]
    with subprocess.Popen(
        [sys.executable, *line, "--observed", str(file)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        told: dict[str, Any] = json.loads(process.stdout.readline())
        assert told["ready"] is True
        url, (key,) = told["url"], told["keys"]
        body: Any = {
            "storeId": STORE,
            "webCheckoutDetails": {
                "checkoutMode": "ProcessOrder",
                "checkoutResultReturnUrl": "https://localhost/result",
            },
        }
        with Client(
            key["public_key_id"], told["private_key"], "us", endpoint_url=url
        ) as client:
            response = client.create_checkout_session(body)
        clock = httpx2.get(f"{url}/_simulator/clock", trust_env=False)
        process.terminate()
    assert (response.status_code, response.reason_code) == (418, "Teapot")
    assert clock.status_code == 200


@pytest.mark.parametrize("held", ["{}", None])
def test_another_file_ends_with_2(held: str | None, tmp_path: Path) -> None:
    file = tmp_path / "observed.json"
    if held is not None:
        file.write_text(held)
    done = subprocess.run(
        [sys.executable, "-m", "AmazonPay", "simulate", "--observed", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "amazonpay simulate: " in done.stderr
    assert "Traceback" not in done.stderr
