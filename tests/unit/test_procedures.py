"""Procedures as plain data: steps out, outcomes in; and both clients at it."""

from __future__ import annotations

import pickle
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from AmazonPay import (
    AmazonPayError,
    APIError,
    AsyncClient,
    Client,
    InvalidRequest,
    InvalidResponse,
    NotFound,
    ReportUnavailable,
    Response,
    Retry,
    Timeout,
    TransferFailed,
    TransportError,
)
from AmazonPay._core.run import iterate, run
from AmazonPay._core.steps import Flow, Pages, Transfer
from AmazonPay.procedures.evidence import CONTENT_TYPES, Evidence
from AmazonPay.procedures.paging import Paging
from AmazonPay.procedures.report_files import ReportFiles
from AmazonPay.procedures.waiting import Waiting
from AmazonPay.report_files import read_report
from callers import collected, on_all_clients, on_both_loops, result
from journals import MemoryJournal, Player, Reply, answer
from keys import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def charge(state: str) -> Response[Any]:
    return answer({"chargeId": "C1", "statusDetails": {"state": state}})


def wait_for_charge(**options: Any) -> Flow[Any]:
    flow: Flow[Any] = Waiting.wait_for_charge.begin(None, "C1", **options)
    return flow


# Waiting ------------------------------------------------------------------------------


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
        player = Player(charge(state))
        seen = player.play(declared(None, "C1"))
        assert (seen["statusDetails"]["state"], player.waits) == (state, [])
    for state in passing:
        player = Player(charge(state), charge(final[0]))
        player.play(declared(None, "C1"))
        assert player.waits == [1.0]


def test_waiting_ends_with_every_status_of_a_report_that_lasts() -> None:
    for status in ("COMPLETED", "FAILED", "CANCELLED"):
        report = {"processingStatus": status}
        player = Player(answer({"processingStatus": "IN_PROGRESS"}), answer(report))
        assert player.play(Waiting.wait_for_report.begin(None, "1")) == report
        assert player.waits == [1.0]


def test_pauses_grow_while_a_charge_is_pending() -> None:
    player = Player(*[charge("AuthorizationInitiated")] * 4, charge("Authorized"))
    player.play(wait_for_charge())
    assert player.waits == [1.0, 1.5, 2.25, 3.375]


def test_no_pause_is_longer_than_half_a_minute() -> None:
    player = Player(*[charge("AuthorizationInitiated")] * 12, charge("Authorized"))
    player.play(wait_for_charge(deadline=600.0))
    assert player.waits[8:] == [1.5**8, 30.0, 30.0, 30.0]


def test_all_of_the_time_is_waited_and_looked_at_once_more() -> None:
    player = Player(charge("AuthorizationInitiated"), charge("Authorized"))
    seen = player.play(wait_for_charge(deadline=1.0))
    assert seen["statusDetails"]["state"] == "Authorized"
    assert player.waits == [1.0]


@pytest.mark.parametrize("found", ["C2", "c1", "C1 ", "", 1, ["C1"], {}, False])
@pytest.mark.parametrize(
    ("wait", "id_name", "done"),
    [
        (Waiting.wait_for_charge, "chargeId", {"statusDetails": {"state": "Captured"}}),
        (Waiting.wait_for_refund, "refundId", {"statusDetails": {"state": "Refunded"}}),
        (Waiting.wait_for_report, "reportId", {"processingStatus": "COMPLETED"}),
    ],
    ids=["charge", "refund", "report"],
)
def test_an_answer_about_another_object_is_never_waited_for(
    wait: Any, id_name: str, done: dict[str, Any], found: object
) -> None:
    player = Player(answer({id_name: found, **done}))
    with pytest.raises(InvalidResponse, match=f"another {id_name}"):
        player.play(wait.begin(None, "C1"))


def test_a_document_of_another_report_is_not_fetched(tmp_path: Path) -> None:
    report = {"processingStatus": "COMPLETED", "reportDocumentId": "d"}
    player = Player(
        answer({"reportId": "9", **report}),
        answer({"reportDocumentId": "e", "url": "https://example.com/e"}),
    )
    with pytest.raises(InvalidResponse, match="another reportDocumentId"):
        player.play(ReportFiles.download_report.begin(None, "9", tmp_path / "r"))


