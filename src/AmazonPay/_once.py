"""The one flow of all helpers of `procedures.once`.

Each helper writes its request down in the caller's journal before it is sent, claims
the object for its order, sends the journal's own bytes, looks at the object by GET, and
decides by the tables of `AmazonPay.decisions`. It may be called again at any time, from
any process: it goes on where the last one was killed. See `docs/once.md`.

Amazon's pages: `amazon-pay-api-v2/idempotency.html`,
`amazon-pay-checkout/asynchronous-processing.html`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from ._body import encode_body
from ._claims import holds, is_free, take
from ._entry import (
    CREATING,
    DEFAULT_BODIES,
    JOURNAL_CHANGED,
    OBJECT_MISMATCH,
    Entry,
    answered,
    begun,
    concluded,
    digest_of,
    noted,
    read_body,
    reopened,
)
from ._journal_steps import find, write
from ._operation import encoded_id
from ._procedure import Flow, now
from .decisions import TRIED_ANEW, Decision, Heard, Seen, Verdict, decide, heard
from .errors import (
    AmazonPayError,
    APIError,
    InvalidRequest,
    JournalConflict,
    JournalFailed,
    TransportError,
)
from .idempotency import derived_key, idempotency_key
from .money import compare
from .objects import state_of
from .procedures.waiting import watch
from .resources.charge_permissions import (
    ChargePermissions,
)
from .resources.charges import (
    Charge,
    Charges,
)
from .resources.checkout_sessions import (
    CheckoutSessions,
)
from .resources.refunds import Refunds

if TYPE_CHECKING:
    from datetime import timedelta

    from ._entry import Change
    from ._operation import Body, Call, Operation
    from .journal import Journal
    from .response import Response

_OPERATIONS: Final[dict[str, Operation[..., Any]]] = {
    operation.name: operation
    for operation in (
        CheckoutSessions.complete_checkout_session,
        CheckoutSessions.finalize_checkout_session,
        Charges.create_charge,
        Charges.capture_charge,
        Charges.cancel_charge,
        ChargePermissions.close_charge_permission,
        Refunds.create_refund,
    )
}

# What a body must say, so that it can be compared with what is there afterwards.
_PRICES: Final[dict[str, str | None]] = {
    "complete_checkout_session": "chargeAmount",
    "finalize_checkout_session": "chargeAmount",
    "create_charge": "chargeAmount",
    "capture_charge": "captureAmount",
    "cancel_charge": None,
    "close_charge_permission": None,
    "create_refund": "refundAmount",
}
# The body that sets up a saved wallet is `{}`.
_MAY_LACK_A_PRICE: Final = frozenset({"complete_checkout_session"})
_REFERENCES: Final = {
    "create_charge": "chargePermissionId",
    "create_refund": "chargeId",
}

# Whether Amazon honors the key on these is unconfirmed, and so is whether a refusal is
# stored under it: a session that was refused because its buyer had not paid yet must
# not be refused for ever.
_FRESH_KEY_AFTER_REFUSAL: Final = frozenset(
    {"complete_checkout_session", "finalize_checkout_session"}
)


def intended_entry(  # noqa: PLR0913 - what makes an intention
    name: str,
    ids: tuple[str, ...],
    body: Body | None,
    *,
    namespace: str,
    order: str,
    attempt: int,
    confirm_only: bool = False,
    charge_ids: Collection[str] | None = None,
) -> Entry:
    """Turn arguments into an entry; refuse bad ones before anything is sent."""
    key = idempotency_key(
        namespace=namespace, order=order, operation=name, attempt=attempt
    )
    if not isinstance(confirm_only, bool):
        raise InvalidRequest("confirm_only is True or False")
    declared = _OPERATIONS[name]
    if body is None:
        if not declared.body_optional:
            raise InvalidRequest(f"{name} needs a body")
        body = DEFAULT_BODIES[name]
    data = encode_body(body, ordered=True)
    if not data.lstrip().startswith(b"{"):
        raise InvalidRequest(f"the body of {name} is JSON, but no object")
    _check(name, read_body(data))
    return Entry(
        key=key,
        namespace=namespace,
        order=order,
        operation=name,
        attempt=attempt,
        path=declared.build((*ids, data), {}).path,
        body=data,
        digest=digest_of(data),
        confirm_only=confirm_only,
        charge_ids=_checked_ids(charge_ids),
    )


def _checked_ids(charge_ids: object) -> tuple[str, ...] | None:
    """Copy the ids of charges; a str is one id, and no collection of them."""
    if charge_ids is None:
        return None
    kind, refused = type(charge_ids).__name__, (str, bytes, Mapping)
    if not isinstance(charge_ids, Collection) or isinstance(charge_ids, refused):
        raise InvalidRequest(
            "charge_ids is a list of ids, such as ['S01-0000000-0000000-C000000'],"
            f" not a {kind}"
        )
    ids = tuple(cast("Collection[str]", charge_ids))
    for one in ids:
        encoded_id("an id in charge_ids", one)  # refuses what names no charge
    return ids


def _check(name: str, asked: Mapping[str, Any]) -> None:
    """Refuse a body that could not be compared with what is there afterwards."""
    price = _PRICES[name]
    needed = name not in _MAY_LACK_A_PRICE or price in asked
    if price is not None and needed:
        if not isinstance(asked.get(price), Mapping):
            raise InvalidRequest(
                f"the body of {name} has no {price}, or no price there"
            )
        compare(asked[price], asked[price])  # refuses what is no price
    reference = _REFERENCES.get(name)
    if reference is not None:
        encoded_id(f"{reference} in the body of {name}", asked.get(reference))


def _call(entry: Entry) -> Call:
    """Build the entry's request: its own bytes, under its own key."""
    declared = _OPERATIONS[entry.operation]
    arguments = (entry.subject, entry.body) if entry.subject else (entry.body,)
    key = {} if declared.method != "POST" else {"idempotency_key": _wire_key(entry)}
    return declared.build(arguments, key)


