"""`python -m walk.worker NUMBER START FOLDER`: carries orders out until it is killed.

Each process has several workers, one of which resumes what the journal says is open.
Those of an even number call through one `Client`, those of an odd one through one
`AsyncClient` on an event loop of its own. A process may fork while its workers are at
it; parent and child go on, with the client and the journal that the parent made.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
import traceback
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NoReturn

import httpx2

from AmazonPay import (
    AmazonPayError,
    AsyncClient,
    Client,
    DefiniteNo,
    JournalConflict,
    OutcomeError,
    Retry,
    Timeout,
    price,
)
from AmazonPay.idempotency import idempotency_key
from AmazonPay.journal import SQLiteJournal, abandon

from . import plan
from .amazon import KEY_ID
from .pulse import Pulse, Slot
from .shop import Shop
from .tether import end_with_the_supervisor

if TYPE_CHECKING:
    from AmazonPay.decisions import Decision

    from .plan import Order
    from .shop import Progress

SHORTLY = 0.1
DROPPED = "its session has paid another order"
"""The reason of an entry that another worker of the same order has abandoned."""
PATIENT = 2.0
"""Seconds that a helper may take, if it may repeat requests and wait."""
LEFT_ALONE = timedelta(seconds=0.05)
"""How long ago an open entry must have changed before it is resumed."""

FAILED, CHILD_FAILED = 70, 71
"""Exit codes: a thread raised; the forked child ended."""


class Later(Exception):  # noqa: N818 - a step that is to be done again
    """The step is not done; whatever happened, do it again with the same arguments."""


class Swapped(Exception):  # noqa: N818 - what a shop is told, not an error of its own
    """The session that was presented has paid another order."""


class Workers:
    """What the workers of one process share."""

    def __init__(self, folder: Path, number: int, start: int) -> None:
        self.given: dict[str, Any] = json.loads((folder / "walk.json").read_text())
        self.folder, self.number = folder, number
        self.seed = f"{self.given['seed']} worker {number} {start}"
        self.places: int = self.given["workers_in_a_process"]
        self.pulse = Pulse(folder / "pulse", self.given["processes"], self.places)
        self.shop = Shop(folder / "shop.db")
        self.journal = SQLiteJournal(folder / "journal.db")
        self.forked = False
        options: dict[str, Any] = {
            "endpoint_url": f"http://127.0.0.1:{self.given['wire_port']}",
            "timeout": Timeout(read=5.0),
            "retry": Retry(base=0.01, cap=0.05),
        }
        self.client: Any = (AsyncClient if number % 2 else Client)(
            KEY_ID, folder / "private.pem", "us", **options
        )
        self.connect()

    def connect(self) -> None:
        """Make what a forked child cannot share; the client and the journal it can."""
        self.buyer = httpx2.Client(
            base_url=f"http://127.0.0.1:{self.given['amazon_port']}/_simulator"
        )
        self.loop = asyncio.new_event_loop()
        if isinstance(self.client, AsyncClient):
            threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def slot(self, place: int) -> Slot:
        """Return the slot of one of the workers."""
        return Slot(self.number, self.forked, place)

    def start(self, places: range) -> None:
        """Start workers."""
        for place in places:
            threading.Thread(target=self.run, args=(place,)).start()

    def run(self, place: int) -> None:
        """Run one worker; if it raises, end the whole process."""
        try:
            slot = self.slot(place)
            worker = Worker(self, slot, Random(f"{self.seed} {slot}"))  # noqa: S311 - to be repeated, no secrecy
            if slot.sweeps and self.given["sweeps"]:
                worker.sweep()
            else:
                worker.work()
        except BaseException:  # noqa: BLE001 - whatever it is must be noticed
            traceback.print_exc()
            os._exit(FAILED)

    def fork(self) -> None:
        """Fork while the other workers are at it, and go on in parent and child."""
        for place in range(self.places):
            # From now on the supervisor expects them to move.
            self.pulse.beat(Slot(self.number, True, place))
        warnings.simplefilter("ignore", DeprecationWarning)
        child = self.shop.fork()
        if child:
            threading.Thread(target=self.wait_for, args=(child,), daemon=True).start()
            return
        end_with_the_supervisor()
        self.forked = True
        self.connect()
        self.start(range(self.places))
        threading.Event().wait()

    def wait_for(self, child: int) -> NoReturn:
        """End with the forked child: nobody else can notice its end."""
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stderr.write(f"the forked child ended by itself ({code})\n")
        sys.stderr.flush()
        os._exit(CHILD_FAILED)


class Worker:
    """One worker: a thread that carries orders out, or resumes what is open."""

    def __init__(self, workers: Workers, slot: Slot, dice: Random) -> None:
        self.workers, self.slot, self.dice = workers, slot, dice
        self.given, self.shop, self.buyer = workers.given, workers.shop, workers.buyer
        self.journal = workers.journal
        self.idle = threading.Event()
        self.answers = 0

    def answer(self) -> None:
        """Count a call that came to a decision."""
        self.answers += 1
        self.workers.pulse.answer(self.slot)

    def beat(self) -> None:
        """Count a turn; open a new journal if each job has its own."""
        self.workers.pulse.beat(self.slot)
        if self.given["journal_per_job"] and self.slot.place % 2:
            self.journal = SQLiteJournal(self.workers.folder / "journal.db")

    def work(self) -> NoReturn:
        """Carry orders out until the process is killed."""
        forks = self.given["forks"] and not self.workers.forked and self.slot.place == 1
        while True:
            self.beat()
            # Not before its first call has loaded what is loaded late: a child could
            # not use a module that another thread was loading.
            if forks and self.answers:
                forks = False
                self.workers.fork()
            at = self.shop.take(self.dice)
            if at is None:
                self.idle.wait(SHORTLY)
                continue
            self.carry_out(at)

    def carry_out(self, at: Progress) -> None:
        """Do an order's next step."""
        given = self.given
        order = plan.order(
            given["seed"], at.number, given["kinds"], swaps=given["swaps"]
        )
        name = order.steps[at.step]
        try:
            facts = _STEPS[name.partition(" ")[0]](self, order, at)
        except Later:
            self.shop.later(at, SHORTLY)
        except Swapped as refusal:
            self.shop.refuse(at, f"{name}: {refusal}")
        except (OutcomeError, AssertionError) as error:
            self.shop.fail(at, f"{name}: {error!r}")
        except AmazonPayError as error:
            if error.outcome_unknown:
                self.shop.later(at, SHORTLY)
            else:
                self.shop.fail(at, f"{name}: {error!r}")
        else:
            last = at.step + 1 == len(order.steps)
            self.shop.advance(at, last=last, **facts)

    def sweep(self) -> NoReturn:
        """Resume what is open until the process is killed."""
        while True:
            self.beat()
            until = datetime.now(UTC) - LEFT_ALONE
            for entry in self.journal.open_entries(before=until, limit=10):
                self.beat()
                try:
                    self.call(
                        "resume", entry, journal=self.journal, deadline=self.deadline()
                    )
                except JournalConflict:
                    continue  # its object has settled another order
                self.answer()
            self.idle.wait(SHORTLY)

    def deadline(self) -> float:
        """Choose how long a helper may take: without time it repeats no request."""
        patient = self.given["dropped"] or self.dice.random() < 0.5
        return PATIENT if patient else 0.0

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call the client, awaiting or not."""
        made = getattr(self.workers.client, name)(*args, **kwargs)
        if not self.slot.awaits:
            return made
        return asyncio.run_coroutine_threadsafe(made, self.workers.loop).result()

    def decided(self, decision: Decision[Any], at: Progress) -> Decision[Any]:
        """Return a success; raise `Later` if it is open, else the decision's error."""
        self.answer()
        # Nothing but a person can settle this, and no walk should come to it.
        assert decision.reason != "ObjectMismatch", "two objects under one key"
        if decision.outcome in {"pending", "unknown"}:
            raise Later
        if decision.new_attempt:
            self.shop.try_anew(at)
            raise Later
        decision.raise_for_outcome()
        return decision

    def helper(
        self, name: str, *args: Any, order: str, at: Progress, **more: Any
    ) -> Decision[Any]:
        """Call one of the helpers."""
        decision = self.call(
            name,
            *args,
            journal=self.journal,
            namespace=plan.NAMESPACE,
            order=order,
            attempt=at.attempt,
            deadline=self.deadline(),
            **more,
        )
        return self.decided(decision, at)

    def pay(
        self, name: str, session: str, body: Any, order: Order, at: Progress
    ) -> Decision[Any]:
        """Complete or finalize a session, which may have paid another order."""
        more = (
            {}
            if name.startswith("finalize")
            else {"confirm_only": order.kind == "confirm"}
        )
        try:
            return self.helper(name, session, body, order=order.name, at=at, **more)
        except JournalConflict as conflict:
            if order.swapped_with is None:
                raise
            self.drop(name, order, at)
            raise Swapped(str(conflict)) from None
        except DefiniteNo as no:
            if no.decision.reason != DROPPED:
                raise
            raise Swapped(DROPPED) from None

    def drop(self, name: str, order: Order, at: Progress) -> None:
        """Abandon an entry, so that no sweep sends it."""
        key = idempotency_key(
            namespace=plan.NAMESPACE,
            order=order.name,
            operation=name.replace("_or_get", ""),
            attempt=at.attempt,
        )
        if self.journal.find(key) is not None:
            abandon(self.journal, key, reason=DROPPED)


