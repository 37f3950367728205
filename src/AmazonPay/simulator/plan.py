"""The decisions of one start of `amazonpay simulate`, made from its options."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .addresses import Addresses, addresses_from
from .merchants import Merchant, merchant

if TYPE_CHECKING:
    import argparse

    from .server import Address
    from .state import State


_LARGEST_KEY = 1024 * 1024
_OPTIONS = {
    "region": "region",
    "currency": "ledger_currency",
    "environment": "environment",
    "account": "merchant_id",
    "domain": "domain",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The decisions of one start, made before the simulator is built."""

    arguments: argparse.Namespace
    merchants: list[Merchant]
    private_key: Path | None
    """The file of the generated key; None if public keys were given."""
    addresses: Addresses
    address: Address
    token: str
    """The token that control calls need."""
    seed: int
    state: State | None

    @property
    def file(self) -> Path | str | None:
        """Where the world is kept; None is in memory."""
        return self.arguments.db if self.state is None else self.state.world

    @property
    def may_be_refused(self) -> bool:
        """Whether an option has a value that only the simulator can refuse."""
        given = self.arguments
        named = (self.file, given.observed, given.ipn_url)
        return any(one is not None for one in named) or given.headroom != 1


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
        with Path(file).open("rb") as opened:
            pem = opened.read(_LARGEST_KEY + 1)
    except OSError as error:
        raise ConfigurationError(f"{file!r} cannot be read: {error.strerror}") from None
    if len(pem) > _LARGEST_KEY:
        raise ConfigurationError(f"{file!r} is larger than any key")
    if b"PRIVATE KEY-----" in pem:
        raise ConfigurationError(
            f"{file!r} holds a private key; the simulator takes the public half:"
            f" openssl pkey -in {file} -pubout"
        )
    if not pem.strip():
        raise ConfigurationError(
            f"{file!r} is empty: amazonpay keys show private.pem > {file} writes the"
            " public half again"
        )
    options_of_key = {_OPTIONS[name]: value for name, value in named.items()}
    try:
        return merchant(key_id, pem, **options_of_key)
    except ConfigurationError as error:
        raise ConfigurationError(f"--public-key {key_id}={file}: {error}") from None


def addresses_of(arguments: argparse.Namespace) -> Addresses:
    """Return the addresses of a command line.

    Raises:
        ConfigurationError: an address or a name cannot be used, or `--http` is given
            for an address beyond loopback.
    """
    made = addresses_from(arguments.bind, arguments.name, arguments.public_url)
    if arguments.http and (arguments.bind or arguments.name):
        raise ConfigurationError(
            "--http is for loopback alone: --bind and --name serve TLS"
        )
    if arguments.state is not None and arguments.db is not None:
        raise ConfigurationError("--state keeps the state, too: leave out --db")
    # An unset variable of a shell gives this; it asks neither for the current folder
    # nor for a temporary file.
    if arguments.state == "":
        raise ConfigurationError("--state takes a folder, and no empty text")
    if arguments.db == "":
        raise ConfigurationError("--db takes a file, and no empty text")
    return made
