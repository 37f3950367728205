"""`python -m AmazonPay simulate`: the simulator as a process of this machine."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NoReturn

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from .._core.command_lines import Parser
from ..errors import ConfigurationError
from .actors.notifier import HTTPListener, delivering
from .addresses import Addresses, addresses_from
from .banner import banner
from .engine.clock import Clock
from .engine.ids import Ids
from .engine.store import Store
from .merchants import Merchant, merchant
from .observed import Observed, read_observed
from .secret_file import write_secret
from .server import address_of, listen_on, server_for
from .settings import PROFILES, Settings
from .simulator import Simulator

if TYPE_CHECKING:
    import argparse
    import socket
    from collections.abc import Callable, Sequence
    from types import FrameType

    from .state import State

DEFAULT_PORT = 8421
_TRIED_PORTS = 20
_TOKEN_VARIABLE = "AMAZON_PAY_SIMULATOR_TOKEN"  # noqa: S105 - the name of a variable
_OPTIONS = {
    "region": "region",
    "currency": "ledger_currency",
    "environment": "environment",
    "account": "merchant_id",
    "domain": "domain",
}


def parser() -> Parser:
    """Return the parser of the command line."""
    made = Parser(prog="amazonpay simulate", description=__doc__)
    made.add_argument(
        "--public-key",
        action="append",
        default=[],
        metavar="ID=FILE",
        help="a key id and its public key (PEM); repeatable. Options follow with"
        " commas: ID=FILE,region=eu,currency=GBP,environment=sandbox,account=A1,"
        "domain=shop.example. Without any, a key pair is made",
    )
    made.add_argument(
        "--port",
        type=int,
        help=f"a port; 0 is any free one (default: {DEFAULT_PORT}, or the next free)",
    )
    made.add_argument(
        "--db",
        metavar="FILE",
        help="keep the state in a file, which survives kill -9 (default: in memory)",
    )
    made.add_argument(
        "--state",
        metavar="DIR",
        help="keep all in a folder from run to run: state, certificate authority, token"
        " and the generated key",
    )
    scheme = made.add_mutually_exclusive_group()
    scheme.add_argument("--tls", action="store_true", help="serve TLS")
    scheme.add_argument(
        "--http", action="store_true", help="serve plain http: the default on loopback"
    )
    made.add_argument(
        "--bind",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="listen on this address in place of 127.0.0.1, over TLS; repeatable. Every"
        " control call needs the token then",
    )
    made.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help="a host by which clients reach it, for the certificate; repeatable. Serves"
        " TLS, and every control call needs the token then",
    )
    made.add_argument(
        "--public-url",
        metavar="URL",
        help="where a browser reaches it, such as https://localhost:8421, if clients"
        " use another address: links to pages begin so",
    )
    made.add_argument(
        "--ipn-url",
        type=str,
        metavar="URL",
        help="send notifications to a shop on this machine, such as"
        " http://localhost:8000/ipn (default: none is sent)",
    )
    made.add_argument(
        "--ipn-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a host beyond this machine to which --ipn-url may lead; repeatable",
    )
    made.add_argument(
        "--profile",
        choices=sorted(PROFILES),
        default="default",
        help="lenient forgives what may be no error, hostile does the worst that the"
        " documentation leaves open (default: default)",
    )
    made.add_argument(
        "--stored-answers",
        choices=("2xx", "2xx+4xx", "all"),
        default="2xx",
        help="which first answers an idempotency key repeats (default: 2xx)",
    )
    made.add_argument(
        "--headroom",
        type=int,
        default=1,
        metavar="N",
        help="multiply what a permission may be charged and a charge refunded, so that"
        " no limit hides a second payment (default: 1)",
    )
    made.add_argument(
        "--throttling",
        action="store_true",
        help="answer 429 above Amazon's published quotas",
    )
    made.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="repeat a run: the same calls meet the same faults and get the same ids"
        " (default: a new one, which is told)",
    )
    made.add_argument(
        "--json", action="store_true", help="tell where it is as one JSON object"
    )
    made.add_argument(
        "--observed",
        metavar="FILE",
        help="what `amazonpay conformance --json` has found out stands in the place of"
        " guesses",
    )
    return made


def merchant_from(text: str) -> Merchant:
    """Return the merchant of one `--public-key`.

    Raises:
        ConfigurationError: the text has another form, the file cannot be read, or it
            holds no public key.
    """
    key_id, _, rest = text.partition("=")
    file, *options = re.split(rf",(?=(?:{'|'.join(_OPTIONS)})=)", rest)
    if not key_id or not file:
        raise ConfigurationError("--public-key takes ID=FILE")
    named = dict(option.split("=", 1) for option in options)
    try:
        pem = Path(file).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file!r} cannot be read: {error.strerror}") from None
    if b"PRIVATE KEY-----" in pem:
        raise ConfigurationError(
            f"{file!r} holds a private key; the simulator takes the public half:"
            f" openssl pkey -in {file} -pubout"
        )
    return merchant(key_id, pem, **{_OPTIONS[name]: v for name, v in named.items()})


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings of a command line.

    Raises:
        ConfigurationError: the headroom is below 1.
    """
    return replace(
        PROFILES[arguments.profile],
        stored_answers=arguments.stored_answers,
        headroom=arguments.headroom,
        throttles=arguments.throttling,
    )


def _observed_from(arguments: argparse.Namespace) -> Observed | None:
    return None if arguments.observed is None else read_observed(arguments.observed)


