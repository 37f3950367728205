"""Send notifications: real envelopes, signed by an authority of the simulator's own."""

from __future__ import annotations

import contextlib
import logging
import ssl
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

from ..._core.config import timeout_from
from ..._core.hosts import is_loopback, split_url
from ...errors import ConfigurationError
from ..engine import deliveries, notifications
from ..wire.errors import APIRefusal, invalid_value
from ..wire.messages import HTTPResponse, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from contextlib import AbstractContextManager

    from ...testing._authority import Authority
    from ..engine.context import Context
    from ..engine.store import HistoryRow, Record, Store
    from ..merchants import Merchant

Listener: TypeAlias = "Callable[[Request], int | str]"
"""Gets the request with a notification, and returns the status of its answer."""

CERTIFICATES: Final = "/SimpleNotificationService-"
"""Where the certificate is, as at Amazon SNS."""

_LOGGER = logging.getLogger("AmazonPay.simulator")
# UNCONFIRMED: how long an answer may take; so long it is at Amazon SNS in general.
_SECONDS: Final = 15.0
_PAUSE: Final = 0.2
_MOST_TIMES: Final = 10
_LATEST: Final = 366 * 86_400
_KINDS: Final = {type_: kind for kind, type_ in notifications.OBJECT_TYPES.items()}
_REGIONS = ("na", "eu", "jp")


@cache
def _authority() -> Authority:
    """Return the authority of all simulators of this process: its keys take time."""
    from ...testing._authority import Authority  # X.509 takes long to import

    return Authority()


