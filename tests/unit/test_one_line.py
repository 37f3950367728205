"""Rules that one changed line breaks, and that lose money when they are broken."""

from __future__ import annotations

import gc
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest
from sqlalchemy import create_engine

from AmazonPay import (
    APIError,
    AsyncClient,
    Client,
    JournalConflict,
    OutcomeUnknown,
    ReportUnavailable,
    ResponseTooLarge,
    Retry,
    TimedOut,
    Timeout,
    TransferFailed,
)
from AmazonPay._core.call import Call
from AmazonPay._core.run import iterate
from AmazonPay._core.steps import Transfer
from AmazonPay._once.entry import Entry
from AmazonPay.contrib.sqlalchemy import SQLAlchemyJournal
from AmazonPay.journal import SQLiteJournal, resolve
from AmazonPay.procedures.evidence import Evidence
from AmazonPay.procedures.once import Once
from AmazonPay.procedures.paging import _MAX_EMPTY_PAGES, Paging
from AmazonPay.procedures.report_files import ReportFiles
from AmazonPay.procedures.waiting import Waiting
from journals import NAMES, MemoryJournal, Player, answer, refusal
from loopback import OK, read_request, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import (
        AsyncGenerator,
        Awaitable,
        Callable,
        Generator,
        Iterator,
    )
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from AmazonPay.journal import Journal

    Answer = Callable[[httpx2.Request], httpx2.Response]

MONEY = {"amount": "10.00", "currencyCode": "USD"}
CHARGE = {"chargePermissionId": "S01", "chargeAmount": MONEY}
BOTH = pytest.mark.parametrize("awaits", [False, True], ids=["blocking", "awaiting"])


def charge(state: str, charge_id: str = "S01-C1", **more: Any) -> Any:
    return answer(
        {
            "chargeId": charge_id,
            "chargePermissionId": "S01",
            "chargeAmount": MONEY,
            "captureAmount": MONEY if state == "Captured" else None,
            "refundedAmount": None,
            "statusDetails": {"state": state},
            **more,
        }
    )


def create(journal: Journal, **more: Any) -> Any:
    return Once.create_charge_or_get.begin(
        None, CHARGE, journal=journal, **{**NAMES, **more}
    )


def capture(journal: Journal, **more: Any) -> Any:
    return Once.capture_or_get_charge.begin(
        None, "S01-C1", {"captureAmount": MONEY}, journal=journal, **{**NAMES, **more}
    )


def refund(journal: Journal, **more: Any) -> Any:
    body = {"chargeId": "S01-C1", "refundAmount": MONEY}
    return Once.refund_or_get.begin(None, body, journal=journal, **{**NAMES, **more})


def call(
    key: RSAPrivateKey,
    transport: httpx2.MockTransport | None,
    awaits: bool,
    act: Callable[[Any], Any],
    **options: Any,
) -> Any:
    """Let either client do something, over a transport in memory or its own."""
    given: dict[str, Any] = {"transport": transport, "retry": Retry(wait=False)}
    given |= options
    if not awaits:
        with Client("A", key, "us", True, **given) as client:
            return act(client)

    async def main() -> Any:
        async with AsyncClient("A", key, "us", True, **given) as client:
            done: Awaitable[Any] = act(client)
            return await done

    return anyio.run(main)


def scripted(*replies: httpx2.Response | Exception) -> httpx2.MockTransport:
    """Answer by a script, whose last reply stands for all that follow."""
    left = list(replies)

    def reply(request: httpx2.Request) -> httpx2.Response:
        del request
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return httpx2.Response(
            found.status_code, headers=found.headers, content=found.content
        )

    return httpx2.MockTransport(reply)


# Attempts -----------------------------------------------------------------------------


@pytest.mark.parametrize("attempt", [create, refund, capture])
@pytest.mark.parametrize("outcome", ["success", "pending", "unknown", None])
def test_no_attempt_follows_one_that_may_have_moved_money(
    attempt: Callable[..., Any], outcome: Any
) -> None:
    journal = MemoryJournal()
    with pytest.raises(IndexError):
        Player().play(attempt(journal))  # there is nobody to answer it
    entry = journal.entry
    journal.entries[entry.key] = replace(
        entry, runs=1, answers=1, outcome=outcome, object_id="S01-C1"
    )
    player = Player()
    with pytest.raises(JournalConflict, match="attempt 2"):
        player.play(attempt(journal, attempt=2))
    assert player.calls == []