def build_simulator(  # noqa: PLR0913 - the parts of a simulator
    merchants: list[Merchant],
    store: Store,
    settings: Settings,
    seed: int,
    wait: Callable[[float], object],
    observed: Observed | None = None,
) -> Simulator:
    """Return a simulator whose ids and faults are repeated by a seed.

    They depend on the length of the history, too, so that a second start on the same
    file does not make the same ids again.
    """
    with store.transaction() as transaction:
        start = f"{seed} {transaction.last_number()}"
    return Simulator(
        merchants,
        store=store,
        clock=Clock(runs=True),
        ids=Ids(Random(f"ids {start}")),  # noqa: S311 - to be repeatable, not secret
        settings=settings,
        dice=Random(f"dice {start}"),  # noqa: S311 - to be repeatable, not secret
        wait=wait,
        observed=observed,
    )


def _new_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _generated_merchant(folder: Path, state: State | None) -> tuple[Merchant, Path]:
    """Create a key pair, or take the kept one; return its merchant and its file."""
    if state is None:
        path, pem = folder / "private.pem", _new_key()
        write_secret(path, pem)
    else:
        path, pem = state.private_key, state.merchant_key(_new_key)
    key = load_pem_private_key(pem, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigurationError(f"{str(path)!r} holds no RSA key: delete it")
    return merchant("SANDBOX-SIMULATOR", key.public_key()), path


def addresses_of(arguments: argparse.Namespace) -> Addresses:
    """Return the addresses of a command line.

    Raises:
        ConfigurationError: they cannot be, or plain http is asked for beyond loopback.
    """
    made = addresses_from(arguments.bind, arguments.name, arguments.public_url)
    if arguments.http and (arguments.bind or arguments.name):
        raise ConfigurationError(
            "--http is for loopback alone: --bind and --name serve TLS"
        )
    if arguments.state is not None and arguments.db is not None:
        raise ConfigurationError("--state keeps the state, too: leave out --db")
    if arguments.state == "":
        # A variable of a shell that is not set, and no wish for the current folder.
        raise ConfigurationError("--state takes a folder, and no empty text")
    return made


def _listeners(addresses: Addresses, port: int | None) -> list[socket.socket]:
    """Return sockets that listen on the given port.

    Without a port, try the default one and those after it, then any free one.
    """
    if port is not None:
        return listen_on(addresses, port)
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + _TRIED_PORTS):
        with contextlib.suppress(ConfigurationError):
            return listen_on(addresses, candidate)
    return listen_on(addresses, 0)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    """Exit on a signal, with all cleanups."""
    del number, frame
    sys.exit(0)


def _on_hangup(act: Callable[[int, FrameType | None], object]) -> None:
    """Act when the terminal is closed, unless `nohup` has said to go on."""
    hangup: signal.Signals | None = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:
        signal.signal(hangup, act)


def main(argv: Sequence[str]) -> int:
    """Serve until stopped; return 2 for a wrong command line."""
    try:
        return _serve(parser().parse_args(argv))
    except ConfigurationError as error:
        sys.stderr.write(f"amazonpay simulate: {error}\n")
        return 2


def _serve(arguments: argparse.Namespace) -> int:
    # uvicorn shuts down and raises the signal again; the exit deletes the folder.
    signal.signal(signal.SIGTERM, _exit)
    _on_hangup(_exit)
    addresses = addresses_of(arguments)
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="amazonpay-"))
        )
        state = None
        if arguments.state is not None:
            from .state import open_state  # a third of the start, for X.509

            state = stack.enter_context(open_state(Path(arguments.state).absolute()))
        merchants = [merchant_from(text) for text in arguments.public_key]
        key = None
        if not merchants:
            made, key = _generated_merchant(folder, state)
            merchants = [made]
        settings = settings_from(arguments)
        seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
        store = Store(state.world if state else arguments.db or ":memory:")
        stack.callback(store.close)
        listeners = _listeners(addresses, arguments.port)
        for one in listeners:
            stack.enter_context(one)
        simulator = build_simulator(
            merchants, store, settings, seed, time.sleep, _observed_from(arguments)
        )
        simulator.addresses = addresses
        given = os.environ.get(_TOKEN_VARIABLE)
        token = given or (state.token() if state else simulator.token)
        simulator.token = token
        notifier = simulator.notifications
        if arguments.ipn_url is not None:
            notifier.add_listener(HTTPListener(arguments.ipn_url, arguments.ipn_host))
            stack.enter_context(delivering(notifier))
        certificate = None
        if arguments.tls or arguments.bind or arguments.name:
            named = addresses.certified
            authority = state.authority(named) if state else None
            from .certificate import make_certificate

            certificate = make_certificate(folder, named, authority)
            if state is not None:
                certificate = replace(certificate, authority=state.certificate)
        address = address_of(
            listeners[0],
            None if certificate is None else certificate.authority,
            addresses.host,
        )
        simulator.origin = address.url
        kept = str(state.folder) if state else arguments.db
        server = server_for(
            simulator,
            certificate,
            lambda _: print(  # noqa: T201 - what the command is for
                banner(
                    address,
                    simulator,
                    key,
                    arguments,
                    seed,
                    kept or "in memory, gone when you stop; --state DIR keeps it",
                ),
                flush=True,
            ),
        )
        _on_hangup(lambda _, frame: server.handle_exit(signal.SIGTERM, frame))
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=listeners)
    return 0
