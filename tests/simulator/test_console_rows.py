"""The console's list: each row in short, what ties rows, and all of one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.simulator import Settings, Simulator, merchant
from AmazonPay.simulator.engine.exchanges import Exchange, Exchanges
from AmazonPay.simulator.wire.messages import HTTPResponse, Request
from console_calls import asked, console, detail, last_call, rows
from hand_signer import Signer, hexed
from keys import KEY, OTHER_KEY
from simulated import Shop

if TYPE_CHECKING:
    from AmazonPay.testing import LocalAmazonPay

CHARGE = "S01-0000000-0000000-C000000"
HOSTILE = "<script>alert(1)</script>'\"\u202e\x00&amp;"


def row(shop: Shop, number: int) -> dict[str, Any]:
    return detail(shop.simulator, number)


def test_a_purchase_is_one_story_of_calls_clicks_and_changes(shop: Shop) -> None:
    bought = shop.buy()
    told = rows(shop.simulator, order=bought.session)
    assert [one["text"] for one in told if one["sign"] in "→◇"] == [
        "create checkout session",
        "buyer chose",
        "buyer paid",
        "complete checkout session",
    ]
    changes = [one["text"] for one in told if one["kind"] == "state"]
    assert changes[0] == "checkout session Open"
    assert "charge Authorized" in changes
    quiet = [one for one in told if one["kind"] == "notification"]
    assert len(quiet) == len(changes)
    assert {one["sign"] for one in quiet} == {"○"}


def test_the_rows_are_read_in_parts(shop: Shop) -> None:
    shop.buy()
    told = rows(shop.simulator)
    assert [one["number"] for one in told] == list(range(1, len(told) + 1))
    assert rows(shop.simulator, after=2, limit=3) == told[2:5]
    again = asked(shop.simulator, "rows", after=len(told), again="1,3,999")
    assert (again["rows"], again["again"]) == ([], [told[0], told[2]])
    reply = console(shop.simulator, "GET", "rows", again="1,x")
    assert reply.error == (400, "InvalidParameterValue")


def test_a_repeat_stands_beside_its_first_call_and_in_its_order(shop: Shop) -> None:
    charge = shop.buy().charge
    body = {"captureAmount": shop.money("50")}
    path = f"/charges/{charge}/capture"
    shop.provoke("capture_charge", "504", "after")
    shop.post(path, body, key="k1")
    shop.post(path, body, key="k1")
    first, second = [one for one in rows(shop.simulator) if one.get("key") == "k1"]
    assert first["order"] == second["order"] is not None
    assert (first["sign"], first["status"], second["sign"]) == ("✂", 504, "↺")
    assert "carried out" in first["note"]
    found = row(shop, second["number"])
    assert found["attempts"] == [first["number"], second["number"]]
    assert "nothing was done a second time" in " ".join(found["what"])
    effects = row(shop, first["number"])["effects"]
    assert [one["after"] for one in effects] == ["Captured", "Closed"]


def test_what_the_fault_sent_stands_beside_what_the_call_said(shop: Shop) -> None:
    charge = shop.buy().charge
    shop.provoke("capture_charge", "504", "after")
    shop.capture(charge, "50")
    found = row(shop, last_call(shop.simulator)["number"])["answer"]
    assert (found["status"], found["sent"]["status"]) == (200, 504)
    assert "Simulated gateway" in found["sent"]["body"]


def test_a_fault_before_the_call_says_that_nothing_was_done(shop: Shop) -> None:
    bought = shop.buy()
    shop.provoke("get_charge", "503")
    shop.get(f"/charges/{bought.charge}")
    last = last_call(shop.simulator)
    assert last["order"] == bought.session
    assert "nothing was done" in row(shop, last["number"])["what"][0]


def test_a_repeated_complete_is_told_to_be_good_news(shop: Shop) -> None:
    shop = Shop(
        settings=Settings(keys_ignored_by=frozenset({"complete_checkout_session"}))
    )
    session = shop.paid()
    shop.complete(session)
    shop.complete(session)
    last = last_call(shop.simulator)
    assert last["status"] == 422
    said = " ".join(row(shop, last["number"])["what"])
    assert "it worked" in said


def test_a_refusal_is_told_with_its_code_and_what_it_changed(shop: Shop) -> None:
    shop.get(f"/charges/{CHARGE}")
    last = last_call(shop.simulator)
    assert (last["tone"], last["code"]) == ("refused", "ResourceNotFound")
    said = row(shop, last["number"])["what"]
    assert said[-1] == "Nothing was changed."
    charge = shop.buy().charge
    shop.capture(charge, "50", code="AmazonRejected")
    found = row(shop, last_call(shop.simulator)["number"])
    assert [one["after"] for one in found["effects"]] == ["Declined", "Closed"]
    assert "Nothing was changed." not in found["what"]


def test_both_sides_of_a_refused_signature_are_shown(shop: Shop) -> None:
    sent = shop.signed("POST", "/v2/charges", b'{"a":1}')
    shop.simulator.handle(replace(sent, body=b'{"a": 1}'))
    last = last_call(shop.simulator)
    assert (last["status"], last["code"]) == (403, "InvalidRequestSignature")
    assert "white space" in last["explained"]
    found = row(shop, last["number"])["signature"]
    assert not found["holds"]
    (line,) = [one for one in found["lines"] if one["at"] is not None]
    assert line["signed"] != line["came"]
    assert line["at"] == 0
    body = found["body"]
    assert (body["before"], body["signed"], body["came"]) == ('{"a":', "1}", " 1}")


def test_the_first_difference_of_a_header_is_marked(shop: Shop) -> None:
    sent = shop.signed("GET", f"/v2/charges/{CHARGE}", b"")
    headers = dict(sent.headers)
    region = headers["x-amz-pay-region"]
    headers["X-Amz-Pay-Region"] = f" {headers.pop('x-amz-pay-region')}  x"
    shop.simulator.handle(replace(sent, headers=tuple(headers.items())))
    found = row(shop, last_call(shop.simulator)["number"])["signature"]
    assert not found["holds"]
    (line,) = [one for one in found["lines"] if one["at"] is not None]
    signed = f"x-amz-pay-region:{region}"
    assert line == {"signed": signed, "came": f"{signed} x", "at": len(signed)}


def test_a_wrong_string_to_sign_stands_beside_the_right_one(shop: Shop) -> None:
    shop.key_id = "SANDBOX-HAND"
    one = merchant(shop.key_id, KEY.public_key())
    shop.simulator = Simulator([one], clock=shop.clock)
    # The hash is in capitals: the canonical request is right, the string is not.
    signer = Signer(
        body=b"{}",
        string_of=lambda name, text: f"{name}\n{hexed(text).upper()}".encode(),
    )
    said = ";".join(sorted(signer.headers))
    authorization = (
        f"{signer.algorithm} PublicKeyId={shop.key_id}, SignedHeaders={said},"
        f" Signature={signer.signature()}"
    )
    headers = (*signer.headers.items(), ("authorization", authorization))
    shop.simulator.handle(Request("POST", signer.path, headers, b"{}"))
    found = row(shop, 1)["signature"]
    assert (found["of"], found["known"]) == ("string to sign", True)
    algorithm, digest = found["lines"]
    assert algorithm["signed"] == algorithm["came"] == signer.algorithm
    assert digest["signed"] == digest["came"].upper() != digest["came"]


def test_a_text_that_nobody_can_guess_is_called_unknown(shop: Shop) -> None:
    sent = shop.signed("GET", f"/v2/charges/{CHARGE}", b"")
    shop.simulator.handle(replace(sent, target="/v2/charges/S01-9-C9"))
    found = row(shop, last_call(shop.simulator)["number"])["signature"]
    assert (found["holds"], found["known"]) == (False, False)
    assert found["lines"][1] == {
        "signed": None,
        "came": "/v2/charges/S01-9-C9",
        "at": None,
    }


def test_a_signature_that_holds_is_shown_with_its_canonical_request(shop: Shop) -> None:
    shop.buy()
    found = row(shop, last_call(shop.simulator)["number"])["signature"]
    assert found["holds"]
    assert found["lines"][0] == {"signed": "POST", "came": "POST", "at": None}


def test_the_other_key_is_named(shop: Shop) -> None:
    both = [
        merchant("SANDBOX-A", KEY.public_key()),
        merchant("SANDBOX-B", OTHER_KEY.public_key()),
    ]
    simulator = Simulator(both, clock=shop.clock)
    shop.key_id = "SANDBOX-B"
    simulator.handle(shop.signed("GET", f"/v2/charges/{CHARGE}", b""))
    found = detail(simulator, 1)["signature"]
    assert "SANDBOX-A" in found["explanation"]["proof"]


def test_secrets_of_headers_stay_hidden(shop: Shop) -> None:
    secret = "amzn.mws.very-secret-token"
    extra = {"x-amz-pay-authtoken": secret}
    sent = shop.signed("GET", f"/v2/charges/{CHARGE}", b"", extra, {"cookie": secret})
    shop.simulator.handle(sent)
    shown = json.dumps(row(shop, last_call(shop.simulator)["number"]))
    assert secret not in shown
    assert "x-amz-pay-authtoken:(hidden)" in shown


def test_what_no_row_has_is_refused(shop: Shop) -> None:
    for query in ({"number": 0}, {"number": 1}, {"number": 10**18}):
        reply = console(shop.simulator, "GET", "row", **query)
        assert reply.error == (404, "ResourceNotFound")
    assert console(shop.simulator, "GET", "row").error[1] == "MissingParameterValue"


def test_every_kind_of_row_has_words_of_its_own(local: LocalAmazonPay) -> None:
    shop = Shop()
    body: Any = shop.session_body()
    with local.client() as client:
        session = client.create_checkout_session(body).json()["checkoutSessionId"]
        local.choose(session)
        local.pay(session)
        paid: Any = {"chargeAmount": shop.money("50")}
        done: Any = client.complete_checkout_session(session, paid).json()
        captured: Any = {"captureAmount": shop.money("50")}
        client.capture_charge(done["chargeId"], captured)
        local.provoke("get_charge", "503")
        local.disarm()
        local.advance(hours=1)
        dispute = local.file_chargeback(done["chargeId"])
        local.push("dispute", dispute["disputeId"], "buyer withdraws")
    for one in rows(local):
        assert one["text"] != one["kind"], one
        assert detail(local, one["number"])["line"] == one


@pytest.fixture
def local(amazon_pay: LocalAmazonPay) -> LocalAmazonPay:
    return amazon_pay


def test_a_button_that_was_refused_is_explained_in_its_row(shop: Shop) -> None:
    with shop.simulator._context("") as context:  # noqa: SLF001 - as the page writes it
        context.add_story_row(
            "button",
            None,
            did="was refused",
            code="InvalidSignatureError",
            message=HOSTILE,
            payload=HOSTILE,
            explanation={"headline": "Another payload was signed."},
        )
    (one,) = rows(shop.simulator)
    assert (one["tone"], one["explained"]) == ("refused", "Another payload was signed.")
    assert detail(shop.simulator, 1)["payload"] == HOSTILE


# Orders, and finding ----------------------------------------------------------------


def test_orders_are_listed_with_what_they_are_worth_and_how_they_stand(
    shop: Shop,
) -> None:
    more = {"merchantMetadata": {"merchantReferenceId": "1007"}}
    first = shop.open({**shop.session_body("7"), **more})
    bought = shop.buy("50")
    shop.get(f"/charges/{CHARGE}")
    listed = asked(shop.simulator, "orders")
    newest, oldest = listed["orders"]
    assert (oldest["order"], oldest["label"]) == (first, "1007")
    assert oldest["amount"]["amount"] == "7.00"
    assert newest["permission"] == bought.permission
    assert [one["state"] for one in newest["states"]] == [
        "Completed",
        "NonChargeable",
        "Authorized",
    ]
    assert listed["withoutOrder"] == 1
    count = sum(one["rows"] for one in listed["orders"]) + 1
    assert count == len(rows(shop.simulator))


def test_text_is_found_in_bodies_and_answers(shop: Shop) -> None:
    shop.open({**shop.session_body(), "merchantMetadata": {"noteToBuyer": "GRÜẞE"}})
    number = last_call(shop.simulator)["number"]
    assert asked(shop.simulator, "search", text="grüsse")["rows"] == [number]
    assert asked(shop.simulator, "search", text="nowhere")["rows"] == []


def test_the_console_tells_clock_keys_faults_and_how_full_it_is(shop: Shop) -> None:
    shop.provoke("get_charge", "503")
    state = asked(shop.simulator, "console")
    assert state["clock"]["canMove"] is False
    assert state["keys"][0]["publicKeyId"] == shop.key_id
    assert state["faults"] == [
        {"operation": "get_charge", "outcome": "503", "when": "before"}
    ]
    assert state["story"] == {"last": 1, "most": 10_000}
    assert state["notificationsAreHeard"] is False


def test_the_world_is_another_one_after_a_reset(local: LocalAmazonPay) -> None:
    before = asked(local, "rows")["world"]
    local.reset()
    assert asked(local, "rows")["world"] == before + 1
    local.restore(local.saved())
    assert asked(local, "rows")["world"] == before + 2


def test_the_first_event_says_how_far_the_world_has_come(shop: Shop) -> None:
    shop.open()
    reply = console(shop.simulator, "GET", "events")
    assert reply.headers["content-type"] == "text/event-stream"
    _, event, id_, data, *_ = reply.body.decode().split("\n", 5)[1:]
    last = rows(shop.simulator)[-1]["number"]
    assert (event, id_) == ("event: world", f"id: 1-{last}")
    assert json.loads(data.removeprefix("data: ")) == {"world": 1, "last": last}


# What is kept -----------------------------------------------------------------------


def exchange(size: int) -> Exchange:
    return Exchange(Request("POST", "/", body=b"x" * size), HTTPResponse(200), 0.001)


def test_the_oldest_exchanges_go_by_number_and_by_size() -> None:
    kept = Exchanges(rows=3)
    for number in range(5):
        kept.keep(str(number), exchange(10))
    assert [kept.find(str(one)) is None for one in range(5)] == [True, True] + [
        False
    ] * 3
    small = Exchanges(size=100_000)
    for number in range(5):
        small.keep(str(number), exchange(40_000))
    assert small.rows == 2
    assert small.size <= 100_000
    small.clear()
    assert (small.rows, small.size, small.find("4")) == (0, 0, None)


def test_a_row_whose_headers_are_gone_still_has_its_bodies(shop: Shop) -> None:
    shop.open()
    shop.simulator.exchanges.clear()
    found = row(shop, last_call(shop.simulator)["number"])
    assert found["request"]["headers"] is None
    assert found["signature"] is None
    assert json.loads(found["answer"]["body"])["checkoutSessionId"]