@pytest.mark.parametrize("report_id", ["8", "", 9])
def test_another_report_than_was_asked_for_is_not_downloaded(
    report_id: object, tmp_path: Path
) -> None:
    report = {"processingStatus": "COMPLETED", "reportDocumentId": "d"}
    player = Player(answer({"reportId": report_id, **report}))
    with pytest.raises(InvalidResponse, match="another reportId"):
        player.play(ReportFiles.download_report.begin(None, "9", tmp_path / "r"))


def test_the_last_object_is_returned_when_time_is_up() -> None:
    player = Player(*[charge("CaptureInitiated")] * 50)
    seen = run(wait_for_charge(deadline=10.0), player)
    assert seen["statusDetails"]["state"] == "CaptureInitiated"
    assert sum(player.waits) == 10.0


def test_a_caller_names_the_states_to_wait_for() -> None:
    player = Player(charge("Authorized"), charge("Captured"))
    player.play(wait_for_charge(until={"Captured", "Declined"}))
    assert len(player.calls) == 2


@pytest.mark.parametrize(
    "until",
    [
        "Captured",
        b"Captured",
        (),
        set(),
        {"Captured", "captured"},
        ["Captured", 1],
        [["Captured"]],
        [None],
        iter(["Captured"]),
        5,
        None,
    ],
)
def test_waiting_for_a_state_that_does_not_exist_is_refused(until: Any) -> None:
    with pytest.raises(InvalidRequest, match="until is a set of states of a charge"):
        Player().play(wait_for_charge(until=until))


@pytest.mark.parametrize(
    ("wait", "until"),
    [
        (Waiting.wait_for_charge, {"Captured", "Refunded"}),
        (Waiting.wait_for_refund, {"Captured"}),
        (Waiting.wait_for_refund, ("REFUNDED",)),
        (Waiting.wait_for_report, {"Completed"}),
    ],
)
def test_each_object_has_states_of_its_own_to_wait_for(wait: Any, until: Any) -> None:
    with pytest.raises(InvalidRequest, match="until is a set of states"):
        Player().play(wait.begin(None, "S01", until=until))


def test_waiting_for_what_is_not_there_raises() -> None:
    player = Player(answer({"reasonCode": "ResourceNotFound"}, 404))
    with pytest.raises(NotFound):
        player.play(wait_for_charge())


# Paging -------------------------------------------------------------------------------


ONE, TWO, THREE = ({"reportId": str(n)} for n in (1, 2, 3))


def test_the_next_page_is_asked_for_by_its_token_alone() -> None:
    player = Player(
        answer({"reports": [ONE, TWO], "nextToken": "a/b"}),
        answer({"reports": [], "nextToken": "c"}),
        answer({"reports": [THREE]}),
    )
    pages = Paging.iter_reports.begin(None, report_types=["X", "Y"], page_size=2)
    assert player.collect(pages) == [ONE, TWO, THREE]
    assert [call.query for call in player.calls] == [
        "pageSize=2&reportTypes=X%2CY",
        "nextToken=a%2Fb",
        "nextToken=c",
    ]


def test_disbursements_page_alike_and_a_null_token_ends_them() -> None:
    player = Player(
        answer({"disbursements": [ONE], "nextToken": "n"}),
        answer({"disbursements": [TWO], "nextToken": None}),
    )
    pages = Paging.iter_disbursements.begin(None, start_time="20260101T000000Z")
    assert player.collect(pages) == [ONE, TWO]
    assert player.calls[0].query == "startTime=20260101T000000Z"


@pytest.mark.parametrize(
    "pages", [Paging.iter_reports.begin, Paging.iter_disbursements.begin]
)
def test_a_page_that_is_refused_raises(pages: Callable[[None], Pages[Any]]) -> None:
    with pytest.raises(APIError):
        Player(answer({}, 400)).collect(pages(None))


# Report files -------------------------------------------------------------------------

DONE = answer({"processingStatus": "COMPLETED", "reportDocumentId": "d1"})


