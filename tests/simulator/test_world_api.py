"""Time, story, faults and the whole world over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx2
import pytest

from AmazonPay.simulator import Clock, Request
from AmazonPay.simulator.server import serving
from simulated import Reply, Shop, reply_of

if TYPE_CHECKING:
    from AmazonPay.testing import LocalAmazonPay

BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)
BAD_VALUE = (400, "InvalidParameterValue")
UNKNOWN = (400, "UnrecognizedField")


def ask(
    shop: Shop | LocalAmazonPay, method: str, path: str, body: object = None
) -> Reply:
    simulator = shop.simulator if isinstance(shop, Shop) else shop
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = (("host", "localhost"), ("content-type", "application/json"))
    content = b"" if body is None else data
    request = Request(method, f"/_simulator/{path}", headers, content)
    return reply_of(simulator.handle(request))


@pytest.fixture
def local(amazon_pay: LocalAmazonPay) -> LocalAmazonPay:
    amazon_pay.clock.set(BEGIN)  # type: ignore[attr-defined] # its own clock
    return amazon_pay


def opened(local: LocalAmazonPay) -> str:
    shop = Shop()
    with local.client() as client:
        body: Any = shop.session_body()
        return str(client.create_checkout_session(body).json()["checkoutSessionId"])


def test_time_is_told_and_moved(local: LocalAmazonPay) -> None:
    now = {"now": "2026-01-01T12:00:00+00:00", "nextEvent": None}
    assert ask(local, "GET", "clock").json == now
    opened(local)
    due = ask(local, "GET", "clock").json["nextEvent"]
    assert due == "2026-01-02T12:00:00+00:00"
    answer = ask(local, "POST", "clock", {"hours": 23, "minutes": 30.5}).json
    assert (answer["now"], answer["happened"]) == ("2026-01-02T11:30:30+00:00", [])
    answer = ask(local, "POST", "clock", {"toNextEvent": True}).json
    assert answer["now"] == due
    assert answer["happened"][-1]["facts"]["after"] == "Canceled"
    assert ask(local, "POST", "clock").json["happened"] == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"days": "1"}, BAD_VALUE),
        ({"days": True}, BAD_VALUE),
        ({"toNextEvent": 1}, BAD_VALUE),
        ({"toNextEvent": True, "days": 1}, BAD_VALUE),
        ({"weeks": 1}, UNKNOWN),
        ({"days": -1}, (400, "InvalidRequest")),
        ({"days": 10**300}, (400, "InvalidRequest")),
        ({"days": 10**400}, (400, "InvalidRequest")),
        (b'{"days": NaN}', (400, "InvalidRequestFormat")),
        (b"[]", (400, "InvalidRequestFormat")),
    ],
)
def test_an_impossible_time_is_refused(
    local: LocalAmazonPay, body: object, error: tuple[int, str]
) -> None:
    assert ask(local, "POST", "clock", body).error == error
    assert local.clock() == BEGIN


def test_a_clock_of_ones_own_is_not_moved_by_http() -> None:
    reply = ask(Shop(), "POST", "clock", {"days": 1})
    assert reply.error == (400, "InvalidRequest")


def test_the_story_is_read_in_parts(local: LocalAmazonPay) -> None:
    first, second = opened(local), opened(local)
    rows = ask(local, "GET", "story").json["rows"]
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    query = urlencode({"order": second, "after": 0, "limit": 1})
    (row,) = ask(local, "GET", f"story?{query}").json["rows"]
    assert row["order"] == second != first
    after = ask(local, "GET", f"story?after={len(rows) - 1}").json["rows"]
    assert after == rows[-1:]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("after=-1", BAD_VALUE),
        ("after=x", BAD_VALUE),
        ("after=", BAD_VALUE),
        ("after=%D9%A1", BAD_VALUE),
        (f"limit={10**30}", BAD_VALUE),
        ("page=1", UNKNOWN),
        ("after=1&after=2", UNKNOWN),
    ],
)
def test_a_part_that_is_none_is_refused(
    local: LocalAmazonPay, query: str, error: tuple[int, str]
) -> None:
    assert ask(local, "GET", f"story?{query}").error == error


def test_the_largest_numbers_are_taken(local: LocalAmazonPay) -> None:
    assert ask(local, "GET", f"story?after={2**63}").json == {"rows": []}


def test_sessions_and_charges_are_listed(local: LocalAmazonPay) -> None:
    session = opened(local)
    (listed,) = ask(local, "GET", "sessions").json["sessions"]
    assert listed["checkoutSessionId"] == session
    assert ask(local, "GET", "charges").json == {"charges": []}


def test_faults_are_armed_met_and_disarmed(local: LocalAmazonPay) -> None:
    fault = {"operation": "get_charge", "outcome": "503", "when": "before"}
    body = {**fault, "times": 2, "publicKeyId": local.public_key_id}
    assert ask(local, "POST", "faults", body).json == {"unused": [fault, fault]}
    with local.client() as client:
        client.get_charge("S01-0000000-0000000-C000000")
    assert ask(local, "GET", "faults").json == {"unused": []}
    ask(local, "POST", "faults", fault)
    assert ask(local, "DELETE", "faults").json == {"unused": [fault]}
    assert ask(local, "DELETE", "faults").json == {"unused": []}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"operation": "get_charge"}, (400, "MissingParameterValue")),
        ({"outcome": "503"}, (400, "MissingParameterValue")),
        ({"operation": "get_charge", "outcome": 503}, BAD_VALUE),
        ({"operation": "get_charge", "outcome": "1"}, BAD_VALUE),
        ({"operation": "x", "outcome": "503"}, BAD_VALUE),
        ({"operation": "get_charge", "outcome": "503", "times": 0}, BAD_VALUE),
        ({"fault": "x"}, UNKNOWN),
    ],
)
def test_a_fault_that_is_none_is_refused(
    local: LocalAmazonPay, body: object, error: tuple[int, str]
) -> None:
    assert ask(local, "POST", "faults", body).error == error
    assert local.faults() == []


def test_a_world_is_saved_reset_and_loaded(local: LocalAmazonPay) -> None:
    session = opened(local)
    local.advance(hours=1)
    saved = ask(local, "GET", "save")
    assert saved.headers["content-type"] == "application/json"
    assert ask(local, "POST", "reset").status == 200
    assert (local.sessions(), local.story()) == ([], [])
    answer = ask(local, "POST", "load", saved.body)
    assert answer.json["now"] == "2026-01-01T13:00:00+00:00"
    assert local.sessions()[0]["checkoutSessionId"] == session
    # The second call has drawn one more request id.
    again = ask(local, "GET", "save").json
    assert {**again, "ids": None} == {**saved.json, "ids": None}


@pytest.mark.parametrize("body", [None, b"", b"{", {"format": "x"}, [1]])
def test_what_is_no_world_is_not_loaded(local: LocalAmazonPay, body: object) -> None:
    session = opened(local)
    assert ask(local, "POST", "load", body).error == (400, "InvalidRequest")
    assert local.sessions()[0]["checkoutSessionId"] == session


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", noun) for noun in ("reset", "load")),
        *(("POST", noun) for noun in ("story", "sessions", "charges", "save")),
        *(("DELETE", noun) for noun in ("clock", "story", "save")),
        *((method, "faults") for method in ("PUT", "PATCH", "HEAD")),
    ],
)
def test_each_noun_takes_its_own_methods(
    local: LocalAmazonPay, method: str, path: str
) -> None:
    assert ask(local, method, path).error == (405, "RequestNotSupported")


@pytest.mark.parametrize("path", ["clock/x/y", "stories", "clock/", "", "save/x"])
def test_other_nouns_are_not_found(local: LocalAmazonPay, path: str) -> None:
    assert ask(local, "POST", path).error == (404, "ResourceNotFound")


@pytest.mark.slow
def test_a_world_may_be_larger_than_a_call(local: LocalAmazonPay) -> None:
    with serving(local, tls=False) as served:
        kind = {"content-type": "application/json"}
        world = json.loads(local.saved()) | {"filler": "x" * 2 * 1024 * 1024}
        content = json.dumps(world).encode()

        def post(path: str, **headers: str) -> httpx2.Response:
            url = f"{served.url}/_simulator/{path}"
            return httpx2.post(
                url, content=content, headers=kind | headers, trust_env=False
            )

        assert post("load").status_code == 200
        assert post("faults").status_code == 400
        assert post("load", host="localhost:1").status_code == 401


def test_the_clock_of_a_served_simulator_runs() -> None:
    shop = Shop(clock=Clock(runs=True))  # type: ignore[arg-type] # not a test's clock
    now = datetime.fromisoformat(ask(shop, "POST", "clock", {"days": 1}).json["now"])
    assert now > datetime.now(UTC) + timedelta(hours=23)
