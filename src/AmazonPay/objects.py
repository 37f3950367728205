"""Objects as they were seen: what they allow, and two views of one made into one.

A view is what an answer's `json()` gave: of a Checkout Session, a Charge Permission, a
Charge or a Refund. Nothing here asks Amazon. Amazon's pages:
`amazon-pay-api-v2/checkout-session.html`, `charge-permission.html`, `charge.html`,
`refund.html`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar, cast

from .errors import InvalidRequest
from .lifecycles import LIFE_CYCLES
from .money import compare

if TYPE_CHECKING:
    from .lifecycles import Kind
    from .resources.charge_permissions import ChargePermission
    from .resources.charges import Charge
    from .resources.checkout_sessions import CheckoutSession
    from .resources.refunds import Refund

    AmazonObject: TypeAlias = CheckoutSession | ChargePermission | Charge | Refund

View = TypeVar("View", bound=Mapping[str, object])

# In this order: a session names its permission and charge, a refund its charge, a
# charge its permission.
ID_MEMBERS: Final[dict[Kind, str]] = {
    "checkoutSession": "checkoutSessionId",
    "refund": "refundId",
    "charge": "chargeId",
    "chargePermission": "chargePermissionId",
}

_GETS: Final[dict[Kind, str]] = {
    "checkoutSession": "get_checkout_session",
    "refund": "get_refund",
    "charge": "get_charge",
    "chargePermission": "get_charge_permission",
}

# The arrows that are the merchant's own to take.
_MOVES: Final[dict[tuple[Kind, str], tuple[str, ...]]] = {
    ("checkoutSession", "complete"): (
        "complete_checkout_session",
        "finalize_checkout_session",
    ),
    ("chargePermission", "merchant closes"): ("close_charge_permission",),
    ("charge", "capture"): ("capture_charge",),
    ("charge", "merchant cancels"): ("cancel_charge",),
}

# What a state allows that does not move the object itself. Update Charge is missing:
# it is for payment service providers only.
_WITHIN: Final[dict[tuple[Kind, str], tuple[str, ...]]] = {
    ("checkoutSession", "Open"): ("update_checkout_session",),
    ("chargePermission", "Chargeable"): ("update_charge_permission", "create_charge"),
    ("chargePermission", "NonChargeable"): ("update_charge_permission",),
    ("charge", "Captured"): ("create_refund",),
}


def kind_of(view: Mapping[str, object]) -> Kind:
    """Tell what an object is, by its id.

    Raises:
        InvalidRequest: it is none of session, permission, charge and refund.
    """
    members = members_of(view)
    for kind, member in ID_MEMBERS.items():
        if isinstance(members.get(member), str):
            return kind
    raise InvalidRequest(
        "this is no Checkout Session, Charge Permission, Charge or Refund: it has none"
        f" of {', '.join(ID_MEMBERS.values())}"
    )


def status_of(view: Mapping[str, object]) -> Mapping[str, object]:
    """Read `statusDetails`; empty when it is missing."""
    return members_of(members_of(view).get("statusDetails"))


def state_of(view: Mapping[str, object]) -> str:
    """Read an object's state; empty when it is missing."""
    state = status_of(view).get("state")
    return state if isinstance(state, str) else ""


def members_of(value: object) -> Mapping[str, object]:
    """Give an object's members; none of anything else."""
    found = _mapping(value)
    return {} if found is None else found


def _mapping(value: object) -> Mapping[str, object] | None:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


# --- What a state allows ------------------------------------------------------------


def allowed_actions(view: Mapping[str, object]) -> frozenset[str]:
    """List the client's methods that the object allows, as far as its state tells.

    A state that this version does not know allows nothing but to get the object.
    Amazon has the last word: a view is old as soon as it is there, and a balance or a
    limit may stand against a call that the state allows.
    Follows `amazon-pay-api-v2/charge.html` and its neighbours.

    Raises:
        InvalidRequest: it is none of session, permission, charge and refund.
    """
    kind, state = kind_of(view), state_of(view)
    allowed = {_GETS[kind], *_WITHIN.get((kind, state), ())}
    for arrow in LIFE_CYCLES[kind]:
        if state in arrow.states:
            allowed.update(_MOVES.get((kind, arrow.event), ()))
    if (kind, state) == ("chargePermission", "Closed") and _takes_metadata(view):
        allowed.add("update_charge_permission")
    return frozenset(allowed)


def _takes_metadata(permission: Mapping[str, object]) -> bool:
    """Whether a closed permission can be updated: one-time, and something is empty."""
    metadata = members_of(permission.get("merchantMetadata"))
    return permission.get("chargePermissionType") == "OneTime" and any(
        not value for value in metadata.values()
    )


# --- Two views of one object --------------------------------------------------------

# One value each, though made of members: parts of two of them would be neither.
_UNITS: Final = frozenset(
    {
        "billingAddress",
        "buyer",
        "deliverySpecifications",
        "frequency",
        "shippingAddress",
        "statusDetails",
    }
)


