"""The one flow of all helpers of `procedures.once`.

Each helper writes its request down in the caller's journal before it is sent, sends
the journal's own bytes, looks at the object by GET, and decides by the tables of
`AmazonPay.decisions`. It may be called again at any time, from any process: it goes on
where the last one was killed. See `docs/once.md`.

Amazon's pages: `amazon-pay-api-v2/idempotency.html`,
`amazon-pay-checkout/asynchronous-processing.html`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from ._body import encode_body
from ._entry import (
    CREATING,
    DEFAULT_BODIES,
    Entry,
    answered,
    begun,
    concluded,
    digest_of,
    noted,
    read_body,
)
from ._operation import encoded_id
from ._procedure import Blocking, Flow, now
from .decisions import TRIED_ANEW, Decision, Heard, Seen, Verdict, decide, heard
from .errors import (
    AmazonPayError,
    APIError,
    InvalidRequest,
    JournalConflict,
    TransportError,
)
from .idempotency import derived_key, idempotency_key
from .money import compare
from .objects import state_of
from .procedures.waiting import watch
from .resources.charge_permissions import (
    ChargePermissions,
)
from .resources.charges import (
    Charge,
    Charges,
)
from .resources.checkout_sessions import (
    CheckoutSessions,
)
from .resources.refunds import Refunds

if TYPE_CHECKING:
    from ._entry import Change
    from ._operation import Body, Call, Operation
    from .journal import Journal
    from .response import Response

_OPERATIONS: Final[dict[str, Operation[..., Any]]] = {
    operation.name: operation
    for operation in (
        CheckoutSessions.complete_checkout_session,
        CheckoutSessions.finalize_checkout_session,
        Charges.create_charge,
        Charges.capture_charge,
        Charges.cancel_charge,
        ChargePermissions.close_charge_permission,
        Refunds.create_refund,
    )
}

# What a body must say, so that it can be compared with what is there afterwards.
_PRICES: Final[dict[str, str | None]] = {
    "complete_checkout_session": "chargeAmount",
    "finalize_checkout_session": "chargeAmount",
    "create_charge": "chargeAmount",
    "capture_charge": "captureAmount",
    "cancel_charge": None,
    "close_charge_permission": None,
    "create_refund": "refundAmount",
}
# The body that sets up a saved wallet is `{}`.
_MAY_LACK_A_PRICE: Final = frozenset({"complete_checkout_session"})
_REFERENCES: Final = {
    "create_charge": "chargePermissionId",
    "create_refund": "chargeId",
}

# Whether Amazon honors the key on these is unconfirmed, and so is whether a refusal is
# stored under it: a session that was refused because its buyer had not paid yet must
# not be refused for ever.
_FRESH_KEY_AFTER_REFUSAL: Final = frozenset(
    {"complete_checkout_session", "finalize_checkout_session"}
)


def intended_entry(  # noqa: PLR0913 - what makes an intention
    name: str,
    ids: tuple[str, ...],
    body: Body | None,
    *,
    namespace: str,
    order: str,
    attempt: int,
    confirm_only: bool = False,
    charge_ids: Collection[str] | None = None,
) -> Entry:
    """Turn arguments into an entry; refuse bad ones before anything is sent."""
    key = idempotency_key(
        namespace=namespace, order=order, operation=name, attempt=attempt
    )
    if not isinstance(confirm_only, bool):
        raise InvalidRequest("confirm_only is True or False")
    declared = _OPERATIONS[name]
    if body is None:
        if not declared.body_optional:
            raise InvalidRequest(f"{name} needs a body")
        body = DEFAULT_BODIES[name]
    data = encode_body(body, ordered=True)
    if not data.lstrip().startswith(b"{"):
        raise InvalidRequest(f"the body of {name} is JSON, but no object")
    _check(name, read_body(data))
    return Entry(
        key=key,
        namespace=namespace,
        order=order,
        operation=name,
        attempt=attempt,
        path=declared.build((*ids, data), {}).path,
        body=data,
        digest=digest_of(data),
        confirm_only=confirm_only,
        charge_ids=_checked_ids(charge_ids),
    )


def _checked_ids(charge_ids: object) -> tuple[str, ...] | None:
    """Copy the ids of charges; a str is one id, and no collection of them."""
    if charge_ids is None:
        return None
    kind, refused = type(charge_ids).__name__, (str, bytes, Mapping)
    if not isinstance(charge_ids, Collection) or isinstance(charge_ids, refused):
        raise InvalidRequest(
            "charge_ids is a list of ids, such as ['S01-0000000-0000000-C000000'],"
            f" not a {kind}"
        )
    ids = tuple(cast("Collection[str]", charge_ids))
    for one in ids:
        encoded_id("an id in charge_ids", one)  # refuses what names no charge
    return ids


def _check(name: str, asked: Mapping[str, Any]) -> None:
    """Refuse a body that could not be compared with what is there afterwards."""
    price = _PRICES[name]
    needed = name not in _MAY_LACK_A_PRICE or price in asked
    if price is not None and needed:
        if not isinstance(asked.get(price), Mapping):
            raise InvalidRequest(
                f"the body of {name} has no {price}, or no price there"
            )
        compare(asked[price], asked[price])  # refuses what is no price
    reference = _REFERENCES.get(name)
    if reference is not None:
        encoded_id(f"{reference} in the body of {name}", asked.get(reference))


def _call(entry: Entry) -> Call:
    """Build the entry's request: its own bytes, under its own key."""
    declared = _OPERATIONS[entry.operation]
    arguments = (entry.subject, entry.body) if entry.subject else (entry.body,)
    key = {} if declared.method != "POST" else {"idempotency_key": _wire_key(entry)}
    return declared.build(arguments, key)


