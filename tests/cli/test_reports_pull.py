"""`amazonpay reports pull`: pages, kills, what cannot be had, and what is kept."""

from __future__ import annotations

import contextlib
import json
import os
import time
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import duckdb
import httpx2
import pytest

from AmazonPay.cli.moments import moment
from AmazonPay.simulator import Settings
from command_line import Done, amazonpay, answering, failing, of_simulator, write_key
from reference.accounts import SANDBOX_REPORT, SCHEDULED_REPORTS
from settlement_files import COLUMNS
from simulated import LIVE_KEY_ID, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SINCE = ("--since", "2100-01-01")


class Killed(BaseException):
    """What ends a process where it stands."""


class World:
    """A shop with reports, and a folder to pull them into."""

    def __init__(self, tmp_path: Path, shop: Shop | None = None) -> None:
        self.shop = shop or Shop()
        self.folder = tmp_path / "out"
        self.key = write_key(tmp_path / "key.pem")
        self.asked: list[str] = []
        self.document: bytes | None = None
        """What every link leads to in place of its file."""
        self.report: dict[str, Any] = {}
        """Members that every report has in place of its own."""

    def request(
        self, kind: str = SANDBOX_REPORT, start: str = "21000101T000000Z"
    ) -> str:
        body = {"reportType": kind, "startTime": start, "endTime": "21001231T235959Z"}
        reply = self.shop.post("/reports", body)
        assert reply.status == 201, reply
        return str(reply.json["reportId"])

    def made(self, kind: str = SANDBOX_REPORT) -> str:
        id_ = self.request(kind)
        self.shop.clock.move(seconds=1)
        return id_

    def transport(self, killed_at: int | None = None) -> httpx2.MockTransport:
        inner = of_simulator(self.shop.simulator)
        count = 0

        def answer(sent: httpx2.Request) -> httpx2.Response:
            nonlocal count
            if count == killed_at:
                raise Killed
            count += 1
            path = sent.url.path
            self.asked.append(path)
            given = inner.handle_request(sent)
            if self.document is not None and path.startswith("/_simulator/links/"):
                return httpx2.Response(200, content=self.document)
            if self.report and path.startswith("/v2/reports"):
                held = json.loads(given.read())
                for one in held.get("reports", [held]):
                    one.update(self.report)
                return httpx2.Response(given.status_code, json=held)
            return given

        return httpx2.MockTransport(answer)

    def pull(self, *line: str, killed_at: int | None = None, **more: Any) -> Done:
        env = {
            "AMAZON_PAY_PUBLIC_KEY_ID": self.shop.key_id,
            "AMAZON_PAY_PRIVATE_KEY": self.key,
            "AMAZON_PAY_REGION": "us",
        }
        more.setdefault("transport", self.transport(killed_at))
        options = () if "--since" in line else SINCE
        out = ("--out", str(self.folder))
        return amazonpay("reports", "pull", *options, *out, *line, env=env, **more)

    def held(self) -> dict[str, str]:
        """Return the hash of each file in the folder, by name."""
        return {
            path.name: sha256(path.read_bytes()).hexdigest()
            for path in self.folder.iterdir()
        }

    def downloads(self) -> int:
        return sum(path.startswith("/_simulator/links/") for path in self.asked)

    def entry(self, id_: str) -> Any:
        return json.loads((self.folder / f"{id_}.report.json").read_text())


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for _ in range(3):
        world.shop.sold("1050.10")
    world.shop.clock.move(days=2)
    return world


def lines(done: Done) -> list[Any]:
    return [json.loads(line) for line in done.out.splitlines()]


def rows_of(path: Path, query: str = "SELECT * FROM f") -> list[Any]:
    with duckdb.connect() as connection:
        connection.read_parquet(str(path)).create_view("f")
        return connection.execute(query).fetchall()


# What is pulled -------------------------------------------------------------------


