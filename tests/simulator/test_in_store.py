"""Payments in a shop: scan, charge, refund."""

from __future__ import annotations

from typing import Any

import pytest

from callers import Caller, on_both_clients
from fitting import misfits
from reference.payments import MERCHANT_SCANNED, TILL_CHARGED, TILL_REFUNDED
from simulated import Reply, Shop

BAD_VALUE = (400, "InvalidParameterValue")
METADATA = {
    "merchantNote": "Thank you",
    "customInformation": "till 7",
    "communicationContext": {
        "merchantStoreName": "My Shop",
        "merchantOrderId": "order-1",
    },
}


def scan_body(shop: Shop, reference: str = "scan-1", **more: object) -> dict[str, Any]:
    return {
        "scanData": "UKhrmatMeKdlfY6b",
        "scanReferenceId": reference,
        "merchantCOE": "US",
        "ledgerCurrency": shop.currency,
        **more,
    }


def scanned(shop: Shop, total: str | None = "100", **more: object) -> str:
    """Scan a buyer's code; give the permission."""
    if total is not None:
        more["chargeTotal"] = shop.money(total)
    body = scan_body(shop, f"scan-{len(shop.simulator.story())}", **more)
    reply = shop.post("/in-store/merchantScan", body)
    assert reply.status == 200, reply
    return str(reply.json["chargePermissionId"])


def charge_body(
    shop: Shop, permission: str, amount: object, reference: str, **more: object
) -> dict[str, Any]:
    return {
        "chargePermissionId": permission,
        "chargeReferenceId": reference,
        "chargeTotal": shop.money(amount),
        **more,
    }


def charge(
    shop: Shop, permission: str, amount: object, reference: str = "c1", **more: object
) -> Reply:
    body = charge_body(shop, permission, amount, reference, **more)
    return shop.post("/in-store/charge", body)


def refund(
    shop: Shop, of: str, amount: object, reference: str = "r1", **more: object
) -> Reply:
    body = {
        "chargeId": of,
        "refundReferenceId": reference,
        "refundTotal": shop.money(amount),
        **more,
    }
    return shop.post("/in-store/refund", body)


# All three calls ----------------------------------------------------------------------


@on_both_clients
def test_a_client_scans_charges_and_refunds(shop: Shop, awaits: bool) -> None:
    call = Caller(shop, awaits)
    seen = call("instore_merchant_scan", scan_body(shop))
    permission = seen.json()["chargePermissionId"]
    charged = call("instore_charge", charge_body(shop, permission, "20", "c1"))
    of = charged.json()["chargeId"]
    refunded = call(
        "instore_refund",
        {"chargeId": of, "refundReferenceId": "r1", "refundTotal": shop.money("5")},
    )
    answers = [seen, charged, refunded]
    tables = [MERCHANT_SCANNED, TILL_CHARGED, TILL_REFUNDED]
    assert [answer.status_code for answer in answers] == [200] * 3
    for answer, table in zip(answers, tables, strict=True):
        assert misfits(answer.json(), table) == []
    assert charged.json()["chargeStatus"] == {"state": "Completed"}
    assert refunded.json()["refundStatus"] == {"state": "Pending"}


# Scan ---------------------------------------------------------------------------------


def test_a_scan_gives_a_permission_for_what_is_to_be_paid(shop: Shop) -> None:
    shown = shop.get(f"/chargePermissions/{scanned(shop, '12.5')}").json
    assert shown["statusDetails"]["state"] == "Chargeable"
    assert shown["chargePermissionType"] == "OneTime"
    assert shown["limits"]["amountLimit"] == {"amount": "12.50", "currencyCode": "USD"}


@pytest.mark.parametrize(
    ("region", "most"), [("na", "150000.00"), ("eu", "150000.00"), ("jp", "10000000")]
)
def test_a_scan_without_a_total_has_the_greatest_limit(region: str, most: str) -> None:
    shop = Shop(region)
    shown = shop.get(f"/chargePermissions/{scanned(shop, None)}").json
    assert shown["limits"]["amountLimit"]["amount"] == most


