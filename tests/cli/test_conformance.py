"""`amazonpay conformance` tells apart what a simulator was told to be like."""

from __future__ import annotations

import json
import queue
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from AmazonPay import Client, ConfigurationError
from AmazonPay._guesses import GUESSES, UNDECIDED
from AmazonPay._guesses.model import REFUSAL, REFUSED
from AmazonPay.cli.conformance_page import clicked, serving
from AmazonPay.cli.failures import Failure
from AmazonPay.cli.payment_probes import PAYMENT_PROBES
from AmazonPay.cli.probes import PROBES
from AmazonPay.simulator import (
    PROFILES,
    Observed,
    Settings,
    Simulator,
    merchant,
    read_observed,
)
from command_line import Done, amazonpay, answering, failing, of_simulator
from keys import KEY
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from AmazonPay.simulator import Profile

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("few_authorities")]

STORE = "amzn1.application-oa2-client.0123"
PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")

# The other answer that each guess gets in the round trip.
FLIPPED: dict[str, str] = {
    "old-date": "3600",
    "stored-answers": "2xx+4xx",
    "key-scope": "operation",
    "last-page-token": "absent",
    "frequency-text": "Set the frequency.",
    "address-list": "null",
    "keys-on-complete": "ignored",
    "keys-on-trackers": "ignored",
    "open-authorizations": "lowered",
    "refunded-amount": "created",
    "refund-time": "60",
    "refund-codes": "AmazonRejected,ProcessingFailure",
    "refund-code-effect": "Declined ProcessingFailure",
    "other-headers": "accept,x-amz-pay-region",
    "refund-count": "7",
    "capture-time": "0",
    "pending-codes": "PendingSoftDeclined,PendingTransactionTimedOut",
}

ONLY_IN_JAPAN = ["refund-descriptor"]


def world(settings: Settings | None = None, **answers: str) -> Shop:
    """Return a shop at a simulator that behaves as observed."""
    shop = Shop(settings=settings)
    known = {name.replace("_", "-"): answer for name, answer in answers.items()}
    return with_observed(shop, Observed(known))


def with_observed(shop: Shop, observed: Observed) -> Shop:
    was = shop.simulator
    shop.simulator = Simulator(
        [merchant(KEY_ID, KEY.public_key(), region=shop.region)],
        clock=shop.clock,
        ids=was.ids,
        settings=was.settings,
        observed=observed,
    )
    return shop


def conformance(shop: Shop, *more: str, buyer: bool = True) -> Done:
    """Run the command; a buyer has paid before."""
    paid: tuple[str, ...] = ("--no-buyer",)
    if buyer:
        paid = ("--session", shop.paid(shop.session_body("100", "Confirm")))
    return amazonpay(
        "conformance",
        *("--store-id", STORE, "--region", "us", "--public-key-id", KEY_ID),
        *paid,
        *more,
        transport=of_simulator(shop.simulator),
        clock=shop.clock,
        wait=lambda seconds: shop.clock.move(seconds=seconds),
        env={"AMAZON_PAY_PRIVATE_KEY": PEM},
    )


def observed_in(done: Done) -> dict[str, str | None]:
    return {one["id"]: one["observed"] for one in done.json["guesses"]}


PEM = ""