def test_a_report_is_kept_as_it_came_and_as_parquet(world: World) -> None:
    id_ = world.made()
    done = world.pull()
    assert done.status == 0, done.err
    assert done.out.splitlines() == [
        "report\ttype\tstate\trows",
        f"{id_}\tsettlement\tpulled\t4",
    ]
    names = {f"{id_}.csv", f"{id_}.parquet", f"{id_}.report.json"}
    assert set(world.held()) == names
    text = (world.folder / f"{id_}.csv").read_text()
    assert text.startswith('"SettlementStartDate","2100-01-01T00:00:00 +0000"')


def test_amounts_in_parquet_are_exact_decimals(world: World) -> None:
    path = world.folder / f"{world.made()}.parquet"
    world.pull()
    total = rows_of(
        path, "SELECT sum(TransactionAmount) FROM f WHERE SellerOrderId IS NULL"
    )
    assert total == [(Decimal("0.00"),)]
    types = {name: kind for name, kind, *_ in rows_of(path, "DESCRIBE f")}
    assert tuple(types) == COLUMNS
    assert {types[name] for name in COLUMNS[-5:]} == {"DECIMAL(28,8)"}
    assert {types[name] for name in COLUMNS[:-5]} == {"VARCHAR"}


def test_header_facts_are_in_the_entry_and_in_the_parquet(world: World) -> None:
    id_ = world.made()
    world.pull()
    facts = {
        "SettlementStartDate": "2100-01-01T00:00:00 +0000",
        "SettlementEndDate": "2100-12-31T23:59:59 +0000",
        "SellerId": "A1SIMULATEDMERCHANT",
    }
    entry = world.entry(id_)
    assert entry["facts"] == facts
    assert (entry["rows"], tuple(entry["columns"])) == (4, COLUMNS)
    assert (entry["region"], entry["environment"]) == ("na", "sandbox")
    with duckdb.connect() as connection:
        path = str(world.folder / f"{id_}.parquet")
        query = "SELECT value FROM parquet_kv_metadata(?) WHERE key = 'facts'"
        ((found,),) = connection.execute(query, [path]).fetchall()
    assert json.loads(found) == facts


def test_an_entry_has_the_hashes_of_its_files(world: World) -> None:
    id_ = world.made()
    world.pull()
    entry, held = world.entry(id_), world.held()
    assert entry["csv_sha256"] == held[f"{id_}.csv"]
    assert entry["parquet_sha256"] == held[f"{id_}.parquet"]


def test_files_are_private(world: World) -> None:
    world.made()
    world.pull()
    assert {path.stat().st_mode & 0o777 for path in world.folder.iterdir()} == {0o600}
    assert world.folder.stat().st_mode & 0o777 == 0o700


def test_every_page_of_the_list_is_pulled(tmp_path: Path) -> None:
    # Nothing was sold, so each report is cancelled: a list without files.
    world = World(tmp_path)
    for _ in range(201):
        world.request()
    world.shop.clock.move(seconds=1)
    done = world.pull("--json")
    assert len(lines(done)) == 201
    assert world.asked.count("/v2/reports") == 3


def test_each_report_is_one_line_of_json(world: World) -> None:
    ids = [world.made(), world.made()]
    found = lines(world.pull("--json"))
    assert [one["report"] for one in found] == ids
    assert found[0] == {
        "report": ids[0],
        "type": SANDBOX_REPORT,
        "state": "pulled",
        "rows": 4,
        "csv": f"{ids[0]}.csv",
        "parquet": f"{ids[0]}.parquet",
        "facts": found[0]["facts"],
        "problem": None,
    }


def test_progress_goes_to_stderr(world: World) -> None:
    ids = [world.made(), world.made()]
    done = world.pull()
    assert f"1/2 {ids[0]} pulled\n2/2 {ids[1]} pulled" in done.err


