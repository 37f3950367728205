"""Envelopes that nobody at Amazon has sent, by hundreds, and what is served for them.

They are sealed by code of their own: what the package's authority gets wrong must not
pass because its verifier does too.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from keys import KEY, OTHER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ACCOUNT = "291180941288"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:A3BXB0YN3XH17HA1EXAMPLE"
MERCHANT = "A1EXAMPLE"
HOST = "sns.us-east-1.amazonaws.com"
PATH = f"/SimpleNotificationService-{'0123456789abcdef' * 2}.pem"
CERTIFICATE_URL = f"https://{HOST}{PATH}"
SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = "SubscriptionConfirmation"
SIGNED_TO_CONFIRM = (
    *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
)
TOKEN = "0123456789abcdef" * 4
HASHES: dict[str, Any] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - as SNS does
ISSUER_KEY = ec.generate_private_key(ec.SECP256R1())


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def certificate(
    key: Any = KEY,
    *,
    common: str = "sns.amazonaws.com",
    names: tuple[str, ...] | None = ("sns.amazonaws.com",),
    issuer: str = "Somebody",
    since: datetime = NOW - timedelta(days=100),
    until: datetime = NOW + timedelta(days=100),
    ca: bool | None = False,
    usage: str | None = None,
    signed_by: Any = ISSUER_KEY,
) -> bytes:
    """Make a certificate in PEM; by default one that Amazon SNS could serve."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )
    if names is not None:
        alternative = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
        builder = builder.add_extension(alternative, critical=False)
    if ca is not None:
        limits = x509.BasicConstraints(ca=ca, path_length=None)
        builder = builder.add_extension(limits, critical=True)
    if usage is not None:
        uses = dict.fromkeys(
            (
                *("digital_signature", "content_commitment", "key_encipherment"),
                *("data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"),
                *("encipher_only", "decipher_only"),
            ),
            False,
        )
        builder = builder.add_extension(
            x509.KeyUsage(**{**uses, usage: True}), critical=True
        )
    ed = isinstance(signed_by, ed25519.Ed25519PrivateKey)
    made = builder.sign(signed_by, None if ed else hashes.SHA256())
    return made.public_bytes(Encoding.PEM)


LEAF = certificate()


def message(**changes: Any) -> dict[str, Any]:
    """Write an inner message; None removes a member."""
    members: dict[str, Any] = {
        "MerchantID": MERCHANT,
        "ObjectType": "CHARGE",
        "ObjectId": "S01-0000000-0000000-C000000",
        "ChargePermissionId": "S01-0000000-0000000",
        "NotificationType": "STATE_CHANGE",
        "NotificationId": "11111111-1111-1111-1111-111111111111",
        "NotificationVersion": "V2",
        **changes,
    }
    return {key: value for key, value in members.items() if value is not None}


def envelope(inner: Any = None, **changes: Any) -> dict[str, Any]:
    """Write the members of an envelope, without its signature."""
    inner = message() if inner is None else inner
    return {
        "Type": "Notification",
        "MessageId": "2222222a-2222-2222-2222-22222222222b",
        "TopicArn": TOPIC,
        "Message": inner if isinstance(inner, str) else json.dumps(inner),
        "Timestamp": "2026-03-01T11:59:00.000Z",
        "SignatureVersion": "1",
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": f"https://{HOST}/?Action=Unsubscribe&SubscriptionArn=x",
        **changes,
    }


def confirmation(**changes: Any) -> dict[str, Any]:
    """Write the members of a confirmation, without its signature."""
    members = envelope("You have chosen to subscribe.", Type=CONFIRMATION)
    del members["UnsubscribeURL"]
    query = f"Action=ConfirmSubscription&TopicArn={TOPIC}&Token={TOKEN}"
    members |= {"Token": TOKEN, "SubscribeURL": f"https://{HOST}/?{query}"}
    return {**members, **changes}


def text_to_sign(members: dict[str, Any]) -> bytes:
    names = SIGNED_TO_CONFIRM if members["Type"] == CONFIRMATION else SIGNED
    lines = [f"{one}\n{members[one]}\n" for one in names if one in members]
    return "".join(lines).encode()


def sealed(
    members: dict[str, Any] | None = None,
    *,
    key: rsa.RSAPrivateKey = KEY,
    hashed: Any = None,
    padded: Any = None,
) -> dict[str, Any]:
    """Sign an envelope."""
    members = envelope() if members is None else members
    used = hashed or HASHES.get(members["SignatureVersion"], HASHES["1"])
    signature = key.sign(text_to_sign(members), padded or padding.PKCS1v15(), used)
    return {**members, "Signature": b64encode(signature).decode()}