def test_an_attempt_follows_its_own_predecessor_and_no_earlier_one() -> None:
    journal = MemoryJournal()
    Player(refusal(422, "HardDeclined")).play(create(journal))
    Player(charge("Authorized"), charge("Authorized")).play(create(journal, attempt=2))
    player = Player()
    with pytest.raises(JournalConflict, match="attempt 3"):
        player.play(create(journal, attempt=3))
    assert player.calls == []


def test_an_attempt_that_a_person_found_to_have_paid_is_the_last() -> None:
    journal = MemoryJournal()
    Player(refusal(409, "DuplicateIdempotencyKey")).play(create(journal))
    key = journal.entry.key
    resolve(journal, key, "success", reason="seen", object_id="S01-C1")
    with pytest.raises(JournalConflict, match="attempt 2"):
        Player().play(create(journal, attempt=2))


# Doubt --------------------------------------------------------------------------------

LOST = httpx2.Response(504)
REFUSED = httpx2.Response(422, json={"reasonCode": "HardDeclined", "message": ""})


@BOTH
@pytest.mark.parametrize(
    "replies",
    [
        [LOST],
        [LOST, REFUSED],
        [httpx2.Response(500), httpx2.Response(404, json={})],
        [httpx2.ReadTimeout("late"), REFUSED],
        [httpx2.Response(200, content=b"<html>")],
        [httpx2.Response(201, content=b"[]")],
        [httpx2.Response(201)],
    ],
    ids=["504", "504 422", "500 404", "timeout 422", "html", "list", "empty"],
)
def test_a_client_that_raises_keeps_the_doubt(
    replies: list[Any], awaits: bool, private_key: RSAPrivateKey
) -> None:
    def act(client: Any) -> Any:
        return client.create_charge(CHARGE, idempotency_key="k")

    with pytest.raises(OutcomeUnknown) as caught:
        call(private_key, scripted(*replies), awaits, act, raise_for_status=True)
    assert caught.value.outcome_unknown
    assert caught.value.response.outcome_unknown
    told = call(private_key, scripted(*replies), awaits, act)
    assert told.outcome_unknown


@BOTH
def test_a_client_that_raises_leaves_a_known_refusal_known(
    awaits: bool, private_key: RSAPrivateKey
) -> None:
    with pytest.raises(APIError) as caught:
        call(
            private_key,
            scripted(REFUSED),
            awaits,
            lambda client: client.create_charge(CHARGE),
            raise_for_status=True,
        )
    assert not caught.value.outcome_unknown


@BOTH
@pytest.mark.parametrize("raises", [False, True])
def test_a_refusal_after_a_lost_answer_is_no_definite_no(
    raises: bool, awaits: bool, private_key: RSAPrivateKey
) -> None:
    journal = MemoryJournal()
    decision = call(
        private_key,
        scripted(LOST, REFUSED),
        awaits,
        lambda client: client.create_charge_or_get(CHARGE, journal=journal, **NAMES),
        raise_for_status=raises,
    )
    assert decision.outcome == "unknown"
    assert journal.entry.in_doubt
    assert not journal.entry.settled


# Ids ----------------------------------------------------------------------------------


def test_the_first_object_that_a_key_has_made_stays_the_entrys() -> None:
    journal = MemoryJournal()

    class Overtaken(Player):
        """While this request is under way, another worker's is answered."""

        def perform(self, step: Any, /) -> object:
            if isinstance(step, Call) and step.method == "POST":
                first = charge("Authorized", "S01-C1")
                Player(first, first).play(create(journal))
            return super().perform(step)

    shown = charge("Authorized", "S01-C1")
    player = Overtaken(charge("Authorized", "S01-C2"), shown)
    player.play(create(journal))
    assert journal.entry.object_id == "S01-C1"


@pytest.mark.parametrize("name", ["", None, 5, ["S01-C1"]])
def test_a_success_that_names_no_object_proves_nothing(name: Any) -> None:
    journal = MemoryJournal()
    decision = Player(charge("Authorized", name)).play(create(journal))
    assert (decision.outcome, journal.entry.object_id) == ("unknown", None)
    assert journal.entry.in_doubt


@pytest.mark.parametrize("state", ["AuthorizationInitiated", "Authorized"])
def test_a_known_success_is_not_taken_back(state: str) -> None:
    # `captureNow` may show an old state for a while, after the charge was captured.
    journal = MemoryJournal()
    body = {**CHARGE, "captureNow": True}

    def play(*replies: Any) -> None:
        Player(*replies).play(
            Once.create_charge_or_get.begin(None, body, journal=journal, **NAMES)
        )

    play(charge("Captured"), charge("Captured"))
    assert journal.entry.outcome == "success"
    play(charge(state))
    assert journal.entry.outcome == "success"


