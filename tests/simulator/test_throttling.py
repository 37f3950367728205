"""Quotas, where the settings want them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay.pacing import limit_of
from AmazonPay.simulator import PROFILES, Settings
from AmazonPay.simulator.engine.throttling import Throttle
from reference.operations import OPERATIONS
from reference.throttling import QUOTAS
from simulated import START, Shop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from AmazonPay._core.config import Environment
    from AmazonPay.simulator import Profile

THROTTLING = Settings(throttles=True)
TOO_MANY = (429, "TooManyRequests")


@pytest.fixture
def shop() -> Shop:
    return Shop(settings=THROTTLING)


def statuses(shop: Shop, count: int) -> list[int]:
    return [shop.get("/refunds/x").status for _ in range(count)]


@pytest.mark.parametrize("name", [row.name for row in OPERATIONS])
def test_the_quotas_are_those_of_the_page(name: str) -> None:
    limits = (limit_of(name, "live"), limit_of(name, "sandbox"))
    given = tuple(limit and (limit.quota, limit.restore) for limit in limits)
    assert given == QUOTAS.get(name, (None, None))


def test_above_the_quota_a_call_is_refused_and_one_comes_back_each_second(
    shop: Shop,
) -> None:
    assert statuses(shop, 7) == [404] * 5 + [429] * 2
    shop.clock.move(seconds=0.9)
    assert statuses(shop, 1) == [429]
    shop.clock.move(seconds=0.1)
    assert statuses(shop, 2) == [404, 429]
    shop.clock.move(hours=1)
    assert statuses(shop, 6) == [404] * 5 + [429]


def test_the_refusal_is_amazons_without_a_hint_when_to_come_back(shop: Shop) -> None:
    replies = [shop.get("/refunds/x") for _ in range(6)]
    assert replies[-1].error == TOO_MANY
    assert "retry-after" not in replies[-1].headers


def test_hostile_sometimes_says_when_to_come_back() -> None:
    calm = replace(PROFILES["hostile"], failed_calls=0, lost_answers=0)
    shop = Shop(settings=replace(calm, throttles=True))
    replies = [shop.get("/refunds/x") for _ in range(40)][5:]
    said = {reply.headers.get("retry-after") for reply in replies}
    assert said == {None, "1"}


def test_each_operation_has_a_bucket_of_its_own(shop: Shop) -> None:
    assert statuses(shop, 6)[-1] == 429
    assert shop.get("/charges/x").status == 404


def test_a_refused_call_does_nothing_and_uses_no_key_up() -> None:
    shop = Shop(settings=replace(THROTTLING, stored_answers="all"))
    body = shop.session_body()
    replies = [shop.post("/checkoutSessions", body, key=f"k{n}") for n in range(6)]
    assert [reply.status for reply in replies] == [201] * 5 + [429]
    shop.clock.move(seconds=1)
    assert shop.post("/checkoutSessions", body, key="k5").status == 201


def test_a_refused_call_is_in_the_story(shop: Shop) -> None:
    statuses(shop, 6)
    last = shop.simulator.story()[-1]
    assert (last.facts["status"], last.facts["fault"]) == (429, "throttled: 429")


def test_an_operation_without_a_known_quota_is_never_refused(shop: Shop) -> None:
    assert {shop.get("/buyers/x").status for _ in range(100)} == {404}


@pytest.mark.parametrize("name", ["lenient", "default", "hostile"])
def test_no_profile_throttles_unless_told(name: Profile) -> None:
    calm = replace(PROFILES[name], failed_calls=0)
    assert statuses(Shop(settings=calm), 50) == [404] * 50


@pytest.mark.parametrize(("environment", "quota"), [("live", 20), ("sandbox", 5)])
def test_live_has_quotas_of_its_own(environment: Environment, quota: int) -> None:
    throttle = Throttle()
    admitted = [
        throttle.admits(
            "A", "live" if environment == "live" else "sandbox", "get_charge", START
        )
        for _ in range(30)
    ]
    assert admitted == [True] * quota + [False] * (30 - quota)


def test_two_accounts_do_not_share_a_bucket() -> None:
    throttle = Throttle()
    for owner in ("A", "B"):
        assert throttle.admits(owner, "sandbox", "create_delivery_tracker", START)
        assert not throttle.admits(owner, "sandbox", "create_delivery_tracker", START)


@given(st.lists(st.integers(0, 3000), max_size=60))
def test_in_any_span_no_more_pass_than_the_quota_and_what_is_regained(
    pauses: Sequence[int],
) -> None:
    throttle, now = Throttle(), START
    passed: list[float] = []
    for pause in pauses:
        now += timedelta(milliseconds=pause)
        if throttle.admits("A", "sandbox", "get_charge", now):
            passed.append((now - START).total_seconds())
    for first, start in enumerate(passed):
        for last, end in enumerate(passed[first:], first):
            assert last - first + 1 <= 5 + (end - start) + 1e-6
