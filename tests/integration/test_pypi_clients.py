"""The two other clients on PyPI take the simulator for Amazon Pay, by its own names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".venv-peer" / "bin" / "python"
SUPPORT = ROOT / "tests" / "support"

pytestmark = pytest.mark.slow

# Each call of the purchase: its status, and the state that it answers.
PURCHASES = {
    "amazon_pay_client": [
        [201, "Open"],
        [200, "Open"],
        [200, "Completed"],
        [200, "Captured"],
        [200, "Captured"],
        [201, "RefundInitiated"],
        [200, "Refunded"],
        [200, "Closed"],
    ],
    "amazon_pay_v2": [
        [201, "Open"],
        [200, "Open"],
        [200, "Open"],
        [200, "Completed"],
        [201, "RefundInitiated"],
        [200, "Refunded"],
    ],
}


def obstacle() -> str | None:
    """Say why this machine cannot give a process a network of its own."""
    if not PEER.exists():
        return "`make peers` sets up the environment of the other clients"
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return "a network namespace needs Linux, and unshare of util-linux"
    if os.geteuid() != 0:
        return "a network namespace, where Amazon's names lead here, needs root"
    tried = subprocess.run(
        ["unshare", "-n", "-m", "true"],  # noqa: S607 - where the system has it
        capture_output=True,
        check=False,
    )
    return None if tried.returncode == 0 else "this container lets nobody unshare"


@pytest.mark.parametrize("client", PURCHASES)
def test_a_client_of_another_author_buys_unmodified(
    client: str, private_key: RSAPrivateKey, private_key_pem: str, tmp_path: Path
) -> None:
    reason = obstacle()
    if reason is not None:
        pytest.skip(reason)
    public = private_key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    (tmp_path / "private.pem").write_text(private_key_pem)
    (tmp_path / "public.pem").write_bytes(public)
    command = [sys.executable, str(SUPPORT / "official_hosts.py"), client]
    done = subprocess.run(
        ["unshare", "-n", "-m", *command, str(tmp_path), str(PEER)],  # noqa: S607 - as above
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == PURCHASES[client]