def _wire_key(entry: Entry) -> str:
    if entry.operation not in _FRESH_KEY_AFTER_REFUSAL or not entry.answers:
        return entry.key
    return derived_key(
        namespace=entry.namespace,
        order=entry.order,
        operation=f"{entry.operation} after {entry.answers}",
        attempt=entry.attempt,
    )


# --- Steps ----------------------------------------------------------------------------


def _tell(call: Call) -> Flow[Heard]:
    """Make a call, and tell what came of it whatever the client's options."""
    try:
        return heard(cast("Response[Any]", (yield call)))
    except TransportError as error:
        return heard(error)
    except APIError as error:
        return heard(error.response)


# --- Which object an answer is about --------------------------------------------------

# What a path, a database's column and a person can take; Amazon's ids are 36 at most.
_USABLE_ID: Final = re.compile(r"(?!\.+$)[!-~]{1,64}")

# A one-time permission's charges bear its id. A recurring one's do not.
_ONE_TIME: Final = re.compile(r"[SP][0-9]{2}-[0-9]{7}-[0-9]{7}")
_CHARGE: Final = re.compile(rf"({_ONE_TIME.pattern})-C[0-9]{{6}}")


def _usable(id_: object) -> str | None:
    """Return an id of an answer, unless it cannot be asked for or written down."""
    found = isinstance(id_, str) and _USABLE_ID.fullmatch(id_) is not None
    return cast("str", id_) if found else None


def _strangeness(view: Mapping[str, Any], member: str, asked: str) -> str | None:
    """Say why a view is not known to be of the object `asked`; None if it is."""
    named = view.get(member)
    if named is None:
        return "NoId"
    permission, charge = view.get("chargePermissionId"), view.get("chargeId")
    if isinstance(permission, str) and isinstance(charge, str):
        stem = _CHARGE.fullmatch(charge)
        if stem and _ONE_TIME.fullmatch(permission) and stem[1] != permission:
            return OBJECT_MISMATCH
    return None if named == asked else OBJECT_MISMATCH