class Notifier:
    """The notifications of one simulator.

    Without a listener none is sent, and the story says so.
    """

    def __init__(
        self,
        store: Store,
        context: Callable[[str], AbstractContextManager[Context]],
        clock: Callable[[], datetime],
        merchants: Mapping[str, Merchant],
    ) -> None:
        self._store = store
        self._context = context
        self._clock = clock
        self._merchants = merchants
        self._listeners: list[Listener] = []
        self._turn = threading.Lock()
        self._sender: int | None = None

    @cached_property
    def authority(self) -> Authority:
        """What signs the envelopes: `authority.verifier(topics)` trusts them."""
        return _authority().with_clock(self._clock)

    @property
    def topics(self) -> list[str]:
        """The ARNs of the merchants' topics."""
        return sorted(self.regions_of_topics)

    @property
    def regions_of_topics(self) -> dict[str, str]:
        """The region of each topic, by its ARN."""
        return {
            notifications.topic_arn(region, merchant.merchant_id): region
            for merchant in self._merchants.values()
            for region in ([merchant.region] if merchant.region else _REGIONS)
        }

    @property
    def are_heard(self) -> bool:
        """Whether anyone listens."""
        return bool(self._listeners)

    def add_listener(self, listener: Listener) -> None:
        """Send all notifications from now on to a listener, too.

        It returns a status; what it raises counts as 500. The highest status of all
        listeners decides whether a notification comes again.
        """
        self._listeners.append(listener)

    def deliver(self) -> int:
        """Send what is due, one after another; return how much was answered.

        It blocks until everything is answered, by another thread, too. A call from a
        listener sends nothing.
        """
        return len(self.deliver_due())

    def deliver_due(self) -> list[str]:
        """Do what `deliver` does; return the ids of the messages."""
        if self._sender == threading.get_ident():
            return []
        sent: list[str] = []
        with self._turn:
            self._sender = threading.get_ident()
            try:
                while outbox := self._outbox():
                    for place in outbox:
                        self._deliver(place)
                        sent.append(place["message"])
            finally:
                self._sender = None
        return sent

    def _outbox(self) -> list[Record]:
        with self._context(deliveries.NOBODY) as context:
            return list(context.all(deliveries.OUTBOX))

    def _deliver(self, place: Record) -> None:
        """Send one notification; if the process dies meanwhile, it comes again."""
        owner, message = place["owner"], place["message"]
        with self._context(owner) as context:
            record = context.find(notifications.KIND, message)
        if record is None:  # all was reset meanwhile, or its row is gone
            self._take_out(place)
            return
        sent_as: str = place.get("sentAs") or message  # older stores have none
        altered = bool(place.get("altered"))
        answer = self._answer(self._request(record, sent_as, altered=altered))
        with self._context(owner) as context:
            context.transaction.delete(
                deliveries.NOBODY, deliveries.OUTBOX, place["id"]
            )
            record = context.find(notifications.KIND, message)
            if record is not None:
                deliveries.record_answer(
                    context, record, sent_as, answer, altered=altered
                )

    def _take_out(self, place: Record) -> None:
        with self._context(deliveries.NOBODY) as context:
            context.transaction.delete(
                deliveries.NOBODY, deliveries.OUTBOX, place["id"]
            )

    def _answer(self, request: Request) -> int | str:
        """Post a request to all listeners, and return the worst of their answers."""
        answers: list[int | str] = []
        for listener in self._listeners:
            try:
                answers.append(listener(request))
            except Exception:
                _LOGGER.exception("a listener for notifications has failed")
                answers.append(500)
        return max(answers, key=lambda one: one if isinstance(one, int) else 599)

    def _request(
        self, record: Record, sent_as: str, *, altered: bool = False
    ) -> Request:
        body = self.authority.notification(
            record["objectType"],
            record["objectId"],
            topic=record["topic"],
            merchant_id=record["merchantId"],
            charge_permission_id=record["chargePermissionId"],
            message_id=sent_as,
            notification_id=record["notificationId"],
            timestamp=datetime.fromisoformat(record["created"]),
        )
        if altered:
            id_ = record["objectId"]
            other = id_[:-1] + ("1" if id_.endswith("0") else "0")
            body = body.replace(id_.encode(), other.encode())
        headers = (
            ("x-amz-sns-message-type", "Notification"),
            ("x-amz-sns-message-id", sent_as),
            ("x-amz-sns-topic-arn", record["topic"]),
            ("x-amz-sns-subscription-arn", f"{record['topic']}:simulator"),
            ("content-type", "text/plain; charset=UTF-8"),
            ("content-length", str(len(body))),
            ("user-agent", "Amazon Simple Notification Service Agent"),
            ("accept-encoding", "gzip,deflate"),
        )
        return Request("POST", "/", headers, body)

    def resend(
        self,
        message_id: str,
        *,
        times: int = 1,
        seconds: int = 0,
        altered: bool = False,
        as_new_message: bool = False,
    ) -> dict[str, object]:
        """Send a notification once more, as a duplicate, at the next delivery.

        `times` sends several, `seconds` lets it come that much later by the clock, and
        `altered` changes it after it was signed, so that a shop must refuse it. A new
        message has a `MessageId` of its own and the same `NotificationId`. Return the
        `MessageId` under which it is sent.
        """
        if not 1 <= times <= _MOST_TIMES or not 0 <= seconds <= _LATEST:
            raise invalid_value(f"times is 1 to {_MOST_TIMES}, seconds 0 to {_LATEST}")
        if seconds and altered:
            raise invalid_value("seconds and altered exclude each other")
        with self._found(message_id) as (context, record):
            sent_as = context.ids.uuid() if as_new_message else message_id
            for _ in range(times):
                if seconds:
                    later = timedelta(seconds=seconds)
                    event = notifications.event_of(record, sent_as)
                    context.schedule(later, notifications.KIND, record, event)
                else:
                    deliveries.put_into_outbox(
                        context, record, sent_as, altered=altered
                    )
            how = [f"{times} times"] if times > 1 else []
            how += [f"{seconds} s late"] if seconds else []
            how += ["altered after signing"] if altered else []
            how += ["as a new message"] if as_new_message else []
            self._record_delivery(context, record, ", ".join(how) or "once")
        return {"messageId": sent_as}

    def redeliver(self, order: str) -> list[str]:
        """Send the notifications of an order again, the newest first.

        Return their messages in that order.
        """
        rows = self._store.story(order)
        messages = [str(row.facts["messageId"]) for row in rows if _was_sent(row)]
        messages.reverse()
        for message in messages:
            with self._found(message) as (context, record):
                deliveries.put_into_outbox(context, record, message)
                self._record_delivery(context, record, "the newest of the order first")
        return messages

    @contextlib.contextmanager
    def _found(self, message_id: str) -> Generator[tuple[Context, Record]]:
        """Find a message of any owner."""
        for merchant in self._merchants.values():
            for environment in merchant.environments:
                owner = f"{merchant.merchant_id}/{environment}"
                with self._context(owner) as context:
                    record = context.find(notifications.KIND, message_id)
                    if record is not None:
                        yield context, record
                        return
        raise APIRefusal("ResourceNotFound", f"There is no message '{message_id}'")

    def _record_delivery(self, context: Context, record: Record, how: str) -> None:
        kind = _KINDS[record["objectType"]]
        about = context.find(kind, record["objectId"]) or {}
        context.add_story_row(
            "resent", about.get("order"), messageId=record["id"], how=how
        )

    def filled(self, rows: Iterable[HistoryRow]) -> list[HistoryRow]:
        """Return rows of the story; those of notifications have their status now."""
        found = list(rows)
        with self._store.transaction() as transaction:
            for number, row in enumerate(found):
                message = row.facts.get("messageId")
                if row.kind == notifications.KIND and message is not None:
                    record = transaction.find(row.owner, row.kind, message)
                    facts = deliveries.facts_of(row.facts, record)
                    found[number] = replace(row, facts=facts)
        return found

    def certificate(self, request: Request) -> HTTPResponse:
        """Return the leaf alone, as Amazon SNS serves it."""
        from ...testing._authority import leaf_path

        if request.method != "GET" or request.path != leaf_path(self.authority.leaf):
            raise APIRefusal("ResourceNotFound", "There is no such certificate")
        headers = (("content-type", "application/x-pem-file"),)
        return HTTPResponse(200, self.authority.leaf, headers)


