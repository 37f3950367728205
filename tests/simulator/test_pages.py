"""How a checkout ends on the buyer's pages, and where they lead then."""

from __future__ import annotations

import pytest

from simulated import LIVE_KEY_ID
from visitor import WEB, ButtonShop, at_payment, ready, session_of

CANCEL = {"checkoutCancelUrl": "https://shop.example/cart?kept=1"}


@pytest.fixture
def shop() -> ButtonShop:
    return ButtonShop()


# Paying -------------------------------------------------------------------------------


def test_paying_leads_to_the_result_and_completes(shop: ButtonShop) -> None:
    visitor, page = at_payment(shop)
    assert page.ids["price"]["text"] == "USD 14.00"
    assert "approved at once" in page.ids["card"]["text"]
    back = visitor.submit(page, "pay")
    session = session_of(back)
    assert back.location == (
        f"https://shop.example/result?amazonCheckoutSessionId={session}"
    )
    assert shop.complete(session, "14.00").status == 200


def test_a_second_click_on_pay_pays_nothing_again(shop: ButtonShop) -> None:
    visitor, page = at_payment(shop)
    first, second = visitor.submit(page, "pay"), visitor.submit(page, "pay")
    assert first.location == second.location
    session = session_of(first)
    assert shop.complete(session, "14.00").status == 200
    assert visitor.submit(page, "pay").location == first.location
    did = [row.facts.get("did") for row in shop.simulator.story(session)]
    assert did.count("paid") == 1


@pytest.mark.parametrize(
    ("card", "reason"), [("3064", "BuyerCanceled"), ("3434", "Declined")]
)
def test_a_card_that_ends_the_session_leads_to_the_result_too(
    shop: ButtonShop, card: str, reason: str
) -> None:
    visitor, page = at_payment(shop, card)
    back = visitor.submit(page, "pay")
    assert back.location.startswith("https://shop.example/result?")
    session = session_of(back)
    details = shop.asked(session)["statusDetails"]
    assert (details["state"], details["reasonCode"]) == ("Canceled", reason)
    assert visitor.submit(page, "pay").location == back.location
    ended = visitor.get(f"/checkout/processing?amazonCheckoutSessionId={session}")
    assert ended.ids["ended"]["data-reason"] == reason
    assert ended.ids["back"]["href"] == back.location


@pytest.mark.parametrize(
    ("card", "end"), [("0701", "Authorized"), ("4354", "Declined")]
)
def test_a_pending_card_is_decided_later(shop: ButtonShop, card: str, end: str) -> None:
    visitor, page = at_payment(shop, card, canHandlePendingAuthorization=True)
    session = session_of(visitor.submit(page, "pay"))
    done = shop.complete(session, "14.00")
    assert done.status == 202
    charge = done.json["chargeId"]
    assert shop.get(f"/charges/{charge}").state[0] == "AuthorizationInitiated"
    shop.clock.move(seconds=31)
    assert shop.get(f"/charges/{charge}").state[0] == end


def test_a_declined_buyer_chooses_again_in_live() -> None:
    shop = ButtonShop(key_id=LIVE_KEY_ID)
    visitor, page = shop.clicked(ready(shop), environment="LIVE")
    assert "declined: the buyer can choose another card" in page.text
    session = session_of(visitor.submit(page, "continue", card="3434"))
    link = f"/checkout/processing?amazonCheckoutSessionId={session}"
    declined = visitor.submit(visitor.get(link), "pay")
    assert declined.status == 409
    assert "was declined" in declined.ids["problem"]["text"]
    again = visitor.get(declined.ids["choose-again"]["href"])
    visitor.submit(again, "continue", card="1111")
    assert visitor.submit(visitor.get(link), "pay").status == 303
    did = [row.facts.get("did") for row in shop.simulator.story(session)]
    assert did.count("paid") == 2