def link(name: str) -> Response[Any]:
    return answer({"url": f"https://files.example/{name}"})


def failed() -> TransferFailed:
    return TransferFailed("403", operation="transfer")


def test_a_report_is_written_to_the_place_that_was_asked_for(tmp_path: Path) -> None:
    player = Player(DONE, link("1"), None)
    flow = ReportFiles.download_report.begin(None, "9", tmp_path / "r.csv")
    assert player.play(flow) == tmp_path / "r.csv"
    assert player.steps[-1] == Transfer(
        "GET", "https://files.example/1", target=tmp_path / "r.csv"
    )


def test_a_link_that_ran_out_is_asked_for_anew(tmp_path: Path) -> None:
    player = Player(DONE, link("1"), failed(), link("2"), None)
    player.play(ReportFiles.download_report.begin(None, "9", tmp_path / "r"))
    urls = [step.url for step in player.steps if isinstance(step, Transfer)]
    assert urls == ["https://files.example/1", "https://files.example/2"]


def test_three_links_that_fail_are_enough(tmp_path: Path) -> None:
    replies: list[Reply] = [link("1"), failed()] * 3
    player = Player(DONE, *replies)
    with pytest.raises(TransferFailed):
        player.play(ReportFiles.download_report.begin(None, "9", tmp_path / "r"))
    assert player.replies == []


@pytest.mark.parametrize(
    "report",
    [
        {"processingStatus": "FAILED", "reportDocumentId": "d"},
        {"processingStatus": "CANCELLED", "reportDocumentId": "d"},
        {"processingStatus": "IN_PROGRESS", "reportDocumentId": "d"},
        {"processingStatus": "COMPLETED", "reportDocumentId": None},
        {"processingStatus": "COMPLETED", "reportDocumentId": ""},
    ],
)
def test_a_report_without_a_document_says_its_status(
    report: dict[str, Any], tmp_path: Path
) -> None:
    player = Player(answer(report))
    declared: Any = ReportFiles.download_report.begin
    with pytest.raises(ReportUnavailable) as caught:
        player.play(declared(None, "9", tmp_path / "r", deadline=0))
    assert caught.value.processing_status == report["processingStatus"]
    assert len(player.calls) == 1


# Evidence -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2,3\n",
        'a\n"' + "x" * 200_000 + '"\n',
        "a," * 600_000,
        "a,b\n" + "1," * 600_000 + "\n",
    ],
    ids=["long row", "long field", "long header", "long line"],
)
def test_a_file_that_is_no_table_is_said_to_be_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text(text)
    with pytest.raises(ReportUnavailable, match="as far as its line"):
        list(read_report(path))


def test_evidence_is_reserved_and_then_put(tmp_path: Path) -> None:
    file = tmp_path / "Receipt.JPEG"
    file.write_bytes(b"jpg")
    place = {"id": "file_1", "url": "https://files.example/up"}
    player = Player(answer(place), None)
    flow = Evidence.upload_evidence.begin(None, file, idempotency_key="k")
    assert player.play(flow) == place
    (call,) = player.calls
    assert call.body == b'{"type":"jpg","purpose":"disputeEvidence"}'
    assert call.idempotency_key == "k"
    assert player.steps[-1] == Transfer(
        "PUT", "https://files.example/up", content_type="image/jpeg", source=file
    )


def test_evidence_that_got_no_place_is_not_sent(tmp_path: Path) -> None:
    file = tmp_path / "e.png"
    file.write_bytes(b"png")
    player = Player(answer({"reasonCode": "UnauthorizedAccess"}, 403))
    with pytest.raises(APIError):
        player.play(Evidence.upload_evidence.begin(None, file))
    assert len(player.steps) == 1


def test_the_content_types_are_those_of_the_reference() -> None:
    assert CONTENT_TYPES == {
        "csv": "text/csv",
        "pdf": "application/pdf",
        "xls": "application/vnd.ms-excel",
        "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        "doc": "application/msword",
        "docx": (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        ),
        "ods": "application/vnd.oasis.opendocument.spreadsheet",
        "jpg": "image/jpeg",
        "png": "image/png",
    }