def _wire_key(entry: Entry) -> str:
    if entry.operation not in _FRESH_KEY_AFTER_REFUSAL or not entry.answers:
        return entry.key
    return derived_key(
        namespace=entry.namespace,
        order=entry.order,
        operation=f"{entry.operation} after {entry.answers}",
        attempt=entry.attempt,
    )


# --- Steps ----------------------------------------------------------------------------


def _write(journal: Journal, key: str, change: Change) -> Flow[Entry]:
    return cast("Entry", (yield Blocking(partial(journal.change, key, change))))


def _tell(call: Call) -> Flow[Heard]:
    """Make a call, and tell what came of it whatever the client's options."""
    try:
        return heard(cast("Response[Any]", (yield call)))
    except TransportError as error:
        return heard(error)
    except APIError as error:
        return heard(error.response)


def _ask(call: Call, journal: Journal, key: str) -> Flow[Heard]:
    """Make the call that acts; what refuses to send it leaves no doubt behind."""
    try:
        return (yield from _tell(call))
    except AmazonPayError as error:
        refused = error  # such as ClientClosed
    if not refused.outcome_unknown:
        reason = type(refused).__name__
        yield from _write(journal, key, answered("unasked", reason, None))
    raise refused


def _get(operation: Operation[..., Any], id_: str) -> Flow[Seen]:
    said = yield from _tell(operation.build((id_,), {}))
    if said.response is None or said.word != "done":
        return Seen(reason=said.reason)
    return Seen(said.response.json())


def _see_charge(entry: Entry, asked: Mapping[str, Any]) -> Flow[Seen]:
    del asked
    return (yield from _get(Charges.get_charge, entry.subject))


def _see_session(entry: Entry, asked: Mapping[str, Any]) -> Flow[Seen]:
    """See a session, and the charge that it names once it is completed."""
    del asked
    seen = yield from _get(CheckoutSessions.get_checkout_session, entry.subject)
    charge_id = (seen.object or {}).get("chargeId")
    if not isinstance(charge_id, str) or state_of(seen.object or {}) != "Completed":
        return seen
    charge = yield from _get(Charges.get_charge, charge_id)
    return replace(seen, charge=charge.object, reason=charge.reason)


def _see_permission(entry: Entry, asked: Mapping[str, Any]) -> Flow[Seen]:
    """See a permission, and its known charges where they must have ended too."""
    seen = yield from _get(ChargePermissions.get_charge_permission, entry.subject)
    ours = entry.object_id is not None
    if (
        entry.charge_ids is None
        or ours
        or asked.get("cancelPendingCharges") is not True
        or state_of(seen.object or {}) != "Closed"
    ):
        return seen
    charges: list[Mapping[str, Any] | None] = []
    for charge_id in entry.charge_ids:
        shown = yield from _get(Charges.get_charge, charge_id)
        charges.append(shown.object)
    return replace(seen, charges=tuple(charges))


def _see_created_charge(entry: Entry, asked: Mapping[str, Any]) -> Flow[Seen]:
    del asked
    if entry.object_id is None:
        return Seen()
    return (yield from _get(Charges.get_charge, entry.object_id))


