"""Merchants, buyers and the clock at random: the sums hold after every step.

The machine keeps books of its own, by the reference, and reads the simulator's answers
against them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from AmazonPay.simulator import Request
from reference.codes import REFUSALS
from reference.limits import (
    CHARGES_PER_ONE_TIME_PERMISSION,
    MONTHLY,
    REFUNDS_PER_CHARGE,
)
from reference.states import ARROWS
from simulated import RECURRING, Reply, Shop, reply_of

KINDS: dict[str, dict[str, Any]] = {
    "OneTime": {},
    "Recurring": RECURRING,
    "PaymentMethodOnFile": {"chargePermissionType": "PaymentMethodOnFile"},
}
SECONDS = [1, 1, 31, 31, 86_400, 8 * 86_400, 31 * 86_400, 181 * 86_400]

CODES = [
    "SoftDeclined",
    "HardDeclined",
    "AmazonRejected",
    "CaptureInitiated",
    "PendingSoftDeclined",
    "PendingHardDeclined",
]

# The codes that go with one way of charging alone.
FITS = {
    "CaptureInitiated": {"take"},
    "PendingHardDeclined": {"wait"},
    "PendingSoftDeclined": {"wait"},
}

PICKS = st.integers(0, 7)
ONE_IN_FOUR = st.sampled_from([False, False, False, True])

# Amounts in tenths of the order, a unit more or less: where limits are met and missed.
TENTHS = st.sampled_from([1, 5, 6, 10, 10, 10, 11])
UNITS = st.sampled_from([-1, 0, 0, 0, 1])


@dataclass
class Permission:
    """What the merchant's books say of a permission."""

    id: str
    kind: str
    order: Decimal
    limit: Decimal
    session: str
    charges: list[Charge] = field(default_factory=list["Charge"])


@dataclass
class Charge:
    """What they say of a charge."""

    id: str
    permission: Permission
    refunds: list[str] = field(default_factory=list[str])


def has_room(machine: Money) -> bool:
    return len(machine.permissions) < 3


def has_permissions(machine: Money) -> bool:
    return bool(machine.permissions)


def has_charges(machine: Money) -> bool:
    return bool(machine.charges)


T = TypeVar("T", Permission, Charge)
OPEN = ("AuthorizationInitiated", "Authorized")


