"""The orders of the story, newest first: what each is worth, and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..handlers import charge_permissions, charges, checkout_sessions

if TYPE_CHECKING:
    from ..actors.controls import Controls
    from ..engine.store import Record, Transaction

MOST: Final = 500
"""The most orders that are listed."""


def orders(controls: Controls) -> dict[str, Any]:
    """Return the last orders, and how many rows have none."""
    controls.settle()
    with controls.store.transaction() as transaction:
        listed = [_order(transaction, found) for found in transaction.orders(MOST)]
        return {"orders": listed, "withoutOrder": transaction.rows_without_order()}


def _order(
    transaction: Transaction, found: tuple[str, str, int, int, int]
) -> dict[str, Any]:
    id_, owner, first, last, rows = found
    made: dict[str, Any] = {
        "order": id_,
        "first": first,
        "last": last,
        "rows": rows,
        "amount": None,
        "states": [],
        "label": None,
        "permission": None,
    }
    session = transaction.find(owner, checkout_sessions.KIND, id_)
    permission: Record | None = None
    charge: Record | None = None
    if session is not None:
        made["amount"] = session["payment"].get("chargeAmount")
        made["label"] = _reference(session)
        if session["permission"]:
            permission = transaction.find(
                owner, charge_permissions.KIND, session["permission"]
            )
        if session["charge"]:
            charge = transaction.find(owner, charges.KIND, session["charge"])
    if permission is not None:
        made["permission"] = permission["id"]
        made["label"] = _reference(permission) or made["label"]
    if charge is not None:
        made["amount"] = charge["chargeAmount"]
    made["states"] = [
        {"kind": kind, "state": record["state"], "reason": record["reason"]}
        for kind, record in (
            ("checkoutSession", session),
            ("chargePermission", permission),
            ("charge", charge),
        )
        if record is not None
    ]
    return made


def _reference(record: Record) -> str | None:
    """Return the shop's own number of an order, if it has said one."""
    metadata: dict[str, str | None] = record["metadata"] or {}
    return metadata.get("merchantReferenceId")
