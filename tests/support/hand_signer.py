"""A shop's own signer, written by hand, with one place for each mistake it may make.

It shares no code with the package: what the package gets wrong must not agree with it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm

from keys import KEY

if TYPE_CHECKING:
    from collections.abc import Callable

SALTS = {"AMZN-PAY-RSASSA-PSS": 20, "AMZN-PAY-RSASSA-PSS-V2": 32}
PAYLOAD: dict[str, Any] = {
    "webCheckoutDetails": {"checkoutReviewReturnUrl": "https://shop.example/a?b=1&c=2"},
    "storeId": "amzn1.application-oa2-client.abc",
    "chargePermissionId": None,
    "paymentDetails": {"chargeAmount": {"amount": "14.00", "currencyCode": "EUR"}},
    "merchantMetadata": {"noteToBuyer": "Größe 'M' <neu>", "customInformation": ""},
    "deliverySpecifications": {"addressRestrictions": {"restrictions": {"DE": {}}}},
}


def hexed(data: bytes) -> str:
    return sha256(data).hexdigest()


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Signer:
    """What is signed, part by part; `sent` is what leaves."""

    method: str = "POST"
    path: str = "/sandbox/v2/charges/S01-1234567-1234567-C123456/capture"
    query: str = ""
    headers: dict[str, str] = field(
        default_factory=lambda: {
            "content-type": "application/json",
            "accept": "application/json",
            "x-amz-pay-region": "eu",
            "x-amz-pay-date": "20260101T120000Z",
            "x-amz-pay-host": "pay-api.amazon.eu",
            "x-amz-pay-idempotency-key": "0123456789abcdef0123456789abcdef",
        }
    )
    body: bytes = field(default_factory=lambda: compact(PAYLOAD))
    algorithm: str = "AMZN-PAY-RSASSA-PSS"
    names: list[str] | None = None
    """The list of names, if it is another one than the headers'."""
    order: Callable[[str], Any] = str
    spelt: Callable[[str], str] = str
    listed: Callable[[str], str] = str
    colon: str = ":"
    separator: str = ";"
    blank: str = "\n"
    digest: Callable[[bytes], str] = hexed
    canonical_of: Callable[[str], str] = str
    string_of: Callable[[str, bytes], bytes] = lambda name, text: (
        f"{name}\n{hexed(text)}".encode()
    )
    salt: int | None = None
    hash: HashAlgorithm = field(default_factory=SHA256)
    mask: HashAlgorithm = field(default_factory=SHA256)
    pkcs1: bool = False
    key: rsa.RSAPrivateKey = KEY
    encoded: Callable[[bytes], str] = lambda data: b64encode(data).decode()

    def canonical(self) -> str:
        lines = "".join(
            f"{self.spelt(name)}{self.colon}{self.headers[name]}\n"
            for name in sorted(self.headers, key=self.order)
        )
        names = sorted(
            self.headers if self.names is None else self.names, key=self.order
        )
        listed = self.separator.join(map(self.listed, names))
        return self.canonical_of(
            f"{self.method}\n{self.path}\n{self.query}\n{lines}{self.blank}{listed}\n"
            f"{self.digest(self.body)}"
        )

    def sign(self, message: bytes) -> str:
        salt = SALTS[self.algorithm] if self.salt is None else self.salt
        pss: Any = padding.PSS(padding.MGF1(self.mask), salt)
        if self.pkcs1:
            pss = padding.PKCS1v15()
        return self.encoded(self.key.sign(message, pss, self.hash))

    def signature(self) -> str:
        text = self.canonical().encode()
        return self.sign(self.string_of(self.algorithm, text))

    def button(self) -> str:
        """Sign the body as the payload of a button."""
        return self.sign(self.string_of(self.algorithm, self.body))

    def copy(self) -> Signer:
        return replace(self, headers=dict(self.headers))
