"""`python -m walk.worker FOLDER NUMBER`: carries orders out until none is left.

Each process has several workers. Those of an even number call through `Client`, those
of an odd one through one `AsyncClient` on an event loop of its own.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import httpx2

from AmazonPay import AmazonPayError, AsyncClient, Client, Retry, Timeout, price
from AmazonPay._core.headers import new_idempotency_key
from AmazonPay.idempotency import idempotency_key
from AmazonPay.journal import SQLiteJournal

from . import plan
from .amazon import KEY_ID
from .shop import Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from AmazonPay.decisions import Decision

    from .plan import Order
    from .shop import Progress

SHORTLY = 0.1


class Later(Exception):  # noqa: N818 - a step that is to be done again
    """The step is not done; whatever happened, do it again with the same arguments."""


class Workers:
    """What the workers of one process share."""

    def __init__(self, folder: Path, number: int) -> None:
        self.given: dict[str, Any] = json.loads((folder / "walk.json").read_text())
        self.shop = Shop(folder / "shop.db")
        self.journal = SQLiteJournal(folder / "journal.db")
        options: dict[str, Any] = {
            "endpoint_url": f"http://127.0.0.1:{self.given['wire_port']}",
            "timeout": Timeout(read=5.0),
            "retry": Retry(base=0.01, cap=0.05),
        }
        key = folder / "private.pem"
        self.buyer = httpx2.Client(
            base_url=f"http://127.0.0.1:{self.given['amazon_port']}/_simulator"
        )
        self.call: Callable[..., Any]
        if number % 2:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, daemon=True).start()
            aclient = AsyncClient(KEY_ID, key, "us", **options)
            self._drop_key(aclient, "aattempt")

            def call(name: str, *args: Any, **kwargs: Any) -> Any:
                made = getattr(aclient, name)(*args, **kwargs)
                return asyncio.run_coroutine_threadsafe(made, loop).result()

            self.call = call
        else:
            client = Client(KEY_ID, key, "us", **options)
            self._drop_key(client, "attempt")
            self.call = lambda name, *args, **kwargs: getattr(client, name)(
                *args, **kwargs
            )

    def _drop_key(self, client: Any, method: str) -> None:
        """Break the client on purpose: one operation gets a new key at each attempt."""
        dropped = self.given["drop"]
        identity = client._identity  # noqa: SLF001 - to break it, from outside
        sign = getattr(identity, method)

        def broken(call: Any, *rest: Any) -> Any:
            if call.operation == dropped:
                call = replace(call, idempotency_key=new_idempotency_key())
            return sign(call, *rest)

        if dropped is not None:
            setattr(identity, method, broken)

    def work(self, seed: str) -> None:
        """Carry orders out until none is left."""
        dice = Random(seed)  # noqa: S311 - to be repeated, no secrecy
        idle = threading.Event()
        while True:
            at = self.shop.take(dice)
            if at is None:
                if not self.shop.steps_done()[1]:
                    return
                idle.wait(SHORTLY)
                continue
            order = plan.order(self.given["seed"], at.number, self.given["kinds"])
            name = order.steps[at.step]
            try:
                facts = _STEPS[name.partition(" ")[0]](self, order, at)
            except Later:
                self.shop.later(at, SHORTLY)
            except (AmazonPayError, AssertionError) as error:
                self.shop.fail(at, f"{name}: {error!r}")
            else:
                last = at.step + 1 == len(order.steps)
                self.shop.advance(at, last=last, **facts)

    def decided(self, decision: Decision[Any], at: Progress) -> Decision[Any]:
        """Take a success; put off what is open; a no is none that was planned."""
        if decision.outcome in {"pending", "unknown"}:
            raise Later
        if decision.new_attempt:
            self.shop.try_anew(at)
            raise Later
        decision.raise_for_outcome()
        return decision

    def helper(self, name: str, *args: Any, order: str, at: Progress) -> Any:
        """Call one of the helpers."""
        decision = self.call(
            name,
            *args,
            journal=self.journal,
            namespace=plan.NAMESPACE,
            order=order,
            attempt=at.attempt,
        )
        return self.decided(decision, at)


Facts = dict[str, str | None]


def _amount(value: Any) -> Any:
    return price(value, plan.CURRENCY)


def _open(workers: Workers, order: Order, at: Progress) -> Facts:
    del at
    confirm = order.kind == "confirm"
    body = {
        "webCheckoutDetails": {
            "checkoutReviewReturnUrl": "https://shop.example/review",
            "checkoutResultReturnUrl": "https://shop.example/result",
        },
        "storeId": "amzn1.application-oa2-client.walk",
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
        response = workers.call("create_checkout_session", body, idempotency_key=key)
    except AmazonPayError:
        raise Later from None
    if not response.ok:
        raise Later
    return {"session": response.json()["checkoutSessionId"]}


def _buyer(workers: Workers, order: Order, at: Progress) -> Facts:
    del order
    for act in ("choose", "pay"):
        try:
            done = workers.buyer.post(f"/checkoutSessions/{at.session}/{act}", json={})
        except httpx2.HTTPError:
            raise Later from None
        # 422: another worker's buyer was here already, and has paid.
        if done.status_code not in {200, 422}:
            raise Later
    return {}


def _ids(workers: Workers, decision: Decision[Any], at: Progress) -> Facts:
    session = decision.seen
    assert session is not None
    if not session["chargePermissionId"]:
        raise Later
    del workers, at
    return {"permission": session["chargePermissionId"], "charge": session["chargeId"]}


def _complete(workers: Workers, order: Order, at: Progress) -> Facts:
    body = {"chargeAmount": _amount(order.amount)}
    decision = workers.call(
        "complete_or_get_checkout_session",
        at.session,
        body,
        journal=workers.journal,
        namespace=plan.NAMESPACE,
        order=order.name,
        attempt=at.attempt,
        confirm_only=order.kind == "confirm",
    )
    return _ids(workers, workers.decided(decision, at), at)


def _address(workers: Workers, at: Progress) -> str:
    """Find the address that the buyer chose, once for all workers."""
    try:
        shown = workers.call("get_checkout_session", at.session)
    except AmazonPayError:
        raise Later from None
    if not shown.ok or shown.json()["shippingAddress"] is None:
        raise Later
    whole = shown.json()["shippingAddress"]
    address = json.dumps({k: v for k, v in whole.items() if v is not None})
    return workers.shop.note_address(at, address)


def _finalize(workers: Workers, order: Order, at: Progress) -> Facts:
    address = at.address or _address(workers, at)
    body = {
        "shippingAddress": json.loads(address),
        "paymentIntent": "Authorize",
        "chargeAmount": _amount(order.amount),
    }
    decision = workers.helper(
        "finalize_or_get_checkout_session", at.session, body, order=order.name, at=at
    )
    return _ids(workers, decision, at)


def _charge(workers: Workers, order: Order, at: Progress) -> Facts:
    body = {
        "chargePermissionId": at.permission,
        "chargeAmount": _amount(order.amount),
        "captureNow": True,
    }
    decision = workers.helper("create_charge_or_get", body, order=order.name, at=at)
    return {"charge": decision.seen["chargeId"]}


def _capture(workers: Workers, order: Order, at: Progress) -> Facts:
    body = {"captureAmount": _amount(order.captured)}
    workers.helper("capture_or_get_charge", at.charge, body, order=order.name, at=at)
    return {}


def _cancel(workers: Workers, order: Order, at: Progress) -> Facts:
    body = {"cancellationReason": "the buyer changed his mind"}
    workers.helper("cancel_or_get_charge", at.charge, body, order=order.name, at=at)
    return {}


def _refund(workers: Workers, order: Order, at: Progress) -> Facts:
    place = int(order.steps[at.step].partition(" ")[2])
    body = {"chargeId": at.charge, "refundAmount": _amount(order.refunds[place])}
    name = f"{order.name}/refund-{place}"
    workers.helper("refund_or_get", body, order=name, at=at)
    return {}


def _close(workers: Workers, order: Order, at: Progress) -> Facts:
    body = {"closureReason": "nothing more to charge"}
    workers.helper(
        "close_or_get_charge_permission", at.permission, body, order=order.name, at=at
    )
    return {}


_STEPS = {
    "open": _open,
    "buyer": _buyer,
    "complete": _complete,
    "finalize": _finalize,
    "charge": _charge,
    "capture": _capture,
    "cancel": _cancel,
    "refund": _refund,
    "close": _close,
}


def main(folder: Path, number: int, start: int) -> None:
    """Run the workers of one process."""
    # Lost calls are what a walk is made of.
    logging.getLogger("AmazonPay").setLevel(logging.ERROR)
    workers = Workers(folder, number)
    threads = [
        threading.Thread(
            target=workers.work,
            args=(f"{workers.given['seed']} worker {number} {start} {place}",),
        )
        for place in range(workers.given["workers_in_a_process"])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
