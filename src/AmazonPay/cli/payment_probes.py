"""How each guess is decided about what one buyer has paid, in this order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from .asker import Answer, Undecided, new_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .probes import Scene

TOTAL: Final = "100.00"
"""What the buyer pays for."""

_STEP: Final = 5.0
_LONGEST: Final = 300.0
_MOST_REFUNDS: Final = 12
_REFUND_CODES: Final = ("AmazonRejected", "ProcessingFailure")
_PENDING_CODES: Final = (
    "PendingAmazonRejected",
    "PendingHardDeclined",
    "PendingProcessingFailure",
    "PendingSoftDeclined",
    "PendingTransactionTimedOut",
)
_NO_CODE: Final = "InvalidSandboxSimulationSpecified"


@dataclass
class Payment:
    """A session that a buyer has paid in, and what becomes of it.

    Every property raises `Undecided` if the sandbox does not reach that state.
    """

    scene: Scene
    session: str

    @property
    def _path(self) -> str:
        return f"/checkoutSessions/{self.session}"

    @cached_property
    def is_paid(self) -> bool:
        """Whether the session can be asked about: a buyer has paid, and nothing else.

        Raises:
            Undecided: it cannot, and no answer says anything.
        """
        answer = self.scene.asker.get(self._path)
        details = _members(answer.body.get("paymentDetails"))
        state = _members(answer.body.get("statusDetails")).get("state")
        if not answer.ok:
            problem = answer.text
        elif state != "Open" or answer.body.get("constraints"):
            problem = "it is not one that waits for its completion"
        elif details.get("paymentIntent") != "Confirm":
            problem = "its paymentIntent is not Confirm"
        elif details.get("chargeAmount") != self.scene.price(TOTAL):
            problem = f"its amount is not {TOTAL} in the currency of the ledger"
        else:
            return True
        raise Undecided(f"the session cannot be used: {problem}")

    def update(self) -> Answer:
        """Update the session."""
        body = {"merchantMetadata": {"noteToBuyer": "conformance"}}
        return self.scene.asker.patch(self._path, body)

    @cached_property
    def completions(self) -> tuple[Answer, Answer]:
        """The answers to two completions of the session, under one key."""
        ask, key = self.scene.asker, new_key()
        body = {"chargeAmount": self.scene.price(TOTAL)}
        path = f"{self._path}/complete"
        first = ask.post(path, body, key=key)
        return first, ask.post(path, body, key=key)

    @cached_property
    def permission(self) -> str:
        """The id of the charge permission."""
        first, _ = self.completions
        found = first.body.get("chargePermissionId") or self.scene.asker.get(
            self._path
        ).body.get("chargePermissionId")
        if not found:
            raise Undecided(f"the session cannot be completed: {first.text}")
        return str(found)

    def charge(self, amount: str, code: str | None = None, **members: Any) -> Answer:  # noqa: ANN401 - members of the body
        """Charge the permission."""
        body = {
            "chargePermissionId": self.permission,
            "chargeAmount": self.scene.price(amount),
            **members,
        }
        return self.scene.asker.post("/charges", body, code=code)

    def charged(self, amount: str, **members: Any) -> str:  # noqa: ANN401 - members of the body
        """Charge the permission; return the id of the charge."""
        return _id(self.charge(amount, **members), "chargeId")

    @property
    def _balance(self) -> str:
        path = f"/chargePermissions/{self.permission}"
        limits = _members(self.scene.asker.get(path).body.get("limits"))
        return str(_members(limits.get("amountBalance")).get("amount"))

    @cached_property
    def balances(self) -> tuple[str, str, str]:
        """The balance before and after an authorization, and the charge's id."""
        before = self._balance
        charge = self.charged("10.00")
        after = self._balance
        for _ in range(2):  # a read may lag behind
            if after == before:
                self.scene.asker.wait(_STEP)
                after = self._balance
        return before, after, charge

    @cached_property
    def captured(self) -> str:
        """The id of a charge of 10 that is captured."""
        charge = self.balances[2]
        body = {"captureAmount": self.scene.price("10.00")}
        self._checked(self.scene.asker.post(f"/charges/{charge}/capture", body))
        self.until(f"/charges/{charge}", "Captured")
        return charge

    @cached_property
    def capture_seconds(self) -> int:
        """How long a late capture takes."""
        late = self.charged("2.00", captureNow=True, code="CaptureInitiated")
        return self.until(f"/charges/{late}", "Captured")

    @cached_property
    def late(self) -> str:
        """The id of a charge that is open when its permission is closed."""
        self.permission  # noqa: B018 - without one there is nothing to close
        return self.charged("5.00")

    @cached_property
    def closed(self) -> bool:
        """Close the permission while a charge is open; True, as any refusal raises."""
        self.late  # noqa: B018 - it must be there before
        path = f"/chargePermissions/{self.permission}/close"
        body = {"closureReason": "conformance", "cancelPendingCharges": False}
        self._checked(self.scene.asker.ask("DELETE", path, body))
        return True

    def refund(self, charge: str, code: str | None = None, **members: Any) -> Answer:  # noqa: ANN401 - members of the body
        """Refund a little of a charge."""
        amount = self.scene.price("0.10")
        body = {"chargeId": charge, "refundAmount": amount, **members}
        return self.scene.asker.post("/refunds", body, code=code)

    @cached_property
    def refunded(self) -> tuple[str, int]:
        """When `refundedAmount` has grown, and how many seconds the refund took."""
        refund = _id(self.refund(self.captured), "refundId")
        grown, waited = 0, 0.0
        while waited < _LONGEST:
            charge = self.scene.asker.get(f"/charges/{self.captured}").body
            state = _state(self.scene.asker.get(f"/refunds/{refund}"))
            if state == "Refunded":
                # A read may lag behind: twice is no accident.
                return "created" if grown > 1 else "refunded", round(waited)
            if state != "RefundInitiated":
                raise Undecided(f"a refund became {state}")
            amount = _members(charge.get("refundedAmount")).get("amount")
            grown += bool(amount and float(amount))
            self.scene.asker.wait(_STEP)
            waited += _STEP
        raise Undecided(f"a refund took longer than {_LONGEST:.0f} s")

    def until(self, path: str, state: str) -> int:
        """Wait until an object has a state; return the seconds."""
        waited = 0.0
        while (seen := _state(self.scene.asker.get(path))) != state:
            if seen in {"Declined", "Canceled"} or waited >= _LONGEST:
                raise Undecided(f"a charge became {seen}, and not {state}")
            self.scene.asker.wait(_STEP)
            waited += _STEP
        return round(waited)

    def tracker(self, key: str, number: str, **ids: str) -> Answer:
        """Create a delivery tracker."""
        detail = {"trackingNumber": number, "carrierCode": "UPS"}
        body = {**ids, "deliveryDetails": [detail]}
        return self.scene.asker.post("/deliveryTrackers", body, key=key)

    @staticmethod
    def _checked(answer: Answer) -> None:
        if not answer.ok and not answer.lost:
            raise Undecided(f"what this needs was refused: {answer.text}")


