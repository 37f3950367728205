"""A view for notifications (IPN) in Django."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import transaction
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ...ipn import LARGEST_BODY, respond

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from ...ipn import Inbox, Verifier

_TOO_LARGE = 413
_PIECE = 65536


def ipn_view(verifier: Verifier, inbox: Inbox) -> Callable[[HttpRequest], HttpResponse]:
    """Return a view that takes notifications, for `urlpatterns`.

    It answers 200 once a notification is committed to the inbox, 403 if it is forged,
    503 if it must come again, and 413 above 256 KiB. The signature takes the place of a
    CSRF token, and `ATOMIC_REQUESTS` does not hold for this view.
    """

    def receive(request: HttpRequest) -> HttpResponse:
        body = b""
        while piece := request.read(_PIECE):
            body += piece
            if len(body) > LARGEST_BODY:
                return HttpResponse(status=_TOO_LARGE)
        return HttpResponse(status=respond(verifier, inbox, body))

    view: Any = transaction.non_atomic_requests(csrf_exempt(require_POST(receive)))
    return cast("Callable[[HttpRequest], HttpResponse]", view)
