"""Single facts of Amazon's answers, and what other SDKs send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.simulator import Settings, merchant
from AmazonPay.simulator.engine.throttling import Throttle
from keys import KEY
from reference.accounts import SANDBOX_REPORT
from simulated import KEY_ID, LIVE_KEY_ID, START, Shop

if TYPE_CHECKING:
    from simulated import Reply

BAD_VALUE = (400, "InvalidParameterValue")
WALLET: dict[str, Any] = {
    "chargePermissionType": "PaymentMethodOnFile",
    "paymentMethodOnFileMetadata": {"setupOnly": False},
}


def created(shop: Shop, **members: object) -> Reply:
    return shop.post("/checkoutSessions", {**shop.session_body(), **members})


# Left out -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        {"merchantMetadata": None},
        {"merchantMetadata": []},
        {"merchantMetadata": {"noteToBuyer": None, "merchantReferenceId": "A"}},
        {"scopes": None, "platformId": None, "providerMetadata": []},
        {"recurringMetadata": []},
        {"deliverySpecifications": []},
        {"deliverySpecifications": {"specialRestrictions": None}},
        {
            "deliverySpecifications": {
                "addressRestrictions": {
                    "type": "Allowed",
                    "restrictions": {"US": {"zipCodes": None}},
                }
            }
        },
        {"addressDetails": None, "multiAddressesCheckoutMetadata": None},
        {"chargePermissionType": None, "chargePermissionId": None},
    ],
)
def test_optional_members_that_stand_for_none_are_taken_as_left_out(
    shop: Shop, members: dict[str, Any]
) -> None:
    reply = created(shop, **members)
    assert reply.status == 201, reply
    assert reply.json["chargePermissionType"] == "OneTime"
    plain = created(shop).json["merchantMetadata"]
    given = members.get("merchantMetadata") or {}
    assert reply.json["merchantMetadata"] == {**plain, **given}


@pytest.mark.parametrize(
    "payment",
    [
        {"totalOrderAmount": None, "softDescriptor": None},
        {"allowOvercharge": None, "extendExpiration": None},
        {"canHandlePendingAuthorization": None, "presentmentCurrency": None},
        {"totalOrderAmount": []},
    ],
)
def test_a_payload_of_php_pays(shop: Shop, payment: dict[str, Any]) -> None:
    session = shop.paid(shop.session_body(**payment))
    assert shop.complete(session).status == 200


def test_null_changes_nothing_in_an_update(shop: Shop) -> None:
    session = shop.open(
        {**shop.session_body(), "merchantMetadata": {"noteToBuyer": "Hi"}}
    )
    body = {
        "merchantMetadata": {"noteToBuyer": None},
        "paymentDetails": {"chargeAmount": None, "paymentIntent": None},
        "recurringMetadata": [],
    }
    reply = shop.patch(f"/checkoutSessions/{session}", body)
    assert reply.status == 200
    assert reply.json["merchantMetadata"]["noteToBuyer"] == "Hi"
    assert reply.json["paymentDetails"]["chargeAmount"] == shop.money("50.00")


def test_charges_and_refunds_take_nulls_too(shop: Shop) -> None:
    permission = shop.buy("50", "Confirm").permission
    nulls: dict[str, Any] = {"softDescriptor": None, "merchantMetadata": []}
    body = {"chargePermissionId": permission, "chargeAmount": shop.money("5"), **nulls}
    charge = shop.post("/charges", {**body, "captureNow": True})
    assert charge.status == 201
    refund = {"chargeId": charge.json["chargeId"], "refundAmount": shop.money("1")}
    assert shop.post("/refunds", {**refund, "softDescriptor": None}).status == 201


@pytest.mark.parametrize(
    "members",
    [
        {"storeId": None},
        {"webCheckoutDetails": []},
        {"scopes": [None]},
        {"merchantMetadata": [1]},
        {"merchantMetadata": ""},
        {"merchantMetadata": {"unknown": None}},
        {
            "deliverySpecifications": {
                "addressRestrictions": {"type": "Allowed", "restrictions": {"US": []}}
            }
        },
        {"paymentDetails": {"chargeAmount": {"amount": None, "currencyCode": "USD"}}},
    ],
)
def test_what_is_needed_or_nothing_that_stands_for_none_is_refused(
    shop: Shop, members: dict[str, Any]
) -> None:
    assert created(shop, **members).status == 400


def test_complete_takes_no_null(shop: Shop) -> None:
    body = {"chargeAmount": shop.money("50"), "totalOrderAmount": None}
    reply = shop.post(f"/checkoutSessions/{shop.paid()}/complete", body)
    assert reply.error == BAD_VALUE


# Saved wallets ------------------------------------------------------------------------


def wallet(shop: Shop) -> str:
    return shop.buy("20", "Confirm", more=WALLET).permission


@pytest.mark.parametrize("intent", ["Confirm", "Authorize", "AuthorizeWithCapture"])
@pytest.mark.parametrize("act", ["deletePaymentMethod", "expirePaymentMethod", None])
def test_a_session_for_a_wallet_mends_that_wallet(
    shop: Shop, act: str | None, intent: str
) -> None:
    saved = wallet(shop)
    if act is not None:
        shop.simulator.manage(saved, act)
    more = {**WALLET, "chargePermissionId": saved}
    session = shop.paid({**shop.session_body("20", intent), **more}, card="4444")
    done = shop.complete(session, "20").json
    assert done["chargePermissionId"] == saved
    permission = shop.get(f"/chargePermissions/{saved}")
    assert permission.state == ("Chargeable", None)
    (preference,) = permission.json["paymentPreferences"]
    assert "4444" in preference["paymentDescriptor"]
    if intent != "Confirm":
        charge = shop.get(f"/charges/{done['chargeId']}").json
        assert charge["chargePermissionId"] == saved


def test_only_an_open_wallet_of_the_merchant_can_be_mended(shop: Shop) -> None:
    saved, order = wallet(shop), shop.buy().permission
    for named in (order, "C01-0000000-0000000"):
        reply = created(shop, **WALLET, chargePermissionId=named)
        assert reply.error == BAD_VALUE
        assert "'chargePermissionId'" in reply.json["message"]
    reply = created(shop, chargePermissionId=saved)
    assert reply.error == (400, "InvalidParameterCombination")
    session = shop.paid(
        {**shop.session_body("20"), **WALLET, "chargePermissionId": saved}
    )
    shop.simulator.manage(saved, "close")
    closed = (422, "InvalidChargePermissionStatus")
    assert created(shop, **WALLET, chargePermissionId=saved).error == closed
    assert shop.complete(session, "20").error == closed


# Buy Now ------------------------------------------------------------------------------


def test_a_buy_now_session_needs_no_urls_and_ends_with_finalize(shop: Shop) -> None:
    body = shop.session_body()
    del body["webCheckoutDetails"]
    session = shop.open(body)
    shown = shop.simulator.choose(session)
    assert shown["constraints"] == []
    shop.simulator.pay(session)
    refused = (422, "InvalidCheckoutSessionStatus")
    assert shop.complete(session).error == refused
    done = shop.post(
        f"/checkoutSessions/{session}/finalize",
        {
            "chargeAmount": shop.money("50"),
            "paymentIntent": "Authorize",
            "shippingAddress": shown["shippingAddress"],
        },
    )
    assert (done.status, done.state) == (200, ("Completed", None))
    assert done.json["chargeId"] is not None
    assert "checkoutErrorUrl" in done.json["webCheckoutDetails"]


# Texts --------------------------------------------------------------------------------


def test_the_reason_of_a_closed_permission_is_the_callers(shop: Shop) -> None:
    permission = f"/chargePermissions/{shop.buy('50', 'Confirm').permission}"
    closed = shop.delete(f"{permission}/close", {"closureReason": "Out of tea"})
    for reply in (closed, shop.get(permission)):
        (reason,) = reply.json["statusDetails"]["reasons"]
        assert reason == {
            "reasonCode": "MerchantClosed",
            "reasonDescription": "Out of tea",
        }


def test_the_monthly_limit_says_to_wait_for_the_next_month(shop: Shop) -> None:
    recurring = {"frequency": {"unit": "Month", "value": "1"}}
    more = {"chargePermissionType": "Recurring", "recurringMetadata": recurring}
    permission = shop.buy("20", "Confirm", more=more).permission
    reply = shop.charge(permission, "1000.01")
    assert reply.error == (400, "PeriodicAmountExceeded")
    for word in ("monthly limit", "Charge Permission", "1000 USD", "next month"):
        assert word in reply.json["message"]


@pytest.mark.parametrize(
    ("member", "value", "name", "limit"),
    [
        (
            "merchantMetadata",
            {"noteToBuyer": "x" * 256},
            "merchantMetadata.noteToBuyer",
            "255",
        ),
        (
            "merchantMetadata",
            {"customInformation": "x" * 4097},
            "merchantMetadata.customInformation",
            "4096",
        ),
        (
            "paymentDetails",
            {"softDescriptor": "x" * 17},
            "paymentDetails.softDescriptor",
            "16",
        ),
        (
            "paymentDetails",
            {"paymentIntent": "Pay"},
            "paymentDetails.paymentIntent",
            "AuthorizeWithCapture",
        ),
        ("chargePermissionType", "Once", "chargePermissionType", "Recurring"),
        (
            "webCheckoutDetails",
            {"checkoutResultReturnUrl": "https://a.b/" + "x" * 512},
            "webCheckoutDetails.checkoutResultReturnUrl",
            "512",
        ),
        ("scopes", "name", "scopes", "list"),
        ("storeId", 5, "storeId", "string"),
    ],
)
def test_a_refusal_names_the_member_and_its_limit(
    shop: Shop, member: str, value: object, name: str, limit: str
) -> None:
    message = created(shop, **{member: value}).json["message"]
    assert message.startswith(f"The value provided for '{name}' is invalid: ")
    assert limit in message.partition(": ")[2]


def test_a_refused_amount_names_the_member_and_what_is_left(shop: Shop) -> None:
    total = shop.money("60")
    permission = shop.buy("50", "Confirm", totalOrderAmount=total).permission
    charge = shop.charge(permission, "40").json["chargeId"]
    sold = shop.sold("100")
    told = {
        shop.charge(permission, "60.01").json["message"]: ("chargeAmount", "60.00 USD"),
        shop.capture(charge, "40.01").json["message"]: ("captureAmount", "40.00"),
        shop.refund(sold, "115.01").json["message"]: ("refundAmount", "115.00"),
        shop.charge(permission, "150001").json["message"]: ("chargeAmount", "150000"),
    }
    assert len(told) == 4
    for message, words in told.items():
        for word in words:
            assert word in message


# Refunds ------------------------------------------------------------------------------


def test_a_refund_takes_about_half_a_minute(shop: Shop) -> None:
    refund = shop.refund(shop.sold(), "5").json["refundId"]
    shop.clock.move(seconds=29)
    assert shop.get(f"/refunds/{refund}").state == ("RefundInitiated", None)
    shop.clock.move(seconds=1)
    assert shop.get(f"/refunds/{refund}").state == ("Refunded", None)


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ({"merchantStoreName": "Tea House"}, "AMZ*Tea House"),
        ({"merchantStoreName": "A very long name of a store"}, "AMZ*A very long name"),
        ({"noteToBuyer": "Hi"}, "AMZ*Simulated Shop"),
    ],
)
def test_a_refund_shows_the_stores_name(
    shop: Shop, metadata: dict[str, str], text: str
) -> None:
    more = {"merchantMetadata": metadata}
    charge = shop.buy("50", "AuthorizeWithCapture", more=more).charge
    assert shop.refund(charge, "5").json["softDescriptor"] == text


def test_japan_sets_no_descriptor_of_a_refund() -> None:
    shop = Shop("jp")
    charge = shop.sold("500")
    body = {"chargeId": charge, "refundAmount": shop.money("5")}
    refused = shop.post("/refunds", {**body, "softDescriptor": "Tea"})
    assert refused.error == BAD_VALUE
    assert "softDescriptor" in refused.json["message"]
    assert shop.post("/refunds", body).json["softDescriptor"] == "AMZ*Simulated Shop"


# Lists and reports --------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "processingStatuses=COMPLETED&processingStatuses=CANCELLED",
        "processingStatuses=COMPLETED%2CCANCELLED",
    ],
)
def test_a_list_comes_in_one_member_or_in_many(shop: Shop, query: str) -> None:
    times = {"startTime": "21000101T000000Z", "endTime": "21001231T000000Z"}
    body = {"reportType": SANDBOX_REPORT, **times}
    shop.post("/reports", body)
    shop.clock.move(seconds=1)
    shop.sold()
    shop.post("/reports", body)
    shop.clock.move(seconds=1)
    shop.post("/reports", body)
    found = shop.get(f"/reports?{query}").json["reports"]
    assert [one["processingStatus"] for one in found] == ["COMPLETED", "CANCELLED"]


@pytest.mark.parametrize(
    "query",
    [
        "pageSize=5&pageSize=6",
        "createdSince=21000101T000000Z&createdSince=21000102T000000Z",
        "processingStatuses=COMPLETED&processingStatuses=NEVER",
        "processingStatuses=COMPLETED&processingStatuses=",
    ],
)
def test_what_is_no_list_comes_once_and_each_value_is_known(
    shop: Shop, query: str
) -> None:
    assert shop.get(f"/reports?{query}").error == BAD_VALUE


def test_the_sandbox_settlement_can_be_scheduled_in_sandbox_alone() -> None:
    body = {"reportType": SANDBOX_REPORT, "scheduleFrequency": "P1D"}
    assert Shop().post("/report-schedules", body).status == 201
    live = Shop(key_id=LIVE_KEY_ID)
    assert live.post("/report-schedules", body).error == BAD_VALUE
    assert (
        live.post("/report-schedules", {**body, "scheduleFrequency": 1}).status == 400
    )


# Delegated calls ----------------------------------------------------------------------


def test_delegated_calls_have_a_bucket_of_their_own() -> None:
    throttle = Throttle()

    def admitted(delegate: str | None) -> int:
        answers = (
            throttle.admits("A/sandbox", "sandbox", "create_charge", START, delegate)
            for _ in range(5)
        )
        return sum(answers)

    assert [admitted(one) for one in (None, "A9", "A8", "A9", None)] == [2, 2, 2, 0, 0]


def test_a_provider_does_not_use_up_the_merchants_quota() -> None:
    shop = Shop(settings=Settings(throttles=True))
    ours = shop.simulator.merchants[KEY_ID]
    shop.simulator.merchants["SANDBOX-PSP"] = merchant(
        "SANDBOX-PSP", KEY.public_key(), region="na", merchant_id="A9PROVIDER"
    )
    token = shop.simulator.authorize("SANDBOX-PSP", ours.merchant_id)
    provider = Shop(key_id="SANDBOX-PSP")
    provider.simulator, provider.clock = shop.simulator, shop.clock
    replies = [provider.send("GET", "/charges/x", token=token).status for _ in range(6)]
    assert replies == [404] * 5 + [429]
    assert shop.get("/charges/x").status == 404