def _see_refund(entry: Entry, asked: Mapping[str, Any]) -> Flow[Seen]:
    del asked
    if entry.object_id is None:
        return Seen()
    return (yield from _get(Refunds.get_refund, entry.object_id))


# How each operation's object is looked at, and which member is its id.
_SEE: Final[dict[str, tuple[str, Callable[[Entry, Mapping[str, Any]], Flow[Seen]]]]] = {
    "complete_checkout_session": ("checkoutSessionId", _see_session),
    "finalize_checkout_session": ("checkoutSessionId", _see_session),
    "create_charge": ("chargeId", _see_created_charge),
    "capture_charge": ("chargeId", _see_charge),
    "cancel_charge": ("chargeId", _see_charge),
    "close_charge_permission": ("chargePermissionId", _see_permission),
    "create_refund": ("refundId", _see_refund),
}


# --- The one flow of all helpers ------------------------------------------------------


def act(intended: Entry, journal: Journal, deadline: float) -> Flow[Decision[Any]]:
    """Look, write down, send, write down, look, decide, write down."""
    yield from _check_attempt(intended, journal)
    asked = read_body(intended.body or b"{}")
    creating = intended.operation in CREATING
    member, see = _SEE[intended.operation]
    ends = (yield from now()) + deadline
    said: Heard | None = None
    seen = Seen()
    entry = intended

    def waits(shown: Seen) -> bool:
        verdict = decide(entry, asked, shown, said)
        return verdict is not None and verdict.outcome == "pending"

    def look() -> Flow[Seen]:
        return watch(lambda: see(entry, asked), lambda shown: not waits(shown), ends)

    if not creating:
        entry = yield from _write(journal, intended.key, noted(intended))
        seen = yield from look()
    if creating or decide(entry, asked, seen, None) is None:
        entry = yield from _write(journal, intended.key, begun(intended))
        if not entry.final:
            answer = yield from _ask(_call(entry), journal, intended.key)
            said = _named(member, answer)
            entry = yield from _write(
                journal,
                intended.key,
                answered(said.word, said.reason, _id_in(member, said)),
            )
        seen = yield from look()

    def judge(found: Entry) -> Verdict:
        return decide(found, asked, seen, said) or Verdict("unknown", "JournalChanged")

    entry = yield from _write(journal, intended.key, concluded(judge))
    return (yield from _decision(entry, judge(entry), asked, seen, said))


def _check_attempt(intended: Entry, journal: Journal) -> Flow[None]:
    """Refuse an attempt whose predecessor may still succeed."""
    if intended.attempt == 1:
        return
    before = derived_key(
        namespace=intended.namespace,
        order=intended.order,
        operation=intended.operation,
        attempt=intended.attempt - 1,
    )
    found = cast("Entry | None", (yield Blocking(partial(journal.find, before))))
    if found is None or found.outcome != "no":
        raise JournalConflict(
            f"attempt {intended.attempt} of {intended.operation} needs a definite no of"
            f" attempt {intended.attempt - 1} in the journal; nothing was sent"
        )


def _id_in(member: str, said: Heard) -> str | None:
    if said.word != "done" or said.response is None:
        return None
    id_ = said.response.json().get(member)
    return id_ if isinstance(id_, str) and id_ else None


def _named(member: str, said: Heard) -> Heard:
    """Take a success that names no object for a lost answer."""
    if said.word == "done" and _id_in(member, said) is None:
        return replace(said, word="lost", reason="NoId")
    return said


def _decision(
    entry: Entry,
    verdict: Verdict,
    asked: Mapping[str, Any],
    seen: Seen,
    said: Heard | None,
) -> Flow[Decision[Any]]:
    new_attempt = False
    if (
        entry.operation == "create_charge"
        and entry.object_id is None
        and verdict.outcome == "no"
        and verdict.reason in TRIED_ANEW
    ):
        permission = yield from _get(
            ChargePermissions.get_charge_permission, asked["chargePermissionId"]
        )
        new_attempt = state_of(permission.object or {}) == "Chargeable"
    is_charge = entry.operation.endswith("_charge")
    return Decision(
        outcome=verdict.outcome,
        reason=verdict.reason,
        operation=entry.operation,
        key=entry.key,
        seen=seen.object,
        charge=cast("Charge | None", seen.object if is_charge else seen.charge),
        new_attempt=new_attempt,
        response=None if said is None else said.response,
        error=None if said is None else said.error,
    )
