"""Files over pre-signed links: which links are followed, and what a disk gets."""

from __future__ import annotations

import os
import re
import socket
import stat
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import httpx2
import pytest

from AmazonPay import AsyncClient, Client, Retry, Timeout, TransferFailed
from AmazonPay._core.config import endpoint_for
from AmazonPay._core.steps import Transfer
from AmazonPay._http import transfer as _transfer
from keys import KEY
from loopback import read_request, serving, tls, trusting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

FILE = "https://files.example/report"


class Peer:
    """A server of files in memory; it keeps what it was asked for."""

    def __init__(self, answer: Callable[[], httpx2.Response] | None = None) -> None:
        self.requests: list[httpx2.Request] = []
        self._answer = answer or (lambda: httpx2.Response(200, content=b"a,b\n"))

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return self._answer()


def perform(awaits: bool, peer: Peer, step: Transfer, **options: Any) -> None:
    """Let a client of one kind do one step, at a peer in memory."""
    options = {"retry": Retry(attempts=1), **options}
    perform_over_sockets(awaits, step, transport=httpx2.MockTransport(peer), **options)


def perform_over_sockets(awaits: bool, step: Transfer, **options: Any) -> None:
    if not awaits:
        with Client("SANDBOX-A", KEY, "us", **options) as client:
            client.perform(step)
        return

    async def main() -> None:
        async with AsyncClient("SANDBOX-A", KEY, "us", **options) as client:
            await client.perform(step)

    anyio.run(main)


BOTH = pytest.mark.parametrize("awaits", [False, True], ids=["blocking", "awaiting"])

# Links --------------------------------------------------------------------------------

REFUSED = {
    "not https": [
        "",
        "http://files.example/x",
        "http://127.0.0.1/x",
        "//files.example/x",
        "file:///etc/passwd",
        "ftp://files.example/x",
        "https://",
        "https:files.example/x",
        "https://files.example:99999/x",
        "https://files.example:0/x",
        "https://files.example /x",
        "https://files.example\r\n/x",
        "https://files.example\\@10.0.0.1/x",
        "https://\uff11\uff12\uff17.0.0.1/x",
        "https://files.ex\u00e4mple/x",
        "https://[::1/x",
        "https://\ud800.example/x",
        "https://files.example/" + "x" * 70_000,
    ],
    "names a user": [
        "https://user@files.example/x",
        "https://user:secret@files.example/x",
        "https://@files.example/x",
        "https://:@files.example/x",
        "https://files.example@10.0.0.1/x",
        "https://user@files.example/x?to=http://files.example",
    ],
    "not public": [
        "https://localhost/x",
        "https://localhost./x",
        "https://a.localhost/x",
        "https://127.0.0.1/x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://0177.0.0.1/x",
        "https://0/x",
        "https://0.0.0.0/x",
        "https://[::]/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://10.0.0.1/x",
        "https://172.16.3.4/x",
        "https://192.168.0.1:8443/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/x",
        "https://0xa9fea9fe/x",
        "https://[::ffff:169.254.169.254]/x",
        "https://[fd00:ec2::254]/x",
        "https://[fe80::1]/x",
        "https://100.100.100.200/x",
        "https://168.63.129.16/x",
        "https://metadata.google.internal/x",
        "https://metadata/x",
        "https://printer.local/x",
        "https://%31%30.0.0.1/x",
    ],
}


@BOTH
@pytest.mark.parametrize(
    ("reason", "url"), [(reason, url) for reason in REFUSED for url in REFUSED[reason]]
)
def test_a_link_to_another_place_is_not_followed(
    awaits: bool, reason: str, url: str, tmp_path: Path
) -> None:
    peer = Peer()
    step = Transfer("GET", url, target=tmp_path / "x")
    with pytest.raises(TransferFailed) as caught:
        perform(awaits, peer, step)
    assert reason in str(caught.value) or "not https" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.final
    assert peer.requests == []
    assert list(tmp_path.iterdir()) == []


