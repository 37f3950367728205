"""`amazonpay doctor` explains answers, clocks and recorded requests."""

from __future__ import annotations

import codecs
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from AmazonPay.cli.offline_checks import system_clock
from command_line import Done, answering, failing, of_simulator, write_key
from doctored import doctor, findings
from hand_signer import Signer
from keys import OTHER_KEY
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("few_authorities")


# The clock and the answer ---------------------------------------------------------


def test_a_clock_before_all_time_is_named() -> None:
    assert system_clock(datetime(1970, 1, 1, tzinfo=UTC)).status == "wrong"


def online(good: list[str], status: int, body: object, ahead: float = 0) -> Done:
    """Ask a server whose clock this machine is ahead of."""
    date = format_datetime(datetime.now(UTC) - timedelta(seconds=ahead), usegmt=True)
    transport = answering(status, json.dumps(body).encode(), date=date)
    return doctor(*good, "--json", offline=False, transport=transport)


NOT_FOUND = {"reasonCode": "ResourceNotFound", "message": "no"}


def test_one_read_proves_key_environment_and_clock(good: list[str]) -> None:
    sent: list[httpx2.Request] = []
    simulator = of_simulator(Shop().simulator)

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        made = simulator.handler(request)
        assert isinstance(made, httpx2.Response)
        made.headers["date"] = format_datetime(datetime.now(UTC), usegmt=True)
        return made

    transport = httpx2.MockTransport(answer)
    done = doctor(*good, "--json", offline=False, transport=transport)
    assert done.status == 0
    assert {"clock", "answer"} <= findings(done, "ok").keys()
    assert [one.method for one in sent] == ["GET"]


@pytest.mark.parametrize(
    ("ahead", "status", "words"),
    [
        (5, "wrong", "ahead"),
        (3600, "wrong", "ahead"),
        (-300, "wrong", "behind"),
        (-10, "ok", "within"),
    ],
)
def test_the_clock_is_compared(
    ahead: float, status: str, words: str, good: list[str]
) -> None:
    """`users.md` (a) B 7, php#19 and magento#1103: refused at random."""
    done = online(good, 404, NOT_FOUND, ahead)
    assert words in findings(done, status)["clock"]


DATE = "x-amz-pay-date should not be in future"


@pytest.mark.parametrize(
    ("status", "body", "kind", "check"),
    [
        (400, {"reasonCode": "InvalidHeaderValue", "message": DATE}, "wrong", "clock"),
        (
            400,
            {"reasonCode": "InvalidHeaderValue", "message": "PublicKeyId"},
            "wrong",
            "key id",
        ),
        (403, {"reasonCode": "UnauthorizedAccess"}, "wrong", "answer"),
        (429, {"reasonCode": "TooManyRequests"}, "unknown", "answer"),
        (503, {"reasonCode": "ServiceUnavailable"}, "unknown", "answer"),
        (200, {}, "wrong", "answer"),
        (404, {}, "wrong", "answer"),
    ],
)
def test_an_answer_is_explained(
    status: int, body: dict[str, str], kind: str, check: str, good: list[str]
) -> None:
    assert check in findings(online(good, status, body), kind)


def test_an_answer_without_a_date_is_no_clock(good: list[str]) -> None:
    transport = answering(404, json.dumps(NOT_FOUND).encode())
    done = doctor(*good, "--json", offline=False, transport=transport)
    assert "clock" in findings(done, "unknown")


@pytest.mark.parametrize(
    ("error", "kind", "check"),
    [
        (httpx2.ConnectError, "wrong", "network"),
        (httpx2.ReadTimeout, "unknown", "answer"),
    ],
)
def test_no_answer_is_explained(
    error: type[Exception], kind: str, check: str, good: list[str]
) -> None:
    done = doctor(*good, "--json", offline=False, transport=failing(error))
    assert check in findings(done, kind)


def test_without_a_usable_answer_nothing_is_proven(good: list[str]) -> None:
    lost = doctor(*good, offline=False, transport=failing(httpx2.ReadTimeout))
    assert (lost.status, "no answer proves it" in lost.err) == (3, True)
    assert online(good, 503, {"reasonCode": "ServiceUnavailable"}).status == 3
    bad = [*good, "--store-id", "x"]
    assert online(bad, 503, {"reasonCode": "ServiceUnavailable"}).status == 1


def test_a_refused_signature_names_the_key_pair(
    good: list[str], tmp_path: Path
) -> None:
    """`users.md` (a) B 6, java#22: the texts agree, so it is the wrong pair."""
    write_key(tmp_path / "key.pem", OTHER_KEY)
    transport = of_simulator(Shop().simulator)
    done = doctor(*good, "--json", offline=False, transport=transport)
    assert "key" in findings(done, "wrong")["signature"]