# Journals -----------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "sqlalchemy"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    moments = (datetime(2026, 1, 1, second=n, tzinfo=UTC) for n in range(60))
    if request.param == "sqlite":
        yield SQLiteJournal(tmp_path / "journal", clock=lambda: next(moments))
        return
    engine = create_engine(f"sqlite:///{tmp_path / 'shop'}")
    shops = SQLAlchemyJournal(engine, clock=lambda: next(moments))
    shops.create_table()
    yield shops
    engine.dispose()


@pytest.mark.parametrize(
    "left",
    [
        {},
        {"outcome": "unknown"},
        {"outcome": "pending"},
        {"outcome": "unknown", "runs": 1},
        {"runs": 1},
    ],
    ids=["new", "unknown", "pending", "in doubt", "under way"],
)
def test_what_is_not_settled_keeps_the_body_that_must_be_sent_again(
    journal: Journal, left: dict[str, Any]
) -> None:
    body = json.dumps(CHARGE).encode()
    entry = Entry(
        key="1" * 32,
        namespace="shop",
        order="1",
        operation="create_charge",
        attempt=1,
        path="/charges",
        body=body,
        digest="d",
        **left,
    )
    journal.change(entry.key, lambda _: entry)
    settled = replace(entry, key="2" * 32, outcome="success")
    journal.change(settled.key, lambda _: settled)
    assert journal.forget(datetime(2027, 1, 1, tzinfo=UTC)) == 1
    kept, erased = journal.find(entry.key), journal.find(settled.key)
    assert kept is not None
    assert erased is not None
    assert (kept.body, erased.body) == (body, None)


# Deadlines ----------------------------------------------------------------------------


