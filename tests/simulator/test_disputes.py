"""Disputes: filed, contested, decided: `amazon-pay-api-v2/dispute.html`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from AmazonPay.simulator import Request
from AmazonPay.simulator.wire.errors import APIRefusal
from callers import Caller, on_both_clients
from fitting import misfits
from reference.accounts import (
    CONTENT_TYPES,
    DAYS_TO_RESPOND,
    DISPUTE,
    DISPUTE_ORDER,
    DISPUTE_STATUS_ORDER,
    DISPUTE_UPDATES,
)
from simulated import START, Reply, Shop, reply_of

NOW = int(START.timestamp())
DAY = 24 * 3600
WRONG_STATE = (422, "InvalidDisputeStatus")
BAD_VALUE = (400, "InvalidParameterValue")
TEXT = {"evidenceType": "Other", "evidenceText": "It was delivered."}


def text_of(seconds: int) -> str:
    """Write a time as ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


def body_for(shop: Shop, charge: str, amount: object = "50", **more: object) -> Any:
    return {
        "chargeId": charge,
        "providerMetadata": {"providerDisputeId": "psp-1"},
        "disputeAmount": shop.money(amount),
        "filingReason": "ProductNotReceived",
        "filingTimestamp": NOW - DAY,
        "statusDetails": {"state": "ActionRequired"},
        "merchantResponseDeadline": NOW + 10 * DAY,
        **more,
    }


def filed(shop: Shop, amount: str | None = None) -> str:
    """Let the bank dispute a charge of 50; give the dispute's id."""
    dispute = shop.simulator.file_chargeback(shop.sold(), amount=amount)
    return str(dispute["disputeId"])


def contest(shop: Shop, dispute: str, *evidences: object) -> Reply:
    body = {"merchantEvidences": list(evidences or (TEXT,))}
    return shop.post(f"/disputes/{dispute}/contest", body)


def update(
    shop: Shop, dispute: str, state: str, reason: str | None = None, **more: object
) -> Reply:
    details = {"state": state, "resolution": "BuyerWon", **more}
    if reason is not None:
        details["reasonCode"] = reason
    return shop.patch(f"/disputes/{dispute}", {"statusDetails": details})


def resolution(reply: Reply) -> tuple[str, str | None, str | None]:
    details = reply.json["statusDetails"]
    return details["state"], details["reasonCode"], details["resolution"]


# All four calls -----------------------------------------------------------------------


@on_both_clients
def test_a_provider_creates_contests_and_loses_a_dispute(
    shop: Shop, awaits: bool
) -> None:
    call = Caller(shop, awaits)
    created = call("create_dispute", body_for(shop, shop.sold(), "20"))
    id_ = created.json()["disputeId"]
    contested = call("contest_dispute", id_, {"merchantEvidences": [TEXT]})
    lost = {
        "state": "Resolved",
        "resolution": "BuyerWon",
        "reasonCode": "InvestigatorResolved",
    }
    updated = call("update_dispute", id_, {"statusDetails": lost})
    got = call("get_dispute", id_)
    answers = [created, contested, updated, got]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert [a for answer in answers for a in misfits(answer.json(), DISPUTE)] == []
    assert [answer.json()["statusDetails"]["state"] for answer in answers] == [
        "ActionRequired",
        "UnderReview",
        "Resolved",
        "Resolved",
    ]
    assert got.json() == updated.json()


# The object ---------------------------------------------------------------------------


