"""Foreign bytes: whatever comes, there is an answer or an error of ours.

A bounded run; `HYPOTHESIS_EXAMPLES=20000 pytest tests/property/test_fuzz.py` goes on
for longer.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from AmazonPay import (
    AmazonPayError,
    APIError,
    Client,
    ConfigurationError,
    InvalidResponse,
    Response,
    Retry,
    TransportError,
    _signing,
)
from AmazonPay._core.clock_skew import clock_lead
from AmazonPay._core.retry import retry_after
from AmazonPay._signing.private_key import load_private_key
from AmazonPay.errors import error_for
from AmazonPay.report_files import read_report
from keys import KEY
from loopback import read_request, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator
    from pathlib import Path

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "100"))
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
bounded = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["InvalidHeaderValue", "x-amz-pay-date", "HardDeclined"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["reasonCode", "message", "shippingAddressList", "amount"])
            | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
bodies = st.binary(max_size=200) | json_values.map(lambda v: json.dumps(v).encode())
header_values = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30)
dates = st.sampled_from(
    [
        "Wed, 21 Oct 2099 07:28:00 GMT",
        "Wed, 99 Oct 2015 07:28:00 GMT",
        "Wed, 21 Oct 99999999999999 07:28:00 GMT",
        "Wed, 21 Oct 2026 07:28:00 +99999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "9" * 400,
        "0",
        "-1",
        "1e9",
    ]
)


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """Cut, double, flip and splice good bytes."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 40))
        data[start : start + length] = draw(
            st.binary(max_size=8) | st.just(bytes(data[: length * 2]))
        )
    return bytes(data)


# Answers ------------------------------------------------------------------------------


@bounded
@given(
    status=st.integers(100, 999),
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "date", "age", "x-amz-pay-request-id", "x"]),
        header_values | dates,
    ),
    body=bodies,
    operation=st.sampled_from(["create_charge", "claim_merchant_account"]),
)
@example(200, {}, b"[" * 100_000, "create_charge")
@example(200, {}, b'{"shippingAddressList": ["' + b"[" * 100_000 + b'"]}', "x")
@example(400, {}, b'{"reasonCode": {}, "message": []}', "create_charge")
@example(400, {}, b'{"a": ' + b"9" * 10_000 + b"}", "create_charge")
def test_an_answer_is_read_or_said_to_be_unreadable(
    status: int, headers: dict[str, str], body: bytes, operation: str
) -> None:
    response: Response[Any] = Response(status, headers, body, operation=operation)
    with contextlib.suppress(InvalidResponse):
        response.json()
    for shown in (
        response.text,
        response.reason_code,
        response.message,
        response.request_id,
        response.readable,
        repr(response),
    ):
        assert shown is None or isinstance(shown, (str, bool))
    assert isinstance(error_for(response), APIError)
    assert retry_after(headers) >= 0
    clock_lead(response, datetime.now(UTC))


member_names = st.sampled_from(
    [
        "statusDetails",
        "state",
        "processingStatus",
        "reportDocumentId",
        "chargeId",
        "id",
        "url",
        "reports",
        "disbursements",
        "nextToken",
    ]
)
member_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(
        [
            "..",
            "\ud800",
            "COMPLETED",
            "Captured",
            "https://169.254.169.254/",
            "https://a@files.example/",
            "https://files.example/x",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(member_names, inner, max_size=4)
    ),
    max_leaves=8,
)
PROCEDURES: dict[str, Callable[[Client, Path], object]] = {
    "charge": lambda client, _: client.wait_for_charge("C", deadline=0),
    "refund": lambda client, _: client.wait_for_refund("R", deadline=0),
    "report": lambda client, _: client.wait_for_report("9", deadline=0),
    "download": lambda client, path: client.download_report("9", path, deadline=0),
    "rows": lambda client, _: list(client.iter_report_rows("9", deadline=0)),
    "reports": lambda client, _: list(client.iter_reports()),
    "disbursements": lambda client, _: list(client.iter_disbursements()),
    "evidence": lambda client, path: client.upload_evidence(path),
}


@pytest.mark.slow
@bounded
@given(
    answers=st.lists(
        st.dictionaries(member_names, member_values, max_size=6), min_size=1, max_size=4
    ),
    headers=st.dictionaries(st.sampled_from(["retry-after", "date"]), dates),
    name=st.sampled_from(list(PROCEDURES)),
)
def test_a_procedure_ends_well_or_with_an_error_of_ours(
    answers: list[dict[str, Any]], headers: dict[str, str], name: str, tmp_path: Path
) -> None:
    turns = itertools.cycle(answers)
    peer = httpx2.MockTransport(
        lambda _: httpx2.Response(
            200, headers=headers, content=json.dumps(next(turns)).encode()
        )
    )
    evidence = tmp_path / "evidence.png"
    evidence.write_bytes(b"png")
    client = Client(
        "SANDBOX-A", KEY, "us", transport=peer, retry=Retry(attempts=1, wait=False)
    )
    with contextlib.suppress(AmazonPayError):
        PROCEDURES[name](client, evidence)


