"""`python -m AmazonPay simulate`: the simulator as a process of this machine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa

from .extra import check_extra
from .options import parser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

check_extra()


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def main(argv: Sequence[str]) -> int:
    """Serve until stopped.

    Raises:
        ConfigurationError: the command line names what cannot be used.
    """
    arguments = parser().parse_args(argv)
    with ThreadPoolExecutor(1) as pool:
        new_key: Callable[[], rsa.RSAPrivateKey] | None = None
        if not arguments.public_key and arguments.state is not None:
            new_key = _new_key  # called if the folder turns out to hold none
        elif not arguments.public_key:
            # A key takes about as long as the import below, and no lock of Python's.
            new_key = pool.submit(_new_key).result
        from .run import run

        return run(arguments, new_key)
