"""`amazonpay conformance`: which of the simulator's guesses hold in your sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from .._core.environment import arguments_from_env
from .._guesses import FORMAT, GUESSES, UNDECIDED
from ..errors import ConfigurationError
from . import credentials, key_files
from .asker import Unanswered, Undecided, asker_from
from .conformance_page import checked_session, clicked
from .durations import duration
from .failures import NO_ANSWER, OK, SAID_NO, Failure
from .output import json_line, table, words
from .payment_probes import PAYMENT_PROBES, TOTAL, Payment
from .probes import PROBES, Scene
from .session import Session, json_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from .._guesses.model import Guess
    from .asker import Asker

DEFAULT_PORT: Final = 8425

_CURRENCIES: Final = {"jp": "JPY", "eu": "EUR", "de": "EUR", "uk": "GBP"}
_NOT_ALLOWED: Final = frozenset(
    {
        "InvalidAccountStatus",
        "InvalidAuthentication",
        "InvalidRequestSignature",
        "UnauthorizedAccess",
    }
)
# What these ask about may be answered so.
_MAY_BE_SO: Final = frozenset({"unknown-algorithm", "tokens-in-sandbox"})
_NO_BUYER: Final = "it needs a buyer's click, which --no-buyer leaves out"


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one guess."""

    guess: Guess
    observed: str | None
    why: str | None
    """Why it was not decided."""

    @property
    def held(self) -> bool | None:
        """Whether the guess is right; None if it was not decided."""
        return None if self.observed is None else self.observed == self.guess.guessed

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "id": self.guess.id,
            "question": self.guess.question,
            "guessed": self.guess.guessed,
            "observed": self.observed,
            "held": self.held,
            "why": self.why,
        }


@click.command()
@click.option(
    "--store-id", required=True, metavar="ID", help="Of the store, in Seller Central."
)
@click.option("--merchant-id", metavar="ID", help="For the button that a buyer clicks.")
@click.option("--currency", metavar="CODE", help="The ledger's (default: by region).")
@click.option(
    "--session", metavar="ID", help=f"A session in which a buyer has paid {TOTAL}."
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([*GUESSES]),
    metavar="GUESS",
    help="Ask this alone; repeatable.",
)
@click.option("--no-buyer", is_flag=True, help="Leave out what needs a buyer.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Of the page with the button.",
)
@click.option(
    "--wait",
    type=duration,
    default="10m",
    show_default=True,
    metavar="TIME",
    help="How long to wait for the buyer.",
)
@credentials.credential_options
@json_option
@click.pass_context
def conformance(  # noqa: PLR0913 - one parameter for each option
    ctx: click.Context,
    given: dict[str, Any],
    *,
    store_id: str,
    merchant_id: str | None,
    currency: str | None,
    session: str | None,
    only: tuple[str, ...],
    no_buyer: bool,
    port: int,
    wait: timedelta,
    as_json: bool,
) -> None:
    """Compare the simulator with your own sandbox, where Amazon's pages are silent.

    There the simulator guesses. This command tries each guess that a sandbox can
    decide, and prints which are right. It prints one link: open it, and pay once as a
    test buyer. Then it makes about a hundred calls, which create sessions, charges and
    refunds of test money. A live key is refused. What --json prints holds no secret, no
    id and no data of a buyer: keep it in a file for `amazonpay simulate --observed
    FILE`, and send it to this project.

    The exit status is 1 if a guess is wrong, and 3 if nobody has paid in time.
    """
    state = ctx.ensure_object(Session)
    with credentials.client_from(ctx, given) as client:
        if not client.sandbox:
            raise ConfigurationError(
                "conformance is for the sandbox, and this key is live: nothing was sent"
            )
        asker = asker_from(
            _arguments(given), state.options.get("transport"), state.now, state.wait
        )
        _check_key(asker)
        money = currency or _CURRENCIES.get(_region(given), _currency_of(asker))
        scene = Scene(asker, store_id, money)
        needs_buyer = not only or not PAYMENT_PROBES.keys().isdisjoint(only)
        if session is None and needs_buyer and not no_buyer:
            if merchant_id is None:
                raise ConfigurationError(
                    "the button needs a --merchant-id; or give a --session in which a"
                    " buyer has paid, or --no-buyer"
                )
            page = {
                "merchant_id": merchant_id,
                "storeId": store_id,
                "paymentDetails": {
                    "paymentIntent": "Confirm",
                    "chargeAmount": scene.price(TOTAL),
                },
            }
            session = clicked(client, page, port, wait.total_seconds())
    payment = None if session is None else Payment(scene, checked_session(session))
    rows = list(_asked(scene, payment, only or tuple(GUESSES)))
    _print(rows, asker, as_json=as_json)
    ctx.exit(SAID_NO if any(row.held is False for row in rows) else OK)


