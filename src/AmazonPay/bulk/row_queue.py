"""Rows on a queue of Procrastinate, in PostgreSQL, for workers on many machines.

Each merchant has a queue of its own, so that a worker takes rows only of those whose
keys it has, and one merchant's limit holds no other's rows back. A job holds a row and
is deleted when it ends; what became of the row is in the journal. Procrastinate may
give a job to two workers, if one of them was cut off: the helpers and the journal see
to it that the row is carried out once.
"""

from __future__ import annotations

import contextlib
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import psycopg
from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.schema import SchemaManager
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ..errors import AmazonPayError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from typing import Self

    from ..client import AsyncClient, Client
    from .rows import Row

TASK: Final = "amazonpay.bulk.row"

_SCHEMA_LOCK: Final = 0x616D7A6E  # of this package: two processes must not both make it

# A connection that is cut without a word is noticed after half a minute. And a worker
# that stands still in a transaction must not keep a row from the others for ever: the
# server ends the transaction, and nothing of it was committed.
_CUT: Final[Mapping[str, str]] = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
    "options": "-c idle_in_transaction_session_timeout=10s",
}
_FAILURES: Final = (ConnectorException, psycopg.Error)


class QueueFailed(AmazonPayError):  # noqa: N818 - named by what happened
    """The queue's database failed; rows stay where they are."""


@contextlib.contextmanager
def failing_as_queue() -> Generator[None]:
    """Turn what the database raises into a `QueueFailed` that shows no value."""
    try:
        yield
    except _FAILURES as error:
        cause = error.__cause__ or error
        failure = QueueFailed(
            f"the queue's database failed ({type(cause).__name__}): rows that it has"
            " stay there"
        )
    else:
        return
    raise failure from None


def database_url(url: str | None) -> str:
    """Return the URL of the queue's database, which notices a cut connection.

    Raises:
        ConfigurationError: it is not the URL of a PostgreSQL database.
    """
    made = None
    with contextlib.suppress(ArgumentError, ValueError):
        made = make_url(url or "")
    if made is None or made.get_backend_name() != "postgresql":
        raise ConfigurationError(
            "rows are queued in PostgreSQL: AMAZON_PAY_JOURNAL is the URL of the one"
            " that holds the journal and the queue, such as"
            " postgresql+psycopg://HOST/NAME"
        )
    given = dict(made.query)
    made = made.update_query_dict({**_CUT, **given})
    return made.set(drivername="postgresql+psycopg").render_as_string(
        hide_password=False
    )


def conninfo_of(url: str) -> str:
    """Return the URL of `database_url` as libpq reads it."""
    made = make_url(url)
    named: dict[str, Any] = {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in made.query.items()
    }
    named |= made.translate_connect_args(username="user", database="dbname")
    return make_conninfo("", **named)


def queue_of(client: Client | AsyncClient) -> str:
    """Return the name of a merchant's queue; it does not tell the merchant."""
    environment = "sandbox" if client.sandbox else "live"
    whose = f"{client.public_key_id} {client.region} {environment}"
    return f"amazonpay-{sha256(whose.encode()).hexdigest()[:24]}"


def prepare_schema(conninfo: str) -> None:
    """Create Procrastinate's tables if they are missing; many processes may do so.

    Raises:
        QueueFailed: the database failed.
    """
    with failing_as_queue(), psycopg.connect(conninfo) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
        if not _has_schema(connection):
            connection.execute(SchemaManager.get_schema())


def queued_rows(url: str, name: str) -> dict[str, dict[str, Any]]:
    """Return the rows that are queued or under way, as messages by their keys.

    Nothing is created: before the first run there are none.

    Raises:
        QueueFailed: the database failed.
    """
    with failing_as_queue(), psycopg.connect(conninfo_of(url)) as connection:
        if not _has_schema(connection):
            return {}
        found = connection.execute(
            "SELECT queueing_lock, args -> 'row' FROM procrastinate_jobs"
            " WHERE queue_name = %s AND status IN ('todo', 'doing')",
            (name,),
        )
        return dict(found.fetchall())


def _has_schema(connection: psycopg.Connection) -> bool:
    found = connection.execute("SELECT to_regclass('procrastinate_jobs')")
    return found.fetchone() != (None,)


class RowQueue:
    """The queue of one merchant, for the process that hands rows over."""

    def __init__(self, url: str, name: str) -> None:
        self._conninfo = conninfo_of(url)
        self._name = name
        self._app: Any = None

    def __enter__(self) -> Self:
        prepare_schema(self._conninfo)
        connector = SyncPsycopgConnector(
            conninfo=self._conninfo, min_size=1, max_size=1
        )
        with failing_as_queue():
            self._app = App(connector=connector).open()
        return self

    def __exit__(self, *error: object) -> None:
        self._app.close()

    def hand_over(self, rows: Mapping[str, Row]) -> int:
        """Queue each row that is not queued yet, under its key; return how many.

        Raises:
            QueueFailed: the database failed. The rows before are queued.
        """
        queued = self.left()
        number = 0
        for key, row in rows.items():
            if key in queued:
                continue
            job = self._app.configure_task(TASK, queue=self._name, queueing_lock=key)
            # Another process may queue the same row.
            with failing_as_queue(), contextlib.suppress(AlreadyEnqueued):
                job.defer(row=row.to_message())
                number += 1
        return number

    def left(self) -> set[str]:
        """Return the keys of the rows that are queued or under way.

        Raises:
            QueueFailed: the database failed.
        """
        with failing_as_queue():
            return {
                job.queueing_lock
                for status in ("todo", "doing")
                for job in self._app.job_manager.list_jobs(
                    queue=self._name, status=status
                )
            }

    def wait(self, keys: set[str], told: Callable[[int], object]) -> None:
        """Wait until workers have done the rows of `keys`.

        `told` is called with the number of rows that were done since its last call.

        Raises:
            QueueFailed: the database failed.
            KeyboardInterrupt: a person has waited long enough; the rows stay queued.
        """
        left = len(keys)
        while left:
            began = time.monotonic()
            now = len(keys & self.left())
            told(left - now)
            left = now
            if left:
                # Looking costs the database more the more rows there are.
                time.sleep(max(0.5, 10 * (time.monotonic() - began)))
