"""Run the simulator as a process, from its options to its end.

It listens as soon as it can, and loads the rules then; a request waits for them.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, NoReturn

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ..errors import ConfigurationError
from .banner import banner
from .merchants import Merchant, by_key_id, merchant
from .options import DEFAULT_PORT
from .plan import Plan, addresses_of, merchant_from
from .secret_file import write_secret
from .server import address_of, listen_on, server_for

if TYPE_CHECKING:
    import argparse
    import socket
    from collections.abc import Callable
    from types import FrameType

    from .addresses import Addresses
    from .app import App
    from .certificate import Certificate
    from .simulator import Simulator
    from .state import State

_TRIED_PORTS = 20
_TOKEN_VARIABLE = "AMAZON_PAY_SIMULATOR_TOKEN"  # noqa: S105 - the name of a variable


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _generated_merchant(
    new_key: Callable[[], rsa.RSAPrivateKey], folder: Path, state: State | None
) -> tuple[Merchant, Path]:
    """Keep a new key, or take the kept one; return its merchant and its file."""
    if state is None:
        path, key = folder / "private.pem", new_key()
        write_secret(path, _pem(key))
    else:
        path = state.private_key
        pem = state.merchant_key(lambda: _pem(new_key()))
        kept = load_pem_private_key(pem, None)
        if not isinstance(kept, rsa.RSAPrivateKey):
            raise ConfigurationError(f"{str(path)!r} holds no RSA key: delete it")
        key = kept
    return merchant("SANDBOX-SIMULATOR", key.public_key()), path


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


def _certificate(
    arguments: argparse.Namespace,
    addresses: Addresses,
    folder: Path,
    state: State | None,
) -> Certificate | None:
    """Make the certificate for TLS; None serves plain http."""
    if not (arguments.tls or arguments.bind or arguments.name):
        return None
    from .certificate import make_certificate  # X.509 takes long to import

    named = addresses.certified
    if state is None:
        return make_certificate(folder, named)
    made = make_certificate(folder, named, state.authority(named))
    return replace(made, authority=state.certificate)


def run(
    arguments: argparse.Namespace, new_key: Callable[[], rsa.RSAPrivateKey] | None
) -> int:
    """Serve until stopped; return the exit status.

    `new_key` makes the private key of the merchant if no public key is given.

    Raises:
        ConfigurationError: the command line names what cannot be used.
    """
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
            from .state import open_state  # for X.509, too

            state = stack.enter_context(open_state(Path(arguments.state).absolute()))
        named = by_key_id(merchant_from(text) for text in arguments.public_key)
        merchants = list(named.values())
        listeners = _listeners(addresses, arguments.port)
        for one in listeners:
            stack.enter_context(one)
        certificate = _certificate(arguments, addresses, folder, state)
        authority = None if certificate is None else certificate.authority
        token = os.environ.get(_TOKEN_VARIABLE) or (state and state.token())
        chance = SystemRandom()
        key = None
        if new_key is not None:
            made, key = _generated_merchant(new_key, folder, state)
            merchants = [made]
        plan = Plan(
            arguments=arguments,
            merchants=merchants,
            private_key=key,
            addresses=addresses,
            address=address_of(listeners[0], authority, addresses.host),
            token=token or f"{chance.getrandbits(128):032x}",
            seed=chance.getrandbits(32) if arguments.seed is None else arguments.seed,
            state=state,
        )
        _serve(plan, listeners, certificate, stack)
    return 0


def _serve(
    plan: Plan,
    listeners: list[socket.socket],
    certificate: Certificate | None,
    stack: contextlib.ExitStack,
) -> None:
    @cache
    def simulator() -> Simulator:
        from .loading import load  # most of the start

        return load(plan, stack)

    def app() -> App:
        made = simulator()
        from .app import App

        gc.enable()  # the start is over
        return App(made)

    def tell() -> None:
        asked = plan.arguments.ipn_url is not None
        topics = simulator().notifications.regions_of_topics if asked else {}
        print(banner(plan, topics), flush=True)  # noqa: T201 - what the command is for

    if plan.may_be_refused:
        simulator()
    server = server_for(app, certificate, tell)
    _on_hangup(lambda _, frame: server.handle_exit(signal.SIGTERM, frame))
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=listeners)
    if server.failure is not None:
        raise server.failure
