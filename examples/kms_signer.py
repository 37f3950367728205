"""Sign with AWS KMS: the private key never leaves it.

The key in KMS is an asymmetric RSA_2048 key for SIGN_VERIFY; its public half is what
you register in Seller Central. KMS signs with a salt of 32 bytes, which is Amazon Pay's
algorithm `AMZN-PAY-RSASSA-PSS-V2`.

    import boto3
    from AmazonPay import Client

    client = Client(
        "SANDBOX-YOUR_PUBLIC_KEY_ID",
        signer=KMSSigner(boto3.client("kms"), "alias/amazon-pay"),
        region="us",
        algorithm="AMZN-PAY-RSASSA-PSS-V2",
    )
"""

from __future__ import annotations

from typing import Any


class KMSSigner:
    """Signs with one key of AWS KMS; `kms` is a client of boto3 or botocore.

    An `AsyncClient` runs it in a thread, so that the event loop goes on. A failure of
    KMS becomes a `SigningFailed`, whose cause is the error of boto3: nothing was sent.
    """

    def __init__(self, kms: Any, key_id: str) -> None:
        self._kms = kms
        self._key_id = key_id

    def sign(self, message: bytes) -> bytes:
        """Sign a message of at most 4096 bytes; Amazon Pay's have about 90."""
        answer = self._kms.sign(
            KeyId=self._key_id,
            Message=message,
            MessageType="RAW",
            SigningAlgorithm="RSASSA_PSS_SHA_256",
        )
        signature: bytes = answer["Signature"]
        return signature