@BOTH
@pytest.mark.parametrize(
    "url",
    [
        FILE,
        "https://8.8.8.8/x?sign=a@b",
        "https://a.example:8443/x#@",
        "https://a.example:65535/x?to=http://user@b.example",
    ],
)
def test_a_link_to_a_public_host_is_followed(
    awaits: bool, url: str, tmp_path: Path
) -> None:
    peer = Peer()
    perform(awaits, peer, Transfer("GET", url, target=tmp_path / "x"))
    assert (tmp_path / "x").read_bytes() == b"a,b\n"
    assert "authorization" not in peer.requests[0].headers


@BOTH
@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8421/x", "http://localhost:1/x", "https://[::1]:1/x", FILE],
)
def test_a_simulator_on_this_machine_may_link_to_this_machine(
    awaits: bool, url: str, tmp_path: Path
) -> None:
    peer = Peer()
    step = Transfer("GET", url, target=tmp_path / "x")
    perform(awaits, peer, step, endpoint_url="http://127.0.0.1:8421")
    assert len(peer.requests) == 1


@BOTH
@pytest.mark.parametrize(
    "url",
    [
        "http://user@127.0.0.1:8421/x",
        "http://127.0.0.1.evil/x",
        "http://10.0.0.1/x",
        "https://10.0.0.1/x",
        "http://0.0.0.0:8421/x",
        "http://[::ffff:127.0.0.1]:8421/x",
        "http://files.example/x",
        "https://169.254.169.254/x",
    ],
)
def test_a_simulator_on_this_machine_links_to_no_private_network(
    awaits: bool, url: str, tmp_path: Path
) -> None:
    peer = Peer()
    step = Transfer("GET", url, target=tmp_path / "x")
    with pytest.raises(TransferFailed):
        perform(awaits, peer, step, endpoint_url="http://127.0.0.1:8421")
    assert peer.requests == []


@BOTH
def test_a_simulator_on_another_machine_links_to_itself_alone(
    awaits: bool, tmp_path: Path
) -> None:
    peer = Peer()
    home = {"endpoint_url": "https://amazonpay:8421"}
    target = tmp_path / "x"
    perform(
        awaits, peer, Transfer("GET", "https://amazonpay:8421/x", target=target), **home
    )
    for url in ("https://amazonpay/x", "https://redis:8421/x", "http://amazonpay:8421"):
        with pytest.raises(TransferFailed):
            perform(awaits, peer, Transfer("GET", url, target=target), **home)
    assert len(peer.requests) == 1


@BOTH
def test_a_public_name_that_is_resolved_to_a_private_address_gets_no_byte(
    awaits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []

    def speak(peer: socket.socket) -> None:
        heard.append(read_request(peer))

    def resolved(host: Any, port: Any, *_: object, **__: object) -> list[Any]:
        assert host in {"files.example", b"files.example"}
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, ("127.0.0.1", int(port)))]

    context, authority = tls("files.example")
    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    evidence = tmp_path / "e.png"
    evidence.write_bytes(b"secret")
    options: dict[str, Any] = {"verify": trusting(authority), "trust_env": False}
    with serving(speak, context) as server:
        url = f"https://files.example:{server.port}/x"
        for step in (
            Transfer("GET", url, target=tmp_path / "x"),
            Transfer("PUT", url, source=evidence),
        ):
            with pytest.raises(TransferFailed, match="address that is not public"):
                perform_over_sockets(awaits, step, **options)
    assert not any(heard)
    assert [path.name for path in tmp_path.iterdir()] == ["e.png"]


@BOTH
def test_files_pass_between_this_machine_and_itself(
    awaits: bool, tmp_path: Path
) -> None:
    def speak(peer: socket.socket) -> None:
        while read_request(peer):
            peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na,b\n")

    source = tmp_path / "e.png"
    source.write_bytes(b"png")
    with serving(speak) as server:
        url = f"http://127.0.0.1:{server.port}"
        for step in (
            Transfer("GET", f"{url}/x", target=tmp_path / "x"),
            Transfer("PUT", f"{url}/x", source=source),
        ):
            perform_over_sockets(awaits, step, endpoint_url=url)
    assert (tmp_path / "x").read_bytes() == b"a,b\n"