def _arguments(given: dict[str, Any]) -> dict[str, Any]:
    arguments = credentials.arguments_from(given)
    if given["profile"] is None:
        return arguments_from_env(arguments) | arguments
    return {**arguments, "private_key_password": key_files.password()}


def _region(given: dict[str, Any]) -> str:
    return str(_arguments(given)["region"]).lower()


def _currency_of(asker: Asker) -> str:
    return _CURRENCIES.get(asker.endpoint.region.code, "USD")


def _check_key(asker: Asker) -> None:
    """Make one call that must be answered by 404.

    Raises:
        Failure: key, environment or clock are wrong, or nobody answers.
    """
    try:
        answer = asker.get("/checkoutSessions/0")
        if answer.reason == "ResourceNotFound":
            return
        told, status = f"the key cannot be used: {answer.text}", SAID_NO
    except Undecided as undecided:
        told = f"the sandbox cannot be asked: {undecided}"
        status = NO_ANSWER if isinstance(undecided, Unanswered) else SAID_NO
    raise Failure(f"{told}; ask: amazonpay doctor", status)


def _asked(
    scene: Scene, payment: Payment | None, wanted: tuple[str, ...]
) -> Iterator[Row]:
    """Ask about guesses, in the order of the table."""
    for guess in GUESSES.values():
        if guess.id not in wanted:
            continue
        probe = _probe(guess.id, scene, payment)
        row = _decided(guess, probe)
        words(f"{guess.id}: {row.observed or f'not decided: {row.why}'}")
        yield row


def _probe(
    guess: str, scene: Scene, payment: Payment | None
) -> Callable[[], str] | None:
    if guess in PROBES:
        return lambda: PROBES[guess](scene)
    if payment is None:
        return None
    return lambda: PAYMENT_PROBES[guess](payment) if payment.is_paid else ""


def _decided(guess: Guess, probe: Callable[[], str] | None) -> Row:
    if probe is None:
        return Row(guess, None, _NO_BUYER)
    try:
        observed = probe()
    except Undecided as undecided:
        return Row(guess, None, str(undecided))
    code = observed.rpartition(" ")[2]
    if code in _NOT_ALLOWED and guess.id not in _MAY_BE_SO:
        return Row(guess, None, f"the account may not make this call: {observed}")
    if not guess.takes(observed):
        return Row(guess, None, "the answer has a form that the simulator cannot take")
    return Row(guess, observed, None)


def _print(rows: list[Row], asker: Asker, *, as_json: bool) -> None:
    held = sum(row.held is True for row in rows)
    differ = sum(row.held is False for row in rows)
    if as_json:
        from .._core.version import installed_version

        json_line(
            {
                "format": FORMAT,
                "package": installed_version(),
                "environment": "sandbox",
                "region": asker.endpoint.region.code,
                "algorithm": asker.algorithm.name,
                "date": f"{asker.now():%Y-%m-%d}",
                "held": held,
                "differ": differ,
                "guesses": [row.as_json() for row in rows],
                "undecided": [
                    {"point": point, "why": why} for point, why in UNDECIDED.items()
                ],
            }
        )
    else:
        marks = {True: "yes", False: "NO", None: "?"}
        table(
            ("guess", "held", "observed", "guessed, or why it is not decided"),
            [
                *(
                    (
                        row.guess.id,
                        marks[row.held],
                        row.observed,
                        row.why or row.guess.guessed,
                    )
                    for row in rows
                ),
                *((point, "-", None, why) for point, why in UNDECIDED.items()),
            ],
        )
    words(
        f"{held} guesses held, {differ} did not, {len(rows) - held - differ} were not"
        f" decided; {len(UNDECIDED)} more cannot be decided by a sandbox account."
    )
