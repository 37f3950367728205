"""Answers about another object, or about none: nothing is concluded from them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from AmazonPay import TimedOut
from AmazonPay._core.call import Call
from AmazonPay._core.run import run
from AmazonPay.journal import resolve
from AmazonPay.procedures.once import Once
from journals import NAMES, MemoryJournal, Player, Reply, answer, refusal

MONEY = {"amount": "10.00", "currencyCode": "USD"}
LOST = TimedOut("x", outcome_unknown=True)
PERMISSION, OTHER = "S01-1111111-1111111", "S01-2222222-2222222"
CHARGE, OTHERS = f"{PERMISSION}-C111111", f"{OTHER}-C222222"
REFUND = f"{PERMISSION}-R111111"

View = dict[str, Any]

# No id of Amazon's: it cannot be asked for, or not be written down.
NO_IDS: list[Any] = [
    "..",
    ".",
    "",
    " ",
    "a b",
    "\ud800",
    "S01\x00",
    "\u200b",
    "x" * 65,
    "x" * 10_000,
    5,
    True,
    0,
    1.5,
    [],
    ["S01-C1"],
    {},
    {"id": "S01-C1"},
]


def shown(state: str, **more: Any) -> View:
    return {"statusDetails": {"state": state, "reasonCode": None}, **more}


def charge(state: str = "Captured", **more: Any) -> View:
    view = {
        "chargeId": CHARGE,
        "chargePermissionId": PERMISSION,
        "chargeAmount": MONEY,
        "captureAmount": MONEY,
    }
    return shown(state, **{**view, **more})


def session(state: str = "Completed", **more: Any) -> View:
    view = {
        "checkoutSessionId": "s1",
        "chargeId": CHARGE,
        "chargePermissionId": PERMISSION,
    }
    return shown(state, **{**view, **more})


def refund(state: str = "Refunded", **more: Any) -> View:
    view = {"refundId": REFUND, "chargeId": CHARGE, "refundAmount": MONEY}
    return shown(state, **{**view, **more})


def permission(state: str = "Closed", **more: Any) -> View:
    return shown(state, **{"chargePermissionId": PERMISSION, **more})


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "complete": ("s1", {"chargeAmount": MONEY}),
    "finalize": ("s1", {"chargeAmount": MONEY, "paymentIntent": "Authorize"}),
    "create": ({"chargePermissionId": PERMISSION, "chargeAmount": MONEY},),
    "capture": (CHARGE, {"captureAmount": MONEY}),
    "cancel": (CHARGE,),
    "close": (PERMISSION,),
    "refund": ({"chargeId": CHARGE, "refundAmount": MONEY},),
}
METHODS: dict[str, Any] = {
    "complete": Once.complete_or_get_checkout_session,
    "finalize": Once.finalize_or_get_checkout_session,
    "create": Once.create_charge_or_get,
    "capture": Once.capture_or_get_charge,
    "cancel": Once.cancel_or_get_charge,
    "close": Once.close_or_get_charge_permission,
    "refund": Once.refund_or_get,
}
BEFORE: dict[str, list[Reply]] = {
    "complete": [answer(session("Open", chargeId=None))],
    "finalize": [answer(session("Open", chargeId=None))],
    "create": [],
    "capture": [answer(charge("Authorized"))],
    "cancel": [answer(charge("Authorized"))],
    "close": [answer(permission("Chargeable"))],
    "refund": [],
}
DONE: dict[str, View] = {
    "complete": session(),
    "finalize": session(),
    "create": charge("Authorized"),
    "capture": charge(),
    "cancel": charge("Canceled"),
    "close": permission(),
    "refund": refund("RefundInitiated"),
}
AFTER: dict[str, list[View]] = {
    "complete": [session(), charge("Authorized")],
    "finalize": [session(), charge("Authorized")],
    "create": [charge("Authorized")],
    "capture": [charge()],
    "cancel": [charge("Canceled")],
    "close": [permission()],
    "refund": [refund()],
}
MEMBERS = {
    "complete": "checkoutSessionId",
    "finalize": "checkoutSessionId",
    "create": "chargeId",
    "capture": "chargeId",
    "cancel": "chargeId",
    "close": "chargePermissionId",
    "refund": "refundId",
}
IN_THE_PATH = ["complete", "finalize", "capture", "cancel", "close"]


def call(helper: str, journal: MemoryJournal, **more: Any) -> Any:
    return METHODS[helper].begin(
        None, *ARGUMENTS[helper], journal=journal, **{**NAMES, **more}
    )


def play(helper: str, journal: MemoryJournal, *script: Reply) -> Any:
    return Player(*script).play(call(helper, journal))


@pytest.mark.parametrize("helper", METHODS)
def test_answers_about_the_object_that_was_asked_for_are_a_success(helper: str) -> None:
    views = map(answer, AFTER[helper])
    script = [*BEFORE[helper], answer(DONE[helper]), *views]
    assert play(helper, MemoryJournal(), *script).ok


# Another object -----------------------------------------------------------------------


@pytest.mark.parametrize("helper", IN_THE_PATH)
def test_an_answer_to_the_call_about_another_object_proves_nothing(helper: str) -> None:
    other = {**DONE[helper], MEMBERS[helper]: "another"}
    journal = MemoryJournal()
    views = map(answer, AFTER[helper])
    decision = play(helper, journal, *BEFORE[helper], answer(other), *views)
    assert (decision.outcome, decision.reason) == ("unknown", "ObjectMismatch")
    assert journal.entry.in_doubt
    # The object itself tells, when it is asked about alone.
    assert play(helper, journal, *map(answer, AFTER[helper])).ok


@pytest.mark.parametrize(
    ("helper", "other"),
    [
        ("create", {"chargePermissionId": OTHER}),
        ("create", {"chargeId": OTHERS}),
        ("refund", {"chargeId": OTHERS}),
    ],
)
def test_a_creation_that_belongs_to_another_object_proves_nothing(
    helper: str, other: View
) -> None:
    journal = MemoryJournal()
    named = {**DONE[helper], **other}
    decision = play(helper, journal, answer(named, 201), *map(answer, AFTER[helper]))
    assert (decision.outcome, decision.reason) == ("unknown", "ObjectMismatch")
    assert journal.entry.object_id == named[MEMBERS[helper]]


@pytest.mark.parametrize("value", ["another", None, *NO_IDS])
@pytest.mark.parametrize("helper", METHODS)
def test_a_view_of_another_object_proves_nothing(helper: str, value: Any) -> None:
    view = {**AFTER[helper][0], MEMBERS[helper]: value}
    journal = MemoryJournal()
    script = [*BEFORE[helper], answer(DONE[helper]), answer(view)]
    decision = play(helper, journal, *script)
    assert decision.outcome == "unknown"
    assert decision.reason == ("NoId" if value is None else "ObjectMismatch")
    assert decision.seen is None
    assert len(journal.open_entries()) == 1


@pytest.mark.parametrize("helper", IN_THE_PATH)
def test_a_first_view_of_another_object_sends_nothing(helper: str) -> None:
    view = {**AFTER[helper][0], MEMBERS[helper]: "another"}
    player = Player(answer(view))
    decision = player.play(call(helper, MemoryJournal()))
    assert (decision.outcome, decision.reason) == ("unknown", "ObjectMismatch")
    assert player.sent == []


@pytest.mark.parametrize(
    ("view", "of_charge"),
    [
        (session(), charge(chargeId=OTHERS)),
        (session(), charge(chargePermissionId=OTHER)),
        (session(chargePermissionId=OTHER), charge()),
        (session(chargePermissionId=OTHER), charge(chargePermissionId=OTHER)),
        (session(), charge(chargeId=None)),
    ],
)
def test_a_charge_of_another_session_proves_nothing(
    view: View, of_charge: View
) -> None:
    script = [answer(view), answer(of_charge)]
    if view["chargePermissionId"] == OTHER and view["chargeId"] == CHARGE:
        script = [answer(view)]  # its own ids contradict each other
    decision = play("complete", MemoryJournal(), *script)
    assert decision.outcome == "unknown"
    assert decision.reason in {"ObjectMismatch", "NoId"}


def test_a_session_and_its_charge_are_of_one_permission() -> None:
    """Whatever the ids look like."""
    view = session(chargeId="c1", chargePermissionId="p1")
    of_charge = charge(chargeId="c1", chargePermissionId="p2")
    decision = play("complete", MemoryJournal(), answer(view), answer(of_charge))
    assert (decision.outcome, decision.reason) == ("unknown", "ObjectMismatch")


def test_a_refund_in_another_currency_than_its_capture_proves_nothing() -> None:
    view = charge(refundedAmount={"amount": "1", "currencyCode": "JPY"})
    decision = play("capture", MemoryJournal(), answer(view))
    assert (decision.outcome, decision.reason) == ("unknown", "CurrencyMismatch")


def test_a_charge_that_was_captured_in_part_at_once_is_not_what_was_asked_for() -> None:
    body = {"chargePermissionId": PERMISSION, "chargeAmount": MONEY, "captureNow": True}
    for taken, outcome in (("9.00", "moved"), ("10", "success"), (None, "success")):
        price = None if taken is None else {**MONEY, "amount": taken}
        made = charge(captureAmount=price)
        flow = Once.create_charge_or_get.begin(
            None, body, journal=MemoryJournal(), **NAMES
        )
        assert Player(answer(made, 201), answer(made)).play(flow).outcome == outcome


def test_an_id_that_an_older_version_kept_and_nobody_can_ask_for_is_unknown() -> None:
    for helper, id_ in itertools.product(["create", "refund"], ["..", "\ud800", "a b"]):
        journal = MemoryJournal()
        play(helper, journal, LOST)
        key = journal.entry.key
        journal.entries[key] = replace(journal.entry, object_id=id_)
        player = Lenient()
        assert player.play_on(call(helper, journal)).outcome == "unknown"
        assert player.sent == []


def test_a_recurring_permission_has_charges_of_other_names() -> None:
    """Only a one-time permission's charges bear its id."""
    body = {"chargePermissionId": "C01-2612863-4691163", "chargeAmount": MONEY}
    made = charge(
        "Authorized",
        chargeId="S01-5454037-1929856-C015396",
        chargePermissionId="C01-2612863-4691163",
    )
    flow = Once.create_charge_or_get.begin(None, body, journal=MemoryJournal(), **NAMES)
    assert Player(answer(made, 201), answer(made)).play(flow).ok