# The file -----------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("status", [204, 206, 301, 302, 307, 403, 500])
def test_what_is_no_whole_file_is_not_taken_for_one(
    awaits: bool, status: int, tmp_path: Path
) -> None:
    headers = {"location": "https://files.example/other"}
    peer = Peer(lambda: httpx2.Response(status, headers=headers, content=b"half"))
    target = tmp_path / "r.csv"
    target.write_bytes(b"old")
    with pytest.raises(TransferFailed, match=str(status)) as caught:
        perform(awaits, peer, Transfer("GET", FILE, target=target))
    assert not caught.value.final
    assert len(peer.requests) == 1
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]


class Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body whose pieces come from a function, so that a test can look on."""

    def __init__(self, pieces: Callable[[], Iterator[bytes]]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces():
            await anyio.lowlevel.checkpoint()
            yield piece


def download(
    awaits: bool, target: Path, pieces: Callable[[], Iterator[bytes]], **options: Any
) -> None:
    peer = Peer(lambda: httpx2.Response(200, stream=Body(pieces)))
    perform(awaits, peer, Transfer("GET", FILE, target=target), **options)


@BOTH
def test_an_unfinished_file_is_private_and_has_a_name_of_its_own(
    awaits: bool, tmp_path: Path
) -> None:
    seen: list[tuple[str, int]] = []

    def pieces() -> Iterator[bytes]:
        yield b"a"
        seen.extend(
            (path.name, stat.S_IMODE(path.stat().st_mode))
            for path in tmp_path.iterdir()
        )
        yield b"b"

    before = os.umask(0)
    try:
        for name in ("r.csv", "r.csv"):
            download(awaits, tmp_path / name, pieces)
            (tmp_path / name).rename(tmp_path.parent / "taken")
    finally:
        os.umask(before)
    assert {mode for _, mode in seen} == {0o600}
    assert len({name for name, _ in seen}) == 2
    assert all(re.fullmatch(r"\.amazonpay-.+\.part", name) for name, _ in seen)
    assert "r.csv" not in dict(seen)
    taken = tmp_path.parent / "taken"
    assert taken.read_bytes() == b"ab"
    assert stat.S_IMODE(taken.stat().st_mode) == 0o600


@BOTH
def test_a_symbolic_link_in_the_way_is_replaced_and_not_followed(
    awaits: bool, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    folder = tmp_path / "reports"
    folder.mkdir()
    for name in ("r.csv", "r.csv.part"):
        (folder / name).symlink_to(victim)
    download(awaits, folder / "r.csv", lambda: iter([b"a", b"b"]))
    assert victim.read_bytes() == b"precious"
    assert not (folder / "r.csv").is_symlink()
    assert (folder / "r.csv").read_bytes() == b"ab"


class Stop(BaseException):
    """What no `except Exception` catches, such as a KeyboardInterrupt."""


def stopped() -> Iterator[bytes]:
    yield b"half"
    raise Stop


def broken() -> Iterator[bytes]:
    yield b"half"
    raise httpx2.ReadError("broken")


def closed() -> Iterator[bytes]:
    yield b"half"
    raise httpx2.StreamClosed


def endless() -> Iterator[bytes]:
    while True:
        yield b"more" * 10_000


@BOTH
@pytest.mark.parametrize(
    ("pieces", "raised"),
    [(stopped, Stop), (broken, TransferFailed), (closed, TransferFailed)],
)
def test_nothing_is_left_of_a_download_that_failed(
    awaits: bool,
    pieces: Callable[[], Iterator[bytes]],
    raised: type[BaseException],
    tmp_path: Path,
) -> None:
    (tmp_path / "r.csv").write_bytes(b"old")
    with pytest.raises(raised):
        download(awaits, tmp_path / "r.csv", pieces)
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]
    assert (tmp_path / "r.csv").read_bytes() == b"old"


@BOTH
def test_a_file_that_does_not_end_in_time_is_given_up(
    awaits: bool, tmp_path: Path
) -> None:
    with pytest.raises(TransferFailed, match="too long") as caught:
        download(awaits, tmp_path / "r.csv", endless, deadline=0.05)
    assert caught.value.final
    assert list(tmp_path.iterdir()) == []


@BOTH
def test_a_file_that_is_too_large_is_given_up(
    awaits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_transfer, "LARGEST_FILE", 1_000_000)
    with pytest.raises(TransferFailed, match="too large") as caught:
        download(awaits, tmp_path / "r.csv", endless)
    assert caught.value.final
    assert list(tmp_path.iterdir()) == []


@BOTH
def test_the_largest_file_is_taken(
    awaits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_transfer, "LARGEST_FILE", 8)
    download(awaits, tmp_path / "r.csv", lambda: iter([b"1234", b"5678"]))
    assert (tmp_path / "r.csv").read_bytes() == b"12345678"
    with pytest.raises(TransferFailed, match="too large"):
        download(awaits, tmp_path / "r.csv", lambda: iter([b"1234", b"56789"]))
    assert (tmp_path / "r.csv").read_bytes() == b"12345678"


async def test_a_peer_that_never_speaks_is_given_up_awaiting(tmp_path: Path) -> None:
    async def silent(request: httpx2.Request) -> httpx2.Response:
        del request
        await anyio.sleep_forever()
        raise AssertionError

    transport = httpx2.MockTransport(silent)
    async with AsyncClient(
        "SANDBOX-A", KEY, "us", transport=transport, deadline=0.05
    ) as client:
        with pytest.raises(TransferFailed, match="too long"):
            await client.perform(Transfer("GET", FILE, target=tmp_path / "x"))


async def test_a_cancelled_download_leaves_nothing_behind(tmp_path: Path) -> None:
    async with anyio.create_task_group() as group:

        def pieces() -> Iterator[bytes]:
            yield b"half"
            group.cancel_scope.cancel()
            yield from endless()

        peer = Peer(lambda: httpx2.Response(200, stream=Body(pieces)))
        transport = httpx2.MockTransport(peer)
        async with AsyncClient("SANDBOX-A", KEY, "us", transport=transport) as client:
            await client.perform(Transfer("GET", FILE, target=tmp_path / "x"))
    assert group.cancel_scope.cancelled_caught
    assert list(tmp_path.iterdir()) == []


@BOTH
def test_the_answer_to_an_upload_is_not_read(awaits: bool, tmp_path: Path) -> None:
    source = tmp_path / "e.png"
    source.write_bytes(b"png")
    peer = Peer(lambda: httpx2.Response(200, stream=Body(endless)))
    perform(awaits, peer, Transfer("PUT", FILE, source=source))
    assert len(peer.requests) == 1


@BOTH
@pytest.mark.parametrize("status", [199, 300, 301, 302, 304, 307, 308, 403, 503])
def test_an_upload_that_is_answered_otherwise_has_not_arrived(
    awaits: bool, status: int, tmp_path: Path
) -> None:
    source = tmp_path / "e.png"
    source.write_bytes(b"png")
    headers = {"location": "https://files.example/other"}
    peer = Peer(lambda: httpx2.Response(status, headers=headers))
    with pytest.raises(TransferFailed, match=str(status)) as caught:
        perform(awaits, peer, Transfer("PUT", FILE, source=source))
    assert not caught.value.final
    assert len(peer.requests) == 1


@BOTH
@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_an_upload_arrives_with_any_success(
    awaits: bool, status: int, tmp_path: Path
) -> None:
    source = tmp_path / "e.png"
    source.write_bytes(b"png")
    peer = Peer(lambda: httpx2.Response(status))
    perform(awaits, peer, Transfer("PUT", FILE, source=source))
    assert len(peer.requests) == 1


@BOTH
def test_an_upload_that_does_not_end_in_time_is_given_up(
    awaits: bool, tmp_path: Path
) -> None:
    source = tmp_path / "e.png"
    source.write_bytes(b"png" * 100_000)
    step = Transfer("PUT", FILE, source=source)
    with pytest.raises(TransferFailed, match="too long") as caught:
        perform(awaits, Peer(), step, deadline=0.000_001)
    assert caught.value.final


@BOTH
def test_a_folder_that_is_missing_is_an_error_of_the_disk(
    awaits: bool, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        download(awaits, tmp_path / "none" / "r.csv", lambda: iter([b"a"]))


# What is asked for --------------------------------------------------------------------

TIMEOUT = Timeout(connect=1.0, read=9.0, write=2.0, pool=None)


class Noting(httpx2.BaseTransport):
    """Notes requests as they are, and answers each with a file."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return httpx2.Response(200, stream=Body(lambda: iter([b"a,b\n"])))


