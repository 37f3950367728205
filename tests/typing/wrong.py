"""Mistakes that a checker must find: never run, and every `# wrong` line an error."""

# pyright: reportUnnecessaryComparison=true

from typing import Literal, assert_never

from AmazonPay import AsyncClient, Client, SQLiteJournal, price
from AmazonPay.objects import state_of
from AmazonPay.types import (
    CaptureCharge,
    CloseChargePermission,
    CreateCharge,
    CreateCheckoutSession,
    CreateRefund,
    CreateWebCheckoutDetails,
    Outcome,
    PriceInput,
    State,
)


def bodies() -> None:
    misspelt: CreateCharge = {"chargePermissionID": "S01"}  # wrong: no such member
    unknown_currency: CreateCharge = {
        "chargePermissionId": "S01-0000000-0000000",
        "chargeAmount": {"amount": "1.00", "currencyCode": "usd"},  # wrong: a literal
    }
    a_float: CreateCharge = {
        "chargePermissionId": "S01-0000000-0000000",
        "chargeAmount": {"amount": 1.0, "currencyCode": "USD"},  # wrong: a float
    }
    incomplete: CreateCharge = {"captureNow": True}  # wrong: members are missing
    del misspelt, unknown_currency, a_float, incomplete


def arguments(client: Client) -> None:
    client.get_charge()  # wrong: the id is missing
    client.get_charge(5)  # wrong: the id is a str
    client.get_charge("x", idempotency_key="k")  # wrong: a read takes no key
    client.create_charge(5)  # wrong: the body is a mapping, str or bytes
    client.create_charge({}, "key")  # wrong: the key is given by name
    client.get_charges("x")  # wrong: no such operation
    client.get_charge("x").json()["chargeAmout"]  # wrong: no such member
    client.get_charge("x").json()["captureAmount"]["amount"]  # wrong: may be None
    price(1.5, "USD")  # wrong: a float


def construction() -> None:
    Client("A", "key.pem")  # wrong: the region is missing
    Client("A", region="us")  # wrong: neither key nor signer
    Client("A", "key.pem", "us", verify=False)  # wrong: never switched off
    Client("A", "k", "us", rate_limits="fast")  # wrong: live or sandbox
    Client("A", "k", "us", breaker=True)  # wrong: a Breaker


def once(client: Client, journal: SQLiteJournal) -> None:
    client.cancel_or_get_charge("x", namespace="n", order="1")  # wrong: no journal
    client.cancel_or_get_charge("x", journal=journal, order="1")  # wrong: no namespace
    one = client.cancel_or_get_charge("x", journal=journal, namespace="n", order="1")
    one.charge["chargeId"]  # wrong: may be None
    outcome: Outcome = "succes"  # wrong: no such outcome
    one.seen.get("chargeId")  # wrong: may be None
    del outcome


async def awaits(client: AsyncClient) -> None:
    client.get_charge("x").status_code  # wrong: not awaited
    client.get_charge("x").json()  # wrong: not awaited
    for _ in client.iter_reports():  # wrong: an async iterator
        pass


def called(client: Client) -> None:
    amount = price("10.50", "USD")
    create = client.create_charge
    create(CreateCharge(chargePermissionID="S", chargeAmount=amount))  # wrong: misspelt
    create(CreateCharge(chargePermissionId="S"))  # wrong: the amount is missing
    create(CreateCharge(chargePermissionId=5, chargeAmount=amount))  # wrong: an int
    a_float = PriceInput(amount=10.5, currencyCode="USD")  # wrong: a float
    a_currency = PriceInput(amount="10.50", currencyCode="usd")  # wrong: a literal
    an_amount = PriceInput(amount="10.50")  # wrong: no currency
    CaptureCharge(captureAmount="10.50")  # wrong: no price
    CreateCharge(chargePermissionId="S", chargeAmount=amount, channel="web")  # wrong: X
    CreateRefund(chargeId="S", refundAmount=amount, note="x")  # wrong: no such member
    refund_all = client.get_charge("S").json()["captureAmount"]
    CreateRefund(chargeId="S", refundAmount=refund_all)  # wrong: may be None
    web = CreateWebCheckoutDetails(checkoutReviewReturnURL="x")  # wrong: misspelt
    CreateCheckoutSession(webCheckoutDetails={}, storeId=None)  # wrong: storeId is text
    CloseChargePermission(closureReason="x", cancelPendingCharges="no")  # wrong: a bool
    del a_float, a_currency, an_amount, web


def states(client: Client, journal: SQLiteJournal) -> None:
    one = client.cancel_or_get_charge("x", journal=journal, namespace="n", order="1")
    typo: State = "Captrued"  # wrong: no such state
    known: Literal["Captured", "Unknown"] = one.state  # wrong: there are others
    other: Literal["Captured"] = state_of({})  # wrong: there are others
    one.object_id.lower()  # wrong: may be None
    compared = [
        one.state == "Captrued",  # wrong: no such state
        state_of(client.get_charge("S").json()) == "captured",  # wrong: no such state
    ]
    match one.state:
        case "Open" | "Completed" | "Unknown":
            pass
        case rest:
            assert_never(rest)  # wrong: states are left
    del typo, known, other, compared
