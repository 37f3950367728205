"""What a command line makes of a simulator, without serving it."""

from __future__ import annotations

import pytest

from AmazonPay.simulator import PROFILES, Settings, Store, merchant
from AmazonPay.simulator.loading import build_simulator, settings_from
from AmazonPay.simulator.options import PROFILE_NAMES, parser
from keys import KEY
from simulated import KEY_ID, Shop


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ([], Settings()),
        (["--profile", "lenient"], PROFILES["lenient"]),
        (["--profile", "hostile"], PROFILES["hostile"]),
        (["--stored-answers", "all"], Settings(stored_answers="all")),
        (["--headroom", "10"], Settings(headroom=10)),
        (["--throttling"], Settings(throttles=True)),
    ],
)
def test_options_become_settings(line: list[str], expected: Settings) -> None:
    assert settings_from(parser().parse_args(line)) == expected


def test_every_profile_can_be_named() -> None:
    assert set(PROFILE_NAMES) == set(PROFILES)


def test_options_change_a_profile_and_leave_the_rest_of_it() -> None:
    line = ["--profile", "hostile", "--stored-answers", "2xx+4xx", "--headroom", "2"]
    settings = settings_from(parser().parse_args(line))
    assert settings.lost_answers == PROFILES["hostile"].lost_answers
    assert (settings.stored_answers, settings.headroom) == ("2xx+4xx", 2)


def run(seed: int, store: Store | None = None) -> list[tuple[int, bytes]]:
    """Start a hostile simulator as the command does, and make sessions."""
    shop = Shop()
    known = [merchant(KEY_ID, KEY.public_key())]
    hostile = PROFILES["hostile"]
    shop.simulator = build_simulator(known, store or Store(), hostile, seed, float)
    shop.simulator.clock = shop.clock
    replies = [shop.get(f"/charges/{number}") for number in range(40)]
    # Fresh keys, or a second start on a store would repeat the first one's answers.
    keys = [shop.simulator.ids.number() for _ in range(10)]
    body = shop.session_body()
    replies += [shop.post("/checkoutSessions", body, key=key) for key in keys]
    return [(reply.status, reply.body) for reply in replies]


def sessions(replies: list[tuple[int, bytes]]) -> set[bytes]:
    return {body for status, body in replies if status == 201}


def test_a_seed_repeats_ids_and_faults() -> None:
    assert run(5) == run(5)


def test_another_seed_makes_others() -> None:
    one, two = run(5), run(6)
    assert [status for status, _ in one] != [status for status, _ in two]
    assert sessions(one).isdisjoint(sessions(two))


def test_a_second_start_on_a_store_makes_no_id_again() -> None:
    store = Store()
    first, second = (sessions(run(5, store)) for _ in range(2))
    assert len(first) > 5
    assert len(second) > 5
    assert first.isdisjoint(second)
