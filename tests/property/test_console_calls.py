"""Whatever is asked of the console, it answers or refuses, and never breaks."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.simulator import Request
from AmazonPay.simulator.console.routes import ROUTES
from console_calls import console
from simulated import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

MADE_UP: list[Any] = [
    *("", "\x00", "é😀", "none", "'; DROP TABLE", "charge", "refund", "dispute"),
    *("same", "changed", "newKey", "python", "curl", "pytest", "complete", "0"),
    *(0, 1, 5, 9, -1, 10**18, 10**30, -(10**30), 1.5, True, None, [], {}),
]


def lived_in() -> tuple[Shop, list[Any]]:
    """Make a story with everything strange in it; give it, and ids that are there."""
    shop = Shop()
    bought = shop.buy("50", "AuthorizeWithCapture")
    shop.refund(bought.charge, "1")
    shop.get("/nothing?a=%ff")
    shop.send("POST", "/charges", b"\xff{")
    strange = (("host", "localhost"), ("x-a", "\x85\xff"), ("authorization", "x"))
    shop.simulator.handle(Request("POST", "/v2/é", strange, b"\x00\xff" * 9))
    signed = "AMZN-PAY-RSASSA-PSS PublicKeyId=SANDBOX-AGTEST, SignedHeaders=a;b,"
    headers = (("host", "localhost"), ("authorization", f"{signed} Signature=!!"))
    shop.simulator.handle(Request("GET", "/v2/charges/x", headers))
    return shop, [bought.session, bought.permission, bought.charge]


def calls(values: list[Any], count: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    random = Random(7)  # noqa: S311 - to be repeatable, not secret
    for _ in range(count):
        (method, noun), route = random.choice(list(ROUTES.items()))
        given = {
            name: random.choice(values)
            for name in route.members
            if random.random() < 0.85  # most of them
        }
        yield method, noun, given


@pytest.mark.usefixtures("caplog")
def test_no_call_breaks_whatever_its_members_are() -> None:
    shop, ids = lived_in()
    broken: list[object] = []
    for method, noun, given in calls([*MADE_UP, *ids], 1_500):
        if method == "GET":
            plain = {k: v for k, v in given.items() if not isinstance(v, (list, dict))}
            reply = console(shop.simulator, method, noun, **plain)
        else:
            reply = console(shop.simulator, method, noun, given)
        if reply.status >= 500:
            broken.append((method, noun, given))
    assert broken == []


def test_every_row_of_a_strange_story_is_shown_and_copied() -> None:
    shop, _ = lived_in()
    for row in shop.simulator.story():
        shown = console(shop.simulator, "GET", "row", number=row.number)
        assert shown.status == 200
        for form in ("python", "curl", "pytest"):
            reply = console(shop.simulator, "GET", "copy", number=row.number, form=form)
            assert reply.status == (200 if row.kind == "request" else 400)
