"""The acts of the buyer's bank, and of Amazon's investigators, in a dispute.

Ordinary merchants get their disputes from here: `amazon-pay-checkout/manage-disputes`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from ...resources.disputes import KnownFilingReason, KnownResolution
from ..handlers import disputes
from ..rules.amounts import checked_price
from ..wire.errors import invalid_value

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record

_FILING_REASONS = get_args(KnownFilingReason)
_RESOLUTIONS = get_args(KnownResolution)

# The event of each decision, and who wins by it.
DECISIONS: dict[str, tuple[str, str | None]] = {
    "askForProof": ("more proof is wanted", None),
    "withdraw": ("buyer withdraws", "MerchantWon"),
    "close": ("it is final", None),
    "autoResolve": ("rules decide", "MerchantWon"),
    **{name: ("investigator decides", name) for name in _RESOLUTIONS},
}


def file_chargeback(
    context: Context, charge: Record, *, amount: str | None, filing_reason: str
) -> Record:
    """File a chargeback of a captured charge, by default of all of it."""
    if filing_reason not in _FILING_REASONS:
        raise invalid_value(f"The filing reason is one of {', '.join(_FILING_REASONS)}")
    disputed = charge["captureAmount"] or charge["chargeAmount"]
    if amount is not None:
        if re.fullmatch(r"[0-9]+(\.[0-9]{1,2})?", amount) is None:
            raise invalid_value("The value of amount is invalid")
        disputed = checked_price({**disputed, "amount": amount}, "amount")
    context.add_story_row("issuer", charge["order"], did="filed", reason=filing_reason)
    deadline = context.now + disputes.RESPONSE_TIME
    return disputes.create(context, charge, disputed, filing_reason, deadline)


def decide(context: Context, dispute: Record, decision: str) -> None:
    """Decide a dispute, or apply another event to it: one of `DECISIONS`."""
    if decision not in DECISIONS:
        raise invalid_value(f"The decision is one of {', '.join(DECISIONS)}")
    context.add_story_row("issuer", dispute["order"], did="decided", decision=decision)
    disputes.move(context, dispute, *DECISIONS[decision])
