"""A simulator that others than this machine reach: TLS, its names, and the token.

127.0.0.2 stands for another machine's address: nothing of 127.0.0.1 leads there.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import socket
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import yaml

from AmazonPay import Client
from AmazonPay.errors import ConfigurationError
from AmazonPay.simulator import Simulator, merchant
from AmazonPay.simulator.addresses import addresses_from
from AmazonPay.simulator.options import parser
from AmazonPay.simulator.plan import addresses_of
from AmazonPay.simulator.server import serving
from AmazonPay.testing import verifier_for
from keys import KEY
from simulating import simulating
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Generator

ELSEWHERE = "127.0.0.2"
ROOT = Path(__file__).parents[2]

needs_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8"
)


@dataclass
class Started:
    """A simulator in a process of its own."""

    process: subprocess.Popen[str]
    told: dict[str, str]
    key: str

    @property
    def url(self) -> str:
        return self.told["API"]

    def client(self) -> Client:
        return Client(
            "SANDBOX-SIMULATOR",
            self.key,
            "us",
            endpoint_url=self.url,
            verify=self.told["trust"],
        )

    def control(self, method: str, path: str, **headers: str) -> httpx2.Response:
        context = ssl.create_default_context(cafile=self.told["trust"])
        with httpx2.Client(verify=context, trust_env=False) as client:
            url = f"{self.url}/_simulator/{path}"
            return client.request(method, url, headers=headers)


@contextlib.contextmanager
def simulate(*options: str) -> Generator[Started]:
    with simulating("--port", "0", *options) as (process, banner):
        told = dict(re.findall(r"^  (\w+) +(\S+)", banner, re.MULTILINE))
        told["token"] = told["token"].rstrip(",")
        (key,) = re.findall(r"private key: (\S+)", banner)
        yield Started(process, told, key)


@needs_linux
@pytest.mark.process
def test_trust_is_set_up_once_and_the_world_outlives_kill_9(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    line = ["--bind", ELSEWHERE, "--name", "amazonpay", "--name", ELSEWHERE]
    line += ["--state", state, "--public-url", "https://localhost:9443"]
    told: list[dict[str, str]] = []
    session = ""
    for round_ in range(2):
        with simulate(*line) as started:
            # The banner names the service; a test reaches it by its address.
            port = started.url.rpartition(":")[2]
            assert started.url == f"https://amazonpay:{port}"
            started.told["API"] = f"https://{ELSEWHERE}:{port}"
            told.append(started.told)
            with started.client() as client:
                if round_ == 0:
                    session = opened(client)
                shown = client.get_checkout_session(session).json()
            assert shown["statusDetails"]["state"] == "Open"
            assert listening(started.process.pid) == {(ELSEWHERE, int(port))}
            refused = started.control("GET", "story")
            assert refused.status_code == 401
            token = {"x-simulator-token": told[0]["token"]}
            answer = started.control("GET", "story", **token)
            assert answer.status_code == 200
            assert answer.json()["rows"]
            foreign = started.control("GET", "story", host="evil.example", **token)
            assert foreign.status_code == 401
            second = subprocess.run(
                [sys.executable, "-m", "AmazonPay", "simulate", "--state", state],
                capture_output=True,
                text=True,
                check=False,
                env=unmeasured(),
            )
            assert second.returncode == 2
            assert "another simulator runs on" in second.stderr
            # Killed at first, and told to stop then.
            end = started.process.kill if round_ == 0 else started.process.terminate
            end()
            started.process.wait()
    assert told[0]["token"] == told[1]["token"]


def listening(process: int) -> set[tuple[str, int]]:
    """Return all addresses on which a process listens, whatever they are."""
    folder = Path(f"/proc/{process}")
    own: set[str] = set()
    for descriptor in (folder / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            own.add(str(descriptor.readlink()))
    found: set[tuple[str, int]] = set()
    for name in ("tcp", "tcp6", "udp", "udp6"):
        for row in (folder / "net" / name).read_text().splitlines()[1:]:
            words = row.split()
            listens = words[3] == "0A" or name.startswith("udp")
            if listens and f"socket:[{words[9]}]" in own:
                host, port = words[1].split(":")
                # IPv4 as one number, in this machine's order of bytes.
                packed = int(host, 16).to_bytes(len(host) // 2, sys.byteorder)
                family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
                found.add((socket.inet_ntop(family, packed), int(port, 16)))
    return found


def opened(client: Client) -> str:
    body: Any = {
        "webCheckoutDetails": {"checkoutReviewReturnUrl": "https://shop.example/r"},
        "storeId": "amzn1.application-oa2-client.0123",
    }
    return str(client.create_checkout_session(body).json()["checkoutSessionId"])


@needs_linux
@pytest.mark.process
def test_a_verifier_in_another_container_takes_its_notifications() -> None:
    simulator = Simulator([merchant("SANDBOX-A", KEY.public_key(), region="us")])
    reached = addresses_from([ELSEWHERE], [ELSEWHERE])
    topics = simulator.notifications.topics
    with serving(simulator, addresses=reached) as served:
        # 127.0.0.2 is loopback for the SDK: hosts= is for what is not.
        verifier = verifier_for(
            served.url,
            allowed_topics=topics,
            verify=ssl.create_default_context(cafile=served.authority),
        )
        made = simulator.notifications.authority.notification(
            "CHARGE",
            "S01-1234567-1234567-C123456",
            topic=topics[0],
            merchant_id="A1SIMULATEDMERCHANT",
        )
        assert verifier.verify(made).object_id == "S01-1234567-1234567-C123456"


def test_a_verifier_takes_a_named_host_over_https_alone() -> None:
    topics = ["arn:aws:sns:us-east-1:291180941288:A3BXB0YN3XH17HA1"]
    verifier_for("https://amazonpay:1", allowed_topics=topics, hosts=["amazonpay"])
    for url in ("http://amazonpay:1", "https://other:1"):
        with pytest.raises(ConfigurationError, match="over https one of hosts"):
            verifier_for(url, allowed_topics=topics, hosts=["amazonpay"])


def test_beyond_loopback_nothing_is_served_in_the_clear() -> None:
    simulator = Simulator([merchant("SANDBOX-A", KEY.public_key())])
    reached = addresses_from([], ["amazonpay"])
    with (
        pytest.raises(ConfigurationError, match="TLS only"),
        serving(simulator, tls=False, addresses=reached),
    ):
        pass


@pytest.mark.process
def test_an_address_that_this_machine_has_not_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "AmazonPay", "simulate", "--bind", "192.0.2.1"],
        capture_output=True,
        text=True,
        check=False,
        env=unmeasured(),
    )
    assert done.returncode == 2
    assert "192.0.2.1 is no address of this machine" in done.stderr


# The example --------------------------------------------------------------------------


def compose() -> Any:
    return yaml.safe_load((ROOT / "examples" / "compose.yaml").read_text())


def test_the_example_starts_a_simulator_that_its_shop_reaches() -> None:
    services = compose()["services"]
    line = shlex.split(services["amazonpay"]["command"])
    assert line[:2] == ["amazonpay", "simulate"]
    arguments = parser().parse_args(line[2:])
    reached = addresses_of(arguments)
    assert reached.is_open
    shop = services["shop"]["environment"]
    own = f"https://{reached.host}:{arguments.port}"
    assert shop["AMAZON_PAY_ENDPOINT_URL"] == own
    assert reached.are_called(f"{reached.host}:{arguments.port}", own)
    # The browser comes by the port that is mapped.
    (published,) = services["amazonpay"]["ports"]
    address, outside, inside = published.rsplit(":", 2)
    assert address == "127.0.0.1"
    assert reached.public_url == f"https://localhost:{outside}"
    assert int(inside) == arguments.port


def test_the_example_gives_the_shop_what_the_simulator_keeps() -> None:
    services = compose()["services"]
    arguments = parser().parse_args(shlex.split(services["amazonpay"]["command"])[2:])
    (kept,) = [one for one in services["amazonpay"]["volumes"] if "state:" in one]
    assert kept.split(":")[1] == arguments.state
    (shown,) = [one for one in services["shop"]["volumes"] if "state:" in one]
    assert shown.endswith(":ro")
    folder = shown.split(":")[1]
    shop = services["shop"]["environment"]
    assert shop["AMAZON_PAY_PRIVATE_KEY"] == f"{folder}/private.pem"
    assert shop["AMAZON_PAY_CA_FILE"] == f"{folder}/ca.pem"
    assert "shop" in arguments.ipn_host
    assert arguments.ipn_url.startswith("http://shop:")
