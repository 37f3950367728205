"""The entry of a request, and the call of an entry, with values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from AmazonPay import InvalidRequest, idempotency_key
from AmazonPay._once.bodies import digest_of
from AmazonPay._once.entry import Entry
from AmazonPay._once.intent import call_of, intended_entry

MONEY = {"amount": "10.00", "currencyCode": "USD"}
CHARGE = {"chargePermissionId": "S01", "chargeAmount": MONEY}
NAMES: dict[str, Any] = {"namespace": "shop", "order": "1007", "attempt": 2}


def creation(body: Any = CHARGE, **more: Any) -> Entry:
    return intended_entry("create_charge", (), body, **{**NAMES, **more})


def closing(**more: Any) -> Entry:
    return intended_entry(
        "close_charge_permission", ("S01",), None, **{**NAMES, **more}
    )


def test_an_entry_holds_what_is_to_be_sent() -> None:
    entry = intended_entry(
        "capture_charge", ("S01-C1",), {"captureAmount": MONEY}, **NAMES
    )
    body = b'{"captureAmount":{"amount":"10.00","currencyCode":"USD"}}'
    assert entry == Entry(
        key=idempotency_key(operation="capture_charge", **NAMES),
        namespace="shop",
        order="1007",
        operation="capture_charge",
        attempt=2,
        path="/charges/S01-C1/capture",
        body=body,
        digest=digest_of(body),
        confirm_only=False,
        charge_ids=None,
    )


def test_the_order_of_members_makes_no_other_bytes() -> None:
    other = {
        "chargeAmount": {"currencyCode": "USD", "amount": "10.00"},
        "chargePermissionId": "S01",
    }
    assert creation(other).body == creation().body


@pytest.mark.parametrize("before", ["", " ", "\n\t "])
def test_blanks_before_a_body_are_sent_as_they_are(before: str) -> None:
    text = (
        f'{before}{{"chargePermissionId":"S01",'
        '"chargeAmount":{"amount":"1.00","currencyCode":"USD"}}'
    )
    assert creation(text).body == text.encode()


@pytest.mark.parametrize(
    "charge_ids", [["C1", "C2"], ("C1", "C2"), {"C1": 1, "C2": 2}.keys()]
)
def test_listed_charges_are_kept_in_order(charge_ids: Any) -> None:
    assert closing(charge_ids=charge_ids).charge_ids == ("C1", "C2")
    assert closing(charge_ids=[]).charge_ids == ()


@pytest.mark.parametrize("confirm_only", [None, 1, "yes"])
def test_whether_a_charge_is_expected_is_said_plainly(confirm_only: Any) -> None:
    with pytest.raises(InvalidRequest, match="confirm_only"):
        creation(confirm_only=confirm_only)
    assert creation(confirm_only=True).confirm_only is True


PRICED = {
    "complete_checkout_session": "chargeAmount",
    "finalize_checkout_session": "chargeAmount",
    "create_charge": "chargeAmount",
    "capture_charge": "captureAmount",
    "create_refund": "refundAmount",
}


def requested(name: str, body: dict[str, Any]) -> Entry:
    ids = () if name.startswith("create") else ("x1",)
    named = {"create_charge": "chargePermissionId", "create_refund": "chargeId"}
    reference = {named[name]: "S01"} if name in named else {}
    return intended_entry(name, ids, {**reference, **body}, **NAMES)


@pytest.mark.parametrize("name", PRICED)
def test_a_body_has_a_price_that_can_be_compared(name: str) -> None:
    member = PRICED[name]
    assert requested(name, {member: MONEY}).body is not None
    for wrong in (None, "10.00", {}, {**MONEY, "amount": "ten"}, {"amount": "1"}):
        with pytest.raises(InvalidRequest):
            requested(name, {member: wrong})


@pytest.mark.parametrize("name", PRICED)
def test_only_a_session_may_be_completed_without_a_price(name: str) -> None:
    if name == "complete_checkout_session":
        assert requested(name, {}).body == b"{}"
        return
    with pytest.raises(InvalidRequest, match=f"has no {PRICED[name]}"):
        requested(name, {})


@pytest.mark.parametrize("name", ["cancel_charge", "close_charge_permission"])
def test_what_moves_no_money_needs_no_price(name: str) -> None:
    assert requested(name, {}).body == b"{}"


# The call -----------------------------------------------------------------------------


def test_a_post_is_sent_with_its_bytes_and_its_key() -> None:
    entry = creation()
    call = call_of(entry)
    assert (call.method, call.path, call.body) == ("POST", "/charges", entry.body)
    assert call.idempotency_key == entry.key


def test_the_id_in_the_path_is_sent() -> None:
    call = call_of(closing())
    assert (call.method, call.path) == ("DELETE", "/chargePermissions/S01/close")
    assert call.idempotency_key is None


def test_only_a_session_gets_another_key_after_a_refusal() -> None:
    session = intended_entry(
        "complete_checkout_session", ("s1",), {"chargeAmount": MONEY}, **NAMES
    )
    assert call_of(session).idempotency_key == session.key
    keys = {
        call_of(replace(session, runs=3, answers=answers)).idempotency_key
        for answers in (0, 1, 2)
    }
    assert len(keys) == 3
    again = replace(creation(), runs=3, answers=2)
    assert call_of(again).idempotency_key == again.key