def test_a_terminal_shows_a_bar(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.made()
    monkeypatch.setattr("AmazonPay.cli.reports_pull.is_terminal", lambda _: True)
    assert "1/1" not in world.pull().err
    # It would be drawn over the lines of data.
    assert "1/1" in world.pull("--json").err


def test_a_type_that_is_new_is_pulled_too(world: World) -> None:
    world.made()
    world.report = {"reportType": "_A_NEW_ONE_"}
    assert "\t_A_NEW_ONE_\tpulled" in world.pull().out


def test_a_second_pull_fetches_nothing(world: World) -> None:
    world.made()
    world.pull()
    before, fetched = world.held(), world.downloads()
    assert "\tkept\t" in world.pull().out
    assert (world.held(), world.downloads()) == (before, fetched)


def test_without_parquet_no_extra_is_needed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = world.made()
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    missing = world.pull()
    assert (missing.status, world.asked) == (2, [])
    assert "[reports]" in missing.err
    assert world.pull("--no-parquet").status == 0
    assert set(world.held()) == {f"{id_}.csv", f"{id_}.report.json"}
    assert (world.entry(id_)["rows"], world.entry(id_)["facts"] != {}) == (4, True)


def test_parquet_is_added_later_without_a_download(world: World) -> None:
    id_ = world.made()
    world.pull("--no-parquet")
    fetched = world.downloads()
    assert world.pull().status == 0
    assert world.downloads() == fetched
    assert f"{id_}.parquet" in world.held()


@pytest.mark.parametrize("name", ["csv", "parquet"])
@pytest.mark.parametrize("content", [None, b"", b"changed"])
def test_a_file_that_was_changed_or_removed_is_made_again(
    name: str, content: bytes | None, world: World
) -> None:
    id_ = world.made()
    world.pull()
    before, file = world.held(), world.folder / f"{id_}.{name}"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    assert world.pull().status == 0
    assert world.held()[file.name] == world.entry(id_)[f"{name}_sha256"]
    assert world.held()[f"{id_}.csv"] == before[f"{id_}.csv"]


def test_types_are_chosen_by_short_names(tmp_path: Path) -> None:
    world = World(tmp_path, Shop(settings=Settings(every_report_in_sandbox=True)))
    world.shop.sold()
    ids = {kind: world.made(kind) for kind in (SANDBOX_REPORT, *SCHEDULED_REPORTS)}
    orders, _, _, refunds = SCHEDULED_REPORTS
    for chosen, kinds in (
        (["settlement"], [SANDBOX_REPORT]),
        (["orders", refunds], [orders, refunds]),
        ([], list(ids)),
    ):
        options = [word for kind in chosen for word in ("--type", kind)]
        found = lines(world.pull(*options, "--json"))
        assert {one["report"] for one in found} == {ids[kind] for kind in kinds}


def test_a_type_that_does_not_exist_is_told(world: World) -> None:
    done = world.pull("--type", "setlement")
    assert (done.status, world.asked) == (2, [])
    assert "Did you mean settlement?" in done.err


def test_live_is_not_asked_and_asks_nobody(tmp_path: Path) -> None:
    world = World(tmp_path, Shop(key_id=LIVE_KEY_ID))
    world.shop.sold()
    world.made(SCHEDULED_REPORTS[0])
    inner = world.transport()

    def unmarked(sent: httpx2.Request) -> httpx2.Response:
        answer = inner.handle_request(sent)
        answer.headers.pop("x-simulator", None)
        return answer

    listed = httpx2.MockTransport(unmarked)
    done = world.pull("--type", "orders", "--json", transport=listed)
    # A live client follows no link to a simulator, but it has asked nobody.
    assert lines(done)[0]["type"] == SCHEDULED_REPORTS[0]


# Killed ---------------------------------------------------------------------------


def kills(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kill a pull before each request, and before each time the disk is waited for."""
    for number in range(100):
        with contextlib.suppress(Killed):
            world.pull(killed_at=number)
            break
        yield
    sync = os.fsync
    for number in range(100):
        for path in world.folder.iterdir():
            path.unlink()
        count = 0

        def counted(descriptor: int, last: int = number) -> None:
            nonlocal count
            if count == last:
                raise Killed
            count += 1
            sync(descriptor)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", counted)
            try:
                world.pull()
            except Killed:
                pass
            else:
                return
        yield


def test_a_pull_that_was_killed_anywhere_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{world.made()}.csv"
    world.pull()
    whole = world.held()
    count = 0
    for path in world.folder.iterdir():
        path.unlink()
    for count, _ in enumerate(kills(world, monkeypatch), 1):  # noqa: B007 - see below
        # An entry is whole, and what it names is there.
        for path in world.folder.glob("*.report.json"):
            entry = json.loads(path.read_text())
            assert world.held()[f"{entry['report_id']}.csv"] == entry["csv_sha256"]
        assert world.pull().status == 0
        assert set(world.held()) == set(whole)
        assert world.held()[name] == whole[name]
        for path in world.folder.iterdir():
            path.unlink()
    assert count > 10


def test_what_was_fetched_before_a_kill_is_not_fetched_again(world: World) -> None:
    ids = [world.made(), world.made()]
    # The list, then three requests for each report.
    with pytest.raises(Killed):
        world.pull(killed_at=5)
    assert (world.folder / f"{ids[0]}.report.json").exists()
    world.asked.clear()
    assert [one["state"] for one in lines(world.pull("--json"))] == ["kept", "pulled"]
    assert world.downloads() == 1


def test_parts_that_a_kill_has_left_are_removed_after_a_day(world: World) -> None:
    world.folder.mkdir()
    old, new = (world.folder / f".amazonpay-{n}.part" for n in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"x")
    then = time.time() - 2 * 86_400
    os.utime(old, (then, then))
    world.pull()
    assert (old.exists(), new.exists()) == (False, True)


# What cannot be had ---------------------------------------------------------------


def test_no_report_is_told(world: World) -> None:
    done = world.pull()
    assert (done.status, done.out) == (0, "")
    assert "create-report" in done.err


def test_a_report_in_progress_is_waited_for(world: World) -> None:
    world.request()
    waited = world.pull("--wait", "0s", "--json")
    assert (waited.status, lines(waited)[0]["state"]) == (1, "in progress")
    assert "pull again" in world.pull("--wait", "0s").err
    world.shop.clock.move(seconds=1)
    assert world.pull().status == 0


def test_a_report_is_done_while_it_is_waited_for(tmp_path: Path) -> None:
    settings = Settings(report_settles_after=timedelta(seconds=3))
    world = World(tmp_path, Shop(settings=settings))
    world.shop.sold()
    world.request()
    inner = world.transport()

    def later(sent: httpx2.Request) -> httpx2.Response:
        world.shop.clock.move(seconds=2)
        return inner.handle_request(sent)

    assert world.pull("--json", transport=httpx2.MockTransport(later)).status == 0


def test_nothing_to_report_is_no_failure(world: World) -> None:
    body = {"reportType": SANDBOX_REPORT, "startTime": "20000101T000000Z"}
    world.shop.post("/reports", body | {"endTime": "20010101T000000Z"})
    world.shop.clock.move(seconds=1)
    done = world.pull("--json")
    assert (done.status, lines(done)[0]["state"]) == (0, "empty")


@pytest.mark.parametrize("status", ["FAILED", "FATAL", "a new one"])
def test_a_report_that_failed_is_told_and_the_others_are_pulled(
    status: str, world: World
) -> None:
    world.made()
    world.report = {"processingStatus": status}
    done = world.pull()
    assert (done.status, "failed" in done.out) == (1, True)
    assert "request it again" in done.err
    world.report = {}
    assert world.pull().status == 0


@pytest.mark.parametrize("document", [b"", b"\r\n \n"])
def test_an_empty_file_is_kept(document: bytes, world: World) -> None:
    id_ = world.made()
    world.document = document
    for state in ("pulled", "kept"):
        done = world.pull("--json")
        assert (done.status, lines(done)[0]["state"]) == (0, state)
    assert (world.entry(id_)["rows"], world.entry(id_)["columns"]) == (0, [])
    assert (world.folder / f"{id_}.csv").read_bytes() == document


def test_a_table_without_rows_is_a_table(world: World) -> None:
    id_ = world.made()
    world.document = b"A,B,SomeAmount\n"
    assert world.pull().status == 0
    assert rows_of(world.folder / f"{id_}.parquet") == []


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"A,B,SomeAmount\nx,y,1.00\nx,y,1e3\n", "line 3, column 'SomeAmount'"),
        (b"A,B,SomeFee\nx,y,12,5\n", "line 2"),
        (b"A,B,SomeFee\nx,y,0.123456789\n", "8 after it"),
        (b"A,B,SomeFee\nx,y," + b"9" * 21 + b"\n", "20 digits"),
        (b"A,a,SomeFee\nx,y,1\n", "capital letters"),
        (b",".join(b"C%d" % n for n in range(3_000)) + b"\n", "at most 1000"),
        (b"<html></html>", "HTML"),
        ("A,B,C\nü,b,c\n".encode("cp1252"), "--encoding"),
    ],
    ids=[
        "exponent",
        "short",
        "fraction",
        "long",
        "capitals",
        "wide",
        "html",
        "encoding",
    ],
)
def test_a_file_that_is_no_exact_table_is_kept_and_told(
    document: bytes, words: str, world: World
) -> None:
    id_ = world.made()
    world.document = document
    for _ in range(2):
        done = world.pull()
        assert (done.status, "problem" in done.out) == (1, True)
        assert words in done.err
        assert f"{id_}.csv" in done.err
    assert world.downloads() == 1
    assert (world.folder / f"{id_}.csv").read_bytes() == document
    assert f"{id_}.parquet" not in world.held()


def test_another_encoding_mends_a_file_without_a_download(world: World) -> None:
    id_ = world.made()
    world.document = "A,B,C\nü,日,c\n".encode("utf-16")
    assert world.pull().status == 1
    assert world.pull("--encoding", "utf-16").status == 0
    assert (world.downloads(), world.entry(id_)["problem"]) == (1, None)
    assert rows_of(world.folder / f"{id_}.parquet") == [("ü", "日", "c")]


def test_an_unknown_encoding_ends_with_2(world: World) -> None:
    assert (world.pull("--encoding", "latin-99").status, world.asked) == (2, [])


@pytest.mark.parametrize("id_", ["../../x", "", ".", "a/b", "CON", "x" * 101, 7])
def test_an_id_that_is_no_file_name_writes_nothing(id_: object, world: World) -> None:
    world.made()
    world.report = {"reportId": id_}
    done = world.pull()
    assert (done.status, "problem" in done.out) == (1, True)
    assert world.held() == {}


def test_a_report_that_is_purged_is_told(world: World) -> None:
    ids = [world.made(), world.made()]
    inner = world.transport()

    def purged(sent: httpx2.Request) -> httpx2.Response:
        if sent.url.path == f"/v2/reports/{ids[0]}":
            world.shop.clock.move(days=90)
        return inner.handle_request(sent)

    done = world.pull("--since", "2100-01-01", transport=httpx2.MockTransport(purged))
    assert done.status == 1
    assert "90 days" in done.err


def test_a_link_that_fails_does_not_stop_the_others(world: World) -> None:
    ids = [world.made(), world.made()]
    inner = world.transport()
    count = 0

    def broken(sent: httpx2.Request) -> httpx2.Response:
        nonlocal count
        if sent.url.path.startswith("/_simulator/links/"):
            count += 1
            if count <= 3:  # each link of the first report
                return httpx2.Response(403)
        return inner.handle_request(sent)

    done = world.pull("--json", transport=httpx2.MockTransport(broken))
    assert done.status == 1
    found = {one["report"]: one["state"] for one in lines(done)}
    assert found == {ids[0]: "problem", ids[1]: "pulled"}


@pytest.mark.parametrize(
    ("transport", "status"),
    [
        (failing(httpx2.ConnectError), 3),
        (answering(403, b'{"reasonCode": "InvalidAccountStatus"}'), 1),
    ],
    ids=["no answer", "refused"],
)
def test_what_stops_all_reports_ends_the_pull(
    transport: httpx2.MockTransport, status: int, world: World
) -> None:
    done = world.pull(transport=transport)
    assert (done.status, done.out) == (status, "")


# The folder -----------------------------------------------------------------------


def test_another_account_needs_another_folder(world: World) -> None:
    id_ = world.made()
    world.pull()
    path = world.folder / f"{id_}.report.json"
    path.write_text(path.read_text().replace('"sandbox"', '"live"'))
    done = world.pull()
    assert done.status == 2
    assert "another folder" in done.err


def test_another_report_of_the_same_id_replaces_nothing(world: World) -> None:
    world.made()
    world.pull()
    before = world.held()
    world.report = {"createdTime": "20991231T000000Z"}
    done = world.pull()
    assert (done.status, world.held()) == (1, before)
    assert "another report of this id" in done.err


def test_an_entry_that_was_tampered_with_is_named(world: World) -> None:
    id_ = world.made()
    world.pull()
    path = world.folder / f"{id_}.report.json"
    good = json.loads(path.read_text())
    for member, value in (
        ("facts", {"SellerId": 1}),
        ("facts", ["SellerId"]),
        ("columns", [1]),
        ("rows", "4"),
        ("problem", 1),
        ("parquet_sha256", 1),
        ("report_id", "../x"),
        ("created", None),
        ("version", 2),
        ("more", 1),
    ):
        path.write_text(json.dumps(good | {member: value}))
        done = amazonpay("reports", "summary", str(world.folder))
        assert (done.status, path.name in done.err) == (2, True)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"report_id": 1}', "\udcff"])
def test_an_entry_that_is_none_is_named(content: str, world: World) -> None:
    id_ = world.made()
    world.pull()
    path = world.folder / f"{id_}.report.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    done = world.pull()
    assert done.status == 2
    assert path.name in done.err


def test_other_files_in_the_folder_are_left_alone(world: World) -> None:
    world.folder.mkdir()
    (world.folder / "package.json").write_text("{")
    world.made()
    assert world.pull().status == 0
    assert (world.folder / "package.json").read_text() == "{"


def test_a_folder_that_cannot_be_written_is_named(world: World) -> None:
    world.made()
    world.folder.write_text("a file")
    done = world.pull()
    assert (done.status, done.out) == (2, "")
    assert "cannot be written" in done.err


def test_a_folder_with_a_zero_byte_ends_with_2(world: World) -> None:
    assert world.pull("--out", "a\0b").status == 2


# Moments --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-05-18", "2026-05-18T00:00:00+00:00"),
        ("2026-05-18T14:00+02:00", "2026-05-18T12:00:00+00:00"),
        (" 20260518T140000Z ", "2026-05-18T14:00:00+00:00"),
    ],
)
def test_a_moment_is_read(text: str, found: str) -> None:
    assert moment(text).isoformat() == found


def test_a_moment_can_be_so_long_ago() -> None:
    assert moment("1h") - moment("25h") == pytest.approx(  # pyright: ignore[reportUnknownMemberType]
        timedelta(days=1), abs=timedelta(minutes=1)
    )


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "9999999w", "1", "5x"])
def test_what_is_no_moment_ends_with_2(text: str, world: World) -> None:
    done = world.pull("--since", text)
    assert (done.status, world.asked) == (2, [])
    assert "moment" in done.err or "length of time" in done.err


def test_until_before_since_ends_with_2(world: World) -> None:
    done = world.pull("--until", "2099-01-01")
    assert (done.status, world.asked) == (2, [])


def test_older_reports_than_amazon_keeps_are_told(world: World) -> None:
    assert "90 days" in world.pull("--since", "91d").err
    assert "90 days" not in world.pull("--since", "89d").err


def test_until_ends_the_list(world: World) -> None:
    world.made()
    assert world.pull("--until", "2100-01-02", "--json").out == ""
    assert lines(world.pull("--until", "2100-02-01", "--json"))
