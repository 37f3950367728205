"""What a journal's file must survive: jobs, forks, releases, damage, a full disk."""

from __future__ import annotations

import errno
import os
import pickle
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

import exactly_once_soak as soak
from AmazonPay import (
    AmazonPayError,
    Client,
    ConfigurationError,
    InvalidRequest,
    JournalFailed,
    Retry,
    SQLiteJournal,
)
from AmazonPay._core import fork_gate
from AmazonPay._once import sqlite_journal as journals
from AmazonPay._once import sqlite_schema
from AmazonPay._once.entry import start_send
from forks import forked
from journals import Ticks
from keys import KEY
from simulated import KEY_ID
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from AmazonPay._once.entry import Change
    from AmazonPay.journal import Entry

VERSION_0 = Path(__file__).parents[1] / "files" / "journal-version-0.db"
"""Written by the commit before files had a version; its orders are 1001 to 1008."""

INTENDED = soak.entry_named("0123456789abcdef0123456789abcdef")
KEY_OF_IT = INTENDED.key
BODY = b'{"note":"' + b"for Mary Miller only, " * 40 + b'"}'

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX modes and forks")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> SQLiteJournal:
    return SQLiteJournal(path, clock=Ticks())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nobody: whoever holds a lock in these tests keeps it."""
    monkeypatch.setattr(journals, "_LOCK_SECONDS", 0.05)
    monkeypatch.setattr(journals, "_READER_MILLISECONDS", 50)


def sql(path: Path, *statements: str) -> list[Any]:
    """Do something to a file behind the journal's back."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements[:-1]:
            connection.execute(statement)
        rows = connection.execute(statements[-1]).fetchall()
        connection.commit()
    return rows


def stored(journal: SQLiteJournal, entry: Entry) -> Entry:
    return journal.change(entry.key, lambda _: entry)


def settled(number: int) -> Entry:
    key = f"{number:032}"
    return replace(soak.entry_named(key), body=BODY, outcome="success")


# Jobs and forks -----------------------------------------------------------------------


@pytest.mark.slow
def test_jobs_that_open_the_journal_each_for_itself_lose_nothing(
    tmp_path: Path,
) -> None:
    assert soak.jobs_of_their_own(tmp_path, 30) == {}


@pytest.mark.slow
@posix
def test_forks_of_a_process_that_uses_the_journal_lose_nothing(tmp_path: Path) -> None:
    assert soak.forks_in_use(tmp_path, 6) == {}


def in_the_middle(
    journal: SQLiteJournal, act: Callable[[], None], key: str = KEY_OF_IT
) -> None:
    """Do something while a change is under way."""

    def change(found: Entry | None) -> Entry:
        act()
        return start_send(INTENDED)(found)

    journal.change(key, change)


@contextmanager
def in_use(journal: SQLiteJournal) -> Generator[None]:
    """Let another thread be in the middle of a change."""
    inside, go_on = threading.Event(), threading.Event()

    def act() -> None:
        inside.set()
        go_on.wait()

    thread = threading.Thread(target=in_the_middle, args=(journal, act))
    thread.start()
    inside.wait()
    try:
        yield
    finally:
        go_on.set()
        thread.join()


@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_waits_until_no_other_thread_uses_the_journal(
    journal: SQLiteJournal,
) -> None:
    codes: list[int] = []

    def child() -> None:
        journal.change(KEY_OF_IT, start_send(INTENDED))

    def fork() -> None:
        codes.append(forked(child, seconds=30))

    forking = threading.Thread(target=fork)
    with in_use(journal):
        forking.start()
        # It has come as far as it can: from here on nobody else may begin.
        while not fork_gate.gate._held:  # noqa: SLF001 - no other sign of it
            pass
        assert codes == []
    forking.join()
    found = journal.find(KEY_OF_IT)
    assert (codes, found and found.runs) == ([0], 2)


@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_could_not_be_waited_for_refuses_to_use_the_journal(
    journal: SQLiteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fork_gate, "_FORK_TIMEOUT", 0.0)

    def child() -> None:
        for _ in range(2):
            with pytest.raises(JournalFailed, match="forked"):
                journal.find(KEY_OF_IT)
        assert forked(grandchild) == 0

    def grandchild() -> None:
        with pytest.raises(JournalFailed, match="forked"):
            journal.find(KEY_OF_IT)

    with in_use(journal):
        assert forked(child) == 0
    found = journal.find(KEY_OF_IT)
    assert found is not None


