"""Notifications (IPN): verify them, and act on each exactly once.

A notification says that an object has changed, but not how. A `Verifier` checks that
it is authentic, and an `Inbox` keeps it. Then a GET of the object shows its state.
See `docs/notifications.md`.
Amazon's page: `amazon-pay-checkout/set-up-instant-payment-notifications.html`.
"""

from ._envelope import LARGEST_BODY as LARGEST_BODY
from ._errors import InboxFailed as InboxFailed
from ._errors import NotificationForged as NotificationForged
from ._errors import NotificationRefused as NotificationRefused
from ._errors import NotificationUnverifiable as NotificationUnverifiable
from ._inbox import MAX_FAILURES as MAX_FAILURES
from ._inbox import Handler as Handler
from ._inbox import Inbox as Inbox
from ._notification import Notification as Notification
from ._respond import arespond as arespond
from ._respond import respond as respond
from ._rows import InboxEntry as InboxEntry
from ._verifier import MAX_AGE as MAX_AGE
from ._verifier import Verifier as Verifier
