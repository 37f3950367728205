"""The one click of a buyer that `conformance` waits for: a page on this machine."""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from ..errors import ConfigurationError
from .failures import NO_ANSWER, Failure
from .ipn_server import LOOPBACK, Handler, Server
from .output import words

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..client import Client

RESULT: Final = "/result"

_POLL: Final = 0.1
_HTML: Final = "text/html; charset=utf-8"
_HEAD: Final = "<!doctype html><meta charset='utf-8'><title>Conformance</title>"
_THANKS: Final = f"{_HEAD}<p>Thank you. Go back to the terminal; this page is done."


def clicked(client: Client, page: dict[str, Any], port: int, seconds: float) -> str:
    """Print the address of a page with a button; return the session that is paid in.

    Raises:
        ConfigurationError: the port is taken, or the button cannot be.
        Failure: nobody has paid in time.
    """
    found: queue.Queue[str] = queue.Queue()
    with _serving(client, page, port, found) as url:
        words(
            f"Open {url} in a browser on this machine, sign in as a test buyer of the"
            " sandbox, and pay once. No real money moves. Then this goes on alone."
        )
        try:
            return found.get(timeout=seconds)
        except queue.Empty:
            raise Failure(
                f"nobody has paid within {seconds:.0f} s; --wait takes longer, and"
                " --no-buyer leaves out what needs a buyer",
                NO_ANSWER,
            ) from None


@contextmanager
def _serving(
    client: Client, page: dict[str, Any], port: int, found: queue.Queue[str]
) -> Generator[str]:
    shown = {"/": b""}

    class Shop(Handler):
        def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
            parts = urlsplit(self.path)
            sessions = parse_qs(parts.query).get("amazonCheckoutSessionId", [])
            if parts.path == RESULT and len(sessions) == 1:
                self.answer(200, _THANKS.encode(), _HTML)
                found.put(sessions[0])
            elif parts.path in shown:
                self.answer(200, shown[parts.path], _HTML)
            else:
                self.answer(404)

    with Server(LOOPBACK, port, Shop) as server:
        # Amazon takes plain http in sandbox for this name alone.
        url = f"http://localhost:{server.server_address[1]}"
        web = {
            "checkoutMode": "ProcessOrder",
            "checkoutResultReturnUrl": url + RESULT,
        }
        merchant_id = page.pop("merchant_id")
        payload: Any = {**page, "webCheckoutDetails": web}
        button = client.button(payload, merchant_id=merchant_id, product_type="PayOnly")
        shown["/"] = f"{_HEAD}{button.html()}".encode()
        thread = threading.Thread(target=server.serve_forever, args=(_POLL,))
        thread.daemon = True
        thread.start()
        try:
            yield url
        finally:
            server.shutdown()
            thread.join()


def checked_session(value: str) -> str:
    """Return an id of a session that can stand in a path.

    Raises:
        ConfigurationError: it is none.
    """
    if not value.replace("-", "").isalnum() or not value.isascii():
        raise ConfigurationError("a session id is made of letters, digits and dashes")
    return value
