"""Mistakes that a checker must find: never run, and every `# wrong` line an error."""

from AmazonPay import AsyncClient, Client, SQLiteJournal, price
from AmazonPay.decisions import Outcome
from AmazonPay.resources.charges import CreateCharge


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