def asked(
    step: Transfer, seconds: float = 5.0, timeout: Timeout = TIMEOUT
) -> httpx2.Request:
    transport = Noting()
    endpoint = endpoint_for("SANDBOX-A", "us", None, None)
    _transfer.transfer(transport, step, timeout, seconds, endpoint)
    (request,) = transport.requests
    return request


def test_a_file_is_asked_for_as_it_is_and_within_the_time(tmp_path: Path) -> None:
    request = asked(Transfer("GET", FILE, target=tmp_path / "x"))
    assert (b"accept-encoding", b"identity") in request.headers.raw
    assert "content-type" not in request.headers
    assert request.extensions["timeout"] == {
        "connect": 1.0,
        "read": 5.0,
        "write": 2.0,
        "pool": 5.0,
    }
    assert callable(request.extensions["trace"])


def test_a_step_takes_no_longer_than_its_own_limit(tmp_path: Path) -> None:
    limits = Timeout(connect=1.0, read=9.0, write=2.0, pool=3.0)
    step = Transfer("GET", FILE, target=tmp_path / "x")
    request = asked(step, 60.0, limits)
    assert request.extensions["timeout"] == {
        "connect": 1.0,
        "read": 9.0,
        "write": 2.0,
        "pool": 3.0,
    }


def test_an_upload_tells_its_size_and_type_and_is_read_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_transfer, "_CHUNK", 4)
    source = tmp_path / "e.png"
    source.write_bytes(b"0123456789")
    step = Transfer("PUT", FILE, source=source, content_type="image/png")
    request = asked(step)
    raw = request.headers.raw
    assert (b"content-type", b"image/png") in raw
    assert (b"content-length", b"10") in raw
    assert [*request.stream] == [b"0123", b"4567", b"89"]  # type: ignore[misc] # it is a blocking one