@pytest.mark.parametrize("name", ["receipt.exe", "receipt", "missing.jpg"])
def test_what_is_no_evidence_is_refused_before_anything_is_sent(
    name: str, tmp_path: Path
) -> None:
    player = Player()
    with pytest.raises(InvalidRequest):
        player.play(Evidence.upload_evidence.begin(None, tmp_path / name))
    assert player.steps == []


# Strange answers ----------------------------------------------------------------------

EVIL_IDS: list[Any] = [
    5,
    True,
    ["d1"],
    {"id": "d1"},
    ".",
    "..",
    "...",
    "\ud800",
    "d\udfff1",
    "d" * 70_000,
]
NO_TEXTS: list[Any] = [None, "", 5, True, ["x"], {"x": "y"}]
NO_OBJECTS: list[Response[Any]] = [
    Response(200, {}, body, operation="test")
    for body in (
        b"",
        b"null",
        b"5",
        b'"text"',
        b"[]",
        b"[[" * 5_000,
        b'{"a":' * 100_000,
        b"<html>",
        b"\xff\xfe",
        b'{"n": ' + b"9" * 10_000 + b"}",
    )
]


def play_all(reply: Response[Any], tmp_path: Path) -> list[Callable[[], Any]]:
    """List the procedures that read one answer first, each at that answer."""
    evidence = tmp_path / "e.png"
    evidence.write_bytes(b"png")
    flows: list[Flow[Any]] = [
        Waiting.wait_for_charge.begin(None, "C1"),
        Waiting.wait_for_refund.begin(None, "R1"),
        Waiting.wait_for_report.begin(None, "9"),
        ReportFiles.download_report.begin(None, "9", tmp_path / "r"),
        Evidence.upload_evidence.begin(None, evidence),
    ]
    lists: list[Pages[Any]] = [
        Paging.iter_reports.begin(None),
        Paging.iter_disbursements.begin(None),
        ReportFiles.iter_report_rows.begin(None, "9"),
    ]
    return [partial(Player(reply).play, flow) for flow in flows] + [
        partial(Player(reply).collect, pages) for pages in lists
    ]


@pytest.mark.parametrize("reply", NO_OBJECTS, ids=range(len(NO_OBJECTS)))
def test_an_answer_that_is_no_object_ends_every_procedure(
    reply: Response[Any], tmp_path: Path
) -> None:
    for played in play_all(reply, tmp_path):
        with pytest.raises(InvalidResponse):
            played()


def test_an_answer_that_says_nothing_ends_every_procedure(tmp_path: Path) -> None:
    for played in play_all(answer({}), tmp_path):
        with pytest.raises(InvalidResponse, match="has no"):
            played()


@pytest.mark.parametrize("state", NO_TEXTS)
@pytest.mark.parametrize("wait", [Waiting.wait_for_charge, Waiting.wait_for_refund])
def test_a_state_that_is_no_text_ends_the_wait(wait: Any, state: object) -> None:
    for body in ({"statusDetails": {"state": state}}, {"statusDetails": state}):
        with pytest.raises(InvalidResponse, match=r"no text as statusDetails\.state"):
            Player(answer(body)).play(wait.begin(None, "X1"))


@pytest.mark.parametrize("status", NO_TEXTS)
def test_a_processing_status_that_is_no_text_ends_the_wait(status: object) -> None:
    reply = answer({"processingStatus": status, "reportDocumentId": "d1"})
    with pytest.raises(InvalidResponse, match="processingStatus"):
        Player(reply).play(Waiting.wait_for_report.begin(None, "9"))


@pytest.mark.parametrize("document_id", EVIL_IDS, ids=range(len(EVIL_IDS)))
def test_no_strange_id_of_an_answer_becomes_a_path(
    document_id: object, tmp_path: Path
) -> None:
    player = Player(
        answer({"processingStatus": "COMPLETED", "reportDocumentId": document_id})
    )
    with pytest.raises(InvalidResponse, match="reportDocumentId"):
        player.play(ReportFiles.download_report.begin(None, "9", tmp_path / "r"))
    assert len(player.calls) == 1


