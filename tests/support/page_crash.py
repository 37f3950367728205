"""Buyers' acts in a browser, each killed at many points; one of the soaks.

`python page_crash.py STRIDE` kills a process with signal 9 before every so many of the
statements that an act makes, and once before its answer leaves. What is there after it
must be the world before the act or after it, and never one between the two; and when
the buyer has done the same again, the order must end as if nothing had happened.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from AmazonPay.simulator import Store
from AmazonPay.simulator.engine.schema import TABLES
from unmeasured import unmeasured
from visitor import ButtonShop, Page, Visitor, at_payment, change, ready, session_of

if TYPE_CHECKING:
    from collections.abc import Callable

FINISHED = 7
Place: TypeAlias = "tuple[Visitor, Page, str]"
"""A buyer, the page they are on, and the session's id, if there is one."""


@dataclass(frozen=True)
class Act:
    """What is prepared, and what the buyer does then."""

    prepare: Callable[[ButtonShop], Place]
    do: Callable[[ButtonShop, Visitor, Page], Page]


def _chosen(shop: ButtonShop) -> Place:
    visitor, page = shop.clicked(ready(shop))
    return visitor, page, session_of(page)


def _at_payment(card: str) -> Callable[[ButtonShop], Place]:
    def prepare(shop: ButtonShop) -> Place:
        visitor, page = at_payment(shop, card)
        return visitor, page, session_of(page)

    return prepare


def _paying_at_once(shop: ButtonShop) -> Place:
    web = {"checkoutMode": "ProcessOrder", "checkoutResultReturnUrl": "https://a.b/c"}
    visitor, page = shop.clicked(
        {**ready(shop), "webCheckoutDetails": web}, productType="PayOnly"
    )
    return visitor, page, session_of(page)


def _changing(action: str) -> Callable[[ButtonShop], Place]:
    def prepare(shop: ButtonShop) -> Place:
        visitor, page = shop.clicked(ready(shop))
        session = session_of(page)
        visitor.submit(page, "continue")
        return visitor, change(visitor, session, action), session

    return prepare


_VIEW = {"viewType": "buyNowView", "origin_url": "https://shop.example"}


def _buying_now(shop: ButtonShop) -> Place:
    """Open the window of Buy Now, before the shop's page has answered."""
    store = shop.payload()["storeId"]
    payload = {"storeId": store, "paymentDetails": {"paymentIntent": "Authorize"}}
    visitor, page = shop.clicked(payload, **_VIEW)
    return visitor, page, session_of(page)


def _answered(shop: ButtonShop) -> Place:
    visitor, page, session = _buying_now(shop)
    return visitor, visitor.follow(_answer(shop, visitor, page)), session


def _answer(shop: ButtonShop, visitor: Visitor, page: Page) -> Page:
    price = shop.money("14.00")
    option = {"id": "post", "price": price, "isDefault": True}
    cart = {
        "deliveryOptions": [
            option | {"shippingMethod": {"shippingMethodName": "Post"}}
        ],
        **dict.fromkeys(("totalBaseAmount", "totalShippingAmount"), price),
        **dict.fromkeys(("totalTaxAmount", "totalChargeAmount"), price),
    }
    fields = {"amazonCheckoutSessionId": session_of(page), "cart": json.dumps(cart)}
    return visitor.post("/checkout/cart", fields)


def _created(shop: ButtonShop) -> Place:
    session = shop.open({**shop.session_body(), **ready(shop)})
    visitor = shop.visitor()
    return visitor, visitor.get("/checkout/none"), session


def _nowhere(shop: ButtonShop) -> Place:
    visitor = shop.visitor()
    return visitor, visitor.get("/checkout/none"), ""


def _signing_in(shop: ButtonShop) -> Place:
    visitor, page = shop.clicked(_sign_in(shop), productType="SignIn")
    return visitor, page, ""


def _sign_in(shop: ButtonShop) -> dict[str, Any]:
    store = shop.payload()["storeId"]
    return {"signInReturnUrl": "https://shop.example/in", "storeId": store}


def _press(act: str, **changed: Any) -> Callable[[ButtonShop, Visitor, Page], Page]:
    def do(shop: ButtonShop, visitor: Visitor, page: Page) -> Page:
        del shop
        return visitor.submit(page, act, **changed)

    return do


def _click(shop: ButtonShop, visitor: Visitor, page: Page) -> Page:
    del page
    return visitor.post("/checkout/initiate", shop.form(ready(shop)))


def _bring(shop: ButtonShop, visitor: Visitor, page: Page) -> Page:
    del page
    (session,) = [one["checkoutSessionId"] for one in shop.simulator.sessions()]
    fields = shop.form(payloadJSON=None, amazonCheckoutSessionId=session)
    return visitor.post("/checkout/initiate", fields)


def _ask_to_sign_in(shop: ButtonShop, visitor: Visitor, page: Page) -> Page:
    del page
    fields = shop.form(_sign_in(shop), productType="SignIn")
    return visitor.post("/checkout/initiate", fields)


