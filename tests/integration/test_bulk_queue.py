"""Bulk work by workers: a real PostgreSQL has queue and journal, a Redis the limits."""

from __future__ import annotations

import json
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import httpx2
import psycopg
import pytest
from redis import Redis

import bulk_workers
from AmazonPay.bulk.row_queue import (
    QueueFailed,
    RowQueue,
    conninfo_of,
    database_url,
    queue_of,
)
from AmazonPay.errors import ConfigurationError
from bulk_desk import Desk, outcomes
from command_line import Done, amazonpay, failing
from redis_server import redis_server, socket_path
from simulated import LIVE_KEY_ID

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import sqlalchemy

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def redis_path() -> Generator[str]:
    with socket_path() as path, redis_server(path):
        yield path


@pytest.fixture
def servers(
    postgres_url: str, postgres_engine: sqlalchemy.Engine, redis_path: str
) -> dict[str, str]:
    """The variables that name an empty PostgreSQL and a Redis."""
    del postgres_engine  # empties it
    with Redis(unix_socket_path=redis_path) as redis:
        redis.flushall()
    return {
        "AMAZON_PAY_JOURNAL": postgres_url,
        "AMAZON_PAY_REDIS": f"unix://{redis_path}",
    }


@pytest.fixture
def desk(tmp_path: Path, servers: dict[str, str]) -> Desk:
    """A desk with a file of three refunds."""
    desk = Desk(tmp_path)
    desk.env |= servers
    sold = [desk.shop.sold("50") for _ in range(3)]
    desk.write(*((f"r{n}", charge, "5.00", "USD") for n, charge in enumerate(sold)))
    return desk


def work(desk: Desk, *more: str) -> Done:
    """Let a worker do all that is queued for the desk."""
    line = ("bulk", "work", "--until-empty", "--json", *more)
    return amazonpay(*line, transport=desk.transport, env=desk.env)


def queued(desk: Desk) -> list[tuple[Any, ...]]:
    url = database_url(desk.env["AMAZON_PAY_JOURNAL"])
    with psycopg.connect(conninfo_of(url)) as connection:
        return connection.execute(
            "SELECT status::text, attempts FROM procrastinate_jobs"
        ).fetchall()


def test_rows_are_handed_over_carried_out_and_reported(desk: Desk) -> None:
    done = desk.run("refund", "--queue", "--no-wait", "--json")
    assert (done.status, done.json["queued"]) == (0, 3)
    assert desk.posts("/refunds") == []
    # The same file again queues nothing twice.
    assert desk.run("refund", "--queue", "--no-wait", "--json").json["queued"] == 0
    lines = [json.loads(line) for line in work(desk).out.splitlines()]
    assert sorted(one["reference"] for one in lines) == ["r0", "r1", "r2"]
    assert {one["outcome"] for one in lines} == {"pending"}
    assert len(desk.posts("/refunds")) == 3
    assert queued(desk) == []
    # Who waits sees the outcomes; what is settled is not queued any more.
    desk.clock.move(days=1)
    desk.run("refund", "--queue", "--no-wait")
    assert work(desk).status == 0
    done = desk.run("refund", "--queue", "--json")
    assert (done.status, outcomes(done)) == (0, {"success": 3})
    assert len(desk.posts("/refunds")) == 3


def test_a_worker_keeps_the_limits_in_the_redis(desk: Desk, redis_path: str) -> None:
    desk.run("refund", "--queue", "--no-wait")
    work(desk)
    with Redis(unix_socket_path=redis_path) as redis:
        keys = {key.decode().rpartition(":")[2] for key in redis.scan_iter()}
    assert keys == {"create_refund", "get_refund"}


def test_a_run_without_workers_may_share_the_limits_too(
    desk: Desk, redis_path: str, tmp_path: Path
) -> None:
    desk.run("refund", "--journal", str(tmp_path / "journal.db"))
    with Redis(unix_socket_path=redis_path) as redis:
        assert len(list(redis.scan_iter("amazonpay:*:create_refund"))) == 1


