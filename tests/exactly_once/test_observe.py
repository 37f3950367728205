"""Which object an answer is about, and what a GET of it shows; with values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import ConnectionFailed, NotFound, Response, TimedOut
from AmazonPay._once.classify import CallResult, classify
from AmazonPay._once.observe import (
    call_result,
    checked_result,
    get_permission,
    object_id_in,
    observe,
    usable_id,
)
from AmazonPay._once.outcomes import Observed
from journals import Player, Reply, answer, intended, refusal

if TYPE_CHECKING:
    from AmazonPay._once.entry import Entry

PERMISSION = "S01-1234567-1234567"
CHARGE = f"{PERMISSION}-C123456"
REFUND = f"{PERMISSION}-R123456"


COMPLETE = intended("complete_checkout_session", "/checkoutSessions/s1/complete")
CAPTURE = intended("capture_charge", f"/charges/{CHARGE}/capture")
CANCEL = intended("cancel_charge", f"/charges/{CHARGE}/cancel")
CLOSE = intended("close_charge_permission", f"/chargePermissions/{PERMISSION}/close")
CREATE = intended("create_charge", "/charges", object_id=CHARGE)
RETURN = intended("create_refund", "/refunds", object_id=REFUND)

CHARGE_VIEW = {"chargeId": CHARGE, "chargePermissionId": PERMISSION}
VIEWS: list[tuple[Entry, str, dict[str, Any]]] = [
    (COMPLETE, "/checkoutSessions/s1", {"checkoutSessionId": "s1"}),
    (CAPTURE, f"/charges/{CHARGE}", CHARGE_VIEW),
    (CANCEL, f"/charges/{CHARGE}", CHARGE_VIEW),
    (CREATE, f"/charges/{CHARGE}", CHARGE_VIEW),
    (CLOSE, f"/chargePermissions/{PERMISSION}", {"chargePermissionId": PERMISSION}),
    (RETURN, f"/refunds/{REFUND}", {"refundId": REFUND, "chargeId": CHARGE}),
]
EACH = pytest.mark.parametrize(
    ("entry", "path", "view"), VIEWS, ids=[one[0].operation for one in VIEWS]
)


def main_member(view: dict[str, Any]) -> str:
    return next(iter(view))


def observed(entry: Entry, *replies: Reply, **requested: Any) -> Observed:
    found: Observed = Player(*replies).play(observe(entry, requested))
    return found


# An object ----------------------------------------------------------------------------


@EACH
def test_the_object_of_an_entry_is_read_by_its_id(
    entry: Entry, path: str, view: dict[str, Any]
) -> None:
    player = Player(answer(view))
    assert player.play(observe(entry, {})) == Observed(view)
    (call,) = player.calls
    assert (call.method, call.path) == ("GET", path)


@EACH
@pytest.mark.parametrize(
    ("id_", "reason"),
    [("other", "ObjectMismatch"), (5, "ObjectMismatch"), (None, "NoId")],
)
def test_an_answer_of_another_id_shows_nothing(
    entry: Entry, path: str, view: dict[str, Any], id_: Any, reason: str
) -> None:
    del path
    wrong = {**view, main_member(view): id_}
    assert observed(entry, answer(wrong)) == Observed(reason=reason)


@EACH
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (refusal(404, "ResourceNotFound"), "ResourceNotFound"),
        (NotFound(refusal(404, "ResourceNotFound")), "ResourceNotFound"),
        (TimedOut("x"), "TimedOut"),
        (answer(b"<html>"), "HTTP 200"),
    ],
)
def test_an_object_that_cannot_be_read_says_why(
    entry: Entry, path: str, view: dict[str, Any], reply: Reply, reason: str
) -> None:
    del path, view
    assert observed(entry, reply) == Observed(reason=reason)


@pytest.mark.parametrize("made", [CREATE, RETURN])
def test_an_object_that_has_no_id_yet_is_not_read(made: Entry) -> None:
    assert observed(replace(made, object_id=None)) == Observed()


@pytest.mark.parametrize(
    ("charge_id", "permission", "fits"),
    [
        (CHARGE, PERMISSION, True),
        (CHARGE, "S01-1234567-7654321", False),
        (CHARGE, "B01-1234567-7654321", True),  # a recurring one has ids of its own
        (CHARGE, None, True),
        ("C1", "S01-1234567-7654321", True),
        (f"{CHARGE}7", "S01-1234567-7654321", True),
        (CHARGE, "S01-1234567-76543210", True),
    ],
)
def test_a_charge_of_another_one_time_permission_is_another_object(
    charge_id: str, permission: str | None, *, fits: bool
) -> None:
    made = replace(CREATE, object_id=charge_id)
    view = {"chargeId": charge_id, "chargePermissionId": permission}
    expected = Observed(view) if fits else Observed(reason="ObjectMismatch")
    assert observed(made, answer(view)) == expected


@pytest.mark.parametrize(
    ("id_", "usable"),
    [
        (CHARGE, True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("", False),
        (".", False),
        ("...", False),
        (".x", True),
        ("a b", False),
        ("a\n", False),
        ("\u00e4", False),
        ("\ud800", False),
        (5, False),
        (None, False),
    ],
)
def test_an_id_is_used_if_it_fits_a_path_and_a_column(
    id_: Any, *, usable: bool
) -> None:
    assert usable_id(id_) == (id_ if usable else None)


@pytest.mark.parametrize("object_id", ["..", "\ud800", "x" * 65])
def test_a_stored_id_that_is_none_is_not_requested(object_id: str) -> None:
    assert observed(replace(CREATE, object_id=object_id)) == Observed(reason="NoId")
    player = Player()
    if object_id != "x" * 65:
        assert player.play(get_permission(object_id)) == Observed(reason="NoId")


# A session and its charge -------------------------------------------------------------


def session(state: str, **more: Any) -> dict[str, Any]:
    return {"checkoutSessionId": "s1", "statusDetails": {"state": state}, **more}


@pytest.mark.parametrize("state", ["Completed", "Canceled"])
def test_the_charge_of_a_session_that_ended_is_read_too(state: str) -> None:
    ended = session(state, chargeId=CHARGE, chargePermissionId=PERMISSION)
    shown = observed(COMPLETE, answer(ended), answer(CHARGE_VIEW))
    assert shown == Observed(ended, charge=CHARGE_VIEW)


@pytest.mark.parametrize("reply", [refusal(404, "ResourceNotFound")])
def test_a_charge_that_cannot_be_read_says_why(reply: Reply) -> None:
    ended = session("Completed", chargeId=CHARGE)
    shown = observed(COMPLETE, answer(ended), reply)
    assert shown == Observed(ended, "ResourceNotFound")
    ended = session("Completed", chargeId="..")
    assert observed(COMPLETE, answer(ended)) == Observed(ended, "NoId")


@pytest.mark.parametrize(
    "view", [session("Open", chargeId=CHARGE), session("Completed"), session("New")]
)
def test_no_charge_is_read_before_the_end_or_without_an_id(
    view: dict[str, Any],
) -> None:
    assert observed(COMPLETE, answer(view)) == Observed(view)


def test_a_charge_of_another_permission_than_the_sessions_is_not_its_charge() -> None:
    ended = session("Completed", chargeId="C1", chargePermissionId="B01")
    other = {"chargeId": "C1", "chargePermissionId": "B02"}
    shown = observed(COMPLETE, answer(ended), answer(other))
    assert shown == Observed(ended, "ObjectMismatch")
    same = {"chargeId": "C1", "chargePermissionId": "B01"}
    assert observed(COMPLETE, answer(ended), answer(same)).charge == same
    unnamed = session("Completed", chargeId="C1", chargePermissionId=None)
    assert observed(COMPLETE, answer(unnamed), answer(same)).charge == same


# A permission and its charges ---------------------------------------------------------

LISTED = replace(CLOSE, charge_ids=("C1", "C2"))
CLOSED = {"chargePermissionId": PERMISSION, "statusDetails": {"state": "Closed"}}


def test_listed_charges_are_read_where_they_must_have_ended() -> None:
    first = {"chargeId": "C1"}
    shown = observed(
        LISTED,
        answer(CLOSED),
        answer(first),
        refusal(404, "ResourceNotFound"),
        cancelPendingCharges=True,
    )
    assert shown == Observed(CLOSED, charges=(first, None))


@pytest.mark.parametrize(
    ("closing", "view", "cancels"),
    [
        (CLOSE, CLOSED, True),
        (replace(LISTED, object_id=PERMISSION), CLOSED, True),
        (LISTED, CLOSED, False),
        (LISTED, CLOSED, "true"),
        (LISTED, {**CLOSED, "statusDetails": {"state": "Chargeable"}}, True),
    ],
)
def test_listed_charges_are_not_read_where_nothing_depends_on_them(
    closing: Entry, view: dict[str, Any], cancels: object
) -> None:
    shown = observed(closing, answer(view), cancelPendingCharges=cancels)
    assert shown == Observed(view)


# Our own answer -----------------------------------------------------------------------


def succeeded(view: dict[str, Any]) -> CallResult:
    return classify(answer(view, 201))


@EACH
def test_a_success_about_the_object_stays_one(
    entry: Entry, path: str, view: dict[str, Any]
) -> None:
    del path
    said = succeeded(view)
    assert checked_result(entry, {"chargeId": CHARGE, **view}, said) is said
    assert object_id_in(entry, said) == view[main_member(view)]


@EACH
@pytest.mark.parametrize("id_", [None, "", "..", 5, "a b"])
def test_a_success_without_a_usable_id_is_unknown(
    entry: Entry, path: str, view: dict[str, Any], id_: Any
) -> None:
    del path
    said = succeeded({**view, main_member(view): id_})
    assert checked_result(entry, view, said) == replace(
        said, status="unknown", reason="NoId"
    )
    assert object_id_in(entry, said) is None


@pytest.mark.parametrize("sent", [COMPLETE, CAPTURE, CANCEL, CLOSE])
def test_a_success_about_another_object_is_unknown(sent: Entry) -> None:
    view = next(view for one, _, view in VIEWS if one is sent)
    said = succeeded({**view, main_member(view): "other"})
    assert checked_result(sent, {}, said) == replace(
        said, status="unknown", reason="ObjectMismatch"
    )


@pytest.mark.parametrize(
    ("sent", "member", "view"),
    [
        (CREATE, "chargePermissionId", {"chargeId": "C1"}),
        (RETURN, "chargeId", {"refundId": "R1"}),
    ],
)
def test_a_creation_for_another_object_is_unknown(
    sent: Entry, member: str, view: dict[str, Any]
) -> None:
    requested = {member: "asked"}
    for named, fits in (("asked", True), (None, True), ("other", False)):
        said = succeeded({**view, member: named})
        checked = checked_result(sent, requested, said)
        wrong = replace(said, status="unknown", reason="ObjectMismatch")
        assert checked == (said if fits else wrong)


@pytest.mark.parametrize(
    "said",
    [
        CallResult("unknown", "TimedOut", error=TimedOut("x", outcome_unknown=True)),
        classify(refusal(422, "HardDeclined")),
        classify(answer({"chargeId": "C1"}, 503)),
    ],
)
def test_what_is_no_success_names_no_object_and_is_left_alone(said: CallResult) -> None:
    assert checked_result(CAPTURE, {}, said) is said
    assert object_id_in(CREATE, said) is None


def test_the_charge_in_the_answer_to_a_session_is_its_object() -> None:
    view = {"checkoutSessionId": "s1", "chargeId": CHARGE}
    assert object_id_in(COMPLETE, succeeded(view)) == CHARGE
    finalize = replace(COMPLETE, operation="finalize_checkout_session")
    assert object_id_in(finalize, succeeded(view)) == CHARGE
    assert object_id_in(COMPLETE, succeeded({**view, "chargeId": ".."})) == "s1"
    # The charge in the answer to a refund is the one that was paid.
    paid = {"refundId": REFUND, "chargeId": CHARGE}
    assert object_id_in(RETURN, succeeded(paid)) == REFUND


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (answer({}), "succeeded"),
        (ConnectionFailed("x"), "not_processed"),
        (NotFound(refusal(404, "ResourceNotFound")), "refused"),
    ],
)
def test_a_call_has_a_result_whether_or_not_the_client_raises(
    reply: Reply, status: str
) -> None:
    get: Any = object()

    class Answering(Player):
        def perform(self, step: Any, /) -> object:
            assert step is get
            return super().perform(step)

    result = Answering(reply).play(call_result(get))
    assert result.status == status
    if isinstance(reply, Response):
        assert result.response is reply
