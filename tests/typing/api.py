"""The public API, used: never run, read by mypy, pyright and ty.

`assert_type` pins what a checker, and so an editor, sees on both clients. Operations
are pinned by a file that `test_typing` generates.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from sqlalchemy import Engine, MetaData, Table
from typing_extensions import assert_type

import AmazonPay
from AmazonPay import (
    APIError,
    AsyncClient,
    Breaker,
    Client,
    Decision,
    Journal,
    OutcomeError,
    OutcomeUnknown,
    RateLimits,
    Response,
    Retry,
    SQLiteJournal,
    Timeout,
    TransportError,
    allowed_actions,
    explain,
    idempotency_key,
    merge,
    price,
)
from AmazonPay.button import Button
from AmazonPay.contrib.sqlalchemy import SQLAlchemyJournal, journal_table
from AmazonPay.decisions import Outcome
from AmazonPay.journal import Entry, abandon, resolve
from AmazonPay.money import add, amount_of, compare, subtract
from AmazonPay.objects import AmazonObject, state_of
from AmazonPay.pacing import LIVE, Limit
from AmazonPay.report_files import parse_amount, read_report
from AmazonPay.resources import Operations
from AmazonPay.types import (
    CaptureCharge,
    Charge,
    ChargePermission,
    ChargeState,
    CheckoutSession,
    CompleteCheckoutSession,
    CreateCharge,
    CreateRefund,
    Disbursement,
    File,
    Price,
    PriceInput,
    Refund,
    Report,
    SignInPayload,
    State,
)

BODY: Mapping[str, object] = {}


def operations(client: Client, anything: Mapping[str, object]) -> None:
    # A test pins every operation; these are about bodies and the declarations.
    client.create_charge({"chargePermissionId": "S01", "captureNow": True})
    client.create_charge(anything)
    create = CreateCharge(
        chargePermissionId="S01", chargeAmount=price("1", "USD"), captureNow=True
    )
    assert_type(client.create_charge(create), Response[Charge])
    charge = client.get_charge("S01").json()
    if (captured := charge["captureAmount"]) is not None:
        client.create_refund(CreateRefund(chargeId="S01", refundAmount=captured))
    client.capture_charge(
        "S01", CaptureCharge(captureAmount=PriceInput(amount=1, currencyCode="JPY"))
    )
    client.complete_checkout_session(
        "s1",
        CompleteCheckoutSession(
            chargeAmount={"amount": Decimal("1.00"), "currencyCode": "USD"}
        ),
    )
    client.create_charge('{"chargePermissionId":"S01"}')
    assert_type(client.get_charge("S01").json()["chargeAmount"]["amount"], str)
    assert_type(Operations.get_charge.template, str)


def procedures_block(client: Client) -> None:
    assert_type(client.wait_for_charge("x", deadline=1.0, until={"Captured"}), Charge)
    assert_type(client.wait_for_refund("x"), Refund)
    assert_type(client.wait_for_report("x"), Report)
    for report in client.iter_reports(page_size=1):
        assert_type(report, Report)
    for disbursement in client.iter_disbursements(start_time="x"):
        assert_type(disbursement, Disbursement)
    assert_type(client.download_report("x", Path("r.csv")), Path)
    for row in client.iter_report_rows("x"):
        assert_type(row, dict[str, str])
    assert_type(client.upload_evidence("e.png", idempotency_key="k"), File)


async def procedures_await(client: AsyncClient) -> None:
    assert_type(await client.wait_for_charge("x"), Charge)
    assert_type(await client.wait_for_refund("x"), Refund)
    assert_type(await client.wait_for_report("x"), Report)
    async for report in client.iter_reports():
        assert_type(report, Report)
    async for disbursement in client.iter_disbursements():
        assert_type(disbursement, Disbursement)
    assert_type(await client.download_report("x", "r.csv"), Path)
    async for row in client.iter_report_rows("x"):
        assert_type(row, dict[str, str])
    assert_type(await client.upload_evidence(Path("e.png")), File)


def sign(message: bytes) -> bytes:
    return message


async def asign(message: bytes) -> bytes:
    return message


def once_block(client: Client, journal: Journal) -> None:
    assert_type(
        client.complete_or_get_checkout_session(
            "x", BODY, journal=journal, namespace="n", order="1", confirm_only=True
        ),
        Decision[CheckoutSession],
    )
    assert_type(
        client.finalize_or_get_checkout_session(
            "x", BODY, journal=journal, namespace="n", order="1"
        ),
        Decision[CheckoutSession],
    )
    assert_type(
        client.create_charge_or_get(
            BODY, journal=journal, namespace="n", order="1", attempt=2, deadline=1.0
        ),
        Decision[Charge],
    )
    assert_type(
        client.capture_or_get_charge(
            "x", BODY, journal=journal, namespace="n", order="1"
        ),
        Decision[Charge],
    )
    assert_type(
        client.cancel_or_get_charge("x", journal=journal, namespace="n", order="1"),
        Decision[Charge],
    )
    assert_type(
        client.close_or_get_charge_permission(
            "x", BODY, journal=journal, namespace="n", order="1", charge_ids=["y"]
        ),
        Decision[ChargePermission],
    )
    assert_type(
        client.refund_or_get(BODY, journal=journal, namespace="n", order="1"),
        Decision[Refund],
    )
    for entry in journal.open_entries(before=datetime.now(UTC), limit=1):
        assert_type(entry, Entry)
        assert_type(
            client.resume(entry, journal=journal, deadline=1.0), Decision[AmazonObject]
        )
        client.resume(entry, journal=journal, max_age=60.0, same_merchant=True)
        client.resume(entry, journal=journal, max_age=timedelta(hours=1))


async def once_await(client: AsyncClient, journal: Journal) -> None:
    assert_type(
        await client.complete_or_get_checkout_session(
            "x", BODY, journal=journal, namespace="n", order="1"
        ),
        Decision[CheckoutSession],
    )
    assert_type(
        await client.finalize_or_get_checkout_session(
            "x", BODY, journal=journal, namespace="n", order="1"
        ),
        Decision[CheckoutSession],
    )
    assert_type(
        await client.create_charge_or_get(
            BODY, journal=journal, namespace="n", order="1"
        ),
        Decision[Charge],
    )
    assert_type(
        await client.capture_or_get_charge(
            "x", BODY, journal=journal, namespace="n", order="1"
        ),
        Decision[Charge],
    )
    assert_type(
        await client.cancel_or_get_charge(
            "x", journal=journal, namespace="n", order="1"
        ),
        Decision[Charge],
    )
    assert_type(
        await client.close_or_get_charge_permission(
            "x", journal=journal, namespace="n", order="1"
        ),
        Decision[ChargePermission],
    )
    assert_type(
        await client.refund_or_get(BODY, journal=journal, namespace="n", order="1"),
        Decision[Refund],
    )
    for entry in journal.open_entries():
        assert_type(await client.resume(entry, journal=journal), Decision[AmazonObject])


def decisions(decision: Decision[Charge]) -> None:
    assert_type(decision.outcome, Outcome)
    assert_type(decision.ok, bool)
    assert_type(decision.state, State)
    assert_type(decision.object_id, str | None)
    assert_type(decision.reason, str | None)
    assert_type(decision.seen, Charge | None)
    assert_type(decision.charge, Charge | None)
    assert_type(decision.new_attempt, bool)
    assert_type(decision.refunded, Price | None)
    assert_type(decision.response, Response[Any] | None)
    assert_type(decision.error, TransportError | None)
    assert_type(decision.raise_for_outcome(), Decision[Charge])
    wider: Decision[AmazonObject] = decision
    try:
        wider.raise_for_outcome()
    except OutcomeError as error:
        assert_type(error.decision, Decision[Any])


def journals(engine: Engine, metadata: MetaData) -> None:
    kept: list[Journal] = [
        SQLiteJournal(Path("journal.db")),
        SQLAlchemyJournal(engine, "journal", metadata=metadata),
    ]
    for journal in kept:
        assert_type(journal.find("key"), Entry | None)
        assert_type(journal.forget(datetime.now(UTC)), int)
        assert_type(resolve(journal, "key", "no", reason="x"), Entry)
        assert_type(abandon(journal, "key", reason="x"), Entry)
    assert_type(journal_table(metadata), Table)
    assert_type(idempotency_key(namespace="n", order="1", operation="o"), str)


def views(old: Charge, new: Charge) -> None:
    assert_type(merge(old, new), Charge)
    assert_type(allowed_actions(old), frozenset[str])
    assert_type(state_of(old), State)
    if state_of(old) == "Captured" or old["statusDetails"]["state"] == "OfTheFuture":
        currency: str = old["chargeAmount"]["currencyCode"]
        del currency


def files(path: Path) -> None:
    report = read_report(path, encoding="cp932")
    assert_type(report.facts, dict[str, str])
    assert_type(report.columns, tuple[str, ...])
    for row in report:
        assert_type(row, dict[str, str])
        assert_type(parse_amount(row["x"]), Decimal)


def construction() -> None:
    assert_type(Client("A", "key.pem", "us", True), Client)
    assert_type(Client.from_env(), Client)
    assert_type(AsyncClient.from_env(), AsyncClient)
    assert_type(Client("A", signer=sign, region="us"), Client)
    assert_type(AsyncClient("A", signer=asign, region="us"), AsyncClient)
    assert_type(Client(keys=[("A", "a.pem"), ("B", sign)], region="us"), Client)
    Client(
        public_key_id="A",
        private_key=b"pem",
        region="jp",
        sandbox=False,
        private_key_password="x",
        algorithm="AMZN-PAY-RSASSA-PSS-V2",
        endpoint_url=None,
        timeout=Timeout(connect=1.0),
        deadline=5,
        retry=Retry(attempts=2, base=0.1, cap=1.0, wait=False),
        rate_limits="live",
        breaker=Breaker(failures=5, within=60, open_for=30.5),
        transport=httpx2.MockTransport(lambda _: httpx2.Response(200)),
        verify=None,
        proxy=None,
        trust_env=False,
        raise_for_status=True,
        integrator_id="A1",
        integrator_version="1.0",
        platform_version="1.0",
    )


def buttons(client: Client) -> None:
    payload = SignInPayload(signInReturnUrl="https://a.example", storeId="s")
    button = client.button(payload, merchant_id="A", product_type="SignIn")
    assert_type(button, Button)
    assert_type(button.payload, str | None)
    assert_type(button.html(nonce="n", element_id="e"), str)
    assert_type(button.config(), dict[str, Any])
    assert_type(button.json(), str)
    assert_type(
        client.button('{"storeId": "s"}', merchant_id="A", buy_now=True), Button
    )
    assert_type(client.button(merchant_id="A", create_session_url="/x"), Button)


async def awaited_buttons(client: AsyncClient) -> None:
    made = await client.abutton({"storeId": "s"}, merchant_id="A", placement="Cart")
    assert_type(made, Button)


def explanations(client: Client, response: Response[Any], error: APIError) -> None:
    assert_type(client.explain(response), explain.Explanation)
    assert_type(client.explain(error, public_key="PEM").name, str)
    one = explain.request("GET", "/v2/x", {"a": "b"}, public_key=b"PEM")
    assert_type(one, explain.Explanation)
    assert_type(one.difference, explain.Difference | None)
    two = explain.button("{}", "c2ln", public_key=None, other_keys={"B": "PEM"})
    assert_type(two.key_is_right, bool | None)
    three = explain.answer("text", "GET", "/v2/x", [("a", "b")])
    assert_type(three.guesses, int)


def pacing(redis: Redis, awaited: AsyncRedis) -> None:
    limits = RateLimits("sandbox", redis=redis)
    assert_type(Client("A", "k", "us", verify="ca.pem"), Client)
    assert_type(AsyncClient("A", "k", "us", verify=Path("ca.pem")), AsyncClient)
    assert_type(AmazonPay.__version__, str)
    assert_type(Client("A", "k", "us", rate_limits=limits), Client)
    limits = RateLimits({**LIVE, "create_charge": Limit(40, 16)}, redis=awaited)
    assert_type(AsyncClient("A", "k", "us", rate_limits=limits), AsyncClient)
    assert_type(Client("A", "k", "us", rate_limits=None, breaker=None).available, bool)


def options(client: Client, aclient: AsyncClient) -> None:
    view = client.with_options(
        timeout=1.5,
        deadline=10,
        retry=Retry(),
        headers={"x": "y"},
        simulation_code="HardDeclined",
        auth_token="t",
        raise_for_status=False,
        public_key_id="A",
    )
    assert_type(view, Client)
    assert_type(aclient.with_options(timeout=1), AsyncClient)
    assert_type(client.generate_button_signature({"a": 1}), str)
    assert_type(client.generate_button_signature(b"{}"), str)
    assert_type(client.generate_button_signature("{}"), str)
    assert_type(
        client.request("GET", "/x", query={"a": ["b"]}, headers={"c": "d"}),
        Response[dict[str, Any]],
    )
    with client as same:
        assert_type(same, Client)


async def lifetime(client: AsyncClient) -> None:
    async with client as same:
        assert_type(same, AsyncClient)
    assert_type(await client.request("POST", "/x", {}), Response[dict[str, Any]])
    assert_type(await client.agenerate_button_signature({}), str)
    await client.aclose()


def answers(response: Response[Charge]) -> None:
    assert_type(response.json()["chargeAmount"]["amount"], str)
    assert_type(response.json()["statusDetails"]["state"], ChargeState)
    assert_type(response.status_code, int)
    assert_type(response.ok, bool)
    assert_type(response.headers, Mapping[str, str])
    assert_type(response.content, bytes)
    assert_type(response.text, str)
    assert_type(response.reason_code, str | None)
    assert_type(response.message, str | None)
    assert_type(response.request_id, str | None)
    assert_type(response.idempotency_key, str | None)
    assert_type(response.attempts, int)
    assert_type(response.outcome_unknown, bool)
    assert_type(response.elapsed, timedelta)
    assert_type(response.clock_lead, timedelta | None)
    assert_type(response.raise_for_status(), Response[Charge])


def errors(client: Client) -> None:
    body: CreateCharge = {
        "chargePermissionId": "S01-0000000-0000000",
        "chargeAmount": {"amount": Decimal("1.00"), "currencyCode": "USD"},
        "captureNow": True,
    }
    try:
        client.create_charge(body).raise_for_status()
    except OutcomeUnknown as error:
        assert_type(error.idempotency_key, str | None)
    except APIError as error:
        assert_type(error.retry_with_new_key, bool)
        assert_type(error.response, Response[Any])
    except TransportError as error:
        assert_type(error.outcome_unknown, bool)


def money() -> None:
    assert_type(price("10.50", "USD"), Price)
    assert_type(add(price(1, "USD"), price(2, "USD")), Price)
    assert_type(subtract(price(2, "USD"), price(1, "USD")), Price)
    assert_type(compare(price(2, "USD"), price(1, "USD")), int)
    assert_type(amount_of(price(2, "USD")), Decimal)