class Money(RuleBasedStateMachine):
    """One merchant, many buyers."""

    permissions: list[Permission]

    def __init__(self) -> None:
        super().__init__()
        self.permissions = []

    @initialize(region=st.sampled_from(["na", "eu", "jp"]))
    def open_shop(self, region: str) -> None:
        self.shop = Shop(region)
        self.unit = Decimal(1) if region == "jp" else Decimal("0.01")
        self.last: tuple[str, Any, str, Reply] | None = None
        self.keys = 0
        self.charges: list[Charge] = []
        self.told = 0
        self.states: dict[str, str] = {}
        self.month = ""
        self.buy(
            "Confirm", "OneTime", "100", total=False, overcharge=False, waits=False
        )

    # Calls ----------------------------------------------------------------------------

    def post(self, path: str, body: Any, code: str | None = None) -> Reply:
        self.keys += 1
        key = f"k{self.keys}"
        reply = self.shop.post(path, body, key=key, code=code)
        if reply.status < 300:
            self.last = path, body, key, reply
        return reply

    def amount(self, of: Decimal, tenths: int, units: int) -> dict[str, Any]:
        amount = (of * tenths / 10).quantize(self.unit) + units * self.unit
        return self.shop.money(str(max(amount, self.unit)))

    def read(self, price: Any) -> Decimal:
        assert price["currencyCode"] == self.shop.currency
        digits = 0 if self.unit == 1 else 2
        assert len(price["amount"].partition(".")[2]) == digits
        return Decimal(price["amount"])

    def chosen(self, ones: list[T], pick: int, *states: str) -> T:
        """Choose, most of the time, one that something can be done with."""
        fit = [one for one in ones if self.states[one.id] in states]
        pool = fit if fit and pick % 4 else ones
        return pool[pick % len(pool)]

    def permission(self, one: Permission) -> Any:
        return self.shop.get(f"/chargePermissions/{one.id}").json

    def charge(self, one: Charge) -> Any:
        return self.shop.get(f"/charges/{one.id}").json

    # Rules ----------------------------------------------------------------------------

    @precondition(has_room)
    @rule(
        intent=st.sampled_from(
            ["Confirm", "Confirm", "Authorize", "AuthorizeWithCapture"]
        ),
        kind=st.sampled_from(["OneTime", *KINDS]),
        order=st.sampled_from(["1", "100", "700"]),
        total=ONE_IN_FOUR,
        overcharge=ONE_IN_FOUR,
        waits=st.booleans(),
    )
    def buy(
        self,
        intent: str,
        kind: str,
        order: str,
        *,
        total: bool,
        overcharge: bool,
        waits: bool,
    ) -> None:
        whole = Decimal(order) * 2 if total else Decimal(order)
        payment: dict[str, Any] = {}
        if total:
            payment["totalOrderAmount"] = self.shop.money(str(whole))
        if overcharge:
            payment["allowOvercharge"] = True
        pending = waits and intent == "Authorize"
        if pending:
            payment["canHandlePendingAuthorization"] = True
        bought = self.shop.buy(
            order,
            intent,
            card="0701" if pending else "1111",
            more=KINDS[kind],
            **payment,
        )
        limit = self.limit(kind, whole, overcharge=overcharge)
        one = Permission(bought.permission, kind, Decimal(order), limit, bought.session)
        if bought.charge:
            self.book(Charge(bought.charge, one))
        self.permissions.append(one)

    def limit(self, kind: str, whole: Decimal, *, overcharge: bool) -> Decimal:
        if kind != "OneTime":
            monthly = {row[:3]: row[3] for row in MONTHLY}
            return Decimal(monthly[kind, self.shop.region, self.shop.currency])
        least = Decimal(70_000 if self.unit == 1 else 500)
        return max(whole * 9, least) if overcharge else whole

    @precondition(has_permissions)
    @rule(
        pick=PICKS,
        tenths=st.sampled_from([1, 3, 5, 6, 6, 10]),
        units=UNITS,
        how=st.sampled_from(["hold", "hold", "hold", "take", "wait"]),
        code=st.sampled_from([None] * 16 + CODES),
    )
    def create_charge(
        self, pick: int, tenths: int, units: int, how: str, code: str | None
    ) -> None:
        one = self.chosen(self.permissions, pick, "Chargeable")
        if code is not None and not FITS.get(code, {how}) & {how}:
            code = None
        before = self.permission(one)
        body = {
            "chargePermissionId": one.id,
            "chargeAmount": self.amount(one.order, tenths, units),
            "captureNow": how == "take",
            "canHandlePendingAuthorization": how == "wait",
        }
        reply = self.post("/charges", body, code)
        if reply.status != 201:
            assert reply.error in REFUSALS["create charge"]
            assert code is not None or not self.must_succeed(one, before, body)
            return
        self.book(Charge(reply.json["chargeId"], one))

    def book(self, charge: Charge) -> None:
        charge.permission.charges.append(charge)
        self.charges.append(charge)

    def must_succeed(self, one: Permission, before: Any, body: Any) -> bool:
        """Whether nothing speaks against a charge."""
        under_way = sum(
            self.read(charge["chargeAmount"])
            for charge in map(self.charge, one.charges)
            if charge["statusDetails"]["state"] == "CaptureInitiated"
        )
        left = self.read(before["limits"]["amountBalance"]) - under_way
        few = len(one.charges) < CHARGES_PER_ONE_TIME_PERMISSION
        return (
            before["statusDetails"]["state"] == "Chargeable"
            and self.read(body["chargeAmount"]) <= left
            and (few or one.kind != "OneTime")
        )

    @precondition(has_charges)
    @rule(
        pick=PICKS,
        tenths=TENTHS,
        units=UNITS,
        code=st.sampled_from(
            [None] * 9 + ["CaptureInitiated"] * 3 + ["AmazonRejected"]
        ),
    )
    def capture(self, pick: int, tenths: int, units: int, code: str | None) -> None:
        one = self.chosen(self.charges, pick, "Authorized")
        before = self.charge(one)
        asked = self.amount(self.read(before["chargeAmount"]), tenths, units)
        reply = self.post(f"/charges/{one.id}/capture", {"captureAmount": asked}, code)
        if reply.status != 200:
            assert reply.error in REFUSALS["capture"]
            return
        assert before["statusDetails"]["state"] == "Authorized"
        assert self.read(asked) <= self.read(before["chargeAmount"])

    @precondition(has_charges)
    @rule(pick=PICKS, dare=ONE_IN_FOUR)
    def cancel(self, pick: int, dare: bool) -> None:
        if not dare:
            return
        one = self.chosen(self.charges, pick, *OPEN)
        reply = self.shop.delete(f"/charges/{one.id}/cancel", {})
        assert reply.status == 200 or reply.error in REFUSALS["cancel"]

    @precondition(has_charges)
    @rule(
        pick=PICKS,
        tenths=TENTHS,
        units=UNITS,
        code=st.sampled_from([None] * 5 + ["AmazonRejected"]),
    )
    def refund(self, pick: int, tenths: int, units: int, code: str | None) -> None:
        one = self.chosen(self.charges, pick, "Captured")
        charge = self.charge(one)
        asked = self.amount(self.read(charge["chargeAmount"]), tenths, units)
        body = {"chargeId": one.id, "refundAmount": asked}
        reply = self.post("/refunds", body, code)
        if reply.status != 201:
            assert reply.error in REFUSALS["refund"]
            if charge["statusDetails"]["state"] == "Captured":
                promised = self.promised(one) + self.read(asked)
                over = promised > self.refundable(charge)
                assert over or len(one.refunds) == REFUNDS_PER_CHARGE
            return
        one.refunds.append(reply.json["refundId"])

    @precondition(has_permissions)
    @rule(
        pick=PICKS,
        pending=st.booleans(),
        code=st.sampled_from([None, None, "AmazonClosed"]),
        dare=ONE_IN_FOUR,
    )
    def close(self, pick: int, pending: bool, code: str | None, dare: bool) -> None:
        if not dare:
            return
        one = self.chosen(self.permissions, pick, "Chargeable", "NonChargeable")
        body = {"closureReason": "Done", "cancelPendingCharges": pending}
        path = f"/chargePermissions/{one.id}/close"
        reply = self.shop.delete(path, body, code=code)
        assert reply.status == 200 or reply.error in REFUSALS["close"]

    @precondition(has_permissions)
    @rule(
        pick=PICKS,
        act=st.sampled_from(
            ["mendPaymentMethod"] * 3
            + ["close", "deletePaymentMethod", "deleteBillingAddress"]
        ),
    )
    def manage(self, pick: int, act: str) -> None:
        one = self.chosen(self.permissions, pick, "Chargeable", "NonChargeable")
        path = f"/_simulator/chargePermissions/{one.id}/{act}"
        request = Request("POST", path, (("host", "localhost"),))
        reply = reply_of(self.shop.simulator.handle(request))
        assert reply.status == 200 or reply.error in REFUSALS["close"]

    @rule(seconds=st.sampled_from(SECONDS))
    def wait(self, seconds: int) -> None:
        self.shop.clock.move(seconds=seconds)

    @rule()
    def repeat(self) -> None:
        if self.last is not None:
            path, body, key, reply = self.last
            assert self.shop.post(path, body, key=key).body == reply.body

    # What holds after every step ------------------------------------------------------

    @invariant()
    def every_step_is_told_and_an_arrow_and_the_sums_hold(self) -> None:
        self.shop.simulator.settle()
        moved: set[str | None] = set()
        for row in self.shop.simulator.story(after=self.told):
            self.told = row.number
            facts = row.facts
            if row.kind == "request":
                assert facts["status"] < 500
            elif row.kind == "state":
                step = facts["before"], facts["after"], facts["reason"]
                assert step in ARROWS[facts["object"]]
                assert facts["before"] == self.states.get(facts["id"])
                self.states[facts["id"]] = facts["after"]
                moved.add(row.order)
        for one in self.permissions:
            if one.session in moved or self.month != self.shop.clock.text[:6]:
                self.check(one)
        self.month = self.shop.clock.text[:6]

    def teardown(self) -> None:
        for one in self.permissions:
            self.check(one)

    def check(self, one: Permission) -> None:
        shown = self.permission(one)
        assert shown["statusDetails"]["state"] == self.states[one.id]
        limits = shown["limits"]
        limit, left = (
            self.read(limits[name]) for name in ("amountLimit", "amountBalance")
        )
        charges = [self.checked(charge) for charge in one.charges]
        assert limit == one.limit
        if one.kind == "OneTime":
            used = sum(
                self.read(charge["captureAmount"])
                for charge in charges
                if charge["captureAmount"] is not None
            )
            if left == 0:
                assert shown["statusDetails"]["state"] == "Closed"
        else:
            used = sum(
                self.read(charge["chargeAmount"])
                for charge in charges
                if charge["creationTimestamp"][:6] == self.shop.clock.text[:6]
                and charge["statusDetails"]["state"] not in {"Canceled", "Declined"}
            )
        assert used <= limit
        assert left == limit - used

    def checked(self, one: Charge) -> Any:
        shown = self.charge(one)
        state = shown["statusDetails"]["state"]
        assert state == self.states[one.id]
        assert (shown["captureAmount"] is not None) is (state == "Captured")
        if state == "Captured":
            assert self.read(shown["captureAmount"]) <= self.read(shown["chargeAmount"])
            assert self.promised(one) <= self.refundable(shown)
            assert self.read(shown["refundedAmount"]) == self.promised(one, "Refunded")
        return shown

    def refundable(self, charge: Any) -> Decimal:
        captured = self.read(charge["captureAmount"])
        most = Decimal(8_400 if self.unit == 1 else 75)
        return captured + min(captured * 15 / 100, most)

    def promised(self, one: Charge, *states: str) -> Decimal:
        """Sum up refunds: those in given states, or all that are not declined."""
        wanted = states or ("RefundInitiated", "Refunded")
        total = Decimal(0)
        for refund in one.refunds:
            shown = self.shop.get(f"/refunds/{refund}").json
            assert shown["statusDetails"]["state"] == self.states[refund]
            if self.states[refund] in wanted:
                total += self.read(shown["refundAmount"])
        return total


TestMoney = pytest.mark.exhaustive(pytest.mark.slow(Money.TestCase))
TestMoney.settings = settings(stateful_step_count=40)
