"""A TLS certificate for loopback names, created at each start.

The authority's key signs this one certificate and is then thrown away; its certificate
is constrained to loopback names.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

_LIFE = timedelta(days=90)
_USES = (
    *("digital_signature", "key_cert_sign", "crl_sign", "content_commitment"),
    *("key_encipherment", "data_encipherment", "key_agreement"),
    *("encipher_only", "decipher_only"),
)
_NAMES = ("localhost",)
_ADDRESSES = ("127.0.0.1", "::1")
_NETWORKS = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate."""

    authority: Path
    """The certificate that a client has to trust."""
    chain: Path
    key: Path
    """The private key, which only its owner can read."""


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


_AUTHORITY = _name("Amazon Pay simulator on this machine")


def _usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in allowed for name in _USES})


def _certificate(
    subject: x509.Name,
    public_key: EllipticCurvePublicKey,
    authority_key: EllipticCurvePrivateKey,
    critical: Iterable[x509.ExtensionType],
    others: Iterable[x509.ExtensionType],
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_AUTHORITY)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
    )
    for extension in critical:
        builder = builder.add_extension(extension, critical=True)
    for extension in others:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(authority_key, SHA256())


def make_certificate(folder: Path) -> Certificate:
    """Create a certificate for `localhost`, 127.0.0.1 and ::1 in a folder."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    authority_id = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    names = [x509.DNSName(name) for name in _NAMES]
    networks = [x509.IPAddress(ip_network(network)) for network in _NETWORKS]
    addresses = [x509.IPAddress(ip_address(address)) for address in _ADDRESSES]
    authority = _certificate(
        _AUTHORITY,
        authority_key.public_key(),
        authority_key,
        [
            x509.BasicConstraints(ca=True, path_length=0),
            _usage("key_cert_sign", "crl_sign"),
            x509.NameConstraints([*names, *networks], excluded_subtrees=None),
        ],
        [authority_id],
    )
    leaf = _certificate(
        _name("localhost"),
        key.public_key(),
        authority_key,
        [
            x509.BasicConstraints(ca=False, path_length=None),
            _usage("digital_signature"),
        ],
        [
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
            x509.SubjectAlternativeName([*names, *addresses]),
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                authority_id
            ),
        ],
    )
    made = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    made.authority.write_bytes(authority.public_bytes(Encoding.PEM))
    made.chain.write_bytes(leaf.public_bytes(Encoding.PEM))
    write_secret(
        made.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return made


def write_secret(path: Path, data: bytes) -> None:
    """Write a file that only its owner can ever read."""
    path.unlink(missing_ok=True)
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
    ) as f:
        f.write(data)
