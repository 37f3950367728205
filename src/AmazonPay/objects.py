"""Read views of objects: which actions they allow, and how to merge two of them.

A view is the `json()` of an answer about a Checkout Session, a Charge Permission, a
Charge or a Refund. Nothing here sends a request. Amazon's pages:
`amazon-pay-api-v2/checkout-session.html`, `charge-permission.html`, `charge.html`,
`refund.html`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, cast, get_args

from .errors import InvalidRequest
from .lifecycles import LIFE_CYCLES
from .money import compare
from .resources.charge_permissions import ChargePermission, KnownChargePermissionState
from .resources.charges import Charge, KnownChargeState
from .resources.checkout_sessions import CheckoutSession, KnownCheckoutSessionState
from .resources.disputes import KnownDisputeState
from .resources.refunds import KnownRefundState, Refund

if TYPE_CHECKING:
    from .lifecycles import Kind

AmazonObject: TypeAlias = CheckoutSession | ChargePermission | Charge | Refund
"""An object that the helpers look at."""

State: TypeAlias = (
    KnownCheckoutSessionState
    | KnownChargePermissionState
    | KnownChargeState
    | KnownRefundState
    | KnownDisputeState
    | Literal["Unknown"]
)
"""The state of an object; `Unknown` if it has none or one of a later version."""

_STATES: Final = frozenset(
    state for part in get_args(State) for state in get_args(part)
)

View = TypeVar("View", bound=Mapping[str, object])

# The order matters: a session also holds the ids of its permission and charge, a refund
# that of its charge, and a charge that of its permission.
ID_MEMBERS: Final[dict[Kind, str]] = {
    "checkoutSession": "checkoutSessionId",
    "refund": "refundId",
    "charge": "chargeId",
    "chargePermission": "chargePermissionId",
}

_GET_METHODS: Final[dict[Kind, str]] = {
    "checkoutSession": "get_checkout_session",
    "refund": "get_refund",
    "charge": "get_charge",
    "chargePermission": "get_charge_permission",
}

# The transitions that a merchant can cause.
_TRANSITION_METHODS: Final[dict[tuple[Kind, str], tuple[str, ...]]] = {
    ("checkoutSession", "complete"): (
        "complete_checkout_session",
        "finalize_checkout_session",
    ),
    ("chargePermission", "merchant closes"): ("close_charge_permission",),
    ("charge", "capture"): ("capture_charge",),
    ("charge", "merchant cancels"): ("cancel_charge",),
}

# Actions that do not change the state of the object. Update Charge is missing, because
# it is for payment service providers only.
_OTHER_METHODS: Final[dict[tuple[Kind, str], tuple[str, ...]]] = {
    ("checkoutSession", "Open"): ("update_checkout_session",),
    ("chargePermission", "Chargeable"): ("update_charge_permission", "create_charge"),
    ("chargePermission", "NonChargeable"): ("update_charge_permission",),
    ("charge", "Captured"): ("create_refund",),
}


def kind_of(view: Mapping[str, object]) -> Kind:
    """Return the kind of an object by its id member.

    Raises:
        InvalidRequest: it is no session, permission, charge or refund.
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
    """Return `statusDetails`; empty if it is missing."""
    return members_of(members_of(view).get("statusDetails"))


def state_of(view: Mapping[str, object]) -> State:
    """Return an object's state; `Unknown` if it has none that this version knows.

    Never treat `Unknown` as final: money may have moved. The state as Amazon wrote it
    is `view["statusDetails"]["state"]`.
    """
    state = status_of(view).get("state")
    known = isinstance(state, str) and state in _STATES
    return cast("State", state) if known else "Unknown"


def members_of(value: object) -> Mapping[str, object]:
    """Return the members of an object; an empty mapping for any other value."""
    found = _mapping_or_none(value)
    return {} if found is None else found


def _mapping_or_none(value: object) -> Mapping[str, object] | None:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


# --- What a state allows ------------------------------------------------------------


def allowed_actions(view: Mapping[str, object]) -> frozenset[str]:
    """Return the names of the client's methods that the object's state allows.

    A state that this version does not know allows only to get the object. Amazon may
    still refuse an allowed call: the view may be outdated, or a balance or a limit may
    forbid the call.
    Follows `amazon-pay-api-v2/charge.html` and its neighbours.

    Raises:
        InvalidRequest: it is no session, permission, charge or refund.
    """
    kind, state = kind_of(view), state_of(view)
    allowed = {_GET_METHODS[kind], *_OTHER_METHODS.get((kind, state), ())}
    for arrow in LIFE_CYCLES[kind]:
        if state in arrow.states:
            allowed.update(_TRANSITION_METHODS.get((kind, arrow.event), ()))
    if (kind, state) == ("chargePermission", "Closed") and _takes_metadata(view):
        allowed.add("update_charge_permission")
    return frozenset(allowed)


def _takes_metadata(permission: Mapping[str, object]) -> bool:
    """Return whether a closed permission can be updated: one-time, a member empty."""
    metadata = members_of(permission.get("merchantMetadata"))
    return permission.get("chargePermissionType") == "OneTime" and any(
        not value for value in metadata.values()
    )


