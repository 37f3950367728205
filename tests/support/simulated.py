"""A simulated Amazon Pay in memory, with a clock to move and ids from a seed.

`Shop` signs its requests by `amazon-pay-api-v2/signing-requests.html` with code of its
own: what the package's signer gets wrong must not pass because its verifier does too.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any

import httpx2
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from AmazonPay import AsyncClient, Client
from AmazonPay.simulator import (
    HTTPResponse,
    Ids,
    Request,
    Settings,
    Simulator,
    merchant,
)
from keys import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from AmazonPay.simulator import Store
    from AmazonPay.simulator.engine.outcomes import When

KEY_ID = "SANDBOX-AGTEST"
LIVE_KEY_ID = "LIVE-AGTEST"
SALTS = {"AMZN-PAY-RSASSA-PSS": 20, "AMZN-PAY-RSASSA-PSS-V2": 32}

# A client signs with the machine's own time. No date is too old for the simulator, so
# its clock stands where no machine's clock is yet.
START = datetime(2100, 1, 15, 12, 0, 0, tzinfo=UTC)

CURRENCIES = {"na": "USD", "eu": "EUR", "jp": "JPY"}

RECURRING: dict[str, Any] = {
    "chargePermissionType": "Recurring",
    "recurringMetadata": {"frequency": {"unit": "Month", "value": "1"}},
}


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Return the clock's time."""
        return self.now

    def move(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> None:
        """Move the clock forward."""
        self.now += timedelta(days=days, hours=hours, seconds=seconds)

    @property
    def text(self) -> str:
        """The time as the API writes it."""
        return self.now.strftime("%Y%m%dT%H%M%SZ")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the simulator."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """The body as JSON values."""
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str]:
        """Status and reason code of a refusal."""
        return self.status, self.json["reasonCode"]

    @property
    def state(self) -> tuple[str, str | None]:
        """State and reason of the object in the body."""
        details = self.json["statusDetails"]
        if "reasons" in details:
            reasons = details["reasons"] or [{"reasonCode": None}]
            return details["state"], reasons[0]["reasonCode"]
        return details["state"], details["reasonCode"]


def reply_of(answer: HTTPResponse) -> Reply:
    return Reply(answer.status, answer.body, dict(answer.headers))


def canonical(
    method: str, target: str, headers: Mapping[str, str], signed: str, body: bytes
) -> str:
    """Write the canonical request of a target that needs no encoding."""
    path, _, query = target.partition("?")
    given = {name.lower(): value for name, value in headers.items()}
    names = sorted(signed.lower().split(";"))
    lines = [f"{name}:{' '.join(given[name].split())}" for name in names]
    query = "&".join(sorted(query.split("&")))
    digest = sha256(body).hexdigest()
    return "\n".join([method, path, query, *lines, "", ";".join(names), digest])


def authorization(
    text: str,
    signed: str,
    *,
    algorithm: str = "AMZN-PAY-RSASSA-PSS",
    key: rsa.RSAPrivateKey = KEY,
    key_id: str = KEY_ID,
) -> str:
    """Sign a canonical request."""
    message = f"{algorithm}\n{sha256(text.encode()).hexdigest()}".encode()
    pss = padding.PSS(padding.MGF1(SHA256()), SALTS.get(algorithm, 20))
    signature = b64encode(key.sign(message, pss, SHA256())).decode()
    return (
        f"{algorithm} PublicKeyId={key_id}, SignedHeaders={signed},"
        f" Signature={signature}"
    )


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a completed checkout leaves behind."""

    session: str
    permission: str
    charge: str


class Shop:
    """A merchant with one key, and the simulator that they call."""

    def __init__(
        self,
        region: str = "na",
        *,
        ledger_currency: str | None = None,
        settings: Settings | None = None,
        store: Store | None = None,
        clock: Clock | None = None,
        seed: int = 1,
        key_id: str = KEY_ID,
        wait: Callable[[float], object] = float,
    ) -> None:
        self.region = region
        self.key_id = key_id
        self.currency = ledger_currency or CURRENCIES[region]
        self.clock = clock or Clock()
        self.simulator = Simulator(
            [
                merchant(
                    key_id,
                    KEY.public_key(),
                    region=region,
                    ledger_currency=ledger_currency,
                )
            ],
            store=store,
            clock=self.clock,
            ids=Ids(Random(seed)),  # noqa: S311 - ids need a seed here, no secrecy
            settings=settings,
            dice=Random(seed),  # noqa: S311 - dice need a seed here, no secrecy
            wait=wait,
        )
        self._keys = 0

    # Requests -------------------------------------------------------------------------

    def signed(
        self,
        method: str,
        target: str,
        body: bytes,
        extra: Mapping[str, str] | None = None,
        unsigned: Mapping[str, str] | None = None,
    ) -> Request:
        """Make a request with a good signature."""
        headers = {
            "accept": "application/json",
            "content-type": "application/json",
            "x-amz-pay-date": self.clock.text,
            "x-amz-pay-host": "pay-api.amazon.com",
            "x-amz-pay-region": self.region,
            **(extra or {}),
        }
        names = ";".join(sorted(headers))
        text = canonical(method, target, headers, names, body)
        headers |= unsigned or {}
        headers["authorization"] = authorization(text, names, key_id=self.key_id)
        return Request(method, target, tuple(headers.items()), body)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        code: str | None = None,
        token: str | None = None,
    ) -> Reply:
        """Send a call; `path` is below the version, and `code` simulates.

        With a `token` it is a delegated call.
        """
        if not isinstance(body, bytes):
            body = b"" if body is None else json.dumps(body).encode()
        extra = {} if key is None else {"x-amz-pay-idempotency-key": key}
        extra |= {} if token is None else {"x-amz-pay-authtoken": token}
        unsigned = {} if code is None else {"x-amz-pay-simulation-code": code}
        request = self.signed(method, f"/v2{path}", body, extra, unsigned)
        return reply_of(self.simulator.handle(request))

    def get(self, path: str) -> Reply:
        return self.send("GET", path)

    def patch(self, path: str, body: object) -> Reply:
        return self.send("PATCH", path, body)

    def delete(
        self, path: str, body: object = None, *, code: str | None = None
    ) -> Reply:
        return self.send("DELETE", path, body, code=code)

    def post(
        self,
        path: str,
        body: object,
        *,
        key: str | None = None,
        code: str | None = None,
    ) -> Reply:
        """Send a POST, under a fresh key unless one is given."""
        self._keys += 1
        return self.send("POST", path, body, key=key or f"key{self._keys}", code=code)

    def follow(
        self,
        url: str,
        method: str = "GET",
        body: bytes = b"",
        content_type: str | None = None,
    ) -> Reply:
        """Follow a link of the simulator's: unsigned, and by its path alone."""
        target = "/" + url.split("/", 3)[3]
        headers = () if content_type is None else (("Content-Type", content_type),)
        return reply_of(self.simulator.handle(Request(method, target, headers, body)))

    def client(self, **options: Any) -> Client:
        """Make a client that calls this simulator, without a socket."""
        client: Client = self.client_of(Client, **options)
        return client

    def async_client(self, **options: Any) -> AsyncClient:
        client: AsyncClient = self.client_of(AsyncClient, **options)
        return client

    def client_of(self, kind: type[Any], **options: Any) -> Any:
        transport = self._transport()
        return kind(self.key_id, KEY, self.region, transport=transport, **options)

    def _transport(self) -> httpx2.MockTransport:
        def answer(sent: httpx2.Request) -> httpx2.Response:
            request = Request(
                sent.method,
                sent.url.raw_path.decode(),
                tuple(sent.headers.multi_items()),
                sent.content,
            )
            answer = self.simulator.handle(request)
            headers = dict(answer.headers)
            if self.key_id.startswith("LIVE"):
                # A live client refuses a simulator; the rules of live are tested here.
                del headers["x-simulator"]
            return httpx2.Response(answer.status, headers=headers, content=answer.body)

        return httpx2.MockTransport(answer)

    def provoke(self, operation: str, outcome: str, when: When = "before") -> None:
        """Make the next call of an operation end in an outcome."""
        self.simulator.provoke(operation, outcome, when=when)

    # Steps of a purchase --------------------------------------------------------------

    def money(self, amount: object) -> dict[str, object]:
        return {"amount": amount, "currencyCode": self.currency}

    def session_body(
        self, amount: object = "50", intent: str = "Authorize", **payment: object
    ) -> dict[str, Any]:
        """Write the body of a session that needs nothing but a buyer."""
        return {
            "webCheckoutDetails": {
                "checkoutReviewReturnUrl": "https://shop.example/review",
                "checkoutResultReturnUrl": "https://shop.example/result",
            },
            "storeId": "amzn1.application-oa2-client.0123",
            "paymentDetails": {
                "paymentIntent": intent,
                "chargeAmount": self.money(amount),
                **payment,
            },
        }

    def open(self, body: Mapping[str, object] | None = None) -> str:
        """Create a session; return its id."""
        reply = self.post("/checkoutSessions", body or self.session_body())
        assert reply.status == 201, reply
        return str(reply.json["checkoutSessionId"])

    def paid(
        self, body: Mapping[str, object] | None = None, *, card: str = "1111"
    ) -> str:
        """Create a session, choose and pay as its buyer; return its id."""
        session = self.open(body)
        self.simulator.choose(session, card=card)
        self.simulator.pay(session)
        return session

    def complete(
        self, session: str, amount: object = "50", *, code: str | None = None
    ) -> Reply:
        body = {"chargeAmount": self.money(amount)}
        return self.post(f"/checkoutSessions/{session}/complete", body, code=code)

    def buy(
        self,
        amount: object = "50",
        intent: str = "Authorize",
        *,
        card: str = "1111",
        more: Mapping[str, object] | None = None,
        **payment: object,
    ) -> Purchase:
        """Go through a whole checkout; `more` is members of the session."""
        body = self.session_body(amount, intent, **payment) | dict(more or {})
        session = self.paid(body, card=card)
        given: dict[str, object] = {"chargeAmount": self.money(amount)}
        if "totalOrderAmount" in payment:
            given["totalOrderAmount"] = payment["totalOrderAmount"]
        reply = self.post(f"/checkoutSessions/{session}/complete", given)
        assert reply.status in {200, 202}, reply
        answer = reply.json
        return Purchase(session, answer["chargePermissionId"], answer["chargeId"] or "")

    def sold(self, amount: object = "50") -> str:
        """Go through a checkout that captures at once; return the charge's id."""
        return self.buy(amount, "AuthorizeWithCapture").charge

    def charge(
        self,
        permission: str,
        amount: object,
        *,
        code: str | None = None,
        **more: object,
    ) -> Reply:
        body = {
            "chargePermissionId": permission,
            "chargeAmount": self.money(amount),
            **more,
        }
        return self.post("/charges", body, code=code)

    def capture(self, charge: str, amount: object, *, code: str | None = None) -> Reply:
        body = {"captureAmount": self.money(amount)}
        return self.post(f"/charges/{charge}/capture", body, code=code)

    def refund(self, charge: str, amount: object, *, code: str | None = None) -> Reply:
        body = {"chargeId": charge, "refundAmount": self.money(amount)}
        return self.post("/refunds", body, code=code)
