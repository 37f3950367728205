"""Start the demo store beside a simulator: `make store`.

It prints the addresses of the shop, its office, the simulator's console and its API.
Ctrl-C ends all of it; so does the end of a part, or of this process in whatever way.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from types import FrameType

STORE = Path(__file__).parents[1] / "examples" / "store"
FIRST_PORT, TRIED_PORTS = 8500, 20
MERCHANT = "A1SIMULATEDMERCHANT"
TOPIC = f"arn:aws:sns:us-east-1:291180941288:A3BXB0YN3XH17H{MERCHANT}"
SECONDS = 10.0


class Failed(Exception):  # noqa: N818 - it is said to a person
    """The store cannot go on; the text says why, and what to do."""


def arguments() -> argparse.Namespace:
    """Return the command line."""
    made = argparse.ArgumentParser(prog="make store", description=__doc__)
    made.add_argument("--port", type=int, help="the shop's (8500, or the next free)")
    made.add_argument("--simulator-port", type=int, help="(8421, or the next free)")
    made.add_argument("--keep", type=Path, metavar="DIR", help="keep orders and world")
    return made.parse_args()


def is_free(port: int) -> bool:
    """Return whether a port of this machine can be listened on."""
    with contextlib.closing(socket.socket()) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True


def shop_port(wanted: int | None) -> int:
    """Return a port for the shop.

    Raises:
        Failed: the one that was asked for cannot be used.
    """
    if wanted is not None:
        if not is_free(wanted):
            raise Failed(
                f"port {wanted} of this machine is taken or cannot be used: name"
                " another one (make store PORT=9000), or none, and a free one is found"
            )
        return wanted
    for port in range(FIRST_PORT, FIRST_PORT + TRIED_PORTS):
        if is_free(port):
            return port
    raise Failed(
        f"the ports {FIRST_PORT} to {FIRST_PORT + TRIED_PORTS - 1} are all taken: name"
        " a free one (make store PORT=9000)"
    )


# The parts, each a process -----------------------------------------------------------


def end_with_parent() -> None:
    """End this process when the one that has started it ends, by kill -9, too."""

    def watch() -> None:
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def simulate(options: list[str]) -> int:
    """Be the simulator."""
    from AmazonPay.cli.plain import run_plain  # noqa: PLC0415 - the parent needs none of it

    end_with_parent()
    return run_plain("simulate", options)


def serve_shop() -> int:
    """Be the shop, as the environment says."""
    sys.path.insert(0, str(STORE))
    import sqlalchemy as sa  # noqa: PLC0415 - the parent needs none of it
    import uvicorn  # noqa: PLC0415 - nor this
    from pages import Pages  # noqa: PLC0415 - nor the shop

    from AmazonPay import Client  # noqa: PLC0415 - nor the package
    from AmazonPay.testing import verifier_for  # noqa: PLC0415 - nor its tests' part

    end_with_parent()
    url, simulator = os.environ["STORE_URL"], os.environ["AMAZON_PAY_ENDPOINT_URL"]
    engine = sa.create_engine(
        f"sqlite:///{os.environ['STORE_DB']}", connect_args={"timeout": 30}
    )
    with Client.from_env() as client:
        office = os.environ["STORE_OFFICE_KEY"]
        given = (client, engine, MERCHANT)
        shop = Pages(*given, url=url, office=office, amazon=simulator)
        uvicorn.run(
            shop.app(verifier_for(simulator, allowed_topics=[TOPIC])),
            port=urlsplit(url).port or 80,
            log_level="warning",
            timeout_graceful_shutdown=2,
        )
    return 0


# Both together -----------------------------------------------------------------------


class Parts:
    """The processes of the store."""

    def __init__(self) -> None:
        self._running: list[tuple[str, subprocess.Popen[str]]] = []
        self.ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        """The names of those that have ended."""

    def start(
        self, name: str, *options: str, **environment: str
    ) -> subprocess.Popen[str]:
        """Start a part; its errors are shown."""
        # A session of its own: Ctrl-C reaches this process alone, which ends the parts.
        started = subprocess.Popen(  # noqa: S603 - this file
            [sys.executable, __file__, f"--{name}", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
            start_new_session=True,
        )
        self._running.append((name, started))
        threading.Thread(target=self._wait, args=(name, started), daemon=True).start()
        return started

    def _wait(self, name: str, process: subprocess.Popen[str]) -> None:
        process.wait()
        self.ended.put(f"the {name} has ended (exit code {process.returncode})")

    def end(self) -> None:
        """End all parts, the last one first."""
        for _, process in reversed(self._running):
            process.terminate()
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def api_of(simulator: subprocess.Popen[str]) -> str:
    """Return the simulator's address, which it prints when it is ready.

    Raises:
        Failed: it has ended before.
    """
    url = ""
    if simulator.stdout is None:
        raise Failed("the simulator has no output")
    for line in simulator.stdout:
        if line.startswith("  API "):
            url = line.split()[1]
        if line.startswith("Ready"):
            threading.Thread(target=simulator.stdout.read, daemon=True).start()
            return url
    raise Failed("the simulator did not start: it says why above")


def wait_for(port: int, parts: Parts) -> None:
    """Wait until the shop answers.

    Raises:
        Failed: a part has ended meanwhile.
    """
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), SECONDS).close()
        except OSError:
            with contextlib.suppress(queue.Empty):
                ended = parts.ended.get(timeout=0.1)
                raise Failed(f"{ended}: it says why above") from None
        else:
            return


def run(folder: Path, given: argparse.Namespace, parts: Parts) -> NoReturn:
    """Start the parts, say where they are, and wait for the end of one.

    Raises:
        Failed: a part has ended.
    """
    port = shop_port(given.port)
    url, world = f"http://localhost:{port}", folder / "amazon-pay"
    named = given.simulator_port
    options = ["--ipn-url", f"{url}/ipn", "--state", str(world)]
    options += [] if named is None else ["--port", str(named)]
    simulator = api_of(parts.start("simulator", *options))
    key = secrets.token_urlsafe(12)
    parts.start(
        "shop",
        AMAZON_PAY_PUBLIC_KEY_ID="SANDBOX-SIMULATOR",
        AMAZON_PAY_PRIVATE_KEY=str(world / "private.pem"),
        AMAZON_PAY_REGION="us",
        AMAZON_PAY_ENDPOINT_URL=simulator,
        STORE_URL=url,
        STORE_DB=str(folder / "store.db"),
        STORE_OFFICE_KEY=key,
    )
    wait_for(port, parts)
    kept = f"in {folder}" if given.keep else "gone when you stop; KEEP=DIR keeps them"
    sys.stdout.write(
        "\n  A shop on this machine: no money moves, and nothing leaves it.\n\n"
        f"  shop     {url}/\n"
        f"  office   {url}/office/{key}\n"
        f"  console  {simulator}/\n"
        f"  API      {simulator}\n\n"
        f"  Orders and payments are {kept}. Stop with Ctrl-C.\n"
    )
    sys.stdout.flush()
    raise Failed(f"{parts.ended.get()}, and so the rest was ended")


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """End as by Ctrl-C."""
    del number, frame
    raise KeyboardInterrupt


def main() -> int:
    """Run until Ctrl-C; return 1 if a part has ended, or could not begin."""
    if sys.argv[1:2] == ["--simulator"]:
        return simulate(sys.argv[2:])
    if sys.argv[1:2] == ["--shop"]:
        return serve_shop()
    os.umask(0o077)  # orders hold addresses
    given, parts = arguments(), Parts()
    for name in {"SIGTERM", "SIGHUP"} & set(dir(signal)):
        signal.signal(getattr(signal, name), _stop)
    with contextlib.ExitStack() as stack:
        folder = given.keep and given.keep.absolute()
        try:
            if folder is None:
                made = tempfile.TemporaryDirectory(prefix="amazonpay-store-")
                folder = Path(stack.enter_context(made))
            folder.mkdir(parents=True, exist_ok=True)
            stack.callback(parts.end)
            run(folder, given, parts)
        except KeyboardInterrupt:
            sys.stdout.write("\n  Stopped.\n")
            return 0
        except OSError as error:
            sys.stderr.write(f"make store: {folder}: {error.strerror}\n")
        except Failed as failed:
            sys.stderr.write(f"make store: {failed}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
