"""The simulator: requests in, responses out; clock, ids and store are injected."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random, SystemRandom
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from .._core.clock import utc_now
from .actors import control_api, notifier, provoked
from .actors.controls import Controls
from .console import files as console
from .engine.clock import Clock
from .engine.exchanges import Exchange
from .engine.faults import Fault, FaultKey, Faults, provoked_fault
from .engine.timestamps import http_date
from .extra import check_extra
from .handlers import HANDLERS, ON_LINK, authorization_tokens
from .observed import Observed, in_force, refuse
from .pages import checkout, signpost
from .settings import Settings
from .wire import bodies, idempotency, left_out, links, queries, stand_ins
from .wire.api_call import APICall, Result
from .wire.authentication import authenticate, market_of, region_of
from .wire.errors import APIRefusal
from .wire.explanations import explanation_of
from .wire.messages import HTTPResponse, Request, json_response
from .wire.routes import is_call, route

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from datetime import datetime

    from .engine.context import Context
    from .engine.ids import Ids
    from .engine.store import Store
    from .merchants import Merchant

_LOGGER = logging.getLogger("AmazonPay.simulator")

check_extra()

_ABOUT_SIGNATURES = frozenset(
    {
        "InvalidHeaderValue",
        "InvalidRequestSignature",
        "MissingHeader",
        "MissingHeaderValue",
    }
)
"""The refusals that a signature, or the header that holds it, can cause."""

OPENAPI_PATH = "/openapi.json"
_LONGEST_TEXT = 64 * 1024
"""The bytes of a body that the story shows."""


_NO_CODE: Final = APIRefusal(
    "InvalidSandboxSimulationSpecified", "A read takes no simulation code"
)


def _no_wait(seconds: float) -> None:
    del seconds


@dataclass(frozen=True, slots=True)
class _Repeat:
    """Whether the console repeats a call, and how."""

    number: int | None = None
    """The row of the story that is repeated; None is a call of the shop's."""
    signed: bool = True
    """Whether the signature of the repeated call is checked."""

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that the story's row of this call gets."""
        if self.number is None:
            return {}
        return {"replayOf": self.number, "signatureChecked": self.signed}


_FIRST = _Repeat()