Facts = dict[str, str | None]


def _amount(value: Any) -> Any:
    return price(value, plan.CURRENCY)


def _open(worker: Worker, order: Order, at: Progress) -> Facts:
    del at
    confirm = order.kind == "confirm"
    body = {
        "webCheckoutDetails": {
            "checkoutReviewReturnUrl": "https://shop.example/review",
            "checkoutResultReturnUrl": "https://shop.example/result",
        },
        "storeId": "amzn1.application-oa2-client.0123",
        "merchantMetadata": {"merchantReferenceId": order.name},
        "paymentDetails": {
            "paymentIntent": "Confirm" if confirm else "Authorize",
            "chargeAmount": _amount(order.amount),
        },
    }
    key = idempotency_key(
        namespace=plan.NAMESPACE, order=order.name, operation="create_checkout_session"
    )
    try:
        response = worker.call("create_checkout_session", body, idempotency_key=key)
    except AmazonPayError:
        raise Later from None
    if not response.ok:
        raise Later
    return {"session": response.json()["checkoutSessionId"]}


def _buyer(worker: Worker, order: Order, at: Progress) -> Facts:
    del order
    for act in ("choose", "pay"):
        try:
            done = worker.buyer.post(f"/checkoutSessions/{at.session}/{act}", json={})
        except httpx2.HTTPError:
            raise Later from None
        # 422: another worker's buyer was here already, and has paid.
        if done.status_code not in {200, 422}:
            raise Later
    return {}


