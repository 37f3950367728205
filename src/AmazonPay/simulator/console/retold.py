"""Show a row as a test, which repeats the story of its order in memory up to the row.

Ids become variables, clicks of the buyer and pushes of the console become methods, and
the time between the rows passes by `advance`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ...errors import ConfigurationError
from ..actors import buyer
from ..engine.faults import provoked_fault
from ..engine.outcomes import TABLE, Outcome
from ..engine.timestamps import parse_timestamp
from ..settings import PROFILES
from ..wire.explanations import key_id_of
from . import canonical
from .code import Name, body_of, call_of, indented, literal, named
from .lines import refusal_of, route_of

if TYPE_CHECKING:
    from ..actors.controls import Controls
    from ..engine.exchanges import Exchange
    from ..engine.store import HistoryRow, Record

_IDS: Final = {
    "checkoutSessionId": "session",
    "chargePermissionId": "permission",
    "chargeId": "charge",
    "refundId": "refund",
    "disputeId": "dispute",
    "reportId": "report",
}
_FIRST_REFUSAL: Final = 400
_REFUSED_SIGNATURE: Final = "InvalidRequestSignature"


def as_test(controls: Controls, row: HistoryRow) -> tuple[str, str]:
    """Return a test of a call, and a note on whether it is red or green."""
    code, _ = refusal_of(row.facts["answer"])
    exchange = controls.exchanges.find(row.facts["requestId"])
    if code == _REFUSED_SIGNATURE and exchange is not None:
        return _of_signature(controls, row), (
            "Red until the request is signed right; it says why. It needs no simulator."
        )
    text = Retold(controls, row).text()
    is_good = row.facts["status"] < _FIRST_REFUSAL and not row.facts["fault"]
    if is_good:
        return text, "The call was answered well, so this test is green."
    return text, (
        "Red as pasted: the order is told again in memory, and the call ends as it did."
        " It needs the extra [testing]."
    )


# A wrong signature ------------------------------------------------------------------


def _of_signature(controls: Controls, row: HistoryRow) -> str:
    exchange = controls.exchanges.find(row.facts["requestId"])
    if exchange is None:
        raise ConfigurationError("the headers of this row are no longer kept")
    request = exchange.request
    merchant = controls.merchants.get(key_id_of(request))
    pem = "None"
    if merchant is not None:
        data = merchant.public_key.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        pem = f'"""\\\n{data.decode()}"""'
    headers = {
        name: canonical.shown_header(name, value) for name, value in request.headers
    }
    return "\n".join(
        [
            "from AmazonPay import explain",
            "",
            f"PUBLIC_KEY = {pem}",
            f"HEADERS = {literal(headers)}",
            "",
            "",
            f"def test_row_{row.number}_is_signed_right():",
            "    why = explain.request(",
            f"        {literal(request.method)},",
            f"        {literal(request.target)},",
            "        HEADERS,",
            f"        {literal(request.body)},",
            "        public_key=PUBLIC_KEY,",
            "    )",
            '    assert why.name == "holds", why',
            "",
        ]
    )


# An order ---------------------------------------------------------------------------


class Retold:
    """Writes the test that repeats the story of an order up to a row."""

    def __init__(self, controls: Controls, last: HistoryRow) -> None:
        self._controls = controls
        self._last = last
        self._lines: list[str] = []
        self._names: dict[str, Name] = {}
        self._counts: dict[str, int] = {}
        self._at: str | None = None

    def text(self) -> str:
        """Return the test."""
        rows = [self._last]
        if self._last.order is not None:
            story = self._controls.story(self._last.order)
            rows = [row for row in story if row.number <= self._last.number]
        for place, row in enumerate(rows):
            self._pass_time(row)
            self._tell(row, rows[place + 1 :])
        head = [
            "import pytest",
            "",
            "from AmazonPay import Retry",
            "",
            "",
            f"@pytest.mark.amazon_pay({self._options()})",
            f"def test_row_{self._last.number}(amazon_pay):",
            "    client = amazon_pay.client(retry=Retry(attempts=1))",
        ]
        return "\n".join([*head, *(f"    {indented(one)}" for one in self._lines), ""])

    def _options(self) -> str:
        """Return what the simulator of the test has in common with this one."""
        owner = self._last.owner.partition("/")[0]
        merchants = list(self._controls.merchants.values())
        same = [one for one in merchants if one.merchant_id == owner] or merchants
        region = same[0].market or same[0].region if same else None
        exchange = self._controls.exchanges.find(self._last.facts["requestId"])
        if region is None and exchange is not None:
            region = exchange.request.header("x-amz-pay-region")
        options = [f"region={literal(region or 'na')}"]
        if same and same[0].ledger_currency:
            options.append(f"ledger_currency={literal(same[0].ledger_currency)}")
        for name, settings in PROFILES.items():
            if name != "default" and settings == self._controls.settings:
                options.append(f"profile={literal(name)}")
        return ", ".join(options)

    def _pass_time(self, row: HistoryRow) -> None:
        if self._at is not None and row.at > self._at:
            by = parse_timestamp(row.at) - parse_timestamp(self._at)
            self._lines.append(f"amazon_pay.advance(seconds={by.total_seconds():.0f})")
        self._at = max(row.at, self._at or row.at)

    def _tell(self, row: HistoryRow, later: list[HistoryRow]) -> None:
        facts = row.facts
        if row.number == self._last.number:
            self._tell_last(row)
        elif row.kind == "request":
            self._tell_request(row)
        elif row.kind == "button" and "payload" in facts and row.order:
            self._name(row.order, "session")
            payload = literal(body_of(facts["payload"], {}))
            call = f"client.create_checkout_session({payload})"
            self._lines.append(f'session = {call}.json()["checkoutSessionId"]')
        elif row.kind == "buyer":
            self._tell_buyer(row)
        elif row.kind == "pushed":
            id_ = literal(named(facts["id"], self._names))
            self._lines.append(
                f"amazon_pay.push({literal(facts['object'])}, {id_},"
                f" {literal(facts['event'])})"
            )
        elif row.kind == "issuer" and facts["did"] == "filed":
            self._tell_chargeback(later, facts)

    def _tell_last(self, row: HistoryRow) -> None:
        self._arm(row)
        exchange = self._controls.exchanges.find(row.facts["requestId"])
        call = call_of(row.facts, exchange, self._names)
        self._lines.append(f"response = {call}")
        self._lines.append("assert response.status_code < 400, response.text")

    def _tell_request(self, row: HistoryRow) -> None:
        """Add the lines for a call that has changed something."""
        facts = row.facts
        refused = facts["status"] >= _FIRST_REFUSAL or facts["status"] == 0
        is_decline = refused and self._outcome(row) is not None
        if facts["method"] == "GET" or (refused and not is_decline):
            return
        self._arm(row)
        exchange = self._controls.exchanges.find(facts["requestId"])
        call = call_of(facts, exchange, self._names)
        fault = facts["fault"]
        lost = fault is not None and not str(fault).startswith("late")
        made = {} if refused else _ids_in(facts["answer"])
        new = {id_: kind for kind, id_ in made.items() if id_ not in self._names}
        if lost or not new:
            self._lines.append(call)
            if lost and new:  # the answer is lost, but not the object
                self._name_lost(new)
            return
        self._lines.append(f"answer = {call}.json()")
        for id_, kind in new.items():
            name = self._name(id_, _IDS[kind])
            self._lines.append(f"{name} = answer[{literal(kind)}]")

    def _name_lost(self, new: dict[str, str]) -> None:
        """Add lines that find the objects of a lost answer, the last of their kind."""
        for id_, kind in new.items():
            if kind == "checkoutSessionId":
                name = self._name(id_, "session")
                where = "amazon_pay.sessions()[-1]"
            elif kind == "chargeId":
                name = self._name(id_, "charge")
                where = "amazon_pay.charges()[-1]"
            else:
                continue
            self._lines.append(f"{name} = {where}[{literal(kind)}]")

    def _tell_buyer(self, row: HistoryRow) -> None:
        facts, did = row.facts, row.facts["did"]
        session = literal(named(row.order, self._names))
        if did == "chose":
            more = "".join(
                f", {name}={literal(facts[member])}"
                for name, member in (
                    ("card", "card"),
                    ("product_type", "productType"),
                    ("buyer", "buyer"),
                )
            )
            self._lines.append(f"amazon_pay.choose({session}{more})")
        elif did in {"paid", "canceled"}:
            act = "pay" if did == "paid" else "cancel"
            self._lines.append(f"amazon_pay.{act}({session})")
        elif did in buyer.ACCOUNT_ACTIONS:
            permissions = [n for n in self._names.values() if n.code == "permission"]
            if permissions:
                self._lines.append(f"amazon_pay.manage(permission, {literal(did)})")

    def _tell_chargeback(self, later: list[HistoryRow], facts: Record) -> None:
        made = [row for row in later if row.kind == "state"][:1]
        charges = [n for n in self._names.values() if n.code.startswith("charge")]
        if made and charges:
            id_ = made[0].facts["id"]
            name = self._name(id_, "dispute")
            call = f"amazon_pay.file_chargeback({charges[-1].code}"
            reason = f", reason={literal(facts['reason'])}"
            self._lines.append(f'{name} = {call}{reason})["disputeId"]')

    # Faults, and names ---------------------------------------------------------------

    def _outcome(self, row: HistoryRow) -> tuple[str, str, str] | None:
        """Return operation, outcome and moment with which `provoke` repeats a fault."""
        facts = row.facts
        found = route_of(facts)
        if found is None:
            return None
        exchange = self._controls.exchanges.find(facts["requestId"])
        code, _ = refusal_of(facts["answer"])
        if facts["fault"]:
            outcome = _of_label(str(facts["fault"]), facts, exchange)
            return outcome and (found.operation, *outcome)
        simulated = exchange and exchange.request.header("x-amz-pay-simulation-code")
        if code in TABLE.get((found.operation, "before"), {}) and not simulated:
            return found.operation, str(code), "before"
        return None

    def _arm(self, row: HistoryRow) -> None:
        """Add a line that provokes the fault of this call, if it met one."""
        outcome = self._outcome(row)
        if outcome is not None:
            operation, name, when = map(literal, outcome)
            self._lines.append(f"amazon_pay.provoke({operation}, {name}, when={when})")

    def _name(self, id_: str, kind: str) -> str:
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        name = kind if count == 1 else f"{kind}{count}"
        self._names[id_] = Name(name)
        return name


def _ids_in(answer: str) -> dict[str, str]:
    """Return the ids of an answer, by their members."""
    found: dict[str, str] = {}
    with suppress(ValueError, TypeError, AttributeError):
        parsed: dict[str, Any] = json.loads(answer)
        for member in _IDS:
            if isinstance(parsed.get(member), str):
                found[member] = parsed[member]
    return found


def _of_label(
    label: str, facts: Record, exchange: Exchange | None
) -> tuple[str, str] | None:
    """Return the outcome that a fault's label names, if a provocation makes it."""
    kind, _, sent = label.rpartition(": ")
    if kind == "late":
        return f"{sent} late", "after"
    ran = exchange is not None and facts["status"] not in {0, exchange.answer.status}
    when = "after" if ran else "before"
    name = sent
    if exchange is not None and exchange.answer.body:
        code, _ = refusal_of(exchange.answer.body.decode(errors="replace"))
        name = code or sent
    known = provoked_fault(Outcome("", name, "after" if ran else "before"))
    return (name, when) if known is not None else None