def _get(operation: Operation[..., Any], member: str, id_: str) -> Flow[Seen]:
    try:
        call = operation.build((id_,), {})
    except ValueError:  # of dots alone, or half a surrogate
        return Seen(reason="NoId")
    said = yield from _tell(call)
    if said.response is None or said.word != "done":
        return Seen(reason=said.reason)
    view = said.response.json()
    strange = _strangeness(view, member, id_)
    return Seen(view) if strange is None else Seen(reason=strange)


def _get_charge(id_: object) -> Flow[Seen]:
    usable = _usable(id_)
    if usable is None:
        return Seen(reason="NoId")
    return (yield from _get(Charges.get_charge, "chargeId", usable))


def _get_permission(id_: str) -> Flow[Seen]:
    get = ChargePermissions.get_charge_permission
    return (yield from _get(get, "chargePermissionId", id_))


def _see_charge(entry: Entry, asked: Mapping[str, Any]) -> Flow[Seen]:
    del asked
    return (yield from _get(Charges.get_charge, "chargeId", entry.subject))


def _see_session(entry: Entry, asked: Mapping[str, Any]) -> Flow[Seen]:
    """See a session, and the charge that it names once it has ended."""
    del asked
    get = CheckoutSessions.get_checkout_session
    seen = yield from _get(get, "checkoutSessionId", entry.subject)
    view = seen.object or {}
    charge_id = view.get("chargeId")
    if charge_id is None or state_of(view) not in {"Completed", "Canceled"}:
        return seen
    charge = yield from _get_charge(charge_id)
    shown = charge.object
    permissions = {
        one.get("chargePermissionId") for one in (view, shown or {}) if one
    } - {None}
    if len(permissions) > 1:
        return replace(seen, reason=OBJECT_MISMATCH)
    return replace(seen, charge=shown, reason=charge.reason)


def _see_permission(entry: Entry, asked: Mapping[str, Any]) -> Flow[Seen]:
    """See a permission, and its known charges where they must have ended too."""
    seen = yield from _get_permission(entry.subject)
    ours = entry.object_id is not None
    if (
        entry.charge_ids is None
        or ours
        or asked.get("cancelPendingCharges") is not True
        or state_of(seen.object or {}) != "Closed"
    ):
        return seen
    charges: list[Mapping[str, Any] | None] = []
    for charge_id in entry.charge_ids:
        shown = yield from _get_charge(charge_id)
        charges.append(shown.object)
    return replace(seen, charges=tuple(charges))


def _see_created_charge(entry: Entry, asked: Mapping[str, Any]) -> Flow[Seen]:
    del asked
    if entry.object_id is None:
        return Seen()
    return (yield from _get_charge(entry.object_id))


def _see_refund(entry: Entry, asked: Mapping[str, Any]) -> Flow[Seen]:
    del asked
    if entry.object_id is None:
        return Seen()
    return (yield from _get(Refunds.get_refund, "refundId", entry.object_id))


# How each operation's object is looked at, and which member is its id.
_SEE: Final[dict[str, tuple[str, Callable[[Entry, Mapping[str, Any]], Flow[Seen]]]]] = {
    "complete_checkout_session": ("checkoutSessionId", _see_session),
    "finalize_checkout_session": ("checkoutSessionId", _see_session),
    "create_charge": ("chargeId", _see_created_charge),
    "capture_charge": ("chargeId", _see_charge),
    "cancel_charge": ("chargeId", _see_charge),
    "close_charge_permission": ("chargePermissionId", _see_permission),
    "create_refund": ("refundId", _see_refund),
}


def _id_in(entry: Entry, said: Heard) -> str | None:
    """Return the id that a success names: of a session, its charge if there is one."""
    if said.word != "done" or said.response is None:
        return None
    view = said.response.json()
    if entry.operation in _SESSIONS and (charge := _usable(view.get("chargeId"))):
        return charge
    return _usable(view.get(_SEE[entry.operation][0]))


