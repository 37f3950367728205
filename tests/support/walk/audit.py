"""Compare what happened with what was planned: the ledger, the journal, the shop."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from AmazonPay.simulator import Store

from .shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from AmazonPay.journal import Entry
    from AmazonPay.simulator.engine.store import HistoryRow

    from . import plan

OWNER = "A1SIMULATEDMERCHANT/sandbox"

# A key makes these be carried out once. What the first success follows is a repeat, and
# must be answered from the store.
KEYED = {
    "/checkoutSessions": "create_checkout_session",
    "/charges": "create_charge",
    "/refunds": "create_refund",
    "/capture": "capture_charge",
}

# A worker that is late asks what has become of it since; that is no success any more.
_LATER_SINCE = {
    ("complete_checkout_session", "MerchantCanceled"),
    ("capture_charge", "Refunded"),
}


@dataclass
class Found:
    """What the ledger holds of one order."""

    sessions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    charges: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    refunds: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    permissions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def ledger(store: Store) -> dict[str, Found]:
    """Read the simulator's ledger, by the shop's order names."""
    found: dict[str, Found] = defaultdict(Found)
    with store.transaction() as transaction:
        names: dict[str, str] = {}
        for session in transaction.all(OWNER, "checkoutSession"):
            name = session["metadata"]["merchantReferenceId"]
            names[session["id"]] = name
            found[name].sessions.append(session)
        for charge in transaction.all(OWNER, "charge"):
            found[names[charge["order"]]].charges.append(charge)
        for refund in transaction.all(OWNER, "refund"):
            found[names[refund["order"]]].refunds.append(refund)
        for permission in transaction.all(OWNER, "chargePermission"):
            found[names[permission["order"]]].permissions.append(permission)
    return found


def run_again(story: Iterable[HistoryRow]) -> list[str]:
    """Return a text for each request that ran again after it was carried out."""
    done: set[tuple[str, str]] = set()
    faults: list[str] = []
    for row in story:
        facts = row.facts
        if row.kind != "request" or facts["method"] != "POST":
            continue
        operation = next(
            (name for end, name in KEYED.items() if facts["target"].endswith(end)), None
        )
        # A call that was turned away before it ran left nothing to repeat.
        ran = not facts["replayed"] and not str(facts["fault"]).startswith(
            ("failed", "in flight", "throttled")
        )
        if operation is None or not ran:
            continue
        intention = (facts["target"], json.dumps(json.loads(facts["body"])))
        if intention in done:
            faults.append(f"{operation} was run again after it had been carried out")
        if 200 <= facts["status"] < 300:
            done.add(intention)
    return faults


def check_order(order: plan.Order, found: Found, belief: dict[str, Any]) -> list[str]:
    """Compare one order with the ledger."""
    faults: list[str] = []

    def expect(what: str, seen: object, wanted: object) -> None:
        if seen != wanted:
            faults.append(f"{order.name}: {what} is {seen}, not {wanted}")

    expect("the number of sessions", len(found.sessions), 1)
    if order.kind == "swap":
        # Nobody pays its own session; if it is paid, then by the other one's.
        expect("the number of charges", len(found.charges), 0)
        expect("the number of refunds", len(found.refunds), 0)
        return faults
    expect("the number of permissions", len(found.permissions), 1)
    expect("the number of charges", len(found.charges), 1)
    if belief["refused"]:
        # Its session has paid the order that presented it; nobody captures that here.
        expect("the charge", [one["state"] for one in found.charges], ["Authorized"])
        expect("the number of refunds", len(found.refunds), 0)
        return faults
    for permission in found.permissions:
        expect("the permission", permission["state"], "Closed")
    captured = [c for c in found.charges if c["state"] == "Captured"]
    taken = sum((Decimal(c["captureAmount"]["amount"]) for c in captured), Decimal(0))
    expect("the money taken", taken, order.captured)
    if order.kind == "cancel":
        states = {charge["state"] for charge in found.charges}
        expect("the charge", states, {"Canceled"})
    given = sorted(
        Decimal(r["amount"]["amount"])
        for r in found.refunds
        if r["state"] == "Refunded"
    )
    expect("the refunds", given, sorted(order.refunds))
    expect("the number of refunds", len(found.refunds), len(order.refunds))
    return faults


def check_beliefs(
    order: plan.Order,
    charges: set[str],
    refunds: set[str],
    belief: dict[str, Any],
    entries: list[Entry],
) -> list[str]:
    """Compare what the shop and its journal believe with the ledger."""
    faults: list[str] = []
    if belief["failure"]:
        faults.append(f"{order.name} was given up: {belief['failure']}")
    if not belief["done"]:
        faults.append(f"{order.name} was forgotten at step {belief['step']}")
    if belief["refused"]:
        faults += [
            f"{order.name} was refused, and yet the journal says success"
            for entry in entries
            if entry.outcome == "success"
        ]
        return faults
    if {belief["charge"]} != charges:
        faults.append(f"{order.name}: the shop believes in another charge")
    # Neither opening nor the buyer is in the journal.
    steps = sum(step not in {"open", "buyer"} for step in order.steps)
    if len(entries) != steps:
        faults.append(f"{order.name}: the journal has {len(entries)} entries")
    for entry in entries:
        late = (entry.operation, entry.reason) in _LATER_SINCE
        if entry.outcome != "success" and not (late and entry.outcome == "no"):
            faults.append(
                f"{order.name}: the journal says {entry.outcome} ({entry.reason}) of"
                f" {entry.operation}"
            )
        made = charges if entry.operation == "create_charge" else None
        if entry.operation == "create_refund":
            made = refunds
        if made is not None and entry.object_id not in made:
            faults.append(f"{order.name}: the journal names another object")
    return faults


def check_swap(order: plan.Order, beliefs: dict[int, dict[str, Any]]) -> list[str]:
    """Check that a session that two orders presented has paid exactly one of them."""
    assert order.swapped_with is not None
    pair = [beliefs[order.number], beliefs[order.swapped_with]]
    paid = [f"order-{one['number']}" for one in pair if one["charge"]]
    if len(paid) == 1:
        return []
    return [f"one session paid {len(paid)} orders ({order.name} and the one before)"]


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit has looked at, and what it has found."""

    faults: list[str]
    orders: int
    charges: int
    entries: int
    refused: int
    """Orders that were refused because their session had paid another one."""


