"""Disputes: `amazon-pay-api-v2/dispute.html`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ...lifecycles import DISPUTE
from ...resources.disputes import Disputes
from ..engine.timestamps import checked_timestamp, format_timestamp, parse_timestamp
from ..rules.amounts import check_currency, checked_price, parse_amount
from ..wire.api_call import json_result
from ..wire.errors import APIRefusal, invalid_value, wrong_state
from . import charges, files
from .common import status_details
from .registry import handles, in_body, in_path

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

KIND: Final = "dispute"

RESPONSE_TIME = timedelta(days=11)
"""The time to contest a chargeback: `amazon-pay-checkout/manage-disputes.html`."""

# The members of a record that are None unless something sets them.
_UNSET = ("provider", "evidences", "resolution", "resolved", "closed", "description")

_ENDED = ("Resolved", "Closed")
_DEADLINE = "the deadline passes"

# UNCONFIRMED: the unit of times in requests. It is seconds in most samples and
# milliseconds in one: a time that is thousands of years ahead is taken for the latter.
_FIRST_MILLISECONDS = 10**11
_LAST_SECOND = 253_402_300_799


# Life cycle ---------------------------------------------------------------------------


def create(
    context: Context,
    charge: Record,
    amount: dict[str, str],
    filing_reason: str,
    deadline: datetime,
    **members: Any,  # noqa: ANN401 - members of the record
) -> Record:
    """Create a dispute of a captured charge, or refuse it by the charge's sums."""
    # UNCONFIRMED: the codes of a refusal; they are those of refunds.
    if charge["state"] != "Captured":
        raise wrong_state("charge", charge["state"])
    currency = charge["chargeAmount"]["currencyCode"]
    check_currency(amount, currency, "disputeAmount")
    left = parse_amount(charge["captureAmount"]) - Decimal(charge["disputed"])
    if parse_amount(amount) > left:
        raise APIRefusal(
            "TransactionAmountExceeded",
            f"The disputeAmount is above what is left to dispute: {left} {currency}",
        )
    base = charge["id"].rpartition("-")[0]
    dispute: Record = {
        "id": context.ids.suffixed(base, "B"),
        "order": charge["order"],
        "charge": charge["id"],
        "amount": amount,
        "filingReason": filing_reason,
        "deadline": format_timestamp(deadline),
        "filed": context.timestamp,
        **dict.fromkeys(_UNSET),
        "counts": False,
        "created": context.timestamp,
        **members,
    }
    context.create(KIND, dispute)
    _count(context, dispute)
    context.save(KIND, dispute)
    _await_response(context, dispute)
    return dispute


def _count(context: Context, dispute: Record) -> None:
    """Add a dispute to its charge's `disputed`, or subtract it if the merchant won."""
    counts = dispute["resolution"] in {None, "BuyerWon"}
    if counts is not dispute["counts"]:
        dispute["counts"] = counts
        charge = context.get(charges.KIND, dispute["charge"])
        amount = parse_amount(dispute["amount"]) * (1 if counts else -1)
        charge["disputed"] = str(Decimal(charge["disputed"]) + amount)
        context.save(charges.KIND, charge)


def _await_response(context: Context, dispute: Record) -> None:
    """Schedule the deadline to respond; one in the past is due at once."""
    at = max(dispute["deadline"], context.timestamp)
    context.schedule_at(at, KIND, dispute, _DEADLINE)


def on_due(context: Context, dispute: Record, event: str) -> None:
    """Decide for the buyer, unless the merchant has responded or a later deadline."""
    waiting = dispute["state"] == "ActionRequired"
    if waiting and parse_timestamp(dispute["deadline"]) <= context.now:
        move(context, dispute, event, "BuyerWon")


def move(
    context: Context, dispute: Record, event: str, resolution: str | None = None
) -> None:
    """Apply an event to a dispute; `resolution` is who wins, if it ends."""
    dispute["description"] = None
    context.move(KIND, dispute, event)
    if dispute["state"] in _ENDED:
        dispute["resolution"] = resolution or dispute["resolution"]
        dispute["resolved"] = dispute["resolved"] or context.timestamp
    if dispute["state"] == "Closed":
        dispute["closed"] = dispute["closed"] or context.timestamp
    if dispute["state"] == "ActionRequired":
        # UNCONFIRMED: how long the merchant has to send more evidence.
        dispute["deadline"] = format_timestamp(context.now + RESPONSE_TIME)
        _await_response(context, dispute)
    _count(context, dispute)
    context.save(KIND, dispute)


# The object ---------------------------------------------------------------------------


