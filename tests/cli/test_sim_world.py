"""`amazonpay sim`: time, story and the whole world of a simulator."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from AmazonPay import ConfigurationError
from AmazonPay.cli import key_files
from command_line import Done, amazonpay, answering, of_simulator
from simulated import Shop

if TYPE_CHECKING:
    from pathlib import Path

    from AmazonPay.simulator import Request
    from AmazonPay.testing import LocalAmazonPay

pytestmark = pytest.mark.usefixtures("few_authorities")


def sim(shop: Shop, *line: str, **more: Any) -> Done:
    return amazonpay("sim", *line, transport=of_simulator(shop.simulator), **more)


def lines(done: Done) -> list[Any]:
    return [json.loads(line) for line in done.out.splitlines()]


def test_sessions_are_listed() -> None:
    shop = Shop()
    first, second = shop.open(), shop.open()
    sim(shop, "cancel", first)
    done = sim(shop, "sessions")
    assert done.status == 0
    head, *rows = [line.split("\t") for line in done.out.splitlines()]
    assert head == ["session", "state", "reason", "amount", "permission", "charge"]
    assert rows[0][:3] == [first, "Canceled", "BuyerCanceled"]
    assert rows[1][:4] == [second, "Open", "", "50.00 USD"]
    listed = lines(sim(shop, "sessions", "--json"))
    assert [one["checkoutSessionId"] for one in listed] == [first, second]


def test_charges_are_listed() -> None:
    shop = Shop()
    charge = shop.sold("50")
    rows = [line.split("\t") for line in sim(shop, "charges").out.splitlines()]
    assert rows[1][:2] == [charge, "Captured"]
    assert rows[1][3:5] == ["50 USD", "50 USD"] or rows[1][3].startswith("50")
    (listed,) = lines(sim(shop, "charges", "--json"))
    assert listed["chargeId"] == charge


@pytest.mark.parametrize("noun", ["sessions", "charges", "story", "faults"])
def test_an_empty_world_is_success(noun: str) -> None:
    done = sim(Shop(), noun)
    assert done.status == 0


def opened(local: LocalAmazonPay) -> str:
    local.clock.set(datetime(2026, 1, 1, 12, tzinfo=UTC))  # type: ignore[attr-defined] # its own clock
    body: Any = Shop().session_body()
    with local.client() as client:
        return str(client.create_checkout_session(body).json()["checkoutSessionId"])


def at(local: LocalAmazonPay, *line: str) -> Done:
    return amazonpay("sim", *line, transport=of_simulator(local))


def test_time_is_moved_and_what_happened_is_told(amazon_pay: LocalAmazonPay) -> None:
    session = opened(amazon_pay)
    done = at(amazon_pay, "advance", "1d1s")
    assert done.status == 0
    assert f"checkoutSession {session}: Open → Canceled, Expired" in done.out
    assert "2026-01-02T12:00:01" in done.err
    shown = at(amazon_pay, "advance", "30d", "--json").json
    assert shown["now"] == "2026-02-01T12:00:01+00:00"


def test_time_is_moved_to_what_is_due_next(amazon_pay: LocalAmazonPay) -> None:
    opened(amazon_pay)
    assert "nextEvent\t2026-01-02T12:00:00" in at(amazon_pay, "clock").out
    shown = at(amazon_pay, "advance", "--to-next-event", "--json").json
    assert shown["happened"][-1]["facts"]["after"] == "Canceled"


@pytest.mark.parametrize(
    "line", [(), ("30d", "--to-next-event"), ("30",), ("-1d",), ("1y",)]
)
def test_a_time_or_the_next_event_is_given(line: tuple[str, ...]) -> None:
    assert sim(Shop(), "advance", *line).status == 2


@pytest.mark.parametrize(
    "line",
    [("-5m",), ("--", "-5m"), ("--5m",), ("-1h30m", "--json"), ("--json", "-.5h")],
)
def test_time_cannot_go_back(line: tuple[str, ...]) -> None:
    done = sim(Shop(), "advance", *line)
    assert (done.status, done.out) == (2, "")
    assert "time cannot go back" in done.err
    assert "No such option" not in done.err


def test_a_wrong_option_of_advance_is_told_with_the_one_that_was_meant() -> None:
    done = sim(Shop(), "advance", "--to-next-evnt")
    assert done.status == 2
    assert "--to-next-event" in done.err


def test_a_time_that_is_too_far_is_refused() -> None:
    done = sim(Shop(), "advance", "999999w")
    assert done.status == 1
    assert "reasonCode" in done.json


def test_the_story_of_one_order_is_told() -> None:
    shop = Shop()
    session, other = shop.open(), shop.open()
    told = sim(shop, "story", session)
    assert session in told.out
    assert other not in told.out
    rows = lines(sim(shop, "story", "--json"))
    assert len(rows) > len(told.out.splitlines())
    assert all("line" in row for row in rows)
    last = str(rows[-2]["number"])
    assert len(lines(sim(shop, "story", "--after", last, "--json"))) == 1
    assert len(lines(sim(shop, "story", "--limit", "1", "--json"))) == 1


@pytest.mark.parametrize("order", ["none", "../sessions", "a&after=x", "\udcff", "ä"])
def test_an_order_that_does_not_exist_has_no_story(order: str) -> None:
    shop = Shop()
    shop.open()
    for form in ([], ["--json"], ["--after", "0"], ["--after", "5"]):
        done = sim(shop, "story", order, *form)
        assert (done.status, done.out) == (1, "")
        assert "no such order" in done.err


def test_an_order_to_which_nothing_more_has_happened_has_an_empty_story() -> None:
    shop = Shop()
    done = sim(shop, "story", shop.open(), "--after", "999")
    assert (done.status, done.out) == (0, "")
    assert "Nothing has happened" in done.err


def test_faults_are_listed_and_disarmed() -> None:
    shop = Shop()
    sim(shop, "fault", "get-charge", "502")
    listed = sim(shop, "faults").out
    assert listed == "operation\toutcome\twhen\nget_charge\t502\tbefore\n"
    assert sim(shop, "faults", "--disarm", "--json").json["unused"]
    done = sim(shop, "faults")
    assert (done.status, done.out) == (0, "")
    assert "No call" in done.err


def test_a_reset_forgets_everything() -> None:
    shop = Shop()
    shop.open()
    done = sim(shop, "reset")
    assert (done.status, done.out) == (0, "")
    assert "nextEvent" in sim(shop, "reset", "--json").json
    assert sim(shop, "sessions", "--json").out == ""


def test_a_world_is_saved_and_loaded(tmp_path: Path) -> None:
    shop = Shop()
    session = shop.open()
    file = tmp_path / "shop.world"
    assert sim(shop, "save", str(file)).status == 0
    assert file.stat().st_mode & 0o777 == 0o600
    again = sim(shop, "save", str(file))
    assert again.status == 2
    assert "never replaced" in again.err
    printed = sim(shop, "save").out
    sim(shop, "reset")
    assert sim(shop, "load", str(file)).status == 0
    assert session in sim(shop, "sessions").out
    sim(shop, "reset")
    assert sim(shop, "load", "-", "--json", stdin=printed).status == 0
    assert session in sim(shop, "sessions").out
    other = tmp_path / "other.world"
    assert sim(shop, "save", str(other), "--json").json["file"] == str(other)


@pytest.mark.parametrize(
    ("world", "status"),
    [("{}", 1), ("nonsense", 1), ("\xff", 1), (None, 2)],
)
def test_what_is_no_world_is_refused(
    world: str | None, status: int, tmp_path: Path
) -> None:
    shop = Shop()
    session = shop.open()
    file = tmp_path / "world"
    if world is not None:
        file.write_bytes(world.encode("latin-1"))
    assert sim(shop, "load", str(file)).status == status
    assert session in sim(shop, "sessions").out


def test_a_buyer_signs_in_and_a_notification_comes_again() -> None:
    shop = Shop()
    assert sim(shop, "sign-in", "--buyer", "2").json["buyerToken"]
    heard: list[Request] = []

    def listen(request: Request) -> int:
        heard.append(request)
        return 200

    shop.simulator.notifications.add_listener(listen)
    shop.buy()
    shop.simulator.notifications.deliver()
    rows = lines(sim(shop, "story", "--json"))
    message = next(r["facts"]["messageId"] for r in rows if "messageId" in r["facts"])
    assert sim(shop, "resend", message).json["messageId"] == message
    shop.simulator.notifications.deliver()
    assert len(heard) == 2


def test_the_token_is_sent_if_it_is_given() -> None:
    seen: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers.get("x-simulator-token"))
        return httpx2.Response(200, content=b"{}")

    transport = httpx2.MockTransport(answer)
    env = {"AMAZON_PAY_SIMULATOR_TOKEN": "geheim"}
    amazonpay("sim", "clock", transport=transport)
    amazonpay("sim", "clock", transport=transport, env=env)
    assert seen == [None, "geheim"]
    env = {"AMAZON_PAY_SIMULATOR_TOKEN": "ä"}
    assert amazonpay("sim", "clock", transport=transport, env=env).status == 2
    assert amazonpay("sim", "clock", "--token", "other").status == 2


@pytest.mark.parametrize("noun", ["sessions", "charges", "story", "advance"])
@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"sessions": [1]}', b"<html>"])
def test_another_server_is_told(noun: str, body: bytes) -> None:
    more = ("1d",) if noun == "advance" else ()
    done = amazonpay("sim", noun, *more, transport=answering(200, body))
    assert done.status == 3
    assert "what answers at http://localhost:8421 is no simulator" in done.err


def test_a_simulator_that_needs_a_token_is_told_which_variable_has_it() -> None:
    body = b'{"reasonCode": "UnauthorizedAccess", "message": "no token"}'
    done = amazonpay("sim", "clock", transport=answering(401, body))
    assert done.status == 1
    assert "set AMAZON_PAY_SIMULATOR_TOKEN" in done.err


@pytest.mark.parametrize(
    ("line", "option"),
    [
        (["sim", "clock", "--endpoint-url", "https://localhost:1"], "--ca-file takes"),
        (["ipn", "listen", "--port", "0", "--topic", "x"], "--topic takes"),
    ],
    ids=["authority", "topic"],
)
def test_an_argument_has_the_name_of_its_option(
    line: list[str], option: str, tmp_path: Path
) -> None:
    more = ["--ca-file", str(tmp_path / "none.pem")] if line[0] == "sim" else []
    done = amazonpay(*line, *more)
    assert (done.status, done.out) == (2, "")
    assert option in done.err


def test_words_are_enough_where_there_is_nothing_to_print() -> None:
    shop = Shop()
    shown = sim(shop, "clock", "--json").json
    assert shown["nextEvent"] is None
    refused = sim(shop, "load", "-", "--json", stdin="{}")
    assert (refused.status, "reasonCode" in refused.json) == (1, True)


def test_a_closed_stdin_is_no_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("AmazonPay.cli.key_files.sys.stdin", None)
    with pytest.raises(ConfigurationError, match="closed"):
        key_files.read_input("-")


def test_lines_end_when_nobody_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[object] = []

    def unread(row: object) -> bool:
        printed.append(row)
        return False

    monkeypatch.setattr("AmazonPay.cli.sim_world.json_line", unread)
    shop = Shop()
    shop.open()
    assert sim(shop, "story", "--json").status == 0
    assert len(printed) == 1