def test_a_row_whose_journal_fails_is_queued_again(desk: Desk) -> None:
    desk.run("refund", "--queue", "--no-wait")
    inner = desk.transport
    url = database_url(desk.env["AMAZON_PAY_JOURNAL"])

    def answer(request: httpx2.Request) -> httpx2.Response:
        with psycopg.connect(conninfo_of(url)) as connection:
            connection.execute("DROP TABLE IF EXISTS amazonpay_journal")
        assert isinstance(inner, httpx2.MockTransport)
        return inner.handle_request(request)

    desk.transport = httpx2.MockTransport(answer)
    done = work(desk, "--at-once", "1")
    assert (done.status, done.out) == (0, "")
    assert "a row is tried again: " in done.err
    assert queued(desk) == [("todo", 1)] * 3


def test_a_row_without_an_answer_is_queued_again(desk: Desk) -> None:
    desk.run("refund", "--queue", "--no-wait")
    desk.transport = failing(httpx2.ConnectError)
    done = work(desk)
    assert {json.loads(line)["outcome"] for line in done.out.splitlines()} == {"unsent"}
    assert queued(desk) == [("todo", 1)] * 3


def test_a_row_whose_object_another_has_settled_ends_as_a_conflict(desk: Desk) -> None:
    charge = desk.shop.buy("50").charge
    for reference in ("a", "b"):
        desk.write((reference, charge, "50.00", "USD"))
        desk.run("capture", "--queue", "--no-wait")
        told = json.loads(work(desk).out)
    assert told["outcome"] == "conflict"
    done = desk.run("capture", "--queue", "--no-wait", "--json")
    assert done.json["queued"] == 1
    work(desk)
    assert queued(desk) == []


def test_a_worker_takes_rows_of_merchants_whose_keys_it_has(
    desk: Desk, tmp_path: Path
) -> None:
    desk.run("refund", "--queue", "--no-wait")
    key_file = desk.env["AMAZON_PAY_PRIVATE_KEY"]
    profiles = tmp_path / "profiles.toml"
    members = f'private_key = "{key_file}"\nregion = "us"\n'
    profiles.write_text(f'[other]\npublic_key_id = "SANDBOX-OTHER"\n{members}')
    profiles.chmod(0o600)
    desk.env["AMAZON_PAY_PROFILES"] = str(profiles)
    done = work(desk, "--all-profiles")
    assert (done.status, done.out) == (0, "")
    assert "rows of SANDBOX-OTHER" in done.err
    both = f'[ours]\npublic_key_id = "{desk.shop.key_id}"\n{members}'
    profiles.write_text(both + profiles.read_text())
    assert len(work(desk, "--all-profiles").out.splitlines()) == 3
    profiles.write_text("")
    assert work(desk, "--all-profiles").status == 2


def test_a_dry_run_before_the_first_run_needs_no_table(desk: Desk) -> None:
    done = desk.run("refund", "--queue", "--dry-run", "--json")
    assert (done.status, done.json["to_send"]) == (0, 3)
    assert "There is no journal yet" in done.err


def test_a_row_that_is_queued_with_another_content_is_refused(desk: Desk) -> None:
    desk.run("refund", "--queue", "--no-wait")
    file = desk.folder / "rows.csv"
    lines = file.read_text().splitlines()
    changed = [*lines[:2], lines[2].replace("5.00", "6.00"), lines[3]]
    file.write_text("\n".join(changed))
    for more in (("--dry-run",), ("--no-wait",)):
        done = desk.run("refund", "--queue", *more)
        assert done.status == 2
        assert "line 3: reference 'r1' is queued with another content" in done.err
    file.write_text("\n".join([lines[0], *reversed(lines[1:])]))
    assert desk.run("refund", "--queue", "--no-wait").status == 0
    assert len(queued(desk)) == 3


def test_a_dry_run_tells_what_is_queued(desk: Desk) -> None:
    desk.run("refund", "--queue", "--no-wait")
    with (desk.folder / "rows.csv").open("a") as file:
        file.write(f"new,{desk.shop.sold('50')},5.00,USD\n")
    found = desk.run("refund", "--queue", "--dry-run", "--json").json
    assert (found["queued"], found["to_send"]) == (3, 1)


