"""A journal's file: of another version, damaged, replaced, and its mode."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from AmazonPay import Client, ConfigurationError, JournalFailed, Retry, SQLiteJournal
from AmazonPay._once.changes import start_send
from forks import forked
from keys import KEY
from simulated import KEY_ID
from sqlite_files import (
    INTENDED,
    KEY_OF_IT,
    VERSION_0,
    Watchdog,
    at_step,
    bytes_left,
    in_the_middle,
    posix,
    settled,
    sql,
    stored,
    utc,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from AmazonPay._once.entry import Change


# Versions -----------------------------------------------------------------------------


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


KILLED = 42


@pytest.mark.process
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
    sql(path, f"UPDATE entry SET {column} = {value}")  # noqa: S608 - the names of tables and columns stand in this file
    for use in (
        lambda: journal.find(KEY_OF_IT),
        journal.open_entries,
        lambda: journal.change(KEY_OF_IT, start_send(INTENDED)),
    ):
        with pytest.raises(JournalFailed) as one:
            use()
        assert not any(word in str(one.value) for word in ("yesterday", "1, 2"))


def test_an_entry_of_an_older_release_is_not_made_younger(older: Path) -> None:
    journal = SQLiteJournal(older)
    for entry in journal.open_entries():
        same: Change = lambda found: found or entry  # noqa: E731, B023 - used at once
        assert journal.change(entry.key, same).created is None


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