def body(members: Any) -> bytes:
    return json.dumps(members).encode()


@dataclass(frozen=True)
class Forgery:
    """A body, and the answer to whoever fetches its certificate."""

    title: str
    body: bytes
    served: bytes = field(default=LEAF, repr=False)


GENUINE = sealed()


def _altered() -> Iterator[Forgery]:
    alterations: dict[str, Any] = {
        "longer": lambda text: text + "x",
        "shorter": lambda text: text[:-1],
        "empty": lambda text: "",  # noqa: ARG005 - one signature for all
        "other case": str.swapcase,
        "a blank after": lambda text: text + " ",
        "a blank before": lambda text: " " + text,
        "a line feed after": lambda text: text + "\n",
        "a carriage return after": lambda text: text + "\r",
        "a nul after": lambda text: text + "\0",
        "a line separator after": lambda text: text + "\u2028",
        "a wide letter": lambda text: text[:-1] + "\uff11",
        "a byte order mark": lambda text: "\ufeff" + text,
        "reversed": lambda text: text[::-1],
    }
    for member in ("Message", "MessageId", "Timestamp", "TopicArn", "Type"):
        for title, alter in alterations.items():
            changed = {**GENUINE, member: alter(GENUINE[member])}
            yield Forgery(f"{member}: {title}", body(changed))
    for text in ("", "a subject", "line\nfeed", "Timestamp"):
        yield Forgery(f"Subject {text!r} added", body({**GENUINE, "Subject": text}))
    titled = sealed(envelope(Subject="Order"))
    yield Forgery("Subject changed", body({**titled, "Subject": "order"}))
    yield Forgery("Subject made null", body({**titled, "Subject": None}))
    del titled["Subject"]
    yield Forgery("Subject removed", body(titled))
    inner = json.dumps(message(ObjectId="S01-0000000-0000000-C000001"))
    yield Forgery("another object", body({**GENUINE, "Message": inner}))
    yield Forgery(
        "the same message, spaced otherwise",
        body({**GENUINE, "Message": json.dumps(message(), indent=1)}),
    )


def _reshaped() -> Iterator[Forgery]:
    for member in GENUINE:
        if member == "UnsubscribeURL":
            continue
        rest = {key: value for key, value in GENUINE.items() if key != member}
        yield Forgery(f"no {member}", body(rest))
        value = GENUINE[member]
        for wrong in (None, 1, 1.5, True, [value], {"value": value}, []):
            yield Forgery(
                f"{member} is {wrong!r:.12}", body({**GENUINE, member: wrong})
            )
        # The last of two wins for some readers, the first for others.
        for extra in (value, "other"):
            doubled = f"{{{json.dumps(member)}: {json.dumps(extra)}, ".encode()
            yield Forgery(f"{member} twice, {extra:.5}", doubled + body(GENUINE)[1:])
    for extra in (
        "type",
        "MessageID",
        "Extra",
        "",
        "__proto__",
        "Token",
        "SubscribeURL",
    ):
        yield Forgery(f"{extra!r} added", body({**GENUINE, extra: "x"}))
    for other in ("SigningCertUrl", "UnsubscribeUrl"):
        value = GENUINE[other.replace("Url", "URL")]
        yield Forgery(f"{other} too", body({**GENUINE, other: value}))
    yield Forgery("a confirmation", body(sealed(confirmation())))
    for kind in (
        *("UnsubscribeConfirmation", "notification"),
        *("Notification\n", "NOTIFICATION", "Raw"),
    ):
        yield Forgery(f"Type {kind!r}, signed", body(sealed(envelope(Type=kind))))
    yield Forgery("without its envelope", body(message()))
    yield Forgery("in a list", body([GENUINE]))
    yield Forgery("as a text", body(json.dumps(GENUINE)))
    yield Forgery("in an envelope", body({"Records": [{"Sns": GENUINE}]}))