def test_a_dispute_has_the_members_of_the_page_in_its_order(shop: Shop) -> None:
    charge = shop.sold()
    dispute = shop.post("/disputes", body_for(shop, charge, "20")).json
    assert list(dispute)[:11] == DISPUTE_ORDER.split()
    assert list(dispute["statusDetails"]) == DISPUTE_STATUS_ORDER.split()
    assert dispute["disputeId"].startswith(charge.rpartition("-")[0] + "-B")
    assert dispute == {
        "disputeId": dispute["disputeId"],
        "chargeId": charge,
        "disputeType": "Chargeback",
        "disputeAmount": {"amount": "20.00", "currencyCode": "USD"},
        "filingReason": "ProductNotReceived",
        "resolutionAuthority": None,
        "statusDetails": {
            "state": "ActionRequired",
            "reasonCode": "MerchantResponseRequired",
            "reasonDescription": "Simulated: MerchantResponseRequired",
            "resolution": None,
            "lastUpdatedTimestamp": text_of(NOW),
        },
        "merchantEvidences": None,
        "merchantResponseDeadline": text_of(NOW + 10 * DAY),
        "creationTimestamp": text_of(NOW),
        "releaseEnvironment": "Sandbox",
        "filingTimestamp": text_of(NOW - DAY),
        "providerMetadata": {"providerDisputeId": "psp-1"},
        "closureTimestamp": None,
    }


def test_a_provider_may_say_why_action_is_required(shop: Shop) -> None:
    details = {
        "state": "ActionRequired",
        "reasonCode": "ChargebackFiled",
        "reasonDescription": "filed by the bank",
    }
    body = body_for(shop, shop.sold(), statusDetails=details)
    id_ = shop.post("/disputes", body).json["disputeId"]
    shown = shop.get(f"/disputes/{id_}").json["statusDetails"]
    assert (shown["reasonCode"], shown["reasonDescription"]) == (
        "ChargebackFiled",
        "filed by the bank",
    )


def test_times_are_text_or_numbers(shop: Shop) -> None:
    times = {
        "filingTimestamp": text_of(NOW - DAY),
        "merchantResponseDeadline": text_of(NOW + DAY),
    }
    dispute = shop.post("/disputes", body_for(shop, shop.sold(), **times)).json
    assert {name: dispute[name] for name in times} == times


def test_milliseconds_are_read_as_such(shop: Shop) -> None:
    times = {
        "filingTimestamp": (NOW - DAY) * 1000 + 7,
        "merchantResponseDeadline": (NOW + DAY) * 1000,
    }
    dispute = shop.post("/disputes", body_for(shop, shop.sold(), **times)).json
    assert dispute["filingTimestamp"] == text_of(NOW - DAY)
    assert dispute["merchantResponseDeadline"] == text_of(NOW + DAY)


# Refused creations --------------------------------------------------------------------


@pytest.mark.parametrize("member", ["filingTimestamp", "merchantResponseDeadline"])
@pytest.mark.parametrize("value", [10**20, 253_402_300_800_000, -1, 1.5, "1", None])
def test_a_time_beyond_the_calendar_is_refused(
    shop: Shop, member: str, value: object
) -> None:
    reply = shop.post("/disputes", body_for(shop, shop.sold(), **{member: value}))
    assert reply.error == BAD_VALUE


def test_an_unknown_charge_cannot_be_disputed(shop: Shop) -> None:
    reply = shop.post("/disputes", body_for(shop, "S01-0000000-0000000-C000000"))
    assert reply.error == (404, "ResourceNotFound")


def test_a_charge_that_is_not_captured_cannot_be_disputed(shop: Shop) -> None:
    reply = shop.post("/disputes", body_for(shop, shop.buy().charge))
    assert reply.error == (422, "InvalidChargeStatus")


def test_a_dispute_has_the_currency_of_the_charge(shop: Shop) -> None:
    euro = {"amount": "50", "currencyCode": "EUR"}
    body = body_for(shop, shop.sold(), disputeAmount=euro)
    assert shop.post("/disputes", body).error == (400, "CurrencyMismatch")


def test_disputes_are_not_above_what_was_captured(shop: Shop) -> None:
    charge = shop.sold()
    assert shop.post("/disputes", body_for(shop, charge, "50.01")).error == (
        400,
        "TransactionAmountExceeded",
    )
    assert shop.post("/disputes", body_for(shop, charge, "30")).status == 200
    assert shop.post("/disputes", body_for(shop, charge, "20.01")).status == 400
    assert shop.post("/disputes", body_for(shop, charge, "20")).status == 200