def merge(old: View, new: View) -> View:
    """Make one view of two; `new` was fetched later, which need not make it newer.

    Per member the newer view counts, and null never overwrites a value: the answer to
    Complete is almost all null, and buyer data turns null after 30 days. Newer is the
    later `lastUpdatedTimestamp`; at equal times a charge, a refund or a session is
    where it is further in its life, and a permission, which goes back to `Chargeable`,
    is what was fetched later. `refundedAmount` is the greater of both: it grows late.

    An address, a buyer, a price and `statusDetails` are one value each: a new address
    keeps no line of the old one. The order in which views of a charge or a refund come
    makes no difference. Neither view is changed.

    Raises:
        InvalidRequest: they are not two views of one object, or are nested too deeply.
    """
    kind = kind_of(old)
    member = ID_MEMBERS[kind]
    if kind_of(new) != kind or old[member] != new[member]:
        raise InvalidRequest("these are not two views of one object")
    is_newer = _is_newer(kind, new, old)
    newer, older = (old, new) if is_newer is False else (new, old)
    try:
        merged = _both(newer, older, unit=False, tie=is_newer is None)
    except RecursionError:
        raise InvalidRequest("the two views are nested too deeply") from None
    for one, other in ((newer, older), (older, newer)):
        if _exceeds(one.get("refundedAmount"), other.get("refundedAmount")):
            merged["refundedAmount"] = one["refundedAmount"]
    return cast("View", merged)


def _is_newer(
    kind: Kind, new: Mapping[str, object], old: Mapping[str, object]
) -> bool | None:
    """Return whether `new` is the newer view; None if nothing can tell."""
    times = [_updated(view) for view in (new, old)]
    if times[0] > times[1]:
        return True
    if times[0] < times[1]:
        return False
    if kind == "chargePermission":
        return True
    ranks = [rank(kind, state_of(view)) for view in (new, old)]
    if ranks[0] > ranks[1]:
        return True
    # An Open session is changed by updates, a charge or refund by its states alone.
    return False if ranks[0] < ranks[1] else _NEWER_IF_EQUAL.get(kind)


# What was fetched later is newer where nothing else can tell.
_NEWER_IF_EQUAL: Final[dict[Kind, bool]] = {"checkoutSession": True}


def _updated(view: Mapping[str, object]) -> str:
    """Return when a view's state was last updated; empty when it does not say."""
    time = status_of(view).get("lastUpdatedTimestamp")
    return time if isinstance(time, str) else ""


def rank(kind: Kind, state: str) -> tuple[int, int]:
    """Tell how far in its life an object is: final states last, unknown ones after.

    For charges, refunds and sessions, which never go back. A state that this version
    does not know counts as the furthest: it allows nothing.
    """
    arrows = LIFE_CYCLES[kind]
    known = {arrow.to for arrow in arrows}
    if state not in known:
        return (2, 0)  # pragma: no mutate - anything above the final ones
    final = not any(state in arrow.states for arrow in arrows)
    return (int(final), _steps(kind, state))


def _steps(kind: Kind, state: str) -> int:
    """Count the arrows of the longest way from creation to a state."""
    starts = [one for a in LIFE_CYCLES[kind] if a.to == state for one in a.states]
    steps = [_steps(kind, start) for start in starts]
    return 1 + max(steps, default=0)  # pragma: no mutate - only their order counts


def _both(
    newer: Mapping[str, object], older: Mapping[str, object], *, unit: bool, tie: bool
) -> dict[str, object]:
    merged = {**older, **newer}
    for name in newer.keys() & older.keys():
        merged[name] = _one(
            newer[name], older[name], unit=unit or name in _UNITS, tie=tie
        )
    return merged


def _one(newer: object, older: object, *, unit: bool, tie: bool) -> object:
    """Choose between two values of one member, or put them together."""
    if newer is None or older is None:
        return older if newer is None else newer
    one, other = _mapping(newer), _mapping(older)
    pairs = _pairs(newer, older)
    if one is not None and other is not None:
        unit = unit or "currencyCode" in one
        if not (unit and _differ(one, other)):
            return _both(one, other, unit=unit, tie=tie)
    elif pairs is not None:
        return [_one(a, b, unit=True, tie=tie) for a, b in pairs]
    # Nothing tells which is newer: any choice will do that does not hang on the order.
    return max((newer, older), key=_text) if tie else newer


def _differ(first: object, second: object) -> bool:
    """Whether two values contradict each other; a null contradicts nothing."""
    if first is None or second is None:
        return False
    a, b = _mapping(first), _mapping(second)
    if a is not None and b is not None:
        return any(_differ(a[name], b[name]) for name in a.keys() & b.keys())
    pairs = _pairs(first, second)
    if pairs is not None:
        return any(_differ(x, y) for x, y in pairs)
    return first != second


def _pairs(first: object, second: object) -> list[tuple[object, object]] | None:
    """Pair the elements of two lists of one length; None for anything else."""
    if not isinstance(first, list) or not isinstance(second, list):
        return None
    a, b = cast("list[object]", first), cast("list[object]", second)
    return list(zip(a, b, strict=True)) if len(a) == len(b) else None


def _text(value: object) -> str:
    # pragma: no mutate block - any text will do that does not hang on the order
    return json.dumps(value, sort_keys=True, default=str)


def _exceeds(first: object, second: object) -> bool:
    """Whether the first price is the greater one, as far as they can be compared."""
    try:
        return compare(members_of(first), members_of(second)) > 0
    except InvalidRequest:
        return False
