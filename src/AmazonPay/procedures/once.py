"""Helpers that check whether an operation was done, and do it only if it was not.

This file declares the helpers. They share the flow of `AmazonPay._once`, which
`docs/once.md` explains.

Amazon's pages: `amazon-pay-api-v2/idempotency.html`,
`amazon-pay-checkout/asynchronous-processing.html`.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from .._core.declare import procedure
from ..errors import InvalidRequest, JournalFailed
from ._helper import check_merchant, once, sender_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from .._core.call import Body
    from .._core.steps import Flow
    from .._once.entry import Entry
    from ..decisions import Decision
    from ..journal import Journal
    from ..objects import AmazonObject
    from ..resources.charge_permissions import ChargePermission, CloseChargePermission
    from ..resources.charges import CancelCharge, CaptureCharge, Charge, CreateCharge
    from ..resources.checkout_sessions import (
        CheckoutSession,
        CompleteCheckoutSession,
        FinalizeCheckoutSession,
    )
    from ..resources.refunds import CreateRefund, Refund
    from ._helper import Sender


_ONE_DAY = timedelta(days=1)


def _checked_age(max_age: object) -> timedelta:
    if isinstance(max_age, (int, float)) and not isinstance(max_age, bool):
        with suppress(OverflowError, ValueError):  # not finite, or too large
            max_age = timedelta(seconds=max_age)
    if not isinstance(max_age, timedelta) or max_age < timedelta(0):
        raise InvalidRequest("max_age is a timedelta or seconds, and not below zero")
    return max_age


def _is_readable(body: bytes) -> bool:
    """Return whether a body is one that a helper has written: JSON in UTF-8."""
    from .._once.bodies import read_body

    try:
        read_body(body)
    except ValueError:
        return False
    return True


def _check_resumed(entry: object, sender: Sender, *, same_merchant: bool) -> None:
    """Raise unless a client may continue this entry."""
    from .._once.changes import check_place
    from .._once.entry import Entry
    from .._once.intent import OPERATIONS

    if not isinstance(entry, Entry) or entry.is_claim:
        raise InvalidRequest("entry is an entry that the journal has listed")
    if entry.body is None:
        raise InvalidRequest("the entry's body was forgotten: it is settled")
    if entry.operation not in OPERATIONS:
        raise InvalidRequest(
            "the entry's operation is unknown to this release: resume it with the"
            " newer release that wrote it"
        )
    if not _is_readable(entry.body):
        raise JournalFailed("the entry's body is damaged in the journal")
    check_place(entry, sender.environment, sender.region)
    if not same_merchant:
        check_merchant(entry, sender)


class Once:
    """Procedures that move money at most once, however often they are called."""

    @once("complete_checkout_session")
    def complete_or_get_checkout_session(  # noqa: PLR0913 - one keyword for each part
        self,
        checkout_session_id: str,
        body: CompleteCheckoutSession | Body,
        *,
        journal: Journal,
        namespace: str,
        order: str,
        attempt: int = 1,
        confirm_only: bool = False,
        deadline: float = 0.0,
    ) -> Decision[CheckoutSession]:
        """Complete a checkout unless it is completed; return the state of its money.

        Success: the session is `Completed`, by anyone, and its charge is `Authorized`
        or `Captured` for the `chargeAmount` of the body. `Decision.charge` is that
        charge; insert its id into a unique column before you ship. A session that was
        completed with intent `Confirm` has no charge and moved no money: that is a `no`
        (`NoCharge`), unless `confirm_only` says that no charge is expected. Pending:
        the charge is pending, or the buyer has not paid yet. No: the session was
        canceled, or the charge was declined or canceled. Moved: the charge has another
        amount, or was fully refunded. Unknown: the session is still `Open` after a lost
        answer, or is not found: purged after 30 days, or of another environment.

        A session pays one order: if another order of the journal has claimed it, this
        raises `JournalConflict`.

        Wait up to `deadline` seconds while the decision is pending.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Any answer of Amazon is in the decision.
        Amazon's page: `amazon-pay-checkout/verify-and-complete-checkout.html`.
        """
        ...

    @once("finalize_checkout_session")
    def finalize_or_get_checkout_session(  # noqa: PLR0913 - one keyword for each part
        self,
        checkout_session_id: str,
        body: FinalizeCheckoutSession | Body,
        *,
        journal: Journal,
        namespace: str,
        order: str,
        attempt: int = 1,
        deadline: float = 0.0,
    ) -> Decision[CheckoutSession]:
        """Finalize a checkout unless it is completed; return the state of its money.

        This is `complete_or_get_checkout_session` for a checkout on the merchant's own
        page. The `paymentIntent` `Confirm` says that no charge is expected.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Any answer of Amazon is in the decision.
        Amazon's page: `amazon-pay-buy-now-checkout/verify-and-complete-checkout.html`.
        """
        ...

    @once("create_charge")
    def create_charge_or_get(  # noqa: PLR0913 - one keyword for each part
        self,
        body: CreateCharge | Body,
        *,
        journal: Journal,
        namespace: str,
        order: str,
        attempt: int = 1,
        deadline: float = 0.0,
    ) -> Decision[Charge]:
        """Create a Charge unless this order's key has created it; return its state.

        `order` identifies one payment: each month of a subscription is its own order.
        Success: the key's charge is `Authorized`, or `Captured` with `captureNow`, for
        the requested amount. Pending: it has not reached that state yet. No: Amazon
        refused and no send of this key is in doubt, or the charge was declined or
        canceled since. Moved: the key's charge has another amount, or was fully
        refunded. Unknown: any other refusal, because only an answer to the key could
        identify the charge; or the charge has paid another order.

        `new_attempt` is true after a soft decline if the permission is still
        `Chargeable`: raise `attempt` in your database, by compare-and-set, and call
        again after a pause. Wait up to `deadline` seconds while it is pending.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Any answer of Amazon is in the decision.
        Amazon's page: `amazon-pay-api-v2/charge.html`.
        """
        ...

    @once("capture_charge")
    def capture_or_get_charge(  # noqa: PLR0913 - one keyword for each part
        self,
        charge_id: str,
        body: CaptureCharge | Body,
        *,
        journal: Journal,
        namespace: str,
        order: str,
        attempt: int = 1,
        deadline: float = 0.0,
    ) -> Decision[Charge]:
        """Capture a Charge unless it is captured; return the state of its money.

        Success: it is `Captured`, by anyone, for the `captureAmount` of the body;
        `Decision.refunded` is what was refunded in part since. Pending: the capture is
        under way, the charge is not authorized yet, or it is `Authorized` after a lost
        answer. No: it was canceled or declined, or Amazon refused. Moved: it was
        captured for another amount, or fully refunded since (`Refunded`).

        A capture pays one order: if another order of the journal has claimed it, this
        raises `JournalConflict`.

        Wait up to `deadline` seconds while the decision is pending.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Any answer of Amazon is in the decision.
        Amazon's page: `amazon-pay-api-v2/charge.html`.
        """
        ...

    @once("cancel_charge")
    def cancel_or_get_charge(  # noqa: PLR0913 - one keyword for each part
        self,
        charge_id: str,
        body: CancelCharge | Body | None = None,
        *,
        journal: Journal,
        namespace: str,
        order: str,
        attempt: int = 1,
        deadline: float = 0.0,
    ) -> Decision[Charge]:
        """Cancel a Charge unless it has ended, and return the decision.

        Success: the charge is `Canceled`, by this call or for another reason, or it is
        `Declined`: no money is taken. Moved: a capture has started or is done, and
        `decision.reason` is the charge's state; refund the charge when it is
        `Captured`. Pending: the answer was lost, and the charge is still open; the same
        call again goes on from there. Without a body, the reason sent to Amazon is
        `Canceled by the merchant`.

        Wait up to `deadline` seconds while the decision is pending.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Any answer of Amazon is in the decision.
        Amazon's page: `amazon-pay-api-v2/charge.html`.
        """
        ...

    @once("close_charge_permission")
    def close_or_get_charge_permission(  # noqa: PLR0913 - one keyword for each part
        self,
        charge_permission_id: str,
        body: CloseChargePermission | Body | None = None,
        *,
        journal: Journal,
        namespace: str,
        order: str,
        attempt: int = 1,
        charge_ids: Collection[str] | None = None,
        deadline: float = 0.0,
    ) -> Decision[ChargePermission]:
        """Close a Charge Permission unless it is closed; return whether it is.

        Success: it is `Closed` by an answered call of this helper, or by anyone if
        `cancelPendingCharges` was not requested. If it was requested, and someone else
        closed the permission or the answer was lost, authorizations may still be open
        that nobody can list. The decision is then unknown (`ClosedByAnother`), unless
        `charge_ids` lists all charges of the permission (an empty list means none) and
        a GET shows that each has ended. `ChargeStillOpen` means that one has not:
        cancel it. Without a body, Amazon gets the reason `Closed by the merchant`.

        Wait up to `deadline` seconds while the decision is pending.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Any answer of Amazon is in the decision.
        Amazon's page: `amazon-pay-api-v2/charge-permission.html`.
        """
        ...

    @once("create_refund")
    def refund_or_get(  # noqa: PLR0913 - one keyword for each part
        self,
        body: CreateRefund | Body,
        *,
        journal: Journal,
        namespace: str,
        order: str,
        attempt: int = 1,
        deadline: float = 0.0,
    ) -> Decision[Refund]:
        """Refund a Charge unless this order's key has refunded it; return its state.

        `order` identifies one refund: two returns of one order are two refunds.
        Success: the key's refund is `Refunded`, for the requested amount. Pending: it
        is under way. No: Amazon declined it, or refused while no send of this key was
        in doubt. Moved: the key's refund has another amount. Unknown: any other
        refusal. The `refundedAmount` of the charge is not used: it is a sum, is updated
        late, and others refund too.

        Wait up to `deadline` seconds while the decision is pending.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Any answer of Amazon is in the decision.
        Amazon's page: `amazon-pay-api-v2/refund.html`.
        """
        ...

    @procedure
    def resume(
        self,
        entry: Entry,
        *,
        journal: Journal,
        max_age: timedelta | float = _ONE_DAY,
        same_merchant: bool = False,
        deadline: float = 0.0,
    ) -> Flow[Decision[AmazonObject]]:
        """Continue an entry of the journal with the same key and the same bytes.

        Use it in a periodic sweep over `journal.open_entries()`. It does what the
        helper that wrote the entry does, without its arguments. It may move money.

        An entry that was first written more than `max_age` ago (a `timedelta`, or
        seconds) is observed but not sent, because the shop may have taken the money in
        another way. Its decision has the reason `TooOld`: a `no` if it is certain that
        nothing was carried out, else unknown. An entry that was abandoned by
        `AmazonPay.journal.abandon` is observed and never sent.

        The client must have the entry's environment and region, and the key that wrote
        it (in `keys=`), unless `same_merchant` says that its own key belongs to the
        same merchant account.

        Errors: `InvalidRequest` for an entry whose body was erased, or whose operation
        only a newer release knows; `JournalConflict` for an entry of another
        environment, region or key, which this client must not send; `JournalFailed`
        for an entry whose body is damaged. These are raised before anything is sent;
        any other is one of that helper. Continue the sweep with the next entry.
        Amazon's page: `amazon-pay-api-v2/idempotency.html`.
        """
        from .._once.flow import run_once
        from .._once.journal_steps import checked_journal

        checked_journal(journal)
        age = _checked_age(max_age)
        _check_resumed(entry, sender_of(self), same_merchant=same_merchant)
        return run_once(entry, journal, deadline, max_age=age)