@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_the_middle_of_a_change_leaves_it_to_the_parent(
    journal: SQLiteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[int] = []
    closed: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    class Noted(sqlite3.Connection):
        def close(self) -> None:
            closed.append(self)
            super().close()

    monkeypatch.setattr(sqlite3, "connect", partial(connect, factory=Noted))

    def fork() -> None:
        children.append(os.fork())

    try:
        in_the_middle(journal, fork)
    except JournalFailed:
        if children == [0]:
            # Closing the parent's connection would roll its change back.
            os._exit(8 if closed else 7)
        raise
    assert len(closed) == 1
    if children == [0]:
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 7
    found = journal.change(KEY_OF_IT, start_send(INTENDED))
    assert found.runs == 2


@pytest.mark.slow
def test_a_system_without_forks_needs_no_gate() -> None:
    code = (
        "import os\n"
        "for name in {'fork', 'register_at_fork'} & {*dir(os)}: delattr(os, name)\n"
        "from AmazonPay import SQLiteJournal\n"
        "import sys; SQLiteJournal(sys.argv[1])"
    )
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", code, f"{folder}/journal.db"]
        assert subprocess.run(command, check=False, env=unmeasured()).returncode == 0


OURS = {journals.__file__, sqlite_schema.__file__, fork_gate.__file__}


def at_step(number: int, act: Callable[[], None]) -> None:
    """Act where a signal handler would: after a call of ours of something in C."""
    left = number

    def handle(frame: Any, event: str, _: object) -> None:
        nonlocal left
        if event == "c_return" and frame.f_code.co_filename in OURS:
            left -= 1
            if left == 0:
                act()

    sys.setprofile(handle)


class Watchdog(TimeoutError):  # noqa: N818 - named by what raises it
    """What a signal handler of the shop raises."""


def test_an_exception_of_a_signal_handler_passes_unchanged_and_leaves_nothing(
    path: Path, journal: SQLiteJournal, impatient: None
) -> None:
    del impatient

    def bark() -> None:
        raise Watchdog

    def interrupted(step: int) -> bool:
        at_step(step, bark)
        try:
            SQLiteJournal(path).change(KEY_OF_IT, start_send(INTENDED))
        except Watchdog:
            return True
        finally:
            sys.setprofile(None)
        return False

    def use() -> None:
        journal.change(KEY_OF_IT, start_send(INTENDED))
        used.append(journal.find(KEY_OF_IT))

    used: list[Any] = []
    steps = 0
    for steps in count(1):
        if not interrupted(steps):
            break
        # No lock of the file is left behind, and none of the gate.
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        assert len(used) == steps
        fork_gate.gate.before_fork()
        assert fork_gate.gate._quiet  # noqa: SLF001 - a child would tell
        fork_gate.gate.after_fork_in_parent()
    assert steps > 20


# Versions -----------------------------------------------------------------------------


@pytest.fixture
def older(path: Path) -> Path:
    shutil.copyfile(VERSION_0, path)
    return path


def test_a_file_of_the_release_before_is_migrated_and_keeps_its_entries(
    older: Path,
) -> None:
    before = sql(older, "SELECT * FROM entry ORDER BY idempotency_key")
    columns = sql(older, "SELECT name FROM pragma_table_info('entry')")
    names = ", ".join(name for (name,) in columns)
    SQLiteJournal(older)
    assert sql(older, f"SELECT {names} FROM entry ORDER BY idempotency_key") == before  # noqa: S608 - our own names
    assert sql(older, "PRAGMA user_version") == [(1,)]
    found = SQLiteJournal(older).find("b93d4af7d8f94a96802ead5c4d7c33a7")
    assert found is not None
    assert (found.order, found.outcome, found.body) == ("1006", "success", None)
    assert (found.created, found.abandoned, found.other_object_ids) == (None, None, ())
    assert found.changed == datetime(2026, 1, 1, 0, 0, 14, tzinfo=UTC)


def test_entries_in_flight_of_the_release_before_are_sent_with_their_bytes(
    older: Path,
) -> None:
    journal = SQLiteJournal(older)
    sent: list[tuple[str, bytes]] = []

    def money(amount: object) -> dict[str, object]:
        return {"amount": amount, "currencyCode": "USD"}

    permission = "S01-0000000-0000000"
    charge = f"{permission}-C000000"
    session = "11111111-0000-4000-8000-000000000000"
    objects: dict[str, dict[str, object]] = {
        charge: {
            "chargeId": charge,
            "chargePermissionId": permission,
            "chargeAmount": money("10.5"),
            "statusDetails": {"state": "Authorized"},
        },
        session: {"checkoutSessionId": session, "statusDetails": {"state": "Open"}},
    }

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, json=objects[request.url.path.split("/")[-1]])
        key = request.headers["x-amz-pay-idempotency-key"]
        sent.append((key, request.content))
        return httpx2.Response(500, json={})

    client: Any = Client(
        KEY_ID,
        KEY,
        "us",
        transport=httpx2.MockTransport(answer),
        retry=Retry(attempts=1),
    )
    in_flight = {entry.order: entry for entry in journal.open_entries()}
    assert sorted(in_flight) == ["1001", "1002", "1003", "1004", "1005"]
    again: dict[str, tuple[Any, ...]] = {
        "1001": (
            "create_charge_or_get",
            {"chargePermissionId": permission, "chargeAmount": money("14.00")},
        ),
        "1002": (
            "create_charge_or_get",
            {
                "chargePermissionId": permission,
                "chargeAmount": money(10),
                "captureNow": True,
            },
        ),
        "1003": (
            "capture_or_get_charge",
            charge,
            {"captureAmount": money("10.5"), "softDescriptor": "M\u00fcller"},
        ),
        "1004": (
            "refund_or_get",
            {"chargeId": charge, "refundAmount": money("5.00")},
        ),
        "1005": (
            "complete_or_get_checkout_session",
            session,
            {"chargeAmount": money("14.00")},
        ),
    }
    for order, (helper, *arguments) in again.items():
        entry = in_flight[order]
        getattr(client, helper)(
            *arguments, journal=journal, namespace="shop/sandbox/A1", order=order
        )
        assert sent.pop() == (entry.key, entry.body)
        found = journal.find(entry.key)
        # Its last change was long ago, so it is at least that old.
        assert client.resume(found, journal=journal).reason == "TooOld"
        assert sent == []
        client.resume(found, journal=journal, max_age=timedelta(days=36_500))
        assert sent.pop() == (entry.key, entry.body)


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """Give a folder in which no write waits for a disk, where there is one."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it has a name of its own
    with tempfile.TemporaryDirectory(
        dir=memory if memory.is_dir() else tmp_path
    ) as folder:
        yield Path(folder)


KILLED = 42


@pytest.mark.slow
@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("there", [True, False])
def test_a_process_may_be_killed_at_any_step_of_opening_and_forgetting(
    in_memory: Path, there: bool
) -> None:
    def live(path: Path) -> None:
        journal = SQLiteJournal(path)
        stored(journal, settled(1))
        journal.forget(utc(1))

    steps = 0
    code = KILLED
    while code == KILLED:
        steps += 1
        path = in_memory / f"{steps}" / "journal.db"
        path.parent.mkdir()
        if there:
            shutil.copyfile(VERSION_0, path)

        def die(path: Path = path, step: int = steps) -> None:
            at_step(step, lambda: os._exit(KILLED))
            live(path)

        code = forked(die)
        live(path)
        entries = len(SQLiteJournal(path).open_entries())
        assert (entries, bytes_left(path)) == (5 if there else 0, False)
        assert sql(path, "PRAGMA integrity_check") == [("ok",)]
    assert code == 0
    assert steps > 20


def test_a_file_between_the_versions_is_migrated(older: Path) -> None:
    sql(
        older,
        "ALTER TABLE entry ADD COLUMN abandoned TEXT",
        "UPDATE entry SET abandoned = 'paid by card' WHERE shop_order = '1001'",
    )
    found = {one.order: one.abandoned for one in SQLiteJournal(older).open_entries()}
    assert found == {
        "1001": "paid by card",
        **dict.fromkeys(("1002", "1003", "1004", "1005")),
    }


def test_a_file_that_a_killed_process_left_empty_becomes_a_journal(path: Path) -> None:
    path.touch()
    SQLiteJournal(path).change(KEY_OF_IT, start_send(INTENDED))
    assert SQLiteJournal(path).find(KEY_OF_IT) is not None


@pytest.mark.parametrize(
    ("drawn", "id_"), [(lambda _: 0, 1), (lambda below: below - 1, 2**31 - 1)]
)
def test_the_id_of_a_file_is_one_that_sqlite_can_hold_and_never_none(
    path: Path, monkeypatch: pytest.MonkeyPatch, drawn: Callable[[int], int], id_: int
) -> None:
    monkeypatch.setattr("secrets.randbelow", drawn)
    journal = SQLiteJournal(path)
    assert sql(path, "PRAGMA application_id") == [(id_,)]
    assert journal.find(KEY_OF_IT) is None


@pytest.mark.parametrize("version", [2, 99, 2**31 - 1, -1])
def test_a_file_of_a_newer_release_is_refused_and_left_alone(
    path: Path, journal: SQLiteJournal, version: int
) -> None:
    sql(path, f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="newer release"):
        SQLiteJournal(path)
    for use in (lambda: journal.find(KEY_OF_IT), lambda: journal.forget(utc(9))):
        with pytest.raises(JournalFailed, match="newer release"):
            use()
    assert path.read_bytes() == before


def utc(day: int) -> datetime:
    return datetime(2027, 1, day, tzinfo=UTC)


def without_table(path: Path) -> None:
    sql(path, "DROP TABLE entry")


def with_another_table(path: Path) -> None:
    path.unlink()
    sql(path, "CREATE TABLE shop_order (id INTEGER)")


def with_a_table_of_this_name(path: Path) -> None:
    path.unlink()
    sql(path, "CREATE TABLE entry (id INTEGER, body BLOB)")


def with_a_column_less(path: Path) -> None:
    sql(path, "ALTER TABLE entry DROP COLUMN abandoned")


def with_a_text(path: Path) -> None:
    path.write_text("this is no database, but a longer text")


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_within_a_page(path: Path) -> None:
    os.truncate(path, 5000)


def without_a_head(path: Path) -> None:
    path.write_bytes(bytes(100) + path.read_bytes()[100:])


def filled_with_noise(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100] + b"\xa5" * 20_000)


def filled_with_zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = [
    without_table,
    with_another_table,
    with_a_table_of_this_name,
    with_a_column_less,
    with_a_text,
    cut_off,
    cut_within_a_page,
    without_a_head,
    filled_with_noise,
    filled_with_zeros,
    a_folder,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_and_keeps_its_mode(
    path: Path, journal: SQLiteJournal, damage: Callable[[Path], None]
) -> None:
    stored(journal, INTENDED)
    damage(path)
    path.chmod(0o755)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        SQLiteJournal(path)
    assert path.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_damaged_later_is_no_raw_error(
    path: Path, journal: SQLiteJournal, damage: Callable[[Path], None]
) -> None:
    stored(journal, INTENDED)
    damage(path)
    with pytest.raises(JournalFailed):
        journal.change(KEY_OF_IT, start_send(INTENDED))


def test_an_older_file_that_is_damaged_is_not_migrated(older: Path) -> None:
    # The index names what the table does not hold.
    content = bytearray(older.read_bytes())
    page = 4096
    content[-page:] = content[page : 2 * page]
    older.write_bytes(content)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        SQLiteJournal(older)
    assert older.read_bytes() == bytes(content)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("charge_ids", "'[1, 2'"),
        ("charge_ids", "1"),
        ("other_object_ids", "'{'"),
        ("changed", "'yesterday'"),
        ("created", "7"),
        ("body", "-1"),
        ("path", "CAST(x'fffe' AS TEXT)"),
    ],
)
def test_a_damaged_entry_is_no_raw_error_and_shows_nothing(
    path: Path, journal: SQLiteJournal, column: str, value: str
) -> None:
    stored(journal, INTENDED)
    sql(path, f"UPDATE entry SET {column} = {value}")  # noqa: S608 - our own words
    for use in (
        lambda: journal.find(KEY_OF_IT),
        journal.open_entries,
        lambda: journal.change(KEY_OF_IT, start_send(INTENDED)),
    ):
        with pytest.raises(JournalFailed) as one:
            use()
        assert not any(word in str(one.value) for word in ("yesterday", "1, 2"))


# The file -----------------------------------------------------------------------------


def removed(path: Path) -> None:
    path.unlink()


def removed_and_made_anew(path: Path) -> None:
    path.unlink()
    SQLiteJournal(path)


def emptied(path: Path) -> None:
    path.unlink()
    path.touch()


def replaced_by_another(path: Path) -> None:
    other = path.with_name("other.db")
    SQLiteJournal(other)
    other.replace(path)


def replaced_in_place(path: Path) -> None:
    other = path.with_name("other.db")
    SQLiteJournal(other)
    shutil.copyfile(other, path)


def replaced_by_its_copy(path: Path) -> None:
    copy = path.with_name("copy.db")
    shutil.copyfile(path, copy)
    copy.replace(path)


def replaced_by_an_older_one(path: Path) -> None:
    shutil.copyfile(VERSION_0, path)


def moved_away(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def gone_with_its_folder(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()


GONE = [
    removed,
    removed_and_made_anew,
    emptied,
    replaced_by_another,
    replaced_in_place,
    replaced_by_its_copy,
    replaced_by_an_older_one,
    moved_away,
    gone_with_its_folder,
]


@pytest.mark.parametrize("gone", GONE)
def test_a_file_that_has_disappeared_or_was_replaced_is_missed(
    tmp_path: Path, gone: Callable[[Path], None]
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    path = folder / "journal.db"
    journal = SQLiteJournal(path)
    stored(journal, INTENDED)
    gone(path)
    there = path.exists() and path.read_bytes()
    for use in (
        lambda: journal.find(KEY_OF_IT),
        journal.open_entries,
        lambda: journal.change(KEY_OF_IT, start_send(INTENDED)),
        lambda: journal.forget(utc(1)),
    ):
        with pytest.raises(JournalFailed):
            use()
    assert (path.exists() and path.read_bytes()) == there


@pytest.mark.parametrize("gone", [removed, replaced_by_another, replaced_by_its_copy])
def test_a_file_that_disappears_during_a_change_is_missed(
    path: Path, journal: SQLiteJournal, gone: Callable[[Path], None]
) -> None:
    with pytest.raises(JournalFailed):
        in_the_middle(journal, lambda: gone(path))


@posix
def test_a_link_that_leads_elsewhere_is_another_journal(tmp_path: Path) -> None:
    link = tmp_path / "journal.db"
    link.symlink_to(tmp_path / "first.db")
    journal = SQLiteJournal(link)
    stored(journal, INTENDED)
    assert (tmp_path / "first.db").exists()
    link.unlink()
    link.symlink_to(tmp_path / "second.db")
    SQLiteJournal(link)
    with pytest.raises(JournalFailed, match="replaced"):
        journal.find(KEY_OF_IT)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(path: Path) -> set[str]:
    return {oct(one.stat().st_mode & 0o777) for one in path.parent.iterdir()}


@posix
@pytest.mark.usefixtures("open_umask")
def test_a_journal_and_its_log_are_private_whatever_the_umask(path: Path) -> None:
    journal = SQLiteJournal(path)
    found: list[set[str]] = []
    in_the_middle(journal, lambda: found.append(modes(path)))
    assert (found, modes(path)) == ([{"0o600"}], {"0o600"})


@posix
@pytest.mark.usefixtures("open_umask")
@pytest.mark.parametrize("mode", [0o644, 0o660, 0o666, 0o777])
@pytest.mark.parametrize("empty", [True, False])
def test_a_mode_that_is_too_wide_is_narrowed(
    path: Path, mode: int, empty: bool
) -> None:
    if empty:
        path.touch()
    else:
        SQLiteJournal(path)
    path.chmod(mode)
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT * FROM sqlite_master").fetchall()
        SQLiteJournal(path)
        assert modes(path) == {oct(mode & 0o700)}


@pytest.mark.parametrize("number", [errno.EROFS, errno.EPERM, errno.ENOENT])
def test_a_mode_that_cannot_be_narrowed_is_left(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "no")

    stored(SQLiteJournal(path), INTENDED)
    path.chmod(0o644)
    monkeypatch.setattr(os, "chmod", refuse)
    assert SQLiteJournal(path).find(KEY_OF_IT) is not None


@pytest.mark.parametrize("at", ["stat", "open", "chmod"])
def test_what_a_watchdog_raises_within_a_call_of_the_system_passes_unchanged(
    path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def bark(*_: object) -> None:
        raise Watchdog("the shop's own")

    if at == "chmod":
        SQLiteJournal(path)
        path.chmod(0o644)
    monkeypatch.setattr(os, at, bark)
    with pytest.raises(Watchdog, match="own"):
        SQLiteJournal(path)


@pytest.mark.parametrize(
    "path",
    [
        None,
        3,
        1.5,
        b"",
        "",
        "a\0b",
        Path("\0"),
        ":memory:",
        "file:journal.db?mode=memory",
    ],
)
def test_what_names_no_file_is_refused(path: Any) -> None:
    with pytest.raises(ConfigurationError):
        SQLiteJournal(path)


@pytest.mark.parametrize(
    "name", ["a b?mode=memory.db", "50%25.db", "c#d.db", "M\u00fcller.db", b"x\xff.db"]
)
def test_every_name_of_a_file_can_be_a_journals(tmp_path: Path, name: Any) -> None:
    path = os.fsencode(tmp_path) + b"/" + os.fsencode(name)
    stored(SQLiteJournal(path), INTENDED)  # type: ignore[arg-type] # bytes work too
    assert [one.name for one in tmp_path.iterdir()] == [os.fsdecode(name)]
    assert SQLiteJournal(os.fsdecode(path)).find(KEY_OF_IT) is not None


# Failures -----------------------------------------------------------------------------


def test_a_locked_journal_says_so(
    path: Path, journal: SQLiteJournal, impatient: None
) -> None:
    del impatient
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalFailed, match=r"locked \(SQLITE_BUSY\)") as one:
            journal.change(KEY_OF_IT, start_send(INTENDED))
        assert journal.find(KEY_OF_IT) is None
    assert one.value.outcome_unknown is False
    assert (one.value.__cause__, one.value.__suppress_context__) == (None, True)
    journal.change(KEY_OF_IT, start_send(INTENDED))


@contextmanager
def full_disk() -> Generator[None]:
    """Let no file become longer than two pages."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@posix
