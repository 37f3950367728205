"""What a client says of a connection or a certificate that failed."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trustme

from AmazonPay import (
    AsyncClient,
    CertificateRefused,
    Client,
    ConnectionFailed,
    Retry,
    Timeout,
)
from keys import KEY
from loopback import serving, tls, trusting

if TYPE_CHECKING:
    from pathlib import Path

HOW = ["blocking", "asyncio", "trio"]
both = pytest.mark.parametrize("how", HOW)


def error_of(how: str, url: str | None, **options: Any) -> ConnectionFailed:
    """Return how a call fails."""
    options = {"endpoint_url": url, "retry": Retry(attempts=1), **options}

    async def awaited() -> None:
        async with AsyncClient("SANDBOX-A", KEY, "us", **options) as client:
            await client.create_charge({})

    def call() -> None:
        if how != "blocking":
            anyio.run(awaited, backend=how)
        with Client("SANDBOX-A", KEY, "us", **options) as client:
            client.create_charge({})

    with pytest.raises(ConnectionFailed) as caught:
        call()
    assert not caught.value.outcome_unknown
    return caught.value


@both
def test_a_refused_connection_names_host_and_port(how: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = error_of(how, f"http://127.0.0.1:{port}")
    assert f"no connection to 127.0.0.1:{port}: connection refused" in str(error)


@both
def test_a_name_that_is_not_found_is_said_to_be_so(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    error = error_of(how, "https://pay.example:8443")
    assert "no connection to pay.example:8443: this name was not found" in str(error)


def silent(peer: socket.socket) -> None:
    """Read what comes, and never answer."""
    while peer.recv(65536):
        pass


@both
def test_a_connection_that_takes_too_long_says_so(how: str) -> None:
    with serving(silent) as server:
        error = error_of(
            how,
            f"https://localhost:{server.port}",
            timeout=Timeout(connect=0.2),
        )
        assert f"no connection to localhost:{server.port} in time" in str(error)


@both
def test_a_server_that_speaks_no_tls_is_said_to_be_so(how: str) -> None:
    with serving(lambda peer: peer.sendall(b"HTTP/1.1 400 No\r\n\r\n")) as server:
        error = error_of(how, f"https://localhost:{server.port}")
    assert f"no connection to localhost:{server.port}: " in str(error)
    assert not isinstance(error, CertificateRefused)


@both
def test_a_proxy_that_cannot_be_reached_is_named_without_its_password(how: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = error_of(how, None, proxy=f"http://user:s3cr3t@127.0.0.1:{port}")
    assert f"pay-api.amazon.com:443 by the proxy 127.0.0.1:{port}" in str(error)
    assert "connection refused" in str(error)
    assert "s3cr3t" not in str(error)


def expired(authority: trustme.CA) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    authority.issue_cert("localhost", not_after=past).configure_cert(context)
    return context


@both
@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        ("expired", "it has expired"),
        ("of another host", "it is for another host"),
        ("of an unknown authority", "pass the file of its authority as verify="),
    ],
)
def test_a_refused_certificate_says_why(how: str, certificate: str, said: str) -> None:
    authority = trustme.CA()
    names = ("pay.example",) if certificate == "of another host" else ("localhost",)
    context, _ = tls(*names, authority=authority)
    if certificate == "expired":
        context = expired(authority)
    trusted = trustme.CA() if certificate == "of an unknown authority" else authority
    with serving(context=context) as server:
        error = error_of(
            how, f"https://localhost:{server.port}", verify=trusting(trusted)
        )
    assert isinstance(error, CertificateRefused)
    assert f"the certificate of localhost:{server.port} is not trusted" in str(error)
    assert said in str(error)


def test_a_file_of_authorities_is_trusted(tmp_path: Path) -> None:
    context, authority = tls("localhost")
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    with (
        serving(context=context) as server,
        Client(
            "SANDBOX-A",
            KEY,
            "us",
            endpoint_url=f"https://localhost:{server.port}",
            verify=file,
        ) as client,
    ):
        assert client.get_charge("C1").ok
