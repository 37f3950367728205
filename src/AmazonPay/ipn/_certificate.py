"""Check the certificate of an envelope, and the signature that was made with it.

Amazon SNS serves the leaf alone, so trust comes from where it was fetched: the exact
host of the topic's region, over verified TLS, without a redirect. The checks of the
leaf are those of AWS's Java SDK:
`docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from ..errors import ConfigurationError
from ._errors import NotificationForged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ._envelope import Envelope

LARGEST_CERTIFICATE: Final = 32 * 1024
"""The most bytes of an answer with a certificate."""

_PATH = re.compile(r"/SimpleNotificationService-[0-9a-f]{32}\.pem")
_SMALLEST_KEY = 2048
_LARGEST_KEY = 8192
_HASHES: Final = {"1": SHA1, "2": SHA256}


def host_of(region: str) -> str:
    """Return the only host from which a certificate of a region is fetched."""
    return f"sns.{region}.amazonaws.com"


def checked_url(url: str, region: str) -> str:
    """Return the address of a certificate if it has exactly the form of Amazon SNS's.

    The whole text is compared, so that no two parsers can read it differently.

    Raises:
        NotificationForged: the address is another one.
    """
    origin = f"https://{host_of(region)}"
    if not url.startswith(origin) or _PATH.fullmatch(url[len(origin) :]) is None:
        raise NotificationForged(
            f"the certificate is not at {host_of(region)}, where Amazon SNS has it"
        )
    return url


@dataclass(frozen=True, slots=True)
class Chain:
    """The authorities to which a leaf must lead, if the caller gives some."""

    intermediates: tuple[x509.Certificate, ...]
    roots: tuple[x509.Certificate, ...]

    def check(self, leaf: x509.Certificate, name: str, now: datetime) -> None:
        """Check that a leaf leads to one of the roots.

        Raises:
            NotificationForged: the leaf leads to none of the roots.
        """
        builder = PolicyBuilder().store(Store(list(self.roots))).time(now)
        try:
            verifier = builder.build_server_verifier(x509.DNSName(name))
            verifier.verify(leaf, list(self.intermediates))
        except VerificationError:
            raise NotificationForged(
                "the certificate leads to none of the given roots"
            ) from None


def chain_of(
    intermediates: Iterable[x509.Certificate | bytes | str],
    roots: Iterable[x509.Certificate | bytes | str],
) -> Chain | None:
    """Return the chain of a caller's certificates, in PEM or loaded; None without any.

    Raises:
        ConfigurationError: an element is no certificate, or there are intermediates
            without roots.
    """
    between, ends = _loaded(intermediates), _loaded(roots)
    if not between and not ends:
        return None
    if not ends:
        raise ConfigurationError("intermediates need roots to lead to")
    return Chain(between, ends)


def _loaded(
    given: Iterable[x509.Certificate | bytes | str],
) -> tuple[x509.Certificate, ...]:
    if isinstance(given, (bytes, str, x509.Certificate)):
        given = [given]
    loaded: list[x509.Certificate] = []
    for one in given:
        if isinstance(one, x509.Certificate):
            loaded.append(one)
            continue
        try:
            data = one.encode() if isinstance(one, str) else one
            loaded += x509.load_pem_x509_certificates(data)
        except (ValueError, TypeError, AttributeError):
            raise ConfigurationError(
                "intermediates and roots are certificates in PEM"
            ) from None
    return tuple(loaded)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate that may sign envelopes of a region while it is in date."""

    certificate: x509.Certificate
    public_key: RSAPublicKey
    name: str

    def check_date(self, now: datetime) -> None:
        """Check that the certificate is in date.

        Raises:
            NotificationForged: it is not valid yet, or has expired.
        """
        certificate = self.certificate
        if not (
            certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
        ):
            raise NotificationForged("the certificate is not in date")

    def check_signature(self, envelope: Envelope) -> None:
        """Check that this certificate's key has signed an envelope.

        Raises:
            NotificationForged: the signature does not fit, or is of an unknown version.
        """
        algorithm = _HASHES.get(envelope.signature_version)
        if algorithm is None:
            raise NotificationForged("SignatureVersion is neither 1 nor 2")
        try:
            self.public_key.verify(
                envelope.signature, envelope.signed_text, PKCS1v15(), algorithm()
            )
        except InvalidSignature:
            raise NotificationForged(
                "the signature does not fit the envelope and the certificate"
            ) from None


def read_leaf(pem: bytes, region: str) -> Leaf:
    """Return the certificate in an answer, after all checks but those of its date.

    Raises:
        NotificationForged: the answer is no single certificate, or this certificate may
            not sign envelopes of the region.
    """
    try:
        leaf = _read_leaf(pem, region)
    except Exception as error:
        if isinstance(error, NotificationForged):
            raise
        # Whatever a parser of foreign certificates raises.
        leaf = None
    if leaf is None:
        raise NotificationForged("the certificate cannot be read")
    return leaf


def _read_leaf(pem: bytes, region: str) -> Leaf:
    if len(pem) > LARGEST_CERTIFICATE or pem.count(b"-----BEGIN") != 1:
        raise NotificationForged("the answer is not exactly one certificate")
    certificate = x509.load_pem_x509_certificate(pem)
    key = certificate.public_key()
    if (
        not isinstance(key, RSAPublicKey)
        or not _SMALLEST_KEY <= key.key_size <= _LARGEST_KEY
    ):
        raise NotificationForged("the certificate's key is no RSA key of 2048 bits")
    if certificate.issuer == certificate.subject or _is_authority(certificate):
        raise NotificationForged("the certificate is signed by itself, or signs others")
    if not _may_sign(certificate):
        raise NotificationForged("the certificate's key is not for signatures")
    wanted = {"sns.amazonaws.com", f"sns-signing.{region}.amazonaws.com"}
    named = wanted.intersection(_names(certificate))
    if not named:
        raise NotificationForged("the certificate does not name Amazon SNS")
    return Leaf(certificate, key, min(named))


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return found.value.ca


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound:
        return True
    return usage.value.digital_signature


def _names(certificate: x509.Certificate) -> list[str]:
    """Return the DNS names of a certificate, or else its common names."""
    try:
        found = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return [str(one.value) for one in common]
    return found.value.get_values_for_type(x509.DNSName)
