"""Guesses that one buyer's payment decides."""

from __future__ import annotations

from typing import Final

from .model import REFUSAL, Guess

PAYMENTS: Final = (
    Guess(
        id="update-after-pay",
        point="an update after the buyer has paid",
        says="possible until they are sent to pay",
        does="422 `InvalidCheckoutSessionStatus`",
        file="checkout_sessions.py",
        question="What is an update after the buyer has paid refused with?",
        guessed="422 InvalidCheckoutSessionStatus",
        form=REFUSAL,
    ),
    Guess(
        id="keys-on-complete",
        point="keys on Complete, Finalize, delivery trackers and in-store",
        says="official samples send none",
        does="a key repeats its answer; `keys_ignored_by`",
        file="settings.py",
        question="Does an idempotency key repeat the answer of Complete?",
        guessed="repeated",
        form="repeated|ignored",
    ),
    Guess(
        id="keys-on-trackers",
        point="keys on Complete, Finalize, delivery trackers and in-store",
        says="official samples send none",
        does="a key repeats its answer; `keys_ignored_by`",
        file="settings.py",
        question="Does a key repeat the answer of Create Delivery Tracker?",
        guessed="repeated",
        form="repeated|ignored",
    ),
    Guess(
        id="open-authorizations",
        point="an open authorization and the balance",
        says="captures lower it",
        does="it does not lower it; a charge is refused above limit less captured",
        file="charge_permissions.py",
        question="Does an open authorization lower the balance of its permission?",
        guessed="unchanged",
        form="unchanged|lowered",
    ),
    Guess(
        id="charge-descriptor",
        point="`softDescriptor` of a charge without `captureNow`",
        says="only with it",
        does="400 `InvalidParameterCombination`",
        file="charges.py",
        question="What is a `softDescriptor` without `captureNow` refused with?",
        guessed="400 InvalidParameterCombination",
        form=REFUSAL,
    ),
    Guess(
        id="charge-capture-pending",
        point="`captureNow` with `canHandlePendingAuthorization`",
        says="a session refuses the like",
        does="400 `InvalidParameterCombination`",
        file="charges.py",
        question="What is the pair refused with in a charge?",
        guessed="400 InvalidParameterCombination",
        form=REFUSAL,
    ),
    Guess(
        id="update-charge",
        point="Update Charge by a merchant",
        says="for payment processors only",
        does="405 `UnsupportedOperation`",
        file="charges.py",
        question="What is Update Charge by a merchant refused with?",
        guessed="405 UnsupportedOperation",
        form=REFUSAL,
    ),
    Guess(
        id="refunded-amount",
        point="when `refundedAmount` grows",
        says="with each refund",
        does="once the refund is `Refunded`",
        file="refunds.py",
        question=(
            "Does `refundedAmount` grow when a refund is created, "
            "or when it is refunded?"
        ),
        guessed="refunded",
        form="refunded|created",
    ),
    Guess(
        id="refund-time",
        point="how long a refund takes",
        says=(
            "it is asynchronous; one that took about 30 s was "
            "recorded in sandbox (Japan, 2020)"
        ),
        does="30 s; `refund_settles_after`",
        file="settings.py",
        question="How many seconds is a refund `RefundInitiated`?",
        guessed="30",
        form="[0-9]{1,6}",
    ),
    Guess(
        id="refund-codes",
        point="simulation codes of a refund",
        says="there are some",
        does="`AmazonRejected`; `refund_simulation_codes`",
        file="settings.py",
        question="Which simulation codes does Create Refund take?",
        guessed="AmazonRejected",
        form="none|[A-Za-z]{1,64}(,[A-Za-z]{1,64}){0,9}",
    ),
    Guess(
        id="refund-count",
        point="refunds of one charge",
        says="`TransactionCountExceeded` exists; the earlier API took 10",
        does="10; `refunds_per_charge`",
        file="settings.py",
        question="How many refunds may a charge have?",
        guessed="10",
        form="[1-9][0-9]{0,2}|more than [1-9][0-9]{0,2}",
    ),
    Guess(
        id="capture-time",
        point="how long a late capture takes",
        says="later `Captured` or `Declined`",
        does="30 s, `Captured`; `capture_settles_after`",
        file="settings.py",
        question="How many seconds is a capture `CaptureInitiated`?",
        guessed="30",
        form="[0-9]{1,6}",
    ),
    Guess(
        id="pending-codes",
        point="simulation codes of a pending charge",
        says="there are some, of the form `Pending…`",
        does="`Pending` and the reason; `pending_simulation_codes`",
        file="settings.py",
        question="Which simulation codes decline a pending charge?",
        guessed=(
            "PendingAmazonRejected,PendingHardDeclined,PendingProcessingFailure,PendingSoftDeclined,PendingTransactionTimedOut"
        ),
        form="none|[A-Za-z]{1,64}(,[A-Za-z]{1,64}){0,9}",
    ),
    Guess(
        id="capture-after-close",
        point="a capture after the permission was closed",
        says="open charges live on",
        does="it works",
        file="charges.py",
        question="What is a capture refused with after its permission was closed?",
        guessed="accepted",
        form=REFUSAL,
    ),
    Guess(
        id="tracker-after-close",
        point="a tracker for a permission in any state",
        says="nothing",
        does="taken",
        file="delivery_trackers.py",
        question="What is a delivery tracker for a closed permission refused with?",
        guessed="accepted",
        form=REFUSAL,
    ),
)
