"""What `visits` calls: the simulator, or a handler that only verifies signatures.

    python -m benchmarks.simulator_server NAME PRIVATE_KEY CHAIN

serves one of `APPS` over TLS by the same server, and prints its port. Each line on
standard input is answered by the seconds of CPU so far.
"""

from __future__ import annotations

import atexit
import json
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from AmazonPay._signing import parse_authorization, verify
from AmazonPay.simulator import Simulator, Store, merchant
from AmazonPay.simulator.app import App
from AmazonPay.simulator.server import Protocol, listen
from benchmarks.orders import ANSWER, PUBLIC_KEY_ID

if TYPE_CHECKING:
    from collections.abc import Callable


def simulator(key: RSAPublicKey) -> Any:  # noqa: ANN401 - an ASGI application has no type
    """Make the simulator, with its state in memory."""
    return _simulator(key, Store())


def with_file(key: RSAPublicKey) -> Any:  # noqa: ANN401 - an ASGI application has no type
    """Make the simulator, with its state in a file that is deleted at the end."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    return _simulator(key, Store(folder / "world.db"))


def _simulator(key: RSAPublicKey, store: Store) -> Any:  # noqa: ANN401 - an ASGI application has no type
    return App(Simulator([merchant(PUBLIC_KEY_ID, key, region="eu")], store=store))


def verifier(key: RSAPublicKey) -> Any:  # noqa: ANN401 - an ASGI application has no type
    """Verify, and give one fixed answer."""
    content = json.dumps(ANSWER | {"checkoutSessionId": "session"}).encode()
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
        ],
    }

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's callables have no types
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
        authorization = parse_authorization(dict(headers)["authorization"])
        path, query = scope["raw_path"].decode(), scope["query_string"].decode()
        verify(key, authorization, scope["method"], path, query, headers, body)
        await send(start)
        await send({"type": "http.response.body", "body": content})

    return app


APPS: dict[str, Callable[[RSAPublicKey], Any]] = {
    "simulator": simulator,
    "simulator with a file": with_file,
    "verifier": verifier,
}


def _serve(name: str, private_key: str, chain: str) -> None:
    key = load_pem_private_key(Path(private_key).read_bytes(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the benchmark signs with RSA")
    config = uvicorn.Config(
        APPS[name](key.public_key()),
        http=Protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        ssl_certfile=chain,
    )
    listener = listen(0)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    threading.Thread(target=_tell_cpu, daemon=True).start()
    uvicorn.Server(config).run(sockets=[listener])


def _tell_cpu() -> None:
    for _ in sys.stdin:
        sys.stdout.write(f'{{"total": {time.process_time()}}}\n')
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