@pytest.mark.parametrize("url", NO_TEXTS)
def test_a_link_that_is_no_text_is_not_followed(url: object, tmp_path: Path) -> None:
    evidence = tmp_path / "e.png"
    evidence.write_bytes(b"png")
    for player, flow in (
        (
            Player(DONE, answer({"url": url})),
            ReportFiles.download_report.begin(None, "9", tmp_path / "r"),
        ),
        (
            Player(answer({"id": "file_1", "url": url})),
            Evidence.upload_evidence.begin(None, evidence),
        ),
        (
            Player(answer({"id": url, "url": "https://files.example/up"})),
            Evidence.upload_evidence.begin(None, evidence),
        ),
    ):
        with pytest.raises(InvalidResponse):
            player.play(flow)
        assert not any(isinstance(step, Transfer) for step in player.steps)


LISTS = pytest.mark.parametrize(
    ("name", "pages"),
    [
        ("reports", Paging.iter_reports.begin),
        ("disbursements", Paging.iter_disbursements.begin),
    ],
)


@LISTS
@pytest.mark.parametrize("found", [None, "ab", 5, {"a": 1}])
def test_a_page_without_a_list_is_an_error(
    name: str, pages: Callable[[None], Pages[Any]], found: object
) -> None:
    with pytest.raises(InvalidResponse, match=f"no list as {name}"):
        Player(answer({name: found})).collect(pages(None))


@LISTS
@pytest.mark.parametrize("strange", [None, "ab", 5, []])
def test_no_element_of_a_page_that_holds_what_is_no_object_is_given_out(
    name: str, pages: Callable[[None], Pages[Any]], strange: object
) -> None:
    player = Player(answer({name: [ONE, strange], "nextToken": "n"}))
    with pytest.raises(InvalidResponse, match=f"no object in {name}"):
        next(iterate(pages(None), player))


@LISTS
@pytest.mark.parametrize("token", [5, True, False, 0, ["t"], {"t": "t"}])
def test_a_next_token_that_is_no_text_is_an_error(
    name: str, pages: Callable[[None], Pages[Any]], token: object
) -> None:
    with pytest.raises(InvalidResponse, match="nextToken"):
        Player(answer({name: [], "nextToken": token})).collect(pages(None))


@LISTS
@pytest.mark.parametrize("token", ["\ud800", "t" * 70_000])
def test_a_next_token_that_no_query_takes_is_an_error_of_ours(
    name: str, pages: Callable[[None], Pages[Any]], token: str
) -> None:
    player = Player(answer({name: [], "nextToken": token}))
    with pytest.raises(AmazonPayError):
        player.collect(pages(None))
    assert len(player.calls) == 1


@LISTS
@pytest.mark.parametrize("tokens", ["aa", "aba", "abcb"])
def test_a_next_token_that_comes_again_ends_the_list_with_an_error(
    name: str, pages: Callable[[None], Pages[Any]], tokens: str
) -> None:
    replies = [answer({name: [{"n": n}], "nextToken": t}) for n, t in enumerate(tokens)]
    player = Player(*replies)
    found: list[Any] = []
    with pytest.raises(InvalidResponse, match="repeats a nextToken"):
        found.extend(iterate(pages(None), player))
    assert [one["n"] for one in found] == list(range(len(tokens)))
    assert len(player.calls) == len(tokens)


@LISTS
def test_empty_pages_without_end_are_an_error(
    name: str, pages: Callable[[None], Pages[Any]]
) -> None:
    player = Player(*[answer({name: [], "nextToken": str(n)}) for n in range(200)])
    with pytest.raises(InvalidResponse, match="empty pages"):
        player.collect(pages(None))
    assert len(player.calls) == 101


@LISTS
def test_empty_pages_are_counted_anew_after_each_full_one(
    name: str, pages: Callable[[None], Pages[Any]]
) -> None:
    found = [[], *[[ONE], *[[]] * 100] * 2]
    replies = [answer({name: one, "nextToken": str(n)}) for n, one in enumerate(found)]
    player = Player(*replies, answer({name: [TWO], "nextToken": ""}))
    assert player.collect(pages(None)) == [ONE, ONE, TWO]
    assert player.replies == []


