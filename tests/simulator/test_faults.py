"""What goes wrong on purpose, one kind at a time, with dice that always fall alike."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay.simulator import PROFILES, Request, Settings, Simulator
from AmazonPay.simulator.engine import faults as faults_module
from AmazonPay.simulator.engine.faults import FaultKey, Faults
from simulated import START, Shop, reply_of

if TYPE_CHECKING:
    from simulated import Reply

OWNER = "A1SIMULATEDMERCHANT/sandbox"


def kept(shop: Shop, kind: str) -> list[dict[str, Any]]:
    """Look into the ledger."""
    with shop.simulator.store.transaction() as transaction:
        return list(transaction.all(OWNER, kind))


def told(shop: Shop) -> list[str | None]:
    """Read what the story says of each request's fault."""
    rows = [row for row in shop.simulator.story() if row.kind == "request"]
    return [row.facts["fault"] for row in rows]


# Failed: nothing is done --------------------------------------------------------------

FAILING = Settings(failed_calls=1.0)


def test_a_failed_call_does_nothing_and_its_repeat_succeeds() -> None:
    shop = Shop(settings=FAILING)
    first = shop.post("/checkoutSessions", shop.session_body(), key="k")
    assert first.status in {500, 503, 504}
    assert kept(shop, "checkoutSession") == []
    assert shop.post("/checkoutSessions", shop.session_body(), key="k").status == 201
    assert len(kept(shop, "checkoutSession")) == 1


@pytest.mark.parametrize("stored", ["2xx", "2xx+4xx", "all"])
def test_a_failed_call_uses_no_key_up(stored: Any) -> None:
    shop = Shop(settings=replace(FAILING, stored_answers=stored))
    statuses = [
        shop.post("/checkoutSessions", shop.session_body(), key="k").status
        for _ in range(2)
    ]
    assert statuses[0] >= 500
    assert statuses[1] == 201


def test_a_get_can_fail_too() -> None:
    shop = Shop(settings=FAILING)
    assert shop.get("/charges/x").status >= 500
    assert shop.get("/charges/x").status == 404


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_call_meets_no_more_faults_in_a_row_than_were_asked_for(most: int) -> None:
    shop = Shop(settings=replace(FAILING, faults_in_a_row=most))
    failed = [shop.get("/charges/x").status >= 500 for _ in range(2 * (most + 1))]
    assert failed == ([True] * most + [False]) * 2


def test_another_key_or_path_counts_by_itself() -> None:
    shop = Shop(settings=FAILING)
    assert shop.get("/charges/x").status >= 500
    assert shop.get("/charges/y").status >= 500
    for key in ("k1", "k2"):
        reply = shop.post("/checkoutSessions", shop.session_body(), key=key)
        assert reply.status >= 500


def test_what_is_refused_at_the_door_is_refused_as_ever() -> None:
    shop = Shop(settings=FAILING)
    reply = reply_of(shop.simulator.handle(Request("GET", "/v2/charges/x")))
    assert reply.error == (400, "MissingHeader")


def test_the_buyers_part_never_fails() -> None:
    shop = Shop(settings=replace(FAILING, faults_in_a_row=1))
    shop.post("/checkoutSessions", shop.session_body(), key="k")
    session = shop.post("/checkoutSessions", shop.session_body(), key="k").json
    path = f"/_simulator/checkoutSessions/{session['checkoutSessionId']}/choose"
    answer = shop.simulator.handle(Request("POST", path, (("host", "localhost"),)))
    assert answer.status == 200


def test_only_the_last_ten_thousand_calls_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(faults_module, "_REMEMBERED", 2)
    shop = Shop(settings=FAILING)
    for name in ("a", "b", "c"):
        assert shop.get(f"/charges/{name}").status >= 500
    # The first one is forgotten, so it may fail anew; the last one may not.
    assert shop.get("/charges/c").status == 404
    assert shop.get("/charges/a").status >= 500


# Lost: it is done, and nobody is told -------------------------------------------------

LOSING = Settings(lost_answers=1.0)


def test_a_lost_answer_is_there_for_the_repeat() -> None:
    shop = Shop(settings=LOSING)
    first = shop.post("/checkoutSessions", shop.session_body(), key="k")
    (session,) = kept(shop, "checkoutSession")
    again = shop.post("/checkoutSessions", shop.session_body(), key="k")
    assert first.status in {500, 503, 504}
    assert (again.status, again.json["checkoutSessionId"]) == (201, session["id"])
    assert len(kept(shop, "checkoutSession")) == 1


