"""The simulator as a process: TLS, sockets, crashes, garbage."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from AmazonPay import Client, ConfigurationError, Response, Retry, TransportError
from AmazonPay.__main__ import main
from AmazonPay.simulator import Settings, Simulator, merchant
from AmazonPay.simulator.app import App
from AmazonPay.simulator.certificate import make_certificate
from AmazonPay.simulator.plan import merchant_from
from AmazonPay.simulator.server import listen, server_for, serving
from keys import KEY
from simulating import simulating

if TYPE_CHECKING:
    from collections.abc import Generator

PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
KEY_ID = "SANDBOX-A"
USD = {"amount": "10.00", "currencyCode": "USD"}
WEB = {
    "checkoutReviewReturnUrl": "https://localhost/review",
    "checkoutResultReturnUrl": "https://localhost/result",
}


def simulator(**settings: Any) -> Simulator:
    return Simulator(
        [merchant(KEY_ID, KEY.public_key())], settings=Settings(**settings)
    )


def client_at(url: str, authority: Path | None, **options: Any) -> Client:
    verify = None if authority is None else ssl.create_default_context(cafile=authority)
    return Client(KEY_ID, KEY, "us", endpoint_url=url, verify=verify, **options)


def permission_of(client: Client, url: str, intent: str = "Confirm") -> dict[str, Any]:
    """Take a purchase of 10 dollars as far as Complete, the buyer's part over HTTP."""
    details = {"paymentIntent": intent, "chargeAmount": USD}
    total = {"totalOrderAmount": {"amount": "100000.00", "currencyCode": "USD"}}
    body = {
        "webCheckoutDetails": WEB,
        "storeId": "amzn1.application-oa2-client.0123",
        "paymentDetails": {**details, **total},
    }
    session = client.create_checkout_session(body).json()["checkoutSessionId"]
    for act in ("choose", "pay"):
        response = client.request("GET", "/charges/x")  # a kept connection may serve
        assert response.status_code == 404
        buyer(client, url, session, act)
    completed = client.complete_checkout_session(
        session, {"chargeAmount": USD, **total}
    )
    assert completed.status_code == 200
    return dict(completed.json())


def buyer(client: Client, url: str, session: str, act: str) -> None:
    """Post what the buyer does, unsigned, over a connection of its own."""
    del client
    host, port = re.fullmatch(r"https?://(.*):(\d+)", url).groups()  # type: ignore[union-attr] # our own URL
    with socket.create_connection((host, int(port))) as raw:
        peer: socket.socket = raw
        if url.startswith("https"):
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            peer = context.wrap_socket(raw)
        path = f"/_simulator/checkoutSessions/{session}/{act}"
        head = f"POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\n"
        peer.sendall(f"{head}content-length: 0\r\n\r\n".encode())
        assert peer.recv(65536).startswith(b"HTTP/1.1 200")
        peer.close()


# In this process ----------------------------------------------------------------------


@pytest.mark.parametrize("tls", [True, False])
def test_a_purchase_goes_over_a_socket(tls: bool) -> None:
    with (
        serving(simulator(), tls=tls) as served,
        client_at(served.url, served.authority) as client,
    ):
        completed = permission_of(client, served.url, "Authorize")
        charge = client.get_charge(completed["chargeId"])
        assert charge.json()["statusDetails"]["state"] == "Authorized"
        assert charge.headers["x-simulator"] == "AmazonPay"
        assert charge.json()["releaseEnvironment"] == "Sandbox"


def test_of_captures_at_the_same_time_one_wins() -> None:
    with (
        serving(simulator()) as served,
        client_at(served.url, served.authority) as client,
    ):
        permission = permission_of(client, served.url)["chargePermissionId"]
        body = {"chargePermissionId": permission, "chargeAmount": USD}
        charge = client.create_charge(body).json()["chargeId"]
        with ThreadPoolExecutor(8) as pool:
            captures = list(
                pool.map(
                    lambda _: client.capture_charge(charge, {"captureAmount": USD}),
                    range(8),
                )
            )
    statuses = sorted(capture.status_code for capture in captures)
    assert statuses == [200] + [422] * 7