def _checked_time(value: int | str, name: str) -> datetime:
    """Return a time of a request: ISO 8601, or a number as in older samples."""
    if isinstance(value, str):
        return checked_timestamp(value, name)
    seconds = value if value < _FIRST_MILLISECONDS else value // 1000
    if seconds > _LAST_SECOND:
        raise invalid_value(f"The value provided for '{name}' is invalid")
    return datetime.fromtimestamp(seconds, UTC)


def to_json(dispute: Record) -> dict[str, Any]:
    """Return a dispute in the form of the API."""
    details = status_details(dispute)
    return {
        "disputeId": dispute["id"],
        "chargeId": dispute["charge"],
        "disputeType": "Chargeback",
        "disputeAmount": dispute["amount"],
        "filingReason": dispute["filingReason"],
        "resolutionAuthority": None,
        "statusDetails": {
            "state": details["state"],
            "reasonCode": details["reasonCode"],
            "reasonDescription": dispute["description"] or details["reasonDescription"],
            "resolution": dispute["resolution"],
            "lastUpdatedTimestamp": dispute["updated"],
        },
        "merchantEvidences": dispute["evidences"],
        "merchantResponseDeadline": dispute["deadline"],
        "creationTimestamp": dispute["created"],
        "releaseEnvironment": "Sandbox",
        "filingTimestamp": dispute["filed"],
        "providerMetadata": dispute["provider"],
        "closureTimestamp": dispute["closed"],
    }


# Calls --------------------------------------------------------------------------------


@handles(Disputes.create_dispute, subject=in_body(charges.KIND, "chargeId"))
def create_dispute(context: Context, call: APICall, charge: Record) -> Result:
    """Answer Create Dispute, which Amazon offers to payment service providers only."""
    # UNCONFIRMED: who may call it; here every merchant may.
    body = call.body
    filed = _checked_time(body["filingTimestamp"], "filingTimestamp")
    deadline = _checked_time(
        body["merchantResponseDeadline"], "merchantResponseDeadline"
    )
    amount = checked_price(body["disputeAmount"], "disputeAmount")
    details: dict[str, Any] = body["statusDetails"]
    dispute = create(
        context,
        charge,
        amount,
        body["filingReason"],
        deadline,
        filed=format_timestamp(filed),
        provider=body["providerMetadata"],
        description=details.get("reasonDescription"),
    )
    dispute["reason"] = details.get("reasonCode") or dispute["reason"]
    context.save(KIND, dispute)
    return json_result(200, to_json(dispute))


@handles(Disputes.get_dispute, subject=in_path(KIND))
def get_dispute(context: Context, call: APICall, dispute: Record) -> Result:
    """Answer Get Dispute."""
    return json_result(200, to_json(dispute))


@handles(Disputes.update_dispute, subject=in_path(KIND))
def update_dispute(context: Context, call: APICall, dispute: Record) -> Result:
    """Answer Update Dispute, as far as the life cycle allows the new state."""
    details = call.body.get("statusDetails")
    if "closureTimestamp" in call.body:
        closed = _checked_time(call.body["closureTimestamp"], "closureTimestamp")
        dispute["closed"] = format_timestamp(closed)
    if details is not None:
        event = _event(dispute, details["state"], details.get("reasonCode"))
        move(context, dispute, event, details["resolution"])
        dispute["description"] = details.get("reasonDescription")
    elif dispute["state"] == "Closed":
        raise wrong_state(KIND, dispute["state"])
    context.save(KIND, dispute)
    return json_result(200, to_json(dispute))


def _event(dispute: Record, state: str, reason: str | None) -> str:
    """Return the event that leads to a state, with a reason if one is given."""
    for arrow in DISPUTE:
        fits = dispute["state"] in arrow.states and arrow.to == state
        if fits and reason in {None, arrow.reason} and arrow.event != "contest":
            return arrow.event
    raise wrong_state(KIND, dispute["state"])


@handles(Disputes.contest_dispute, subject=in_path(KIND))
def contest_dispute(context: Context, call: APICall, dispute: Record) -> Result:
    """Answer Contest Dispute: evidence is a text, or a file that is uploaded."""
    evidences = [
        {
            "evidenceType": given["evidenceType"],
            "fileId": given.get("fileId"),
            "evidenceText": given.get("evidenceText"),
        }
        for given in call.body["merchantEvidences"]
    ]
    for evidence in evidences:
        file = evidence["fileId"]
        if file is None and not evidence["evidenceText"]:
            raise invalid_value("An evidence needs fileId or evidenceText")
        if file is not None and not files.is_uploaded(context, file):
            raise invalid_value(f"The file '{file}' was not sent")
    dispute["evidences"] = [*(dispute["evidences"] or []), *evidences]
    move(context, dispute, "contest")
    return json_result(200, to_json(dispute))