def test_a_link_of_no_use_is_not_asked_for_anew(tmp_path: Path) -> None:
    player = Player(DONE, link("1"), TransferFailed("too large", final=True))
    with pytest.raises(TransferFailed, match="too large"):
        player.play(ReportFiles.download_report.begin(None, "9", tmp_path / "r"))
    assert player.replies == []


@pytest.mark.parametrize(
    ("deadline", "times", "left"), [(60, 2, 60 - (1.0 + 1.5)), (1, 1, 0.0)]
)
def test_a_download_may_take_what_is_left_of_its_deadline(
    deadline: float, times: int, left: float, tmp_path: Path
) -> None:
    pending = answer({"processingStatus": "IN_PROGRESS"})
    player = Player(*[pending] * times, DONE, link("1"), None)
    target = tmp_path / "r"
    player.play(ReportFiles.download_report.begin(None, "9", target, deadline=deadline))
    (step,) = [step for step in player.steps if isinstance(step, Transfer)]
    assert step.seconds == left


@pytest.mark.parametrize(("length", "fits"), [(1024, True), (1025, False)])
def test_an_id_of_a_document_has_at_most_1024_characters(
    length: int, tmp_path: Path, *, fits: bool
) -> None:
    reply = answer({"processingStatus": "COMPLETED", "reportDocumentId": "d" * length})
    player = Player(reply, link("1"), None)
    flow = ReportFiles.download_report.begin(None, "9", tmp_path / "r")
    if fits:
        player.play(flow)
        return
    with pytest.raises(InvalidResponse, match="has no id as reportDocumentId"):
        player.play(flow)


@pytest.mark.parametrize("status", ["TELEPORTED to Jane Doe", "FAILED"])
def test_a_status_of_the_server_is_shown_only_if_it_is_a_word(
    status: str, tmp_path: Path
) -> None:
    reply = answer({"processingStatus": status, "reportDocumentId": None})
    player = Player(*[reply] * 50)
    with pytest.raises(ReportUnavailable) as caught:
        player.play(ReportFiles.download_report.begin(None, "9", tmp_path / "r"))
    assert caught.value.processing_status == status
    assert "Jane" not in str(caught.value)
    assert "Jane" not in repr(pickle.loads(pickle.dumps(caught.value)))  # noqa: S301 - our own bytes


# Both clients -------------------------------------------------------------------------


class Amazon:
    """A peer in memory: some reports, a document, files that come and go."""

    def __init__(self, document: Sequence[httpx2.Response] = ()) -> None:
        self.requests: list[httpx2.Request] = []
        self.document = list(document)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        path = request.url.path.removeprefix("/sandbox/v2")
        if path == "/document":
            return self.document.pop(0)
        if path == "/reports":
            paged = "nextToken" in request.url.params
            return httpx2.Response(200, json=REPORTS[paged])
        return httpx2.Response(200, json=OBJECTS[request.method, path])


REPORTS = (
    {"reports": [{"reportId": "1"}], "nextToken": "t"},
    {"reports": [{"reportId": "2"}]},
)
OBJECTS: dict[tuple[str, str], object] = {
    ("GET", "/reports/9"): DONE.json(),
    ("GET", "/report-documents/d1"): {"url": "https://files.example/document"},
    ("POST", "/files"): {"id": "file_1", "url": "https://files.example/up"},
    ("PUT", "/up"): {},
    ("GET", "/charges/C1"): charge("Captured").json(),
}


def client_for(peer: Any, kind: Any = Client, **options: Any) -> Any:
    transport, retry = httpx2.MockTransport(peer), options.pop("retry", Retry(base=0))
    return kind("A", KEY, "us", True, transport=transport, retry=retry, **options)


def document() -> list[httpx2.Response]:
    return [httpx2.Response(403), httpx2.Response(200, content=b"a,b\n1,2\n")]


def test_rows_are_read_in_the_encoding_of_the_file() -> None:
    content = "名前,都市\n花子,東京\n".encode("cp932")
    client = client_for(Amazon([httpx2.Response(200, content=content)]))
    (row,) = client.iter_report_rows("9", encoding="cp932")
    assert row == {"名前": "花子", "都市": "東京"}


