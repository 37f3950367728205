"""Do it once: find out whether it was done, and do it only if it was not.

The helpers are declared here; `AmazonPay._once` is the flow that all of them share, and
`docs/once.md` explains them.

Amazon's pages: `amazon-pay-api-v2/idempotency.html`,
`amazon-pay-checkout/asynchronous-processing.html`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .._core.declare import procedure
from ..errors import InvalidRequest, JournalConflict

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


_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Sender:
    """Where a client sends to, and the ids of its keys."""

    environment: str | None = None
    region: str | None = None
    public_key_id: str | None = None
    keys: frozenset[str] = frozenset()


def _sender_of(client: Any) -> _Sender:  # noqa: ANN401 - a client, or None in a test
    if client is None:
        return _Sender()
    return _Sender(
        "sandbox" if client.sandbox else "live",
        client.region,
        client.public_key_id,
        frozenset(client.public_key_ids),
    )


def _check_merchant(entry: Entry, sender: _Sender) -> None:
    """Refuse an entry of another key: it may be another merchant's."""
    theirs = entry.public_key_id
    if theirs is not None and sender.keys and theirs not in sender.keys:
        raise JournalConflict(
            "the entry was written with another public key id than this client's:"
            " list that key in keys=, or say same_merchant=True; nothing was sent"
        )


def _checked_age(max_age: object) -> timedelta:
    if isinstance(max_age, (int, float)) and not isinstance(max_age, bool):
        seconds = float(max_age)
        if math.isfinite(seconds) and abs(seconds) < timedelta.max.total_seconds():
            max_age = timedelta(seconds=seconds)
    if not isinstance(max_age, timedelta) or max_age < timedelta(0):
        raise InvalidRequest("max_age is a timedelta or seconds, and not below zero")
    return max_age


def _run_helper(  # noqa: PLR0913 - what makes an intention
    client: Any,  # noqa: ANN401 - a client, or None in a test
    name: str,
    ids: tuple[str, ...],
    body: Body | None,
    journal: Journal,
    deadline: float,
    *,
    namespace: str,
    order: str,
    attempt: int,
    confirm_only: bool = False,
    charge_ids: Collection[str] | None = None,
) -> Flow[Decision[Any]]:
    from .._once.flow import run_once  # few programs need it
    from .._once.intent import intended_entry
    from .._once.journal_steps import checked_journal

    checked_journal(journal)
    intended = intended_entry(
        name,
        ids,
        body,
        namespace=namespace,
        order=order,
        attempt=attempt,
        confirm_only=confirm_only,
        charge_ids=charge_ids,
    )
    sender = _sender_of(client)
    intended = replace(
        intended,
        environment=sender.environment,
        region=sender.region,
        public_key_id=sender.public_key_id,
    )
    return run_once(intended, journal, deadline)


