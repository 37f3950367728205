"""The calls of `amazonpay`: credentials, bodies, questions, answers, exit statuses."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from AmazonPay import Retry
from AmazonPay.cli import calls, credentials
from AmazonPay.cli.app import app
from AmazonPay.cli.session import Session
from command_line import (
    Done,
    amazonpay,
    answering,
    failing,
    has_pipes,
    of_simulator,
    piped,
)
from simulated import Shop

LIVE = "LIVE-AGTEST"
KEY_LINE = "idempotency key "
NO_WAIT = Retry(wait=False)


@pytest.fixture
def live(env: dict[str, str | None]) -> dict[str, str | None]:
    return {**env, "AMAZON_PAY_PUBLIC_KEY_ID": LIVE}


def call(shop: Shop, env: Any, *line: str, **more: Any) -> Done:
    return amazonpay(*line, transport=of_simulator(shop.simulator), env=env, **more)


def refund_body(shop: Shop) -> str:
    return json.dumps({"chargeId": shop.sold(), "refundAmount": shop.money("20.00")})


# Answers --------------------------------------------------------------------------


def test_an_answer_is_data(env: dict[str, str | None]) -> None:
    shop = Shop()
    charge = shop.sold()
    done = call(shop, env, "get-charge", charge)
    assert (done.status, done.err) == (0, "")
    assert done.json["chargeId"] == charge


def test_json_has_the_facts_of_the_call(env: dict[str, str | None]) -> None:
    shop = Shop()
    done = call(shop, env, "get-charge", shop.sold(), "--json")
    assert done.out.count("\n") == 1
    assert done.json["ok"] is True
    assert done.json["attempts"] == 1
    assert done.json["body"]["statusDetails"]["state"] == "Captured"


def test_a_refusal_of_amazon_ends_with_1(env: dict[str, str | None]) -> None:
    done = call(Shop(), env, "get-charge", "S01-0000000-0000000-C000000")
    assert done.status == 1
    assert done.json["reasonCode"] == "ResourceNotFound"
    assert "404 ResourceNotFound" in done.err


def test_no_answer_ends_with_3(env: dict[str, str | None]) -> None:
    line = ("get-charge", "S01")
    for transport in (failing(httpx2.ConnectError), failing(httpx2.ReadTimeout)):
        done = amazonpay(*line, transport=transport, env=env)
        assert (done.status, done.out) == (3, "")


def test_an_unreadable_answer_to_a_read_ends_with_3(
    env: dict[str, str | None],
) -> None:
    line = ("get-charge", "S01")
    done = amazonpay(*line, transport=answering(200, b"<html>"), env=env)
    assert (done.status, done.out) == (3, "<html>\n")
    told = amazonpay(*line, "--json", transport=answering(200, b"<html>"), env=env)
    assert told.json["body"] is None
    assert "without --json it is on stdout" in told.err


def test_an_unreadable_answer_to_a_call_that_acts_ends_with_4(
    env: dict[str, str | None],
) -> None:
    line = ("create-charge", "--body", "{}")
    done = amazonpay(*line, transport=answering(200, b"<html>"), env=env)
    assert done.status == 4


def test_an_answer_without_a_body_is_json(env: dict[str, str | None]) -> None:
    done = amazonpay(
        "cancel-report-schedule", "1", transport=answering(200, b""), env=env
    )
    assert (done.status, done.json) == (0, None)


def test_a_list_is_joined_and_a_number_read(env: dict[str, str | None]) -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.url.query.decode())
        return httpx2.Response(200, content=b"{}")

    line = ("get-reports", "--report-types", "A,B", "--report-types", "C")
    done = amazonpay(
        *line, "--page-size", "5", transport=httpx2.MockTransport(answer), env=env
    )
    assert done.status == 0
    assert seen == ["pageSize=5&reportTypes=A%2CB%2CC"]
    assert amazonpay("get-reports", "--page-size", "x", env=env).status == 2


def test_a_required_member_of_the_query_is_required(
    env: dict[str, str | None],
) -> None:
    assert "--merchant-id" in amazonpay("get-authorization-token", "t", env=env).err


@pytest.mark.parametrize(
    ("seconds", "status"), [("5", 0), ("0", 2), ("x", 2), ("nan", 2)]
)
def test_a_deadline_is_a_time(
    seconds: str, status: int, env: dict[str, str | None]
) -> None:
    line = ("get-charge", "S01", "--deadline", seconds)
    assert amazonpay(*line, transport=answering(200), env=env).status == status


def test_a_simulation_code_is_sent(env: dict[str, str | None]) -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["x-amz-pay-simulation-code"])
        return httpx2.Response(200, content=b"{}")

    line = ("create-charge", "--body", "{}", "--simulation-code", "HardDeclined")
    amazonpay(*line, transport=httpx2.MockTransport(answer), env=env)
    assert seen == ["HardDeclined"]


def test_a_warning_is_told_and_the_line_of_a_call_is_not(
    env: dict[str, str | None],
) -> None:
    bare = {**env, "AMAZON_PAY_PUBLIC_KEY_ID": "AB12CD"}
    line = ("get-charge", "S01")
    done = amazonpay(*line, transport=failing(httpx2.ConnectError), env=bare)
    first, second = done.err.splitlines()
    assert "moves real money" in first
    assert second.startswith("amazonpay: get_charge: ")


# Bodies and keys ------------------------------------------------------------------


@pytest.mark.parametrize("how", ["@FILE", "-", "@-", "JSON"])
def test_a_body_comes_from_a_file_stdin_or_the_line(
    how: str, env: dict[str, str | None], tmp_path: Path
) -> None:
    shop = Shop()
    body = json.dumps(shop.session_body())
    file = tmp_path / "body.json"
    file.write_text(body)
    given = {"@FILE": f"@{file}", "JSON": body}.get(how, how)
    stdin = body if how in {"-", "@-"} else ""
    done = call(shop, env, "create-checkout-session", "--body", given, stdin=stdin)
    assert done.status == 0
    assert done.json["statusDetails"]["state"] == "Open"


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "",
        "@/no/such/file",
        '{"chargeAmount":{"amount":1.5}}',
        '{"a":1,"a":2}',
        '{"a":"\\ud800"}',
    ],
)
def test_a_body_that_cannot_be_sent_ends_with_2(
    body: str, env: dict[str, str | None]
) -> None:
    done = call(Shop(), env, "create-charge", "--body", body)
    assert (done.status, done.out) == (2, "")
    assert KEY_LINE not in done.err


def test_a_body_is_needed_where_it_is(env: dict[str, str | None]) -> None:
    assert amazonpay("create-charge", env=env).status == 2
    shop = Shop()
    done = call(shop, env, "cancel-charge", shop.buy().charge)
    assert done.status == 0


def test_a_call_tells_its_key_before_it_leaves(
    env: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        events.append(f"sent {request.headers['x-amz-pay-idempotency-key']}")
        return httpx2.Response(200, content=b"{}")

    def told_at(text: str) -> bool:
        events.append(text)
        return True

    monkeypatch.setattr(calls, "words", told_at)
    line = ("create-refund", "--body", "{}")
    amazonpay(*line, transport=httpx2.MockTransport(answer), env=env)
    told, sent = events
    assert sent.removeprefix("sent ") == told.partition(KEY_LINE)[2]


def test_a_key_of_ones_own_is_used(env: dict[str, str | None]) -> None:
    line = ("create-refund", "--body", "{}", "--idempotency-key", "mine", "--json")
    done = amazonpay(*line, transport=answering(200), env=env)
    assert done.json["idempotency_key"] == "mine"


@pytest.mark.parametrize("key", ["x" * 33, "a b", "ä", ""])
def test_a_key_that_amazon_refuses_ends_with_2_and_none_is_made_in_its_place(
    key: str, env: dict[str, str | None]
) -> None:
    line = ("create-refund", "--body", "{}", "--idempotency-key", key)
    done = amazonpay(*line, transport=answering(200), env=env)
    assert (done.status, done.out) == (2, "")
    assert KEY_LINE not in done.err


def test_a_new_key_that_cannot_be_told_is_not_sent(
    env: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, content=b"{}")

    monkeypatch.setattr(calls, "words", lambda _: False)  # a stderr that is closed
    line, transport = ("create-refund", "--body", "{}"), httpx2.MockTransport(answer)
    assert amazonpay(*line, transport=transport, env=env).status == 2
    assert sent == []
    given = (*line, "--idempotency-key", "k")
    assert amazonpay(*given, transport=transport, env=env).status == 0


def test_a_file_without_its_sign_is_no_body(
    env: dict[str, str | None], tmp_path: Path
) -> None:
    (tmp_path / "it.json").write_text("{}")
    done = call(Shop(), env, "create-charge", "--body", f"{tmp_path}/it.json")
    assert (done.status, done.out) == (2, "")
    assert f"given as @{tmp_path}/it.json" in done.err


# Unknown outcomes -----------------------------------------------------------------


def repeat_of(done: Done) -> list[str]:
    """Return the command that repeats a call."""
    (line,) = [x for x in done.err.splitlines() if x.startswith("  amazonpay ")]
    return shlex.split(line)[1:]


@has_pipes
def test_a_body_from_a_pipe_of_the_shell_is_in_the_command_that_repeats_it(
    env: dict[str, str | None],
) -> None:
    body = refund_body(Shop())
    with piped(body.encode()) as pipe:
        line = ("create-refund", "--body", f"@{pipe}")
        lost = amazonpay(*line, transport=failing(httpx2.ReadTimeout), env=env)
    assert lost.status == 4
    again = repeat_of(lost)
    assert again[again.index("--body") + 1] == body


@pytest.mark.parametrize(
    "transport", [failing(httpx2.ReadTimeout), answering(504)], ids=["lost", "504"]
)
@pytest.mark.parametrize("how", ["@FILE", "-", "JSON", "--body=-", "key"])
def test_an_unknown_outcome_ends_with_4_and_the_command_that_repeats_it(
    how: str, transport: Any, env: dict[str, str | None], tmp_path: Path
) -> None:
    shop = Shop()
    body = refund_body(shop)
    file = tmp_path / "it is.json"
    file.write_text(body)
    given = {
        "@FILE": ["--body", f"@{file}"],
        "--body=-": ["--body=-"],
        "-": ["--body", "-"],
    }.get(how, ["--body", body])
    if how == "key":
        given += ["--idempotency-key", "mine"]
    line = ("create-refund", *given)
    lost = amazonpay(*line, transport=transport, env=env, stdin=body)
    assert lost.status == 4
    again = repeat_of(lost)
    key = again[again.index("--idempotency-key") + 1]
    assert again.count("--idempotency-key") == 1
    assert KEY_LINE + key in lost.err
    first, second = (call(shop, env, *again) for _ in range(2))
    assert (first.status, second.status) == (0, 0)
    assert first.json["refundId"] == second.json["refundId"]


@has_pipes
def test_a_key_that_a_pipe_has_given_is_asked_for_anew(
    env: dict[str, str | None],
) -> None:
    pem = Path(str(env.pop("AMAZON_PAY_PRIVATE_KEY"))).read_bytes()
    with piped(pem) as pipe:
        line = ("create-refund", "--body", "{}", "--private-key", pipe)
        lost = amazonpay(*line, transport=failing(httpx2.ReadTimeout), env=env)
    assert lost.status == 4
    assert "with your key anew" in lost.err
    assert "PRIVATE" not in lost.err


def test_words_after_two_dashes_are_repeated_with_the_key_as_an_option(
    env: dict[str, str | None],
) -> None:
    shop = Shop()
    body = json.dumps({"captureAmount": shop.money("20.00")})
    line = ("capture-charge", "--body", body, "--", shop.buy().charge)
    lost = amazonpay(*line, transport=failing(httpx2.ReadTimeout), env=env)
    again = call(shop, env, *repeat_of(lost))
    assert (lost.status, again.status) == (4, 0)
    (told,) = [one for one in lost.err.splitlines() if KEY_LINE in one]
    assert told in again.err


def test_the_command_that_repeats_a_call_keeps_its_bytes_where_stderr_is_ascii(
    env: dict[str, str | None],
) -> None:
    body = '{"chargeId": "S01-C1", "softDescriptor": "Zoë\'s 7 \\\\ €"}'
    done = CliRunner(charset="ascii").invoke(
        app,
        ["create-refund", "--body", body],
        env=env,
        obj=Session({"transport": failing(httpx2.ReadTimeout), "retry": NO_WAIT}),
    )
    assert done.exit_code == 4
    (line,) = [x for x in done.stderr.splitlines() if x.startswith("  amazonpay ")]
    # A shell reads $'…' as Python reads the escapes of bytes.
    (quoted,) = [word for word in shlex.split(line) if word.startswith("$")]
    assert quoted[1:].encode().decode("unicode_escape").encode("latin-1") == (
        body.encode()
    )


def test_what_must_not_be_repeated_has_no_such_command(
    env: dict[str, str | None],
) -> None:
    line = ("create-delivery-tracker", "--body", "{}")
    done = amazonpay(*line, transport=failing(httpx2.ReadTimeout), env=env)
    assert done.status == 4
    assert "  amazonpay " not in done.err
    assert "must not be repeated" in done.err


def test_what_has_no_key_is_repeated_as_it_was(env: dict[str, str | None]) -> None:
    line = ("update-charge", "S01", "--body", "{}")
    done = amazonpay(*line, transport=failing(httpx2.ReadTimeout), env=env)
    assert (done.status, repeat_of(done)) == (4, list(line))


@pytest.mark.parametrize(
    ("line", "status"),
    [(["get-charge", "S01"], 130), (["create-charge", "--body", "{}"], 4)],
)
def test_an_interrupted_call_may_have_been_carried_out(
    line: list[str], status: int, env: dict[str, str | None]
) -> None:
    def interrupt(request: httpx2.Request) -> httpx2.Response:
        del request
        raise KeyboardInterrupt

    transport = httpx2.MockTransport(interrupt)
    assert amazonpay(*line, transport=transport, env=env).status == status


# Live -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        ["create-charge", "--body", "{}"],
        ["cancel-charge", "S01"],
        ["update-charge", "S01", "--body", "{}"],
    ],
)
def test_live_needs_a_terminal_or_yes(
    line: list[str], live: dict[str, str | None]
) -> None:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, content=b"{}")

    transport = httpx2.MockTransport(answer)
    done = amazonpay(*line, transport=transport, env=live, stdin="y\n")
    assert (done.status, sent) == (2, [])
    assert "--yes" in done.err
    assert amazonpay(*line, "--yes", transport=transport, env=live).status == 0
    assert len(sent) == 1


def test_a_live_read_asks_nothing(live: dict[str, str | None]) -> None:
    done = amazonpay("get-charge", "S01", transport=answering(200), env=live)
    assert done.status == 0


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 2), ("", 2)])
def test_a_person_is_asked_at_a_terminal(
    answer: str,
    status: int,
    live: dict[str, str | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(credentials, "is_terminal", lambda _: True)
    line = ("create-charge", "--body", "{}")
    done = amazonpay(*line, transport=answering(200), env=live, stdin=answer)
    assert done.status == status
    assert LIVE in done.err
    assert "Send it?" in done.err
