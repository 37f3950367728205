"""Delivery trackers: `amazon-pay-api-v2/delivery-tracker.html`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from ...resources._carrier_codes import KnownCarrierCode
from ...resources.delivery_trackers import DeliveryTrackers
from ..observed import refuse
from ..wire.api_call import json_result
from ..wire.errors import invalid_value, wrong_state
from . import charge_permissions as permissions
from . import charges
from .registry import handles

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

KIND: Final = "trackingNumber"
_CARRIERS = frozenset(get_args(KnownCarrierCode))


def _tracked(context: Context, call: APICall) -> Record:
    """Return the permission, or the recurring charge, that is delivered."""
    call.checked_simulation_code()
    order = call.body.get("amazonOrderReferenceId")
    permission_id = call.body.get("chargePermissionId")
    if (order is None) == (permission_id is None):
        # UNCONFIRMED: the code; for both ids InvalidParameterCombination is as likely.
        refuse(
            "tracker-without-id" if order is None else "tracker-both-ids",
            invalid_value("Give one of chargePermissionId and amazonOrderReferenceId"),
        )
    # UNCONFIRMED: that a permission may be in any state.
    permission = context.find(permissions.KIND, str(permission_id or order))
    if permission is not None:
        if permission["state"] == "Closed":
            refuse(
                "tracker-after-close",
                wrong_state("chargePermission", permission["state"]),
                guessed=False,
            )
        return permission
    # UNCONFIRMED: that a recurring order's id begins the id of its charge.
    for charge in context.below(charges.KIND, f"{order}-C"):
        return charge
    raise call.not_found()


@handles(DeliveryTrackers.create_delivery_tracker, subject=_tracked)
def create_delivery_tracker(context: Context, call: APICall, tracked: Record) -> Result:
    """Answer Create Delivery Tracker: each tracking number works once."""
    details = call.body["deliveryDetails"]
    for detail in details:
        number = detail["trackingNumber"]
        if detail["carrierCode"] not in _CARRIERS:
            raise invalid_value("The carrierCode is unknown")
        if context.find(KIND, number) is not None:
            raise invalid_value("The trackingNumber was used before")
        context.save(KIND, {"id": number})
    answer = {
        "amazonOrderReferenceId": call.body.get("amazonOrderReferenceId"),
        "chargePermissionId": call.body.get("chargePermissionId"),
        "deliveryDetails": [
            {name: detail[name] for name in ("trackingNumber", "carrierCode")}
            for detail in details
        ],
    }
    return json_result(200, answer)