def test_a_full_disk_says_so_and_keeps_what_was_there(
    path: Path, journal: SQLiteJournal
) -> None:
    before = stored(journal, INTENDED)
    uses: list[Callable[[], object]] = [
        lambda: journal.change(KEY_OF_IT, start_send(INTENDED)),
        lambda: journal.forget(utc(1)),
        lambda: SQLiteJournal(path.with_name("other.db")),
    ]
    for use in uses:
        with (
            full_disk(),
            pytest.raises((JournalFailed, ConfigurationError), match="disk"),
        ):
            use()
    assert journal.find(KEY_OF_IT) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "half a surrogate: \ud800"},
        {"runs": 2**63},
        {"order": object()},
        {"namespace": None},
    ],
)
def test_what_cannot_be_stored_says_so_and_shows_no_value(
    journal: SQLiteJournal, wrong: Any
) -> None:
    before = stored(journal, INTENDED)
    with pytest.raises(JournalFailed) as one:
        stored(journal, replace(INTENDED, **wrong))
    assert not any(word in str(one.value) for word in ("surrogate", "9223", "entry."))
    assert journal.find(KEY_OF_IT) == before


def test_a_failure_is_pickled_without_the_answer() -> None:
    error = JournalFailed("it is full", outcome_unknown=True, object_id="S01-C1")
    kept = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert isinstance(kept, JournalFailed)
    assert isinstance(kept, AmazonPayError)
    assert (str(kept), kept.outcome_unknown) == ("it is full", True)
    assert (kept.response, kept.object_id) == (None, "S01-C1")
    strange = JournalFailed("it is full", object_id="Mary Miller, 5 Main St")
    kept = pickle.loads(pickle.dumps(strange))  # noqa: S301 - our own bytes
    assert kept.object_id == "(not shown)"