@BOTH
def test_a_body_that_drips_past_the_deadline_is_no_answer(
    awaits: bool, private_key: RSAPrivateKey
) -> None:
    # It comes to its end, and would be a success, ten deadlines later.
    content = json.dumps({"chargeId": "S01-C1"}).encode().ljust(200)
    done = threading.Event()

    def dripping(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(b"HTTP/1.1 201 X\r\ncontent-length: %d\r\n\r\n" % len(content))
        for byte in content:
            if done.wait(0.01):
                return
            peer.sendall(bytes((byte,)))

    with serving(dripping) as server:
        with pytest.raises(TimedOut) as caught:
            call(
                private_key,
                None,
                awaits,
                lambda client: client.create_charge(CHARGE),
                endpoint_url=f"http://127.0.0.1:{server.port}",
                deadline=0.2,
            )
        done.set()
    assert caught.value.outcome_unknown


class Dripping(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that takes two seconds, and then is whole."""

    def __iter__(self) -> Generator[bytes]:
        never = threading.Event()
        for byte in b'{"chargeId": "S01-C1"}'.ljust(200):
            never.wait(0.01)
            yield bytes((byte,))

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        for chunk in self:
            yield chunk


@BOTH
def test_a_body_from_a_transport_of_the_callers_has_until_the_deadline(
    awaits: bool, private_key: RSAPrivateKey
) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(201, stream=Dripping()))
    with pytest.raises(TimedOut) as caught:
        call(
            private_key,
            transport,
            awaits,
            lambda client: client.create_charge(CHARGE),
            deadline=0.2,
        )
    assert caught.value.outcome_unknown


# Files --------------------------------------------------------------------------------


def reports(document: Answer) -> httpx2.MockTransport:
    """A finished report, whose link is answered by `document`."""
    report = {"processingStatus": "COMPLETED", "reportDocumentId": "d", "reportId": "9"}

    def reply(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "files.example":
            return document(request)
        if "report-documents" in request.url.path:
            link = {"url": "https://files.example/x", "reportDocumentId": "d"}
            return httpx2.Response(200, json=link)
        return httpx2.Response(200, json=report)

    return httpx2.MockTransport(reply)


@BOTH
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 400, 404, 500])
def test_only_a_2xx_of_a_link_is_the_file(
    status: int, awaits: bool, tmp_path: Path, private_key: RSAPrivateKey
) -> None:
    asked: list[str] = []

    def moved(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        headers = {"location": "https://files.example/elsewhere"}
        return httpx2.Response(status, headers=headers, content=b"moved\n")

    with pytest.raises(TransferFailed, match=f"answered {status}"):
        call(
            private_key,
            reports(moved),
            awaits,
            lambda client: client.download_report("9", tmp_path / "r.csv"),
        )
    assert list(tmp_path.iterdir()) == []
    assert set(asked) == {"/x"}


class Broken(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that breaks off after its first bytes."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __iter__(self) -> Generator[bytes]:
        yield b"a,b\n1,"
        raise self._error

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        yield b"a,b\n1,"
        raise self._error


@BOTH
@pytest.mark.parametrize("there", [False, True], ids=["new", "there already"])
@pytest.mark.parametrize(
    "error",
    [
        httpx2.ReadError("broken"),
        httpx2.ReadTimeout("late"),
        httpx2.RemoteProtocolError("short"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_file_that_broke_off_is_not_left_behind(
    error: Exception,
    there: bool,
    awaits: bool,
    tmp_path: Path,
    private_key: RSAPrivateKey,
) -> None:
    target = tmp_path / "r.csv"
    if there:
        target.write_text("yesterday's\n")
    with pytest.raises(TransferFailed):
        call(
            private_key,
            reports(lambda _: httpx2.Response(200, stream=Broken(error))),
            awaits,
            lambda client: client.download_report("9", target),
        )
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"] * there
    assert not there or target.read_text() == "yesterday's\n"


@BOTH
@pytest.mark.parametrize(
    "error", [httpx2.StreamClosed(), httpx2.StreamConsumed()], ids=["closed", "read"]
)
def test_a_stream_that_fails_in_itself_is_a_failed_transfer(
    error: Exception, awaits: bool, tmp_path: Path, private_key: RSAPrivateKey
) -> None:
    with pytest.raises(TransferFailed):
        call(
            private_key,
            reports(lambda _: httpx2.Response(200, stream=Broken(error))),
            awaits,
            lambda client: client.download_report("9", tmp_path / "r.csv"),
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["http://files.example/x", "http://10.0.0.1/x", "http://127.0.0.1.evil/x"]
)
def test_a_client_of_this_machine_follows_plain_links_to_this_machine_alone(
    url: str, tmp_path: Path, private_key: RSAPrivateKey
) -> None:
    asked: list[httpx2.URL] = []

    def peer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url)
        return httpx2.Response(200, content=b"")

    step = Transfer("GET", url, target=tmp_path / "r.csv")
    with pytest.raises(TransferFailed):
        call(
            private_key,
            httpx2.MockTransport(peer),
            False,
            lambda client: client.perform(step),
            endpoint_url="http://127.0.0.1:1",
        )
    assert asked == []


# Connections --------------------------------------------------------------------------


class Closable(httpx2.MockTransport):
    """A transport of the caller's that remembers being closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


@BOTH
def test_a_client_closes_the_transport_that_it_was_given(
    awaits: bool, private_key: RSAPrivateKey
) -> None:
    transport = Closable(lambda _: httpx2.Response(200, json={}))
    call(private_key, transport, awaits, lambda client: client.get_charge("C1"))
    assert transport.closed == 1


def test_a_client_that_is_forgotten_lets_go_of_its_connection(
    private_key: RSAPrivateKey,
) -> None:
    gone = threading.Event()

    def speak(peer: socket.socket) -> None:
        while read_request(peer):
            peer.sendall(OK)
        gone.set()

    with serving(speak) as server:
        url = f"http://127.0.0.1:{server.port}"
        client = Client("A", private_key, "us", True, endpoint_url=url)
        assert client.get_charge("C1").ok
        assert not gone.is_set()
        del client
        gc.collect()
        assert gone.wait(10.0)


@BOTH
def test_an_answer_that_is_too_long_leaves_a_doubt(
    awaits: bool, private_key: RSAPrivateKey
) -> None:
    def long(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(201, content=b" " * (33 << 20))

    with pytest.raises(ResponseTooLarge) as caught:
        call(
            private_key,
            httpx2.MockTransport(long),
            awaits,
            lambda client: client.create_charge(CHARGE),
        )
    assert caught.value.outcome_unknown
    assert caught.value.attempts == 1


def test_a_header_that_comes_twice_is_one_with_both_values(
    private_key: RSAPrivateKey,
) -> None:
    def twice(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers=[("x-a", "1"), ("X-A", "2")], json={})

    answered = call(
        private_key,
        httpx2.MockTransport(twice),
        False,
        lambda client: client.get_charge("C1"),
    )
    assert answered.headers["x-a"] == "1, 2"


@BOTH
def test_no_socket_step_outlasts_the_deadline(
    awaits: bool, private_key: RSAPrivateKey
) -> None:
    seen: list[dict[str, float]] = []

    def peer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.extensions["timeout"])
        return httpx2.Response(200, json={})

    long = Timeout(connect=60.0, read=60.0, write=60.0, pool=60.0)
    for timeout in (Timeout(), long, Timeout(read=None)):
        call(
            private_key,
            httpx2.MockTransport(peer),
            awaits,
            lambda client: client.get_charge("C1"),
            deadline=2.0,
            timeout=timeout,
        )
    assert all(0.0 < seconds <= 2.0 for steps in seen for seconds in steps.values())


# Waiting and paging -------------------------------------------------------------------


def reply(**members: Any) -> Any:
    return answer(members)


@pytest.mark.parametrize(
    ("declared", "final", "passing"),
    [
        (
            Waiting.wait_for_charge.begin,
            ["Authorized", "Captured", "Canceled", "Declined"],
            ["AuthorizationInitiated", "CaptureInitiated", "StateOfTheFuture"],
        ),
        (
            Waiting.wait_for_refund.begin,
            ["Refunded", "Declined"],
            ["RefundInitiated", "StateOfTheFuture"],
        ),
    ],
    ids=["charge", "refund"],
)
def test_waiting_ends_with_every_state_that_lasts_and_no_other(
    declared: Any, final: list[str], passing: list[str]
) -> None:
    for state in final:
        player = Player(reply(statusDetails={"state": state}))
        player.play(declared(None, "1"))
        assert player.waits == []
    for state in passing:
        shown = reply(statusDetails={"state": state})
        player = Player(shown, reply(statusDetails={"state": final[0]}))
        player.play(declared(None, "1"))
        assert player.waits == [1.0]


def test_waiting_ends_with_every_status_of_a_report_that_lasts() -> None:
    for status in ("COMPLETED", "FAILED", "CANCELLED"):
        player = Player(reply(processingStatus=status))
        player.play(Waiting.wait_for_report.begin(None, "1"))
        assert player.waits == []
    player = Player(
        *[reply(processingStatus="IN_PROGRESS")] * 20, reply(processingStatus="FAILED")
    )
    player.play(Waiting.wait_for_report.begin(None, "1", deadline=3600.0))
    assert (len(player.waits), max(player.waits)) == (20, 30.0)
    assert player.waits == sorted(player.waits)


@BOTH
@pytest.mark.parametrize("token", [None, ""])
@pytest.mark.parametrize("name", ["iter_reports", "iter_disbursements"])
def test_a_page_without_a_next_one_is_the_last(
    name: str, token: str | None, awaits: bool, private_key: RSAPrivateKey
) -> None:
    asked: list[str] = []

    def peer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        assert len(asked) < 3
        page: Any = {"reports": [], "disbursements": [], "nextToken": token}
        return httpx2.Response(200, json=page)

    def act(client: Any) -> Any:
        if not awaits:
            return list(getattr(client, name)())

        async def collected() -> list[Any]:
            return [one async for one in getattr(client, name)()]

        return collected()

    assert call(private_key, httpx2.MockTransport(peer), awaits, act) == []
    assert len(asked) == 1


@pytest.mark.parametrize("pattern", ["x", "x" + "." * _MAX_EMPTY_PAGES])
def test_an_element_ends_a_row_of_empty_pages(pattern: str) -> None:
    pages = [
        reply(reports=[{}] * (kind == "x"), nextToken=str(number))
        for number, kind in enumerate(pattern * 40)
    ]
    player = Player(*pages, reply(reports=[{}]))
    found = list(iterate(Paging.iter_reports.begin(None), player))
    assert len(found) == 41


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "IN_PROGRESS"])
def test_only_a_completed_report_is_fetched(status: str, tmp_path: Path) -> None:
    shown = reply(processingStatus=status, reportDocumentId="d")
    player = Player(shown)
    declared: Any = ReportFiles.download_report.begin
    with pytest.raises(ReportUnavailable, match=status):
        player.play(declared(None, "1", tmp_path / "r.csv", deadline=0.0))
    assert len(player.calls) == 1


def test_evidence_that_got_no_place_is_not_sent(tmp_path: Path) -> None:
    file = tmp_path / "e.png"
    file.write_bytes(b"png")
    player = Player(refusal(403, "UnauthorizedAccess"))
    declared: Any = Evidence.upload_evidence.begin
    with pytest.raises(APIError):
        player.play(declared(None, file))
    assert len(player.steps) == 1