@pytest.fixture(autouse=True)
def pem(private_key_pem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.PEM", private_key_pem)


# The table ------------------------------------------------------------------------


def test_each_guess_has_one_probe_and_fits_its_own_form() -> None:
    assert sorted([*PROBES, *PAYMENT_PROBES]) == sorted(GUESSES)
    assert all(guess.takes(guess.guessed) for guess in GUESSES.values())


def test_the_rows_of_the_page_are_those_of_the_table() -> None:
    rows = PAGE.partition("\n## Where we guessed\n")[2].splitlines()
    for guess in GUESSES.values():
        assert guess.row in rows


def test_every_row_of_the_page_is_decided_or_says_why_not() -> None:
    rows = PAGE.partition("\n## Where we guessed\n")[2].splitlines()
    points = {row[2:].partition(" | ")[0] for row in rows if row.startswith("| ")}
    known = {guess.point for guess in GUESSES.values()} | UNDECIDED.keys()
    known |= {also for guess in GUESSES.values() for also in guess.also}
    missing = points - known - {"point"}
    assert not missing, "add it to _guesses/undecided.py with a reason, or to a table"


# Round trips ----------------------------------------------------------------------


def test_our_own_guesses_hold_in_the_default_profile() -> None:
    done = conformance(Shop(), "--json")
    assert [n for n, a in observed_in(done).items() if a is None] == ONLY_IN_JAPAN
    assert done.status == 0, [one for one in done.json["guesses"] if not one["held"]]
    assert done.json["differ"] == 0


def flipped(guess: str) -> str:
    answer = FLIPPED.get(guess)
    if answer is not None:
        return answer
    assert GUESSES[guess].form in {REFUSAL, REFUSED}, f"{guess} has no other answer"
    return "418 Teapot" if GUESSES[guess].guessed != "418 Teapot" else "accepted"


def test_what_is_observed_is_what_was_put_in() -> None:
    # The others of its kind are asked only if the mode is taken.
    left_out = {"checkout-mode", *ONLY_IN_JAPAN}
    wanted = {name: flipped(name) for name in GUESSES if name not in left_out}
    done = conformance(with_observed(Shop(), Observed(wanted)), "--json")
    assert {n: a for n, a in observed_in(done).items() if n in wanted} == wanted
    assert done.status == 1


REFUSALS = [name for name, one in GUESSES.items() if one.form == REFUSAL]


@pytest.mark.parametrize("guess", sorted({*REFUSALS} - {*ONLY_IN_JAPAN}))
def test_each_refusal_can_be_an_acceptance(guess: str) -> None:
    answer = "418 Teapot" if GUESSES[guess].guessed == "accepted" else "accepted"
    shop = with_observed(Shop(), Observed({guess: answer}))
    line = ("--json", "--only", guess)
    done = conformance(shop, *line, buyer=guess in PAYMENT_PROBES)
    assert observed_in(done) == {guess: answer}


@pytest.mark.parametrize(
    ("guess", "answer"),
    [
        ("old-date", "300"),
        ("old-date", "604800"),
        ("refund-count", "more than 12"),
        ("refund-codes", "none"),
        ("refund-codes", "ProcessingFailure"),
        ("refund-code-effect", "Refunded"),
        ("other-headers", "x-amz-pay-host"),
        ("pending-codes", "none"),
        ("capture-time", "90"),
    ],
)
def test_other_answers_are_told_apart_too(guess: str, answer: str) -> None:
    shop = with_observed(Shop(), Observed({guess: answer}))
    line = ("--json", "--only", guess)
    done = conformance(shop, *line, buyer=guess in PAYMENT_PROBES)
    assert observed_in(done) == {guess: answer}


@pytest.mark.parametrize("answer", ["400 InvalidParameterValue", "accepted"])
def test_what_is_only_in_japan_is_asked_there(answer: str) -> None:
    shop = with_observed(Shop("jp"), Observed({"refund-descriptor": answer}))
    paid = shop.paid(shop.session_body("10000", "Confirm"))
    line = ("--session", paid, "--region", "jp", "--only", "refund-descriptor")
    done = conformance(shop, *line, "--json", buyer=False)
    assert observed_in(done) == {"refund-descriptor": answer}


def test_a_merchant_in_the_eu_pays_in_euro() -> None:
    shop = Shop("eu")
    line = ("--region", "de", "--json")
    done = conformance(shop, *line, buyer=True)
    shown = observed_in(done)
    assert {n for n, a in shown.items() if a is None} == {
        *ONLY_IN_JAPAN,
        "foreign-currency",
    }
    assert done.status == 0


# What differs from the default profile: rules alone, without dice.
RULES: dict[Profile, dict[str, str]] = {
    "lenient": {
        "missing-key": "accepted",
        "malformed-key": "accepted",
        "key-scope": "operation",
        "refund-codes": "AmazonRejected,ProcessingFailure",
        "refund-count": "more than 12",
    },
    "hostile": {
        "old-date": "300",
        "keys-on-complete": "ignored",
        "keys-on-trackers": "ignored",
    },
}


@pytest.mark.parametrize("profile", ["lenient", "hostile"])
def test_profiles_are_told_apart(profile: Profile) -> None:
    settings = replace(PROFILES[profile], failed_calls=0, lost_answers=0, stale_reads=0)
    done = conformance(Shop(settings=settings), "--json")
    differ = {
        one["id"]: one["observed"]
        for one in done.json["guesses"]
        if one["held"] is False
    }
    assert differ == RULES[profile]


@pytest.mark.parametrize("seed", range(3))
def test_a_network_that_fails_leaves_guesses_open_and_none_wrong(seed: int) -> None:
    shop = Shop(settings=PROFILES["hostile"], seed=seed)
    session = None
    while session is None:
        reply = shop.post("/checkoutSessions", shop.session_body("100", "Confirm"))
        session = reply.json["checkoutSessionId"] if reply.status == 201 else None
    shop.simulator.choose(session)
    shop.simulator.pay(session)
    done = amazonpay(
        "conformance",
        *("--store-id", STORE, "--region", "us", "--public-key-id", KEY_ID),
        *("--session", session, "--json"),
        transport=of_simulator(shop.simulator),
        clock=shop.clock,
        wait=lambda seconds: shop.clock.move(seconds=seconds),
        env={"AMAZON_PAY_PRIVATE_KEY": PEM},
    )
    truth = {name: guess.guessed for name, guess in GUESSES.items()} | RULES["hostile"]
    measured = {"refund-time", "capture-time"}
    wrong = {
        name: answer
        for name, answer in observed_in(done).items()
        if answer not in {None, truth[name]} and name not in measured
    }
    assert wrong == {}
    assert done.json["held"] > 20


# The file -------------------------------------------------------------------------


def test_a_simulator_takes_the_file_of_the_command(tmp_path: Path) -> None:
    first = conformance(world(missing_key="400 MissingHeaderValue"), "--json")
    file = tmp_path / "observed.json"
    file.write_text(first.out)
    again = conformance(with_observed(Shop(), read_observed(file)), "--json")
    assert again.json["guesses"] == first.json["guesses"]


def test_the_file_holds_no_id_and_no_secret(private_key_pem: str) -> None:
    shop = Shop()
    shop.buy()
    done = conformance(shop, "--json")
    held = json.dumps({**done.json, "undecided": [], "package": ""})
    for secret in (KEY_ID, STORE, private_key_pem[100:160], "S01-", "@", "Buyer"):
        assert secret not in held


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 2, "guesses": []}',
        '{"format": 1, "guesses": {}}',
        '{"format": 1, "guesses": [1]}',
        '{"format": 1, "guesses": [{"id": "missing-key", "observed": "x"}]}',
        '{"format": 1, "guesses": [{"id": "missing-key", "observed": 1}]}',
        pytest.param("[" * 100_000, id="deep"),
        pytest.param(" " * 2_000_000, id="long"),
        "\xff",
    ],
)
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "observed.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError):
        read_observed(file)


