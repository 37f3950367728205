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
from .actors import bank, buyer
from .actors.control_api import answer_control_call
from .engine.context import Context
from .engine.faults import Fault, FaultKey, Faults
from .engine.ids import Ids
from .engine.store import Store
from .engine.timestamps import format_timestamp, http_date, parse_timestamp, utc_now
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
from .wire import bodies, idempotency, links, openapi, paging, queries
from .wire.api_call import APICall, Raw
from .wire.authentication import authenticate, region_of
from .wire.errors import APIRefusal
from .wire.messages import HTTPResponse, Request
from .wire.routes import route

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from datetime import datetime

    from .._config import Environment
    from .engine.store import HistoryRow, Record, Transaction
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
ON_DUE = {
    noun.KIND: noun.on_due
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
    `settle()`. `store` keeps the context: in memory, or in a file for the next start.
    `dice` decide where the settings want faults; `wait` is called for the seconds that
    a call takes longer by them, and does nothing unless label.
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

    def handle(self, request: Request) -> HTTPResponse:
        """Answer one request; whatever comes, the answer is Amazon's form of one."""
        request_id = self.ids.uuid()
        try:
            if (request.method, request.path) == ("GET", OPENAPI_PATH):
                outcome = _Outcome(200, _encoded(openapi.document()))
            elif request.path.startswith(links.PATH):
                outcome = self._follow(request)
            elif request.path.startswith(CONTROL_PATH):
                status, value = answer_control_call(self, request)
                outcome = _Outcome(status, _encoded(value))
            else:
                outcome = self._answer(request, request_id)
        except APIRefusal as refusal:
            outcome = _Outcome(refusal.status, _refused(refusal))
        except Exception:
            _LOGGER.exception("a defect of the simulator, request id %s", request_id)
            fault = APIRefusal(
                "InternalServerError", "A defect; see the simulator's log"
            )
            outcome = _Outcome(fault.status, _refused(fault))
        return self._given(outcome, request_id)

    def refuse(self, refusal: APIRefusal) -> HTTPResponse:
        """Answer what is no request yet: a body that is too large, say."""
        outcome = _Outcome(refusal.status, _refused(refusal))
        return self._given(outcome, self.ids.uuid())

    def _given(self, outcome: _Outcome, request_id: str) -> HTTPResponse:
        answer = HTTPResponse(outcome.status, outcome.body, outcome.headers)
        if outcome.fault is not None:
            answer = outcome.fault.response
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
                bodies.parse_body(request.body),
                queries.parse_query(found.name, request.query),
                request.path,
                region,
                merchant,
                self._origin(request),
                request.header("x-amz-pay-simulation-code"),
                request.header("x-amz-pay-authtoken"),
            )
            if call.auth_token is not None:
                call = self._act_for_merchant(call, environment)
        except APIRefusal as refusal:
            outcome = _Outcome(refusal.status, _refused(refusal))
            with self._open("") as context:
                self._add_history(context, request, outcome, request_id, None)
            return outcome
        owner = f"{call.merchant.merchant_id}/{environment}"
        fault_key = FaultKey(
            owner, environment, found.name, found.method, found.path, key
        )
        with self._faults.hold_key(fault_key) as held, self._open(owner) as context:
            fault = self._faults.next_fault(fault_key, context.now, held=held)
            context.stale = self._faults.is_stale(fault_key)
            if fault is None or fault.runs:
                outcome = replace(self._once(context, found, call, key), fault=fault)
            else:
                outcome = _Outcome(
                    fault.response.status, fault.response.body, fault=fault
                )
            self._add_history(context, request, outcome, request_id, key)
        return outcome

    def _act_for_merchant(self, call: APICall, environment: Environment) -> APICall:
        """Let a delegated call act for the merchant whose token it bears."""
        with self._open(f"{call.merchant.merchant_id}/{environment}") as context:
            return authorization_tokens.act_for_merchant(
                context, call, self.merchants.values()
            )

    def _follow(self, request: Request) -> _Outcome:
        """Answer whoever follows a link: unsigned, so by the link's own secret."""
        with self._open("") as context:
            kind, record = links.follow_link(context, request)
            status, value = _LINKED[kind](context, record, request)
            return _outcome(status, value)

    def _once(
        self, context: Context, found: Route, call: APICall, key: str | None
    ) -> _Outcome:
        """Run a handler, unless the key has an answer already."""
        method = found.method
        if key is not None:
            key = idempotency.storage_key(key, found.name, self.settings)
            try:
                stored = idempotency.stored_response(
                    context.transaction,
                    context.owner,
                    key,
                    method,
                    found.path,
                    call.body,
                )
            except APIRefusal as refusal:
                return _Outcome(refusal.status, _refused(refusal))
            if stored is not None:
                return _Outcome(stored.status, stored.answer, replayed=True)
        try:
            with context.transaction.savepoint():
                outcome = self._run(context, found, call)
        except APIRefusal as refusal:
            outcome = _Outcome(refusal.status, _refused(refusal))
        if key is not None:
            idempotency.store_response(
                context.transaction,
                self.settings,
                context.owner,
                key,
                (method, found.path, call.body),
                (outcome.status, outcome.body),
            )
        return outcome

    def _run(self, context: Context, found: Route, call: APICall) -> _Outcome:
        checked = bodies.check_body(
            found.name,
            dict(call.body),
            takes_unknown_members=self.settings.takes_unknown_members,
        )
        try:
            handler = HANDLERS[found.name]
            status, value = handler(context, replace(call, body=checked))
        except APIRefusal as refusal:
            if not refusal.keep_changes:
                raise
            return _Outcome(refusal.status, _refused(refusal))
        return _outcome(status, value)

    def _add_history(
        self,
        context: Context,
        request: Request,
        outcome: _Outcome,
        request_id: str,
        key: str | None,
    ) -> None:
        context.add_history(
            "request",
            context.order,
            method=request.method,
            target=request.target,
            body=_text(request.body),
            status=outcome.status,
            answer=_text(outcome.body),
            requestId=request_id,
            idempotencyKey=key,
            replayed=outcome.replayed,
            fault=None if outcome.fault is None else outcome.fault.label,
        )

    @staticmethod
    def _origin(request: Request) -> str:
        host = request.header("host") or "localhost"
        return f"{request.scheme}://{host}"

    # Time -----------------------------------------------------------------------------

    @contextmanager
    def _open(self, owner: str) -> Generator[Context]:
        """Open a transaction in which everything due has happened."""
        with self.store.transaction() as transaction:
            now = self.clock()
            self._catch_up(transaction, now)
            yield Context(transaction, now, owner, self.ids, self.settings, now)

    def _catch_up(self, transaction: Transaction, now: datetime) -> None:
        while due := transaction.next_due(format_timestamp(now)):
            at = parse_timestamp(due.at)
            context = Context(transaction, at, due.owner, self.ids, self.settings, now)
            record = context.find(due.kind, due.id)
            if record is not None:
                ON_DUE[due.kind](context, record, due.event)

    def settle(self) -> None:
        """Let everything happen that is due by now, without waiting for a request."""
        with self._open(""):
            pass

    # The buyer, and what happened -----------------------------------------------------

    def owner_of(self, kind: str, id_: str) -> str:
        """Find whose an object is; a buyer only knows its id."""
        for merchant in self.merchants.values():
            for environment in merchant.environments:
                owner = f"{merchant.merchant_id}/{environment}"
                with self._open(owner) as context:
                    if context.find(kind, id_) is not None:
                        return owner
        raise APIRefusal("ResourceNotFound", f"There is no {kind} '{id_}'")

    def _act(self, session_id: str, act: Callable[[Context], Record]) -> dict[str, Any]:
        owner = self.owner_of(checkout_sessions.KIND, session_id)
        with self._open(owner) as context:
            return checkout_sessions.to_json(act(context), "https://localhost")

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
        `consents` is whether he lets the merchant keep his wallet, if fault_key.
        """
        return self._act(
            session_id,
            lambda context: buyer.choose(
                context,
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
        return self._act(session_id, lambda context: buyer.pay(context, session_id))

    def cancel(self, session_id: str) -> dict[str, Any]:
        """Let the buyer leave by the link back to the shop."""
        return self._act(session_id, lambda context: buyer.cancel(context, session_id))

    def manage(self, permission_id: str, act: str) -> dict[str, Any]:
        """Let the buyer act in his Amazon account; gives the Charge Permission.

        `act` is `close`, `deletePaymentMethod`, `deleteBillingAddress` or
        `mendPaymentMethod`.
        """
        owner = self.owner_of(charge_permissions.KIND, permission_id)
        with self._open(owner) as context:
            permission = buyer.manage(context, permission_id, act)
            return charge_permissions.to_json(context, permission)

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
            raise APIRefusal(
                "ResourceNotFound", f"There is no key id '{public_key_id}'"
            )
        named = REGIONS.get((merchant.region or region or "na").lower())
        if named is None:
            raise APIRefusal(
                "InvalidParameterValue", f"The region is one of {', '.join(REGIONS)}"
            )
        environment = "sandbox" if "sandbox" in merchant.environments else "live"
        with self._open(f"{merchant.merchant_id}/{environment}") as context:
            return buyer.sign_in(context, named.code, scopes)

    def file_chargeback(
        self, charge_id: str, *, amount: str | None = None, reason: str = "Other"
    ) -> dict[str, Any]:
        """Let the buyer's bank file a chargeback; gives the dispute."""
        with self._open(self.owner_of(charges.KIND, charge_id)) as context:
            charge = context.get(charges.KIND, charge_id)
            dispute = bank.file_chargeback(
                context, charge, amount=amount, filing_reason=reason
            )
            return disputes.to_json(dispute)

    def decide_dispute(self, dispute_id: str, decision: str) -> dict[str, Any]:
        """Let a dispute be decided: one of `bank.DECISIONS`; gives the dispute."""
        with self._open(self.owner_of(disputes.KIND, dispute_id)) as context:
            dispute = context.get(disputes.KIND, dispute_id)
            return disputes.to_json(bank.decide(context, dispute, decision))

    def delegate(self, public_key_id: str, merchant_id: str) -> str:
        """Let a merchant allow a key's account to act for him; gives the MWS token.

        A live client exchanges it by Get Authorization Token.
        """
        with self._open(self._account_of(public_key_id)) as context:
            return authorization_tokens.delegate(context, merchant_id)

    def authorize(self, public_key_id: str, merchant_id: str) -> str:
        """Give the token with which a key's account acts for a merchant.

        It is what Get Authorization Token answers, which sandbox does not have.
        """
        with self._open(self._account_of(public_key_id)) as context:
            return authorization_tokens.issue(context, merchant_id)

    def _account_of(self, public_key_id: str) -> str:
        merchant = self.merchants.get(public_key_id)
        if merchant is None:
            raise APIRefusal(
                "ResourceNotFound", f"There is no key id '{public_key_id}'"
            )
        return f"{merchant.merchant_id}/"

    def story(self, order: str | None = None, after: int = 0) -> list[HistoryRow]:
        """Read what happened, in order; of one order (its checkout session), or all."""
        with self.store.transaction() as transaction:
            return transaction.history(order, after)


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


def _refused(refusal: APIRefusal) -> bytes:
    return _encoded({"reasonCode": refusal.reason_code, "message": refusal.message})


def _text(data: bytes) -> str:
    return data[:_TEXT_KEPT].decode(errors="replace")