def _was_sent(row: HistoryRow) -> bool:
    return row.kind == notifications.KIND and "messageId" in row.facts


class HTTPListener:
    """Posts notifications to a shop on this machine, or on hosts that are named."""

    def __init__(self, url: str, hosts: Iterable[str] = ()) -> None:
        """Raise `ConfigurationError` unless the address is on one of these."""
        parts = split_url(url)
        host = parts.hostname or ""
        named = {one.lower().strip("[]") for one in hosts}
        if parts.scheme not in {"http", "https"} or not host:
            raise _foreign()
        if not is_loopback(host) and host not in named:
            raise _foreign()
        import httpx2

        self.url = url
        # Loading the trusted authorities takes long, and plain http needs none.
        is_plain = parts.scheme == "http"
        self._context = (
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            if is_plain
            else httpx2.create_ssl_context()
        )

    def __call__(self, request: Request) -> int | str:
        """Post a notification; return the status, or what went wrong."""
        import httpx2

        from ..._http.progress import ending
        from ..._http.transports import PoolTransport

        headers = [pair for pair in request.headers if pair[0] != "content-length"]
        sent = httpx2.Request(
            "POST",
            self.url,
            headers=headers,
            content=request.body,
            extensions={"timeout": timeout_from(_SECONDS).within(_SECONDS)},
        )
        transport = PoolTransport(self._context, None)
        try:
            with ending(time.monotonic() + _SECONDS):
                answer = transport.handle_request(sent)
                answer.close()
                return answer.status_code
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            return deliveries.UNREACHABLE
        except httpx2.TransportError:
            return deliveries.TIMED_OUT
        finally:
            transport.close()


def _foreign() -> ConfigurationError:
    return ConfigurationError(
        "--ipn-url is the address of a shop on this machine, such as"
        " http://localhost:8000/ipn, or on a host that --ipn-host names"
    )


@contextlib.contextmanager
def delivering(notifier: Notifier) -> Generator[None]:
    """Send notifications as they become due, in a thread, while the block runs."""
    done = threading.Event()

    def deliver() -> None:
        while not done.wait(_PAUSE):
            try:
                notifier.deliver()
            except Exception:
                _LOGGER.exception("notifications could not be sent")

    thread = threading.Thread(target=deliver, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
