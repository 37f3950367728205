"""Make a journal entry of the arguments of a helper, and a call of an entry."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from .._core.json_body import encode_body
from .._core.parameters import encoded_id
from ..errors import InvalidRequest
from ..idempotency import derived_key, idempotency_key
from ..money import compare
from ..resources.charge_permissions import ChargePermissions
from ..resources.charges import Charges
from ..resources.checkout_sessions import CheckoutSessions
from ..resources.refunds import Refunds
from .bodies import DEFAULT_BODIES, digest_of, read_body
from .entry import SESSIONS, Entry

if TYPE_CHECKING:
    from .._core.call import Body, Call
    from .._core.operation import Operation

OPERATIONS: Final[dict[str, Operation[..., Any]]] = {
    operation.name: operation
    for operation in (
        CheckoutSessions.complete_checkout_session,
        CheckoutSessions.finalize_checkout_session,
        Charges.create_charge,
        Charges.capture_charge,
        Charges.cancel_charge,
        ChargePermissions.close_charge_permission,
        Refunds.create_refund,
    )
}

# The price that a body must have, to be compared with the object's price later.
_PRICE_MEMBERS: Final[dict[str, str | None]] = {
    "complete_checkout_session": "chargeAmount",
    "finalize_checkout_session": "chargeAmount",
    "create_charge": "chargeAmount",
    "capture_charge": "captureAmount",
    "cancel_charge": None,
    "close_charge_permission": None,
    "create_refund": "refundAmount",
}
# The body is `{}` when a saved wallet is set up.
_PRICE_OPTIONAL: Final = frozenset({"complete_checkout_session"})
REFERENCE_MEMBERS: Final = {
    "create_charge": "chargePermissionId",
    "create_refund": "chargeId",
}


def intended_entry(  # noqa: PLR0913 - one keyword for each part of a request
    name: str,
    ids: tuple[str, ...],
    body: Body | None,
    *,
    namespace: str,
    order: str,
    attempt: int,
    confirm_only: bool = False,
    charge_ids: Collection[str] | None = None,
) -> Entry:
    """Make an entry of checked arguments."""
    key = idempotency_key(
        namespace=namespace, order=order, operation=name, attempt=attempt
    )
    if not isinstance(confirm_only, bool):
        raise InvalidRequest("confirm_only is True or False")
    operation = OPERATIONS[name]
    if body is None:
        if not operation.body_optional:
            raise InvalidRequest(f"{name} needs a body")
        body = DEFAULT_BODIES[name]
    data = encode_body(body, ordered=True)
    _check_body(name, read_body(data))
    return Entry(
        key=key,
        namespace=namespace,
        order=order,
        operation=name,
        attempt=attempt,
        path=operation.build((*ids, data), {}).path,
        body=data,
        digest=digest_of(data),
        confirm_only=confirm_only,
        charge_ids=_checked_charge_ids(charge_ids),
    )


def _checked_charge_ids(charge_ids: object) -> tuple[str, ...] | None:
    """Return the charge ids as a tuple; refuse a str, which is a single id."""
    if charge_ids is None:
        return None
    kind, refused = type(charge_ids).__name__, (str, bytes, Mapping)
    if not isinstance(charge_ids, Collection) or isinstance(charge_ids, refused):
        raise InvalidRequest(
            "charge_ids is a list of ids, such as ['S01-0000000-0000000-C000000'],"
            f" not a {kind}"
        )
    ids = tuple(cast("Collection[str]", charge_ids))
    for charge_id in ids:
        encoded_id("an id in charge_ids", charge_id)  # raises for what is no id
    return ids


def _check_body(name: str, requested: Mapping[str, Any]) -> None:
    """Raise if the body cannot be compared with the object afterwards."""
    price = _PRICE_MEMBERS[name]
    needed = name not in _PRICE_OPTIONAL or price in requested
    if price is not None and needed:
        if not isinstance(requested.get(price), Mapping):
            raise InvalidRequest(
                f"the body of {name} has no {price}, or no price there"
            )
        compare(requested[price], requested[price])  # raises for what is no price
    reference = REFERENCE_MEMBERS.get(name)
    if reference is not None:
        encoded_id(f"{reference} in the body of {name}", requested.get(reference))


def call_of(entry: Entry) -> Call:
    """Build the call of an entry with its exact bytes and its key."""
    operation = OPERATIONS[entry.operation]
    arguments = (entry.subject, entry.body) if entry.subject else (entry.body,)
    key = {} if operation.method != "POST" else {"idempotency_key": _wire_key(entry)}
    return operation.build(arguments, key)


def _wire_key(entry: Entry) -> str:
    """Return the key that is sent: the entry's own, or a new one for each send.

    It is unconfirmed whether Amazon honors the key of a session's operations, and
    whether it stores a refusal under it. A session that was refused because its buyer
    had not paid yet must not be refused for ever, so the next send gets a new key.
    """
    if entry.operation not in SESSIONS or not entry.answers:
        return entry.key
    return derived_key(
        namespace=entry.namespace,
        order=entry.order,
        operation=f"{entry.operation} after {entry.answers}",
        attempt=entry.attempt,
    )
