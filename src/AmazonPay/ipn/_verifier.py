"""Verify notifications, blocking and awaiting."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar
from urllib.parse import parse_qsl

from .._core.clock import utc_now
from .._core.signals import raised_by_a_signal_handler
from ..errors import ConfigurationError
from ._certificate import chain_of, checked_url, host_of
from ._envelope import CONFIRMATION, NOTIFICATION, TOPIC, read_envelope, region_of
from ._errors import NotificationForged, NotificationRefused, NotificationUnverifiable
from ._fetch import Certificates, fetch_from_amazon
from ._notification import read_notification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from cryptography import x509

    from ._envelope import Envelope
    from ._notification import Notification

_T = TypeVar("_T")
_LOGGER = logging.getLogger("AmazonPay.ipn")

MAX_AGE: Final = timedelta(days=15)
"""Amazon's older page says that a notification may come again for 14 days."""

_MOST_REPORTED = 100
"""At most so many foreign topics are logged, so that no sender can fill the log."""

# Characters that no URL of Amazon SNS has, and that URL parsers read differently.
_STRANGE = frozenset(' "<>\\^`{|}#')


async def in_thread(work: Callable[[], _T]) -> _T:
    """Run `work` in a worker thread; after a cancellation it still runs to its end."""
    import anyio.to_thread

    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)