def test_every_answer_has_one_date_that_of_the_simulators_clock() -> None:
    one = Simulator(
        [merchant(KEY_ID, KEY.public_key())],
        clock=lambda: datetime(2100, 1, 15, 12, tzinfo=UTC),
        settings=Settings(largest_body=1),
    )
    requests = (
        b"GET /v2/charges/x HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}",
    )
    with serving(one, tls=False) as served:
        for request in requests:
            with socket.create_connection(("localhost", served.port)) as peer:
                peer.sendall(request)
                head = peer.recv(65536).lower().partition(b"\r\n\r\n")[0]
            dates = re.findall(rb"\r\ndate: (.*)", head)
            assert dates == [b"fri, 15 jan 2100 12:00:00 gmt\r"]
            assert b"\r\nx-simulator: amazonpay" in head
            assert b"\r\nx-amz-pay-request-id: " in head


def test_a_second_call_meets_the_key_of_a_hostile_first_one_in_flight() -> None:
    running, over = threading.Event(), threading.Event()

    def hold(seconds: float) -> None:
        assert seconds > 0
        running.set()
        assert over.wait(30)

    one = Simulator(
        [merchant(KEY_ID, KEY.public_key())],
        settings=Settings(keys_held_for=timedelta(milliseconds=20)),
        wait=hold,
    )
    body = {"webCheckoutDetails": WEB, "storeId": "amzn1.application-oa2-client.0123"}
    with (
        serving(one, tls=False) as served,
        client_at(served.url, None, retry=Retry(attempts=1)) as client,
        ThreadPoolExecutor(1) as pool,
    ):

        def create() -> Response[Any]:
            return client.create_checkout_session(body, idempotency_key="k")

        first = pool.submit(create)
        assert running.wait(30)
        second = create()
        over.set()
        assert second.status_code in {425, 500}
        assert second.outcome_unknown
        assert first.result().status_code == 201
        assert create().content == first.result().content


