"""Disputes: `amazon-pay-api-v2/dispute.html`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ...lifecycles import DISPUTE
from ..engine.context import status_details, wrong_state
from ..engine.timestamps import format_timestamp, parse_timestamp
from ..rules.amounts import checked_price, parse_amount
from ..wire.errors import APIRefusal
from . import charges, files

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

KIND: Final = "dispute"

RESPONSE_TIME = timedelta(days=11)
"""`amazon-pay-checkout/manage-disputes.html`: to contest a chargeback."""

_ENDED = ("Resolved", "Closed")
_DEADLINE = "the deadline passes"

# Times in requests are seconds in most samples, milliseconds in one: what would be
# thousands of years ahead is read as the latter (unconfirmed).
_FIRST_MILLISECONDS = 10**11
_LAST_SECOND = 253_402_300_799


# Life ---------------------------------------------------------------------------------


def create(
    context: Context,
    charge: Record,
    amount: dict[str, str],
    filing_reason: str,
    deadline: datetime,
    **more: Any,  # noqa: ANN401 - members of the record
) -> Record:
    """Create a dispute of a captured charge, or refuse it by the charge's sums.

    Which codes refuse it is unconfirmed: they are those of a refund.
    """
    if charge["state"] != "Captured":
        raise wrong_state("charge", charge["state"])
    currency = charge["chargeAmount"]["currencyCode"]
    if amount["currencyCode"] != currency:
        raise APIRefusal("CurrencyMismatch", f"The currency must be {currency}")
    captured = parse_amount(charge["captureAmount"])
    if _disputed(context, charge) + parse_amount(amount) > captured:
        raise APIRefusal(
            "TransactionAmountExceeded", "The disputes would be above what was captured"
        )
    base = charge["id"].rpartition("-")[0]
    dispute: Record = {
        "id": context.ids.suffixed(base, "B"),
        "order": charge["order"],
        "charge": charge["id"],
        "amount": amount,
        "filingReason": filing_reason,
        "deadline": format_timestamp(deadline),
        "filed": format_timestamp(context.now),
        "provider": None,
        "evidences": None,
        "resolution": None,
        "resolved": None,
        "closed": None,
        "description": None,
        "created": format_timestamp(context.now),
        **more,
    }
    context.create(KIND, dispute)
    _await_response(context, dispute)
    return dispute


def _disputed(context: Context, charge: Record) -> Decimal:
    """Add up what is disputed of a charge, and was not decided for the merchant."""
    return sum(
        (
            parse_amount(dispute["amount"])
            for dispute in context.all(KIND)
            if dispute["charge"] == charge["id"]
            and dispute["resolution"] in {None, "BuyerWon"}
        ),
        Decimal(0),
    )


def _await_response(context: Context, dispute: Record) -> None:
    """Plan the end of the time to respond; one that is past ends at once."""
    at = max(dispute["deadline"], format_timestamp(context.now))
    context.schedule_at(at, KIND, dispute, _DEADLINE)


def on_due(context: Context, dispute: Record, event: str) -> None:
    """Let the deadline pass, unless the merchant has responded, or has a later one."""
    waiting = dispute["state"] == "ActionRequired"
    if waiting and parse_timestamp(dispute["deadline"]) <= context.now:
        move(context, dispute, event, "BuyerWon")


def move(
    context: Context, dispute: Record, event: str, resolution: str | None = None
) -> None:
    """Move a dispute; `resolution` says for whom it ends, if it does."""
    dispute["description"] = None
    context.move(KIND, dispute, event)
    if dispute["state"] in _ENDED:
        dispute["resolution"] = resolution or dispute["resolution"]
        dispute["resolved"] = dispute["resolved"] or format_timestamp(context.now)
    if dispute["state"] == "Closed":
        dispute["closed"] = dispute["closed"] or format_timestamp(context.now)
    if dispute["state"] == "ActionRequired":
        # How long the merchant has for more proof is unconfirmed.
        dispute["deadline"] = format_timestamp(context.now + RESPONSE_TIME)
        _await_response(context, dispute)
    context.save(KIND, dispute)


# The object ---------------------------------------------------------------------------


def _epoch(text: str | None) -> int | None:
    """Write a time as disputes do: in seconds since 1970 (unconfirmed)."""
    return None if text is None else int(parse_timestamp(text).timestamp())


def _moment(value: int, name: str) -> datetime:
    seconds = value if value < _FIRST_MILLISECONDS else value // 1000
    if seconds > _LAST_SECOND:
        raise APIRefusal(
            "InvalidParameterValue", f"The value provided for '{name}' is invalid"
        )
    return datetime.fromtimestamp(seconds, UTC)


def to_json(dispute: Record) -> dict[str, Any]:
    """Write a dispute as the API does."""
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
            "lastUpdatedTimestamp": _epoch(dispute["updated"]),
        },
        "merchantEvidences": dispute["evidences"],
        "merchantResponseDeadline": _epoch(dispute["deadline"]),
        "creationTimestamp": _epoch(dispute["created"]),
        "releaseEnvironment": "Sandbox",
        "filingTimestamp": _epoch(dispute["filed"]),
        "providerMetadata": dispute["provider"],
        "closureTimestamp": _epoch(dispute["closed"]),
    }


# Calls --------------------------------------------------------------------------------


def get_or_refuse(context: Context, call: APICall) -> Record:
    """Read the dispute that a call names, or refuse the call."""
    dispute = context.find(KIND, call.ids["dispute_id"])
    if dispute is None:
        raise call.not_found()
    context.order = dispute["order"]
    return dispute


def create_dispute(context: Context, call: APICall) -> Result:
    """Answer Create Dispute, which Amazon offers to payment service providers only."""
    body = call.body
    filed = _moment(body["filingTimestamp"], "filingTimestamp")
    deadline = _moment(body["merchantResponseDeadline"], "merchantResponseDeadline")
    amount = checked_price(body["disputeAmount"], "disputeAmount")
    details: dict[str, Any] = body["statusDetails"]
    dispute = create(
        context,
        charges.get_or_refuse(context, call, body["chargeId"]),
        amount,
        body["filingReason"],
        deadline,
        filed=format_timestamp(filed),
        provider=body["providerMetadata"],
        description=details.get("reasonDescription"),
    )
    dispute["reason"] = details.get("reasonCode") or dispute["reason"]
    context.save(KIND, dispute)
    return 200, to_json(dispute)


def get_dispute(context: Context, call: APICall) -> Result:
    """Answer Get Dispute."""
    return 200, to_json(get_or_refuse(context, call))


def update_dispute(context: Context, call: APICall) -> Result:
    """Answer Update Dispute: the life cycle says which state may follow."""
    dispute = get_or_refuse(context, call)
    details = call.body.get("statusDetails")
    if "closureTimestamp" in call.body:
        closed = _moment(call.body["closureTimestamp"], "closureTimestamp")
        dispute["closed"] = format_timestamp(closed)
    if details is not None:
        event = _event(dispute, details["state"], details.get("reasonCode"))
        move(context, dispute, event, details["resolution"])
        dispute["description"] = details.get("reasonDescription")
    elif dispute["state"] == "Closed":
        raise wrong_state(KIND, dispute["state"])
    context.save(KIND, dispute)
    return 200, to_json(dispute)


def _event(dispute: Record, state: str, reason: str | None) -> str:
    """Find what leads from the dispute's state to another, with a reason if one is."""
    for arrow in DISPUTE:
        fits = dispute["state"] in arrow.states and arrow.to == state
        if fits and reason in {None, arrow.reason} and arrow.event != "contest":
            return arrow.event
    raise wrong_state(KIND, dispute["state"])


def contest_dispute(context: Context, call: APICall) -> Result:
    """Answer Contest Dispute: evidence needs a text or a file whose bytes have come."""
    dispute = get_or_refuse(context, call)
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
            raise APIRefusal(
                "InvalidParameterValue", "An evidence needs fileId or evidenceText"
            )
        if file is not None and not files.is_uploaded(context, file):
            raise APIRefusal("InvalidParameterValue", f"The file '{file}' was not sent")
    dispute["evidences"] = [*(dispute["evidences"] or []), *evidences]
    move(context, dispute, "contest")
    return 200, to_json(dispute)