class Simulator(checkout.CheckoutPages, Controls):
    """Amazon Pay, as far as a merchant's code can see it.

    `clock` returns the time: a `Clock`, by default one that runs, which `advance()` and
    `advance_to_next_event()` move, or a function of yours. Every request, and
    `settle()`, first applies the events that are due by then. Dates of requests are
    judged by the machine's own time beside a `Clock`, and by your function's. `store`
    has the state: in memory, or in a file that outlives the process. `dice` decide
    where the settings want faults; `wait` is called with the seconds by which they
    lengthen a call, and does nothing by default. `observed` is what a sandbox account
    has shown; it stands in the place of our guesses, whatever the settings say.
    """

    def __init__(  # noqa: PLR0913 - all that is not pure is injected
        self,
        merchants: Iterable[Merchant],
        *,
        store: Store | None = None,
        clock: Callable[[], datetime] | None = None,
        ids: Ids | None = None,
        settings: Settings | None = None,
        observed: Observed | None = None,
        dice: Random | None = None,
        wait: Callable[[float], object] = _no_wait,
    ) -> None:
        self.observed = observed or Observed()
        settings = self.observed.applied_to(settings or Settings())
        super().__init__(merchants, store, clock, ids, settings)
        self._faults = Faults(self.settings, dice or SystemRandom(), wait)
        self._wait = wait

    @contextmanager
    def _context(self, owner: str) -> Generator[Context]:
        with in_force(self.observed), super()._context(owner) as context:
            yield context

    def sessions(self) -> list[dict[str, Any]]:
        """Return all checkout sessions as the API shows them, oldest first."""
        with in_force(self.observed):
            return super().sessions()

    def _wire_clock(self) -> datetime:
        # Clients sign by the machine's clock, wherever a test has moved this one.
        return utc_now() if isinstance(self.clock, Clock) else self.clock()

    def reset(self) -> None:
        """Forget everything; merchants, settings and listeners stay."""
        super().reset()
        self._faults.reset()
        self.exchanges.clear()

    def handle(self, request: Request) -> HTTPResponse:
        """Return the response to one request; errors have Amazon's form, too."""
        response = self.handle_now(request)
        if response.late:
            self._wait(response.late)
        return response

    def handle_now(self, request: Request) -> HTTPResponse:
        """Return the response to one request; the caller has to wait `late` seconds."""
        request_id = self.ids.uuid()
        try:
            with in_force(self.observed):
                response = self._respond(request, request_id)
        except APIRefusal as refusal:
            nothing_there = refusal.reason_code == "ResourceNotFound"
            if nothing_there and signpost.is_for_person(request):
                response = signpost.page(request)
            else:
                response = refusal.response
        except Exception:
            _LOGGER.exception("a defect of the simulator, request id %s", request_id)
            message = "A defect; see the simulator's log"
            response = APIRefusal("InternalServerError", message).response
        return self._with_common_headers(response, request_id)

    def answers_at_once(self, request: Request) -> bool:
        """Return whether a request is an API call that waits for the store alone."""
        return is_call(request.path) and not self.settings.keys_held_for

    def handle_together(self, requests: list[Request]) -> list[HTTPResponse]:
        """Return the responses to some requests, which are kept in one go, or lost.

        Whoever sends them waits for those that are late.
        """
        try:
            with self.store.together():
                return [self.handle_now(request) for request in requests]
        except sqlite3.Error:
            _LOGGER.exception("the store has failed")
            message = "The store has failed; see the simulator's log"
            refusal = APIRefusal("InternalServerError", message)
            return [self.refuse(refusal) for _ in requests]

    def repeat(self, request: Request, number: int, *, signed: bool) -> str:
        """Answer a call of the story's row `number` once more; return its request id.

        Without `signed` it is another request than the one that was signed, and its
        signature is not looked at.
        """
        request_id = self.ids.uuid()
        self._answer(request, request_id, _Repeat(number, signed))
        return request_id

    def refuse(self, refusal: APIRefusal) -> HTTPResponse:
        """Return the response to a request that was not read, a too large one, say."""
        return self._with_common_headers(refusal.response, self.ids.uuid())

    def _with_common_headers(
        self, response: HTTPResponse, request_id: str
    ) -> HTTPResponse:
        headers = (
            ("date", http_date(self._wire_clock())),
            ("x-amz-pay-request-id", request_id),
            ("x-simulator", "AmazonPay"),
        )
        both = (*response.headers, *headers)
        cut, late = response.cut, response.late
        return HTTPResponse(response.status, response.body, both, cut, late)

    def _respond(self, request: Request, request_id: str) -> HTTPResponse:  # noqa: PLR0911 - one line for each part of the simulator
        if (request.method, request.path) == ("GET", OPENAPI_PATH):
            from .actors import control_document

            return json_response(200, control_document.document())
        if request.path == checkout.SCRIPT or request.path.startswith(checkout.PATH):
            return self.answer_page(request)
        if request.path.startswith(links.PATH):
            with self._context("") as context:
                owners, kind, record = links.follow_link(context, request)
                return ON_LINK[kind](owners, record, request)
        if request.path.startswith(notifier.CERTIFICATES):
            return self.notifications.certificate(request)
        if console.is_ours(request):
            return console.answer(request, self.origin, self.token, self.addresses)
        if request.path.startswith(control_api.PATH):
            return control_api.answer_control_call(self, request)
        if signpost.is_lost(request):
            return signpost.page(request)
        return self._answer(request, request_id)

    # API calls ------------------------------------------------------------------------

    def _answer(
        self, request: Request, request_id: str, repeat: _Repeat | None = None
    ) -> HTTPResponse:
        """Answer a call, and keep both sides of it for a while."""
        begun = perf_counter()
        answer = self._answer_call(request, request_id, repeat or _FIRST)
        seconds = perf_counter() - begun
        self.exchanges.keep(request_id, Exchange(request, answer, seconds))
        return answer

    def _answer_call(
        self, request: Request, request_id: str, repeat: _Repeat
    ) -> HTTPResponse:
        """Verify a call outside the transaction, then run it inside one."""
        try:
            call = self._verified(request, signed=repeat.signed)
        except APIRefusal as refusal:
            result = Result(refusal.response)
            explanation = self._explained(request, refusal)
            with self._context("") as context:
                _add_to_story(
                    context,
                    request,
                    result,
                    request_id,
                    explanation=explanation,
                    repeat=repeat,
                )
            return result.response
        fault_key = FaultKey(
            call.owner,
            call.environment,
            call.operation,
            call.method,
            call.path,
            call.idempotency_key,
            call.delegate,
        )
        with (
            self._faults.hold_key(fault_key) as held,
            self._context(call.owner) as context,
        ):
            outcome = provoked.take(context, call)
            fault = provoked_fault(outcome)
            if fault is None:
                if outcome is not None:
                    call = replace(call, outcome=outcome)
                fault = self._faults.next_fault(fault_key, context.now, held=held)
            context.stale = self._faults.is_stale(fault_key)
            if fault is None or fault.runs:
                result = _run_once(context, call)
            else:
                result = Result(fault.response, _order_of(context, call))
            key = call.idempotency_key
            _add_to_story(
                context, request, result, request_id, key, fault, repeat=repeat
            )
        if fault is None:
            return result.response
        if fault.seconds:
            return replace(result.response, late=fault.seconds)
        return fault.response

    def _explained(
        self, request: Request, refusal: APIRefusal
    ) -> dict[str, object] | None:
        """Return why the signature of a refused request is wrong; None if it is right.

        The explanation is for the story alone: the response is Amazon's.
        """
        if refusal.reason_code not in _ABOUT_SIGNATURES:
            return None
        explanation = explanation_of(request, self.merchants, self._wire_clock())
        return None if explanation.name == "holds" else explanation.as_facts()

    def _verified(self, request: Request, *, signed: bool = True) -> APICall:
        """Return the call of a request whose signature and form are right."""
        settings = self.settings
        found = route(request.method, request.path)
        merchant, environment = authenticate(
            request,
            self.merchants,
            found.environment,
            self._wire_clock(),
            settings.oldest_date,
            signed=signed,
        )
        region = region_of(request, merchant, strict=settings.strict_regions)
        call = APICall(
            operation=found.operation,
            method=request.method,
            path=found.path,
            requested_path=request.path,
            ids=found.ids,
            idempotency_key=idempotency.key_of(request, found.operation, settings),
            body=bodies.parse_body(request.body),
            query=queries.parse_query(found.operation, request.query),
            merchant=merchant,
            environment=environment,
            region=region,
            market=market_of(request, merchant, region),
            origin=f"{request.scheme}://{request.header('host') or 'localhost'}",
            public_url=self.addresses.public_url,
            simulation_code=request.header("x-amz-pay-simulation-code"),
            auth_token=request.header("x-amz-pay-authtoken"),
        )
        if call.auth_token is None:
            return call
        with self._context(call.owner) as context:
            merchants = self.merchants.values()
            return authorization_tokens.act_for_merchant(context, call, merchants)