def _about(entry: Entry, asked: Mapping[str, Any], said: Heard) -> Heard:
    """Take a success that is not about what was asked for, for a lost answer."""
    if said.word != "done" or said.response is None:
        return said
    view = said.response.json()
    member = _SEE[entry.operation][0]
    strange = "NoId" if _usable(view.get(member)) is None else None
    if strange is None:
        strange = _strangeness(view, member, entry.subject or view[member])
    reference = _REFERENCES.get(entry.operation, "")
    if strange is None and view.get(reference) is not None:
        strange = None if view[reference] == asked[reference] else OBJECT_MISMATCH
    return said if strange is None else replace(said, word="lost", reason=strange)


# --- The one flow of all helpers ------------------------------------------------------

_SESSIONS: Final = frozenset({"complete_checkout_session", "finalize_checkout_session"})

_TAKEN: Final = (
    "another order of this journal has done the same with the same object, or is at it:"
    " one object settles one order; nothing was sent"
)

# Why an entry is not sent in this run.
_TOO_OLD: Final = "TooOld"
_EARLIER_ATTEMPT: Final = "EarlierAttempt"
_LATER_ATTEMPT: Final = "LaterAttempt"


# Workers of one order that overtake each other again and again.
_TRIES: Final = 5


def act(
    intended: Entry,
    journal: Journal,
    deadline: float,
    *,
    max_age: timedelta | None = None,
) -> Flow[Decision[Any]]:
    """Look, write down, claim, send, write down, look, decide, write down.

    With `max_age`, an entry that is older is looked at and not sent.
    """
    run = _Run(intended, journal)
    try:
        return (yield from run.flow(deadline, max_age))
    except JournalFailed as failed:
        if not run.may_have_acted:
            raise
        failure = run.failure()
        cause = failed if failed.__cause__ is None else failed.__cause__
    raise failure from cause


