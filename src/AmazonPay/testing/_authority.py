"""An authority that signs envelopes as Amazon SNS does: root, intermediate, leaf."""

from __future__ import annotations

import copy
import json
import uuid
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .._core.clock import utc_now
from ..errors import InvalidRequest
from ..ipn._certificate import host_of
from ..ipn._envelope import CONFIRMATION, NOTIFICATION, TOPIC, region_of, signed_text
from ..ipn._verifier import MAX_AGE, Verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta

    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        CertificatePublicKeyTypes,
    )

# Test certificates are valid at any time that the clock of a test may show.
_TIMES = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
_HASHES: Final = {"1": SHA1, "2": SHA256}


class TestVerifier(Verifier):
    """A verifier with test trust, which therefore takes ids of the sandbox only."""

    __test__ = False  # pytest must not collect it
    _takes_live_ids = False


def leaf_path(pem: bytes) -> str:
    """Return the path of a URL at which Amazon SNS would serve a certificate."""
    return f"/SimpleNotificationService-{sha256(pem).hexdigest()[:32]}.pem"


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True)
class _Issuer:
    name: x509.Name
    key: CertificateIssuerPrivateKeyTypes


class Authority:
    """Signs notifications for tests, with keys that are made here and never stored.

    `verifier` returns a verifier that accepts only the notifications of this authority.
    A verifier for Amazon's notifications refuses them. To make an authority takes about
    a tenth of a second, so make one for the whole test session.

    Args:
        clock: Returns the time, in UTC.
    """

    def __init__(self, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        root_key = ec.generate_private_key(ec.SECP256R1())
        middle_key = ec.generate_private_key(ec.SECP256R1())
        self.key = _new_key()
        """The private key of the leaf."""
        root = _Issuer(_name("Test root"), root_key)
        middle = _Issuer(_name("Test intermediate"), middle_key)
        self.root = self._signed_authority(root, root, root_key.public_key(), 1)
        self.intermediate = self._signed_authority(
            middle, root, middle_key.public_key(), 0
        )
        self.leaf = self._signed_leaf(middle)
        """The certificate in PEM, alone, as Amazon SNS serves it."""

    def with_clock(self, clock: Callable[[], datetime]) -> Authority:
        """Return this authority, with the same keys, by another clock."""
        other = copy.copy(self)
        other._clock = clock  # noqa: SLF001 - of the same class
        return other

    def _builder(
        self, name: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_TIMES[0])
            .not_valid_after(_TIMES[1])
        )

    def _signed_authority(
        self,
        subject: _Issuer,
        issuer: _Issuer,
        key: ec.EllipticCurvePublicKey,
        below: int,
    ) -> bytes:
        builder = self._builder(subject.name, issuer.name, key)
        return _signed(
            builder.add_extension(
                x509.BasicConstraints(ca=True, path_length=below), critical=True
            )
            .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key), critical=False
            ),
            issuer,
        )

    def _signed_leaf(self, issuer: _Issuer) -> bytes:
        name, key = "sns.amazonaws.com", self.key.public_key()
        issuer_key: Any = issuer.key.public_key()
        return _signed(
            self._builder(_name(name), issuer.name, key)
            .add_extension(
                x509.BasicConstraints(ca=False, path_length=None), critical=True
            )
            .add_extension(_usage("digital_signature"), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
            )
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key),
                critical=False,
            ),
            issuer,
        )

    # Envelopes ------------------------------------------------------------------------

    def notification(  # noqa: PLR0913 - one keyword for each member
        self,
        object_type: str,
        object_id: str,
        notification_type: str = "STATE_CHANGE",
        *,
        topic: str,
        merchant_id: str,
        charge_permission_id: str | None = None,
        message_id: str | None = None,
        notification_id: str | None = None,
        timestamp: datetime | None = None,
        subject: str | None = None,
        signature_version: Literal["1", "2"] = "1",
    ) -> bytes:
        """Return the body of a request with a signed notification.

        `object_type` is `CHARGE_PERMISSION`, `CHARGE`, `REFUND` or `CHARGEBACK`. The
        ids of message and notification are new, and the time is now, unless given:
        give the same `message_id` for a notification that comes again. The permission's
        id is that in the object's id, unless given.

        Raises:
            InvalidRequest: `topic` is no ARN of a topic.
        """
        message = {
            "MerchantID": merchant_id,
            "ObjectType": object_type,
            "ObjectId": object_id,
            "ChargePermissionId": charge_permission_id
            or "-".join(object_id.split("-")[:3]),
            "NotificationType": notification_type,
            "NotificationId": notification_id or str(uuid.uuid4()),
            "NotificationVersion": "V2",
        }
        members = self._members(NOTIFICATION, json.dumps(message), topic, timestamp)
        members["MessageId"] = message_id or members["MessageId"]
        if subject is not None:
            members["Subject"] = subject
        host = host_of(region_of(topic))
        subscription = uuid.uuid5(uuid.NAMESPACE_URL, topic)
        query = {"Action": "Unsubscribe", "SubscriptionArn": f"{topic}:{subscription}"}
        return self._sealed(
            members,
            signature_version,
            UnsubscribeURL=f"https://{host}/?{urlencode(query)}",
        )

    def subscription_confirmation(
        self,
        *,
        topic: str,
        timestamp: datetime | None = None,
        signature_version: Literal["1", "2"] = "1",
    ) -> bytes:
        """Return the body of a request that asks to confirm a subscription.

        Raises:
            InvalidRequest: `topic` is no ARN of a topic.
        """
        text = f"You have chosen to subscribe to the topic {topic}."
        members = self._members(CONFIRMATION, text, topic, timestamp)
        token = sha256(members["MessageId"].encode()).hexdigest()
        query = {"Action": "ConfirmSubscription", "TopicArn": topic, "Token": token}
        members["Token"] = token
        members["SubscribeURL"] = (
            f"https://{host_of(region_of(topic))}/?{urlencode(query)}"
        )
        return self._sealed(members, signature_version)

    def _members(
        self, kind: str, message: str, topic: str, timestamp: datetime | None
    ) -> dict[str, str]:
        if TOPIC.fullmatch(topic) is None:
            raise InvalidRequest("topic is the whole ARN of a topic")
        moment = (timestamp or self._clock()).astimezone(UTC)
        return {
            "Type": kind,
            "MessageId": str(uuid.uuid4()),
            "TopicArn": topic,
            "Message": message,
            "Timestamp": moment.isoformat(timespec="milliseconds")[:23] + "Z",
        }

    def _sealed(self, members: dict[str, str], version: str, **also: str) -> bytes:
        text = signed_text(members["Type"], members)
        signature = self.key.sign(text, PKCS1v15(), _HASHES[version]())
        host = host_of(region_of(members["TopicArn"]))
        sealed = {
            **members,
            "SignatureVersion": version,
            "Signature": b64encode(signature).decode(),
            "SigningCertURL": f"https://{host}{leaf_path(self.leaf)}",
            **also,
        }
        return json.dumps(sealed).encode()

    # Trust ----------------------------------------------------------------------------

    def verifier(
        self,
        allowed_topics: Iterable[str],
        *,
        merchant_id: str | None = None,
        max_age: timedelta = MAX_AGE,
    ) -> Verifier:
        """Return a verifier that trusts this authority alone, and fetches nothing.

        It refuses ids of the live environment.

        Raises:
            ConfigurationError: as `Verifier` does.
        """
        return TestVerifier(
            allowed_topics,
            merchant_id=merchant_id,
            max_age=max_age,
            fetch=lambda url: self.leaf,  # noqa: ARG005 - what a fetch would give
            intermediates=[self.intermediate],
            roots=[self.root],
            clock=self._clock,
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


_USES = (
    *("digital_signature", "key_cert_sign", "crl_sign", "content_commitment"),
    *("key_encipherment", "data_encipherment", "key_agreement"),
    *("encipher_only", "decipher_only"),
)


def _usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in allowed for name in _USES})


def _signed(builder: x509.CertificateBuilder, issuer: _Issuer) -> bytes:
    return builder.sign(issuer.key, SHA256()).public_bytes(Encoding.PEM)
