"""A shop that opens its `SQLiteJournal` in the parent of its workers.

`gunicorn --preload sqlite_shop:application` and `celery --app sqlite_shop worker` write
an entry for each request and task. `sqlite_shop.py send SIZE` sends that many tasks;
`python -m gevent.monkey sqlite_shop.py greenlets SIZE` writes in that many greenlets.
"""

from __future__ import annotations

import os
import sys
import threading
from itertools import count
from typing import TYPE_CHECKING, Any

from celery import Celery

from AmazonPay import SQLiteJournal
from AmazonPay._once.entry import start_send
from exactly_once_soak import entry_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FOLDER = os.environ["SHOP_FOLDER"]
JOURNAL = SQLiteJournal(f"{FOLDER}/journal.db")


def write(name: str) -> None:
    """Write an entry, and name the process that did it in another one."""
    for key in (name, f"worker {os.getpid()} of {os.getppid()}"):
        JOURNAL.change(key, start_send(entry_named(key)))


def application(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """Write the entry that the path names."""
    write(environ["PATH_INFO"].strip("/"))
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]


app = Celery(broker="filesystem://", backend=f"file://{FOLDER}/results")
app.conf.broker_transport_options = {
    "data_folder_in": f"{FOLDER}/tasks",
    "data_folder_out": f"{FOLDER}/tasks",
    "control_folder": f"{FOLDER}/control",
}
task = app.task(write, name="write")


def send(size: int) -> None:
    """Let Celery's workers write `size` entries."""
    sent = [app.send_task("write", [f"entry-{number}"]) for number in range(size)]
    for one in sent:
        one.get(timeout=60)


def greenlets(size: int) -> None:
    """Write in `size` greenlets, and in a child that is forked meanwhile."""
    import gevent  # noqa: PLC0415 - only where everything is patched for it

    started = [gevent.spawn(write, f"entry-{number}") for number in range(size - 1)]
    gevent.sleep(0)
    child = os.fork()
    if child == 0:
        write(f"entry-{size - 1}")
        os._exit(0)
    gevent.joinall(started, raise_error=True)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit(1)


def keep_busy() -> None:
    """Use the journal in the parent without a pause."""
    for number in count():
        JOURNAL.change("parent", start_send(entry_named("parent")))
        if number == 0:
            ready.set()


if __name__ == "__main__":
    {"send": send, "greenlets": greenlets}[sys.argv[1]](int(sys.argv[2]))
else:
    ready = threading.Event()
    threading.Thread(target=keep_busy, daemon=True).start()
    ready.wait()