def test_what_the_till_says_is_shown_as_metadata(shop: Shop) -> None:
    permission = scanned(shop, metadata=METADATA)
    of = charge(shop, permission, "5", metadata=METADATA).json["chargeId"]
    expected = {
        "merchantReferenceId": "order-1",
        "merchantStoreName": "My Shop",
        "noteToBuyer": "Thank you",
        "customInformation": "till 7",
    }
    for path in (f"/chargePermissions/{permission}", f"/charges/{of}"):
        assert shop.get(path).json["merchantMetadata"] == expected


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"ledgerCurrency": "EUR"}, (400, "CurrencyMismatch")),
        (
            {"chargeTotal": {"amount": "1", "currencyCode": "EUR"}},
            (400, "CurrencyMismatch"),
        ),
        ({"chargeTotal": {"amount": "0", "currencyCode": "USD"}}, BAD_VALUE),
        ({"ledgerCurrency": "SEK"}, BAD_VALUE),
        ({"merchantCOE": "USA"}, BAD_VALUE),
        ({"scanData": ""}, BAD_VALUE),
        ({"storeLocation": {"city": "X"}}, (400, "UnrecognizedField")),
        (
            {"chargeTotal": {"amount": "150001", "currencyCode": "USD"}},
            (400, "TransactionAmountExceeded"),
        ),
    ],
)
def test_a_bad_scan_is_refused(
    shop: Shop, change: dict[str, Any], error: tuple[int, str]
) -> None:
    body = scan_body(shop, **change)
    assert shop.post("/in-store/merchantScan", body).error == error


@pytest.mark.parametrize(
    "member", ["scanData", "scanReferenceId", "merchantCOE", "ledgerCurrency"]
)
def test_a_scan_needs_its_members(shop: Shop, member: str) -> None:
    body = {n: value for n, value in scan_body(shop).items() if n != member}
    reply = shop.post("/in-store/merchantScan", body)
    assert reply.error == (400, "MissingParameterValue")


# Charge -------------------------------------------------------------------------------


def test_a_charge_at_the_till_is_captured_at_once(shop: Shop) -> None:
    of = charge(shop, scanned(shop), "20", softDescriptor="SHOP").json["chargeId"]
    shown = shop.get(f"/charges/{of}")
    assert shown.state == ("Captured", None)
    assert shown.json["captureAmount"] == {"amount": "20.00", "currencyCode": "USD"}
    assert (shown.json["channel"], shown.json["softDescriptor"]) == (
        "PointOfSale",
        "AMZ*SHOP",
    )


def test_charges_are_not_above_the_scan(shop: Shop) -> None:
    permission = scanned(shop, "100")
    assert charge(shop, permission, "100.01").error == (
        400,
        "TransactionAmountExceeded",
    )
    assert charge(shop, permission, "60", "a").status == 200
    assert charge(shop, permission, "40.01", "b").status == 400
    assert charge(shop, permission, "40", "c").status == 200
    assert charge(shop, permission, "1", "d").error == (
        422,
        "InvalidChargePermissionStatus",
    )


def test_a_charge_has_the_currency_of_the_scan(shop: Shop) -> None:
    permission = scanned(shop)
    shop.currency = "EUR"
    assert charge(shop, permission, "1").error == (400, "CurrencyMismatch")


def test_a_permission_of_a_web_checkout_is_none_of_the_till(shop: Shop) -> None:
    bought = shop.buy("50", "Confirm")
    assert charge(shop, bought.permission, "1").error == (404, "ResourceNotFound")


def test_an_unknown_permission_cannot_be_charged() -> None:
    reply = charge(Shop(), "S01-0000000-0000000", "1")
    assert reply.error == (404, "ResourceNotFound")


# Refund -------------------------------------------------------------------------------


