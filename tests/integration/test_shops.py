"""The shops of `examples/`, run as their pages say: beside a served simulator."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import sqlalchemy as sa

from loopback import serving
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Generator

    from AmazonPay import Client
    from AmazonPay.testing import LocalAmazonPay

pytestmark = pytest.mark.process
EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = 60.0


def free_port() -> int:
    with serving() as server:
        return server.port


@contextmanager
def process(*command: str, folder: Path, until: str) -> Generator[str]:
    """Run a command until the block ends; give what it has printed at its start."""
    with subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=unmeasured() | {"PYTHONUNBUFFERED": "1"},
        cwd=folder,
    ) as started:
        assert started.stdout is not None
        printed = ""
        try:
            while until and until not in printed:
                line = started.stdout.readline()
                assert line, printed
                printed += line
            reader = threading.Thread(target=started.stdout.read, daemon=True)
            reader.start()
            yield printed
        finally:
            started.terminate()


def ask(method: str, url: str) -> Any:
    """Ask until there is an answer, as a buyer would."""
    ends = time.monotonic() + SECONDS
    while True:
        try:
            answer = httpx2.request(method, url, trust_env=False, timeout=SECONDS)
        except httpx2.TransportError:
            assert time.monotonic() < ends
            threading.Event().wait(0.1)  # the shop is not there yet
        else:
            assert answer.status_code == 200, answer.text
            return answer.json()


def test_the_small_shop_passes_its_own_tests_and_is_small(tmp_path: Path) -> None:
    for source in (EXAMPLES / "small_shop").glob("*.py"):
        shutil.copy(source, tmp_path)
    shop = (tmp_path / "small_shop.py").read_text(encoding="utf-8")
    assert len(shop.splitlines()) <= 60
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error"],
        cwd=tmp_path,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize(
    ("name", "slash"),
    [("flask_shop", ""), ("starlette_shop", ""), ("django_shop", "/")],
)
def test_a_notification_moves_the_order_of_a_shop(
    name: str, slash: str, tmp_path: Path
) -> None:
    port = free_port()
    shop = f"http://localhost:{port}"
    source = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    # The port of the page may be taken here.
    (tmp_path / f"{name}.py").write_text(source.replace("5000", str(port)))
    simulate = ("-m", "AmazonPay", "simulate", "--port", "0")
    with process(
        *simulate, "--ipn-url", f"{shop}/ipn{slash}", folder=tmp_path, until="Ready"
    ) as banner:
        endpoint = re.findall(r"API +(\S+)", banner)[0]
        key = re.findall(r"private key: (\S+)", banner)[0]
        with process(f"{name}.py", endpoint, key, folder=tmp_path, until=""):
            session = ask("POST", f"{shop}/orders{slash}")["session"]
            for act in ("choose", "pay"):
                ask("POST", f"{endpoint}/_simulator/checkoutSessions/{session}/{act}")
            result = f"{shop}/result{slash}?amazonCheckoutSessionId={session}"
            assert ask("GET", result) == {"outcome": "success"}
            ends = time.monotonic() + SECONDS
            while ask("GET", f"{shop}/orders/{session}{slash}") != {
                "state": "Captured"
            }:
                assert time.monotonic() < ends
                threading.Event().wait(0.1)


def test_a_sweep_of_a_shop_finds_what_was_paid_while_it_was_down(
    amazon_pay: LocalAmazonPay, amazon_pay_client: Client, tmp_path: Path
) -> None:
    shop = runpy.run_path(str(EXAMPLES / "flask_shop.py"))
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    app = shop["make_app"](amazon_pay_client, amazon_pay.verifier(), engine)
    page = app.test_client()
    amazon_pay.notifications.add_listener(
        lambda request: page.post("/ipn", data=request.body).status_code
    )
    session = page.post("/orders").json["session"]
    amazon_pay.choose(session)
    amazon_pay.pay(session)
    for _ in range(2):
        shop["sweep"](amazon_pay_client, engine)
    amazon_pay.advance()
    shop["work"](amazon_pay_client, engine)
    assert page.get(f"/orders/{session}").json == {"state": "Captured"}
    assert len(amazon_pay.charges()) == 1
    engine.dispose()