def _framed() -> Iterator[Forgery]:
    """Move text between members, under one signature."""
    text = json.dumps(message())
    uuid = GENUINE["MessageId"]
    moved = {
        "the id into the message": {
            "Message": f"{text}\nMessageId\n{uuid}",
            "MessageId": "",
        },
        "the message's end into the id": {
            "Message": text[:-5],
            "MessageId": f"{text[-5:]}\nMessageId\n{uuid}",
        },
        "the time into the subject": {
            "Subject": f"x\nTimestamp\n{GENUINE['Timestamp']}",
            "Timestamp": "",
        },
        "the topic into the time": {
            "Timestamp": f"{GENUINE['Timestamp']}\nTopicArn\n{TOPIC}",
            "TopicArn": "",
        },
        "the type into the topic": {
            "TopicArn": f"{TOPIC}\nType\nNotification",
            "Type": "",
        },
        "a subject into the id": {"MessageId": f"{uuid}\nSubject\nOrder"},
        "a second topic": {"TopicArn": f"{TOPIC}\nTopicArn\n{TOPIC}"},
        "a carriage return": {"MessageId": f"{uuid}\r"},
        "a vertical tab": {"Timestamp": f"{GENUINE['Timestamp']}\x0b"},
        "a next line": {"Subject": "x\x85y"},
        "a delete": {"Subject": "x\x7f"},
    }
    for title, changes in moved.items():
        yield Forgery(f"moved: {title}", body(sealed(envelope(**changes))))


def _of_others() -> Iterator[Forgery]:
    label = TOPIC.rpartition(":")[2]
    topics = [
        f"arn:aws:sns:us-east-1:123456789012:{label}",
        f"arn:aws:sns:us-east-1:{ACCOUNT}:A3BXB0YN3XH17HA2EXAMPLE",
        f"arn:aws:sns:eu-west-1:{ACCOUNT}:{label}",
        f"arn:aws:sns:us-east-2:{ACCOUNT}:{label}",
        f"arn:aws-cn:sns:cn-north-1:{ACCOUNT}:{label}",
        f"arn:aws-us-gov:sns:us-gov-west-1:{ACCOUNT}:{label}",
        f"arn:aws:sqs:us-east-1:{ACCOUNT}:{label}",
        *(TOPIC + "X", TOPIC[:-1], TOPIC + "*", "*", TOPIC.lower(), f" {TOPIC}"),
        *(TOPIC + "\n", TOPIC + ".fifo", TOPIC + ":subscription", TOPIC + "/x"),
        f"x{TOPIC}",
        TOPIC.replace("us-east-1", "s3-us-west-2"),
        TOPIC.replace("us-east-1", "evil.example/"),
        TOPIC.replace("us-east-1", ""),
        TOPIC.replace("us-east-1", "us-east-1@evil"),
    ]
    for topic in topics:
        parts = topic.split(":")
        region = parts[3] if len(parts) > 3 else "us-east-1"
        for host in {HOST, f"sns.{region}.amazonaws.com"}:
            made = envelope(TopicArn=topic, SigningCertURL=f"https://{host}{PATH}")
            yield Forgery(f"topic {topic!r} from {host!r}", body(sealed(made)))


