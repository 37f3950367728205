"""The flow that all helpers of `procedures.once` share.

Each helper writes its request to the caller's journal before it is sent, claims the
object for its order, sends the bytes of the journal, gets the object and decides by the
tables of `tables.py`. It can be called again at any time from any process, and
continues where a killed process stopped. See `docs/once.md`.

Amazon's pages: `amazon-pay-api-v2/idempotency.html`,
`amazon-pay-checkout/asynchronous-processing.html`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from .._core.retry import note_unknown
from .._core.steps import Flow, now
from ..decisions import Decision
from ..errors import AmazonPayError, JournalConflict, JournalFailed
from ..idempotency import derived_key
from ..objects import state_of
from ..procedures.waiting import watch
from .bodies import read_body
from .changes import record_answer, record_decision, record_intent, reopen, start_send
from .claims import claim_is_free, holds_claim, take_claim
from .entry import CREATING, JOURNAL_CHANGED, SESSIONS, Entry
from .intent import call_of
from .journal_steps import find, write
from .observe import (
    call_result,
    checked_result,
    get_permission,
    object_id_in,
    observe,
    usable_id,
)
from .outcomes import Assessment, Observed
from .tables import NEW_ATTEMPT_REASONS, assess

if TYPE_CHECKING:
    from datetime import timedelta

    from ..resources.charges import Charge
    from .classify import CallResult
    from .entry import Change
    from .journal_steps import Journal

_CLAIMED: Final = (
    "another order of this journal has done the same with the same object, or is at it:"
    " one object settles one order; nothing was sent"
)

# Reasons for which a run does not send its entry.
_TOO_OLD: Final = "TooOld"
_EARLIER_ATTEMPT: Final = "EarlierAttempt"
_LATER_ATTEMPT: Final = "LaterAttempt"

# How often a run decides again because other workers of its order changed the entry.
_MAX_ROUNDS: Final = 5


def run_once(
    intended: Entry,
    journal: Journal,
    deadline: float,
    *,
    max_age: timedelta | None = None,
) -> Flow[Decision[Any]]:
    """Observe, record, claim, send, record, observe, decide and record the decision.

    An entry that is older than `max_age` is observed but not sent.
    """
    run = _Run(intended, journal)
    try:
        return (yield from run.flow(deadline, max_age))
    except JournalFailed as failed:
        if not run.may_have_acted:
            raise
        failure = run.failure()
        cause = failed if failed.__cause__ is None else failed.__cause__
    except AmazonPayError:
        raise
    except BaseException as error:
        if run.may_have_acted:
            note_unknown(error, call_of(intended))
        raise
    raise failure from cause


class _Run:
    """One call of a helper, with what it has read, received and observed so far."""

    def __init__(self, intended: Entry, journal: Journal) -> None:
        self.intended = intended
        self.journal = journal
        # `resume` refuses an entry without a body, and a helper has made one.
        self.requested = read_body(intended.body or b"{}")  # pragma: no mutate
        self.creating = intended.operation in CREATING
        self.entry = intended
        """The entry as it was last read or written."""
        self.claimed_as: Entry | None = None
        """The entry when this run took its claim; None without a claim."""
        self.result: CallResult | None = None
        self.observed: Observed = Observed()
        self.answer_id: str | None = None  # pragma: no mutate - only its truth counts
        """The object id in the answer to this call."""
        self.skip_reason: str | None = None
        """The reason why this run sends nothing."""
        self.claimed_by_other: bool = False
        """Whether another order holds the claim on the object."""
        self.earlier_may_have_acted: bool = False
        """Whether an earlier send may have been carried out."""

    def flow(self, deadline: float, max_age: timedelta | None) -> Flow[Decision[Any]]:
        """Carry out the whole run and return its decision."""
        ends = (yield from now()) + deadline
        if max_age is not None:
            # Write first, so that a refused entry moves to the end of the sweep's list.
            yield from self._record_intent()
        yield from self._check_earlier_attempt()
        if not self.creating:
            yield from self._check_claim()
            if max_age is None:
                yield from self._record_intent()
        if max_age is not None and _is_older(self.entry, max_age):
            self.skip_reason = _TOO_OLD
        if not self.creating or max_age is not None:
            yield from self._observe(ends)
        if self.skip_reason is None and self._assess(self.entry) is None:
            if (yield from self._start_send()):
                yield from self._send()
            yield from self._observe(ends)
        return (yield from self._conclude())

    # Before it is sent ----------------------------------------------------------------

    def _write(self, change: Change) -> Flow[Entry]:
        return write(self.journal, self.intended.key, change)

    def _record_intent(self) -> Flow[None]:
        self._set_entry((yield from self._write(record_intent(self.intended))))

    def _set_entry(self, entry: Entry, *, just_started: bool = False) -> None:
        self.entry = entry
        earlier = entry.runs - just_started > entry.answers
        self.earlier_may_have_acted = earlier or entry.object_id is not None

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
        """Raise if the previous attempt may still succeed.

        An attempt that was sent before was allowed then and must be settled: it does
        not raise, but is not sent again unless the previous one is a definite `no`.
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
            self.skip_reason = _EARLIER_ATTEMPT

    def _check_claim(self) -> Flow[None]:
        subject = self.intended.subject
        if not (yield from claim_is_free(self.journal, self.intended, subject)):
            raise JournalConflict(_CLAIMED)

    def _observe(self, ends: float) -> Flow[None]:
        def is_pending(view_now: Observed) -> bool:
            assessment = assess(self.entry, self.requested, view_now, self.result)
            return assessment is not None and assessment.outcome == "pending"

        self.observed = yield from watch(
            lambda: observe(self.entry, self.requested),
            lambda view_now: not is_pending(view_now),
            ends,
        )

    # Sending --------------------------------------------------------------------------

    def _start_send(self) -> Flow[bool]:
        """Count a send and take the claim; return whether the request may be sent.

        Each attempt writes its own entry before it reads the other one: of two attempts
        at the same time, at least one sees the other.
        """
        was_refused = self.entry.outcome == "no"
        if was_refused and (yield from self._find_attempt(+1)) is not None:
            self.skip_reason = _LATER_ATTEMPT
            return False
        entry = yield from self._write(start_send(self.intended))
        self._set_entry(entry, just_started=not entry.final)
        if entry.final:
            return False
        if self.creating:
            return True
        if not (yield from take_claim(self.journal, entry, entry.subject)):
            yield from self._undo_start()
            raise JournalConflict(_CLAIMED)
        self.claimed_as = entry
        if was_refused and (yield from self._find_attempt(+1)) is not None:
            self.skip_reason = _LATER_ATTEMPT
        elif entry.attempt > 1:
            found = yield from self._find_attempt(-1)
            if found is not None and found.outcome != "no":
                self.skip_reason = _EARLIER_ATTEMPT
        if self.skip_reason is not None:
            yield from self._undo_start()
        return self.skip_reason is None

    def _undo_start(self) -> Flow[None]:
        """Record that the counted send did not happen."""
        self._set_entry(
            (yield from self._write(record_answer("not_processed", None, None)))
        )

    def _call(self) -> Flow[CallResult]:
        """Send the request, which the entry counts already.

        If the client refuses to send it, as a closed one does, undo the count and
        raise the refusal.
        """
        try:
            return (yield from call_result(call_of(self.entry)))
        except AmazonPayError as error:
            refused = error  # such as ClientClosed
        if not refused.outcome_unknown:
            yield from self._undo_start()
        raise refused

    def _send(self) -> Flow[None]:
        answer = yield from self._call()
        self.result = checked_result(self.entry, self.requested, answer)
        # Keep the id of a created object even if it does not match the request.
        self.answer_id = object_id_in(
            self.entry, answer if self.creating else self.result
        )
        self.entry = yield from self._write(
            record_answer(self.result.status, self.result.reason, self.answer_id)
        )

    # Deciding -------------------------------------------------------------------------

    def _assess(self, found: Entry) -> Assessment | None:
        return assess(found, self.requested, self.observed, self.result)

    def _assess_current(self, found: Entry) -> Assessment:
        """Assess the entry as it is now; other workers may have changed it."""
        sent = self.result is not None
        if found.settled_for_good and (sent or not self.entry.settled_for_good):
            return Assessment("unknown", JOURNAL_CHANGED)
        assessment = self._assess(found) or self._assess_skipped(found)
        if self.claimed_by_other:
            return Assessment("unknown", "ClaimedByAnother")
        if assessment.outcome == "success" and not self._has_claim(found):
            return Assessment("unknown", JOURNAL_CHANGED)
        return assessment

    def _assess_skipped(self, found: Entry) -> Assessment:
        """Assess an entry that this run does not send and the tables leave open."""
        if self.skip_reason == _LATER_ATTEMPT and found.untouched:
            return Assessment("no", found.reason)
        if self.skip_reason == _TOO_OLD and found.untouched:
            return Assessment("no", _TOO_OLD)
        return Assessment("unknown", self.skip_reason or JOURNAL_CHANGED)

    def _has_claim(self, found: Entry) -> bool:
        """Return whether this run took the claim, and has held it without a break.

        Another order may take the claim while the entry is a `no`. Each change from a
        `no` raises `runs`. So there was none if `runs` is what it was when this run
        took the claim.
        """
        if found.settled_for_good:
            return True
        claimed_as = self.claimed_as
        unbroken = claimed_as is not None and claimed_as.runs == found.runs
        return unbroken and found.outcome != "no"

    def _conclude(self) -> Flow[Decision[Any]]:
        """Record the decision; a success needs the claim on its object."""
        # The loop replaces it.
        assessment = Assessment("unknown", JOURNAL_CHANGED)  # pragma: no mutate
        for _ in range(_MAX_ROUNDS):
            needs_claim = self._needs_claim()
            if needs_claim and not self._has_claim(self.entry):
                yield from self._take_claim()
            assessments: list[Assessment] = []

            def assess_found(
                found: Entry, assessments: list[Assessment] = assessments
            ) -> Assessment:
                assessments.append(self._assess_current(found))
                return assessments[-1]

            entry = yield from self._write(
                record_decision(assess_found, self._observed_charge_id())
            )
            # An entry that was settled before is assessed here, not by the change.
            assessment = assessments[-1] if assessments else self._assess_current(entry)
            self.entry = entry
            if not needs_claim or self.claimed_by_other or self._has_claim(entry):
                break
        return (yield from self._make_decision(assessment))

    def _needs_claim(self) -> bool:
        assessment = self._assess(self.entry)
        if assessment is None or self.entry.settled_for_good:
            return False
        # Claim a created object as soon as its id is known.
        made = self.creating and self.entry.object_id is not None
        return assessment.outcome == "success" or (
            made and assessment.outcome in {"pending", "moved"}
        )

    def _take_claim(self) -> Flow[None]:
        if self.entry.outcome == "no":
            self.entry = yield from self._write(reopen)
        entry = self.entry
        object_id = entry.subject or (
            entry.object_id or ""  # pragma: no mutate - one of them is known
        )
        known = entry.outcome == "success"
        if (known and (yield from holds_claim(self.journal, entry, object_id))) or (
            yield from take_claim(self.journal, entry, object_id)
        ):
            self.claimed_as = entry
        elif self.result is None and not self.creating:
            raise JournalConflict(_CLAIMED)
        else:
            self.claimed_by_other = True

    def _observed_charge_id(self) -> str | None:
        """Return the id of the session's charge, if it was observed."""
        if self.intended.operation not in SESSIONS:
            return None
        return usable_id((self.observed.charge or {}).get("chargeId"))

    def _make_decision(self, assessment: Assessment) -> Flow[Decision[Any]]:
        entry, observed, result = self.entry, self.observed, self.result
        new_attempt = False
        if (
            entry.operation == "create_charge"
            and entry.object_id is None
            and entry.abandoned is None
            and assessment.outcome == "no"
            and assessment.reason in NEW_ATTEMPT_REASONS
        ):
            permission = yield from get_permission(self.requested["chargePermissionId"])
            new_attempt = state_of(permission.object or {}) == "Chargeable"
        is_charge = entry.operation.endswith("_charge")
        charge = observed.object if is_charge else observed.charge
        return Decision(
            outcome=assessment.outcome,
            reason=assessment.reason or _waiting_reason(assessment, observed),
            operation=entry.operation,
            key=entry.key,
            object_id=entry.subject or entry.object_id,
            seen=observed.object,
            charge=cast("Charge | None", charge),
            new_attempt=new_attempt,
            refunded=assessment.refunded,
            response=None if result is None else result.response,
            error=None if result is None else result.error,
        )

    @property
    def may_have_acted(self) -> bool:
        """Whether this send or an earlier one may have been carried out."""
        sent = self.result is not None and self.result.status != "not_processed"
        return self.earlier_may_have_acted or sent

    def failure(self) -> JournalFailed:
        """Return a `JournalFailed` with what is known of the money."""
        result = self.result
        return JournalFailed(
            f"{self.intended.operation}: the journal failed, and the request may have"
            " been carried out: mend the journal, then call again with the same"
            " arguments",
            outcome_unknown=True,
            response=None if result is None else result.response,
            object_id=self.answer_id or self.entry.object_id,
        )


def _waiting_reason(assessment: Assessment, observed: Observed) -> str | None:
    """Return the state that a pending decision waits in; it is not journaled."""
    if assessment.outcome != "pending":
        return None
    return state_of(observed.charge or observed.object or {})


def _is_older(entry: Entry, max_age: timedelta) -> bool:
    """Return whether an entry is older than `max_age`, by the clock of its journal."""
    if entry.created is None or entry.changed is None:
        return False
    return entry.changed - entry.created > max_age
