"""The one flow of all helpers of `procedures.once`.

Each helper writes its request down in the caller's journal before it is sent, claims
the object for its order, sends the journal's own bytes, looks at the object by GET, and
decides by the tables of `AmazonPay.decisions`. It may be called again at any time, from
any process: it goes on where the last one was killed. See `docs/once.md`.

Amazon's pages: `amazon-pay-api-v2/idempotency.html`,
`amazon-pay-checkout/asynchronous-processing.html`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from .._core.steps import Flow, now
from ..decisions import Decision
from ..errors import (
    AmazonPayError,
    JournalConflict,
    JournalFailed,
)
from ..idempotency import derived_key
from ..objects import state_of
from ..procedures.waiting import watch
from .claims import holds, is_free, take
from .entry import (
    CREATING,
    JOURNAL_CHANGED,
    Entry,
    answered,
    begun,
    concluded,
    noted,
    read_body,
    reopened,
)
from .intent import call_of
from .journal_steps import find, write
from .observe import (
    OBSERVERS,
    SESSIONS,
    about,
    get_permission,
    id_in,
    result_of,
    usable_id,
)
from .outcomes import Assessment
from .tables import TRIED_ANEW, Observed, assess

if TYPE_CHECKING:
    from datetime import timedelta

    from ..resources.charges import Charge
    from .classify import CallResult
    from .entry import Change
    from .journal_steps import Journal

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
        self.said: CallResult | None = None
        self.seen = Observed()
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
        see = OBSERVERS[self.intended.operation][1]

        def waits(shown: Observed) -> bool:
            verdict = assess(self.entry, self.asked, shown, self.said)
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
        self._read((yield from self._write(answered("not_processed", None, None))))

    def _ask(self) -> Flow[CallResult]:
        """Make the call that acts; what refuses to send it leaves no doubt behind."""
        try:
            return (yield from result_of(call_of(self.entry)))
        except AmazonPayError as error:
            refused = error  # such as ClientClosed
        if not refused.outcome_unknown:
            yield from self._step_back()
        raise refused

    def _send(self) -> Flow[None]:
        told = yield from self._ask()
        self.said = about(self.entry, self.asked, told)
        # Whatever the key has made is kept, even where it is not what was asked for.
        self.named = id_in(self.entry, told if self.creating else self.said)
        self.entry = yield from self._write(
            answered(self.said.status, self.said.reason, self.named)
        )

    # Deciding -------------------------------------------------------------------------

    def _decide(self, found: Entry) -> Assessment | None:
        return assess(found, self.asked, self.seen, self.said)

    def _judge(self, found: Entry) -> Assessment:
        """Decide on an entry as it stands now, whoever has changed it meanwhile."""
        sent = self.said is not None
        if found.settled_for_good and (sent or not self.entry.settled_for_good):
            return Assessment("unknown", JOURNAL_CHANGED)
        verdict = self._decide(found) or self._held_back(found)
        if self.taken:
            return Assessment("unknown", "ClaimedByAnother")
        if verdict.outcome == "success" and not self._claims(found):
            return Assessment("unknown", JOURNAL_CHANGED)
        return verdict

    def _held_back(self, found: Entry) -> Assessment:
        """Decide on what is not sent in this call, and of which nothing is seen."""
        if self.held_back == _LATER_ATTEMPT and found.untouched:
            return Assessment("no", found.reason)
        if self.held_back == _TOO_OLD and found.untouched:
            return Assessment("no", _TOO_OLD)
        return Assessment("unknown", self.held_back or JOURNAL_CHANGED)

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
        verdict = Assessment("unknown", JOURNAL_CHANGED)
        for _ in range(_TRIES):
            wanted = self._wants_claim()
            if wanted and not self._claims(self.entry):
                yield from self._take_claim()
            written: list[Assessment] = []

            def judge(found: Entry, written: list[Assessment] = written) -> Assessment:
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
        if self.intended.operation not in SESSIONS:
            return None
        return usable_id((self.seen.charge or {}).get("chargeId"))

    def _decision(self, verdict: Assessment) -> Flow[Decision[Any]]:
        entry, seen, said = self.entry, self.seen, self.said
        new_attempt = False
        if (
            entry.operation == "create_charge"
            and entry.object_id is None
            and entry.abandoned is None
            and verdict.outcome == "no"
            and verdict.reason in TRIED_ANEW
        ):
            permission = yield from get_permission(self.asked["chargePermissionId"])
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
        sent = self.said is not None and self.said.status != "not_processed"
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