def test_a_transfer_may_take_until_the_last_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_transfer, "time", SimpleNamespace(monotonic=lambda: 100.0))
    asked(Transfer("GET", FILE, target=tmp_path / "x"), seconds=0.0)
    assert (tmp_path / "x").read_bytes() == b"a,b\n"
    request = asked(Transfer("PUT", FILE, source=tmp_path / "x"), seconds=0.0)
    assert [*request.stream] == [b"a,b\n"]  # type: ignore[misc] # it is a blocking one


# The peer -----------------------------------------------------------------------------


class Stream:
    """A connection to an address."""

    def __init__(self, address: str | None) -> None:
        self.address = address

    def get_extra_info(self, info: str) -> tuple[str, int] | None:
        assert info == "server_addr"
        return None if self.address is None else (self.address, 443)


@pytest.mark.parametrize(
    ("url", "address", "refused"),
    [
        (FILE, "8.8.8.8", False),
        (FILE, "10.0.0.1", True),
        (FILE, "127.0.0.1", True),
        (FILE, None, True),
        ("http://localhost:1/x", "127.0.0.1", False),
        ("http://localhost:1/x", "8.8.8.8", True),
        ("http://localhost:1/x", "10.0.0.1", True),
        ("https://pay-api.amazon.com/x", "10.0.0.1", False),
    ],
)
def test_a_peer_is_of_the_kind_that_its_name_says(
    url: str, address: str | None, *, refused: bool
) -> None:
    endpoint = endpoint_for("SANDBOX-A", "us", None, None)
    check = _transfer._PeerCheck(url, endpoint)  # noqa: SLF001 - what httpcore2 calls
    done = "connection.connect_tcp.complete"
    info = {"return_value": Stream(address)}
    # Whoever is connected to before the host of the link is named is a proxy.
    assert check.refuses(done, info) is False
    start = {"host": httpx2.URL(url).host}
    assert check.refuses("connection.connect_tcp.started", start) is False
    assert check.refuses(done, info) is refused
    assert check.refuses("connection.connect_tcp.started", {"host": "proxy"}) is False
    assert check.refuses(done, info) is False