def test_a_lost_answer_that_no_key_repeats_shows_as_a_wrong_state(shop: Shop) -> None:
    charge = shop.buy().charge
    losing = Shop(settings=LOSING, store=shop.simulator.store)
    path = f"/charges/{charge}/cancel"
    assert losing.delete(path, {}).status >= 500
    assert losing.delete(path, {}).error == (422, "InvalidChargeStatus")
    assert losing.get(f"/charges/{charge}").state == ("Canceled", "MerchantCanceled")


def test_the_answer_of_a_decline_is_lost_and_the_decline_stays(shop: Shop) -> None:
    permission = shop.buy("50", "Confirm").permission
    losing = Shop(settings=LOSING, store=shop.simulator.store, seed=2)
    body = {"chargePermissionId": permission, "chargeAmount": shop.money("20")}
    reply = losing.post("/charges", body, key="new", code="HardDeclined")
    assert reply.status >= 500
    (charge,) = kept(shop, "charge")
    assert (charge["state"], charge["reason"]) == ("Declined", "HardDeclined")
    shown = shop.get(f"/chargePermissions/{permission}").state
    assert shown == ("NonChargeable", "PaymentMethodInvalid")


def test_the_answer_of_a_get_is_not_lost() -> None:
    shop = Shop(settings=LOSING)
    assert [shop.get("/charges/x").status for _ in range(9)] == [404] * 9


def test_faults_of_both_kinds_come_in_their_shares() -> None:
    faults = Faults(
        Settings(failed_calls=0.1, lost_answers=0.2, faults_in_a_row=2),
        Random(1),  # noqa: S311 - to be repeated
        float,
    )
    kinds: Counter[str] = Counter()
    for number in range(10_000):
        asked = FaultKey(
            OWNER, "sandbox", "create_charge", "POST", "/charges", f"{number}"
        )
        fault = faults.next_fault(asked, START, held=False)
        kinds[fault.kind if fault else "none"] += 1
    assert kinds["failed"] == pytest.approx(1_000, rel=0.1)
    assert kinds["answer lost"] == pytest.approx(2_000, rel=0.1)


def test_a_fault_is_amazons_json_or_a_gateways_page() -> None:
    shop = Shop(settings=FAILING)
    seen: set[tuple[int, str, str | None]] = set()
    for number in range(100):
        reply = shop.get(f"/charges/{number}")
        kind = reply.headers["content-type"]
        code = reply.json["reasonCode"] if kind == "application/json" else None
        seen.add((reply.status, kind, code))
    assert seen == {
        (500, "application/json", "InternalServerError"),
        (503, "application/json", "ServiceUnavailable"),
        (500, "text/html", None),
        (503, "text/html", None),
        (504, "text/html", None),
    }


def test_the_story_tells_what_was_done_and_what_came_between() -> None:
    losing = Shop(settings=LOSING)
    reply = losing.post("/checkoutSessions", losing.session_body())
    (row,) = (row for row in losing.simulator.story() if row.kind == "request")
    assert row.facts["fault"] == f"answer lost: {reply.status}"
    assert row.facts["status"] == 201
    assert json.loads(row.facts["answer"])["statusDetails"]["state"] == "Open"
    failing = Shop(settings=FAILING)
    reply = failing.get("/charges/x")
    assert told(failing) == [f"failed: {reply.status}"]
    assert failing.simulator.story()[0].facts["status"] == reply.status


def test_the_story_of_a_call_without_a_fault_says_so(shop: Shop) -> None:
    shop.get("/charges/x")
    shop.simulator.handle(Request("GET", "/v2/charges/x"))
    assert told(shop) == [None, None]


def test_the_same_seed_meets_the_same_faults_and_another_one_others() -> None:
    def run(seed: int) -> list[tuple[int, bytes]]:
        shop = Shop(settings=PROFILES["hostile"], seed=seed)
        replies = [
            shop.post("/checkoutSessions", shop.session_body()) for _ in range(40)
        ]
        return [(reply.status, reply.body) for reply in replies]

    assert run(3) == run(3)
    assert [status for status, _ in run(3)] != [status for status, _ in run(4)]


# In flight ----------------------------------------------------------------------------

