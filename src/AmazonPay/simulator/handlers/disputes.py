"""Disputes: `amazon-pay-api-v2/dispute.html`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ...lifecycles import DISPUTE
from ..engine.context import status_details, wrong_state
from ..engine.timestamps import read, written
from ..rules.amounts import amount_of, checked_price
from ..wire.errors import Refusal
from . import charges, files

if TYPE_CHECKING:
    from ..engine.context import World
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
    world: World,
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
        raise Refusal("CurrencyMismatch", f"The currency must be {currency}")
    captured = amount_of(charge["captureAmount"])
    if _disputed(world, charge) + amount_of(amount) > captured:
        raise Refusal(
            "TransactionAmountExceeded", "The disputes would be above what was captured"
        )
    base = charge["id"].rpartition("-")[0]
    dispute: Record = {
        "id": world.ids.suffixed(base, "B"),
        "order": charge["order"],
        "charge": charge["id"],
        "amount": amount,
        "filingReason": filing_reason,
        "deadline": written(deadline),
        "filed": written(world.now),
        "provider": None,
        "evidences": None,
        "resolution": None,
        "resolved": None,
        "closed": None,
        "description": None,
        "created": written(world.now),
        **more,
    }
    world.create(KIND, dispute)
    _await_response(world, dispute)
    return dispute


def _disputed(world: World, charge: Record) -> Decimal:
    """Add up what is disputed of a charge, and was not decided for the merchant."""
    return sum(
        (
            amount_of(dispute["amount"])
            for dispute in world.all(KIND)
            if dispute["charge"] == charge["id"]
            and dispute["resolution"] in {None, "BuyerWon"}
        ),
        Decimal(0),
    )


def _await_response(world: World, dispute: Record) -> None:
    """Plan the end of the time to respond; one that is past ends at once."""
    at = max(dispute["deadline"], written(world.now))
    world.plan_at(at, KIND, dispute, _DEADLINE)


def happen(world: World, dispute: Record, event: str) -> None:
    """Let the deadline pass, unless the merchant has responded, or has a later one."""
    waiting = dispute["state"] == "ActionRequired"
    if waiting and read(dispute["deadline"]) <= world.now:
        move(world, dispute, event, "BuyerWon")


def move(
    world: World, dispute: Record, event: str, resolution: str | None = None
) -> None:
    """Move a dispute; `resolution` says for whom it ends, if it does."""
    dispute["description"] = None
    world.move(KIND, dispute, event)
    if dispute["state"] in _ENDED:
        dispute["resolution"] = resolution or dispute["resolution"]
        dispute["resolved"] = dispute["resolved"] or written(world.now)
    if dispute["state"] == "Closed":
        dispute["closed"] = dispute["closed"] or written(world.now)
    if dispute["state"] == "ActionRequired":
        # How long the merchant has for more proof is unconfirmed.
        dispute["deadline"] = written(world.now + RESPONSE_TIME)
        _await_response(world, dispute)
    world.save(KIND, dispute)


# The object ---------------------------------------------------------------------------


def _epoch(text: str | None) -> int | None:
    """Write a time as disputes do: in seconds since 1970 (unconfirmed)."""
    return None if text is None else int(read(text).timestamp())


def _moment(value: int, name: str) -> datetime:
    seconds = value if value < _FIRST_MILLISECONDS else value // 1000
    if seconds > _LAST_SECOND:
        raise Refusal(
            "InvalidParameterValue", f"The value provided for '{name}' is invalid"
        )
    return datetime.fromtimestamp(seconds, UTC)


def show(dispute: Record) -> dict[str, Any]:
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


def find(world: World, call: APICall) -> Record:
    """Read the dispute that a call names, or refuse the call."""
    dispute = world.find(KIND, call.ids["dispute_id"])
    if dispute is None:
        raise call.not_found()
    world.order = dispute["order"]
    return dispute


def create_dispute(world: World, call: APICall) -> Result:
    """Answer Create Dispute, which Amazon offers to payment service providers only."""
    body = call.body
    filed = _moment(body["filingTimestamp"], "filingTimestamp")
    deadline = _moment(body["merchantResponseDeadline"], "merchantResponseDeadline")
    amount = checked_price(body["disputeAmount"], "disputeAmount")
    details: dict[str, Any] = body["statusDetails"]
    dispute = create(
        world,
        charges.find(world, call, body["chargeId"]),
        amount,
        body["filingReason"],
        deadline,
        filed=written(filed),
        provider=body["providerMetadata"],
        description=details.get("reasonDescription"),
    )
    dispute["reason"] = details.get("reasonCode") or dispute["reason"]
    world.save(KIND, dispute)
    return 200, show(dispute)


def get_dispute(world: World, call: APICall) -> Result:
    """Answer Get Dispute."""
    return 200, show(find(world, call))


def update_dispute(world: World, call: APICall) -> Result:
    """Answer Update Dispute: the life cycle says which state may follow."""
    dispute = find(world, call)
    details = call.body.get("statusDetails")
    if "closureTimestamp" in call.body:
        closed = _moment(call.body["closureTimestamp"], "closureTimestamp")
        dispute["closed"] = written(closed)
    if details is not None:
        event = _event(dispute, details["state"], details.get("reasonCode"))
        move(world, dispute, event, details["resolution"])
        dispute["description"] = details.get("reasonDescription")
    elif dispute["state"] == "Closed":
        raise wrong_state(KIND, dispute["state"])
    world.save(KIND, dispute)
    return 200, show(dispute)


def _event(dispute: Record, state: str, reason: str | None) -> str:
    """Find what leads from the dispute's state to another, with a reason if one is."""
    for arrow in DISPUTE:
        fits = dispute["state"] in arrow.states and arrow.to == state
        if fits and reason in {None, arrow.reason} and arrow.event != "contest":
            return arrow.event
    raise wrong_state(KIND, dispute["state"])


def contest_dispute(world: World, call: APICall) -> Result:
    """Answer Contest Dispute: evidence needs a text or a file whose bytes have come."""
    dispute = find(world, call)
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
            raise Refusal(
                "InvalidParameterValue", "An evidence needs fileId or evidenceText"
            )
        if file is not None and not files.is_uploaded(world, file):
            raise Refusal("InvalidParameterValue", f"The file '{file}' was not sent")
    dispute["evidences"] = [*(dispute["evidences"] or []), *evidences]
    move(world, dispute, "contest")
    return 200, show(dispute)
