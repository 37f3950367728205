"""Amazon Pay for one test: a simulator, its merchant, and what reaches both."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from .. import explain
from .._core.config import Retry
from .._core.environment import VARIABLES
from ..client import AsyncClient, Client
from ..errors import ConfigurationError
from ..ipn import respond
from ..journal import SQLiteJournal
from ..simulator import PROFILES, Clock, Ids, Simulator, Store, merchant
from ..simulator.story_lines import is_told, story_lines
from . import _registry
from ._extras import loaded
from ._guard import watching
from ._transport import SimulatorTransport

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import datetime

    from sqlalchemy import Engine

    from ..contrib.sqlalchemy import SQLAlchemyInbox
    from ..ipn import Inbox, Verifier
    from ..simulator import Profile, Request, Settings

_KEY_ID: Final = "SANDBOX-TEST"
_LAST_ROWS: Final = 15


@cache
def _private_key() -> rsa.RSAPrivateKey:
    """Return the key of all tests of this process: making one takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True)
class AmazonPayServer:
    """The simulator of a test, behind a socket of this machine."""

    url: str
    """Its address, such as `http://localhost:40123`."""
    port: int
    environment: Mapping[str, str]
    """The variables that `Client.from_env()` reads, for a process of your own."""


class LocalAmazonPay(Simulator):
    """A simulator in memory with one merchant; its clock stands still.

    Simulators of one process share only the merchant's key pair. Make it by
    `amazon_pay()`, or take the fixture of the same name.
    """

    def __init__(  # noqa: PLR0913 - the options of a test, by keyword
        self,
        *,
        region: str = "us",
        ledger_currency: str | None = None,
        profile: Profile = "default",
        settings: Settings | None = None,
        start: datetime | None = None,
        seed: int | None = None,
    ) -> None:
        if profile not in PROFILES:
            raise ConfigurationError(f"the profile is one of {', '.join(PROFILES)}")
        self.public_key_id = _KEY_ID
        """The id of the merchant's key."""
        self.private_key = _private_key()
        """The private half, an RSA key of `cryptography`."""
        self.region = region
        one = merchant(
            _KEY_ID,
            self.private_key.public_key(),
            region=region,
            ledger_currency=ledger_currency,
        )
        self.seed = SystemRandom().getrandbits(32) if seed is None else seed
        """Repeats its ids and its faults by chance."""
        super().__init__(
            [one],
            store=Store(),
            clock=Clock(start),
            ids=Ids(Random(f"ids {self.seed}")),  # noqa: S311 - to be repeatable, not secret
            settings=settings or PROFILES[profile],
            dice=Random(f"dice {self.seed}"),  # noqa: S311 - to be repeatable, not secret
        )
        self.merchant_id = one.merchant_id
        """The merchant's account."""
        self.transport = SimulatorTransport(self)
        """Reaches this simulator in memory, for a client of your own."""
        self.is_open = True
        self._opened = ExitStack()
        self._opened.callback(self.store.close)
        self._last_report = ""

    # What reaches it ------------------------------------------------------------------

    def client(self, **options: Any) -> Client:  # noqa: ANN401 - the options of the constructor
        """Return a client in memory; its pauses pass at once.

        `options` are those of `Client`.
        """
        return Client(*self._who, **self._options | options)

    def async_client(self, **options: Any) -> AsyncClient:  # noqa: ANN401 - the constructor's
        """Return an awaiting client in memory, for any event loop."""
        return AsyncClient(*self._who, **self._options | options)

    @property
    def _who(self) -> tuple[str, rsa.RSAPrivateKey, str]:
        return self.public_key_id, self.private_key, self.region

    @property
    def _options(self) -> dict[str, Any]:
        return {"transport": self.transport, "retry": Retry(wait=False)}

    def journal(self) -> SQLiteJournal:
        """Return an empty journal, whose file ends with the test."""
        return SQLiteJournal(self._new_folder() / "journal.db", clock=self.clock)

    def inbox(self, engine: Engine | None = None) -> SQLAlchemyInbox:
        """Return an inbox that receives this simulator's notifications.

        `advance()` sends them, and `process` of the inbox acts on them. `engine` is the
        shop's; by default it is a SQLite file that ends with the test.
        """
        kind = loaded("AmazonPay.contrib.sqlalchemy").SQLAlchemyInbox
        if engine is None:
            from sqlalchemy import create_engine

            engine = create_engine(f"sqlite:///{self._new_folder() / 'inbox.db'}")
            self._opened.callback(engine.dispose)
        inbox: SQLAlchemyInbox = kind(engine, clock=self.clock)
        inbox.create_table()
        self.deliver_to(inbox)
        return inbox

    def deliver_to(self, inbox: Inbox) -> None:
        """Send all notifications from now on to an inbox, each verified."""
        verifier = self.verifier()

        def listener(request: Request) -> int:
            return respond(verifier, inbox, request.body)

        self.notifications.add_listener(listener)

    def verifier(self) -> Verifier:
        """Return a verifier that trusts this simulator alone."""
        return self.notifications.authority.verifier(
            self.notifications.topics, merchant_id=self.merchant_id
        )

    def _new_folder(self) -> Path:
        """Make a folder that is deleted at the end, and return its path."""
        return Path(self._opened.enter_context(tempfile.TemporaryDirectory()))

    @contextmanager
    def served(self) -> Generator[AmazonPayServer]:
        """Serve this simulator over plain http while the block runs.

        `AMAZON_PAY_…` are set meanwhile, so that `Client.from_env()` reaches it.
        """
        serving = loaded("AmazonPay.simulator.server").serving
        pem = self.private_key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        with serving(self, tls=False) as address:
            environment = {
                "AMAZON_PAY_PUBLIC_KEY_ID": self.public_key_id,
                "AMAZON_PAY_PRIVATE_KEY": pem.decode(),
                "AMAZON_PAY_REGION": self.region,
                "AMAZON_PAY_ENDPOINT_URL": address.url,
            }
            with _environment(environment):
                yield AmazonPayServer(address.url, address.port, environment)

    # The buyer ------------------------------------------------------------------------

    def press(self, page: str) -> str:
        """Press the button in the HTML of a page; return the id of the new session.

        Do with the page what Amazon does: check account and signature, and create the
        session of the payload. `choose` and `pay` are the buyer's next steps.

        Raises:
            AssertionError: the page has no button with a payload, or a signature that
                Amazon would refuse; the message explains it.
        """
        _, found, rest = page.partition("amazon.Pay.renderButton(")
        _, found, rest = rest.partition(",") if found else ("", "", "")
        try:
            config = json.JSONDecoder().raw_decode(rest)[0]
            signed = config["createCheckoutSessionConfig"]
            payload, signature = signed["payloadJSON"], signed["signature"]
            named = config["merchantId"], signed["publicKeyId"], signed["algorithm"]
        except (ValueError, LookupError, TypeError):
            raise AssertionError(
                "the page has no button with a signed payload, as button.html() makes"
            ) from None
        if named[:2] != (self.merchant_id, self.public_key_id):
            raise AssertionError(
                f"the button is of account and key {named[0]}, {named[1]}; those of"
                f" this test are {self.merchant_id}, {self.public_key_id}"
            )
        key = self.private_key.public_key()
        why = explain.button(payload, signature, public_key=key, algorithm=named[2])
        if why.name != "holds":
            raise AssertionError(str(why))
        with self.client(raise_for_status=True) as amazon:
            session = amazon.create_checkout_session(json.loads(payload)).json()
        return session["checkoutSessionId"]

    # The end --------------------------------------------------------------------------

    def report(self) -> str:
        """Return the last rows of the story, with why a signature was refused."""
        if self.is_open:
            rows = [row for row in self.story() if is_told(row)]
            first = max(0, len(rows) - _LAST_ROWS)
            earlier = [row for row in rows[:first] if "explanation" in row.facts]
            shown = [*earlier[-1:], *rows[first:]]
            self._last_report = story_lines(shown, len(rows))
            if self.settings.has_chance:
                told = f"faults come by chance: seed={self.seed} repeats them"
                self._last_report += f"\n{told}"
        return self._last_report

    def close(self) -> None:
        """End it, with its journals and inboxes; `report()` still works."""
        if self.is_open:
            self.report()
            self.is_open = False
            self._opened.close()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Generator[None]:
    """Set the variables of `from_env`, and unset those that are not given."""
    before = {name: os.environ.pop(name, None) for name in VARIABLES.values()}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def amazon_pay(  # noqa: PLR0913 - the options of a test, by keyword
    *,
    region: str = "us",
    ledger_currency: str | None = None,
    profile: Profile = "default",
    settings: Settings | None = None,
    start: datetime | None = None,
    seed: int | None = None,
) -> Generator[LocalAmazonPay]:
    """Yield a simulated Amazon Pay for one test, in memory; its clock stands still.

    While the block runs, a connection to the real Amazon Pay fails it. For unittest:
    `self.amazon_pay = self.enterContext(amazon_pay())`.

    Args:
        region: The merchant's, as for `Client`.
        ledger_currency: `USD`, `EUR`, `GBP` or `JPY`; by default the region's first.
        profile: `default`, `lenient` or `hostile`.
        settings: In place of a profile.
        start: Where the clock stands; by default it is now, in whole seconds.
        seed: Repeats ids, and the faults that a profile draws by chance; the report of
            a failing test tells it.

    Raises:
        ConfigurationError: an argument is unknown.
        RealHostReached: the real Amazon Pay was reached for; nothing was sent.
    """
    local = LocalAmazonPay(
        region=region,
        ledger_currency=ledger_currency,
        profile=profile,
        settings=settings,
        start=start,
        seed=seed,
    )
    _registry.opened.append(local)
    try:
        with watching():
            yield local
    finally:
        local.close()