@on_all_clients
async def test_a_client_drives_them_all(kind: Any, tmp_path: Path) -> None:
    peer = Amazon(document() + document())
    client = client_for(peer, kind)
    reports = await collected(client.iter_reports())
    assert [report["reportId"] for report in reports] == ["1", "2"]
    target = await result(client.download_report("9", tmp_path / "r.csv"))
    assert target.read_text() == "a,b\n1,2\n"
    assert await collected(client.iter_report_rows("9")) == [{"a": "1", "b": "2"}]
    seen = await result(client.wait_for_charge("C1"))
    assert seen["statusDetails"]["state"] == "Captured"
    evidence = tmp_path / "e.png"
    evidence.write_bytes(b"png")
    assert (await result(client.upload_evidence(evidence)))["id"] == "file_1"
    put = peer.requests[-1]
    assert put.content == b"png"
    assert put.headers["content-type"] == "image/png"
    assert put.headers["content-length"] == "3"
    assert "authorization" not in put.headers
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.png", "r.csv"]


def refusing(request: httpx2.Request) -> httpx2.Response:
    del request
    return httpx2.Response(404, json={"reasonCode": "ResourceNotFound", "message": ""})


async def test_a_page_that_is_refused_raises_awaiting_too() -> None:
    with pytest.raises(NotFound):
        await collected(client_for(refusing, AsyncClient).iter_reports())


@on_all_clients
async def test_waiting_passes_at_once_where_a_test_asks_for_it(kind: Any) -> None:
    states = iter(["AuthorizationInitiated", "AuthorizationInitiated", "Authorized"])

    def settling(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=charge(next(states)).json())

    client = client_for(settling, kind, retry=Retry(wait=False))
    seen = await result(client.wait_for_charge("C1"))
    assert seen["statusDetails"]["state"] == "Authorized"


# The deadline of a helper -------------------------------------------------------------

MONEY = {"amount": "10.00", "currencyCode": "USD"}
NAMES = {"namespace": "shop", "order": "1"}


class Busy:
    """An Amazon that asks for patience, or answers nothing at all."""

    def __init__(self, asks_for: str | None, *, reads: bool = False) -> None:
        self.asks_for = asks_for
        self.reads = reads
        self.calls: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.calls.append(request.method)
        if self.reads and request.method == "GET":
            return httpx2.Response(200, json=charge("Authorized").json())
        if self.asks_for is None:
            raise httpx2.ReadError("reset")
        return httpx2.Response(
            503,
            json={},
            headers={"retry-after": self.asks_for} if self.asks_for else {},
        )


def helped(peer: Busy, name: str, *args: Any, **more: Any) -> tuple[Any, float]:
    """Call a helper; give what it came to, and the seconds that it paused."""
    client = client_for(peer, retry=Retry(wait=False))
    before = client._calls.shared.instant_clock.skipped  # noqa: SLF001 - the clock of pauses
    try:
        outcome = getattr(client, name)(*args, **more)
    except (APIError, TransportError) as error:
        outcome = error
    return outcome, client._calls.shared.instant_clock.skipped - before  # noqa: SLF001 - the clock of pauses


HELPERS: dict[str, tuple[Any, ...]] = {
    "create_charge_or_get": ({"chargePermissionId": "S01", "chargeAmount": MONEY},),
    "refund_or_get": ({"chargeId": "C1", "refundAmount": MONEY},),
    "capture_or_get_charge": ("C1", {"captureAmount": MONEY}),
    "cancel_or_get_charge": ("C1", {"cancellationReason": "x"}),
    "complete_or_get_checkout_session": ("s1", {"chargeAmount": MONEY}),
    "finalize_or_get_checkout_session": ("s1", {"chargeAmount": MONEY}),
    "close_or_get_charge_permission": ("S01", {"closureReason": "x"}),
}