def audit(folder: Path, orders: list[plan.Order], entries: list[Entry]) -> Audit:
    """Audit a walk; no faults is a clean one."""
    store = Store(folder / "amazon.db")
    try:
        found = ledger(store)
        with store.transaction() as transaction:
            faults = run_again(transaction.story())
    finally:
        store.close()
    beliefs = Shop(folder / "shop.db").beliefs()
    by_order: dict[str, list[Entry]] = defaultdict(list)
    # Claims, which say to which order an object belongs, are entries but no requests.
    requests = [entry for entry in entries if not entry.operation.startswith("claim ")]
    for entry in requests:
        by_order[entry.order.partition("/")[0]].append(entry)
    audited = 0
    for order in orders:
        of_order, belief = found.get(order.name, Found()), beliefs[order.number]
        payer = of_order
        if order.kind == "swap":
            faults += check_swap(order, beliefs)
            payer = found.get(f"order-{order.swapped_with}", Found())
        faults += check_order(order, of_order, belief)
        faults += check_beliefs(
            order,
            {charge["id"] for charge in payer.charges},
            {refund["id"] for refund in payer.refunds},
            belief,
            by_order[order.name],
        )
        audited += 1
    strangers = set(found) - {order.name for order in orders}
    faults += [f"{name} is nobody's order" for name in sorted(strangers)]
    return Audit(
        faults,
        orders=audited,
        charges=sum(len(one.charges) for one in found.values()),
        entries=len(requests),
        refused=sum(bool(one["refused"]) for one in beliefs.values()),
    )