def test_a_dispute_that_the_merchant_won_leaves_room_for_another(shop: Shop) -> None:
    charge = shop.sold()
    won = shop.simulator.file_chargeback(charge)["disputeId"]
    contest(shop, won)
    shop.simulator.decide_dispute(won, "MerchantWon")
    assert shop.simulator.file_chargeback(charge)["disputeId"] != won


def test_a_key_is_needed_and_repeats_the_dispute(shop: Shop) -> None:
    body = body_for(shop, shop.sold(), "20")
    assert shop.send("POST", "/disputes", body).error == (400, "MissingHeader")
    replies = {shop.post("/disputes", body, key="k").body for _ in range(2)}
    assert len(replies) == 1


# Get ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/disputes/x", None),
        ("PATCH", "/disputes/x", {}),
        ("POST", "/disputes/x/contest", {"merchantEvidences": [TEXT]}),
    ],
)
def test_an_unknown_dispute_is_not_found(method: str, path: str, body: object) -> None:
    reply = Shop().send(method, path, body, key="k")
    assert reply.error == (404, "ResourceNotFound")
    assert path in reply.json["message"]


# Contest ------------------------------------------------------------------------------


def test_evidence_is_shown_with_all_its_members(shop: Shop) -> None:
    contested = contest(shop, filed(shop))
    assert contested.state == ("UnderReview", None)
    assert contested.json["merchantEvidences"] == [
        {
            "evidenceType": "Other",
            "fileId": None,
            "evidenceText": "It was delivered.",
        }
    ]


def test_a_file_that_was_sent_is_evidence(shop: Shop) -> None:
    file = shop.post("/files", {"type": "png", "purpose": "disputeEvidence"}).json
    receipt = {"evidenceType": "Receipt", "fileId": file["id"]}
    dispute = filed(shop)
    assert contest(shop, dispute, receipt).error == BAD_VALUE
    shop.follow(file["url"], "PUT", b"\x89PNG", CONTENT_TYPES["png"])
    contested = contest(shop, dispute, receipt, TEXT)
    assert contested.state == ("UnderReview", None)
    assert contested.json["merchantEvidences"][0]["fileId"] == file["id"]


@pytest.mark.parametrize(
    "evidence",
    [
        {"evidenceType": "Receipt", "fileId": "file_UNKNOWN"},
        {"evidenceType": "Receipt"},
        {"evidenceType": "Receipt", "evidenceText": ""},
        {"evidenceType": "Letter", "evidenceText": "x"},
    ],
)
def test_evidence_of_nothing_is_refused(shop: Shop, evidence: object) -> None:
    dispute = filed(shop)
    assert contest(shop, dispute, TEXT, evidence).error == BAD_VALUE
    assert shop.get(f"/disputes/{dispute}").json["merchantEvidences"] is None


def test_a_contest_needs_evidence(shop: Shop) -> None:
    path = f"/disputes/{filed(shop)}/contest"
    assert shop.post(path, {"merchantEvidences": []}).error == BAD_VALUE
    assert shop.post(path, {}).error == (400, "MissingParameterValue")


def test_a_dispute_under_review_is_not_contested_again(shop: Shop) -> None:
    dispute = filed(shop)
    contest(shop, dispute)
    assert contest(shop, dispute).error == WRONG_STATE


def test_a_repeated_contest_is_the_same_contest(shop: Shop) -> None:
    path = f"/disputes/{filed(shop)}/contest"
    body = {"merchantEvidences": [TEXT]}
    replies = {shop.post(path, body, key="k").body for _ in range(2)}
    assert len(replies) == 1