def test_a_refund_at_the_till_settles_as_others_do(shop: Shop) -> None:
    of = charge(shop, scanned(shop), "20").json["chargeId"]
    refunded = refund(shop, of, "8", softDescriptor="SHOP").json["refundId"]
    path = f"/refunds/{refunded}"
    assert shop.get(path).state == ("RefundInitiated", None)
    shop.clock.move(seconds=30)
    assert shop.get(path).state == ("Refunded", None)
    assert shop.get(path).json["softDescriptor"] == "AMZ*SHOP"
    assert shop.get(f"/charges/{of}").json["refundedAmount"]["amount"] == "8.00"


def test_refunds_are_not_above_the_charge_and_its_allowance(shop: Shop) -> None:
    of = charge(shop, scanned(shop), "20").json["chargeId"]
    assert refund(shop, of, "23.01", "a").error == (400, "TransactionAmountExceeded")
    assert refund(shop, of, "20", "b").status == 200
    assert refund(shop, of, "3.01", "c").status == 400
    assert refund(shop, of, "3", "d").status == 200


def test_the_till_refunds_what_the_till_charged(shop: Shop) -> None:
    bought = shop.buy("50", "AuthorizeWithCapture")
    assert refund(shop, bought.charge, "1").error == (404, "ResourceNotFound")
    assert refund(shop, "S01-0", "1").error == (404, "ResourceNotFound")


def test_a_refund_has_the_currency_of_the_charge(shop: Shop) -> None:
    of = charge(shop, scanned(shop), "20").json["chargeId"]
    shop.currency = "EUR"
    assert refund(shop, of, "1").error == (400, "CurrencyMismatch")


# References ---------------------------------------------------------------------------


def test_a_reference_repeats_its_first_answer(shop: Shop) -> None:
    scan = scan_body(shop, "same")
    first = shop.post("/in-store/merchantScan", scan)
    assert shop.post("/in-store/merchantScan", scan).body == first.body
    permission = str(first.json["chargePermissionId"])
    charged = charge(shop, permission, "20", "same")
    assert charge(shop, permission, "20", "same").body == charged.body
    of = charged.json["chargeId"]
    refunded = refund(shop, of, "5", "same")
    assert refund(shop, of, "5", "same").body == refunded.body
    shop.clock.move(seconds=30)
    assert shop.get(f"/charges/{of}").json["refundedAmount"]["amount"] == "5.00"
    # The first answer also stands when the call would be refused by now.
    body = {"closureReason": "done"}
    assert shop.delete(f"/chargePermissions/{permission}/close", body).status == 200
    assert charge(shop, permission, "20", "same").body == charged.body
    assert charge(shop, permission, "20", "another").status == 422


def test_a_reference_is_for_one_request(shop: Shop) -> None:
    assert shop.post("/in-store/merchantScan", scan_body(shop, "same")).status == 200
    other = {**scan_body(shop, "same"), "scanData": "another code"}
    assert shop.post("/in-store/merchantScan", other).error == BAD_VALUE
    permission = scanned(shop)
    of = charge(shop, permission, "20", "same").json["chargeId"]
    second = charge(shop, permission, "21", "same")
    assert second.error == BAD_VALUE
    assert "used before" in second.json["message"]
    assert refund(shop, of, "5", "same").status == 200
    assert refund(shop, of, "6", "same").error == BAD_VALUE
    shown = shop.get(f"/chargePermissions/{permission}").json
    assert shown["limits"]["amountBalance"]["amount"].endswith("0.00")


def test_a_reference_of_a_refused_call_is_still_free(shop: Shop) -> None:
    permission = scanned(shop, "100")
    assert charge(shop, permission, "101", "c1").status == 400
    of = charge(shop, permission, "20", "c1")
    assert of.status == 200
    assert refund(shop, of.json["chargeId"], "100", "r1").status == 400
    assert refund(shop, of.json["chargeId"], "20", "r1").status == 200


def test_a_repeated_key_gives_the_first_answer(shop: Shop) -> None:
    body = charge_body(shop, scanned(shop), "20", "c1")
    replies = {shop.post("/in-store/charge", body, key="k").body for _ in range(2)}
    assert len(replies) == 1


def test_the_till_needs_no_key(shop: Shop) -> None:
    body = scan_body(shop)
    assert shop.send("POST", "/in-store/merchantScan", body).status == 200