def test_the_certificate_is_for_this_machine_alone(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    leaf = x509.load_pem_x509_certificate(made.chain.read_bytes())
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    assert list(addresses) == ["127.0.0.1", "::1"]
    authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical


def test_a_body_over_the_limit_is_refused_unread() -> None:
    with serving(simulator(), tls=False) as served:
        with socket.create_connection(("localhost", served.port)) as peer:
            head = b"POST /v2/charges HTTP/1.1\r\nhost: localhost\r\n"
            peer.sendall(head + b"content-length: 10485760\r\n\r\n")
            with contextlib.suppress(OSError):
                for _ in range(160):
                    peer.sendall(b"x" * 65536)
            assert peer.recv(100).startswith(b"HTTP/1.1 400 ")
        with client_at(served.url, None) as client:
            assert client.get_charge("x").status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example"])
def test_the_buyers_part_is_not_for_other_hosts_and_pages(host: str) -> None:
    path = f"/_simulator/checkoutSessions/{'0' * 8}-0000-0000-0000-{'0' * 12}/pay"
    with serving(simulator(), tls=False) as served:
        for headers in (
            f"host: {host}\r\n",
            f"host: localhost:{served.port}\r\norigin: https://{host}\r\n",
        ):
            with socket.create_connection(("localhost", served.port)) as peer:
                length = "content-length: 0\r\n\r\n"
                peer.sendall(f"POST {path} HTTP/1.1\r\n{headers}{length}".encode())
                assert peer.recv(100).startswith(b"HTTP/1.1 401 ")


# As a process of its own --------------------------------------------------------------


@dataclass
class Process:
    """A started `python -m AmazonPay simulate`."""

    process: subprocess.Popen[str]
    url: str
    authority: Path | None
    told: str

    def client(self, **options: Any) -> Client:
        return client_at(self.url, self.authority, **options)


@contextlib.contextmanager
def simulate(*options: str) -> Generator[Process]:
    with simulating(*options) as (process, told):
        found = dict(re.findall(r"^  (\w+) +(\S+)", told, re.MULTILINE))
        authority = Path(found["trust"]) if found["trust"].endswith(".pem") else None
        yield Process(process, found["API"], authority, told)


@pytest.fixture
def public_key(tmp_path: Path) -> Path:
    path = tmp_path / "public.pem"
    path.write_bytes(PUBLIC)
    return path


def test_it_tells_where_it_is_and_stops_when_asked(public_key: Path) -> None:
    key = f"{KEY_ID}={public_key}"
    with simulate("--tls", "--port", "0", "--public-key", key) as started:
        with started.client() as client:
            assert client.get_charge("x").status_code == 404
        assert KEY_ID in started.told
        assert started.authority is not None
        started.process.send_signal(signal.SIGTERM)
        assert started.process.wait(30) == 0
        assert not started.authority.exists()


@pytest.mark.parametrize("line", [[], ["--http"]], ids=["by default", "as asked"])
def test_without_a_key_it_makes_a_pair_and_serves_plain_http(line: list[str]) -> None:
    with simulate("--port", "0", *line) as started:
        assert started.url.startswith("http://localhost:")
        path = Path(re.findall(r"private key: (\S+)", started.told)[0])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with Client(
            "SANDBOX-SIMULATOR", path, "jp", endpoint_url=started.url
        ) as client:
            assert client.get_charge("x").status_code == 404


def test_what_was_answered_is_there_after_kill_9(
    public_key: Path, tmp_path: Path
) -> None:
    options = ["--public-key", f"{KEY_ID}={public_key}", "--http", "--port", "0"]
    options += ["--db", str(tmp_path / "shop.db")]
    answered: dict[str, bytes] = {}
    permission = ""
    for round_ in range(3):
        with (
            simulate(*options) as started,
            started.client(retry=Retry(attempts=1)) as client,
        ):
            if not permission:
                completed = permission_of(client, started.url)
                permission = completed["chargePermissionId"]
            body = {"chargePermissionId": permission, "chargeAmount": USD}
            for key, content in answered.items():
                again = client.create_charge(body, idempotency_key=key)
                assert again.content == content
                charge = client.get_charge(again.json()["chargeId"])
                assert charge.json()["statusDetails"]["state"] == "Authorized"
            count = len(answered)
            killer = threading.Timer(0.1, started.process.kill)
            with contextlib.suppress(TransportError):
                for number in range(8):
                    key = f"key-{round_}-{number}"
                    response = client.create_charge(body, idempotency_key=key)
                    assert response.status_code == 201
                    answered[key] = response.content
                    if number == 1:
                        killer.start()
            killer.join()
            assert len(answered) > count
            started.process.kill()
            assert started.process.wait(30) == -signal.SIGKILL


def test_it_tells_by_which_rules_it_answers_and_how_to_repeat_a_run() -> None:
    line = ["--port", "0", "--http", "--profile", "hostile", "--headroom", "10"]
    line += ["--stored-answers", "all", "--throttling", "--seed", "7"]
    with simulate(*line) as started:
        pass
    assert (
        "  rules  profile hostile, stored answers all, headroom 10, throttling;"
        " --seed 7 repeats this run\n"
    ) in started.told


def test_without_options_the_rules_are_the_default_ones_and_a_seed_is_told() -> None:
    with simulate("--port", "0", "--http") as started:
        pass
    assert re.search(
        r"^  rules  profile default, stored answers 2xx; --seed \d+ repeats this run$",
        started.told,
        re.MULTILINE,
    )


# Wrong command lines ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--public-key", "no-file"], "takes ID=FILE"),
        (["--public-key", "A=/nowhere/x.pem"], "cannot be read"),
        (["--public-key", "A=x.pem,nonsense=1"], "'x.pem,nonsense=1' cannot be read"),
        (["--port", "99999"], "cannot be used"),
        (["--db", "/nowhere/x.db"], "cannot be opened"),
        (["--headroom", "0"], "headroom is 1 or more"),
        (["--bind", "0.0.0.0"], "--bind 0.0.0.0 needs --name"),  # noqa: S104 - refused
        (["--bind", "::"], "--bind :: needs --name"),
        (["--bind", "shop"], "a name is for --name"),
        (["--name", "https://pay"], "without port and scheme"),
        (["--name", "a..b"], "--name takes a host"),
        (["--http", "--name", "pay"], "--http is for loopback alone"),
        (["--http", "--bind", "127.0.0.2"], "--http is for loopback alone"),
        (["--public-url", "http://pay.example"], "--public-url is where"),
        (["--public-url", "https://pay.example/x"], "--public-url is where"),
        (["--state", "a", "--db", "b"], "leave out --db"),
        (["--state", ""], "--state takes a folder"),
        (["--db", ""], "--db takes a file"),
        (["--ipn-url", "http://shop:1/ipn"], "--ipn-host names"),
        (["--ipn-url", "http://shop:1/ipn", "--ipn-host", "web"], "--ipn-host names"),
    ],
)
def test_a_wrong_command_line_is_named_and_ends_with_2(
    line: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *line]) == 2
    assert said in capsys.readouterr().err


