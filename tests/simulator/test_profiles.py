"""What each profile takes, refuses and shows: docs/simulator.md, section Profiles."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from AmazonPay import ConfigurationError
from AmazonPay.simulator import PROFILES, Profile, Request, Settings
from AmazonPay.simulator.wire.idempotency import key_of
from simulated import (
    KEY_ID,
    LIVE_KEY_ID,
    SALTS,
    Shop,
    authorization,
    canonical,
    reply_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from simulated import Reply

NAMES: list[Profile] = ["lenient", "default", "hostile"]
LENIENT = PROFILES["lenient"]
# Hostile in its rules, without what the dice do.
RULES = replace(PROFILES["hostile"], failed_calls=0, lost_answers=0, stale_reads=0)

TARGET = "/v2/charges/S01-0000000-0000000-C000000"
LET_IN = (404, "ResourceNotFound")


@pytest.fixture
def shop() -> Shop:
    return Shop(settings=RULES)


def ask(
    shop: Shop,
    *,
    date: str | None = None,
    region: str = "na",
    algorithm: str = "AMZN-PAY-RSASSA-PSS",
) -> Reply:
    """Ask for a charge that is not there."""
    headers = {"x-amz-pay-date": date or shop.clock.text, "x-amz-pay-region": region}
    names = ";".join(sorted(headers))
    text = canonical("GET", TARGET, headers, names, b"")
    value = authorization(text, names, algorithm=algorithm)
    pairs = (*headers.items(), ("authorization", value))
    return reply_of(shop.simulator.handle(Request("GET", TARGET, pairs)))


# The table ----------------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"
SECTION = (
    PAGE.read_text(encoding="utf-8").partition("## Profiles\n")[2].partition("\n## ")[0]
)


def size(value: object) -> int:
    return len(value) if isinstance(value, (tuple, frozenset, dict)) else 0


def names_in(value: Collection[str]) -> str:
    return ", ".join(f"`{one}`" for one in sorted(value)) or "none"


def words(value: object) -> str:
    """Write a value as the page does."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} s"
    if isinstance(value, float):
        return f"{value:.0%}"
    if isinstance(value, (tuple, frozenset, dict)):
        names = cast("Collection[str]", value)
        # More of them would make the table wider than its page.
        return names_in(names) if len(names) <= 2 else f"{len(names)} names"
    if isinstance(value, str) and value.isalpha():
        return f"`{value}`"
    return "never" if value is None else str(value)


def test_the_page_has_each_setting_and_its_value_in_each_profile() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| .* \| (.*) \| (.*) \| (.*) \|$", SECTION, re.MULTILINE
    )
    assert rows == [
        (field.name, *(words(getattr(PROFILES[name], field.name)) for name in NAMES))
        for field in fields(Settings)
    ]


def test_the_page_has_the_names_that_its_table_counts() -> None:
    lists = SECTION.partition("The names that the table counts:\n\n")[2]
    said = re.findall(r"^- `(\w+)`: (.*)$", lists, re.MULTILINE)
    values = {
        (field.name, names_in(value))
        for name in NAMES
        for field in fields(Settings)
        if size(value := getattr(PROFILES[name], field.name)) > 2
    }
    assert said == sorted(values)


