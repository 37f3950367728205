"""The one signed GET by which `doctor` proves key, environment and clock.

It asks for a Checkout Session with the id 0, which cannot exist. No money moves, and no
state changes. Amazon reads the id only after it has accepted key, date and signature.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ..errors import AmazonPayError, CertificateRefused, ConnectionFailed, shown
from .failures import text_of
from .findings import Finding, explained, ok, unknown, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..client import Client
    from ..response import Response

NO_SUCH_ID: Final = "0"

_NOT_FOUND: Final = 404
_REFUSED: Final = (401, 403)
_THROTTLED: Final = 429
_SERVER_FAILED: Final = 500
# Amazon refuses a date in the future; how old one may be is not documented.
_MOST_AHEAD: Final = 2.0
_MOST_BEHIND: Final = 60.0
_SET_CLOCK: Final = "set the system clock, best by NTP"


def online(client: Client) -> Iterator[Finding]:
    """Make the call, and yield what it shows."""
    try:
        response = client.get_checkout_session(NO_SUCH_ID)
    except CertificateRefused as error:
        yield wrong("TLS", text_of(error))
    except ConnectionFailed as error:
        yield wrong(
            "network", text_of(error), "check DNS, proxy and firewall of this machine"
        )
    except AmazonPayError as error:
        yield unknown("answer", f"no answer came: {text_of(error)}", "try again")
    else:
        yield from _clock(response)
        yield _answer(client, response)


def _clock(response: Response[Any]) -> Iterator[Finding]:
    """Compare the clock with the date of the answer, which has whole seconds."""
    from .._core.clock_skew import http_date

    theirs = http_date(response.headers.get("date", ""))
    if theirs is None:
        yield unknown("clock", "the answer has no date to compare with")
        return
    ahead = (datetime.now(UTC) - theirs).total_seconds()
    if ahead > _MOST_AHEAD:
        yield wrong(
            "clock",
            f"it is about {ahead:.0f} s ahead of Amazon's, which refuses a date in the"
            " future with InvalidHeaderValue, at random if it is little",
            _SET_CLOCK,
        )
    elif ahead < -_MOST_BEHIND:
        yield wrong("clock", f"it is about {-ahead:.0f} s behind Amazon's", _SET_CLOCK)
    else:
        yield ok("clock", f"within {max(1, round(abs(ahead)))} s of Amazon's")


def _answer(client: Client, response: Response[Any]) -> Finding:
    status, reason = response.status_code, response.reason_code
    told = f"{status} {shown(reason)}"
    where = f"region {client.region}, {'sandbox' if client.sandbox else 'live'}"
    if status == _NOT_FOUND and reason == "ResourceNotFound":
        return ok("answer", f"{told}: key, signature and date are accepted ({where})")
    if reason == "InvalidRequestSignature":
        return explained("signature", client.explain(response))
    if reason == "InvalidHeaderValue":
        if "x-amz-pay-date" in (response.message or ""):
            return wrong("clock", f"{told}: the date is refused", _SET_CLOCK)
        return wrong(
            "key id",
            f"{told}: Amazon does not know this key id in {where}",
            "compare it with Seller Central; an account has its own keys for each"
            " region and environment",
        )
    if status == _THROTTLED or status >= _SERVER_FAILED:
        return unknown("answer", f"{told}: Amazon could not answer now", "try again")
    if status in _REFUSED:
        text = "the account may not do this"
        fix = "look in Seller Central whether the account is complete"
    else:
        text = "this is not Amazon Pay's answer to an id that does not exist"
        fix = "look at the endpoint and the proxy: another server may have answered"
    return wrong("answer", f"{told}: {text}", fix)