def test_a_clock_without_a_zone_is_refused(path: Path) -> None:
    journal = SQLiteJournal(path, clock=datetime.now)
    with pytest.raises(InvalidRequest, match="zone"):
        journal.change(KEY_OF_IT, start_send(INTENDED))
    assert journal.find(KEY_OF_IT) is None


# What is kept of time -----------------------------------------------------------------


def test_an_entry_of_an_older_release_is_not_made_younger(older: Path) -> None:
    journal = SQLiteJournal(older)
    for entry in journal.open_entries():
        same: Change = lambda found: found or entry  # noqa: E731, B023 - used at once
        assert journal.change(entry.key, same).created is None


# Forgetting ---------------------------------------------------------------------------


def bytes_left(path: Path) -> bool:
    return any(b"Mary Miller" in one.read_bytes() for one in path.parent.iterdir())


@pytest.mark.parametrize("entries", [1, 40])
def test_what_is_forgotten_is_neither_in_the_file_nor_in_its_log(
    path: Path, journal: SQLiteJournal, entries: int
) -> None:
    with closing(sqlite3.connect(path)) as other:
        # It keeps the log from being removed.
        other.execute("SELECT * FROM entry").fetchall()
        for number in range(entries):
            stored(journal, settled(number))
        assert bytes_left(path)
        assert journal.forget(utc(1)) == entries
        assert not bytes_left(path)
    assert len(sql(path, "SELECT 1 FROM entry WHERE body IS NULL")) == entries