def _from_elsewhere() -> Iterator[Forgery]:
    addresses = [
        f"http://{HOST}{PATH}",
        f"HTTPS://{HOST}{PATH}",
        f"ftp://{HOST}{PATH}",
        f"file://{HOST}{PATH}",
        f"//{HOST}{PATH}",
        f"{HOST}{PATH}",
        PATH,
        "",
        "data:application/x-pem-file;base64,AAAA",
        f"https:/{HOST}{PATH}",
        f"https:///{HOST}{PATH}",
        f"https:\\\\{HOST}{PATH}",
        f"https://{HOST}:443{PATH}",
        f"https://{HOST}:8443{PATH}",
        f"https://{HOST}:{PATH}",
        f"https://user@{HOST}{PATH}",
        f"https://user:word@{HOST}{PATH}",
        f"https://{HOST}@evil.example{PATH}",
        f"https://evil.example@{HOST}{PATH}",
        f"https://{HOST}.evil.example{PATH}",
        f"https://evil.example/{HOST}{PATH}",
        f"https://evil.example?{HOST}{PATH}",
        f"https://evil.example#{HOST}{PATH}",
        f"https://evil{HOST}{PATH}",
        f"https://evil.{HOST}{PATH}",
        f"https://x-{HOST}{PATH}",
        f"https://{HOST}.{PATH}",
        f"https://{HOST}..{PATH}",
        f"https://{HOST.upper()}{PATH}",
        f"https://{HOST}\n{PATH}",
        f"https://{HOST}\t{PATH}",
        f"https://{HOST}%00{PATH}",
        f"https://{HOST}%2eevil.example{PATH}",
        f"https://{HOST}\\@evil.example{PATH}",
        f"https://{HOST}{PATH}\n",
        f"https://{HOST}{PATH}\r\n",
        f"https://{HOST}{PATH} ",
        f" https://{HOST}{PATH}",
        f"\nhttps://{HOST}{PATH}",
        f"https://{HOST}{PATH}?x=1",
        f"https://{HOST}{PATH}?",
        f"https://{HOST}{PATH}#x",
        f"https://{HOST}{PATH}#",
        f"https://{HOST}{PATH};x",
        f"https://{HOST}{PATH}/",
        f"https://{HOST}{PATH}/../../evil.pem",
        f"https://{HOST}/..{PATH}",
        f"https://{HOST}/{PATH}",
        f"https://{HOST}/./{PATH[1:]}",
        f"https://{HOST}/topic{PATH}",
        f"https://{HOST}{PATH.upper()}",
        f"https://{HOST}{PATH[:-4]}.PEM",
        f"https://{HOST}{PATH[:-4]}",
        f"https://{HOST}{PATH[:-5]}.pem",
        f"https://{HOST}{PATH[:-4]}0.pem",
        f"https://{HOST}{PATH.replace('a', 'g')}",
        f"https://{HOST}{PATH.replace('.', '%2e')}",
        f"https://{HOST}/SimpleNotificationService.pem",
        f"https://{HOST}/",
        f"https://{HOST}",
        "https://sns.s3-us-west-2.amazonaws.com" + PATH,
        "https://sns.s3.amazonaws.com" + PATH,
        "https://s3.amazonaws.com/sns" + PATH,
        "https://sns.us-east-1.s3.amazonaws.com" + PATH,
        "https://sns.us-east-1.amazonaws.com.cn" + PATH,
        "https://sns.us-east-1.amazonaws.co" + PATH,
        "https://sns.us-east-1.amazonaws.com.evil.example" + PATH,
        "https://sns.us-east-1.amazonaws-com.evil.example" + PATH,
        "https://sns.us-east-1.amazonaws.net" + PATH,
        "https://sns.eu-west-1.amazonaws.com" + PATH,
        "https://sns.us-west-2.amazonaws.com" + PATH,
        "https://sns.amazonaws.com" + PATH,
        "https://sns..amazonaws.com" + PATH,
        "https://sns-us-east-1.amazonaws.com" + PATH,
        "https://snsxus-east-1xamazonaws.com" + PATH,
        "https://sqs.us-east-1.amazonaws.com" + PATH,
        "https://us-east-1.amazonaws.com" + PATH,
        "https://sns.us-east-1.xn--amazonws-8za.com" + PATH,
        "https://sns.us-east-1.am\u0430zonaws.com" + PATH,
        "https://sns.us\u2010east-1.amazonaws.com" + PATH,
        "https://sns\u3002us-east-1\u3002amazonaws\u3002com" + PATH,
        "https://\uff53ns.us-east-1.amazonaws.com" + PATH,
        *(
            "https://127.0.0.1" + PATH,
            "https://[::1]" + PATH,
            "https://localhost" + PATH,
        ),
        "https://169.254.169.254/latest/meta-data/",
        "https://2130706433" + PATH,
        "https://" + "a" * 9000 + PATH,
    ]
    for address in addresses:
        made = sealed(envelope(SigningCertURL=address))
        yield Forgery(f"from {address[:90]!r}", body(made))