class Parrot:
    """A server that answers each connection with the same bytes, and hangs up."""

    def __init__(self) -> None:
        self.words = b""

    def __call__(self, peer: socket.socket) -> None:
        if read_request(peer):
            peer.sendall(self.words)


@pytest.fixture(scope="module")
def parrot() -> Generator[tuple[Parrot, Client]]:
    bird = Parrot()
    with (
        serving(bird) as server,
        Client(
            "SANDBOX-A",
            KEY,
            "us",
            endpoint_url=f"http://127.0.0.1:{server.port}",
            retry=Retry(attempts=1),
        ) as client,
    ):
        yield bird, client


GOOD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nretry-after: 5\r\n"
    b"x-amz-pay-request-id: r\r\ntransfer-encoding: chunked\r\n\r\n"
    b'f\r\n{"chargeId":"C"\r\n1\r\n}\r\n0\r\n\r\n'
)


@pytest.mark.slow
@bounded
@given(words=damaged(GOOD) | st.binary(max_size=300))
@example(words=GOOD)
@example(words=b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n")
@example(words=b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n")
@example(words=b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n")
@example(words=b"HTTP/1.1 100 Continue\r\n\r\n" * 50)
@example(words=b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nno gzip")
@example(words=b"HTTP/1.1 200 OK\r\nx: " + b"a" * 200_000 + b"\r\n\r\n")
@example(words=b"HTTP/9.9 200 OK\r\n\r\n{}")
def test_bytes_of_a_server_are_an_answer_or_a_transport_error(
    words: bytes, parrot: tuple[Parrot, Client]
) -> None:
    bird, client = parrot
    bird.words = words
    outcome: Response[Any] | TransportError
    try:
        outcome = client.create_charge({})
    except TransportError as error:
        outcome = error
    if isinstance(outcome, TransportError):
        assert outcome.outcome_unknown
    else:
        assert outcome.outcome_unknown or outcome.readable or not outcome.ok


# Keys ---------------------------------------------------------------------------------


@bounded
@given(pem=damaged(PEM) | st.binary(max_size=200))
@example(pem=PEM)
@example(pem=b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----")
@example(pem=b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END")
@example(pem=PEM.replace(b"PRIVATE", b"RSA PRIVATE"))
@example(pem=PEM.replace(b"PRIVATE", b"OPENSSH PRIVATE"))
@example(pem=b" " * 41)
@example(pem=b"." * 41)
def test_a_key_is_read_or_refused_without_being_shown(pem: bytes) -> None:
    for given_as in (pem, pem.decode("latin-1")):
        for password in (None, "secret"):
            said = ""
            try:
                load_private_key(given_as, password)
            except ConfigurationError as error:
                said = str(error)
            # White space says nothing of a key.
            pieces = [line for line in pem.splitlines() if len(line.strip()) > 40]
            assert not any(piece.decode("latin-1") in said for piece in pieces)


# Headers and files --------------------------------------------------------------------

AUTHORIZATION = (
    b"AMZN-PAY-RSASSA-PSS PublicKeyId=SANDBOX-A, SignedHeaders=a;b, Signature=QUJD"
)


@bounded
@given(value=damaged(AUTHORIZATION) | st.binary(max_size=80))
def test_an_authorization_is_read_or_said_to_be_malformed(value: bytes) -> None:
    with contextlib.suppress(_signing.MalformedAuthorization):
        parsed = _signing.parse_authorization(value.decode("latin-1"))
        assert parsed.signed_headers
        assert isinstance(parsed.signature, bytes)


REPORT = '\ufeff"id","note"\n"1","a ""b"" c"\n2,d\n'.encode()


@pytest.mark.slow
@bounded
@given(data=damaged(REPORT) | st.binary(max_size=200))
@example(data=b"a\tb\n1\t\0\n")
@example(data=b'a,b\n"' + b"x" * 200_000 + b'",1\n')
@example(data=b"a,b\n1,2,3,4\n1\n")
@example(data=b"a,b\r1,2\r\n")
@example(data=b"")
def test_a_reports_file_is_rows_of_text_or_an_error_of_ours(
    data: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "report"
    path.write_bytes(data)
    with contextlib.suppress(AmazonPayError):
        for row in read_report(path):
            assert all(isinstance(value, str) for value in row.values())