def test_python_sees_what_was_observed_too() -> None:
    shop = world(frequency_text="Set it.")
    shop.open({**shop.session_body(), "chargePermissionType": "Recurring"})
    (shown,) = shop.simulator.sessions()
    texts = [one["description"] for one in shown["constraints"]]
    assert "Set it." in texts


def test_guesses_of_a_later_release_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "observed.json"
    rows = [{"id": "later", "observed": "x"}, {"id": "missing-key", "observed": None}]
    file.write_text(json.dumps({"format": 1, "guesses": rows}))
    assert dict(read_observed(file).answers) == {}


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        read_observed(tmp_path / "none.json")


@pytest.mark.parametrize(
    "answers", [{"nothing": "x"}, {"missing-key": "no"}, {"refund-count": "0"}]
)
def test_only_known_answers_are_observed(answers: Mapping[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        Observed(answers)


# The command ----------------------------------------------------------------------


def test_a_table_lists_what_held_and_what_cannot_be_decided() -> None:
    done = conformance(world(missing_key="400 MissingHeaderValue"), buyer=False)
    assert done.status == 1
    assert "missing-key\tNO\t400 MissingHeaderValue\t400 MissingHeader" in done.out
    assert "keys-on-complete\t?\t\tit needs a buyer's click" in done.out
    for point in UNDECIDED:
        assert f"{point}\t-\t" in done.out
    assert "1 did not" in done.err


def run(*line: str, **more: Any) -> Done:
    fixed = ("--store-id", STORE, "--region", "us")
    return amazonpay("conformance", *fixed, *line, **more)


def test_a_live_key_is_refused(private_key_pem: str) -> None:
    env = {"AMAZON_PAY_PRIVATE_KEY": private_key_pem}
    for line in (["LIVE-AB12"], ["AB12CD"], ["AB12CD", "--live"]):
        done = run(
            "--no-buyer", "--public-key-id", *line, transport=answering(404), env=env
        )
        assert done.status == 2
        assert "sandbox" in done.err


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b'{"reasonCode": "InvalidRequestSignature"}'),
        (200, b"<html>"),
        (400, b"[]"),
        (503, b"{}"),
    ],
)
def test_a_key_that_does_not_work_is_told_before_anything_is_asked(
    status: int, body: bytes, private_key_pem: str
) -> None:
    env = {"AMAZON_PAY_PRIVATE_KEY": private_key_pem}
    line = ("--no-buyer", "--public-key-id", KEY_ID)
    done = run(*line, transport=answering(status, body), env=env)
    assert (done.status, done.out) == (1, "")
    assert "amazonpay doctor" in done.err