class Verifier:
    """Checks that a notification comes from Amazon Pay and is for this merchant.

    Keep one for the process: it keeps certificates, which it fetches from Amazon at
    most ten times a minute. Threads and event loops may share it.

    The checks run in this order, and the first that fails ends them: size, JSON, form,
    topic, address of the certificate, certificate, signature, merchant. Whether the
    notification came before is for the inbox to find out.

    Args:
        allowed_topics: The ARNs of your topics, whole: they are compared exactly,
            because anyone can have a topic at Amazon SNS. Your first notification
            shows yours: see `docs/notifications.md`.
        merchant_id: Refuse notifications for other merchants than this.
        max_age: Refuse what is older, so that no old envelope can be posted again
            after the inbox has forgotten it.
        fetch: Returns the bytes at an address that was checked before, within a few
            seconds and without a redirect; any exception means that it did not work.
            By default httpx2 fetches.
        intermediates: With `roots`: certificates in PEM, over which the one that signs
            must lead to a root. Amazon SNS sends no chain, so that by default the
            host from which it was fetched is trusted instead.
        roots: See `intermediates`.
        clock: Returns the time, in UTC.

    Raises:
        ConfigurationError: a topic is no ARN of a topic, there is none, `max_age` is
            not positive, or a certificate cannot be read.
    """

    _takes_live_ids: ClassVar[bool] = True

    def __init__(  # noqa: PLR0913 - one keyword for each part of the trust
        self,
        allowed_topics: Iterable[str],
        *,
        merchant_id: str | None = None,
        max_age: timedelta = MAX_AGE,
        fetch: Callable[[str], bytes] = fetch_from_amazon,
        intermediates: Iterable[x509.Certificate | bytes | str] = (),
        roots: Iterable[x509.Certificate | bytes | str] = (),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        if isinstance(allowed_topics, str):
            raise ConfigurationError("allowed_topics is a list of ARNs, not one text")
        self.allowed_topics = frozenset(allowed_topics)
        for topic in self.allowed_topics:
            if not isinstance(topic, str) or TOPIC.fullmatch(topic) is None:
                raise ConfigurationError(
                    "allowed_topics has whole ARNs of topics, such as"
                    " arn:aws:sns:us-east-1:291180941288:A3BXB0YN3XH17HA1EXAMPLE"
                )
        if not self.allowed_topics:
            raise ConfigurationError("allowed_topics is empty: it would refuse all")
        if merchant_id is not None and (
            not isinstance(merchant_id, str) or not merchant_id
        ):
            raise ConfigurationError("merchant_id is a text, or None")
        if not isinstance(max_age, timedelta) or max_age <= timedelta(0):
            raise ConfigurationError("max_age is a positive timedelta")
        self.merchant_id = merchant_id
        self._max_age = max_age
        self._clock = clock
        self._fetch = fetch
        self._chain = chain_of(intermediates, roots)
        self._regions = {region_of(topic) for topic in self.allowed_topics}
        self._certificates = Certificates(fetch)
        # A sender with a topic of their own cannot use up the fetches above.
        self._for_foreign = Certificates(fetch)
        self._reported: set[str] = set()

    def verify(self, body: bytes) -> Notification:
        """Return the notification in the body of a request, if it is authentic.

        Pass the bytes as they came; the headers prove nothing and are not needed. It
        moves no money and changes no state. Commit the notification, answer 200, and
        only then get the object that it names: `Inbox.receive` and `Inbox.process`.

        Raises:
            NotificationForged: it is not authentic; answer 403. Amazon does not send it
                again.
            NotificationUnverifiable: the certificate could not be fetched; answer 503.
            InvalidRequest: `body` is not bytes.
        """
        return self._notification(self._verified(body, NOTIFICATION))

    async def averify(self, body: bytes) -> Notification:
        """Do what `verify` does, awaiting; a fetch runs in a worker thread.

        Raises:
            NotificationRefused: as `verify` does.
        """
        return await in_thread(partial(self.verify, body))

    def confirm_subscription(self, body: bytes) -> str:
        """Confirm the subscription that an envelope asks for; return its topic's ARN.

        Amazon confirms its own subscriptions. Call this for a topic of `allowed_topics`
        that you have subscribed by yourself, and never for every request that comes.
        It opens an address of Amazon SNS, and no other.

        Raises:
            NotificationForged: the envelope is not authentic, or its address is not
                that of the confirmation.
            NotificationUnverifiable: Amazon could not be reached.
            InvalidRequest: `body` is not bytes.
        """
        envelope = self._verified(body, CONFIRMATION)
        url = _confirmation_url(envelope)
        try:
            self._fetch(url)
        except NotificationRefused:
            raise
        except Exception as error:
            if raised_by_a_signal_handler(error):
                raise
            raise NotificationUnverifiable(
                f"the subscription could not be confirmed: {type(error).__name__}"
            ) from None
        return envelope.topic_arn

    async def aconfirm_subscription(self, body: bytes) -> str:
        """Do what `confirm_subscription` does, awaiting.

        Raises:
            NotificationRefused: as `confirm_subscription` does.
        """
        return await in_thread(partial(self.confirm_subscription, body))

    def _verified(self, body: bytes, kind: str) -> Envelope:
        envelope = read_envelope(body, kind)
        if self._clock() - envelope.timestamp > self._max_age:
            raise NotificationForged("the envelope is too old")
        if envelope.topic_arn not in self.allowed_topics:
            self._report_topic(envelope)
            raise NotificationForged("the envelope is of a topic that is not allowed")
        self._check_signature(envelope, self._certificates)
        return envelope

    def _check_signature(self, envelope: Envelope, certificates: Certificates) -> None:
        region = region_of(envelope.topic_arn)
        leaf = certificates.get(checked_url(envelope.certificate_url, region), region)
        now = self._clock()
        leaf.check_date(now)
        if self._chain is not None:
            self._chain.check(leaf.certificate, leaf.name, now)
        leaf.check_signature(envelope)

    def _notification(self, envelope: Envelope) -> Notification:
        notification = read_notification(envelope)
        if self.merchant_id not in {None, notification.merchant_id}:
            raise NotificationForged("the notification is for another merchant")
        ids = (notification.object_id, notification.charge_permission_id or "S")
        if not self._takes_live_ids and not all(one[0] in "SC" for one in ids):
            raise NotificationForged(
                "a verifier for tests takes ids of the sandbox only"
            )
        return notification

    def _report_topic(self, envelope: Envelope) -> None:
        """Log a topic that is not allowed, once: it may be one of the shop's.

        The log calls an envelope authentic only if its signature was checked. For
        that, a certificate is fetched only in the regions of allowed topics.
        """
        topic = envelope.topic_arn
        if topic in self._reported or len(self._reported) >= _MOST_REPORTED:
            return
        if region_of(topic) in self._regions:
            try:
                self._check_signature(envelope, self._for_foreign)
            except NotificationRefused:
                return
            level, what = logging.ERROR, "an authentic notification"
        else:
            level, what = logging.WARNING, "what may be a notification"
        self._reported.add(topic)
        _LOGGER.log(
            level,
            "refused %s, which Amazon will not send again: its topic %s is not in"
            " allowed_topics. If this topic is yours, add it; anyone can have another",
            what,
            topic,
        )


def _confirmation_url(envelope: Envelope) -> str:
    """Return the `SubscribeURL` of an envelope, if it only confirms the subscription.

    Raises:
        NotificationForged: `SubscribeURL` is any other address.
    """
    url, topic = envelope.subscribe_url or "", envelope.topic_arn
    origin = f"https://{host_of(region_of(topic))}/?"
    wanted = {
        "Action": "ConfirmSubscription",
        "TopicArn": topic,
        "Token": envelope.token,
    }
    given = parse_qsl(url[len(origin) :], keep_blank_values=True)
    is_plain = url.isascii() and url.isprintable() and _STRANGE.isdisjoint(url)
    is_complete = sorted(given) == sorted(wanted.items())
    if not url.startswith(origin) or not is_plain or not is_complete:
        raise NotificationForged("SubscribeURL is not the confirmation of this topic")
    return url
