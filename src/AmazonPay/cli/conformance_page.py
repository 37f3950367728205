"""The one click of a buyer that `conformance` waits for: a page on this machine."""

from __future__ import annotations

import queue
import secrets
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

_POLL: Final = 0.1
_HTML: Final = "text/html; charset=utf-8"
_HEAD: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Conformance</title>'
    '<link rel="icon" href="data:,"><style>body{font:18px system-ui;margin:3rem auto;'
    "max-width:30rem}</style>"
)
_ASK: Final = (
    "<h1>One payment in the sandbox</h1><p>Press the button, sign in as a test buyer,"
    " and pay once. No real money moves.</p>"
)
_THANKS: Final = (
    f"{_HEAD}<h1>Thank you</h1><p>Go back to the terminal; this page is done.</p>"
)


def clicked(client: Client, page: dict[str, Any], port: int, seconds: float) -> str:
    """Print the address of a page with a button; return the session that is paid in.

    Raises:
        ConfigurationError: the port is taken, or the button cannot be.
        Failure: nobody has paid in time.
    """
    found: queue.Queue[str] = queue.Queue()
    with serving(client, page, port, found) as url:
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
def serving(
    client: Client, page: dict[str, Any], port: int, found: queue.Queue[str]
) -> Generator[str]:
    """Serve the page while the block runs, and give its address, on this machine.

    When a buyer comes back from paying, the id of the session is put into `found`.

    Raises:
        ConfigurationError: the port is taken.
    """
    shown = {"/": b""}
    # Pages of other sites do not know where a buyer comes back.
    result = f"/paid-{secrets.token_hex(16)}"

    class Shop(Handler):
        def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
            parts = urlsplit(self.path)
            sessions = parse_qs(parts.query).get("amazonCheckoutSessionId", [])
            if parts.path == result and len(sessions) == 1:
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
            "checkoutResultReturnUrl": url + result,
        }
        merchant_id = page.pop("merchant_id")
        payload: Any = {**page, "webCheckoutDetails": web}
        button = client.button(payload, merchant_id=merchant_id, product_type="PayOnly")
        shown["/"] = f"{_HEAD}{_ASK}{button.html()}".encode()
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
