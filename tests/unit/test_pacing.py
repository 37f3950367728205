"""Pacing in memory: never faster than the limits, and never without telling."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import TimeoutError as RedisTimeout

from AmazonPay import (
    AsyncClient,
    Client,
    ConfigurationError,
    HeldBack,
    RateLimits,
    pacing,
)
from AmazonPay._core.clock import Time
from AmazonPay._core.steps import Now
from AmazonPay._signing.request_signer import RequestSigner, request_signers
from AmazonPay.pacing import LIVE, SANDBOX, Bucket, Limit
from callers import on_all_clients, on_both_loops, result
from keys import KEY
from paced import AT_ONCE, ScriptedTime
from reference.throttling import QUOTAS

if TYPE_CHECKING:
    from collections.abc import Generator

# Two names of one path share its limit.
PUBLISHED = {k: v for k, v in QUOTAS.items() if k != "register_amazon_pay_account"}


class Peer:
    """An in-memory server that counts, and answers by its script."""

    def __init__(self, *script: int) -> None:
        self.script = list(script) or [200]
        self.seen: list[str] = []
        self.timeouts: list[float] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(f"{request.method} {request.url.path.rpartition('/v2')[2]}")
        self.timeouts.append(request.extensions["timeout"]["read"])
        status = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return httpx2.Response(status, json={})


def client_for(peer: Peer, kind: Any = Client, **options: Any) -> Any:
    options = {"retry": AT_ONCE, "rate_limits": "sandbox", **options}
    key_id, signer = options.pop("key_id", "SANDBOX-A"), options.pop("signer", None)
    who = {"private_key": KEY} if signer is None else {"signer": signer}
    transport = httpx2.MockTransport(peer)
    return kind(key_id, region="us", transport=transport, **who, **options)


# The limits ---------------------------------------------------------------------------


def test_the_live_limits_are_the_published_ones() -> None:
    assert {name: Limit(*live) for name, (live, _) in PUBLISHED.items()} == LIVE


def test_the_sandbox_limits_are_the_published_ones() -> None:
    sandbox = {name: numbers for name, (_, numbers) in PUBLISHED.items() if numbers}
    assert {name: Limit(*numbers) for name, numbers in sandbox.items()} == SANDBOX


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0), (1, 0.5), (True, 1), ("5", 1)])
def test_a_limit_is_made_of_whole_numbers(numbers: Any) -> None:
    with pytest.raises(ConfigurationError, match="two ints of 1 or more"):
        Limit(*numbers)


@pytest.mark.parametrize("limits", ["Live", "", 5, ["live"]])
def test_limits_of_another_name_are_refused(limits: Any) -> None:
    with pytest.raises(ConfigurationError, match='"live", "sandbox"'):
        client_for(Peer(), rate_limits=limits)


@pytest.mark.parametrize(
    "limits", [{"create_chrage": Limit(1, 1)}, {"create_charge": (1, 1)}]
)
def test_limits_of_your_own_name_methods(limits: Any) -> None:
    with pytest.raises(ConfigurationError, match="'create_charge', to a Limit"):
        RateLimits(limits)


@pytest.mark.slow
def test_without_the_library_the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pyrate_limiter'] = None\n"
        "from AmazonPay import ConfigurationError, RateLimits\n"
        "try: RateLimits('live')\n"
        "except ConfigurationError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "[pacing]" in done.stdout


@pytest.mark.slow
def test_importing_the_package_loads_neither_the_library_nor_redis() -> None:
    code = "import sys, AmazonPay; print({'pyrate_limiter', 'redis'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


# The bucket ---------------------------------------------------------------------------


@given(
    st.builds(Limit, st.integers(1, 40), st.integers(1, 16)),
    st.lists(st.floats(0.0, 2.0), max_size=60),
)
def test_no_window_ever_has_more_than_quota_and_what_was_restored(
    limit: Limit, pauses: list[float]
) -> None:
    limits, time, bucket = RateLimits("live"), ScriptedTime(), Bucket("b", limit)
    granted: list[float] = []
    for pause in pauses:
        time.seconds += pause
        if not limits.take_turn(bucket, time):
            granted.append(time.seconds)
    for first, start in enumerate(granted):
        for last, end in enumerate(granted[first:], first):
            # The library counts whole milliseconds.
            restored = (end - start + 0.001) * limit.restore
            assert last - first + 1 <= limit.quota + restored


@given(
    st.builds(Limit, st.integers(1, 40), st.integers(1, 16)),
    st.floats(0.0, 1e9),
)
def test_a_full_quota_may_go_at_once_and_the_next_has_to_wait(
    limit: Limit, start: float
) -> None:
    limits, time, bucket = RateLimits("live"), ScriptedTime(start), Bucket("b", limit)
    waits = [limits.take_turn(bucket, time) for _ in range(limit.quota + 1)]
    assert waits[:-1] == [0.0] * limit.quota
    assert 0.0 < waits[-1] <= 1 / limit.restore + 0.001
    time.seconds += waits[-1] + 0.001
    assert limits.take_turn(bucket, time) == 0.0


def test_who_must_wait_takes_nothing() -> None:
    limits, time, bucket = RateLimits("live"), ScriptedTime(), Bucket("b", Limit(1, 1))
    assert [limits.take_turn(bucket, time) for _ in range(4)] == [0.0, 1.0, 1.0, 1.0]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_buckets_of_its_own() -> None:
    code = """
        import os
        from AmazonPay import RateLimits
        from AmazonPay._core.clock import Time
        from AmazonPay.pacing import Bucket, Limit
        limits, bucket = RateLimits("live"), Bucket("b", Limit(1, 1))
        assert limits.take_turn(bucket, Time()) == 0.0
        child = os.fork()
        if child == 0:
            os._exit(0 if limits.take_turn(bucket, Time()) == 0.0 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def identity(
    key_id: str = "AE5D", *, sandbox: bool = True, endpoint_url: str | None = None
) -> RequestSigner:
    made = request_signers(
        [(key_id, KEY)],
        region="us",
        sandbox=sandbox,
        password=None,
        algorithm="AMZN-PAY-RSASSA-PSS",
        endpoint_url=endpoint_url,
        unsigned={},
    )
    return made[key_id]


def bucket_of(whose: RequestSigner, operation: str, limits: Any = "sandbox") -> Bucket:
    bucket = RateLimits(limits).bucket(whose, operation)
    assert bucket is not None
    return bucket


@pytest.mark.parametrize(
    "operation", ["finalize_checkout_session", "get_buyer", "request"]
)
def test_an_operation_without_a_published_limit_is_not_paced(operation: str) -> None:
    assert RateLimits("sandbox").bucket(identity(), operation) is None


def test_two_names_of_one_path_share_a_bucket() -> None:
    first, second = "register_amazon_pay_account", "create_merchant_account"
    assert bucket_of(identity(), first) == bucket_of(identity(), second)
    own = {first: Limit(3, 2)}
    assert bucket_of(identity(), second, own).limit == Limit(3, 2)


def test_operation_key_id_host_and_environment_have_buckets_of_their_own() -> None:
    buckets = [
        bucket_of(identity(), "get_charge"),
        bucket_of(identity(), "get_refund"),
        bucket_of(identity("AE5E"), "get_charge"),
        bucket_of(identity(sandbox=False), "get_charge"),
        bucket_of(identity(endpoint_url="https://localhost:1"), "get_charge"),
    ]
    assert len({bucket.key for bucket in buckets}) == len(buckets)


def test_the_key_of_a_bucket_is_the_one_of_the_release_before() -> None:
    # Processes of two releases may share a Redis while a shop is deployed.
    whose = b"SANDBOX-AE5D pay-api.amazon.com sandbox"
    digest = hashlib.sha256(whose).hexdigest()[:32]
    bucket = bucket_of(identity("SANDBOX-AE5D"), "get_charge")
    assert bucket.key == f"amazonpay:{digest}:get_charge"


def test_the_key_of_a_bucket_does_not_show_the_key_id() -> None:
    assert "AE5D" not in bucket_of(identity("AE5D"), "get_charge").key


# Both clients -------------------------------------------------------------------------


def clock_of(client: Client) -> float:
    """Tell the client's clock, which skips every pause."""
    now = client.perform(Now())
    assert isinstance(now, float)
    return now


async def exhausted(client: Any) -> None:
    """Call until there is no turn in time; how long calls take does not matter."""
    for _ in range(1000):
        await result(client.get_charge("C1"))


async def test_pacing_is_off_by_default() -> None:
    peer = Peer()
    await exhausted(client_for(peer, rate_limits=None, deadline=0.5))
    assert len(peer.seen) == 1000


@on_all_clients
async def test_a_call_waits_for_its_turn(kind: Any) -> None:
    peer = Peer()
    client = client_for(peer, kind)
    started = await result(client.perform(Now()))
    for _ in range(60):
        await result(client.get_charge("C1"))
    await result(client.get_buyer("T1"))
    assert len(peer.seen) == 61
    assert await result(client.perform(Now())) - started > 54.9


def test_every_attempt_takes_a_turn() -> None:
    peer = Peer(503, 503, 503, 200)
    client = client_for(peer, rate_limits=RateLimits({"get_charge": Limit(1, 1)}))
    started = clock_of(client)
    assert client.get_charge("C1").attempts == 4
    assert clock_of(client) - started > 2.9


@on_all_clients
async def test_what_has_no_turn_in_time_is_neither_signed_nor_sent(kind: Any) -> None:
    peer, signed = Peer(), list[bytes]()

    def sign(message: bytes) -> bytes:
        signed.append(message)
        return b"signature"

    client = client_for(peer, kind, signer=sign, deadline=0.5)
    with pytest.raises(HeldBack, match=r"rate limit .* nothing was carried out") as e:
        await exhausted(client)
    assert not e.value.outcome_unknown
    assert len(signed) == len(peer.seen) >= 5


def test_a_doubt_of_an_earlier_attempt_stays_when_the_next_is_held_back() -> None:
    peer = Peer(503)
    limits = RateLimits({"create_charge": Limit(1, 1)})
    client = client_for(peer, rate_limits=limits, deadline=0.9)
    with pytest.raises(HeldBack) as caught:
        client.create_charge({})
    assert caught.value.outcome_unknown
    assert caught.value.attempts == 2
    assert len(peer.seen) == 1


ONE = Limit(1, 1)


def test_what_was_never_sent_is_no_doubt() -> None:
    peer = Peer()
    limits = RateLimits({"create_charge": ONE})
    client = client_for(peer, rate_limits=limits, deadline=0.5)
    client.create_charge({})
    with pytest.raises(HeldBack) as caught:
        client.create_charge({})
    assert not caught.value.outcome_unknown
    assert caught.value.attempts == 1
    assert len(peer.seen) == 1


@on_all_clients
async def test_a_turn_that_comes_with_the_deadline_comes_too_late(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Half(RateLimits):
        """A bucket whose next turn is always half a second away."""

        def take_turn(self, bucket: Bucket, time: Time) -> float:
            del bucket, time
            return 0.5

        async def atake_turn(self, bucket: Bucket, time: Time) -> float:
            return self.take_turn(bucket, time)

    monkeypatch.setattr(Time, "now", lambda _: 0.0)
    limits, peer = Half({"get_charge": ONE}), Peer()
    client = client_for(peer, kind, rate_limits=limits, deadline=0.5)
    with pytest.raises(HeldBack):
        await result(client.get_charge("C1"))
    assert (peer.seen, await result(client.perform(Now()))) == ([], 0.0)


@on_all_clients
async def test_the_wait_for_a_turn_is_a_part_of_the_deadline(kind: Any) -> None:
    peer = Peer()
    limits = RateLimits({"get_charge": ONE})
    client = client_for(peer, kind, rate_limits=limits, deadline=5.0)
    for _ in range(4):
        await result(client.get_charge("C1"))
    assert [seconds > 4.2 for seconds in peer.timeouts] == [True, False, False, False]


@on_both_loops
async def test_a_blocking_redis_that_hangs_holds_nobody_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pacing, "_REDIS_TIMEOUT", 0.05)
    hangs = threading.Event()

    class Hanging:
        """A Redis that is connected, and never answers."""

        answered = False

        def time(self) -> tuple[int, int]:
            hangs.wait(5.0)
            self.answered = True
            raise OSError

    redis: Any = Hanging()
    limits, peer = RateLimits("sandbox", redis=redis), Peer()

    await client_for(peer, AsyncClient, rate_limits=limits).get_charge("C1")
    assert not redis.answered
    hangs.set()
    assert len(peer.seen) == 1


async def test_clients_with_the_same_limits_and_their_views_share_buckets() -> None:
    peer, limits = Peer(), RateLimits("sandbox")
    first = client_for(peer, rate_limits=limits, deadline=0.5)
    second = client_for(peer, rate_limits=limits, deadline=0.5)
    with pytest.raises(HeldBack):
        await exhausted(first)
    for client in (first.with_options(headers={"x-a": "b"}), second):
        before = len(peer.seen)
        with pytest.raises(HeldBack):
            await exhausted(client)
        assert len(peer.seen) - before < 5


async def test_another_key_id_has_its_own_quota() -> None:
    peer, limits = Peer(), RateLimits("sandbox")
    for key_id in ("SANDBOX-A", "SANDBOX-B"):
        client = client_for(peer, key_id=key_id, rate_limits=limits, deadline=0.5)
        before = len(peer.seen)
        with pytest.raises(HeldBack):
            await exhausted(client)
        assert len(peer.seen) - before >= 5


async def test_limits_of_your_own_are_paced_by() -> None:
    peer = Peer()
    limits = RateLimits({**SANDBOX, "get_charge": Limit(50, 1)})
    with pytest.raises(HeldBack):
        await exhausted(client_for(peer, rate_limits=limits, deadline=0.5))
    assert len(peer.seen) >= 50


class Interrupted:
    """A Redis whose library replaces what a signal handler raises by its own error."""

    def __init__(self, number: signal.Signals) -> None:
        self._number = number

    def time(self) -> tuple[int, int]:
        try:
            signal.raise_signal(self._number)
        except OSError:
            raise RedisTimeout from None
        return (0, 0)


class WatchdogError(TimeoutError):
    """What a shop's signal handler raises."""


@pytest.fixture
def watchdog() -> Generator[Interrupted]:
    """A Redis during whose answer the shop's watchdog goes off."""

    def go_off(*_: object) -> None:
        raise WatchdogError

    before = signal.signal(signal.SIGUSR1, go_off)
    yield Interrupted(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


def test_what_a_watchdog_raises_while_redis_is_asked_leaves_unchanged(
    watchdog: Any,
) -> None:
    peer = Peer()
    client = client_for(peer, rate_limits=RateLimits("sandbox", redis=watchdog))
    with pytest.raises(WatchdogError):
        client.get_charge("C1")
    assert peer.seen == []


@pytest.mark.usefixtures("watchdog")
def test_a_watchdog_that_went_off_before_is_no_failure_of_redis() -> None:
    class Failing:
        def time(self) -> tuple[int, int]:
            raise OSError

    failing: Any = Failing()
    client = client_for(Peer(), rate_limits=RateLimits("sandbox", redis=failing))
    try:
        signal.raise_signal(signal.SIGUSR1)
    except WatchdogError:
        assert client.get_charge("C1").ok


@pytest.mark.usefixtures("watchdog")
async def test_a_watchdog_that_went_off_before_an_awaited_call_is_none_either() -> None:
    class Failing:
        async def __aenter__(self) -> None:
            raise NotImplementedError  # it tells that this Redis is awaited

        async def time(self) -> tuple[int, int]:
            raise OSError

    failing: Any = Failing()
    limits = RateLimits("sandbox", redis=failing)
    try:
        signal.raise_signal(signal.SIGUSR1)
    except WatchdogError:
        assert await limits.atake_turn(Bucket("b", Limit(1, 1)), Time()) == 0.0
