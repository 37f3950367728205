"""The part of a simulator that is not the API: time, the buyer, the bank, story."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..._core.clock import utc_now
from ..._core.regions import REGIONS
from ..addresses import HERE
from ..engine.context import EXPIRES, Context
from ..engine.ids import Ids
from ..engine.store import Store
from ..engine.timestamps import format_timestamp, parse_timestamp
from ..handlers import (
    ON_DUE,
    authorization_tokens,
    charge_permissions,
    charges,
    checkout_sessions,
    disputes,
)
from ..merchants import BRITISH, by_key_id
from ..settings import Settings
from ..wire.errors import APIRefusal, invalid_value
from . import bank, provoked
from . import buyer as actor
from .notifier import Notifier

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from datetime import datetime

    from ..engine.outcomes import When
    from ..engine.store import HistoryRow, Record, Transaction
    from ..merchants import Merchant


class Backstage:
    """Everything about a simulator that a merchant's code does not see."""

    def __init__(
        self,
        merchants: Iterable[Merchant],
        store: Store | None,
        clock: Callable[[], datetime] | None,
        ids: Ids | None,
        settings: Settings | None,
    ) -> None:
        self.merchants = by_key_id(merchants)
        self.store = store or Store()
        self.clock = clock or utc_now
        self.ids = ids or Ids()
        self.settings = settings or Settings()
        self.origin = "https://localhost"
        """The simulator's own address; a server sets it."""
        self.addresses = HERE
        """The names by which it is reached, and whether only this machine does so."""
        self.notifications = Notifier(
            self.store, self._context, self._now, self.merchants
        )

    @property
    def pages(self) -> str:
        """Where links to the buyer's pages begin in answers to control calls."""
        return self.addresses.public_url or self.origin

    def _now(self) -> datetime:
        return self.clock()

    # Time -----------------------------------------------------------------------------

    @contextmanager
    def _context(self, owner: str) -> Generator[Context]:
        """Begin a transaction for an owner, after all events that are due."""
        with self.store.transaction() as transaction:
            now = self.clock()
            self._apply_due_events(transaction, now)
            heard = self.notifications.are_heard
            yield Context(
                transaction, now, owner, self.ids, self.settings, now, heard=heard
            )

    def _apply_due_events(self, transaction: Transaction, now: datetime) -> None:
        while due := transaction.next_due(format_timestamp(now)):
            at = parse_timestamp(due.at)
            heard = self.notifications.are_heard
            context = Context(
                transaction, at, due.owner, self.ids, self.settings, now, heard=heard
            )
            if due.event == EXPIRES:
                context.delete(due.kind, due.id)
                continue
            record = context.find(due.kind, due.id)
            if record is not None:
                ON_DUE[due.kind](context, record, due.event)

    def settle(self) -> None:
        """Apply all events that are due by now, without waiting for a request."""
        with self._context(""):
            pass

    def story(
        self, order: str | None = None, after: int = 0, *, limit: int | None = None
    ) -> list[HistoryRow]:
        """Return what has happened: to one order (by its checkout session), or at all.

        `after` is the number of the last row that is left out, and `limit` the most
        rows that are returned. Where rows are gone (`Settings.story_rows`), a row of
        the kind `dropped` stands for them.
        """
        rows = islice(self.store.story(order, after), limit)
        return self.notifications.filled(rows)

    # The buyer ------------------------------------------------------------------------

    @contextmanager
    def found(self, kind: str, id_: str) -> Generator[tuple[Context, Record]]:
        """Find an object of any owner, and begin a transaction for its owner.

        Raises:
            APIRefusal: there is no object of this kind and id.
        """
        with self._context("") as context:
            for merchant in self.merchants.values():
                for environment in merchant.environments:
                    context.owner = f"{merchant.merchant_id}/{environment}"
                    record = context.find(kind, id_)
                    if record is not None:
                        yield context, record
                        return
            raise APIRefusal("ResourceNotFound", f"There is no {kind} '{id_}'")

    def _merchant(self, public_key_id: str) -> Merchant:
        merchant = self.merchants.get(public_key_id)
        if merchant is None:
            raise APIRefusal(
                "ResourceNotFound", f"There is no key id '{public_key_id}'"
            )
        return merchant

    def choose(  # noqa: PLR0913 - what a buyer chooses on one page
        self,
        session_id: str,
        *,
        card: str = "1111",
        shipping_address: dict[str, Any] | None = None,
        shipping_addresses: list[dict[str, Any]] | None = None,
        product_type: str = "PayAndShip",
        consents: bool = True,
        buyer: int = 1,
    ) -> dict[str, Any]:
        """Let a buyer sign in and choose card and address; return the session.

        `shipping_addresses` is for the product type `PayAndShipMultiAddress`;
        `consents` is whether they let the merchant save their wallet, if asked;
        `buyer` is the number of the test buyer.
        """
        with self.found(checkout_sessions.KIND, session_id) as (context, session):
            actor.choose(
                context,
                session,
                card=card,
                shipping_address=shipping_address,
                shipping_addresses=shipping_addresses,
                product_type=product_type,
                consents=consents,
                buyer=buyer,
            )
            return checkout_sessions.to_json(session, self.pages)

    def pay(self, session_id: str) -> dict[str, Any]:
        """Let the buyer press Pay; return the session, which is still to complete."""
        with self.found(checkout_sessions.KIND, session_id) as (context, session):
            actor.pay(context, session)
            return checkout_sessions.to_json(session, self.pages)

    def cancel(self, session_id: str) -> dict[str, Any]:
        """Let the buyer go back to the shop; return the session, now `Canceled`."""
        with self.found(checkout_sessions.KIND, session_id) as (context, session):
            actor.cancel(context, session)
            return checkout_sessions.to_json(session, self.pages)

    def amazon_cancel(self, session_id: str) -> dict[str, Any]:
        """Let Amazon cancel a session; return it."""
        with self.found(checkout_sessions.KIND, session_id) as (context, session):
            context.move(checkout_sessions.KIND, session, "Amazon cancels")
            return checkout_sessions.to_json(session, self.pages)

    def end_charge(self, charge_id: str, act: str) -> dict[str, Any]:
        """Let a charge be canceled by `amazonCancel` or `buyerCancel`; return it."""
        with self.found(charges.KIND, charge_id) as (context, charge):
            if act not in charges.ACTIONS:
                raise invalid_value(f"The act is one of {', '.join(charges.ACTIONS)}")
            charges.apply_event(context, charge, charges.ACTIONS[act])
            return charges.to_json(charge)

    def provoke(
        self,
        operation: str,
        outcome: str,
        *,
        when: When = "before",
        times: int = 1,
        public_key_id: str | None = None,
    ) -> None:
        """Let the next calls of an operation end in an outcome.

        `operation` is the name of a client's method and `outcome` a reason code, the
        status of a gateway, or the state that is reached in the end. `when` is
        `before`: the call is refused; `after`: it does its work, and its answer is
        lost; or `later`: it works, and what it began ends so. The account is that of
        the key id; the first one by default.
        """
        key_id = public_key_id or next(iter(self.merchants), "")
        with self._context(f"{self._merchant(key_id).merchant_id}/") as context:
            provoked.provoke(context, operation, outcome, when, times)

    def manage(self, permission_id: str, act: str) -> dict[str, Any]:
        """Let something happen to a Charge Permission; return it.

        `act` is what the buyer does in their Amazon account: `close`,
        `deletePaymentMethod`, `deleteBillingAddress` or `mendPaymentMethod`; or
        `expirePaymentMethod`, `failAuthentication`, `amazonClose` or `amazonCancel`.
        """
        with self.found(charge_permissions.KIND, permission_id) as found:
            context, permission = found
            actor.manage(context, permission, act)
            return charge_permissions.to_json(context, permission)

    def sign_in(
        self,
        public_key_id: str,
        region: str | None = None,
        scopes: list[str] | None = None,
        *,
        buyer: int = 1,
    ) -> str:
        """Let a buyer sign in without a checkout; return the token for Get Buyer.

        The region is the merchant's own, else the given one, else North America.
        """
        merchant = self._merchant(public_key_id)
        named = REGIONS.get((merchant.region or region or "na").lower())
        if named is None:
            raise invalid_value(f"The region is one of {', '.join(REGIONS)}")
        environment = "sandbox" if "sandbox" in merchant.environments else "live"
        with self._context(f"{merchant.merchant_id}/{environment}") as context:
            british = BRITISH in {merchant.market, (region or "").lower()}
            return actor.sign_in(
                context, BRITISH if british else named.code, scopes, buyer
            )

    # The bank, and other merchants ----------------------------------------------------

    def file_chargeback(
        self, charge_id: str, *, amount: str | None = None, reason: str = "Other"
    ) -> dict[str, Any]:
        """Let the buyer's bank file a chargeback; return the dispute."""
        with self.found(charges.KIND, charge_id) as (context, charge):
            dispute = bank.file_chargeback(
                context, charge, amount=amount, filing_reason=reason
            )
            return disputes.to_json(dispute)

    def decide_dispute(self, dispute_id: str, decision: str) -> dict[str, Any]:
        """Let a dispute be decided, by one of `bank.DECISIONS`; return the dispute."""
        with self.found(disputes.KIND, dispute_id) as (context, dispute):
            bank.decide(context, dispute, decision)
            return disputes.to_json(dispute)

    def delegate(self, public_key_id: str, merchant_id: str) -> str:
        """Let a merchant allow a key's account to act for them; return the MWS token.

        A live client exchanges it by Get Authorization Token.
        """
        with self._context(f"{self._merchant(public_key_id).merchant_id}/") as context:
            return authorization_tokens.delegate(context, merchant_id)

    def authorize(self, public_key_id: str, merchant_id: str) -> str:
        """Return the token with which a key's account acts for a merchant.

        It is what Get Authorization Token returns, which sandbox does not have.
        """
        with self._context(f"{self._merchant(public_key_id).merchant_id}/") as context:
            return authorization_tokens.issue(context, merchant_id)
