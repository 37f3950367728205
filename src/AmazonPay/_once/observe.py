"""Get the object of an entry, and check that answers are about it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from ..errors import APIError, TransportError
from ..objects import state_of
from ..resources.charge_permissions import ChargePermissions
from ..resources.charges import Charges
from ..resources.checkout_sessions import CheckoutSessions
from ..resources.refunds import Refunds
from .classify import CallResult, classify
from .entry import CREATING, OBJECT_MISMATCH, SESSIONS, Entry
from .intent import REFERENCE_MEMBERS
from .outcomes import Observed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._core.call import Call
    from .._core.operation import Operation
    from .._core.steps import Flow
    from ..response import Response


def call_result(call: Call) -> Flow[CallResult]:
    """Make a call and return its result, whether or not the client raises."""
    try:
        return classify(cast("Response[Any]", (yield call)))
    except TransportError as error:
        return classify(error)
    except APIError as error:
        return classify(error.response)


# --- Which object an answer is about --------------------------------------------------

# Ids that fit a path and a database column. Amazon's have at most 36 characters.
_USABLE_ID: Final = re.compile(r"(?!\.+$)[!-~]{1,64}")

# The id of a one-time permission is the first part of the ids of its charges. That does
# not hold for recurring permissions.
_ONE_TIME_PERMISSION: Final = re.compile(r"[SP][0-9]{2}-[0-9]{7}-[0-9]{7}")
_CHARGE: Final = re.compile(rf"({_ONE_TIME_PERMISSION.pattern})-C[0-9]{{6}}")


def usable_id(id_: object) -> str | None:
    """Return an id from an answer if it can be requested and stored, else None."""
    found = isinstance(id_, str) and _USABLE_ID.fullmatch(id_) is not None
    return cast("str", id_) if found else None


def _mismatch_reason(
    view: Mapping[str, Any], member: str, requested: str
) -> str | None:
    """Return why a view may not be of the object `requested`; None if it is."""
    named = view.get(member)
    if named is None:
        return "NoId"
    permission, charge = view.get("chargePermissionId"), view.get("chargeId")
    if isinstance(permission, str) and isinstance(charge, str):
        stem = _CHARGE.fullmatch(charge)
        if (
            stem
            and _ONE_TIME_PERMISSION.fullmatch(permission)
            and stem[1] != permission
        ):
            return OBJECT_MISMATCH
    return None if named == requested else OBJECT_MISMATCH


def _get_object(
    operation: Operation[..., Any], member: str, id_: str
) -> Flow[Observed]:
    try:
        call = operation.build((id_,), {})
    except ValueError:  # such as an id of dots alone, or a lone surrogate
        return Observed(reason="NoId")
    result = yield from call_result(call)
    if result.response is None or result.status != "succeeded":
        return Observed(reason=result.reason)
    view = result.response.json()
    mismatch = _mismatch_reason(view, member, id_)
    return Observed(view) if mismatch is None else Observed(reason=mismatch)


def _get_charge(id_: object) -> Flow[Observed]:
    usable = usable_id(id_)
    if usable is None:
        return Observed(reason="NoId")
    return (yield from _get_object(Charges.get_charge, "chargeId", usable))


def get_permission(id_: str) -> Flow[Observed]:
    get = ChargePermissions.get_charge_permission
    return (yield from _get_object(get, "chargePermissionId", id_))


# The operation that gets the object of an entry, and the member that holds its id.
_OBJECTS: Final[dict[str, tuple[Operation[..., Any], str]]] = {
    "complete_checkout_session": (
        CheckoutSessions.get_checkout_session,
        "checkoutSessionId",
    ),
    "finalize_checkout_session": (
        CheckoutSessions.get_checkout_session,
        "checkoutSessionId",
    ),
    "create_charge": (Charges.get_charge, "chargeId"),
    "capture_charge": (Charges.get_charge, "chargeId"),
    "cancel_charge": (Charges.get_charge, "chargeId"),
    "close_charge_permission": (
        ChargePermissions.get_charge_permission,
        "chargePermissionId",
    ),
    "create_refund": (Refunds.get_refund, "refundId"),
}


def observe(entry: Entry, requested: Mapping[str, Any]) -> Flow[Observed]:
    """Get the object of an entry, and the charges that its decision depends on.

    `requested` is the body of the entry's request. An object that was not created yet
    is not observed.
    """
    id_: str | None = entry.subject
    if entry.operation in CREATING:
        if entry.object_id is None:
            return Observed()
        id_ = usable_id(entry.object_id)
    if id_ is None:
        return Observed(reason="NoId")
    observed = yield from _get_object(*_OBJECTS[entry.operation], id_)
    if entry.operation in SESSIONS:
        return (yield from _with_charge(observed))
    if entry.operation == "close_charge_permission":
        return (yield from _with_listed_charges(entry, requested, observed))
    return observed


def _with_charge(observed: Observed) -> Flow[Observed]:
    """Get the charge of a session that has ended, and add it to the observation."""
    view = observed.object or {}
    charge_id = view.get("chargeId")
    if charge_id is None or state_of(view) not in {"Completed", "Canceled"}:
        return observed
    charge = yield from _get_charge(charge_id)
    charge_view = charge.object
    permissions = {
        one.get("chargePermissionId") for one in (view, charge_view or {}) if one
    } - {None}
    if len(permissions) > 1:
        return replace(observed, reason=OBJECT_MISMATCH)
    return replace(observed, charge=charge_view, reason=charge.reason)


def _with_listed_charges(
    entry: Entry, requested: Mapping[str, Any], observed: Observed
) -> Flow[Observed]:
    """Get the listed charges of a closed permission if they must have ended, too."""
    ours = entry.object_id is not None
    if (
        entry.charge_ids is None
        or ours
        or requested.get("cancelPendingCharges") is not True
        or state_of(observed.object or {}) != "Closed"
    ):
        return observed
    charges: list[Mapping[str, Any] | None] = []
    for charge_id in entry.charge_ids:
        charge_view = yield from _get_charge(charge_id)
        charges.append(charge_view.object)
    return replace(observed, charges=tuple(charges))


def object_id_in(entry: Entry, result: CallResult) -> str | None:
    """Return the object id in a success; for a session, that of its charge, if any."""
    if result.status != "succeeded" or result.response is None:
        return None
    view = result.response.json()
    if entry.operation in SESSIONS and (charge := usable_id(view.get("chargeId"))):
        return charge
    _, member = _OBJECTS[entry.operation]
    return usable_id(view.get(member))


def checked_result(
    entry: Entry, requested: Mapping[str, Any], result: CallResult
) -> CallResult:
    """Treat a success about another object than the requested one as unknown."""
    if result.status != "succeeded" or result.response is None:
        return result
    view = result.response.json()
    _, member = _OBJECTS[entry.operation]
    mismatch = "NoId" if usable_id(view.get(member)) is None else None
    if mismatch is None:
        mismatch = _mismatch_reason(view, member, entry.subject or view[member])
    reference = REFERENCE_MEMBERS.get(entry.operation)
    if mismatch is None and reference is not None and view.get(reference) is not None:
        mismatch = None if view[reference] == requested[reference] else OBJECT_MISMATCH
    return (
        result
        if mismatch is None
        else replace(result, status="unknown", reason=mismatch)
    )