def test_what_others_left_of_a_body_in_the_file_is_forgotten_too(
    path: Path, journal: SQLiteJournal
) -> None:
    for number in range(20):
        stored(journal, settled(number))
    sql(path, "PRAGMA secure_delete = OFF", "UPDATE entry SET body = NULL")
    assert bytes_left(path)
    assert journal.forget(utc(1)) == 0
    assert not bytes_left(path)


def test_a_reader_that_keeps_forgotten_bytes_is_told_of_and_the_next_call_ends_it(
    path: Path, journal: SQLiteJournal, impatient: None
) -> None:
    del impatient
    stored(journal, settled(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM entry").fetchall()
        for erased in (1, 0):
            with pytest.raises(JournalFailed, match=f"{erased} bodies.*again.*reading"):
                journal.forget(utc(1))
        assert bytes_left(path)
        reader.execute("COMMIT")
        assert journal.forget(utc(1)) == 0
        assert not bytes_left(path)


def test_a_forgotten_journal_is_still_the_same(
    path: Path, journal: SQLiteJournal
) -> None:
    other = SQLiteJournal(path)
    stored(journal, settled(1))
    journal.forget(utc(1))
    assert other.find(settled(1).key) == journal.find(settled(1).key)
    assert sql(path, "PRAGMA user_version") == [(1,)]


# Transactions -------------------------------------------------------------------------


def locked_out(path: Path) -> None:
    """Find that no other connection can write now."""
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")


def test_nobody_else_writes_between_the_reading_and_the_writing_of_a_change(
    path: Path, journal: SQLiteJournal
) -> None:
    in_the_middle(journal, lambda: locked_out(path))
    assert journal.find(KEY_OF_IT) is not None


def test_a_file_is_migrated_by_one_who_waits_half_a_minute_for_the_others(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[int] = []

    def migrating(connection: sqlite3.Connection) -> int:
        locked_out(path)
        waits.append(sqlite_schema.pragma(connection, "busy_timeout"))
        return sqlite_schema.migrate(connection)

    monkeypatch.setattr(journals, "migrate", migrating)
    assert SQLiteJournal(path).find(KEY_OF_IT) is None
    assert waits == [30_000]


def test_a_file_that_disappears_before_it_is_opened_is_not_made_anew(
    path: Path, journal: SQLiteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def connecting(*args: Any, **kwargs: Any) -> Any:
        path.unlink()
        return connect(*args, **kwargs)

    monkeypatch.setattr(sqlite3, "connect", connecting)
    with pytest.raises(JournalFailed, match=r"opened|disappeared"):
        journal.find(KEY_OF_IT)
    assert not path.exists()


def test_a_log_that_cannot_be_opened_is_not_passed_over(
    path: Path, journal: SQLiteJournal
) -> None:
    stored(journal, INTENDED)
    Path(f"{path}-wal").mkdir()
    with pytest.raises(JournalFailed, match="cannot be opened"):
        journal.find(KEY_OF_IT)


@posix
def test_the_log_of_a_private_file_is_made_private_too(
    path: Path, journal: SQLiteJournal
) -> None:
    log = Path(f"{path}-wal")
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT * FROM entry")
        stored(journal, INTENDED)
        log.chmod(0o644)
        SQLiteJournal(path)
        assert log.stat().st_mode & 0o777 == 0o600


def test_a_hundred_open_entries_are_listed_unless_a_number_is_given(
    path: Path, journal: SQLiteJournal
) -> None:
    row = stored(journal, INTENDED).to_row()
    marks = ", ".join("?" * len(row))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            f"INSERT INTO entry ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - our own names
            [
                tuple({**row, "idempotency_key": f"{number:032}"}.values())
                for number in range(100)
            ],
        )
    assert len(journal.open_entries()) == 100
    assert len(journal.open_entries(limit=101)) == 101


def test_an_error_of_the_database_without_a_name_shows_its_kind() -> None:
    failed = journals._database_failure(sqlite3.ProgrammingError("x"))  # noqa: SLF001 - no file raises it
    assert str(failed) == "the journal's database fails (ProgrammingError)"


# A read-only disk ---------------------------------------------------------------------


@contextmanager
def read_only(folder: Path, *, mode: int = 0o400) -> Generator[None]:
    """Be a user for a while who can write nothing in a folder."""
    me = os.geteuid()
    user = me or 65534  # a privileged user could write all the same
    for one in folder.iterdir():
        os.chown(one, user, -1)
        one.chmod(mode)
    folder.chmod(0o555)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(me)
        folder.chmod(0o755)
        for one in folder.iterdir():
            one.chmod(0o600)


@pytest.fixture
def disk() -> Iterator[Path]:
    # The folders of `tmp_path` are closed to other users.
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "journal.db"


@posix
@pytest.mark.parametrize("mode", [0o400, 0o600])
@pytest.mark.parametrize("version", [0, 1])
def test_a_journal_on_a_read_only_disk_can_be_read(
    disk: Path, version: int, mode: int
) -> None:
    shutil.copyfile(VERSION_0, disk)
    if version:
        SQLiteJournal(disk)
    before = disk.read_bytes()
    with read_only(disk.parent, mode=mode):
        journal = SQLiteJournal(disk)
        orders = [entry.order for entry in journal.open_entries()]
        assert orders == ["1001", "1002", "1003", "1004", "1005"]
        assert journal.find("b93d4af7d8f94a96802ead5c4d7c33a7") is not None
        for use in (
            lambda: journal.change(KEY_OF_IT, start_send(INTENDED)),
            lambda: journal.forget(utc(1)),
        ):
            with pytest.raises(JournalFailed):
                use()
    assert disk.read_bytes() == before


@posix
def test_a_journal_is_written_again_when_its_disk_can_be_written(disk: Path) -> None:
    SQLiteJournal(disk)
    with read_only(disk.parent):
        journal = SQLiteJournal(disk)
    journal.change(KEY_OF_IT, start_send(INTENDED))
    assert journal.find(KEY_OF_IT) is not None


def left_by_a_killed_process(path: Path) -> None:
    """Leave an entry in the log alone, as a process that is killed does."""

    def child() -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT * FROM entry").fetchall()
            SQLiteJournal(path).change(KEY_OF_IT, start_send(INTENDED))
            os.kill(os.getpid(), signal.SIGKILL)

    assert forked(child) == -signal.SIGKILL
    assert path.with_name("journal.db-wal").stat().st_size > 0


@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_log_on_a_read_only_disk_is_read_too(disk: Path) -> None:
    SQLiteJournal(disk)
    left_by_a_killed_process(disk)
    with read_only(disk.parent):
        assert SQLiteJournal(disk).find(KEY_OF_IT) is not None


@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_log_that_cannot_be_read_is_not_passed_over(disk: Path) -> None:
    SQLiteJournal(disk)
    left_by_a_killed_process(disk)
    disk.with_name("journal.db-shm").unlink()
    with (
        read_only(disk.parent),
        pytest.raises(ConfigurationError, match="log beside the file"),
    ):
        SQLiteJournal(disk)


@posix
@pytest.mark.parametrize("empty", [True, False])
def test_a_journal_cannot_be_made_on_a_read_only_disk(disk: Path, empty: bool) -> None:
    if empty:
        disk.touch()
    with (
        read_only(disk.parent),
        pytest.raises(ConfigurationError, match="cannot be opened"),
    ):
        SQLiteJournal(disk)


@posix
def test_what_changes_while_it_is_read_without_locks_is_not_believed(
    disk: Path,
) -> None:
    SQLiteJournal(disk)

    def work(connection: sqlite3.Connection) -> None:
        del connection
        moment = (datetime.now(UTC) + timedelta(days=1)).timestamp()
        os.utime(disk, (moment, moment))

    with read_only(disk.parent):
        journal = SQLiteJournal(disk)
        with pytest.raises(JournalFailed, match="changed while it was read"):
            journal._run(work, "BEGIN")  # noqa: SLF001 - nobody else comes between


@posix
@pytest.mark.usefixtures("impatient")
def test_a_locked_journal_on_a_read_only_disk_is_not_read_without_its_lock(
    disk: Path,
) -> None:
    shutil.copyfile(VERSION_0, disk)
    sql(disk, "PRAGMA journal_mode = DELETE")
    with read_only(disk.parent, mode=0o400):
        journal = SQLiteJournal(disk)
    with closing(sqlite3.connect(disk, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with (
            read_only(disk.parent, mode=0o400),
            pytest.raises(JournalFailed, match="locked"),
        ):
            journal.find(KEY_OF_IT)
