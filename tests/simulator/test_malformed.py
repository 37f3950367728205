"""Two thousand malformed requests over sockets: none is its fault, none stops it."""

from __future__ import annotations

import contextlib
import json
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.simulator.server import serving
from simulated import Shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from AmazonPay.simulator import Request

pytestmark = pytest.mark.process

REQUESTS = 2000
OVERSIZED = 8
MEBIBYTE = 1024 * 1024
UNKNOWN = "00000000-0000-4000-8000-000000000000"

USD = {"amount": "10", "currencyCode": "USD"}
ADDRESS = {
    "name": "A",
    "addressLine1": "1",
    "city": "C",
    "stateOrRegion": "IL",
    "postalCode": "1",
    "countryCode": "US",
    "phoneNumber": "0",
}

# A body for each call that takes one, full of members to spoil.
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "POST",
        "/v2/checkoutSessions",
        {
            "webCheckoutDetails": {
                "checkoutResultReturnUrl": "https://shop.example/result",
                "checkoutMode": "ProcessOrder",
            },
            "storeId": "amzn1.application-oa2-client.0123",
            "scopes": ["name"],
            "chargePermissionType": "Recurring",
            "recurringMetadata": {
                "frequency": {"unit": "Month", "value": "1"},
                "amount": USD,
            },
            "deliverySpecifications": {
                "specialRestrictions": ["RestrictPOBoxes"],
                "addressRestrictions": {
                    "type": "Allowed",
                    "restrictions": {"US": {"zipCodes": ["1"]}},
                },
            },
            "addressDetails": ADDRESS,
            "paymentDetails": {
                "paymentIntent": "Authorize",
                "chargeAmount": USD,
                "totalOrderAmount": USD,
            },
            "merchantMetadata": {"noteToBuyer": "Hi"},
            "supplementaryData": "x",
            "platformId": "P",
            "multiAddressesCheckoutMetadata": [{"addressId": "a", "price": USD}],
        },
    ),
    (
        "PATCH",
        "/v2/checkoutSessions/{session}",
        {
            "webCheckoutDetails": {"checkoutResultReturnUrl": "https://x.example"},
            "paymentDetails": {"chargeAmount": USD},
            "recurringMetadata": {"frequency": {"unit": "Month", "value": 1}},
            "supplementaryData": "x",
        },
    ),
    ("POST", "/v2/checkoutSessions/{session}/complete", {"chargeAmount": USD}),
    (
        "POST",
        "/v2/checkoutSessions/{session}/finalize",
        {"chargeAmount": USD, "paymentIntent": "Authorize", "shippingAddress": ADDRESS},
    ),
    ("PATCH", "/v2/chargePermissions/{permission}", {"merchantMetadata": {}}),
    ("DELETE", "/v2/chargePermissions/{permission}/close", {"closureReason": "x"}),
    (
        "POST",
        "/v2/charges",
        {"chargePermissionId": "{permission}", "chargeAmount": USD, "captureNow": True},
    ),
    ("POST", "/v2/charges/{charge}/capture", {"captureAmount": USD}),
    ("DELETE", "/v2/charges/{charge}/cancel", {"cancellationReason": "x"}),
    ("POST", "/v2/refunds", {"chargeId": "{charge}", "refundAmount": USD}),
    (
        "POST",
        "/v2/deliveryTrackers",
        {
            "chargePermissionId": "{permission}",
            "deliveryDetails": [{"trackingNumber": "1Z", "carrierCode": "UPS"}],
        },
    ),
    (
        "POST",
        "/_simulator/checkoutSessions/{session}/choose",
        {"card": "1111", "shippingAddress": ADDRESS, "productType": "PayAndShip"},
    ),
    ("POST", "/_simulator/buyers", {"region": "na", "scopes": ["name"]}),
]

JUNK: list[Any] = [
    *(None, True, 0, -1, 1.5, 10**40, 1e308, "", " ", "x", "\0", "x" * 5000),
    *("\ud800", "\N{PARTY POPPER}", "9" * 50, "1e400", "-0", "USD", "JPY", [], [[]]),
    *({}, {"a": {}}, ["x"], {"": None}, [None] * 100, {"amount": 1}, "../..", "%00"),
]
JUNK.append(json.loads("[" * 60 + "]" * 60))

METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "get"]
PATHS = [
    *("/", "*", "//", "/v2", "/v1/charges", "/v2/charges", "/sandbox/v2/charges/"),
    *("/v2//charges///x", "/v2/charges/%", "/v2/charges/%00", "/v2/charges/%ff%fe"),
    *("/v2/charges/..", "/v2/charges/../..", "/v2/charges/x?", "/v2/charges?a=%zz&&="),
    *("/v2/charges/" + "x" * 5000, "/_simulator", "/_simulator/", "/openapi.json"),
    *("/_simulator/x/y/z", f"/_simulator/checkoutSessions/{UNKNOWN}/pay"),
    *("http://localhost/v2/charges/x", "/v2/buyers/%2e%2e", "/v2/reports?pageSize=x"),
]
KNOWN = b"AMZN-PAY-RSASSA-PSS PublicKeyId=SANDBOX-AGTEST"
HEADERS: list[tuple[str, list[bytes]]] = [
    (
        "authorization",
        [
            b"",
            b"x",
            b"Basic eA==",
            b"AMZN-PAY-RSASSA-PSS PublicKeyId=SANDBOX-AGTEST, Signature=AAAA",
            KNOWN + b", SignedHeaders=host, Signature=AAAA",
            b"AMZN-PAY-RSASSA-PSS PublicKeyId=,SignedHeaders=,Signature=",
            KNOWN + b", SignedHeaders=;;a;, Signature=////",
            b"AMZN-PAY-RSASSA-PSS " + b"x" * 4000,
            "ü".encode(),
        ],
    ),
    ("host", [b"", b"[", b"localhost", b"evil.example", b"localhost:99999999", b"a b"]),
    ("origin", [b"null", b"http://[", b"https://localhost"]),
    ("x-amz-pay-date", [b"", b"x", b"99999999T999999Z", b"20260101T000000Z"]),
    ("x-amz-pay-region", [b"", b"moon", b"na", b"\xff"]),
    ("x-amz-pay-idempotency-key", [b"", b"x" * 33, b"a b", b"\xe9", b"k"]),
    ("x-amz-pay-simulation-code", [b"", b"HardDeclined", b"\xff"]),
    ("content-type", [b"", b"text/html", b"application/json; charset=utf-7"]),
    ("upgrade", [b"websocket", b"h2c"]),
]
FRAMING: list[tuple[str, list[bytes]]] = [
    ("transfer-encoding", [b"chunked", b"gzip", b"chunked, chunked"]),
    ("content-length", [b"-1", b"x", b"5", b"99999999999999999999", b"1, 1"]),
    ("expect", [b"100-continue"]),
    ("connection", [b"upgrade", b"keep-alive"]),
]


