"""Never run: what type checkers make of the operations, on both kinds of client."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_type

from AmazonPay.resources import Operations
from AmazonPay.resources.buyers import Buyer
from AmazonPay.resources.charge_permissions import ChargePermission
from AmazonPay.resources.charges import Charge, CreateCharge
from AmazonPay.resources.checkout_sessions import CheckoutSession
from AmazonPay.resources.disbursements import Disbursements
from AmazonPay.resources.reports import Reports
from AmazonPay.response import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from AmazonPay import AsyncClient, Client


def a_blocking_client_answers(client: Client) -> None:
    assert_type(client.get_charge("S01"), Response[Charge])
    assert_type(client.get_charge("S01").json()["chargeAmount"]["amount"], str)
    assert_type(client.get_buyer("token"), Response[Buyer])
    assert_type(client.cancel_report_schedule("1"), Response[None])
    assert_type(client.get_checkout_session("1"), Response[CheckoutSession])
    assert_type(client.cancel_charge("S01"), Response[Charge])
    assert_type(
        client.close_charge_permission("S01", {"closureReason": "done"}),
        Response[ChargePermission],
    )
    assert_type(
        client.get_reports(
            report_types=["_GET_FLAT_FILE_OFFAMAZONPAYMENTS_REFUND_DATA_"],
            processing_statuses=["COMPLETED", "SOMETHING_NEW"],
            created_since=datetime(2026, 1, 1, tzinfo=UTC),
            page_size=100,
        ),
        Response[Reports],
    )


async def an_awaiting_client_answers(client: AsyncClient) -> None:
    assert_type(await client.get_charge("S01"), Response[Charge])
    assert_type(
        await client.get_disbursements(start_time="20260101T000000Z"),
        Response[Disbursements],
    )
    assert_type(await client.create_charge({}, idempotency_key="k"), Response[Charge])


def bodies_are_plain_or_checked(client: Client, anything: Mapping[str, object]) -> None:
    # As in the README: a dict that a checker knows nothing of.
    plain = {"chargePermissionId": "S01", "captureNow": True}
    client.create_charge(plain)
    client.create_charge(anything)
    client.create_charge('{"chargePermissionId":"S01"}')
    checked: CreateCharge = {
        "chargePermissionId": "S01",
        "chargeAmount": {"amount": 100, "currencyCode": "JPY"},
        "captureNow": True,
    }
    client.create_charge(checked)
    client.create_charge(checked, idempotency_key="k")


def a_checker_refuses(client: Client) -> None:
    client.get_charge()  # type: ignore[call-arg] # no id  # pyright: ignore[reportCallIssue]
    client.get_charge(charge="S01")  # type: ignore[call-arg] # misspelt  # pyright: ignore[reportCallIssue]
    client.get_charge(1)  # type: ignore[arg-type] # no text  # pyright: ignore[reportArgumentType]
    client.create_charge({}, "k")  # type: ignore[call-arg] # by name only  # pyright: ignore[reportCallIssue]
    misspelt: CreateCharge = {  # type: ignore[typeddict-unknown-key] # closed
        "chargePermissionId": "S01",
        "chargeAmount": {"amount": "1", "currencyCode": "USD"},
        "captureNwo": True,  # the misspelt one  # pyright: ignore[reportAssignmentType]
    }
    client.create_charge(misspelt)
    wrong: CreateCharge = {
        "chargePermissionId": "S01",
        "chargeAmount": {"amount": "1", "currencyCode": "usd"},  # type: ignore[typeddict-item] # no such currency  # pyright: ignore[reportAssignmentType]
    }
    client.create_charge(wrong)


def a_class_shows_the_declaration() -> None:
    assert_type(Operations.get_charge.template, str)