# No id --------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, *NO_IDS])
@pytest.mark.parametrize("helper", METHODS)
def test_a_success_that_names_no_usable_object_is_a_lost_answer(
    helper: str, value: Any
) -> None:
    journal = MemoryJournal()
    named = {**DONE[helper], MEMBERS[helper]: value}
    views = [] if helper in {"create", "refund"} else BEFORE[helper]
    decision = play(helper, journal, *BEFORE[helper], answer(named), *views)
    assert decision.outcome in {"unknown", "pending"}
    assert journal.entry.in_doubt
    assert journal.entry.object_id is None


@pytest.mark.parametrize("value", NO_IDS)
def test_a_session_whose_charge_cannot_be_asked_for_is_no_no(value: Any) -> None:
    decision = play("complete", MemoryJournal(), answer(session(chargeId=value)))
    assert (decision.outcome, decision.reason) == ("unknown", "NoId")


@pytest.mark.parametrize("value", ["\ud800", "x y", "x" * 65, 5, None, [], "\x00"])
@pytest.mark.parametrize("helper", METHODS)
def test_a_code_that_cannot_be_shown_is_written_as_its_status(
    helper: str, value: Any
) -> None:
    journal = MemoryJournal()
    reply = answer({"reasonCode": value}, 422)
    views = [] if helper in {"create", "refund"} else BEFORE[helper]
    decision = play(helper, journal, *BEFORE[helper], reply, *views)
    assert decision.reason == "HTTP 422"
    assert journal.entry.reason == "HTTP 422"


