"""Public keys in the forms in which they are stored, exported and passed on."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from .key_forms import public_forms

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.x509 import Certificate


def public_key_in(held: bytes) -> object | None:
    """Return the public key in PEM, DER, OpenSSH's form or a certificate, else None.

    It may be of another kind than RSA. What a Windows shell, an editor or a secret
    store did to the text is undone, as for private keys.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_der_public_key,
        load_pem_public_key,
        load_ssh_public_key,
    )
    from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate

    loaders: tuple[Callable[[bytes], object], ...] = (
        load_pem_public_key,
        load_der_public_key,
        load_ssh_public_key,
        _of_certificate(load_pem_x509_certificate),
        _of_certificate(load_der_x509_certificate),
    )
    for form, load in product(public_forms(held), loaders):
        try:
            return load(form)
        except (ValueError, UnsupportedAlgorithm):
            continue
    return None


def _of_certificate(
    load: Callable[[bytes], Certificate],
) -> Callable[[bytes], object]:
    return lambda content: load(content).public_key()
