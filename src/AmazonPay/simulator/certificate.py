"""A TLS certificate for loopback and for the names that are asked for.

It is made at each start. So is its authority, whose key is thrown away at once; or the
authority is kept, so that it is trusted once. It is constrained to the same names.
"""

from __future__ import annotations

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
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..errors import ConfigurationError
from .secret_file import write_secret

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

# What clients accept of an authority that somebody has chosen to trust.
_LIFE = timedelta(days=397)
_AUTHORITY_LIFE = timedelta(days=3650)
_USES = (
    *("digital_signature", "key_cert_sign", "crl_sign", "content_commitment"),
    *("key_encipherment", "data_encipherment", "key_agreement"),
    *("encipher_only", "decipher_only"),
)
_NAMES = ("localhost", "127.0.0.1", "::1")
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


def _general_name(name: str) -> x509.GeneralName:
    """Return a host as certificates name it: by its address, or as a name."""
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _permitted(name: str) -> x509.GeneralName:
    """Return what lets an authority vouch for a host."""
    try:
        return x509.IPAddress(ip_network(name))
    except ValueError:
        return x509.DNSName(name)


def _certificate(  # noqa: PLR0913 - what makes a certificate
    subject: x509.Name,
    public_key: EllipticCurvePublicKey,
    authority_key: EllipticCurvePrivateKey,
    life: timedelta,
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
        .not_valid_after(now + life)
    )
    for extension in critical:
        builder = builder.add_extension(extension, critical=True)
    for extension in others:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(authority_key, SHA256())


# The authority ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """A certificate that clients trust, and the key that signs for it."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate as clients trust it; it is no secret."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def secret_pem(self) -> bytes:
        """Key and certificate, as they are kept."""
        return _pem_of(self.key) + self.pem

    @property
    def names(self) -> list[str]:
        """The hosts for which it may vouch, besides loopback."""
        found = self.certificate.extensions.get_extension_for_class(
            x509.NameConstraints
        ).value.permitted_subtrees
        values = [str(one.value).removesuffix("/32") for one in found or ()]
        values = [one.removesuffix("/128") for one in values]
        return [one for one in values if one not in {*_NAMES, *_NETWORKS}]

    def check(self, names: Iterable[str]) -> None:
        """Raise ConfigurationError unless it can vouch for these hosts today."""
        missing = sorted({*names} - {*self.names, *_NAMES})
        if missing:
            raise ConfigurationError(
                f"it vouches for {', '.join(['localhost', *self.names])}, and not for"
                f" {', '.join(missing)}"
            )
        last = self.certificate.not_valid_after_utc
        if last < datetime.now(UTC) + timedelta(days=1):
            raise ConfigurationError(f"it ends on {last:%Y-%m-%d}")


def new_authority(names: Iterable[str] = ()) -> CertificateAuthority:
    """Return a new authority, which may vouch for loopback and these hosts alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    permitted = dict.fromkeys(["localhost", *_NETWORKS, *names])
    certificate = _certificate(
        _AUTHORITY,
        key.public_key(),
        key,
        _AUTHORITY_LIFE,
        [
            x509.BasicConstraints(ca=True, path_length=0),
            _usage("key_cert_sign", "crl_sign"),
            x509.NameConstraints(
                [_permitted(name) for name in permitted], excluded_subtrees=None
            ),
        ],
        [x509.SubjectKeyIdentifier.from_public_key(key.public_key())],
    )
    return CertificateAuthority(certificate, key)


def authority_from(data: bytes) -> CertificateAuthority:
    """Return the authority that was kept as `secret_pem`.

    Raises:
        ConfigurationError: the bytes hold no authority.
    """
    try:
        key = load_pem_private_key(data, None)
        certificate = x509.load_pem_x509_certificate(data)
        certificate.extensions.get_extension_for_class(x509.NameConstraints)
    except (ValueError, TypeError, x509.ExtensionNotFound):
        raise ConfigurationError("it holds no authority of a simulator") from None
    if (
        not isinstance(key, ec.EllipticCurvePrivateKey)
        or key.public_key() != certificate.public_key()
    ):
        raise ConfigurationError("its key and its certificate do not belong together")
    return CertificateAuthority(certificate, key)


# The server's own ---------------------------------------------------------------------


def make_certificate(
    folder: Path,
    names: Iterable[str] = (),
    authority: CertificateAuthority | None = None,
) -> Certificate:
    """Create a certificate in a folder, for loopback and these hosts.

    Without an authority a new one signs it, whose key is then thrown away.
    """
    named = list(dict.fromkeys([*_NAMES, *names]))
    by = authority or new_authority(names)
    key = ec.generate_private_key(ec.SECP256R1())
    authority_id = x509.SubjectKeyIdentifier.from_public_key(by.key.public_key())
    leaf = _certificate(
        _name("localhost"),
        key.public_key(),
        by.key,
        _LIFE,
        [
            x509.BasicConstraints(ca=False, path_length=None),
            _usage("digital_signature"),
        ],
        [
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
            x509.SubjectAlternativeName([_general_name(name) for name in named]),
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                authority_id
            ),
        ],
    )
    made = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    made.authority.write_bytes(by.pem)
    made.chain.write_bytes(leaf.public_bytes(Encoding.PEM))
    write_secret(made.key, _pem_of(key))
    return made


def _pem_of(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