def test_without_a_client_nothing_is_asked() -> None:
    done = doctor("--json", offline=False, transport=failing(httpx2.ConnectError))
    assert "answer" in findings(done, "unknown")


# Recorded requests and answers ----------------------------------------------------


def recorded(signer: Signer, sent: Signer | None = None, end: str = "\r\n") -> bytes:
    """Write a request as text: signed as one signer says, sent as another."""
    sent = sent or signer
    names = ";".join(sorted(signer.headers))
    authorization = (
        f"{sent.algorithm} PublicKeyId={KEY_ID}, SignedHeaders={names},"
        f" Signature={signer.signature()}"
    )
    headers = {**sent.headers, "authorization": authorization}
    lines = [f"{sent.method} {sent.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return (end.join(lines) + end + end).encode() + sent.body


def explained(
    good: list[str], tmp_path: Path, request: bytes, answer: bytes | None = None
) -> Done:
    (tmp_path / "request.txt").write_bytes(request)
    line = [*good, "--request", str(tmp_path / "request.txt")]
    if answer is not None:
        (tmp_path / "answer.json").write_bytes(answer)
        line += ["--answer", str(tmp_path / "answer.json")]
    return doctor(*line, "--json")


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_a_right_signature_holds(end: str, good: list[str], tmp_path: Path) -> None:
    done = explained(good, tmp_path, recorded(Signer(), end=end))
    assert "signature" in findings(done, "ok")


def refusal(signer: Signer) -> bytes:
    digest = sha256(signer.canonical().encode()).hexdigest()
    message = (
        "Unable to verify signature, signing String"
        f" [{signer.algorithm}\\n{digest}], signature [x]"
    )
    return json.dumps(
        {"reasonCode": "InvalidRequestSignature", "message": message}
    ).encode()


def har(signer: Signer) -> bytes:
    """Write a request as a browser or a proxy exports it, with its answer."""
    head, _, body = recorded(signer).decode().partition("\r\n\r\n")
    pairs = [line.split(": ", 1) for line in head.split("\r\n")[1:]]
    request = {
        "method": signer.method,
        "url": f"https://pay-api.amazon.eu{signer.path}",
        "headers": [{"name": name, "value": value} for name, value in pairs],
        "postData": {"text": body},
    }
    answer = {"content": {"text": refusal(signer).decode()}}
    other: Any = {"url": "https://shop.example/", "headers": None, "postData": []}
    page = {"content": {"text": "{" * 1_200_000}}
    entries = [
        {"request": other, "response": page},
        {"request": request, "response": answer},
    ]
    return json.dumps({"log": {"entries": entries}}).encode()


def as_curl_shows(signer: Signer, size: int = 0) -> bytes:
    """Write a request as `curl -v` does, which does not show a body."""
    head = recorded(signer).partition(b"\r\n\r\n")[0].decode()
    lines = [*head.split("\r\n"), *([f"content-length: {size}"] if size else [])]
    return "\n".join(
        ["* Connected", *(f"> {one}" for one in lines), "> ", "< X"]
    ).encode()


def one_object(signer: Signer) -> bytes:
    """Write a request as a program logs it: headers and body as one object."""
    head, _, body = recorded(signer).decode().partition("\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    request = {"method": signer.method, "url": signer.path, "headers": headers}
    return json.dumps({**request, "body": body}).encode()


RECORDS = {
    "an editor's last line end": recorded(Signer()) + b"\n",
    "all line ends of an editor": recorded(Signer(), end="\n") + b"\r\n",
    "a length beside it": recorded(Signer()).replace(
        b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % len(Signer().body)
    )
    + b"\n\n",
    "a byte order mark": codecs.BOM_UTF8 + recorded(Signer()),
    "utf-16": recorded(Signer()).decode().encode("utf-16"),
    "blank lines before it": b"\n\r\n" + recorded(Signer()),
    "har": har(Signer()),
    "one object": one_object(Signer()),
    "curl": as_curl_shows(Signer(method="GET", body=b"")),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=list(RECORDS))
def test_a_right_signature_holds_in_every_form_of_a_record(
    record: bytes, good: list[str], tmp_path: Path
) -> None:
    done = explained(good, tmp_path, record)
    assert (done.status, "signature" in findings(done, "ok")) == (0, True)


def test_a_record_of_curl_without_its_body_is_told(
    good: list[str], tmp_path: Path
) -> None:
    (tmp_path / "r.txt").write_bytes(as_curl_shows(Signer(), size=9))
    done = doctor(*good, "--request", str(tmp_path / "r.txt"))
    assert (done.status, "lacks the body of 9 bytes" in done.err) == (2, True)


def test_a_har_explains_its_own_answer(good: list[str], tmp_path: Path) -> None:
    done = explained(good, tmp_path, har(Signer()), har(Signer()))
    assert "key" in findings(done, "wrong")["signature"].lower()


def test_a_request_that_names_another_key_id_is_told(
    good: list[str], tmp_path: Path
) -> None:
    """`users.md` (a) B 8: the key belongs to another id than the one named."""
    request = recorded(Signer()).replace(KEY_ID.encode(), b"SANDBOX-OTHER")
    for answer in (None, refusal(Signer())):
        done = explained(good, tmp_path, request, answer)
        assert "another key id" in findings(done, "wrong")["signature"]


def test_a_body_that_was_encoded_twice_is_named(
    good: list[str], tmp_path: Path
) -> None:
    """`users.md` (a) B 6: the body that was signed is not the one that was sent."""
    signer = Signer()
    sent = signer.copy()
    sent.body = json.dumps(json.loads(signer.body)).encode()
    done = explained(good, tmp_path, recorded(signer, sent))
    assert "signature" in findings(done, "wrong")


def test_another_padding_is_named(good: list[str], tmp_path: Path) -> None:
    """`users.md` (a) B 6, dotnet#4: a library changed the padding."""
    for signer in (Signer(pkcs1=True), Signer(salt=32)):
        done = explained(good, tmp_path, recorded(signer))
        assert "signature" in findings(done, "wrong")


def test_equal_texts_mean_another_pair(good: list[str], tmp_path: Path) -> None:
    """`users.md` (a) B 6, java#22: their string to sign equals ours."""
    signer = Signer()
    done = explained(good, tmp_path, recorded(signer), refusal(signer))
    assert "key" in findings(done, "wrong")["signature"].lower()


@pytest.mark.parametrize(
    ("answer", "kind", "check"),
    [
        pytest.param(refusal(Signer()), "wrong", "signature", id="signature"),
        (
            json.dumps({"reasonCode": "InvalidHeaderValue", "message": DATE}).encode(),
            "wrong",
            "clock",
        ),
        (
            b'HTTP/1.1 400 X\r\n\r\n{"reasonCode":"InvalidHeaderValue"}',
            "wrong",
            "answer",
        ),
        (b'{"reasonCode":"DuplicateIdempotencyKey"}', "wrong", "answer"),
        (b'{"reasonCode":"InvalidAuthentication"}', "wrong", "answer"),
        (b'{"reasonCode":"ResourceNotFound"}', "ok", "answer"),
        (
            b'12:00 {shop} said {"a":{"reasonCode":"InvalidAuthentication"}}, end',
            "wrong",
            "answer",
        ),
        pytest.param(
            json.dumps('{"reasonCode":"InvalidAuthentication"}').encode("utf-16"),
            "wrong",
            "answer",
            id="text in text",
        ),
        (b"<p style='{a}'>no</p>", "unknown", "answer"),
        (b"", "unknown", "answer"),
        (b"[]", "unknown", "answer"),
        pytest.param(b"{" * 9999, "unknown", "answer", id="deep"),
    ],
)
def test_an_answer_alone_is_explained(
    answer: bytes, kind: str, check: str, good: list[str], tmp_path: Path
) -> None:
    (tmp_path / "answer.json").write_bytes(answer)
    done = doctor(*good, "--answer", str(tmp_path / "answer.json"), "--json")
    assert check in findings(done, kind)


def test_an_answer_about_the_date_explains_itself_beside_its_request(
    good: list[str], tmp_path: Path
) -> None:
    answer = json.dumps({"reasonCode": "InvalidHeaderValue", "message": DATE}).encode()
    done = explained(good, tmp_path, recorded(Signer()), answer)
    assert "clock" in findings(done, "wrong")
    assert "signature" in findings(done, "ok")


def test_an_answer_without_a_code_adds_nothing_to_its_request(
    good: list[str], tmp_path: Path
) -> None:
    done = explained(good, tmp_path, recorded(Signer()), b"")
    assert "signature" in findings(done, "ok") | findings(done, "wrong")


@pytest.mark.parametrize("request_", [b"", b"hello", b"GET /x\nno header\n\n", b"{}"])
def test_what_is_no_request_ends_with_2(
    request_: bytes, good: list[str], tmp_path: Path
) -> None:
    (tmp_path / "request.txt").write_bytes(request_)
    line = [*good, "--request", str(tmp_path / "request.txt")]
    assert doctor(*line).status == 2
    assert doctor(*good, "--request", str(tmp_path / "none")).status == 2