@pytest.mark.parametrize("deadline", [0, 0.0, 3, 40])
@pytest.mark.parametrize("asks_for", ["1", "57", "", None])
@pytest.mark.parametrize("reads", [False, True])
@pytest.mark.parametrize("name", HELPERS)
def test_a_helper_pauses_no_longer_than_its_deadline(
    name: str, reads: bool, asks_for: str | None, deadline: float
) -> None:
    peer = Busy(asks_for, reads=reads)
    more = {"journal": MemoryJournal(), "deadline": deadline, **NAMES}
    decision, paused = helped(peer, name, *HELPERS[name], **more)
    assert decision.outcome in {"unknown", "pending"}
    assert paused <= deadline
    assert peer.calls


@pytest.mark.parametrize("deadline", [0, 3, 40])
@pytest.mark.parametrize("asks_for", ["1", "57", "", None])
@pytest.mark.parametrize(
    "name", ["wait_for_charge", "wait_for_refund", "wait_for_report"]
)
def test_waiting_pauses_no_longer_than_its_deadline(
    name: str, asks_for: str | None, deadline: float
) -> None:
    _, paused = helped(Busy(asks_for), name, "1", deadline=deadline)
    assert paused <= deadline


def test_a_broken_connection_is_tried_again_at_once_when_no_time_is_left() -> None:
    peer = Busy(None, reads=True)
    name = "capture_or_get_charge"
    more = {"journal": MemoryJournal(), "deadline": 0, **NAMES}
    _, paused = helped(peer, name, *HELPERS[name], **more)
    assert peer.calls == ["GET", "POST", "POST", "POST", "POST", "GET"]
    assert paused == 0


def test_what_asks_for_patience_is_not_repeated_when_no_time_is_left() -> None:
    peer = Busy("57", reads=True)
    name = "capture_or_get_charge"
    more = {"journal": MemoryJournal(), "deadline": 0, **NAMES}
    helped(peer, name, *HELPERS[name], **more)
    assert peer.calls == ["GET", "POST", "GET"]


@on_both_loops
async def test_a_helpers_deadline_bounds_an_awaiting_client_too() -> None:
    peer = Busy("57", reads=True)

    name = "capture_or_get_charge"
    call = getattr(client_for(peer, AsyncClient), name)
    await call(*HELPERS[name], journal=MemoryJournal(), deadline=0, **NAMES)
    with pytest.raises(NotFound):
        await collected(
            client_for(refusing, AsyncClient).iter_report_rows("1", deadline=0)
        )
    assert peer.calls == ["GET", "POST", "GET"]


def test_a_call_of_a_helper_has_the_time_of_one_socket_step_at_least() -> None:
    limits: list[float] = []

    def peer(request: httpx2.Request) -> httpx2.Response:
        limits.append(request.extensions["timeout"]["read"])
        return httpx2.Response(200, json=charge("Authorized").json())

    client = client_for(peer, timeout=7)
    client.wait_for_charge("C1", deadline=0)
    client.with_options(deadline=2).wait_for_charge("C1", deadline=0)
    client.with_options(timeout=Timeout(read=None)).wait_for_charge("C1", deadline=0)
    assert limits == pytest.approx([7, 2, 60], abs=0.5)


@pytest.mark.parametrize(
    "deadline", [float("nan"), float("inf"), -1, -0.001, None, True, "1", 10**400]
)
@pytest.mark.parametrize(
    ("name", "args"),
    [
        *HELPERS.items(),
        ("wait_for_charge", ("C1",)),
        ("wait_for_refund", ("R1",)),
        ("wait_for_report", ("1",)),
        ("download_report", ("1", "x")),
        ("iter_report_rows", ("1",)),
    ],
)
async def test_a_deadline_that_is_no_time_is_refused(
    name: str, args: tuple[Any, ...], deadline: Any
) -> None:
    peer, journal = Busy(None), MemoryJournal()
    more = {"journal": journal, **NAMES} if name in HELPERS else {}
    for kind in (Client, AsyncClient):
        call = getattr(client_for(peer, kind), name)
        with pytest.raises(InvalidRequest, match=r"^deadline must"):
            await result(call(*args, deadline=deadline, **more))
    assert peer.calls == []
    assert journal.entries == {}