@pytest.mark.parametrize("value", ["\ud800", "x y", "x" * 65, 5, [], {}])
def test_a_reason_that_cannot_be_shown_is_left_out(value: Any) -> None:
    view = charge("Canceled")
    view["statusDetails"]["reasonCode"] = value
    decision = play("capture", MemoryJournal(), answer(view))
    assert (decision.outcome, decision.reason) == ("no", None)


STRANGE: list[Any] = [
    None,
    5,
    "x",
    [],
    [1],
    {},
    {"state": None},
    {"state": {}},
    "\ud800",
]


class Lenient(Player):
    """Plays a script whose end need not be reached, and finds nothing after it."""

    def play_on(self, flow: Any) -> Any:
        self.replies += [refusal(404, "ResourceNotFound")] * 3
        return run(flow, self)


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize(
    "member", ["statusDetails", "chargeAmount", "captureAmount", "refundedAmount"]
)
@pytest.mark.parametrize("helper", METHODS)
def test_no_strange_member_makes_more_than_a_decision(
    helper: str, member: str, value: Any
) -> None:
    changed = [{**view, member: value} for view in (DONE[helper], *AFTER[helper])]
    player = Lenient(*BEFORE[helper], *map(answer, changed))
    decision = player.play_on(call(helper, MemoryJournal()))
    assert decision.outcome in {"success", "pending", "unknown", "moved"}
    money = {"chargeAmount": "create", "captureAmount": "capture"}
    if money.get(member) == helper or member == "statusDetails":
        assert decision.outcome == "unknown"


