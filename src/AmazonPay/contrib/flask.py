"""A view for notifications (IPN) in Flask; the extra `[flask]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.extras import missing
from ..ipn import LARGEST_BODY, respond

try:
    from flask import Blueprint, Response, request
except ModuleNotFoundError as error:
    raise missing(error.name, "flask") from None

if TYPE_CHECKING:
    from ..ipn import Inbox, Verifier

__all__ = ["ipn_blueprint"]


def ipn_blueprint(
    verifier: Verifier,
    inbox: Inbox,
    *,
    url: str = "/ipn",
    name: str = "amazonpay_ipn",
) -> Blueprint:
    """Return a blueprint that takes notifications at `url`.

    It answers 200 once a notification is committed to the inbox, 403 if it is forged,
    503 if it must come again, and 413 above 256 KiB. Register it with
    `app.register_blueprint`. If the shop checks CSRF tokens, exempt this blueprint: the
    signature takes their place.
    """
    blueprint = Blueprint(name, __name__)

    def receive() -> Response:
        request.max_content_length = LARGEST_BODY
        return Response(status=respond(verifier, inbox, request.get_data()))

    blueprint.add_url_rule(url, "ipn", receive, methods=["POST"])
    return blueprint