def test_who_has_handed_rows_over_waits_until_workers_have_done_them(
    desk: Desk,
) -> None:
    desk.run("refund", "--queue", "--no-wait")
    url = database_url(desk.env["AMAZON_PAY_JOURNAL"])
    more: list[int] = []
    with desk.shop.client() as client, RowQueue(url, queue_of(client)) as queue:
        keys = queue.left()
        waiting = threading.Thread(target=queue.wait, args=(keys, more.append))
        waiting.start()
        work(desk)
        waiting.join(30)
    assert not waiting.is_alive()
    assert sum(more) == len(keys) == 3


def test_a_person_may_stop_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(seconds: float) -> None:
        del seconds
        raise KeyboardInterrupt

    monkeypatch.setattr("AmazonPay.bulk.row_queue.time.sleep", interrupt)
    done = desk.run("refund", "--queue", "--json")
    assert (done.status, outcomes(done)) == (130, {"waiting": 3})
    assert "the rows stay queued" in done.err
    assert queued(desk) == [("todo", 0)] * 3


def test_a_worker_takes_the_rows_of_a_dead_one_and_ends_its_own_at_sigterm(
    desk: Desk,
) -> None:
    desk.run("refund", "--queue", "--no-wait")
    url = database_url(desk.env["AMAZON_PAY_JOURNAL"])
    with psycopg.connect(conninfo_of(url)) as connection:
        # As if their worker had been killed, and others had taken note of it.
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    inner = desk.transport

    def answer(request: httpx2.Request) -> httpx2.Response:
        if len(desk.posts("/refunds")) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        assert isinstance(inner, httpx2.MockTransport)
        return inner.handle_request(request)

    desk.transport = httpx2.MockTransport(answer)
    line = ("bulk", "work", "--stalled-after", "1s", "--at-once", "1")
    done = amazonpay(*line, transport=desk.transport, env=desk.env)
    assert done.status == 0
    assert "Stopped" in done.err
    assert len(done.out.splitlines()) == 2
    assert queued(desk) == [("todo", 1)]


# What cannot be -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "more", "said"),
    [
        ("refund", ("--queue", "--at-once", "2"), "amazonpay bulk work"),
        ("refund", ("--queue", "--no-pace"), "amazonpay bulk work"),
        ("refund", ("--queue", "--journal", "j.db"), "that all workers share"),
        ("refund", ("--no-wait",), "goes with --queue"),
        ("work", ("--stalled-after", "0s"), "1s or more"),
        ("work", ("--limit", "x"), "the limit 'x'"),
    ],
    ids=["at-once", "no-pace", "file", "no-wait", "stalled", "limit"],
)
def test_an_option_that_does_not_fit_ends_with_2(
    command: str, more: tuple[str, ...], said: str, desk: Desk
) -> None:
    done = work(desk, *more) if command == "work" else desk.run(command, *more)
    assert done.status == 2
    assert said in done.err


@pytest.mark.parametrize("url", [None, "journal.db", "sqlite:///shop.db", "x://g"])
def test_a_queue_needs_a_postgresql(url: str | None, desk: Desk) -> None:
    desk.env["AMAZON_PAY_JOURNAL"] = url
    for done in (desk.run("refund", "--queue"), work(desk)):
        assert done.status == 2
        assert "PostgreSQL" in done.err


def test_workers_need_a_redis(desk: Desk) -> None:
    desk.env["AMAZON_PAY_REDIS"] = None
    done = work(desk)
    assert done.status == 2
    assert "AMAZON_PAY_REDIS" in done.err


def test_a_live_worker_needs_yes(tmp_path: Path, servers: dict[str, str]) -> None:
    live = Desk(tmp_path, key_id=LIVE_KEY_ID)
    live.env |= servers
    done = work(live)
    assert done.status == 2
    assert "bulk work is live" in done.err
    assert work(live, "--yes").status == 0


def test_a_database_that_is_away_shows_no_value() -> None:
    url = database_url("postgresql://shop:geheim@127.0.0.1:1/x?connect_timeout=3")
    assert "connect_timeout=3" in url
    with pytest.raises(QueueFailed, match="OperationalError") as caught:
        RowQueue(url, "q").__enter__()
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None
    with pytest.raises(ConfigurationError):
        database_url("postgresql:/\x00/")


# Many workers ---------------------------------------------------------------------


def test_three_workers_of_which_two_are_lost_do_each_row_once(
    tmp_path: Path, servers: dict[str, str]
) -> None:
    assert bulk_workers.run(24, "network", tmp_path, servers) == []
