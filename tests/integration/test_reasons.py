"""What a client says of a connection or a certificate that failed."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from AmazonPay import CertificateRefused, Client, ConnectionFailed, Retry, Timeout
from callers import closing, on_all_clients, result
from keys import KEY
from loopback import serving, tls, trusting

if TYPE_CHECKING:
    from pathlib import Path


async def error_of(kind: Any, url: str | None, **options: Any) -> ConnectionFailed:
    """Return how a call fails."""
    options = {"endpoint_url": url, "retry": Retry(attempts=1), **options}
    async with closing(kind("SANDBOX-A", KEY, "us", **options)) as client:
        with pytest.raises(ConnectionFailed) as caught:
            await result(client.create_charge({}))
    assert not caught.value.outcome_unknown
    return caught.value


@on_all_clients
async def test_a_refused_connection_names_host_and_port(kind: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = await error_of(kind, f"http://127.0.0.1:{port}")
    assert f"no connection to 127.0.0.1:{port}: connection refused" in str(error)


@on_all_clients
async def test_a_name_that_is_not_found_is_said_to_be_so(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    error = await error_of(kind, "https://pay.example:8443")
    assert "no connection to pay.example:8443: this name was not found" in str(error)


def silent(peer: socket.socket) -> None:
    """Read what comes, and never answer."""
    while peer.recv(65536):
        pass


@on_all_clients
async def test_a_connection_that_takes_too_long_says_so(kind: Any) -> None:
    with serving(silent) as server:
        error = await error_of(
            kind,
            f"https://localhost:{server.port}",
            timeout=Timeout(connect=0.2),
        )
        assert f"no connection to localhost:{server.port} in time" in str(error)


@on_all_clients
async def test_a_server_that_speaks_no_tls_is_said_to_be_so(kind: Any) -> None:
    with serving(lambda peer: peer.sendall(b"HTTP/1.1 400 No\r\n\r\n")) as server:
        error = await error_of(kind, f"https://localhost:{server.port}")
    assert f"no connection to localhost:{server.port}: " in str(error)
    assert not isinstance(error, CertificateRefused)


@on_all_clients
async def test_a_proxy_that_cannot_be_reached_is_named_without_its_password(
    kind: Any,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = await error_of(kind, None, proxy=f"http://user:s3cr3t@127.0.0.1:{port}")
    assert f"pay-api.amazon.com:443 by the proxy 127.0.0.1:{port}" in str(error)
    assert "connection refused" in str(error)
    assert "s3cr3t" not in str(error)


def expired(authority: trustme.CA) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    authority.issue_cert("localhost", not_after=past).configure_cert(context)
    return context


@on_all_clients
@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        ("expired", "it has expired"),
        ("of another host", "it is for another host"),
        ("of an unknown authority", "pass the file of its authority as verify="),
    ],
)
async def test_a_refused_certificate_says_why(
    kind: Any, certificate: str, said: str
) -> None:
    authority = trustme.CA()
    names = ("pay.example",) if certificate == "of another host" else ("localhost",)
    context, _ = tls(*names, authority=authority)
    if certificate == "expired":
        context = expired(authority)
    trusted = trustme.CA() if certificate == "of an unknown authority" else authority
    with serving(context=context) as server:
        error = await error_of(
            kind, f"https://localhost:{server.port}", verify=trusting(trusted)
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