def test_more_proof_is_added_to_the_first(shop: Shop) -> None:
    dispute = filed(shop)
    contest(shop, dispute)
    shop.clock.move(days=10)
    asked = shop.simulator.decide_dispute(dispute, "askForProof")
    assert asked["statusDetails"]["reasonCode"] == "MerchantAdditionalEvidencesRequired"
    assert asked["merchantResponseDeadline"] == text_of(
        NOW + (10 + DAYS_TO_RESPOND) * DAY
    )
    shop.clock.move(days=2)
    evidences = contest(shop, dispute, {**TEXT, "evidenceText": "More."}).json
    texts = [e["evidenceText"] for e in evidences["merchantEvidences"]]
    assert texts == ["It was delivered.", "More."]


# Update -------------------------------------------------------------------------------


def in_state(shop: Shop, state: str) -> str:
    dispute = filed(shop)
    if state == "UnderReview":
        contest(shop, dispute)
    if state == "Resolved":
        update(shop, dispute, "Resolved")
    if state == "Closed":
        update(shop, dispute, "Resolved")
        update(shop, dispute, "Closed")
    assert shop.get(f"/disputes/{dispute}").state[0] == state
    return dispute


@pytest.mark.parametrize(("before", "after", "reason"), DISPUTE_UPDATES)
def test_an_update_takes_the_arrows_of_the_life_cycle(
    shop: Shop, before: str, after: str, reason: str | None
) -> None:
    reply = update(shop, in_state(shop, before), after, reason)
    assert reply.state == (after, reason)


STATES = ["ActionRequired", "UnderReview", "Resolved", "Closed"]
REASONS = [
    "MerchantResponseRequired",
    "MerchantAdditionalEvidencesRequired",
    "BuyerAdditionalEvidencesRequired",
    "MerchantAcceptedDispute",
    "MerchantResponseDeadlineExpired",
    "BuyerCancelled",
    "InvestigatorResolved",
    "AutoResolved",
    "ChargebackFiled",
]


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_an_update_takes_no_other_arrow(shop: Shop, before: str, after: str) -> None:
    dispute = in_state(shop, before)
    for reason in REASONS:
        if (before, after, reason) not in DISPUTE_UPDATES:
            assert update(shop, dispute, after, reason).error == WRONG_STATE, reason


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("ActionRequired", "MerchantAcceptedDispute"),
        ("UnderReview", "InvestigatorResolved"),
    ],
)
def test_an_update_without_a_reason_has_the_most_likely_one(
    shop: Shop, before: str, reason: str
) -> None:
    reply = update(shop, in_state(shop, before), "Resolved", resolution="NoFault")
    assert resolution(reply) == ("Resolved", reason, "NoFault")


def test_an_update_says_who_won_and_why(shop: Shop) -> None:
    reply = update(
        shop,
        filed(shop),
        "Resolved",
        "MerchantAcceptedDispute",
        resolution="MerchantWon",
        reasonDescription="as agreed",
    )
    details = reply.json["statusDetails"]
    assert (details["resolution"], details["reasonDescription"]) == (
        "MerchantWon",
        "as agreed",
    )


def test_only_what_has_ended_has_a_resolution(shop: Shop) -> None:
    reply = update(shop, in_state(shop, "UnderReview"), "ActionRequired")
    assert resolution(reply)[2] is None


def test_a_closed_dispute_keeps_its_resolution_and_says_when_it_closed(
    shop: Shop,
) -> None:
    dispute = in_state(shop, "Resolved")
    shop.clock.move(days=1)
    closed = shop.simulator.decide_dispute(dispute, "close")
    assert closed["statusDetails"]["resolution"] == "BuyerWon"
    assert closed["closureTimestamp"] == text_of(NOW + DAY)


def test_the_time_of_closure_can_be_set(shop: Shop) -> None:
    dispute = in_state(shop, "Resolved")
    path = f"/disputes/{dispute}"
    assert shop.patch(path, {"closureTimestamp": 9}).json[
        "closureTimestamp"
    ] == text_of(9)
    assert shop.get(path).json["closureTimestamp"] == text_of(9)
    assert update(shop, dispute, "Closed").json["closureTimestamp"] == text_of(9)
    assert shop.patch(path, {"closureTimestamp": 10}).error == WRONG_STATE