HOLDING = Settings(keys_held_for=timedelta(milliseconds=20))


def met_in_flight(
    key: str, settings: Settings = HOLDING, seed: int = 1
) -> tuple[Reply, Reply, Reply]:
    """Create under `k`; under `key` while that runs; and under `key` after it."""
    waited: list[float] = []
    meanwhile: list[Reply] = []

    def during(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 1:
            body = shop.session_body()
            meanwhile.append(shop.post("/checkoutSessions", body, key=key))

    shop = Shop(settings=settings, wait=during, seed=seed)
    first = shop.post("/checkoutSessions", shop.session_body(), key="k")
    after = shop.post("/checkoutSessions", shop.session_body(), key=key)
    assert waited[0] == 0.02
    return first, meanwhile[0], after


def test_a_key_in_flight_is_answered_425_or_500_and_repeats_the_answer_later() -> None:
    seen: set[int] = set()
    for seed in range(20):
        first, second, after = met_in_flight("k", seed=seed)
        seen.add(second.status)
        assert (first.status, after.body) == (201, first.body)
    assert seen == {425, 500}


def test_a_425_has_no_body_for_its_code_is_not_documented() -> None:
    (body,) = {
        reply.body
        for reply in (met_in_flight("k", seed=seed)[1] for seed in range(20))
        if reply.status == 425
    }
    assert body == b""


def test_another_key_is_free_meanwhile() -> None:
    _, second, _ = met_in_flight("other")
    assert second.status == 201


def test_hostile_holds_keys() -> None:
    calm = replace(PROFILES["hostile"], failed_calls=0, lost_answers=0)
    assert met_in_flight("k", calm)[1].status in {425, 500}


def test_a_key_is_free_again_after_a_refusal_and_after_a_broken_wait() -> None:
    def breaking(seconds: float) -> None:
        raise InterruptedError(seconds)

    shop = Shop(settings=HOLDING)
    assert shop.post("/checkoutSessions", {}, key="k").status == 400
    assert shop.post("/checkoutSessions", shop.session_body(), key="k").status == 201
    broken = Shop(settings=HOLDING, wait=breaking)
    statuses = [
        broken.post("/checkoutSessions", broken.session_body(), key="k").status
        for _ in range(2)
    ]
    assert statuses == [500, 500]
    assert told(broken) == []


@pytest.mark.parametrize("settings", [Settings(), PROFILES["lenient"]])
def test_nothing_is_held_elsewhere(settings: Settings) -> None:
    waited: list[float] = []
    shop = Shop(settings=settings, wait=waited.append)
    shop.post("/checkoutSessions", shop.session_body())
    assert waited == []


def test_a_simulator_that_was_given_no_wait_does_not_wait(shop: Shop) -> None:
    known = list(shop.simulator.merchants.values())
    shop.simulator = Simulator(known, settings=HOLDING, clock=shop.clock)
    assert shop.post("/checkoutSessions", shop.session_body()).status == 201


def test_a_call_without_a_key_is_not_held() -> None:
    waited: list[float] = []
    shop = Shop(settings=HOLDING, wait=waited.append)
    shop.get("/charges/x")
    shop.send("POST", "/deliveryTrackers", {})
    assert waited == []


# Stale --------------------------------------------------------------------------------

STALE = Settings(
    stale_reads=1.0,
    stale_for=timedelta(seconds=5),
    refund_settles_after=timedelta(seconds=1),
)


def test_a_get_shows_what_was_there_before_the_change_for_five_seconds() -> None:
    shop = Shop(settings=STALE)
    charge = shop.buy().charge
    before = shop.get(f"/charges/{charge}")
    shop.clock.move(seconds=1)
    assert shop.capture(charge, "50").state == ("Captured", None)
    shop.clock.move(seconds=4)
    assert shop.get(f"/charges/{charge}").json == before.json
    shop.clock.move(seconds=1)
    assert shop.get(f"/charges/{charge}").state == ("Captured", None)


def test_every_kind_of_object_can_be_stale() -> None:
    shop = Shop(settings=STALE)
    bought = shop.buy()
    shop.capture(bought.charge, "50")
    refund = shop.refund(bought.charge, "50").json["refundId"]
    shop.clock.move(seconds=1)
    paths = [
        f"/checkoutSessions/{bought.session}",
        f"/chargePermissions/{bought.permission}",
        f"/charges/{bought.charge}",
        f"/refunds/{refund}",
    ]
    stale = [shop.get(path).state for path in paths]
    shop.clock.move(seconds=5)
    assert stale == [
        ("Open", None),
        ("NonChargeable", "ChargeInProgress"),
        ("Captured", None),
        ("RefundInitiated", None),
    ]
    assert [shop.get(path).state for path in paths] == [
        ("Completed", None),
        ("Closed", "AmazonClosed"),
        ("Captured", None),
        ("Refunded", None),
    ]


def test_what_happens_by_itself_is_seen_late_from_the_moment_it_happened() -> None:
    shop = Shop(settings=STALE)
    charge = shop.buy(card="0701", canHandlePendingAuthorization=True).charge
    seen: list[str] = []
    for seconds in (29, 1, 4, 1):
        shop.clock.move(seconds=seconds)
        seen.append(shop.get(f"/charges/{charge}").state[0])
    pending = "AuthorizationInitiated"
    assert seen == [pending, pending, pending, "Authorized"]


def test_what_happened_while_nobody_asked_is_not_news_for_long() -> None:
    shop = Shop(settings=STALE)
    charge = shop.buy(card="0701", canHandlePendingAuthorization=True).charge
    shop.clock.move(seconds=36)
    assert shop.get(f"/charges/{charge}").state == ("Authorized", None)


def test_a_new_object_is_there_at_once() -> None:
    shop = Shop(settings=STALE)
    session = shop.open()
    assert shop.get(f"/checkoutSessions/{session}").state == ("Open", None)


def test_a_call_that_acts_sees_what_is_there() -> None:
    shop = Shop(settings=STALE)
    charge = shop.buy().charge
    shop.capture(charge, "50")
    assert shop.capture(charge, "50").error == (422, "InvalidChargeStatus")
    assert shop.refund(charge, "50").status == 201


def test_only_the_last_version_is_kept_and_calm_settings_keep_none() -> None:
    stale, calm = Shop(settings=STALE), Shop()
    for shop in (stale, calm):
        shop.capture(shop.buy().charge, "50")
    (earlier,) = kept(stale, "earlier charge")
    assert earlier["record"]["state"] == "Authorized"
    assert kept(calm, "earlier charge") == []


def test_reads_go_back_and_forth_in_their_share() -> None:
    shop = Shop(settings=replace(STALE, stale_reads=0.5))
    charge = shop.buy().charge
    shop.capture(charge, "50")
    states = [shop.get(f"/charges/{charge}").state[0] for _ in range(50)]
    assert Counter(states)["Authorized"] == pytest.approx(25, abs=10)
    assert ("Captured", "Authorized") in set(pairwise(states))


@given(
    steps=st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=25),
    seed=st.integers(0, 1000),
)
def test_a_get_shows_the_last_version_or_one_replaced_less_than_five_seconds_ago(
    steps: list[tuple[int, bool]], seed: int
) -> None:
    shop = Shop(settings=replace(STALE, stale_reads=0.5), seed=seed)
    path = f"/checkoutSessions/{shop.open()}"
    versions: list[tuple[str | None, int]] = [(None, 0)]
    now = 0
    for seconds, writes in steps:
        shop.clock.move(seconds=seconds)
        now += seconds
        if writes:
            name = str(len(versions))
            shop.patch(path, {"merchantMetadata": {"merchantReferenceId": name}})
            versions.append((name, now))
        shown = shop.get(path).json["merchantMetadata"]["merchantReferenceId"]
        allowed = {versions[-1][0]}
        allowed |= {
            old for (old, _), (_, since) in pairwise(versions) if now - since < 5
        }
        assert shown in allowed


# Everything at once -------------------------------------------------------------------


@given(seed=st.integers(0, 2**32))
def test_whatever_the_dice_say_one_key_makes_one_charge(seed: int) -> None:
    calm = Shop(settings=PROFILES["default"])
    permission = calm.buy("50", "Confirm").permission
    hostile = replace(PROFILES["hostile"], headroom=10)
    shop = Shop(settings=hostile, store=calm.simulator.store, seed=seed)
    body = {"chargePermissionId": permission, "chargeAmount": shop.money("10")}
    replies = [shop.post("/charges", body, key="one") for _ in range(6)]
    answered = {reply.body for reply in replies if reply.status == 201}
    assert len(answered) == 1
    assert len(kept(shop, "charge")) == 1