NOT_FOUND = b'{"reasonCode": "ResourceNotFound"}'


def strange(status: int, body: bytes) -> httpx2.MockTransport:
    """Return a sandbox whose key works, and that answers all else so."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/checkoutSessions/0"):
            return httpx2.Response(404, content=NOT_FOUND)
        return httpx2.Response(status, content=body)

    return httpx2.MockTransport(answer)


STRANGE: dict[str, tuple[int, bytes]] = {
    "all is taken": (200, b"{}"),
    "all is taken, with an id": (
        201,
        (
            b'{"checkoutSessionId": "1", "chargePermissionId": "S01", "chargeId": "C",'
            b' "refundId": "R", "constraints": [{"constraintId": 1}, 2],'
            b' "shippingAddressList": [], "nextToken": "x", "limits": [],'
            b' "statusDetails": {"state": "Declined"}}'
        ),
    ),
    "all is pending": (
        201,
        (
            b'{"chargePermissionId": "S01", "chargeId": "C", "refundId": "R",'
            b' "constraints": 1, "statusDetails": {"state": "RefundInitiated"}}'
        ),
    ),
    "all is refused": (400, b'{"reasonCode": "Teapot"}'),
    "all is unknown": (404, NOT_FOUND),
    "no code is known": (400, b'{"reasonCode": "InvalidSandboxSimulationSpecified"}'),
    "not allowed": (403, b'{"reasonCode": "UnauthorizedAccess"}'),
    "a strange reason": (400, b'{"reasonCode": "<b>no</b>"}'),
    "no reason": (400, b"{}"),
    "no JSON": (200, b"<html>"),
    "down": (503, b"{}"),
}


@pytest.mark.parametrize("case", STRANGE)
def test_whatever_a_sandbox_answers_a_simulator_can_read_the_file(
    case: str, tmp_path: Path, private_key_pem: str
) -> None:
    env = {"AMAZON_PAY_PRIVATE_KEY": private_key_pem}
    line = ("--public-key-id", KEY_ID, "--session", "abc", "--json")
    done = run(*line, transport=strange(*STRANGE[case]), env=env)
    assert done.status in {0, 1}
    file = tmp_path / "observed.json"
    file.write_text(done.out)
    answers = read_observed(file).answers
    assert len(done.json["guesses"]) == len(GUESSES)
    if case in {"down", "no JSON", "no reason", "a strange reason", "not allowed"}:
        assert answers.keys() <= {"other-headers", "old-date", "unknown-algorithm"} | {
            "tokens-in-sandbox"
        }
    assert "<" not in done.out


def test_a_network_that_is_down_is_told(private_key_pem: str) -> None:
    env = {"AMAZON_PAY_PRIVATE_KEY": private_key_pem}
    line = ("--public-key-id", KEY_ID, "--no-buyer")
    done = run(*line, transport=failing(httpx2.ConnectError), env=env)
    assert (done.status, done.out) == (3, "")
    assert "no readable answer" in done.err


def test_nobody_waits_for_a_buyer_for_ever(private_key_pem: str) -> None:
    env = {"AMAZON_PAY_PRIVATE_KEY": private_key_pem}
    line = ("--public-key-id", KEY_ID, "--merchant-id", "A1EXAMPLE", "--port", "0")
    found = strange(404, NOT_FOUND)
    done = run(*line, "--wait", "0.01s", transport=found, env=env)
    assert (done.status, done.out) == (3, "")
    assert "--no-buyer" in done.err


def test_credentials_come_from_a_profile_too(
    tmp_path: Path, private_key_pem: str
) -> None:
    key = tmp_path / "key.pem"
    key.write_text(private_key_pem)
    file = tmp_path / "profiles.toml"
    file.write_text(
        f'[shop]\npublic_key_id="{KEY_ID}"\nprivate_key="key.pem"\nregion="eu"\n'
    )
    for path in (key, file):
        path.chmod(0o600)
    done = amazonpay(
        *("conformance", "--store-id", STORE, "--profile", "shop", "--no-buyer"),
        *("--only", "unknown-algorithm", "--json"),
        transport=strange(404, NOT_FOUND),
        env={"AMAZON_PAY_PROFILES": str(file)},
    )
    assert done.json["region"] == "eu"
    assert done.status == 1


@pytest.mark.parametrize("session", ["../x", "", "a/b", "ä"])
def test_a_session_is_no_path(session: str) -> None:
    shop = Shop()
    done = conformance(shop, "--session", session)
    assert done.status == 2


def completed(shop: Shop) -> str:
    session = shop.paid(shop.session_body("100", "Confirm"))
    shop.complete(session, "100")
    return session


UNFIT: dict[str, tuple[Callable[[Shop], str], str]] = {
    "none": (lambda _: "0-0", "ResourceNotFound"),
    "unpaid": (lambda shop: shop.open(shop.session_body("100", "Confirm")), "waits"),
    "completed": (completed, "waits"),
    "amount": (lambda shop: shop.paid(shop.session_body("99", "Confirm")), "100.00"),
    "intent": (lambda shop: shop.paid(shop.session_body("100")), "Confirm"),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_session_that_does_not_fit_decides_nothing(kind: str) -> None:
    made, why = UNFIT[kind]
    shop = Shop()
    more = ("--session", made(shop), "--only", "update-after-pay", "--json")
    (row,) = conformance(shop, *more).json["guesses"]
    assert row["observed"] is None
    assert why in row["why"]


@pytest.mark.parametrize(
    "more", [("--store-id", "x"), ("--currency", "XXX")], ids=["store", "currency"]
)
def test_a_store_or_currency_that_is_refused_decides_nothing(
    more: tuple[str, ...],
) -> None:
    only = ("--only", "checkout-mode", "--only", "address-prices")
    done = conformance(Shop(), *more, *only, "--json", buyer=False)
    assert observed_in(done) == {"checkout-mode": None, "address-prices": None}
    assert all("check --store-id" in one["why"] for one in done.json["guesses"])


def shop_client() -> Client:
    return Client(KEY_ID, KEY, "us", transport=answering(404))


BUTTON = {
    "merchant_id": "A1EXAMPLE",
    "storeId": STORE,
    "paymentDetails": {
        "paymentIntent": "Confirm",
        "chargeAmount": {"amount": "100.00", "currencyCode": "USD"},
    },
}


def test_a_page_has_the_button_and_hears_of_the_buyers_payment() -> None:
    found: queue.Queue[str] = queue.Queue()
    with serving(shop_client(), dict(BUTTON), 0, found) as url:
        page = httpx2.get(url, trust_env=False).text
        assert "amazon.Pay.renderButton" in page
        result = f"{url}/paid-{page.partition('/paid-')[2][:32]}"
        for wrong in (result, f"{result}?amazonCheckoutSessionId=", f"{url}/paid-?"):
            answer = httpx2.get(wrong, trust_env=False)
            assert answer.status_code == 404
        back = f"{result}?amazonCheckoutSessionId=abc-1"
        assert "Thank you" in httpx2.get(back, trust_env=False).text
    assert found.get_nowait() == "abc-1"
    assert found.empty()


def test_a_buyer_who_does_not_come_is_not_waited_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(Failure) as caught:
        clicked(shop_client(), dict(BUTTON), 0, 0.01)
    assert caught.value.exit_code == 3
    assert "http://localhost:" in capsys.readouterr().err


def test_a_button_needs_a_merchant(private_key_pem: str) -> None:
    env = {"AMAZON_PAY_PRIVATE_KEY": private_key_pem}
    found = of_simulator(Shop().simulator)
    done = run("--public-key-id", KEY_ID, transport=found, env=env, clock=Shop().clock)
    assert done.status == 2
    assert "--merchant-id" in done.err