def framed(
    method: str, target: str, headers: list[tuple[str, bytes]], body: bytes
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1".encode()]
    lines += [name.encode() + b": " + value for name, value in headers]
    names = {name for name, _ in headers}
    if "connection" not in names:
        lines.append(b"connection: close")
    if "host" not in names:
        lines.append(b"host: localhost")
    if not names & {"content-length", "transfer-encoding"}:
        lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join([*lines, b"", b""]) + body


def wire(request: Request) -> bytes:
    headers = [(name, value.encode()) for name, value in request.headers]
    return framed(request.method, request.target, headers, request.body)


class Spoiler:
    """Spoils requests; the same seed spoils them alike."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)  # noqa: S311 - a fault can be had again
        self.shop = Shop(seed=seed)
        bought = self.shop.buy("50", "AuthorizeWithCapture")
        self.names = {
            "session": self.shop.paid(),
            "permission": self.shop.buy("50", "Confirm").permission,
            "charge": bought.charge,
        }
        self.keys = 0

    def filled(self, text: str) -> str:
        for name, value in self.names.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    # What is spoiled ------------------------------------------------------------------

    def member(self) -> bytes:
        """A call that is signed well, with one value in its body changed."""
        method, target, body = self.dice.choice(CALLS)
        spoiled = json.loads(self.filled(json.dumps(body)))
        for _ in range(self.dice.choice([1, 1, 1, 2, 3])):
            self.spoil(spoiled)
        return self.signed(method, target, json.dumps(spoiled).encode())

    def spoil(self, value: Any) -> None:
        """Change something in an object or array, at any depth."""
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not places:
            return
        place = self.dice.choice(places)
        if isinstance(value[place], (dict, list)) and self.dice.random() < 0.7:
            self.spoil(value[place])
        elif self.dice.random() < 0.15:
            del value[place]
        elif isinstance(value, dict) and self.dice.random() < 0.15:
            value[str(self.dice.choice(JUNK))[:50]] = deepcopy(self.dice.choice(JUNK))
        else:
            value[place] = deepcopy(self.dice.choice(JUNK))

    def bytes_(self) -> bytes:
        """A call that is signed well, with bytes of its body changed or lost."""
        method, target, body = self.dice.choice(CALLS)
        data = bytearray(self.filled(json.dumps(body)).encode())
        for _ in range(self.dice.choice([1, 1, 2, 8])):
            place = self.dice.randrange(len(data))
            kind = self.dice.randrange(4)
            if kind == 0:
                data[place] = self.dice.randrange(256)
            elif kind == 1:
                del data[place:]
            elif kind == 2:
                data[place:place] = data[place:]
            else:
                data[place:place] = bytes(self.dice.choices(b'{}[]",:0e.-\\', k=3))
            data = data or bytearray(b"x")
        if self.dice.random() < 0.2:  # or changed on the way
            good = self.signed(method, target, json.dumps(body).encode())
            head, _, _ = good.partition(b"content-length")
            return head + b"content-length: %d\r\n\r\n" % len(data) + data
        return self.signed(method, target, bytes(data))

    def signed(self, method: str, target: str, body: bytes) -> bytes:
        self.keys += 1
        extra = {"x-amz-pay-idempotency-key": f"k{self.keys}"}
        unsigned = {"host": "localhost"}
        return wire(
            self.shop.signed(method, self.filled(target), body, extra, unsigned)
        )

    def heads(self) -> bytes:
        """Any method, path and headers."""
        return self.head(HEADERS)

    def frames(self) -> bytes:
        """The same, and a body that may not fit what is said of it."""
        return self.head(HEADERS[:4] + FRAMING)

    def head(self, known: list[tuple[str, list[bytes]]]) -> bytes:
        headers = [
            (name, self.dice.choice(values))
            for name, values in self.dice.sample(known, self.dice.randrange(1, 6))
        ]
        body = self.dice.choice([b"", b"{}", b"x" * 100, b"5\r\nhello\r\n0\r\n\r\n"])
        method = self.dice.choice(METHODS)
        return framed(method, self.dice.choice(PATHS), headers, body)

    def truncated(self) -> bytes:
        """A good call that breaks off anywhere, and maybe is not what it was before."""
        method, target, body = self.dice.choice(CALLS)
        whole = self.signed(method, target, json.dumps(body).encode())
        data = bytearray(whole[: self.dice.randrange(1, len(whole))])
        for _ in range(self.dice.randrange(3)):
            data[self.dice.randrange(len(data))] = self.dice.randrange(256)
        return bytes(data)

    def oversized(self) -> bytes:
        """A body above the limit, up to 10 MiB, by its length or in chunks."""
        size = self.dice.randrange(MEBIBYTE + 1, 10 * MEBIBYTE + 1)
        if self.dice.random() < 0.5:
            return framed("POST", "/v2/charges", [], b"x" * size)
        chunks = b"%x\r\n" % size + b"x" * size + b"\r\n0\r\n\r\n"
        return framed("POST", "/v2/x", [("transfer-encoding", b"chunked")], chunks)

    def all(self) -> Iterator[tuple[str, bytes]]:
        ways: list[Callable[[], bytes]] = [
            *(self.member, self.member, self.bytes_, self.heads, self.frames),
            self.truncated,
        ]
        for number in range(REQUESTS - OVERSIZED):
            way = ways[number % len(ways)]
            yield way.__name__, way()
        for _ in range(OVERSIZED):
            yield "oversized", self.oversized()


Outcomes = tuple[Counter[tuple[str, int]], int]

# What never ends by itself is ended by us; uvicorn gives no answer then.
UNENDING = {"frames", "truncated"}


def status_of(port: int, data: bytes, *, ends: bool = True) -> int:
    """Send bytes and give the status of the answer; 0 is none."""
    answer = b""
    with (
        socket.create_connection(("127.0.0.1", port)) as peer,
        contextlib.suppress(ConnectionError),
    ):
        with contextlib.suppress(ConnectionError):
            peer.sendall(data)
            if not ends:
                peer.shutdown(socket.SHUT_WR)
        while piece := peer.recv(65536):
            answer += piece
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    """Send everything; give the statuses, and the one of a good request afterwards."""
    spoiler = Spoiler(seed=20)
    sent = list(spoiler.all())
    with serving(spoiler.shop.simulator, tls=False) as served:

        def send(one: tuple[str, bytes]) -> tuple[str, int]:
            way, data = one
            return way, status_of(served.port, data, ends=way not in UNENDING)

        with ThreadPoolExecutor(8) as pool:
            counted = Counter(pool.map(send, sent))
        good = spoiler.shop.signed("GET", "/v2/charges/x", b"")
        return counted, status_of(served.port, wire(good))


def test_there_are_two_thousand_of_every_kind(outcomes: Outcomes) -> None:
    counted, _ = outcomes
    assert counted.total() == REQUESTS
    ways = {way for way, _ in counted}
    assert ways == {"member", "bytes_", "heads", "frames", "truncated", "oversized"}
    statuses = {status for _, status in counted}
    assert {200, 201, 400, 401, 403, 404, 405} <= statuses


def test_none_is_answered_as_a_fault_of_the_simulator(outcomes: Outcomes) -> None:
    counted, _ = outcomes
    assert [one for one in counted if one[1] >= 500] == []


def test_only_what_breaks_off_gets_no_answer(outcomes: Outcomes) -> None:
    counted, _ = outcomes
    assert {way for way, status in counted if status == 0} == UNENDING


def test_what_is_too_large_is_refused(outcomes: Outcomes) -> None:
    counted, _ = outcomes
    assert counted["oversized", 400] == OVERSIZED


def test_it_serves_on(outcomes: Outcomes) -> None:
    _, after = outcomes
    assert after == 404