def test_an_empty_update_changes_nothing(shop: Shop) -> None:
    path = f"/disputes/{filed(shop)}"
    before = shop.get(path).body
    assert shop.patch(path, {}).body == before == shop.get(path).body


def test_an_update_needs_a_resolution(shop: Shop) -> None:
    body = {"statusDetails": {"state": "Resolved"}}
    reply = shop.patch(f"/disputes/{filed(shop)}", body)
    assert reply.error == (400, "MissingParameterValue")


# The deadline -------------------------------------------------------------------------


def test_the_deadline_decides_for_the_buyer(shop: Shop) -> None:
    path = f"/disputes/{filed(shop)}"
    shop.clock.move(days=DAYS_TO_RESPOND, seconds=-1)
    assert shop.get(path).state == ("ActionRequired", "MerchantResponseRequired")
    shop.clock.move(seconds=1)
    assert resolution(shop.get(path)) == (
        "Resolved",
        "MerchantResponseDeadlineExpired",
        "BuyerWon",
    )


def test_a_deadline_of_the_past_passes_at_once(shop: Shop) -> None:
    body = body_for(shop, shop.sold(), merchantResponseDeadline=1_600_000_000)
    created = shop.post("/disputes", body)
    assert created.state[0] == "ActionRequired"
    path = f"/disputes/{created.json['disputeId']}"
    assert shop.get(path).state == ("Resolved", "MerchantResponseDeadlineExpired")
    assert shop.get(path).json["statusDetails"]["lastUpdatedTimestamp"] == text_of(NOW)


def test_a_contested_dispute_has_no_deadline_any_more(shop: Shop) -> None:
    dispute = filed(shop)
    contest(shop, dispute)
    shop.clock.move(days=100)
    assert shop.get(f"/disputes/{dispute}").state == ("UnderReview", None)


def test_the_first_deadline_is_not_the_one_of_more_proof(shop: Shop) -> None:
    dispute = filed(shop)
    contest(shop, dispute)
    shop.clock.move(days=5)
    shop.simulator.decide_dispute(dispute, "askForProof")
    shop.clock.move(days=DAYS_TO_RESPOND - 1)
    path = f"/disputes/{dispute}"
    assert shop.get(path).state[0] == "ActionRequired"
    shop.clock.move(days=1)
    assert shop.get(path).state == ("Resolved", "MerchantResponseDeadlineExpired")


# The bank and the investigator --------------------------------------------------------


def test_a_bank_disputes_all_of_a_charge_unless_told_otherwise(shop: Shop) -> None:
    whole = shop.simulator.file_chargeback(shop.sold())
    part = shop.simulator.file_chargeback(
        shop.sold(), amount="9.5", reason="Fraudulent"
    )
    assert (whole["disputeAmount"]["amount"], whole["filingReason"]) == (
        "50.00",
        "Other",
    )
    assert (part["disputeAmount"]["amount"], part["filingReason"]) == (
        "9.50",
        "Fraudulent",
    )
    assert whole["merchantResponseDeadline"] == text_of(NOW + DAYS_TO_RESPOND * DAY)
    assert misfits(whole, DISPUTE) == []


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ("BuyerWon", ("Resolved", "InvestigatorResolved", "BuyerWon")),
        ("MerchantWon", ("Resolved", "InvestigatorResolved", "MerchantWon")),
        ("NoFault", ("Resolved", "InvestigatorResolved", "NoFault")),
        ("withdraw", ("Resolved", "BuyerCancelled", "MerchantWon")),
        (
            "askForProof",
            ("ActionRequired", "MerchantAdditionalEvidencesRequired", None),
        ),
    ],
)
def test_a_dispute_under_review_is_decided(
    shop: Shop, decision: str, expected: tuple[str, str, str | None]
) -> None:
    dispute = in_state(shop, "UnderReview")
    shop.simulator.decide_dispute(dispute, decision)
    assert resolution(shop.get(f"/disputes/{dispute}")) == expected