def test_a_taken_port_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["simulate", "--port", port]) == 2
    assert f"port {port} of this machine is taken" in capsys.readouterr().err


def test_one_key_id_for_two_keys_is_refused(
    public_key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["--public-key", f"{KEY_ID}={public_key}"] * 2
    assert main(["simulate", *line]) == 2
    assert f"{KEY_ID!r} is given twice" in capsys.readouterr().err


def test_a_key_comes_with_its_options(public_key: Path) -> None:
    one = merchant_from(f"A={public_key},region=uk,currency=GBP,environment=sandbox")
    assert (one.region, one.ledger_currency) == ("eu", "GBP")
    assert one.environments == {"sandbox"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("region=moon", "region is one of"),
        ("region=eu,currency=USD", "ledger currency is one of"),
        ("currency=AUD", "ledger currency is one of"),
        ("environment=prod", "sandbox or live"),
    ],
)
def test_an_option_of_a_key_that_cannot_be_is_named(
    options: str, said: str, public_key: Path
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        merchant_from(f"A={public_key},{options}")


def test_a_key_id_and_its_environment_agree(public_key: Path) -> None:
    with pytest.raises(ConfigurationError, match="other environment"):
        merchant_from(f"LIVE-A={public_key},environment=sandbox")
    assert merchant_from(f"LIVE-A={public_key}").environments == {"live"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "public.pem' is empty: amazonpay keys show private.pem"),
        (b"x", "public.pem: this is no public key"),
    ],
)
def test_a_file_without_a_public_key_is_named(
    content: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "public.pem"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        merchant_from(f"A={path}")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_public_key_that_a_windows_shell_has_written_is_taken(
    encoding: str, public_key: Path
) -> None:
    text = public_key.read_text(encoding="ascii").replace("\n", "\r\n")
    public_key.write_bytes(text.encode(encoding))
    assert merchant_from(f"A={public_key}").public_key == KEY.public_key()


def test_a_file_that_is_larger_than_any_key_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "public.pem"
    with path.open("wb") as file:
        file.truncate(2**40)  # takes no place
    with pytest.raises(ConfigurationError, match="larger than any key"):
        merchant_from(f"A={path}")


def test_a_private_key_is_not_taken_for_a_public_one(tmp_path: Path) -> None:
    path = tmp_path / "private.pem"
    path.write_bytes(
        KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    with pytest.raises(ConfigurationError, match="openssl pkey -in"):
        merchant_from(f"A={path}")


def test_a_call_that_comes_before_the_rules_are_loaded_waits_for_them() -> None:
    sent = threading.Event()

    def load() -> App:
        assert sent.wait(30)
        return App(simulator())

    with listen(0) as listener:
        server = server_for(load, None, lambda: None)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        with socket.create_connection(listener.getsockname()) as peer:
            peer.sendall(b"GET /v2/charges/x HTTP/1.1\r\nhost: localhost\r\n\r\n")
            sent.set()
            assert peer.recv(100).startswith(b"HTTP/1.1 4")
        server.should_exit = True
        thread.join(30)
    assert server.failure is None


def test_a_call_that_waits_for_rules_that_cannot_be_loaded_is_cut_quietly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failure = ConfigurationError("no rules")

    def load() -> App:
        while not server.server_state.tasks:  # the call has come, and waits
            threading.Event().wait(0.01)
        raise failure

    with listen(0) as listener:
        server = server_for(load, None, lambda: None)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        with socket.create_connection(listener.getsockname()) as peer:
            peer.sendall(b"GET /v2/charges/x HTTP/1.1\r\nhost: localhost\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                assert peer.recv(100) == b""
        thread.join(30)
    assert server.failure is failure
    assert not caplog.records


def test_rules_that_cannot_be_loaded_end_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "AmazonPay.simulator.loading", None)
    with pytest.raises(ModuleNotFoundError, match="loading"):
        main(["simulate", "--port", "0"])
    assert "Ready" in capsys.readouterr().out


def test_without_the_extra_the_command_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pydantic'] = None;"
        "from AmazonPay.__main__ import main; sys.exit(main(['simulate']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert done.returncode == 2
    assert "[simulator]" in done.stderr
