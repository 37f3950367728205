"""A shop that makes its journal in the parent of its workers, and uses it there.

`gunicorn --preload journal_shop:application` answers each request with the worker and
the runs of the entry that its path names. `celery --app journal_shop` does the same by
its task, and `python journal_shop.py send SIZE` sends it so many. `python -m
gevent.monkey journal_shop.py gevent SIZE` uses the journal in so many greenlets.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from AmazonPay import SQLiteJournal
from AmazonPay.contrib.sqlalchemy import SQLAlchemyJournal
from journal_forks import Busy, engine_for, runs_of, use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from celery import Celery

    from AmazonPay.journal import Journal

KEYS = 7


def opened(url: str) -> Journal:
    """Open a journal, and leave connections in its pool for whoever forks.

    `file:PATH` is a `SQLiteJournal`; any other URL is a database of SQLAlchemy.
    """
    kind, _, path = url.partition(":")
    if kind == "file":
        return SQLiteJournal(path)
    engine = engine_for(url)
    journal = SQLAlchemyJournal(engine)
    journal.create_table()
    for connection in [engine.connect() for _ in range(4)]:
        connection.close()
    return journal


JOURNAL = opened(os.environ["JOURNAL_URL"])


def work(key: str) -> dict[str, Any]:
    """Change an entry; return this process's id and the entry's `runs`."""
    use(JOURNAL, key)
    return {"worker": os.getpid(), "runs": runs_of(JOURNAL, key)}


def application(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """Change the entry whose key is the path; answer as JSON. A WSGI application."""
    told = json.dumps(work(environ["PATH_INFO"].strip("/"))).encode()
    start_response("200 OK", [("content-length", str(len(told)))])
    return [told]


def celery(url: str) -> Celery:
    """Return an application whose one task is `work`."""
    from celery import Celery  # noqa: PLC0415 - half a second that only it costs

    app = Celery(broker=url, backend=url)
    app.task(work, name="work")
    return app


app = celery(os.environ["BROKER_URL"]) if "BROKER_URL" in os.environ else None


def send(size: int) -> list[dict[str, Any]]:
    """Send `size` tasks to Celery's workers; return their results."""
    assert app is not None
    sent = [app.send_task("work", [f"{number % KEYS}"]) for number in range(size)]
    return [one.get(timeout=120) for one in sent]


def spawn(size: int) -> list[dict[str, Any]]:
    """Work in `size` greenlets at once, and in a child that is forked meanwhile."""
    import gevent  # noqa: PLC0415 - only where everything is patched for it

    greenlets = [gevent.spawn(work, f"{number % KEYS}") for number in range(size)]
    gevent.sleep(0)
    reading, writing = os.pipe()
    if os.fork() == 0:
        use(JOURNAL, "child")
        os.write(writing, b"!")
        os._exit(0)
    os.close(writing)
    gevent.joinall(greenlets, raise_error=True)
    # Not by `waitpid`: gevent may miss the end of a child that shares its event loop.
    if os.read(reading, 1) != b"!":
        sys.exit(1)
    told: list[Any] = [one.value for one in greenlets]
    return told


if __name__ == "__main__":
    act = {"send": send, "gevent": spawn}[sys.argv[1]]
    sys.stdout.write(json.dumps(act(int(sys.argv[2]))))
else:
    # The parent goes on using it while and after its workers are forked.
    parents = Busy(JOURNAL, "parent")
    parents.daemon = True
    parents.start()
