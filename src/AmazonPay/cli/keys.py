"""`amazonpay keys`: make a key pair, show its public half, check a pair."""

from __future__ import annotations

import os
from pathlib import Path

import click

from .._core.environment import VARIABLES
from ..errors import ConfigurationError
from . import key_files
from .failures import SAID_NO, Failure
from .groups import Group
from .output import data, json_line, words
from .session import json_option

_WHERE = """\
The private key is in {path}: only you can read it. Keep it out of your repository.
The public half goes to Seller Central: choose Integration, Integration Central, scroll
to API keys, Create keys, Register existing public key(s), and paste what stands on
stdout, with its first and last line. Seller Central then shows the public key id; there
is one for the sandbox (SANDBOX-…) and one for live (LIVE-…)."""


@click.group(cls=Group)
def keys() -> None:
    """Make a key pair, show its public half, check whether two halves belong together.

    A private key is given as the path of its file. The password of an encrypted one is
    in AMAZON_PAY_PRIVATE_KEY_PASSWORD.
    """


@keys.command()
@click.option(
    "--out",
    default="private.pem",
    show_default=True,
    metavar="FILE",
    help="Where the private key goes; an existing file is never replaced.",
)
@json_option
def new(out: str, *, as_json: bool) -> None:
    """Make an RSA key pair of 2048 bit, and print its public half.

    The private half goes to a file that only you can read. It is encrypted if
    AMAZON_PAY_PRIVATE_KEY_PASSWORD is set.
    """
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        KeySerializationEncryption,
        NoEncryption,
        PrivateFormat,
    )

    made = rsa.generate_private_key(public_exponent=65537, key_size=key_files.BITS)
    secret = key_files.password()
    encryption: KeySerializationEncryption = NoEncryption()
    if secret is not None:
        encryption = BestAvailableEncryption(secret.encode())
    try:
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    except ValueError:
        raise ConfigurationError(
            f"{VARIABLES['private_key_password']} is too long to encrypt a key with:"
            " give at most 1023 bytes"
        ) from None
    key_files.write_new(out, pem)
    public = key_files.public_pem(made.public_key())
    if as_json:
        json_line(
            {
                "private_key": str(Path(out).absolute()),
                "encrypted": secret is not None,
                "bits": key_files.BITS,
                "public_key": public,
                "sha256": key_files.fingerprint(made.public_key()),
            }
        )
        return
    data(public.rstrip())
    words(_WHERE.format(path=out))
    if secret is not None:
        words("It is encrypted with AMAZON_PAY_PRIVATE_KEY_PASSWORD.")


@keys.command()
@click.argument("private_key", required=False, metavar="[FILE]")
@json_option
def show(private_key: str | None, *, as_json: bool) -> None:
    """Print the public half of the private key in FILE.

    Without FILE, AMAZON_PAY_PRIVATE_KEY is read, which holds a path or the key.
    """
    from .._signing.private_key import load_private_key

    if private_key is None:
        held = os.environ.get(VARIABLES["private_key"])
        if not held:
            raise ConfigurationError(
                f"name the file of a private key, or set {VARIABLES['private_key']}"
            )
        key = load_private_key(held, key_files.password())
    else:
        key = key_files.read_private_key(private_key)
    public = key_files.public_pem(key.public_key())
    sha256 = key_files.fingerprint(key.public_key())
    if as_json:
        json_line({"public_key": public, "bits": key.key_size, "sha256": sha256})
        return
    data(public.rstrip())
    words(f"RSA, {key.key_size} bit, SHA-256 of the public key {sha256}")


@keys.command()
@click.argument("first", metavar="FILE")
@click.argument("second", metavar="FILE")
@json_option
def check(first: str, second: str, *, as_json: bool) -> None:
    """Check whether a private and a public key, in either order, belong together.

    The exit status is 1 if they do not.
    """
    (private, ours), (public, theirs) = key_files.read_pair(first, second)
    belong = ours.public_numbers() == theirs.public_numbers()
    if as_json:
        json_line(
            {
                "belong_together": belong,
                "private_key": {"file": private, "sha256": key_files.fingerprint(ours)},
                "public_key": {"file": public, "sha256": key_files.fingerprint(theirs)},
            }
        )
    else:
        data("yes" if belong else "no")
    if belong:
        words("These two belong together.")
        return
    raise Failure(
        f"{public!r} is not the public half of {private!r}, which has the SHA-256"
        f" {key_files.fingerprint(ours)}: register that half in Seller Central (shown"
        " by: amazonpay keys show), or find the other private key",
        SAID_NO,
    )