def _members(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _state(answer: Answer) -> str:
    return str(_members(answer.body.get("statusDetails")).get("state"))


def _id(answer: Answer, name: str) -> str:
    if not answer.ok or name not in answer.body:
        raise Undecided(f"what this needs was refused: {answer.text}")
    return str(answer.body[name])


# The guesses --------------------------------------------------------------------------


def _keys_on_complete(payment: Payment) -> str:
    first, second = payment.completions
    if first.lost or second.lost or not first.ok:
        raise Undecided("the answer to the first completion was lost")
    return "repeated" if second.ok else "ignored"


def _keys_on_trackers(payment: Payment) -> str:
    key, number = new_key(), new_key()
    ids = {"chargePermissionId": payment.permission}
    first = payment.tracker(key, number, **ids)
    second = payment.tracker(key, number, **ids)
    if first.lost or second.lost or not first.ok:
        raise Undecided(f"no tracker could be created: {first.text}")
    return "repeated" if second.ok else "ignored"


def _tracker_both_ids(payment: Payment) -> str:
    permission = payment.permission
    ids = {"chargePermissionId": permission, "amazonOrderReferenceId": permission}
    return payment.tracker(new_key(), new_key(), **ids).text


def _open_authorizations(payment: Payment) -> str:
    before, after, _ = payment.balances
    return "unchanged" if before == after else "lowered"


def _update_charge(payment: Payment) -> str:
    details = {"state": "Canceled", "reasonCode": "ExpiredUnused"}
    path = f"/charges/{payment.captured}"
    return payment.scene.asker.patch(path, {"statusDetails": details}).text


def _codes(codes: tuple[str, ...], call: Callable[[str], Answer], words: str) -> str:
    taken: list[str] = []
    for code in codes:
        answer = call(code)
        if answer.ok:
            taken.append(code)
        elif answer.reason != _NO_CODE:
            raise Undecided(f"{words} with {code} is answered by {answer.text}")
    return ",".join(taken) or "none"


def _refund_codes(payment: Payment) -> str:
    charge = payment.captured
    return _codes(_REFUND_CODES, lambda code: payment.refund(charge, code), "a refund")


def _refund_code_effect(payment: Payment) -> str:
    answer = payment.refund(payment.captured, "AmazonRejected")
    if answer.reason == _NO_CODE:
        raise Undecided("Create Refund does not take the code AmazonRejected")
    path = f"/refunds/{_id(answer, 'refundId')}"
    waited = 0.0
    while _state(found := payment.scene.asker.get(path)) == "RefundInitiated":
        if waited >= _LONGEST:
            raise Undecided(f"a refund took longer than {_LONGEST:.0f} s")
        payment.scene.asker.wait(_STEP)
        waited += _STEP
    details = _members(found.body.get("statusDetails"))
    return " ".join(filter(None, (_state(found), str(details.get("reasonCode") or ""))))


def _refund_descriptor(payment: Payment) -> str:
    if payment.scene.asker.endpoint.region.code != "jp":
        raise Undecided("it is for merchants in Japan")
    return payment.refund(payment.captured, softDescriptor="CONFORMANCE").text


def _pending_codes(payment: Payment) -> str:
    payment.late  # noqa: B018 - a code may close the permission
    return _codes(
        _PENDING_CODES,
        lambda code: payment.charge("1.00", code, canHandlePendingAuthorization=True),
        "a pending charge",
    )


def _refund_count(payment: Payment) -> str:
    charge = payment.charged("3.00", captureNow=True)
    payment.until(f"/charges/{charge}", "Captured")
    for made in range(_MOST_REFUNDS):
        answer = payment.refund(charge)
        if answer.reason == "TransactionCountExceeded" and made:
            return str(made)
        if not answer.ok:
            raise Undecided(f"refund {made + 1} of a charge: {answer.text}")
    return f"more than {_MOST_REFUNDS}"


def _capture_after_close(payment: Payment) -> str:
    payment.closed  # noqa: B018 - that it is closed is what is asked about
    body = {"captureAmount": payment.scene.price("5.00")}
    path = f"/charges/{payment.late}/capture"
    return payment.scene.asker.post(path, body).text


def _tracker_after_close(payment: Payment) -> str:
    payment.closed  # noqa: B018 - that it is closed is what is asked about
    ids = {"chargePermissionId": payment.permission}
    return payment.tracker(new_key(), new_key(), **ids).text


PaymentProbe: TypeAlias = Callable[[Payment], str]

PAYMENT_PROBES: Final[dict[str, PaymentProbe]] = {
    "update-after-pay": lambda payment: payment.update().text,
    "keys-on-complete": _keys_on_complete,
    "keys-on-trackers": _keys_on_trackers,
    "tracker-both-ids": _tracker_both_ids,
    "open-authorizations": _open_authorizations,
    "charge-descriptor": lambda payment: (
        payment.charge("1.00", softDescriptor="CONFORMANCE").text
    ),
    "charge-capture-pending": lambda payment: (
        payment.charge("1.00", captureNow=True, canHandlePendingAuthorization=True).text
    ),
    "update-charge": _update_charge,
    "refunded-amount": lambda payment: payment.refunded[0],
    "refund-time": lambda payment: str(payment.refunded[1]),
    "refund-codes": _refund_codes,
    "refund-code-effect": _refund_code_effect,
    "refund-descriptor": _refund_descriptor,
    "refund-count": _refund_count,
    "capture-time": lambda payment: str(payment.capture_seconds),
    "pending-codes": _pending_codes,
    "capture-after-close": _capture_after_close,
    "tracker-after-close": _tracker_after_close,
}
"""In the order in which they are asked: the last ones close the permission."""