def refusal_of(act: Any, *args: object, **more: object) -> str:
    with pytest.raises(APIRefusal) as refused:
        act(*args, **more)
    return refused.value.reason_code


@pytest.mark.parametrize("amount", ["", "x", "-1", "1.001", "NaN", "0", "1e2"])
def test_a_bank_disputes_an_amount_of_money(shop: Shop, amount: str) -> None:
    file = shop.simulator.file_chargeback
    assert refusal_of(file, shop.sold(), amount=amount) == "InvalidParameterValue"


def test_a_bank_needs_a_captured_charge_and_a_known_reason(shop: Shop) -> None:
    file = shop.simulator.file_chargeback
    assert refusal_of(file, "S01") == "ResourceNotFound"
    assert refusal_of(file, shop.buy().charge) == "InvalidChargeStatus"
    assert refusal_of(file, shop.sold(), reason="Bored") == "InvalidParameterValue"


def test_an_investigator_decides_what_is_under_review_in_known_words(
    shop: Shop,
) -> None:
    decide = shop.simulator.decide_dispute
    dispute = filed(shop)
    assert refusal_of(decide, "S01", "BuyerWon") == "ResourceNotFound"
    assert refusal_of(decide, dispute, "Nobody") == "InvalidParameterValue"
    assert refusal_of(decide, dispute, "BuyerWon") == "InvalidDisputeStatus"


def test_the_story_of_an_order_tells_its_dispute(shop: Shop) -> None:
    bought = shop.buy("50", "AuthorizeWithCapture")
    dispute = shop.simulator.file_chargeback(bought.charge)["disputeId"]
    contest(shop, dispute)
    shop.simulator.decide_dispute(dispute, "NoFault")
    told = [
        (row.kind, row.facts.get("did") or row.facts.get("after"))
        for row in shop.simulator.story(bought.session)
        if row.facts.get("id") == dispute or row.kind == "issuer"
    ]
    assert told == [
        ("issuer", "filed"),
        ("state", "ActionRequired"),
        ("state", "UnderReview"),
        ("issuer", "decided"),
        ("state", "Resolved"),
    ]


# Over HTTP, from this machine's own pages ---------------------------------------------


def control(shop: Shop, path: str, body: object = None, method: str = "POST") -> Reply:
    headers = (("host", "localhost:8421"), ("content-type", "application/json"))
    content = b"" if body is None else json.dumps(body).encode()
    request = Request(method, f"/_simulator/{path}", headers, content)
    return reply_of(shop.simulator.handle(request))


def test_a_page_files_a_chargeback_and_decides_it(shop: Shop) -> None:
    charge = shop.sold()
    body = {"amount": "5", "reason": "Overcharged"}
    filed_ = control(shop, f"charges/{charge}/dispute", body)
    dispute = filed_.json["disputeId"]
    assert (filed_.status, filed_.json["filingReason"]) == (200, "Overcharged")
    contest(shop, dispute)
    path = f"disputes/{dispute}/decide"
    decided = control(shop, path, {"decision": "MerchantWon"})
    assert resolution(decided) == ("Resolved", "InvestigatorResolved", "MerchantWon")


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("charges/S01/dispute", None, (404, "ResourceNotFound")),
        ("charges/S01/refund", None, (404, "ResourceNotFound")),
        ("charges/S01", None, (404, "ResourceNotFound")),
        ("charges/S01/dispute", {"amount": 5}, BAD_VALUE),
        ("charges/S01/dispute", {"card": "1111"}, (400, "UnrecognizedField")),
        ("disputes/S01/decide", {}, (400, "MissingParameterValue")),
        ("disputes/S01/decide", {"decision": "x"}, (404, "ResourceNotFound")),
    ],
)
def test_a_page_that_asks_for_nonsense_is_refused(
    path: str, body: object, error: tuple[int, str]
) -> None:
    assert control(Shop(), path, body).error == error


def test_a_page_acts_by_post() -> None:
    reply = control(Shop(), "disputes/S01/decide", method="GET")
    assert reply.error == (405, "RequestNotSupported")
