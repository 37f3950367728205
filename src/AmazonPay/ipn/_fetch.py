"""Fetch certificates: over verified TLS, without redirects, bounded in everything."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, deque
from functools import partial
from typing import TYPE_CHECKING, Final

from .._core.signals import raised_by_a_signal_handler
from ..errors import AmazonPayError
from ._certificate import LARGEST_CERTIFICATE, read_leaf
from ._errors import NotificationUnverifiable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._certificate import Leaf

SECONDS: Final = 5.0
"""How long one fetch may take, and how long a thread waits for that of another."""
_KEPT_FOR: Final = 24 * 3600.0
"""The seconds after which a certificate is fetched again."""
_KEPT: Final = 32
_PERIOD: Final = 60.0
_FETCHES: Final = 10
"""How many fetches may begin in each period."""


class RateLimit:
    """A limit on the turns that are taken in any period of some seconds."""

    def __init__(self, turns: int, period: float, now: Callable[[], float]) -> None:
        self._turns = turns
        self._period = period
        self._now = now
        self._taken: deque[float] = deque()

    def is_open(self) -> bool:
        """Return whether a turn is left."""
        since = self._now() - self._period
        while self._taken and self._taken[0] <= since:
            self._taken.popleft()
        return len(self._taken) < self._turns

    def take(self) -> bool:
        """Take a turn if one is left; return whether it was."""
        is_open = self.is_open()
        if is_open:
            self._taken.append(self._now())
        return is_open


class Certificates:
    """The certificates that were fetched, for the threads of one process."""

    def __init__(
        self,
        fetch: Callable[[str], bytes],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._kept: OrderedDict[str, tuple[float, Leaf]] = OrderedDict()
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._limit = RateLimit(_FETCHES, _PERIOD, now)

    def get(self, url: str, region: str) -> Leaf:
        """Return the certificate of a checked address, which is fetched once a day.

        Raises:
            NotificationForged: the certificate at this address may not sign envelopes.
            NotificationUnverifiable: the certificate could not be fetched now.
        """
        if leaf := self.known(url):
            return leaf
        try:
            return self._fetched(url, region)
        except NotificationUnverifiable:
            # One of yesterday is better than none; its dates are checked at each use.
            if url in self._kept:
                return self._kept[url][1]
            raise

    def known(self, url: str) -> Leaf | None:
        """Return a certificate that was fetched within the last day, or None."""
        found = self._kept.get(url)
        if found is None or found[0] <= self._now():
            return None
        return found[1]

    def _fetched(self, url: str, region: str) -> Leaf:
        if os.getpid() != self._process:
            # A thread that the fork did not take along may hold the lock.
            self._lock, self._process = threading.Lock(), os.getpid()
        # Without this, forged addresses would queue up for the lock.
        if not self._limit.is_open():
            raise _too_often()
        lock = self._lock
        if not lock.acquire(timeout=SECONDS):
            raise NotificationUnverifiable("another fetch of a certificate takes long")
        try:
            if found := self.known(url):
                return found
            if not self._limit.take():
                raise _too_often()
            leaf = read_leaf(self._fetch_or_fail(url), region)
            self._kept[url] = (self._now() + _KEPT_FOR, leaf)
            self._kept.move_to_end(url)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return leaf
        finally:
            lock.release()

    def _fetch_or_fail(self, url: str) -> bytes:
        try:
            return self._fetch(url)
        except AmazonPayError:
            raise
        except Exception as error:
            if raised_by_a_signal_handler(error):
                raise
            raise NotificationUnverifiable(
                f"the certificate could not be fetched: {type(error).__name__}"
            ) from None


def _too_often() -> NotificationUnverifiable:
    return NotificationUnverifiable(
        f"more than {_FETCHES} certificates were asked for in {_PERIOD:.0f} seconds"
    )


def fetch_from_amazon(url: str) -> bytes:
    """Return the body of an answer from a host of Amazon SNS.

    A proxy that HTTPS_PROXY names is used. The trusted authorities are those that
    httpx2 has by default, whatever SSL_CERT_FILE names: that may be a test authority.

    Raises:
        NotificationUnverifiable: the answer is no 200, is too large, or did not come.
    """
    # Heavy imports, which a verifier with a fetch of its own does not need.
    import httpx2

    from .._http.fetch import fetch

    context = httpx2.create_ssl_context(trust_env=False)
    return fetch_certificate(partial(fetch, url, context, trust_env=True))


def fetch_certificate(fetch: Callable[[float, int], bytes]) -> bytes:
    """Call `fetch` with the limits for a certificate: seconds, and bytes.

    Raises:
        NotificationUnverifiable: the fetch failed, or the answer is too large.
    """
    import httpx2

    try:
        return fetch(SECONDS, LARGEST_CERTIFICATE)
    except (httpx2.TransportError, httpx2.InvalidURL, ValueError) as error:
        raise NotificationUnverifiable(
            f"the certificate could not be fetched: {type(error).__name__}"
        ) from None