def _run_once(context: Context, call: APICall) -> Result:
    """Run a call's handler, unless its key has a response already."""
    try:
        stored = idempotency.stored_response(context, call)
    except APIRefusal as refusal:
        return Result(refusal.response, _order_of(context, call))
    if stored is not None:
        return Result(stored, _order_of(context, call, stored), replayed=True)
    result = _run(context, call)
    idempotency.store_response(context, call, result.response)
    return result


def _order_of(
    context: Context, call: APICall, stored: HTTPResponse | None = None
) -> str | None:
    """Return the order of a call that does not run, or None if it is not known."""
    subject = HANDLERS[call.operation].subject
    if subject is None:
        body = b"" if stored is None else stored.body
        made: dict[str, Any] = json.loads(body or b"{}")
        return made.get("checkoutSessionId")
    try:
        return subject(context, call).get("order")
    except (APIRefusal, LookupError, TypeError, ValueError, ArithmeticError):
        return None  # the body was not checked yet
    except sqlite3.Error:
        return None  # an id of another type


def _run(context: Context, call: APICall) -> Result:
    """Run a call's handler; a refusal undoes its changes, unless it keeps them."""
    order: str | None = None
    context.transaction.set_savepoint()
    try:
        body = left_out.without_nulls(call.operation, call.body)
        bodies.check_body(
            call.operation,
            stand_ins.stand_in(call.operation, body, context.rules),
            takes_unknown_members=context.settings.takes_unknown_members,
        )
        if body != call.body:
            call = replace(call, body=body)
        if call.simulation_code is not None and call.method == "GET":
            refuse("code-on-reads", _NO_CODE, guessed=False)
        handler = HANDLERS[call.operation]
        if handler.subject is None:
            return handler.run(context, call)
        subject = handler.subject(context, call)
        order = subject.get("order")
        return Result(handler.run(context, call, subject).response, order)
    except APIRefusal as refusal:
        if not refusal.keep_changes:
            context.transaction.undo_to_savepoint()
        return Result(refusal.response, order or _order_of(context, call))


def _add_to_story(  # noqa: PLR0913 - what a row holds
    context: Context,
    request: Request,
    result: Result,
    request_id: str,
    key: str | None = None,
    fault: Fault | None = None,
    explanation: dict[str, object] | None = None,
    repeat: _Repeat | None = None,
) -> None:
    context.add_story_row(
        "request",
        result.order,
        method=request.method,
        target=request.target,
        body=_text(request.body),
        status=result.response.status,
        answer=_text(result.response.body),
        requestId=request_id,
        idempotencyKey=key,
        replayed=result.replayed,
        fault=None if fault is None else fault.label,
        **({} if explanation is None else {"explanation": explanation}),
        **({} if repeat is None else repeat.facts),
    )


def _text(data: bytes) -> str:
    return data[:_LONGEST_TEXT].decode(errors="replace")