class _Run:
    """One call of a helper: what it has read, heard and seen so far."""

    def __init__(self, intended: Entry, journal: Journal) -> None:
        self.intended = intended
        self.journal = journal
        self.asked = read_body(intended.body or b"{}")
        self.creating = intended.operation in CREATING
        self.entry = intended
        """As it was read or written last."""
        self.before: Entry | None = None
        """As it was before the claim was taken; None without one."""
        self.said: Heard | None = None
        self.seen = Seen()
        self.named: str | None = None
        """The id that the answer to this call named."""
        self.held_back: str | None = None
        """Why nothing is sent in this call."""
        self.taken = False
        """Whether another order has the object."""
        self.perhaps = False
        """Whether an earlier run may have been carried out."""

    def flow(self, deadline: float, max_age: timedelta | None) -> Flow[Decision[Any]]:
        """Do all of it."""
        ends = (yield from now()) + deadline
        if max_age is not None:
            # First, so that a refused entry goes to the end of the sweep's list.
            yield from self._note()
        yield from self._check_earlier_attempt()
        if not self.creating:
            yield from self._check_claim()
            if max_age is None:
                yield from self._note()
        if max_age is not None and _is_older(self.entry, max_age):
            self.held_back = _TOO_OLD
        if not self.creating or max_age is not None:
            yield from self._look(ends)
        if self.held_back is None and self._decide(self.entry) is None:
            if (yield from self._begin()):
                yield from self._send()
            yield from self._look(ends)
        return (yield from self._conclude())

    # Before it is sent ----------------------------------------------------------------

    def _write(self, change: Change) -> Flow[Entry]:
        return write(self.journal, self.intended.key, change)

    def _note(self) -> Flow[None]:
        self._read((yield from self._write(noted(self.intended))))

    def _read(self, entry: Entry, *, begun_now: bool = False) -> None:
        self.entry = entry
        earlier = entry.runs - begun_now > entry.answers
        self.perhaps = earlier or entry.object_id is not None

    def _find_attempt(self, difference: int) -> Flow[Entry | None]:
        intended = self.intended
        key = derived_key(
            namespace=intended.namespace,
            order=intended.order,
            operation=intended.operation,
            attempt=intended.attempt + difference,
        )
        return find(self.journal, key)

    def _check_earlier_attempt(self) -> Flow[None]:
        """Refuse an attempt whose predecessor may still succeed.

        One that has begun was allowed then. It is not refused, for it is to be settled;
        but it is not sent again while its predecessor is no longer a definite no.
        """
        if self.intended.attempt == 1:
            return
        found = yield from self._find_attempt(-1)
        if found is not None and found.outcome == "no":
            return
        ours = yield from find(self.journal, self.intended.key)
        if ours is None or ours.runs == 0:
            raise JournalConflict(
                f"attempt {self.intended.attempt} of {self.intended.operation} needs a"
                f" definite no of attempt {self.intended.attempt - 1} in the journal;"
                " nothing was sent"
            )
        if found is not None:
            self.held_back = _EARLIER_ATTEMPT

    def _check_claim(self) -> Flow[None]:
        subject = self.intended.subject
        if not (yield from is_free(self.journal, self.intended, subject)):
            raise JournalConflict(_TAKEN)

    def _look(self, ends: float) -> Flow[None]:
        see = _SEE[self.intended.operation][1]

        def waits(shown: Seen) -> bool:
            verdict = decide(self.entry, self.asked, shown, self.said)
            return verdict is not None and verdict.outcome == "pending"

        self.seen = yield from watch(
            lambda: see(self.entry, self.asked), lambda shown: not waits(shown), ends
        )

    # Sending --------------------------------------------------------------------------

    def _begin(self) -> Flow[bool]:
        """Count a run and take the claim; tell whether it may be sent now.

        Each attempt marks its own entry before it looks at the other: of two that meet,
        one sees the other at the least.
        """
        was_refused = self.entry.outcome == "no"
        if was_refused and (yield from self._find_attempt(+1)) is not None:
            self.held_back = _LATER_ATTEMPT
            return False
        entry = yield from self._write(begun(self.intended))
        self._read(entry, begun_now=not entry.final)
        if entry.final:
            return False
        if self.creating:
            return True
        if not (yield from take(self.journal, entry, entry.subject)):
            yield from self._step_back()
            raise JournalConflict(_TAKEN)
        self.before = entry
        if was_refused and (yield from self._find_attempt(+1)) is not None:
            self.held_back = _LATER_ATTEMPT
        elif entry.attempt > 1:
            found = yield from self._find_attempt(-1)
            if found is not None and found.outcome != "no":
                self.held_back = _EARLIER_ATTEMPT
        if self.held_back is not None:
            yield from self._step_back()
        return self.held_back is None

    def _step_back(self) -> Flow[None]:
        """Take a run back, of which nothing was sent."""
        self._read((yield from self._write(answered("unasked", None, None))))

    def _ask(self) -> Flow[Heard]:
        """Make the call that acts; what refuses to send it leaves no doubt behind."""
        try:
            return (yield from _tell(_call(self.entry)))
        except AmazonPayError as error:
            refused = error  # such as ClientClosed
        if not refused.outcome_unknown:
            yield from self._step_back()
        raise refused

    def _send(self) -> Flow[None]:
        told = yield from self._ask()
        self.said = _about(self.entry, self.asked, told)
        # Whatever the key has made is kept, even where it is not what was asked for.
        self.named = _id_in(self.entry, told if self.creating else self.said)
        self.entry = yield from self._write(
            answered(self.said.word, self.said.reason, self.named)
        )

    # Deciding -------------------------------------------------------------------------

    def _decide(self, found: Entry) -> Verdict | None:
        return decide(found, self.asked, self.seen, self.said)

    def _judge(self, found: Entry) -> Verdict:
        """Decide on an entry as it stands now, whoever has changed it meanwhile."""
        sent = self.said is not None
        if found.settled_for_good and (sent or not self.entry.settled_for_good):
            return Verdict("unknown", JOURNAL_CHANGED)
        verdict = self._decide(found) or self._held_back(found)
        if self.taken:
            return Verdict("unknown", "ClaimedByAnother")
        if verdict.outcome == "success" and not self._claims(found):
            return Verdict("unknown", JOURNAL_CHANGED)
        return verdict

    def _held_back(self, found: Entry) -> Verdict:
        """Decide on what is not sent in this call, and of which nothing is seen."""
        if self.held_back == _LATER_ATTEMPT and found.untouched:
            return Verdict("no", found.reason)
        if self.held_back == _TOO_OLD and found.untouched:
            return Verdict("no", _TOO_OLD)
        return Verdict("unknown", self.held_back or JOURNAL_CHANGED)

    def _claims(self, found: Entry) -> bool:
        """Tell whether the claim is held, and was held without a break.

        Whatever leaves a no counts a run: equal counts say that there was none.
        """
        if found.settled_for_good:
            return True
        before = self.before
        unbroken = before is not None and before.runs == found.runs
        return unbroken and found.outcome != "no"

    def _conclude(self) -> Flow[Decision[Any]]:
        """Decide and write it down; a success only with the claim on its object."""
        verdict = Verdict("unknown", JOURNAL_CHANGED)
        for _ in range(_TRIES):
            wanted = self._wants_claim()
            if wanted and not self._claims(self.entry):
                yield from self._take_claim()
            written: list[Verdict] = []

            def judge(found: Entry, written: list[Verdict] = written) -> Verdict:
                written.append(self._judge(found))
                return written[-1]

            entry = yield from self._write(concluded(judge, self._shown_charge()))
            # What was settled before was not judged anew, only what was just written.
            verdict = written[-1] if written else self._judge(entry)
            self.entry = entry
            if not wanted or self.taken or self._claims(entry):
                break
        return (yield from self._decision(verdict))

    def _wants_claim(self) -> bool:
        verdict = self._decide(self.entry)
        if verdict is None or self.entry.settled_for_good:
            return False
        # What a creation has made is claimed as soon as it is known.
        made = self.creating and self.entry.object_id is not None
        return verdict.outcome == "success" or (
            made and verdict.outcome in {"pending", "moved"}
        )

    def _take_claim(self) -> Flow[None]:
        if self.entry.outcome == "no":
            self.entry = yield from self._write(reopened)
        entry = self.entry
        object_id = entry.subject or entry.object_id or ""
        known = entry.outcome == "success"
        if (known and (yield from holds(self.journal, entry, object_id))) or (
            yield from take(self.journal, entry, object_id)
        ):
            self.before = entry
        elif self.said is None and not self.creating:
            raise JournalConflict(_TAKEN)
        else:
            self.taken = True

    def _shown_charge(self) -> str | None:
        """Return the id of a session's charge, if it was seen."""
        if self.intended.operation not in _SESSIONS:
            return None
        return _usable((self.seen.charge or {}).get("chargeId"))

    def _decision(self, verdict: Verdict) -> Flow[Decision[Any]]:
        entry, seen, said = self.entry, self.seen, self.said
        new_attempt = False
        if (
            entry.operation == "create_charge"
            and entry.object_id is None
            and entry.abandoned is None
            and verdict.outcome == "no"
            and verdict.reason in TRIED_ANEW
        ):
            permission = yield from _get_permission(self.asked["chargePermissionId"])
            new_attempt = state_of(permission.object or {}) == "Chargeable"
        is_charge = entry.operation.endswith("_charge")
        return Decision(
            outcome=verdict.outcome,
            reason=verdict.reason,
            operation=entry.operation,
            key=entry.key,
            seen=seen.object,
            charge=cast("Charge | None", seen.object if is_charge else seen.charge),
            new_attempt=new_attempt,
            refunded=verdict.refunded,
            response=None if said is None else said.response,
            error=None if said is None else said.error,
        )

    @property
    def may_have_acted(self) -> bool:
        """Whether this call, or an earlier one, may have been carried out."""
        sent = self.said is not None and self.said.word != "unasked"
        return self.perhaps or sent

    def failure(self) -> JournalFailed:
        """Make a failure of the journal that keeps what is known of the money."""
        said = self.said
        return JournalFailed(
            f"{self.intended.operation}: the journal failed, and the request may have"
            " been carried out: mend the journal, then call again with the same"
            " arguments",
            outcome_unknown=True,
            response=None if said is None else said.response,
            object_id=self.named or self.entry.object_id,
        )


def _is_older(entry: Entry, max_age: timedelta) -> bool:
    """Tell an entry's age by its journal's own clock, as it was written just now."""
    if entry.created is None or entry.changed is None:
        return False
    return entry.changed - entry.created > max_age
