"""The simulator: a request in, an answer out; clock, ids and store are given to it."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any

from .._config import REGIONS
from .._operation import operations_of
from ..resources import Operations
from .actors import bank as issuer
from .actors import buyer
from .actors.control_api import control
from .engine.context import World
from .engine.faults import Asked, Fault, Faults
from .engine.ids import Ids
from .engine.store import Store
from .engine.timestamps import http_date, read, utc_now, written
from .handlers import (
    authorization_tokens,
    buyers,
    charge_permissions,
    charges,
    checkout_sessions,
    completion,
    delivery_trackers,
    disbursements,
    disputes,
    files,
    in_store,
    merchant_accounts,
    refunds,
    report_schedules,
    reports,
)
from .settings import Settings
from .wire import bodies as validation
from .wire import idempotency, links, openapi, paging, queries
from .wire.api_call import APICall, Raw
from .wire.authentication import authenticate, region_of
from .wire.errors import Refusal
from .wire.messages import Answer, Request
from .wire.routes import route

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from datetime import datetime

    from .._config import Environment
    from .engine.store import Record, Row, Transaction
    from .merchants import Merchant
    from .wire.api_call import Handler
    from .wire.messages import Pairs
    from .wire.routes import Route

_LOGGER = logging.getLogger("AmazonPay.simulator")

# One handler for each operation, in the file of its noun.
_NOUNS = (
    buyers,
    checkout_sessions,
    completion,
    charge_permissions,
    charges,
    refunds,
    delivery_trackers,
    in_store,
    authorization_tokens,
    reports,
    report_schedules,
    disbursements,
    disputes,
    files,
    merchant_accounts,
)
HANDLERS: dict[str, Handler] = {
    name: getattr(noun, name)
    for name in operations_of(Operations)
    for noun in _NOUNS
    if hasattr(noun, name)
}

# What happens by itself, by the kind of object.
_HAPPENINGS = {
    noun.KIND: noun.happen
    for noun in (
        checkout_sessions,
        charge_permissions,
        charges,
        refunds,
        buyers,
        disputes,
        reports,
        report_schedules,
        authorization_tokens,
        links,
        paging,
    )
}

# What whoever follows a link gets, by the kind of object that it leads to.
_LINKED = {
    files.KIND: files.receive,
    reports.DOCUMENT: reports.download,
    merchant_accounts.KIND: merchant_accounts.finish_claim,
}

CONTROL_PATH = "/_simulator/"
OPENAPI_PATH = "/openapi.json"
_TEXT_KEPT = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Outcome:
    status: int
    body: bytes
    replayed: bool = False
    content_type: str = "application/json"
    location: str | None = None
    fault: Fault | None = None
    """What is answered instead."""

    @property
    def headers(self) -> Pairs:
        """What the headers say of the content; nothing, of none."""
        kind = (("content-type", self.content_type),) if self.body else ()
        where = (("location", self.location),) if self.location else ()
        return kind + where


def _not_at_all(seconds: float) -> None:
    del seconds


class Simulator:
    """Amazon Pay, as far as a merchant's code can see it.

    `clock` tells the time; what is due by then happens first in every request, and in
    `settle()`. `store` keeps the world: in memory, or in a file for the next start.
    `dice` decide where the settings want faults; `wait` is called for the seconds that
    a call takes longer by them, and does nothing unless told.
    """

    def __init__(  # noqa: PLR0913 - whatever is not pure is given
        self,
        merchants: Iterable[Merchant],
        *,
        store: Store | None = None,
        clock: Callable[[], datetime] = utc_now,
        ids: Ids | None = None,
        settings: Settings | None = None,
        dice: Random | None = None,
        wait: Callable[[float], object] = _not_at_all,
    ) -> None:
        self.merchants = {one.public_key_id: one for one in merchants}
        self.store = store or Store()
        self.clock = clock
        self.ids = ids or Ids()
        self.settings = settings or Settings()
        self._faults = Faults(self.settings, dice or SystemRandom(), wait)

    # Requests -------------------------------------------------------------------------

    def handle(self, request: Request) -> Answer:
        """Answer one request; whatever comes, the answer is Amazon's form of one."""
        request_id = self.ids.uuid()
        try:
            if (request.method, request.path) == ("GET", OPENAPI_PATH):
                outcome = _Outcome(200, _encoded(openapi.document()))
            elif request.path.startswith(links.PATH):
                outcome = self._follow(request)
            elif request.path.startswith(CONTROL_PATH):
                status, value = control(self, request)
                outcome = _Outcome(status, _encoded(value))
            else:
                outcome = self._answer(request, request_id)
        except Refusal as refusal:
            outcome = _Outcome(refusal.status, _refused(refusal))
        except Exception:
            _LOGGER.exception("a defect of the simulator, request id %s", request_id)
            fault = Refusal("InternalServerError", "A defect; see the simulator's log")
            outcome = _Outcome(fault.status, _refused(fault))
        return self._given(outcome, request_id)

    def refuse(self, refusal: Refusal) -> Answer:
        """Answer what is no request yet: a body that is too large, say."""
        outcome = _Outcome(refusal.status, _refused(refusal))
        return self._given(outcome, self.ids.uuid())

    def _given(self, outcome: _Outcome, request_id: str) -> Answer:
        answer = Answer(outcome.status, outcome.body, outcome.headers)
        if outcome.fault is not None:
            answer = outcome.fault.answer
        headers = (
            ("date", http_date(self.clock())),
            ("x-amz-pay-request-id", request_id),
            ("x-simulator", "AmazonPay"),
        )
        return replace(answer, headers=(*answer.headers, *headers))

    def _answer(self, request: Request, request_id: str) -> _Outcome:
        """Verify first, outside the transaction; then answer in one."""
        try:
            found = route(request.method, request.path)
            merchant, environment = authenticate(
                request,
                self.merchants,
                found.environment,
                self.clock(),
                self.settings.oldest_date,
            )
            region = region_of(request, merchant, strict=self.settings.strict_regions)
            key = idempotency.key_of(request, found.name, self.settings)
            call = APICall(
                found.name,
                found.ids,
                validation.parsed(request.body),
                queries.checked(found.name, request.query),
                request.path,
                region,
                merchant,
                self._origin(request),
                request.header("x-amz-pay-simulation-code"),
                request.header("x-amz-pay-authtoken"),
            )
            if call.auth_token is not None:
                call = self._acting(call, environment)
        except Refusal as refusal:
            outcome = _Outcome(refusal.status, _refused(refusal))
            with self._world("") as world:
                self._tell(world, request, outcome, request_id, None)
            return outcome
        owner = f"{call.merchant.merchant_id}/{environment}"
        asked = Asked(owner, environment, found.name, found.method, found.path, key)
        with self._faults.holding(asked) as taken, self._world(owner) as world:
            fault = self._faults.strike(asked, world.now, taken=taken)
            world.stale = self._faults.shows_the_past(asked)
            if fault is None or fault.runs:
                outcome = replace(self._once(world, found, call, key), fault=fault)
            else:
                outcome = _Outcome(fault.answer.status, fault.answer.body, fault=fault)
            self._tell(world, request, outcome, request_id, key)
        return outcome

    def _acting(self, call: APICall, environment: Environment) -> APICall:
        """Let a delegated call act for the merchant whose token it bears."""
        with self._world(f"{call.merchant.merchant_id}/{environment}") as world:
            return authorization_tokens.acting(world, call, self.merchants.values())

    def _follow(self, request: Request) -> _Outcome:
        """Answer whoever follows a link: unsigned, so by the link's own secret."""
        with self._world("") as world:
            kind, record = links.follow(world, request)
            status, value = _LINKED[kind](world, record, request)
            return _outcome(status, value)

    def _once(
        self, world: World, found: Route, call: APICall, key: str | None
    ) -> _Outcome:
        """Run a handler, unless the key has an answer already."""
        method = found.method
        if key is not None:
            key = idempotency.stored_under(key, found.name, self.settings)
            try:
                stored = idempotency.repeated(
                    world.transaction, world.owner, key, method, found.path, call.body
                )
            except Refusal as refusal:
                return _Outcome(refusal.status, _refused(refusal))
            if stored is not None:
                return _Outcome(stored.status, stored.answer, replayed=True)
        try:
            with world.transaction.attempt():
                outcome = self._run(world, found, call)
        except Refusal as refusal:
            outcome = _Outcome(refusal.status, _refused(refusal))
        if key is not None:
            idempotency.keep(
                world.transaction,
                self.settings,
                world.owner,
                key,
                (method, found.path, call.body),
                (outcome.status, outcome.body),
            )
        return outcome

    def _run(self, world: World, found: Route, call: APICall) -> _Outcome:
        checked = validation.checked(
            found.name,
            dict(call.body),
            takes_unknown_members=self.settings.takes_unknown_members,
        )
        try:
            handler = HANDLERS[found.name]
            status, value = handler(world, replace(call, body=checked))
        except Refusal as refusal:
            if not refusal.keep:
                raise
            return _Outcome(refusal.status, _refused(refusal))
        return _outcome(status, value)

    def _tell(
        self,
        world: World,
        request: Request,
        outcome: _Outcome,
        request_id: str,
        key: str | None,
    ) -> None:
        world.tell(
            "request",
            world.order,
            method=request.method,
            target=request.target,
            body=_text(request.body),
            status=outcome.status,
            answer=_text(outcome.body),
            requestId=request_id,
            idempotencyKey=key,
            replayed=outcome.replayed,
            fault=None if outcome.fault is None else outcome.fault.told,
        )

    @staticmethod
    def _origin(request: Request) -> str:
        host = request.header("host") or "localhost"
        return f"{request.scheme}://{host}"

    # Time -----------------------------------------------------------------------------

    @contextmanager
    def _world(self, owner: str) -> Generator[World]:
        """Open a transaction in which everything due has happened."""
        with self.store.transaction() as transaction:
            now = self.clock()
            self._catch_up(transaction, now)
            yield World(transaction, now, owner, self.ids, self.settings, now)

    def _catch_up(self, transaction: Transaction, now: datetime) -> None:
        while due := transaction.next_due(written(now)):
            at = read(due.at)
            world = World(transaction, at, due.owner, self.ids, self.settings, now)
            record = world.find(due.kind, due.id)
            if record is not None:
                _HAPPENINGS[due.kind](world, record, due.event)

    def settle(self) -> None:
        """Let everything happen that is due by now, without waiting for a request."""
        with self._world(""):
            pass

    # The buyer, and what happened -----------------------------------------------------

    def owner_of(self, kind: str, id_: str) -> str:
        """Find whose an object is; a buyer only knows its id."""
        for merchant in self.merchants.values():
            for environment in merchant.environments:
                owner = f"{merchant.merchant_id}/{environment}"
                with self._world(owner) as world:
                    if world.find(kind, id_) is not None:
                        return owner
        raise Refusal("ResourceNotFound", f"There is no {kind} '{id_}'")

    def _act(self, session_id: str, act: Callable[[World], Record]) -> dict[str, Any]:
        owner = self.owner_of(checkout_sessions.KIND, session_id)
        with self._world(owner) as world:
            return checkout_sessions.show(act(world), "https://localhost")

    def choose(  # noqa: PLR0913 - what a buyer chooses on one page
        self,
        session_id: str,
        *,
        card: str = "1111",
        shipping_address: dict[str, Any] | None = None,
        shipping_addresses: list[dict[str, Any]] | None = None,
        product_type: str = "PayAndShip",
        consents: bool = True,
    ) -> dict[str, Any]:
        """Let a buyer sign in and choose card and address; gives the session.

        `shipping_addresses` is for the product type `PayAndShipMultiAddress`;
        `consents` is whether he lets the merchant keep his wallet, if asked.
        """
        return self._act(
            session_id,
            lambda world: buyer.choose(
                world,
                session_id,
                card=card,
                shipping_address=shipping_address,
                shipping_addresses=shipping_addresses,
                product_type=product_type,
                consents=consents,
            ),
        )

    def pay(self, session_id: str) -> dict[str, Any]:
        """Let the buyer press Pay; the merchant still has to complete."""
        return self._act(session_id, lambda world: buyer.pay(world, session_id))

    def cancel(self, session_id: str) -> dict[str, Any]:
        """Let the buyer leave by the link back to the shop."""
        return self._act(session_id, lambda world: buyer.cancel(world, session_id))

    def manage(self, permission_id: str, act: str) -> dict[str, Any]:
        """Let the buyer act in his Amazon account; gives the Charge Permission.

        `act` is `close`, `deletePaymentMethod`, `deleteBillingAddress` or
        `mendPaymentMethod`.
        """
        owner = self.owner_of(charge_permissions.KIND, permission_id)
        with self._world(owner) as world:
            permission = buyer.manage(world, permission_id, act)
            return charge_permissions.show(world, permission)

    def sign_in(
        self,
        public_key_id: str,
        region: str | None = None,
        scopes: list[str] | None = None,
    ) -> str:
        """Let a buyer sign in without a checkout; gives the token for Get Buyer.

        The region is the merchant's own, else the given one, else North America.
        """
        merchant = self.merchants.get(public_key_id)
        if merchant is None:
            raise Refusal("ResourceNotFound", f"There is no key id '{public_key_id}'")
        named = REGIONS.get((merchant.region or region or "na").lower())
        if named is None:
            raise Refusal(
                "InvalidParameterValue", f"The region is one of {', '.join(REGIONS)}"
            )
        environment = "sandbox" if "sandbox" in merchant.environments else "live"
        with self._world(f"{merchant.merchant_id}/{environment}") as world:
            return buyer.sign_in(world, named.code, scopes)

    def file_chargeback(
        self, charge_id: str, *, amount: str | None = None, reason: str = "Other"
    ) -> dict[str, Any]:
        """Let the buyer's bank file a chargeback; gives the dispute."""
        with self._world(self.owner_of(charges.KIND, charge_id)) as world:
            charge = world.get(charges.KIND, charge_id)
            dispute = issuer.file_chargeback(
                world, charge, amount=amount, filing_reason=reason
            )
            return disputes.show(dispute)

    def decide_dispute(self, dispute_id: str, decision: str) -> dict[str, Any]:
        """Let a dispute be decided: one of `issuer.DECISIONS`; gives the dispute."""
        with self._world(self.owner_of(disputes.KIND, dispute_id)) as world:
            dispute = world.get(disputes.KIND, dispute_id)
            return disputes.show(issuer.decide(world, dispute, decision))

    def delegate(self, public_key_id: str, merchant_id: str) -> str:
        """Let a merchant allow a key's account to act for him; gives the MWS token.

        A live client exchanges it by Get Authorization Token.
        """
        with self._world(self._account_of(public_key_id)) as world:
            return authorization_tokens.delegate(world, merchant_id)

    def authorize(self, public_key_id: str, merchant_id: str) -> str:
        """Give the token with which a key's account acts for a merchant.

        It is what Get Authorization Token answers, which sandbox does not have.
        """
        with self._world(self._account_of(public_key_id)) as world:
            return authorization_tokens.issue(world, merchant_id)

    def _account_of(self, public_key_id: str) -> str:
        merchant = self.merchants.get(public_key_id)
        if merchant is None:
            raise Refusal("ResourceNotFound", f"There is no key id '{public_key_id}'")
        return f"{merchant.merchant_id}/"

    def story(self, order: str | None = None, after: int = 0) -> list[Row]:
        """Read what happened, in order; of one order (its checkout session), or all."""
        with self.store.transaction() as transaction:
            return transaction.story(order, after)


def _encoded(value: object) -> bytes:
    """Write an answer; null members stay, and None is no body at all."""
    if value is None:
        return b""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _outcome(status: int, value: object) -> _Outcome:
    if isinstance(value, Raw):
        return _Outcome(
            status, value.body, content_type=value.content_type, location=value.location
        )
    return _Outcome(status, _encoded(value))


def _refused(refusal: Refusal) -> bytes:
    return _encoded({"reasonCode": refusal.reason_code, "message": refusal.message})


def _text(data: bytes) -> str:
    return data[:_TEXT_KEPT].decode(errors="replace")