def test_the_default_profile_is_the_default_settings() -> None:
    assert PROFILES["default"] == Settings()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"failed_calls": -0.1}, "failed_calls is a share"),
        ({"lost_answers": 1.1}, "lost_answers is a share"),
        ({"stale_reads": 2}, "stale_reads is a share"),
        ({"retry_after": 2}, "retry_after is a share"),
        ({"failed_calls": 0.6, "lost_answers": 0.6}, "above 1"),
        ({"headroom": 0}, "headroom is 1 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Settings(**wrong)


# The date -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_date_one_second_ahead_is_refused(name: Profile) -> None:
    shop = Shop(settings=PROFILES[name])
    reply = ask(shop, date="21000115T120001Z")
    assert reply.error == (400, "InvalidHeaderValue")
    assert reply.json["message"] == (
        "The value 21000115T120001Z provided for x-amz-pay-date should not be in future"
    )


@pytest.mark.parametrize(
    ("settings", "date", "error"),
    [
        (RULES, "21000115T115501Z", LET_IN),
        (RULES, "21000115T115500Z", (400, "InvalidHeaderValue")),
        (RULES, "20990115T120000Z", (400, "InvalidHeaderValue")),
        (Settings(), "20990115T120000Z", LET_IN),
        (LENIENT, "20990115T120000Z", LET_IN),
    ],
)
def test_only_hostile_refuses_a_date_of_five_minutes_ago(
    settings: Settings, date: str, error: tuple[int, str]
) -> None:
    assert ask(Shop(settings=settings), date=date).error == error


def test_the_refusal_of_an_old_date_names_date_and_header() -> None:
    date = "21000115T115500Z"
    assert ask(Shop(settings=RULES), date=date).json["message"] == (
        f"The value {date} provided for x-amz-pay-date should not be older than"
        " 300 seconds"
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_has_the_date_of_the_simulators_clock(name: Profile) -> None:
    settings = replace(PROFILES[name], failed_calls=0.5, lost_answers=0.5)
    shop = Shop(settings=settings)
    answers = [
        shop.simulator.handle(Request("GET", "/openapi.json")),
        shop.simulator.handle(Request("POST", "/_simulator/x")),
        shop.simulator.handle(Request("GET", "/nothing")),
        *(shop.simulator.handle(shop.signed("GET", TARGET, b"")) for _ in range(5)),
    ]
    for answer in answers:
        dates = [value for name, value in answer.headers if name == "date"]
        assert dates == ["Fri, 15 Jan 2100 12:00:00 GMT"]
        assert ("x-simulator", "AmazonPay") in answer.headers


# The region ---------------------------------------------------------------------------

V1, V2 = SALTS


@pytest.mark.parametrize(
    ("settings", "algorithm", "region", "error"),
    [
        (RULES, V2, "us", (400, "InvalidHeaderValue")),
        (RULES, V2, "US", (400, "InvalidHeaderValue")),
        (RULES, V2, "na", LET_IN),
        (RULES, V2, "NA", LET_IN),
        (RULES, V1, "us", LET_IN),
        (Settings(), V2, "us", LET_IN),
        (LENIENT, V2, "us", LET_IN),
    ],
)
def test_only_hostile_takes_no_alias_of_a_region_under_v2(
    settings: Settings, algorithm: str, region: str, error: tuple[int, str]
) -> None:
    shop = Shop(settings=settings)
    assert ask(shop, algorithm=algorithm, region=region).error == error


@pytest.mark.parametrize("region", ["de", "uk"])
def test_the_aliases_of_europe_are_refused_too(region: str) -> None:
    shop = Shop("eu", settings=RULES)
    error = ask(shop, algorithm=V2, region=region).error
    assert error == (400, "InvalidHeaderValue")


# What lenient forgives ----------------------------------------------------------------

CREATES = "/checkoutSessions"


def test_lenient_takes_members_that_nobody_documents_at_any_depth() -> None:
    shop = Shop(settings=LENIENT)
    body = shop.session_body()
    body["paymentDetails"]["theme"] = "dark"
    assert shop.post(CREATES, {**body, "theme": "dark"}).status == 201


@pytest.mark.parametrize("name", ["default", "hostile"])
def test_the_others_refuse_them(name: Profile) -> None:
    settings = replace(PROFILES[name], failed_calls=0, lost_answers=0)
    shop = Shop(settings=settings)
    reply = shop.post(CREATES, {**shop.session_body(), "theme": "dark"})
    assert reply.error == (400, "UnrecognizedField")


def test_lenient_still_refuses_a_wrong_value_beside_an_unknown_member() -> None:
    shop = Shop(settings=LENIENT)
    body = {**shop.session_body(intent="Steal"), "theme": "dark"}
    assert shop.post(CREATES, body).error == (400, "InvalidParameterValue")


@pytest.mark.parametrize(
    "key", [None, "", "a6d1e2b0-7a3c-4f0e-9b1d-0123456789ab", "order 7"]
)
def test_lenient_takes_any_key_or_none(key: str | None) -> None:
    shop = Shop(settings=LENIENT)
    assert shop.send("POST", CREATES, shop.session_body(), key=key).status == 201


def test_lenient_repeats_the_answer_of_a_key_of_any_form() -> None:
    shop = Shop(settings=LENIENT)
    bodies = {
        shop.post(CREATES, shop.session_body(), key="order 7").body for _ in range(2)
    }
    assert len(bodies) == 1


def test_lenient_lets_two_operations_use_one_key() -> None:
    shop = Shop(settings=LENIENT)
    shop.post(CREATES, shop.session_body(), key="k")
    body = {"chargeId": "S01-0000000-0000000-C000000", "refundAmount": shop.money("1")}
    assert shop.post("/refunds", body, key="k").error == LET_IN


def test_lenient_still_refuses_another_body_of_one_operation() -> None:
    shop = Shop(settings=LENIENT)
    shop.post(CREATES, shop.session_body("50"), key="k")
    other = shop.post(CREATES, shop.session_body("51"), key="k")
    assert other.error == (400, "DuplicateIdempotencyKey")


@pytest.mark.parametrize(
    ("settings", "status"), [(LENIENT, 201), (Settings(), 400), (RULES, 400)]
)
def test_only_lenient_knows_a_second_code_for_refunds(
    settings: Settings, status: int
) -> None:
    shop = Shop(settings=replace(settings, capture_shows_after=timedelta(0)))
    charge = shop.sold()
    assert shop.refund(charge, "1", code="ProcessingFailure").status == status


# Keys that hostile ignores ------------------------------------------------------------


@pytest.mark.parametrize(
    "operation",
    [
        "complete_checkout_session",
        "finalize_checkout_session",
        "create_delivery_tracker",
        "instore_merchant_scan",
        "instore_charge",
        "instore_refund",
    ],
)
@pytest.mark.parametrize(
    ("settings", "key"), [(RULES, None), (Settings(), "k"), (LENIENT, "k")]
)
def test_hostile_does_not_look_at_the_keys_of_these(
    operation: str, settings: Settings, key: str | None
) -> None:
    request = Request("POST", "/", (("x-amz-pay-idempotency-key", "k"),))
    assert key_of(request, operation, settings) == key


@pytest.mark.parametrize(
    "operation",
    ["create_checkout_session", "create_charge", "capture_charge", "create_refund"],
)
def test_hostile_wants_a_key_where_money_moves(operation: str) -> None:
    request = Request("POST", "/", (("x-amz-pay-idempotency-key", "k"),))
    assert key_of(request, operation, RULES) == "k"


def completed_twice(settings: Settings) -> tuple[Reply, Reply]:
    shop = Shop(settings=settings)
    path, body = f"{CREATES}/{shop.paid()}/complete", {"chargeAmount": shop.money("50")}
    return shop.post(path, body, key="k"), shop.post(path, body, key="k")


def test_a_second_complete_meets_a_session_that_is_no_longer_open() -> None:
    first, again = completed_twice(RULES)
    assert first.status == 200
    assert again.error == (422, "InvalidCheckoutSessionStatus")


@pytest.mark.parametrize("settings", [Settings(), LENIENT])
def test_a_second_complete_is_a_replay_elsewhere(settings: Settings) -> None:
    first, again = completed_twice(settings)
    assert (again.status, again.body) == (200, first.body)


def test_a_second_finalize_meets_a_session_that_is_no_longer_open(shop: Shop) -> None:
    session = shop.paid()
    open_session = shop.get(f"{CREATES}/{session}").json
    body = {
        "chargeAmount": shop.money("50"),
        "paymentIntent": "Authorize",
        "shippingAddress": {
            name: value
            for name, value in open_session["shippingAddress"].items()
            if value is not None
        },
    }
    path = f"{CREATES}/{session}/finalize"
    first, again = (shop.post(path, body, key="k") for _ in range(2))
    assert first.status == 200, first
    assert again.error == (422, "InvalidCheckoutSessionStatus")


def test_a_second_delivery_tracker_meets_a_number_that_was_used(shop: Shop) -> None:
    body = {
        "chargePermissionId": shop.buy().permission,
        "deliveryDetails": [{"trackingNumber": "1Z", "carrierCode": "UPS"}],
    }
    first, again = (shop.post("/deliveryTrackers", body, key="k") for _ in range(2))
    assert (first.status, again.error) == (200, (400, "InvalidParameterValue"))


# A capture that shows later -----------------------------------------------------------


def test_a_capture_stays_authorized_for_ten_seconds(shop: Shop) -> None:
    charge = shop.buy().charge
    authorized = shop.get(f"/charges/{charge}")
    shop.clock.move(seconds=1)
    captured = shop.capture(charge, "50")
    assert (captured.status, captured.json) == (200, authorized.json)
    shop.clock.move(seconds=9)
    assert shop.get(f"/charges/{charge}").json == authorized.json
    shop.clock.move(seconds=1)
    shown = shop.get(f"/charges/{charge}")
    assert shown.state == ("Captured", None)
    assert shown.json["captureAmount"] == {"amount": "50.00", "currencyCode": "USD"}


def test_a_second_capture_with_another_key_is_refused_meanwhile(shop: Shop) -> None:
    charge = shop.buy().charge
    shop.capture(charge, "30")
    assert shop.capture(charge, "30").error == (422, "InvalidChargeStatus")
    shop.clock.move(seconds=10)
    captured = shop.get(f"/charges/{charge}").json["captureAmount"]
    assert captured == {"amount": "30.00", "currencyCode": "USD"}


def test_a_second_capture_with_the_same_key_is_a_replay_meanwhile(shop: Shop) -> None:
    charge = shop.buy().charge
    body = {"captureAmount": shop.money("50")}
    path = f"/charges/{charge}/capture"
    first, again = (shop.post(path, body, key="k") for _ in range(2))
    assert (again.status, again.body) == (200, first.body)


def test_it_can_be_neither_cancelled_nor_refunded_meanwhile(shop: Shop) -> None:
    charge = shop.buy().charge
    shop.capture(charge, "30")
    assert shop.delete(f"/charges/{charge}/cancel", {}).status == 422
    assert shop.refund(charge, "30").error == (422, "InvalidChargeStatus")


def test_closing_the_permission_does_not_cancel_it(shop: Shop) -> None:
    bought = shop.buy()
    shop.capture(bought.charge, "30")
    closing = {"closureReason": "done", "cancelPendingCharges": True}
    closed = shop.delete(f"/chargePermissions/{bought.permission}/close", closing)
    shop.clock.move(seconds=10)
    assert closed.status == 200
    assert shop.get(f"/charges/{bought.charge}").state == ("Captured", None)


@pytest.mark.parametrize("days", [7.5, 0])
def test_a_pending_capture_by_amazons_own_rules_is_shown(days: float) -> None:
    shop = Shop(key_id=LIVE_KEY_ID if days else KEY_ID, settings=RULES)
    charge = shop.buy().charge
    shop.clock.move(days=days)
    code = None if days else "CaptureInitiated"
    state = shop.capture(charge, "50", code=code).state
    assert state == ("CaptureInitiated", None)


def test_capture_now_stays_authorized_for_ten_seconds(shop: Shop) -> None:
    permission = shop.buy("50", "Confirm").permission
    created = shop.charge(permission, "20", captureNow=True)
    charge = created.json["chargeId"]
    shop.clock.move(seconds=9)
    before = shop.get(f"/charges/{charge}")
    shop.clock.move(seconds=1)
    after = shop.get(f"/charges/{charge}")
    assert (created.status, created.state) == (201, ("Authorized", None))
    assert before.json == created.json
    assert created.json["captureAmount"] is None
    assert after.state == ("Captured", None)
    assert after.json["captureAmount"] == {"amount": "20.00", "currencyCode": "USD"}


def test_a_checkout_that_captures_stays_authorized_for_ten_seconds(shop: Shop) -> None:
    charge = shop.sold()
    before = shop.get(f"/charges/{charge}").state
    shop.clock.move(seconds=10)
    after = shop.get(f"/charges/{charge}").state
    assert (before, after) == (("Authorized", None), ("Captured", None))


@pytest.mark.parametrize("settings", [Settings(), LENIENT])
def test_a_capture_shows_at_once_elsewhere(settings: Settings) -> None:
    shop = Shop(settings=settings)
    assert shop.capture(shop.buy().charge, "50").state == ("Captured", None)


# Headroom -----------------------------------------------------------------------------

TEN_TIMES = Settings(headroom=10)


def test_with_headroom_a_second_and_a_tenth_charge_pass_and_an_eleventh_does_not() -> (
    None
):
    shop = Shop(settings=TEN_TIMES)
    permission = shop.buy("50", "Confirm").permission
    charges = [shop.charge(permission, "50", captureNow=True) for _ in range(11)]
    assert [charge.status for charge in charges] == [201] * 10 + [422]
    assert charges[-1].error == (422, "InvalidChargePermissionStatus")


def test_with_headroom_a_monthly_limit_is_ten_times_as_high() -> None:
    shop = Shop(settings=TEN_TIMES)
    frequency = {"frequency": {"unit": "Month", "value": "1"}}
    more = {"chargePermissionType": "Recurring", "recurringMetadata": frequency}
    permission = shop.buy("50", "Confirm", more=more).permission
    limits = shop.get(f"/chargePermissions/{permission}").json["limits"]
    assert limits["amountLimit"]["amount"] == "10000.00"


def test_with_headroom_there_may_be_ten_times_as_many_charges() -> None:
    shop = Shop(settings=replace(TEN_TIMES, charges_per_permission=1))
    permission = shop.buy("50", "Confirm").permission
    charges = [shop.charge(permission, "1") for _ in range(11)]
    assert [charge.status for charge in charges] == [201] * 10 + [422]
    assert charges[-1].error == (422, "TransactionCountExceeded")


@pytest.mark.parametrize(
    ("amount", "most", "refusal"),
    [
        # 57.50 is what may be refunded of 50, so that ten times as much is 575.
        ("57.5", 2, (400, "TransactionAmountExceeded")),
        ("1", 1, (422, "TransactionCountExceeded")),
    ],
)
def test_with_headroom_ten_times_as_much_may_be_refunded_ten_times_as_often(
    amount: str, most: int, refusal: tuple[int, str]
) -> None:
    shop = Shop(settings=replace(TEN_TIMES, refunds_per_charge=most))
    charge = shop.sold()
    refunds = [shop.refund(charge, amount) for _ in range(11)]
    assert [refund.status for refund in refunds[:10]] == [201] * 10
    assert refunds[10].error == refusal
