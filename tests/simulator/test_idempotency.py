"""One key, one answer: `amazon-pay-api-v2/idempotency.html`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import pytest

from AmazonPay.simulator import Settings
from AmazonPay.simulator.handlers.registry import HANDLERS, Handler
from AmazonPay.simulator.wire.errors import APIRefusal
from simulated import Shop

if TYPE_CHECKING:
    from AmazonPay.simulator.engine.context import Context
    from AmazonPay.simulator.wire.api_call import APICall, Result

MISSING = (400, "MissingHeader")
DUPLICATE = (400, "DuplicateIdempotencyKey")
ONE_YEAR = 365


def charge_body(shop: Shop, permission: str, amount: object = "10") -> dict[str, Any]:
    return {"chargePermissionId": permission, "chargeAmount": shop.money(amount)}


def permission_of(shop: Shop) -> str:
    """Make a permission with 50 to charge."""
    return shop.buy("50", "Confirm").permission


# The same request ---------------------------------------------------------------------


def test_a_repeated_key_gives_the_first_answer_though_the_charge_moved_on(
    shop: Shop,
) -> None:
    body = charge_body(shop, permission_of(shop))
    first = shop.post("/charges", body, key="k")
    charge = first.json["chargeId"]
    shop.capture(charge, "10")
    again = shop.post("/charges", body, key="k")
    assert (again.status, again.body) == (first.status, first.body)
    assert again.state == ("Authorized", None)
    assert shop.get(f"/charges/{charge}").state == ("Captured", None)


def test_a_repeated_key_does_nothing_a_second_time(shop: Shop) -> None:
    charge = shop.sold()
    body = {"chargeId": charge, "refundAmount": shop.money("50")}
    ids = {shop.post("/refunds", body, key="k").json["refundId"] for _ in range(3)}
    shop.clock.move(seconds=30)
    assert len(ids) == 1
    refunded = shop.get(f"/charges/{charge}").json["refundedAmount"]
    assert refunded == {"amount": "50.00", "currencyCode": "USD"}


@pytest.mark.parametrize(
    "text",
    [
        '{"chargePermissionId":"%s","chargeAmount":{"amount":"1","currencyCode":"USD"}}',
        '{"chargeAmount":{"currencyCode":"USD","amount":"1"},"chargePermissionId":"%s"}',
        (
            ' {\n"chargePermissionId" : "%s",\t"chargeAmount" :'
            ' {"amount": "1", "currencyCode": "\\u0055SD"} } '
        ),
    ],
)
def test_white_space_order_and_escapes_make_no_other_request(
    shop: Shop, text: str
) -> None:
    permission = permission_of(shop)
    first = shop.post("/charges", charge_body(shop, permission, "1"), key="k")
    again = shop.post("/charges", (text % permission).encode(), key="k")
    assert (again.status, again.body) == (201, first.body)


def test_a_trailing_slash_makes_no_other_request(shop: Shop) -> None:
    body = charge_body(shop, permission_of(shop))
    first = shop.post("/charges", body, key="k")
    assert shop.post("/charges/", body, key="k").body == first.body


def test_a_key_lasts_ten_years(shop: Shop) -> None:
    body = charge_body(shop, permission_of(shop))
    first = shop.post("/charges", body, key="k")
    shop.clock.move(days=10 * ONE_YEAR)
    again = shop.post("/charges", body, key="k")
    assert (again.status, again.body) == (201, first.body)


def test_a_replay_is_marked_in_the_story(shop: Shop) -> None:
    session = shop.session_body()
    ids = {shop.post("/checkoutSessions", session, key="k").body for _ in range(2)}
    assert len(ids) == 1
    rows = [row for row in shop.simulator.story() if row.kind == "request"]
    assert [row.facts["replayed"] for row in rows] == [False, True]
    assert [row.facts["idempotencyKey"] for row in rows] == ["k", "k"]


# Another request ----------------------------------------------------------------------


def test_another_value_under_the_same_key_is_refused_and_changes_nothing(
    shop: Shop,
) -> None:
    permission = permission_of(shop)
    first = shop.post("/charges", charge_body(shop, permission, "10"), key="k")
    other = shop.post("/charges", charge_body(shop, permission, "11"), key="k")
    again = shop.post("/charges", charge_body(shop, permission, "10"), key="k")
    assert other.error == DUPLICATE
    assert (again.status, again.body) == (201, first.body)


@pytest.mark.parametrize("amount", [10, 10.0, "10.0", "10.00"])
def test_another_writing_of_an_amount_is_another_request(
    shop: Shop, amount: object
) -> None:
    permission = permission_of(shop)
    shop.post("/charges", charge_body(shop, permission, "10"), key="k")
    other = shop.post("/charges", charge_body(shop, permission, amount), key="k")
    assert other.error == DUPLICATE


def test_a_member_more_is_another_request(shop: Shop) -> None:
    body = charge_body(shop, permission_of(shop))
    shop.post("/charges", body, key="k")
    assert shop.post("/charges", {**body, "channel": "Web"}, key="k").error == DUPLICATE


def test_another_path_under_the_same_key_is_refused(shop: Shop) -> None:
    permission = permission_of(shop)
    one = shop.charge(permission, "10").json["chargeId"]
    two = shop.charge(permission, "10").json["chargeId"]
    body = {"captureAmount": shop.money("10")}
    assert shop.post(f"/charges/{one}/capture", body, key="k").status == 200
    assert shop.post(f"/charges/{two}/capture", body, key="k").error == DUPLICATE


def test_another_operation_under_the_same_key_is_refused(shop: Shop) -> None:
    shop.post("/checkoutSessions", shop.session_body(), key="k")
    body = charge_body(shop, "S01-0000000-0000000")
    assert shop.post("/charges", body, key="k").error == DUPLICATE


# The header ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/checkoutSessions", MISSING),
        ("/charges", MISSING),
        ("/charges/S01-0000000-0000000-C000000/capture", MISSING),
        ("/refunds", MISSING),
    ],
)
def test_calls_that_create_or_take_money_need_a_key(
    path: str, error: tuple[int, str]
) -> None:
    assert Shop().send("POST", path, {}).error == error


def test_complete_and_trackers_need_no_key(shop: Shop) -> None:
    session = shop.paid()
    path = f"/checkoutSessions/{session}/complete"
    done = shop.send("POST", path, {"chargeAmount": shop.money("50")})
    tracked = shop.send(
        "POST",
        "/deliveryTrackers",
        {
            "chargePermissionId": done.json["chargePermissionId"],
            "deliveryDetails": [{"trackingNumber": "1Z", "carrierCode": "UPS"}],
        },
    )
    assert (done.status, tracked.status) == (200, 200)


@pytest.mark.parametrize("key", ["a", "0" * 32, "AZaz09-_", "  padded  "])
def test_a_key_is_one_to_32_letters_digits_dashes_or_lines(
    shop: Shop, key: str
) -> None:
    reply = shop.send("POST", "/checkoutSessions", shop.session_body(), key=key)
    assert reply.status == 201


@pytest.mark.parametrize("key", ["", " ", "0" * 33, "a b", "a.b", "ä", "a,b", "a/b"])
def test_a_key_of_another_form_is_refused(shop: Shop, key: str) -> None:
    reply = shop.send("POST", "/checkoutSessions", shop.session_body(), key=key)
    assert reply.error == (400, "InvalidHeaderValue")


def test_a_key_on_a_get_does_nothing(shop: Shop) -> None:
    charge = shop.buy().charge
    first = shop.send("GET", f"/charges/{charge}", key="k")
    shop.capture(charge, "50")
    again = shop.send("GET", f"/charges/{charge}", key="k")
    assert (first.state, again.state) == (("Authorized", None), ("Captured", None))


def test_a_key_on_a_patch_does_nothing(shop: Shop) -> None:
    session = shop.open()
    path = f"/checkoutSessions/{session}"
    for number in ("1", "2"):
        body = {"merchantMetadata": {"merchantReferenceId": number}}
        reply = shop.send("PATCH", path, body, key="k")
        metadata = reply.json["merchantMetadata"]
        assert (reply.status, metadata["merchantReferenceId"]) == (200, number)


def test_a_key_on_a_delete_does_nothing(shop: Shop) -> None:
    charge = shop.buy().charge
    path = f"/charges/{charge}/cancel"
    first = shop.send("DELETE", path, {}, key="k")
    again = shop.send("DELETE", path, {}, key="k")
    assert (first.status, again.error) == (200, (422, "InvalidChargeStatus"))


def test_a_key_that_only_a_get_bore_is_free(shop: Shop) -> None:
    shop.send("GET", "/charges/x", key="k")
    assert shop.post("/checkoutSessions", shop.session_body(), key="k").status == 201


# Which answers are stored -------------------------------------------------------------

StoredAnswers = Literal["2xx", "2xx+4xx", "all"]


def after_a_refusal(stored: StoredAnswers) -> int:
    """Charge too much, make room, and repeat under the same key."""
    shop = Shop(settings=Settings(stored_answers=stored))
    permission = permission_of(shop)
    open_charge = shop.charge(permission, "50").json["chargeId"]
    body = charge_body(shop, permission)
    refused = shop.post("/charges", body, key="k")
    assert refused.error == (422, "InvalidChargePermissionStatus")
    shop.delete(f"/charges/{open_charge}/cancel", {})
    return shop.post("/charges", body, key="k").status


@pytest.mark.parametrize(
    ("stored", "status"), [("2xx", 201), ("2xx+4xx", 422), ("all", 422)]
)
def test_a_refusal_is_repeated_where_refusals_are_stored(
    stored: StoredAnswers, status: int
) -> None:
    assert after_a_refusal(stored) == status


@pytest.mark.parametrize("stored", ["2xx", "2xx+4xx", "all"])
def test_a_malformed_body_uses_no_key_up(stored: StoredAnswers) -> None:
    shop = Shop(settings=Settings(stored_answers=stored))
    assert shop.post("/checkoutSessions", b"{", key="k").status == 400
    assert shop.post("/checkoutSessions", shop.session_body(), key="k").status == 201


@pytest.mark.parametrize(
    ("stored", "status"), [("2xx", 201), ("2xx+4xx", 201), ("all", 500)]
)
def test_a_fault_is_repeated_only_where_all_is_stored(
    stored: StoredAnswers, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(context: Context, call: APICall) -> Result:
        del context, call
        raise APIRefusal("InternalServerError", "simulated")

    shop = Shop(settings=Settings(stored_answers=stored))
    with monkeypatch.context() as patched:
        patched.setitem(HANDLERS, "create_checkout_session", Handler(failing))
        first = shop.post("/checkoutSessions", shop.session_body(), key="k")
    again = shop.post("/checkoutSessions", shop.session_body(), key="k")
    assert first.error == (500, "InternalServerError")
    assert again.status == status


def test_a_defect_answers_500_and_uses_no_key_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(context: Context, call: APICall) -> Result:
        del call
        context.save("charge", {"id": "half done"})
        raise ZeroDivisionError

    shop = Shop(settings=Settings(stored_answers="all"))
    with monkeypatch.context() as patched:
        patched.setitem(HANDLERS, "create_checkout_session", Handler(failing))
        first = shop.post("/checkoutSessions", shop.session_body(), key="k")
    again = shop.post("/checkoutSessions", shop.session_body(), key="k")
    assert first.error == (500, "InternalServerError")
    assert again.status == 201
    assert "ZeroDivisionError" in caplog.text
    with shop.simulator.store.transaction() as transaction:
        found = transaction.all("A1SIMULATEDMERCHANT/sandbox", "charge")
        assert list(found) == []


def test_a_decline_under_a_key_that_stores_refusals_is_repeated_as_it_was() -> None:
    shop = Shop(settings=Settings(stored_answers="2xx+4xx"))
    body = charge_body(shop, permission_of(shop))
    first = shop.post("/charges", body, key="k", code="SoftDeclined")
    again = shop.post("/charges", body, key="k")
    assert (first.error, again.body) == ((422, "SoftDeclined"), first.body)


def test_two_keys_make_two_objects(shop: Shop) -> None:
    bodies = [json.dumps(shop.session_body()).encode()] * 2
    ids = {shop.post("/checkoutSessions", b).json["checkoutSessionId"] for b in bodies}
    assert len(ids) == 2