ACTS = {
    "click the button": Act(_nowhere, _click),
    "come with a session": Act(_created, _bring),
    "choose": Act(_chosen, _press("continue", card="4444", buyer="2")),
    "cancel where one chooses": Act(_chosen, _press("cancel")),
    "change the address": Act(_changing("changeAddress"), _press("continue")),
    "change the card": Act(_changing("changePayment"), _press("continue", card="0005")),
    "pay": Act(_at_payment("1111"), _press("pay")),
    "pay, and be declined": Act(_at_payment("3434"), _press("pay")),
    "cancel where one pays": Act(_at_payment("1111"), _press("cancel")),
    "pay where one chooses": Act(_paying_at_once, _press("pay", card="1111")),
    "take a cart": Act(_buying_now, _answer),
    "pay in Buy Now": Act(_answered, _press("pay")),
    "cancel in Buy Now": Act(_answered, _press("cancel")),
    "ask to sign in": Act(_nowhere, _ask_to_sign_in),
    "sign in": Act(_signing_in, _press("continue")),
}


def _shop(path: Path) -> ButtonShop:
    return ButtonShop(store=Store(path), seed=5)


def _world(shop: ButtonShop) -> str:
    """Return everything but what only explains later mistakes."""
    with shop.simulator.store.transaction() as transaction:
        rows = {name: transaction.dump(name) for name in TABLES}
    rows["object"] = [one for one in rows["object"] if one[1] != "signedPayload"]
    return json.dumps(rows, default=bytes.decode)


def _finish(shop: ButtonShop, session: str) -> int:
    """Complete or finalize a session; return the status of the answer."""
    known = shop.asked(session)
    if known["webCheckoutDetails"]["checkoutResultReturnUrl"]:
        return shop.complete(session, "14.00").status
    body = {
        "chargeAmount": shop.money("14.00"),
        "paymentIntent": "Authorize",
        "shippingAddress": known["shippingAddress"],
    }
    return shop.post(f"/checkoutSessions/{session}/finalize", body).status


def _end(shop: ButtonShop, session: str) -> list[Any]:
    """Complete the order as the shop; return status, state, reason and charges."""
    found = [one["checkoutSessionId"] for one in shop.simulator.sessions()]
    session = session or (found[-1] if found else "")
    status = _finish(shop, session) if session else 0
    state = shop.asked(session)["statusDetails"] if session else {}
    charges = [
        (one["chargeAmount"], one["statusDetails"]["state"])
        for one in shop.simulator.charges()
    ]
    return [status, state.get("state"), state.get("reasonCode"), charges]


class _Killed:
    """Kills this process before a statement, by its number."""

    def __init__(self, before: int) -> None:
        self.left = before

    def __call__(self, statement: str) -> None:
        del statement
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


def _forked(act: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        _die(act)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _die(act: Callable[[], None]) -> NoReturn:
    try:
        act()
    except BaseException as error:  # noqa: BLE001 - a child must not go on as its parent
        sys.stderr.write(f"{error!r}\n")
        os._exit(1)
    os._exit(FINISHED)


def _faults_of(name: str, act: Act, folder: Path, stride: int) -> list[str]:
    base, path = folder / "base.db", folder / "world.db"
    shop = _shop(base)
    visitor, page, session = act.prepare(shop)
    before = _world(shop)
    shop.simulator.store.close()

    def again(where: Path) -> ButtonShop:
        shutil.copy(base, where)
        made = _shop(where)
        # The ids go on where those before it have ended.
        made.simulator.ids.random.setstate(shop.simulator.ids.random.getstate())
        visitor.simulator = made.simulator
        return made

    whole = again(folder / "whole.db")
    answer = act.do(whole, visitor, page)
    after = _world(whole)
    faults = [f"{name}: {answer.text[:200]}"] * (answer.status != 303)
    faults += [f"{name}: it changes nothing"] * (before == after)
    expected = _end(whole, session)
    whole.simulator.store.close()

    def mortal(number: int) -> None:
        made = again(path)
        connection = made.simulator.store._connection  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - a kill has no API
        connection.set_trace_callback(_Killed(number))
        act.do(made, visitor, page)
        os._exit(FINISHED)

    number, code = 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        for one in folder.glob("world.db*"):
            one.unlink()
        code = _forked(lambda number=number: mortal(number))  # type: ignore[misc] # the number of this round
        rest = _shop(path)
        visitor.simulator = rest.simulator
        where = f"{name}, killed before statement {number}"
        if _world(rest) not in (before, after):
            faults.append(f"{where}: a world between the two")
        # The browser asks again, or the buyer does.
        act.do(rest, visitor, page)
        if _end(rest, session) != expected:
            faults.append(f"{where}: {_end(rest, session)} and not {expected}")
        rest.simulator.store.close()
        number += stride
    if code != FINISHED:
        faults.append(f"{name}: the process ended with {code}")
    if number < 2 * stride:
        faults.append(f"{name}: killed at no point")
    return faults


def crash(stride: int) -> list[str]:
    """Kill at each point of a stride; return the faults."""
    faults: list[str] = []
    for name, act in ACTS.items():
        with tempfile.TemporaryDirectory() as folder:
            faults += _faults_of(name, act, Path(folder), stride)
    return faults


def run(stride: int) -> list[str]:
    """Run `crash` in a process of its own, which has no threads and may fork."""
    done = subprocess.run(
        [sys.executable, "-W", "error", __file__, str(stride)],
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )
    if (done.returncode, done.stderr) != (0, ""):
        return [f"it ended with {done.returncode}: {done.stderr}"]
    faults: list[str] = json.loads(done.stdout)
    return faults


def main(size: int) -> list[str]:
    """Kill before one statement of each 10,000 / `size`."""
    return run(max(1, 10_000 // size))


if __name__ == "__main__":
    print(json.dumps(crash(int(sys.argv[1]))))  # noqa: T201 - the other process reads it
