"""Answer the request of a notification; the views of all frameworks use this."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from ._errors import InboxFailed, NotificationRefused
from ._verifier import in_thread

if TYPE_CHECKING:
    from ._inbox import Inbox
    from ._verifier import Verifier

_LOGGER = logging.getLogger("AmazonPay.ipn")

_OK = 200
_UNAVAILABLE = 503


def respond(verifier: Verifier, inbox: Inbox, body: bytes) -> int:
    """Verify the body of a request and keep it; return the status to answer.

    200 once it is committed, 403 if it is forged, 503 if it cannot be verified or kept
    just now: Amazon then sends it again. A view of any other framework passes the body
    to this function and answers with its result.

    Raises:
        InvalidRequest: `body` is not bytes.
        Exception: what an inbox of your own raises; the framework answers 500.
    """
    try:
        inbox.receive(verifier.verify(body))
    except NotificationRefused as refused:
        _LOGGER.warning("refused a notification with %s: %s", refused.status, refused)
        return refused.status
    except InboxFailed as failed:
        _LOGGER.error("could not keep a notification: %s", failed)  # noqa: TRY400 - a traceback would add nothing
        return _UNAVAILABLE
    return _OK


async def arespond(verifier: Verifier, inbox: Inbox, body: bytes) -> int:
    """Do what `respond` does, awaiting; the work is done in a worker thread.

    Raises:
        InvalidRequest: `body` is not bytes.
    """
    return await in_thread(partial(respond, verifier, inbox, body))