def test_a_card_that_cannot_pay_after_the_update_says_so(shop: ButtonShop) -> None:
    visitor, page = shop.clicked(shop.payload(webCheckoutDetails=WEB))
    session = session_of(visitor.submit(page, "continue", card="0701"))
    details = ready(shop)["paymentDetails"]
    shop.patch(f"/checkoutSessions/{session}", {"paymentDetails": details})
    paying = visitor.get(f"/checkout/processing?amazonCheckoutSessionId={session}")
    assert "canHandlePendingAuthorization true" in paying.ids["problem"]["text"]
    assert "pay" in paying.off
    assert visitor.submit(paying, "pay").status == 409
    assert shop.asked(session)["statusDetails"]["state"] == "Open"


def test_a_session_that_is_not_ready_says_what_is_missing(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    session = session_of(page)
    paying = visitor.get(f"/checkout/processing?amazonCheckoutSessionId={session}")
    assert "pay" in paying.off
    for missing in ("chargeAmount", "checkoutResultReturnUrl", "paymentIntent"):
        assert f"{missing} is not set" in paying.ids["problem"]["text"]
    assert visitor.submit(paying, "pay").status == 409


# Leaving ------------------------------------------------------------------------------


@pytest.mark.parametrize("cancel", [{}, CANCEL])
@pytest.mark.parametrize("paying", [False, True])
def test_who_cancels_goes_back_to_the_shop(
    shop: ButtonShop, cancel: dict[str, str], paying: bool
) -> None:
    payload = {**ready(shop), "webCheckoutDetails": {**WEB, **cancel}}
    visitor, page = shop.clicked(payload)
    session = session_of(page)
    if paying:
        visitor.submit(page, "continue")
        page = visitor.get(f"/checkout/processing?amazonCheckoutSessionId={session}")
    back = visitor.submit(page, "cancel")
    step = "result" if paying else "review"
    expected = f"https://shop.example/{step}?amazonCheckoutSessionId={session}"
    assert back.location == (CANCEL["checkoutCancelUrl"] if cancel else expected)
    assert shop.asked(session)["statusDetails"]["reasonCode"] == "BuyerCanceled"
    assert visitor.submit(page, "cancel").location == back.location
    late = visitor.submit(page, "continue")
    assert (late.status, late.ids["ended"]["data-reason"]) == (409, "BuyerCanceled")


def test_an_expired_session_says_so_on_every_page(shop: ButtonShop) -> None:
    visitor, page = at_payment(shop)
    session = session_of(page)
    shop.clock.move(hours=24)
    for path in ("choose", "processing"):
        shown = visitor.get(f"/checkout/{path}?amazonCheckoutSessionId={session}")
        assert shown.ids["ended"]["data-reason"] == "Expired"
    for act in ("pay", "cancel"):
        late = visitor.submit(page, act)
        assert (late.status, late.ids["ended"]["data-reason"]) == (409, "Expired")


def test_pages_after_paying_lead_back_to_the_shop(shop: ButtonShop) -> None:
    visitor, page = at_payment(shop)
    back = visitor.submit(page, "pay")
    session = session_of(back)
    for title in ("You have paid", "The order is placed"):
        for path in ("choose", "processing"):
            shown = visitor.get(f"/checkout/{path}?amazonCheckoutSessionId={session}")
            assert (shown.status, title in shown.text) == (200, True)
            assert shown.ids["back"]["href"] == back.location
        late = visitor.submit(page, "cancel")
        assert (late.status, title in late.text) == (409, True)
        shop.complete(session, "14.00")


def test_what_amazon_cancels_is_told(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    session = session_of(page)
    shop.simulator.amazon_cancel(session)
    shown = visitor.get(f"/checkout/choose?amazonCheckoutSessionId={session}")
    assert "Amazon canceled the checkout." in shown.text
    form = {"amazonCheckoutSessionId": session}
    assert visitor.post("/checkout/initiate", form).status == 303
