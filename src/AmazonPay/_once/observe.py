"""Look at the object of an entry by GET, and check that answers are about it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from ..errors import (
    APIError,
    TransportError,
)
from ..objects import state_of
from ..resources.charge_permissions import ChargePermissions
from ..resources.charges import Charges
from ..resources.checkout_sessions import CheckoutSessions
from ..resources.refunds import Refunds
from .classify import CallResult, classify
from .entry import (
    OBJECT_MISMATCH,
    Entry,
)
from .intent import REFERENCES
from .tables import Observed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._core.call import Call
    from .._core.operation import Operation
    from .._core.steps import Flow
    from ..response import Response

SESSIONS: Final = frozenset({"complete_checkout_session", "finalize_checkout_session"})


def result_of(call: Call) -> Flow[CallResult]:
    """Make a call, and tell what came of it whatever the client's options."""
    try:
        return classify(cast("Response[Any]", (yield call)))
    except TransportError as error:
        return classify(error)
    except APIError as error:
        return classify(error.response)


# --- Which object an answer is about --------------------------------------------------

# What a path, a database's column and a person can take; Amazon's ids are 36 at most.
_USABLE_ID: Final = re.compile(r"(?!\.+$)[!-~]{1,64}")

# A one-time permission's charges bear its id. A recurring one's do not.
_ONE_TIME: Final = re.compile(r"[SP][0-9]{2}-[0-9]{7}-[0-9]{7}")
_CHARGE: Final = re.compile(rf"({_ONE_TIME.pattern})-C[0-9]{{6}}")


def usable_id(id_: object) -> str | None:
    """Return an id of an answer, unless it cannot be asked for or written down."""
    found = isinstance(id_, str) and _USABLE_ID.fullmatch(id_) is not None
    return cast("str", id_) if found else None


def _strangeness(view: Mapping[str, Any], member: str, asked: str) -> str | None:
    """Say why a view is not known to be of the object `asked`; None if it is."""
    named = view.get(member)
    if named is None:
        return "NoId"
    permission, charge = view.get("chargePermissionId"), view.get("chargeId")
    if isinstance(permission, str) and isinstance(charge, str):
        stem = _CHARGE.fullmatch(charge)
        if stem and _ONE_TIME.fullmatch(permission) and stem[1] != permission:
            return OBJECT_MISMATCH
    return None if named == asked else OBJECT_MISMATCH


def _get(operation: Operation[..., Any], member: str, id_: str) -> Flow[Observed]:
    try:
        call = operation.build((id_,), {})
    except ValueError:  # of dots alone, or half a surrogate
        return Observed(reason="NoId")
    said = yield from result_of(call)
    if said.response is None or said.status != "succeeded":
        return Observed(reason=said.reason)
    view = said.response.json()
    strange = _strangeness(view, member, id_)
    return Observed(view) if strange is None else Observed(reason=strange)


def _get_charge(id_: object) -> Flow[Observed]:
    usable = usable_id(id_)
    if usable is None:
        return Observed(reason="NoId")
    return (yield from _get(Charges.get_charge, "chargeId", usable))


def get_permission(id_: str) -> Flow[Observed]:
    get = ChargePermissions.get_charge_permission
    return (yield from _get(get, "chargePermissionId", id_))


def _see_charge(entry: Entry, asked: Mapping[str, Any]) -> Flow[Observed]:
    del asked
    return (yield from _get(Charges.get_charge, "chargeId", entry.subject))


def _see_session(entry: Entry, asked: Mapping[str, Any]) -> Flow[Observed]:
    """See a session, and the charge that it names once it has ended."""
    del asked
    get = CheckoutSessions.get_checkout_session
    seen = yield from _get(get, "checkoutSessionId", entry.subject)
    view = seen.object or {}
    charge_id = view.get("chargeId")
    if charge_id is None or state_of(view) not in {"Completed", "Canceled"}:
        return seen
    charge = yield from _get_charge(charge_id)
    shown = charge.object
    permissions = {
        one.get("chargePermissionId") for one in (view, shown or {}) if one
    } - {None}
    if len(permissions) > 1:
        return replace(seen, reason=OBJECT_MISMATCH)
    return replace(seen, charge=shown, reason=charge.reason)


def _see_permission(entry: Entry, asked: Mapping[str, Any]) -> Flow[Observed]:
    """See a permission, and its known charges where they must have ended too."""
    seen = yield from get_permission(entry.subject)
    ours = entry.object_id is not None
    if (
        entry.charge_ids is None
        or ours
        or asked.get("cancelPendingCharges") is not True
        or state_of(seen.object or {}) != "Closed"
    ):
        return seen
    charges: list[Mapping[str, Any] | None] = []
    for charge_id in entry.charge_ids:
        shown = yield from _get_charge(charge_id)
        charges.append(shown.object)
    return replace(seen, charges=tuple(charges))


def _see_created_charge(entry: Entry, asked: Mapping[str, Any]) -> Flow[Observed]:
    del asked
    if entry.object_id is None:
        return Observed()
    return (yield from _get_charge(entry.object_id))


def _see_refund(entry: Entry, asked: Mapping[str, Any]) -> Flow[Observed]:
    del asked
    if entry.object_id is None:
        return Observed()
    return (yield from _get(Refunds.get_refund, "refundId", entry.object_id))


# How each operation's object is looked at, and which member is its id.
OBSERVERS: Final[
    dict[str, tuple[str, Callable[[Entry, Mapping[str, Any]], Flow[Observed]]]]
] = {
    "complete_checkout_session": ("checkoutSessionId", _see_session),
    "finalize_checkout_session": ("checkoutSessionId", _see_session),
    "create_charge": ("chargeId", _see_created_charge),
    "capture_charge": ("chargeId", _see_charge),
    "cancel_charge": ("chargeId", _see_charge),
    "close_charge_permission": ("chargePermissionId", _see_permission),
    "create_refund": ("refundId", _see_refund),
}


def id_in(entry: Entry, said: CallResult) -> str | None:
    """Return the id that a success names: of a session, its charge if there is one."""
    if said.status != "succeeded" or said.response is None:
        return None
    view = said.response.json()
    if entry.operation in SESSIONS and (charge := usable_id(view.get("chargeId"))):
        return charge
    return usable_id(view.get(OBSERVERS[entry.operation][0]))


def about(entry: Entry, asked: Mapping[str, Any], said: CallResult) -> CallResult:
    """Take a success that is not about what was asked for, for a lost answer."""
    if said.status != "succeeded" or said.response is None:
        return said
    view = said.response.json()
    member = OBSERVERS[entry.operation][0]
    strange = "NoId" if usable_id(view.get(member)) is None else None
    if strange is None:
        strange = _strangeness(view, member, entry.subject or view[member])
    reference = REFERENCES.get(entry.operation, "")
    if strange is None and view.get(reference) is not None:
        strange = None if view[reference] == asked[reference] else OBJECT_MISMATCH
    return said if strange is None else replace(said, status="unknown", reason=strange)