# Two objects under one key ------------------------------------------------------------


class Overtaken(Player):
    """While its own request is under way, another worker's is answered."""

    def __init__(self, journal: MemoryJournal, helper: str, *replies: Reply) -> None:
        super().__init__(*replies)
        self.journal = journal
        self.helper = helper

    def perform(self, step: Any, /) -> object:
        if isinstance(step, Call) and step.method != "GET":
            views = map(answer, AFTER[self.helper])
            made = answer(DONE[self.helper], 201)
            decision = play(self.helper, self.journal, made, *views)
            assert decision.outcome == "success"
        return super().perform(step)


@pytest.mark.parametrize(
    ("helper", "other"), [("create", f"{PERMISSION}-C999999"), ("refund", "S01-R9")]
)
def test_two_objects_under_one_key_are_both_kept_and_settle_nothing(
    helper: str, other: str
) -> None:
    journal = MemoryJournal()
    member = MEMBERS[helper]
    second = answer({**DONE[helper], member: other}, 201)
    view = answer(AFTER[helper][0])
    decision = Overtaken(journal, helper, second, view).play(call(helper, journal))
    assert (decision.outcome, decision.reason) == ("unknown", "ObjectMismatch")
    entry = journal.entry
    assert entry.object_id == DONE[helper][member]
    assert entry.other_object_ids == (other,)
    assert entry.outcome == "unknown"
    # It stays so, and is never sent again, until a person has looked.
    again = Player(view)
    assert again.play(call(helper, journal)).outcome == "unknown"
    assert again.sent == []
    resolve(journal, entry.key, "success", reason="one refunded", object_id=other)
    assert journal.entry.object_id == other
    assert journal.entry.other_object_ids == (DONE[helper][member],)
    view = answer({**AFTER[helper][0], member: other})
    assert Player(view).play(call(helper, journal)).ok


def test_a_session_that_names_another_charge_than_our_own_answer_did() -> None:
    journal = MemoryJournal()
    decision = play(
        "complete",
        journal,
        *BEFORE["complete"],
        answer(session()),
        answer(session(chargeId=f"{PERMISSION}-C999999")),
        answer(charge("Authorized", chargeId=f"{PERMISSION}-C999999")),
    )
    assert (decision.outcome, decision.reason) == ("unknown", "ObjectMismatch")
    entry = journal.entry
    assert (entry.object_id, *entry.other_object_ids) == (
        CHARGE,
        f"{PERMISSION}-C999999",
    )


# A view that lacks what our own answer named ------------------------------------------


@pytest.mark.parametrize(
    "view",
    [
        session(chargeId=None),
        session(chargeId=None, chargePermissionId=None),
        session("Canceled", chargeId=None),
    ],
)
@pytest.mark.parametrize("helper", ["complete", "finalize"])
def test_a_view_without_the_charge_that_our_answer_named_is_no_no(
    helper: str, view: View
) -> None:
    journal = MemoryJournal()
    script = [*BEFORE[helper], answer(session()), answer(view)]
    decision = play(helper, journal, *script)
    assert (decision.outcome, decision.reason) == ("unknown", "ChargeNotSeen")
    # Nor is it one later, when the answer is long gone.
    later = play(helper, journal, answer(view))
    assert (later.outcome, later.reason) == ("unknown", "ChargeNotSeen")
    assert play(helper, journal, *map(answer, AFTER[helper])).ok


def test_a_session_that_was_to_be_charged_and_shows_no_charge_is_no_no() -> None:
    for intent, outcome in itertools.chain(
        [("Authorize", "unknown"), ("AuthorizeWithCapture", "unknown")],
        [("Confirm", "no"), (None, "no")],
    ):
        view = session(chargeId=None, paymentDetails={"paymentIntent": intent})
        assert play("complete", MemoryJournal(), answer(view)).outcome == outcome


@pytest.mark.parametrize("helper", ["create", "refund"])
def test_an_object_of_ours_that_is_not_found_is_no_no(helper: str) -> None:
    journal = MemoryJournal()
    missing = refusal(404, "ResourceNotFound")
    decision = play(helper, journal, answer(DONE[helper], 201), missing)
    assert (decision.outcome, decision.reason) == ("unknown", "ResourceNotFound")
