"""Replay with intent, and rows as code that runs."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.simulator import PROFILES, Request, Settings, Simulator, merchant
from AmazonPay.testing import amazon_pay
from console_calls import asked, console, detail, last_call, rows
from keys import KEY
from simulated import Shop, reply_of
from visitor import ButtonShop, at_payment, session_of

if TYPE_CHECKING:
    from collections.abc import Callable

BAD_VALUE = (400, "InvalidParameterValue")


def again(shop: Shop, number: int, how: str, body: str | None = None) -> Any:
    given = {"number": number, "how": how} | ({} if body is None else {"body": body})
    reply = console(shop.simulator, "POST", "replay", given)
    assert reply.status == 200, reply
    return reply.json


def charge_row(shop: Shop) -> tuple[str, int]:
    """Charge a permission; give it, and the row of that call."""
    permission = shop.buy("50", "Confirm").permission
    assert shop.charge(permission, "5").status == 201
    return permission, last_call(shop.simulator)["number"]


def charges(shop: Shop) -> int:
    return len(shop.simulator.charges())


# Three intents ------------------------------------------------------------------------


def test_the_same_bytes_and_key_get_the_stored_answer_and_pay_once(shop: Shop) -> None:
    _, number = charge_row(shop)
    done = again(shop, number, "same")
    assert (done["status"], done["replayed"], charges(shop)) == (201, True, 1)
    last = last_call(shop.simulator)
    assert (last["number"], last["replayOf"]) == (done["number"], number)
    said = detail(shop.simulator, done["number"])["what"]
    assert "same bytes with the same signature" in said[0]


def test_the_same_key_with_another_body_is_refused(shop: Shop) -> None:
    _, number = charge_row(shop)
    body = json.loads(detail(shop.simulator, number)["request"]["body"])
    body["chargeAmount"]["amount"] = "6"
    done = again(shop, number, "changed", json.dumps(body))
    assert (done["status"], charges(shop)) == (400, 1)
    assert last_call(shop.simulator)["code"] == "DuplicateIdempotencyKey"
    said = detail(shop.simulator, done["number"])["what"]
    assert "its signature was not looked at" in said[0]


def test_a_new_key_pays_twice(shop: Shop) -> None:
    _, number = charge_row(shop)
    done = again(shop, number, "newKey")
    assert (done["status"], done["replayed"], charges(shop)) == (201, False, 2)
    body = json.loads(detail(shop.simulator, number)["request"]["body"])
    body["chargeAmount"]["amount"] = "0.5"
    again(shop, number, "newKey", json.dumps(body))
    assert shop.simulator.charges()[-1]["chargeAmount"]["amount"] == "0.50"


def test_a_request_with_a_wrong_signature_stays_refused_as_it_is(shop: Shop) -> None:
    _, number = charge_row(shop)
    exchange = shop.simulator.exchanges.find(
        detail(shop.simulator, number)["line"]["requestId"]
    )
    assert exchange is not None
    shop.simulator.handle(replace(exchange.request, body=b"{}"))
    number = last_call(shop.simulator)["number"]
    assert again(shop, number, "same")["status"] == 403
    assert charges(shop) == 1


def test_an_old_date_is_refused_as_the_api_does() -> None:
    shop = Shop(settings=Settings(oldest_date=timedelta(minutes=5)))
    _, number = charge_row(shop)
    shop.clock.move(hours=1)
    assert again(shop, number, "same")["status"] == 400
    assert again(shop, number, "newKey")["status"] == 201


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"how": "twice"}, BAD_VALUE),
        ({"how": "same", "body": "{}"}, BAD_VALUE),
        ({"how": "changed"}, BAD_VALUE),
        ({"number": 10**9}, (404, "ResourceNotFound")),
        ({"number": 10**30}, (404, "ResourceNotFound")),
        ({"number": -(10**30)}, (404, "ResourceNotFound")),
        ({"number": 1}, BAD_VALUE),
        ({"number": "1"}, BAD_VALUE),
    ],
    ids=["how", "same", "changed", "row", "large", "negative", "kind", "type"],
)
def test_what_cannot_be_replayed_is_refused_and_does_nothing(
    shop: Shop, given: dict[str, Any], error: tuple[int, str]
) -> None:
    _, number = charge_row(shop)
    before = rows(shop.simulator)
    body = {"number": number, "how": "same", **given}
    assert console(shop.simulator, "POST", "replay", body).error == error
    assert rows(shop.simulator) == before


def test_a_call_that_is_no_longer_kept_cannot_be_replayed(shop: Shop) -> None:
    _, number = charge_row(shop)
    shop.simulator.exchanges.clear()
    body = {"number": number, "how": "same"}
    reply = console(shop.simulator, "POST", "replay", body)
    assert reply.error == (404, "ResourceNotFound")
    assert "no longer kept" in reply.json["message"]


def test_a_get_has_no_key_to_renew(shop: Shop) -> None:
    shop.get(f"/charges/{shop.buy().charge}")
    body = {"number": last_call(shop.simulator)["number"], "how": "newKey"}
    assert console(shop.simulator, "POST", "replay", body).error == BAD_VALUE


# As code ------------------------------------------------------------------------------


def copied(simulator: Simulator, number: int, form: str) -> str:
    return str(asked(simulator, "copy", number=number, form=form)["text"])


def test_a_row_as_python_makes_the_same_call(shop: Shop) -> None:
    permission, number = charge_row(shop)
    code = copied(shop.simulator, number, "python")
    assert permission in code
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    class Seen:
        def __init__(self, *args: Any, **more: Any) -> None:
            calls.append(("Client", args, more))
            self._real = shop.client()

        def __enter__(self) -> object:
            return self._real

        def __exit__(self, *_: object) -> None:
            self._real.close()

    code = code.replace("from AmazonPay import Client", "")
    exec(compile(code, "copied", "exec"), {"Client": Seen})  # noqa: S102 - to run it is the point
    ((_, args, more),) = calls
    assert args == (shop.key_id, "private.pem", "na")
    assert more == {"endpoint_url": shop.simulator.origin}
    last = last_call(shop.simulator)
    assert (last["replayed"], last["status"]) == (True, 201)


def test_a_row_as_curl_is_the_same_request(shop: Shop) -> None:
    _, number = charge_row(shop)
    note = shop.simulator.exchanges
    text = copied(shop.simulator, number, "curl")
    words = shlex.split(text.replace("\\\n", " "))
    assert words[:2] == ["curl", "-i"]
    headers = [words[at + 1] for at, word in enumerate(words) if word == "-H"]
    pairs = [tuple(one.split(": ", 1)) for one in headers]
    url = next(word for word in words if word.startswith("https://"))
    target = url.removeprefix(shop.simulator.origin)
    body = words[words.index("--data-binary") + 1].encode()
    method = words[words.index("-X") + 1]
    sent = Request(method, target, (*pairs, ("host", "x")), body)  # type: ignore[arg-type] # pairs
    reply = reply_of(shop.simulator.handle(sent))
    assert (reply.status, charges(shop)) == (201, 1)
    assert note.rows > 1


@pytest.mark.parametrize(
    "body",
    [
        b"$(rm -rf /) `x` 'y' \\ \"z\"\n",
        *(b"@file", b"\xff\x00", "é🙂".encode(), b"a size -H b"),
    ],
    ids=["shell", "file", "binary", "unicode", "option"],
)
def test_nothing_of_a_body_reaches_the_shell(shop: Shop, body: bytes) -> None:
    shop.simulator.handle(shop.signed("POST", "/v2/charges", body))
    text = copied(shop.simulator, last_call(shop.simulator)["number"], "curl")
    line = text.rpartition("--data-binary ")[2].strip()
    if line.startswith("@<("):
        assert body not in (b"", text.encode())
        assert line.count("'") == 0
    else:
        assert shlex.split(line) == [body.decode()]


def test_hidden_headers_stay_hidden_in_code(shop: Shop) -> None:
    secret = "amzn.mws.very-secret-token"
    extra = {"x-amz-pay-authtoken": secret}
    shop.simulator.handle(shop.signed("GET", "/v2/charges/x", b"", extra))
    number = last_call(shop.simulator)["number"]
    for form in ("python", "curl", "pytest"):
        assert secret not in copied(shop.simulator, number, form)


@pytest.mark.parametrize("form", ["python", "curl", "pytest", "ruby"])
def test_only_a_call_is_copied_and_only_in_a_known_form(shop: Shop, form: str) -> None:
    shop.open()
    for number, known in ((1, True), (last_call(shop.simulator)["number"], False)):
        if known or form == "ruby":
            reply = console(shop.simulator, "GET", "copy", number=number, form=form)
            assert reply.error == BAD_VALUE


# As a test that fails -----------------------------------------------------------------


def refused_signature(shop: Shop) -> None:
    sent = shop.signed("POST", "/v2/charges", b'{"a":1}')
    shop.simulator.handle(replace(sent, body=b'{"a": 1}'))


def unknown_charge(shop: Shop) -> None:
    shop.get("/charges/S01-0000000-0000000-C000000")


def captured_twice(shop: Shop) -> None:
    charge = shop.sold()
    shop.capture(charge, "50")


def too_much(shop: Shop) -> None:
    shop.refund(shop.sold(), "500")


def declined(shop: Shop) -> None:
    permission = shop.buy("50", "Confirm").permission
    shop.provoke("create_charge", "SoftDeclined")
    shop.charge(permission, "5")


def declined_by_code(shop: Shop) -> None:
    permission = shop.buy("50", "Confirm").permission
    shop.charge(permission, "5", code="HardDeclined")


def after_expiry(shop: Shop) -> None:
    charge = shop.buy().charge
    shop.clock.move(days=3)
    shop.capture(charge, "50")


def canceled_by_buyer(shop: Shop) -> None:
    session = shop.open()
    shop.simulator.choose(session)
    shop.simulator.cancel(session)
    shop.complete(session)


def pushed(shop: Shop) -> None:
    charge = shop.buy().charge
    shop.simulator.push("charge", charge, "Amazon cancels")
    shop.capture(charge, "50")


def managed(shop: Shop) -> None:
    permission = shop.buy("50", "Confirm").permission
    shop.simulator.manage(permission, "deletePaymentMethod")
    shop.charge(permission, "5")


def disputed(shop: Shop) -> None:
    dispute = shop.simulator.file_chargeback(shop.sold())["disputeId"]
    shop.post(f"/disputes/{dispute}/contest", {"merchantEvidences": []})


def lost_answer(shop: Shop) -> None:
    charge = shop.buy().charge
    shop.provoke("capture_charge", "504", "after")
    shop.capture(charge, "50")


def lost_before(shop: Shop) -> None:
    shop.provoke("create_charge", "502", "after")
    permission = shop.buy("50", "Confirm").permission
    shop.charge(permission, "1")
    charge = shop.simulator.charges()[-1]["chargeId"]
    shop.capture(charge, "500")


def lost_session(shop: Shop) -> None:
    shop.provoke("create_checkout_session", "503", "after")
    shop.post("/checkoutSessions", shop.session_body())
    session = shop.simulator.sessions()[-1]["checkoutSessionId"]
    shop.provoke("get_checkout_session", "2 s late", "after")
    shop.get(f"/checkoutSessions/{session}")
    shop.complete(session)


def late(shop: Shop) -> None:
    charge = shop.sold()
    shop.provoke("capture_charge", "10 s late", "after")
    shop.capture(charge, "50")


def accepted_dispute(shop: Shop) -> None:
    dispute = shop.simulator.file_chargeback(shop.sold())["disputeId"]
    evidence = [{"evidenceType": "Receipt", "evidenceText": "x"}]
    for _ in range(2):
        body = {"merchantEvidences": evidence}
        shop.post(f"/disputes/{dispute}/contest", body)


def wrong_type_of_an_id(shop: Shop) -> None:
    price = shop.money("1")
    body = {"chargePermissionId": {"a": 1}, "chargeAmount": price}
    shop.post("/charges", body)


def half_a_pair(shop: Shop) -> None:
    price = shop.money("1")
    body = {"chargePermissionId": "\ud800", "chargeAmount": price}
    shop.post("/charges", body)


def reset(shop: Shop) -> None:
    charge = shop.buy().charge
    shop.provoke("capture_charge", "reset")
    shop.capture(charge, "50")


def pending_declined(shop: Shop) -> None:
    bought = shop.buy(card="4354", canHandlePendingAuthorization=True)
    shop.clock.move(seconds=31)
    shop.capture(bought.charge, "50")


def changed_under_its_key(shop: Shop) -> None:
    permission = shop.buy("50", "Confirm").permission
    price = shop.money("1")
    body = {"chargePermissionId": permission, "chargeAmount": price}
    shop.post("/charges", body, key="k")
    shop.post("/charges", {**body, "softDescriptor": "x"}, key="k")


def float_amount(shop: Shop) -> None:
    permission = shop.buy("50", "Confirm").permission
    shop.charge(permission, 1.5)


def no_json(shop: Shop) -> None:
    shop.send("POST", "/charges", b"{", key="k")


def no_path(shop: Shop) -> None:
    shop.get("/nothing?a=1")


def bad_query(shop: Shop) -> None:
    shop.get("/reports?pageSize=0")


REFUSED = [
    refused_signature,
    unknown_charge,
    captured_twice,
    too_much,
    declined,
    declined_by_code,
    after_expiry,
    canceled_by_buyer,
    pushed,
    managed,
    disputed,
    lost_answer,
    lost_before,
    lost_session,
    late,
    accepted_dispute,
    wrong_type_of_an_id,
    half_a_pair,
    reset,
    pending_declined,
    changed_under_its_key,
    float_amount,
    no_json,
    no_path,
    bad_query,
]


def run(code: str) -> None:
    """Run a test as it was pasted."""
    space: dict[str, Any] = {}
    exec(compile(code, "pasted", "exec"), space)  # noqa: S102 - to run it is the point
    (test,) = [one for name, one in space.items() if name.startswith("test_")]
    marks = getattr(test, "pytestmark", [])
    if not marks:
        test()
        return
    with amazon_pay(**marks[0].kwargs) as local:
        test(local)


@pytest.mark.parametrize("refuse", REFUSED, ids=[one.__name__ for one in REFUSED])
def test_a_refused_row_is_a_test_that_fails_as_the_call_did(
    refuse: Callable[[Shop], None],
) -> None:
    shop = Shop()
    refuse(shop)
    last = last_call(shop.simulator)
    code = copied(shop.simulator, last["number"], "pytest")
    with pytest.raises(Exception) as caught:  # noqa: PT011 - looked at below
        run(code)
    text = f"{caught.type.__name__} {caught.value}"
    expected = last["code"] or str(last["status"])
    if refuse is refused_signature:
        expected = "white space"
    if refuse is reset:
        expected = "ConnectionLost"
    if refuse in {no_json, float_amount, half_a_pair}:  # our client does not send it
        expected = "InvalidRequest"
    if refuse is bad_query:
        expected = "pageSize"
    if refuse is lost_answer:
        expected = "Simulated gateway"
    assert expected in text, code


def test_a_row_that_went_well_is_a_test_that_passes(shop: Shop) -> None:
    charge_row(shop)
    found = asked(
        shop.simulator,
        "copy",
        number=last_call(shop.simulator)["number"],
        form="pytest",
    )
    assert "green" in found["note"]
    run(found["text"])


def test_a_session_of_a_button_is_told_again_from_its_payload() -> None:
    shop = ButtonShop()
    visitor, page = at_payment(shop)
    visitor.submit(page, "cancel")
    shop.complete(session_of(page), "14.00")
    last = last_call(shop.simulator)
    assert last["status"] == 422
    with pytest.raises(AssertionError, match=last["code"]):
        run(copied(shop.simulator, last["number"], "pytest"))


@pytest.mark.parametrize("profile", ["lenient", "hostile"])
def test_a_test_has_the_profile_and_the_currency_of_the_simulator(profile: Any) -> None:
    shop = Shop(settings=PROFILES[profile])
    one = merchant(shop.key_id, KEY.public_key(), region="uk", ledger_currency="EUR")
    shop.simulator = Simulator([one], settings=PROFILES[profile], clock=shop.clock)
    shop.get("/nothing")
    last = last_call(shop.simulator)
    code = copied(shop.simulator, last["number"], "pytest")
    mark = f'region="uk", ledger_currency="EUR", profile="{profile}"'
    assert f"@pytest.mark.amazon_pay({mark})" in code


def test_a_row_without_its_headers_is_still_python_and_a_test(shop: Shop) -> None:
    shop.get("/charges/x")
    number = last_call(shop.simulator)["number"]
    shop.simulator.exchanges.clear()
    assert 'client.get_charge("x")' in copied(shop.simulator, number, "python")
    assert 'client.get_charge("x")' in copied(shop.simulator, number, "pytest")
    reply = console(shop.simulator, "GET", "copy", number=number, form="curl")
    assert reply.error == (404, "ResourceNotFound")