def _ids(decision: Decision[Any]) -> Facts:
    session = decision.seen
    assert session is not None
    if not session["chargePermissionId"]:
        raise Later
    return {"permission": session["chargePermissionId"], "charge": session["chargeId"]}


def _complete(worker: Worker, order: Order, at: Progress) -> Facts:
    assert at.session is not None
    body = {"chargeAmount": _amount(order.amount)}
    name = "complete_or_get_checkout_session"
    return _ids(worker.pay(name, at.session, body, order, at))


def _present(worker: Worker, order: Order, at: Progress) -> Facts:
    """Present the session of another order, as soon as its buyer has paid."""
    assert order.swapped_with is not None
    other = worker.shop.look(order.swapped_with)
    if other.session is None or other.step < plan.PAID:
        raise Later
    body = {"chargeAmount": _amount(order.amount)}
    name = "complete_or_get_checkout_session"
    return _ids(worker.pay(name, other.session, body, order, at))


_ELSEWHERE = {"name": "Test Buyer", "addressLine1": "10 Ditka Ave", "countryCode": "US"}


def _address(worker: Worker, order: Order, at: Progress) -> str:
    """Find the address that the buyer chose, once for all workers.

    A session that another order has had completed shows none any more; any will do to
    be refused with.
    """
    try:
        shown = worker.call("get_checkout_session", at.session)
    except AmazonPayError:
        raise Later from None
    if not shown.ok:
        raise Later
    session = shown.json()
    whole = session["shippingAddress"]
    completed = session["statusDetails"]["state"] == "Completed"
    if whole is None and completed and order.swapped_with is not None:
        whole = _ELSEWHERE
    if whole is None:
        raise Later
    address = json.dumps({k: v for k, v in whole.items() if v is not None})
    return worker.shop.note_address(at, address)


def _finalize(worker: Worker, order: Order, at: Progress) -> Facts:
    address = at.address or _address(worker, order, at)
    body = {
        "shippingAddress": json.loads(address),
        "paymentIntent": "Authorize",
        "chargeAmount": _amount(order.amount),
    }
    assert at.session is not None
    name = "finalize_or_get_checkout_session"
    return _ids(worker.pay(name, at.session, body, order, at))


def _charge(worker: Worker, order: Order, at: Progress) -> Facts:
    body = {
        "chargePermissionId": at.permission,
        "chargeAmount": _amount(order.amount),
        "captureNow": True,
    }
    decision = worker.helper("create_charge_or_get", body, order=order.name, at=at)
    assert decision.seen is not None
    return {"charge": decision.seen["chargeId"]}


def _capture(worker: Worker, order: Order, at: Progress) -> Facts:
    body = {"captureAmount": _amount(order.captured)}
    worker.helper("capture_or_get_charge", at.charge, body, order=order.name, at=at)
    return {}


def _cancel(worker: Worker, order: Order, at: Progress) -> Facts:
    body = {"cancellationReason": "the buyer changed their mind"}
    worker.helper("cancel_or_get_charge", at.charge, body, order=order.name, at=at)
    return {}


def _refund(worker: Worker, order: Order, at: Progress) -> Facts:
    place = int(order.steps[at.step].partition(" ")[2])
    body = {"chargeId": at.charge, "refundAmount": _amount(order.refunds[place])}
    name = f"{order.name}/refund-{place}"
    worker.helper("refund_or_get", body, order=name, at=at)
    return {}


def _close(worker: Worker, order: Order, at: Progress) -> Facts:
    body = {"closureReason": "nothing more to charge"}
    worker.helper(
        "close_or_get_charge_permission", at.permission, body, order=order.name, at=at
    )
    return {}


_STEPS = {
    "open": _open,
    "buyer": _buyer,
    "complete": _complete,
    "present": _present,
    "finalize": _finalize,
    "charge": _charge,
    "capture": _capture,
    "cancel": _cancel,
    "refund": _refund,
    "close": _close,
}


def main(folder: Path, number: int, start: int) -> None:
    """Run the workers of one process."""
    end_with_the_supervisor()
    # Lost calls are what a walk is made of.
    logging.getLogger("AmazonPay").setLevel(logging.ERROR)
    workers = Workers(folder, number, start)
    workers.start(range(workers.places))
    # Python 3.12 starts no thread when its first one has ended.
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[3]), int(sys.argv[1]), int(sys.argv[2]))