# --- Two views of one object --------------------------------------------------------

# Objects that are one value: parts of two views must not be mixed in them.
_UNDIVIDED: Final = frozenset(
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
    """Merge two views of one object; `new` was fetched later, but may be older.

    Each member is taken from the newer view, but null never replaces a value: the
    answer to Complete is almost all null, and buyer data becomes null after 30 days.
    The view with the later `lastUpdatedTimestamp` is newer. At equal times it is the
    view of a charge, refund or session that is further in its life cycle, and the view
    of a permission that was fetched later, because permissions return to `Chargeable`.
    `refundedAmount` is the greater of both, because it is updated late.

    An address, a buyer, a price and `statusDetails` are one value each: a new address
    keeps no line of the old one. The order of two views of a charge or a refund makes
    no difference. Neither view is changed.

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
        merged = _merge_members(newer, older, unit=False, tie=is_newer is None)
    except RecursionError:
        raise InvalidRequest("the two views are nested too deeply") from None
    for one, other in ((newer, older), (older, newer)):
        if _is_greater(one.get("refundedAmount"), other.get("refundedAmount")):
            merged["refundedAmount"] = one["refundedAmount"]
    return cast("View", merged)


def _is_newer(
    kind: Kind, new: Mapping[str, object], old: Mapping[str, object]
) -> bool | None:
    """Return whether `new` is the newer view; None if that cannot be decided."""
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
    # Updates change an Open session; only a new state changes a charge or a refund.
    return False if ranks[0] < ranks[1] else _NEWER_IF_EQUAL.get(kind)


# Kinds for which the view that was fetched later is newer if all else is equal.
_NEWER_IF_EQUAL: Final[dict[Kind, bool]] = {"checkoutSession": True}


def _updated(view: Mapping[str, object]) -> str:
    """Return when a view's state was last updated; empty if it is missing."""
    time = status_of(view).get("lastUpdatedTimestamp")
    return time if isinstance(time, str) else ""


def rank(kind: Kind, state: str) -> tuple[int, int]:
    """Return the position of a state in its life cycle, for comparison.

    This is for charges, refunds and sessions, which never go back. Final states come
    last, but before states that this version does not know, which allow nothing.
    """
    arrows = LIFE_CYCLES[kind]
    known = {arrow.to for arrow in arrows}
    if state not in known:
        return (2, 0)  # pragma: no mutate - anything above the final ones
    final = not any(state in arrow.states for arrow in arrows)
    return (int(final), _path_length(kind, state))


def _path_length(kind: Kind, state: str) -> int:
    """Return the number of transitions on the longest path to a state."""
    starts = [one for a in LIFE_CYCLES[kind] if a.to == state for one in a.states]
    steps = [_path_length(kind, start) for start in starts]
    return 1 + max(steps, default=0)  # pragma: no mutate - only their order counts


def _merge_members(
    newer: Mapping[str, object], older: Mapping[str, object], *, unit: bool, tie: bool
) -> dict[str, object]:
    merged = {**older, **newer}
    for name in newer.keys() & older.keys():
        merged[name] = _merge_value(
            newer[name], older[name], unit=unit or name in _UNDIVIDED, tie=tie
        )
    return merged


def _merge_value(newer: object, older: object, *, unit: bool, tie: bool) -> object:
    """Choose between two values of one member, or merge them."""
    if newer is None or older is None:
        return older if newer is None else newer
    one, other = _mapping_or_none(newer), _mapping_or_none(older)
    pairs = _paired_elements(newer, older)
    if one is not None and other is not None:
        unit = unit or "currencyCode" in one
        if not (unit and _differ(one, other)):
            return _merge_members(one, other, unit=unit, tie=tie)
    elif pairs is not None:
        return [_merge_value(a, b, unit=True, tie=tie) for a, b in pairs]
    # In a tie, any choice will do that does not depend on the order of the views.
    return max((newer, older), key=_sort_text) if tie else newer


def _differ(first: object, second: object) -> bool:
    """Return whether two values contradict each other; a null contradicts nothing."""
    if first is None or second is None:
        return False
    a, b = _mapping_or_none(first), _mapping_or_none(second)
    if a is not None and b is not None:
        return any(_differ(a[name], b[name]) for name in a.keys() & b.keys())
    pairs = _paired_elements(first, second)
    if pairs is not None:
        return any(_differ(x, y) for x, y in pairs)
    return first != second


def _paired_elements(
    first: object, second: object
) -> list[tuple[object, object]] | None:
    """Pair the elements of two lists of one length; None for anything else."""
    if not isinstance(first, list) or not isinstance(second, list):
        return None
    a, b = cast("list[object]", first), cast("list[object]", second)
    if len(a) != len(b):
        return None
    return list(zip(a, b, strict=True))  # pragma: no mutate - of one length


def _sort_text(value: object) -> str:
    # pragma: no mutate block - any text that does not depend on the order
    return json.dumps(value, sort_keys=True, default=str)


def _is_greater(first: object, second: object) -> bool:
    """Return whether the first price is greater; False if they cannot be compared."""
    try:
        return compare(members_of(first), members_of(second)) > 0
    except InvalidRequest:
        return False
