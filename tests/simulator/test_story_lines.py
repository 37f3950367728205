"""The story as text: a line a row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from AmazonPay.simulator import Settings
from AmazonPay.simulator.story_lines import is_told, line_of, story_lines
from simulated import Shop

if TYPE_CHECKING:
    from AmazonPay.simulator import Request
    from AmazonPay.testing import LocalAmazonPay

CHARGE = "S01-0000000-0000000-C000000"


def told(shop: Shop) -> str:
    rows = shop.simulator.story()
    return story_lines(filter(is_told, rows), len(rows))


def test_a_purchase_is_told_in_order() -> None:
    shop = Shop()
    shop.provoke("get_charge", "503")
    charge = shop.sold()
    shop.get(f"/charges/{charge}")
    text = told(shop)
    assert text.startswith("the last of ")
    places = [
        text.index(part)
        for part in (
            "✂  1 of get_charge will end in 503, before",
            "●  checkoutSession ",
            "→  POST /v2/checkoutSessions 201",
            "◇  buyer chose card 1111",
            "◇  buyer paid",
            f"charge {charge}: ",
            "/complete 200",
            f"→  GET /v2/charges/{charge} 503 (fault: provoked: 503)",
        )
    ]
    assert places == sorted(places)
    assert "12:00:00" in text


def test_what_amazon_never_sends_has_no_line_and_a_missing_listener_has() -> None:
    shop = Shop()
    shop.buy()
    text = told(shop)
    assert "no notification of charge" in text
    assert "nobody listens" in text
    assert "checkoutSession sends" not in text


def test_a_notification_shows_its_answers_and_what_follows() -> None:
    shop = Shop()
    answers = [500, 200]

    def listener(request: Request) -> int:
        assert request.body
        return answers.pop(0)

    shop.simulator.notifications.add_listener(listener)
    charge = shop.buy().charge
    shop.simulator.notifications.deliver()
    line = f"←  notification of charge {charge}: "
    assert f"{line}waiting (500), next at 21000115T130000Z" in told(shop)
    shop.clock.move(hours=1)
    shop.simulator.notifications.deliver()
    assert f"{line}answered (500, 200)" in told(shop)


def test_refusals_repeats_and_lost_rows_are_named() -> None:
    shop = Shop(settings=Settings(story_rows=12))
    body = shop.session_body()
    shop.post("/checkoutSessions", body, key="k")
    shop.post("/checkoutSessions", body, key="k")
    assert "201 (the stored answer of its key)" in told(shop)
    shop.post("/checkoutSessions", {"storeId": 1})
    refused = told(shop).splitlines()[-1]
    assert " 400 " in refused
    assert " · " in refused
    for _ in range(20):
        shop.get(f"/charges/{CHARGE}")
    assert "older rows are gone" in told(shop)


def test_nothing_is_told_of_an_empty_story() -> None:
    assert told(Shop()) == "nothing has happened"


def test_another_kind_of_row_is_named() -> None:
    shop = Shop()
    shop.open()
    assert line_of(replace(shop.simulator.story()[0], kind="eclipse")) == "eclipse"


def test_what_a_person_made_to_happen_is_told(amazon_pay: LocalAmazonPay) -> None:
    shop = Shop()
    body: Any = shop.session_body()
    with amazon_pay.client() as client:
        session: Any = client.create_checkout_session(body).json()
    amazon_pay.provoke("get_charge", "503")
    amazon_pay.disarm("get_charge")
    amazon_pay.advance(hours=2)
    amazon_pay.push(
        "checkoutSession", session["checkoutSessionId"], "payment is declined"
    )
    amazon_pay.advance_to_next_event()
    rows = amazon_pay.story()
    text = story_lines(rows, len(rows))
    for part in (
        "✂  disarmed: 503 of get_charge, before",
        "⏱  the clock was moved by 2 h",
        "made to happen: payment is declined",
        "⏱  the clock was moved to the next event",
    ):
        assert part in text
