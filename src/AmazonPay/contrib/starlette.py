"""A route for notifications (IPN) in Starlette and FastAPI; the extra `[starlette]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.extras import missing
from ..ipn import LARGEST_BODY, arespond

try:
    from starlette.responses import Response
    from starlette.routing import Route
except ModuleNotFoundError as error:
    raise missing(error.name, "starlette") from None

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..ipn import Inbox, Verifier

__all__ = ["ipn_route"]

_TOO_LARGE = 413


def ipn_route(verifier: Verifier, inbox: Inbox, path: str = "/ipn") -> Route:
    """Return a route that takes notifications at `path`.

    It answers 200 once a notification is committed to the inbox, 403 if it is forged,
    503 if it must come again, and 413 above 256 KiB. The inbox, which blocks, is called
    in a worker thread. Pass it in `routes=[…]`; in FastAPI, `app.routes.append(…)`.
    """

    async def receive(request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST_BODY:
                return Response(status_code=_TOO_LARGE)
        return Response(status_code=await arespond(verifier, inbox, body))

    return Route(path, receive, methods=["POST"])
