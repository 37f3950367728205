"""The shop's URLs to which the buyer goes back, with what Amazon adds to them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from ..engine.store import Record

_ID = "amazonCheckoutSessionId"


def with_parameter(url: str, name: str, value: str) -> str:
    """Return a URL with one more query parameter; those that it has are kept."""
    parts = urlsplit(url)
    added = f"{name}={quote(value, safe='')}"
    query = f"{parts.query}&{added}" if parts.query else added
    return urlunsplit(parts._replace(query=query))


def review_url(session: Record) -> str:
    """Return the shop's URL for the review, or without one, for the result."""
    url = session["web_details"].get("checkoutReviewReturnUrl")
    return with_parameter(url, _ID, session["id"]) if url else result_url(session)


def result_url(session: Record) -> str:
    """Return where the shop shows how the payment ended."""
    web = session["web_details"]
    url = web.get("checkoutResultReturnUrl") or web["checkoutReviewReturnUrl"]
    return with_parameter(url, _ID, session["id"])


def cancel_url(session: Record, *, paying: bool = False) -> str:
    """Return where a buyer lands who goes back to the shop without paying."""
    # UNCONFIRMED: that nothing is added to this URL.
    url: str | None = session["web_details"].get("checkoutCancelUrl")
    if url:
        return url
    # UNCONFIRMED: where they land without it. A shop must be ready for a canceled
    # session on both of these pages.
    return result_url(session) if paying else review_url(session)