def _certificates() -> Iterator[Forgery]:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - refused
    elliptic = ec.generate_private_key(ec.SECP256R1())
    edwards = ed25519.Ed25519PrivateKey.generate()
    secret = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    day = timedelta(days=1)
    served = {
        "self-signed": certificate(issuer="sns.amazonaws.com", signed_by=KEY),
        "expired": certificate(until=NOW - timedelta(seconds=1)),
        "expired long ago": certificate(since=NOW - 900 * day, until=NOW - 500 * day),
        "not yet valid": certificate(since=NOW + timedelta(seconds=1)),
        "another key": certificate(OTHER_KEY),
        "an EC key": certificate(elliptic),
        "an Ed25519 key": certificate(edwards),
        "signed by EC itself": certificate(elliptic, signed_by=elliptic),
        "an authority": certificate(ca=True),
        "only for encryption": certificate(usage="key_encipherment"),
        "only for certificates": certificate(usage="key_cert_sign"),
        "another name": certificate(names=("evil.example",)),
        "the name in the subject alone": certificate(names=("evil.example", "x.y")),
        "no name": certificate(common="evil.example", names=None),
        "a wildcard": certificate(common="x", names=("*.amazonaws.com",)),
        "a bucket": certificate(common="x", names=("sns.s3.amazonaws.com",)),
        "a name below": certificate(common="x", names=("x.sns.amazonaws.com",)),
        "a name above": certificate(common="x", names=("sns.amazonaws.com.x.y",)),
        "another region's": certificate(
            common="x", names=("sns-signing.eu-west-1.amazonaws.com",)
        ),
        "two": LEAF + LEAF,
        "two different": LEAF + certificate(OTHER_KEY),
        "with a private key": LEAF + secret,
        "a private key": secret,
        "nothing": b"",
        "a page": b"<html><body>Access Denied</body></html>",
        "damaged": LEAF.replace(b"MII", b"MIJ"),
        "cut": LEAF[: len(LEAF) // 2],
        "binary": x509.load_pem_x509_certificate(LEAF).public_bytes(Encoding.DER),
        "not base64": b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        "empty inside": b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "giant": LEAF + b"\n" * 100_000,
        "nul bytes": b"\0" * 5000,
    }
    for title, pem in served.items():
        yield Forgery(f"certificate: {title}", body(GENUINE), pem)
    signed = sealed(envelope(), key=small)
    yield Forgery("certificate: 1024 bits", body(signed), certificate(small))


def _signatures() -> Iterator[Forgery]:
    signature = GENUINE["Signature"]
    raw = KEY.sign(text_to_sign(envelope()), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - as SNS does
    second = sealed(envelope(SignatureVersion="2"))["Signature"]
    other = sealed(envelope(message(ObjectId="S01-0000000-0000000-C000001")))
    texts = {
        "empty": "",
        "of another key": sealed(key=OTHER_KEY)["Signature"],
        "of another envelope": other["Signature"],
        "of version 2": second,
        "SHA-256 as version 1": sealed(hashed=hashes.SHA256())["Signature"],
        "SHA-512": sealed(hashed=hashes.SHA512())["Signature"],
        "MD5": sealed(hashed=hashes.MD5())["Signature"],  # noqa: S303 - refused
        "PSS": sealed(padded=padding.PSS(padding.MGF1(hashes.SHA1()), 20))["Signature"],  # noqa: S303 - refused
        "zeros": b64encode(bytes(256)).decode(),
        "one": b64encode(bytes(255) + b"\1").decode(),
        "all ones": b64encode(b"\xff" * 256).decode(),
        "shorter": b64encode(raw[:-1]).decode(),
        "longer": b64encode(raw + b"\0").decode(),
        "a zero before": b64encode(b"\0" + raw).decode(),
        "reversed": b64encode(raw[::-1]).decode(),
        "hexadecimal": raw.hex(),
        "without padding": signature.rstrip("="),
        "for addresses": urlsafe_b64encode(raw).decode().replace("=", "-"),
        "with a blank": signature[:9] + " " + signature[9:],
        "with a line feed": signature + "\n",
        "twice": signature + signature,
        "giant": "A" * 100_000,
        "outside ASCII": "\u00e4" + signature[1:],
    }
    for title, text in texts.items():
        yield Forgery(f"signature: {title}", body({**GENUINE, "Signature": text}))
    swapped = {**GENUINE, "SignatureVersion": "2"}
    yield Forgery("SHA-1 as version 2", body(swapped))
    for version in ("0", "3", "", "01", "1.0", " 1", "v1", "\u0661"):
        made = sealed(envelope(SignatureVersion=version))
        yield Forgery(f"version {version!r}", body(made))


def _bodies() -> Iterator[Forgery]:
    plain = body(GENUINE)
    texts = {
        "nothing": b"",
        "a blank": b" ",
        "null": b"null",
        "a number": b"1",
        "a text": b'"x"',
        "a list": b"[]",
        "an object": b"{}",
        "not JSON": b"Message=1&Type=2",
        "a page": b"<html>",
        "cut": plain[:-1],
        "more after": plain + b"x",
        "two": plain + plain,
        "a byte order mark": b"\xef\xbb\xbf" + plain,
        "UTF-16": plain.decode().encode("utf-16"),
        "UTF-32": plain.decode().encode("utf-32"),
        "not UTF-8": plain[:-1] + b', "x": "\xff"}',
        "over-long UTF-8": plain[:-1] + b', "x": "\xc0\xaf"}',
        "a surrogate in UTF-8": plain[:-1] + b', "x": "\xed\xa0\x80"}',
        "a nul": plain + b"\0",
        "nul bytes": b"\0" * 1000,
        "single quotes": plain.replace(b'"', b"'"),
        "a comment": b"/* */" + plain,
        "a comma": plain[:-1] + b",}",
        "NaN": plain[:-1] + b', "x": NaN}',
        "infinity": plain[:-1] + b', "x": -Infinity}',
        "a long number": plain[:-1] + b', "x": ' + b"9" * 200_000 + b"}",
        "a large exponent": plain[:-1] + b', "x": 1e999999999}',
        "a lone surrogate": plain[:-1] + b', "x": "\\ud800"}',
        "a lone surrogate as a member": plain[:-1] + b', "\\udfff": "x"}',
        "deep lists": b"[" * 200_000,
        "deep closed lists": b"[" * 100_000 + b"]" * 100_000,
        "deep objects": b'{"a":' * 50_000,
        "a deep member": plain[:-1] + b', "x": ' + b"[" * 9000 + b"]" * 9000 + b"}",
        "giant": plain + b" " * 300_000,
        "a giant text": plain[:-1] + b', "x": "' + b"x" * 10_000_000 + b'"}',
        "many members": b"{"
        + b",".join(b'"%d":0' % one for one in range(20_000))
        + b"}",
    }
    for title, text in texts.items():
        yield Forgery(f"body: {title}", text)


def _messages() -> Iterator[Forgery]:
    """Sign messages that Amazon Pay does not send."""
    texts: dict[str, Any] = {
        "empty": "",
        "a text": "hello",
        "null": "null",
        "a list": "[]",
        "a number": "1",
        "no members": "{}",
        "deep": "[" * 50_000,
        "deep object": '{"a":' * 20_000,
        "NaN": '{"x": NaN}',
        "a member twice": '{"MerchantID": "A1OTHER", ' + json.dumps(message())[1:],
        "another merchant": message(MerchantID="A2EXAMPLE"),
        "another merchant's case": message(MerchantID="a1example"),
        "two merchants": message(merchantId="A2EXAMPLE"),
        "two objects": message(objectId="S01-0000000-0000000-C000000"),
        "an earlier API's": "<?xml version='1.0'?><ChargeTransactionId/>",
    }
    for member in ("MerchantID", "ObjectType", "ObjectId", "NotificationType"):
        texts[f"no {member}"] = message(**{member: None})
        wrong: Any
        for wrong in ("", 1, True, [], {}, "x/../y", "x y", "\n", "x" * 100, "\u00e9"):
            texts[f"{member} {str(wrong)[:9]!r} {type(wrong).__name__}"] = message(
                **{member: wrong}
            )
    texts["no NotificationId"] = message(NotificationId=None)
    texts["a permission that is a number"] = message(ChargePermissionId=1)
    texts["a permission with a slash"] = message(ChargePermissionId="S01/x")
    for title, inner in texts.items():
        yield Forgery(f"message: {title}", body(sealed(envelope(inner))))


def _times() -> Iterator[Forgery]:
    old = NOW - timedelta(days=15, seconds=1)
    texts = {
        "after the age limit": f"{old:%Y-%m-%dT%H:%M:%S}.000Z",
        "a year old": "2025-03-01T12:00:00.000Z",
        "of 1970": "1970-01-01T00:00:00.000Z",
        "of year 0": "0000-01-01T00:00:00.000Z",
        "of no calendar": "2026-02-30T12:00:00.000Z",
        "an hour 24": "2026-02-28T24:00:00.000Z",
        "a second 60": "2026-02-28T23:59:60.000Z",
        "without a zone": "2026-03-01T11:59:00.000",
        "with another zone": "2026-03-01T11:59:00.000+00:00",
        "without milliseconds": "2026-03-01T11:59:00Z",
        "with microseconds": "2026-03-01T11:59:00.000000Z",
        "basic": "20260301T115900Z",
        "a number": "1772366340",
        "in other digits": "\u0662026-03-01T11:59:00.000Z",
        "with a blank": "2026-03-01 11:59:00.000Z",
    }
    for title, text in texts.items():
        yield Forgery(f"time: {title}", body(sealed(envelope(Timestamp=text))))


KINDS: dict[str, Callable[[], Iterator[Forgery]]] = {
    "altered": _altered,
    "reshaped": _reshaped,
    "framed otherwise": _framed,
    "of another topic": _of_others,
    "certified elsewhere": _from_elsewhere,
    "with another certificate": _certificates,
    "with another signature": _signatures,
    "no envelope": _bodies,
    "with another message": _messages,
    "of another time": _times,
}