class Once:
    """Procedures that do something with money once, however often they are called."""

    @procedure
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
    ) -> Flow[Decision[CheckoutSession]]:
        """Complete a checkout, unless it is completed, and tell how its money stands.

        Success: the session is `Completed`, by whomever, and its charge is
        `Authorized` or `Captured` over the `chargeAmount` of the body. Such a charge
        is `Decision.charge`; ship behind a unique insert of its id. A session that was
        completed with intent `Confirm` has no charge and no money: that is a no
        (`NoCharge`), unless `confirm_only` says that none is expected. Pending: the
        charge is, or the buyer has not paid yet. No: the session was canceled, or the
        charge was declined or canceled. Moved: the charge is of another sum, or was
        refunded as a whole. Unknown: the session is still `Open` after a lost answer,
        or is not found: purged after 30 days, or of another environment.

        A session pays one order: that another order of the journal has it is a
        `JournalConflict`.

        `deadline` is how many seconds to wait for an answer that is pending.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Whatever Amazon answers is in the decision.
        Amazon's page: `amazon-pay-checkout/verify-and-complete-checkout.html`.
        """
        return _run_helper(
            self,
            "complete_checkout_session",
            (checkout_session_id,),
            body,
            journal,
            deadline,
            namespace=namespace,
            order=order,
            attempt=attempt,
            confirm_only=confirm_only,
        )

    @procedure
    def finalize_or_get_checkout_session(  # noqa: PLR0913 - the same
        self,
        checkout_session_id: str,
        body: FinalizeCheckoutSession | Body,
        *,
        journal: Journal,
        namespace: str,
        order: str,
        attempt: int = 1,
        deadline: float = 0.0,
    ) -> Flow[Decision[CheckoutSession]]:
        """Finalize a checkout, unless it is completed, and tell how its money stands.

        As `complete_or_get_checkout_session`, for a checkout on the merchant's own
        page. That no charge is expected is what `paymentIntent` says: `Confirm`.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Whatever Amazon answers is in the decision.
        Amazon's page: `amazon-pay-buy-now-checkout/verify-and-complete-checkout.html`.
        """
        return _run_helper(
            self,
            "finalize_checkout_session",
            (checkout_session_id,),
            body,
            journal,
            deadline,
            namespace=namespace,
            order=order,
            attempt=attempt,
        )

    @procedure
    def create_charge_or_get(  # noqa: PLR0913 - the same
        self,
        body: CreateCharge | Body,
        *,
        journal: Journal,
        namespace: str,
        order: str,
        attempt: int = 1,
        deadline: float = 0.0,
    ) -> Flow[Decision[Charge]]:
        """Create a Charge, unless this order's key has made it, and tell how it stands.

        `order` names one payment: each month of a subscription is an order of its own.
        Success: the key's charge is `Authorized`, or with `captureNow` `Captured`, over
        the amount that was asked for. Pending: it is not yet. No: Amazon refused, and
        no run of this key is in doubt; or the charge was declined or canceled since.
        Moved: the key's charge is of another sum, or was refunded as a whole. Unknown:
        any other refusal, for only the key can tell, and it did not; or the charge has
        paid another order.

        `new_attempt` is true after a soft decline whose permission is still
        `Chargeable`: raise `attempt` in your database, by compare-and-set, and call
        again after a pause. `deadline` is how many seconds to wait for what is pending.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Whatever Amazon answers is in the decision.
        Amazon's page: `amazon-pay-api-v2/charge.html`.
        """
        return _run_helper(
            self,
            "create_charge",
            (),
            body,
            journal,
            deadline,
            namespace=namespace,
            order=order,
            attempt=attempt,
        )

    @procedure
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
    ) -> Flow[Decision[Charge]]:
        """Capture a Charge, unless it is captured, and tell how its money stands.

        Success: it is `Captured`, by whomever, over the `captureAmount` of the body;
        what was refunded in part since is `Decision.refunded`. Pending: the capture is
        under way, the charge is not authorized yet, or it is `Authorized` after a lost
        answer. No: it was canceled or declined, or Amazon refused. Moved: it was
        captured over another amount, or refunded as a whole since (`Refunded`).

        A capture pays one order: that another order of the journal has it is a
        `JournalConflict`.

        `deadline` is how many seconds to wait for what is pending.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Whatever Amazon answers is in the decision.
        Amazon's page: `amazon-pay-api-v2/charge.html`.
        """
        return _run_helper(
            self,
            "capture_charge",
            (charge_id,),
            body,
            journal,
            deadline,
            namespace=namespace,
            order=order,
            attempt=attempt,
        )

    @procedure
    def cancel_or_get_charge(  # noqa: PLR0913 - the same
        self,
        charge_id: str,
        body: CancelCharge | Body | None = None,
        *,
        journal: Journal,
        namespace: str,
        order: str,
        attempt: int = 1,
        deadline: float = 0.0,
    ) -> Flow[Decision[Charge]]:
        """Cancel a Charge, unless it has ended, and tell whether it holds no money.

        Success: it is `Canceled`, for whatever reason, or `Declined`. Moved: a capture
        has begun or is done (the reason is the state), so that the way back is a
        refund. A charge that is still open after a lost answer is pending. Without a
        body, the reason given to Amazon is `Canceled by the merchant`.

        `deadline` is how many seconds to wait for what is pending.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Whatever Amazon answers is in the decision.
        Amazon's page: `amazon-pay-api-v2/charge.html`.
        """
        return _run_helper(
            self,
            "cancel_charge",
            (charge_id,),
            body,
            journal,
            deadline,
            namespace=namespace,
            order=order,
            attempt=attempt,
        )

    @procedure
    def close_or_get_charge_permission(  # noqa: PLR0913 - the same
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
    ) -> Flow[Decision[ChargePermission]]:
        """Close a Charge Permission, unless it is closed, and tell whether it is.

        Success: it is `Closed` by a call of this helper that was answered, or by
        anyone when `cancelPendingCharges` was not asked for. Where it was, and someone
        else closed it or the answer was lost, authorizations may be open that nobody
        can list: unknown (`ClosedByAnother`), unless `charge_ids` names all charges of
        the permission (an empty list says that there are none) and a GET shows that
        each has ended; one that has not is `ChargeStillOpen`: cancel it. Without a
        body, the reason given to Amazon is `Closed by the merchant`.

        `deadline` is how many seconds to wait for what is pending.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Whatever Amazon answers is in the decision.
        Amazon's page: `amazon-pay-api-v2/charge-permission.html`.
        """
        return _run_helper(
            self,
            "close_charge_permission",
            (charge_permission_id,),
            body,
            journal,
            deadline,
            namespace=namespace,
            order=order,
            attempt=attempt,
            charge_ids=charge_ids,
        )

    @procedure
    def refund_or_get(  # noqa: PLR0913 - the same
        self,
        body: CreateRefund | Body,
        *,
        journal: Journal,
        namespace: str,
        order: str,
        attempt: int = 1,
        deadline: float = 0.0,
    ) -> Flow[Decision[Refund]]:
        """Refund a Charge, unless this order's key has done it, and tell how it stands.

        `order` names one refund: two returns of one order are two. Success: the key's
        refund is `Refunded`, over the amount that was asked for. Pending: it is on its
        way. No: Amazon declined it, or refused while no run of this key was in doubt.
        Moved: the key's refund is of another sum. Unknown: any other refusal. The
        charge's own `refundedAmount` tells nothing: it is a sum, grows late, and others
        refund too.

        `deadline` is how many seconds to wait for what is pending.

        Errors: `JournalConflict`, `InvalidRequest`, both before anything is sent;
        `JournalFailed`. Whatever Amazon answers is in the decision.
        Amazon's page: `amazon-pay-api-v2/refund.html`.
        """
        return _run_helper(
            self,
            "create_refund",
            (),
            body,
            journal,
            deadline,
            namespace=namespace,
            order=order,
            attempt=attempt,
        )

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
        """Go on with an entry of the journal: the same key, the same bytes.

        For a periodic sweep over `journal.open_entries()`: it does what the helper
        that wrote the entry does, without its arguments. It may move money.

        An entry that was first written more than `max_age` ago (a `timedelta`, or
        seconds) is looked at and no longer sent: the shop may have taken the money in
        another way. Its decision has the reason `TooOld`: a no where nothing was
        carried out for certain, unknown where it may have been. An entry that
        `AmazonPay.journal.abandon` has given up is looked at and never sent.

        The client must be of the entry's environment and region, and know the key that
        wrote it (`keys=`), unless `same_merchant` says that its own key is of the same
        merchant account.

        Errors: `InvalidRequest` for an entry whose body was forgotten;
        `JournalConflict` for an entry of another environment, region or key, which this
        client must not send; else those of that helper. Go on with the next entry.
        Amazon's page: `amazon-pay-api-v2/idempotency.html`.
        """
        from .._once.entry import Entry, check_place
        from .._once.flow import run_once
        from .._once.journal_steps import checked_journal

        checked_journal(journal)
        age = _checked_age(max_age)
        if not isinstance(entry, Entry) or entry.is_claim:
            raise InvalidRequest("entry is an entry that the journal has listed")
        if entry.body is None:
            raise InvalidRequest("the entry's body was forgotten: it is settled")

        sender = _sender_of(self)
        check_place(entry, sender.environment, sender.region)
        if not same_merchant:
            _check_merchant(entry, sender)
        return run_once(entry, journal, deadline, max_age=age)
