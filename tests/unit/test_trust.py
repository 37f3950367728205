"""Proxies and certificates: garbage is refused when a client is built, by its name."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from AmazonPay import AsyncClient, Client, ConfigurationError
from AmazonPay._core.config import endpoint_for
from AmazonPay._http.causes import certificate_cause, connection_cause
from AmazonPay._http.connections import transport_options
from AmazonPay._http.proxies import proxy_for
from AmazonPay._http.send import failure_of
from keys import KEY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "s3cr3t"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    return file


def build(kind: Any = Client, **options: Any) -> Any:
    return kind("SANDBOX-A", KEY, "us", **options)


def chosen(url: str | None = None, *, trust_env: bool = True) -> httpx2.Proxy | None:
    endpoint = endpoint_for("SANDBOX-A", "us", None, url)
    return proxy_for(endpoint, None, trust_env=trust_env)


# Proxies ------------------------------------------------------------------------------

BAD_PROXIES: list[tuple[str, str]] = [
    ("proxy.example:3128", "no scheme"),
    ("proxy.example", "no scheme"),
    ("//proxy.example:3128", "no scheme"),
    ("localhost:3128", "no scheme"),
    ("http:/proxy.example", "no scheme"),
    ("ftp://proxy.example", "its scheme is none of http, https, socks5, socks5h"),
    ("socks://proxy.example", "its scheme"),
    ("socks4://proxy.example:1080", "its scheme"),
    ("http://proxy.example:0", "port"),
    ("http://proxy.example:99999", "port"),
    ("http://proxy.example:http", "port"),
    ("http://proxy.example:-1", "port"),
    ("http://proxy.example:3128:3128", "port"),
    ("http://", "no host"),
    ("http://:3128", "no host"),
    ("http://user:pass@", "no host"),
    ("http://proxy.example/path", "more than"),
    ("http://proxy.example?x", "more than"),
    ("http://proxy.example#x", "more than"),
    (f"http://user:{SECRET}@x@proxy.example:3128", "percent-encoded"),
    (f"http://user:{SECRET}#@proxy.example:3128", "percent-encoded"),
    (f"http://user:{SECRET}/@proxy.example:3128", "percent-encoded"),
    (f"http://user:{SECRET}?@proxy.example:3128", "percent-encoded"),
    (f"http://user:{SECRET}:x@proxy.example:3128", "percent-encoded"),
    (f"http://user:{SECRET} @proxy.example:3128", "percent-encoded"),
    (f"http://user:{SECRET}%@proxy.example:3128", "percent-encoded"),
    (f"http://user:{SECRET}\u00e4@proxy.example:3128", "percent-encoded"),
    (f"http://user:{SECRET}[@proxy.example:3128", "percent-encoded"),
    (f"http://user:{SECRET}\\@proxy.example:3128", "percent-encoded"),
    ("http://proxy example:3128", "percent-encoded"),
    ("http://[::1:3128", "host"),
    ("http://proxy.example]:3128", "host"),
    ("\x7f", "no scheme"),
    ("http://256.1.1.1:3128", "no name and no address"),
    ("http://[v1.x]:3128", "no name and no address"),
    ("http://proxy..example:3128", "no name and no address"),
    ("http://proxy%41:3128", "no name and no address"),
    ("http://.:3128", "no name and no address"),
    ("http://" + "a" * 64 + ":3128", "no name and no address"),
    ("http://\u2603.example", "percent-encoded"),
]


@pytest.mark.parametrize(
    "variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
)
@pytest.mark.parametrize(("url", "said"), BAD_PROXIES)
def test_a_proxy_of_the_environment_that_is_none_is_refused_by_its_variable(
    variable: str, url: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, url)
    with pytest.raises(ConfigurationError, match=variable) as caught:
        chosen()
    assert said in str(caught.value)
    assert "http://HOST:PORT" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "example" not in str(caught.value)
    assert chosen(trust_env=False) is None


@pytest.mark.parametrize(("url", "said"), BAD_PROXIES)
def test_a_proxy_that_is_none_is_refused(url: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^proxy is no URL") as caught:
        build(proxy=url)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_socks_needs_a_package_and_names_it(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("AmazonPay._http.proxies.find_spec", lambda _: None)
    monkeypatch.setenv("ALL_PROXY", f"socks5://user:{SECRET}@proxy.example:1080")
    with pytest.raises(ConfigurationError, match=r"ALL_PROXY.*pip install socksio"):
        build(kind)
    with pytest.raises(ConfigurationError, match=r"proxy names a SOCKS.*socksio"):
        build(kind, proxy="socks5h://proxy.example", trust_env=False)


@pytest.mark.parametrize(
    ("variables", "host"),
    [
        ({"HTTPS_PROXY": "http://one.example:1"}, "one.example"),
        ({"https_proxy": "http://one.example:1"}, "one.example"),
        ({"ALL_PROXY": "http://all.example:1"}, "all.example"),
        ({"all_proxy": "https://all.example"}, "all.example"),
        (
            {"ALL_PROXY": "http://all.example", "HTTPS_PROXY": "http://one.example"},
            "one.example",
        ),
        (
            {
                "HTTPS_PROXY": "http://upper.example",
                "https_proxy": "http://low.example",
            },
            "low.example",
        ),
        ({"HTTPS_PROXY": "http://upper.example", "https_proxy": ""}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": " http://one.example:1\n"}, "one.example"),
        ({"HTTP_PROXY": "http://plain.example"}, None),
        ({"HTTP_PROXY": "rubbish"}, None),
        ({"HTTPS_PROXY": "HTTP://one.example:1"}, "one.example"),
        ({"HTTPS_PROXY": "http://u:p%40ss@one.example:1"}, "one.example"),
        ({"HTTPS_PROXY": "http://[::1]:3128"}, "::1"),
        ({"HTTPS_PROXY": "http://10.0.0.1:3128/"}, "10.0.0.1"),
    ],
)
def test_the_proxy_is_that_of_curl_and_httpx2(
    variables: dict[str, str], host: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    proxy = chosen()
    assert (None if proxy is None else proxy.url.host) == host


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(
    ("listed", "excepted"),
    [
        ("pay-api.amazon.com", True),
        ("PAY-API.amazon.com", True),
        ("amazon.com", True),
        (".amazon.com", True),
        ("*.amazon.com", True),
        ("*", True),
        ("x.example, *", True),
        ("x.example , pay-api.amazon.com ", True),
        ("pay-api.amazon.com:443", True),
        ("https://pay-api.amazon.com", True),
        ("com", True),
        ("api.amazon.com", False),
        ("pay-api.amazon.com:444", False),
        ("pay-api.amazon.eu", False),
        ("xamazon.com", False),
        ("", False),
        (",, ,", False),
        ("10.0.0.0/8", False),
        ("[::1", False),
        ("(*", False),
        ("*.", False),
    ],
)
def test_a_host_that_no_proxy_names_is_reached_without_one(
    variable: str, listed: str, excepted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv(variable, listed)
    assert (chosen() is None) is excepted


def test_a_network_of_no_proxy_holds_for_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8,fd00::/8,[fe80::1]")
    for host in ("10.1.2.3", "[fd00::1]", "[fe80::1]"):
        assert chosen(f"https://{host}") is None
    assert chosen("https://11.1.2.3") is not None


# Certificates -------------------------------------------------------------------------


def as_directory(path: Path) -> Path:
    path.mkdir()
    return path


def as_der(path: Path, pem: bytes) -> Path:
    path.write_bytes(load_pem_x509_certificate(pem).public_bytes(Encoding.DER))
    return path


def holding(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def huge(path: Path) -> Path:
    """Return a file of more bytes than fit into memory; it takes no place."""
    with path.open("wb") as file:
        file.truncate(2**40)
    return path


BAD_FILES: dict[str, tuple[Callable[[Path, bytes], Path], str]] = {
    "missing": (lambda path, _: path, "cannot be read: No such file"),
    "a directory": (lambda path, _: as_directory(path), "is a directory"),
    "empty": (lambda path, _: holding(path, b""), "holds no certificate"),
    "no PEM": (lambda path, _: holding(path, b"hello\n" * 9), "holds no certificate"),
    "binary": (lambda path, _: holding(path, bytes(range(256))), "no certificate"),
    "cut off": (lambda path, pem: holding(path, pem[:200]), "holds no certificate"),
    "a key": (
        lambda path, _: holding(path, b"-----BEGIN PRIVATE KEY-----\nMII\n"),
        "holds no certificate",
    ),
    "huge": (lambda path, _: huge(path), "holds no certificate"),
    "DER": (as_der, "openssl x509 -in FILE -out ca.pem"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_of_authorities_that_cannot_be_used_is_said_to_be_so(
    name: str, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, said = BAD_FILES[name]
    path = make(authority.with_name(SECRET), authority.read_bytes())
    for verify in (path, str(path)):
        with pytest.raises(ConfigurationError, match="verify") as given:
            build(verify=verify)
        assert said in str(given.value)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE") as caught:
        build()
    assert said in str(caught.value)
    assert SECRET not in str(caught.value) + str(given.value)
    build(trust_env=False).close()
    build(verify=authority).close()


@pytest.mark.parametrize("name", ["ca\0.pem", "", "/nowhere/ca.pem", "x" * 5000])
def test_a_name_that_no_file_has_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="verify takes the path of a CA file"):
        build(verify=name)


def test_a_system_without_certificates_is_said_to_be_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreadable(**_: object) -> ssl.SSLContext:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(httpx2, "create_ssl_context", unreadable)
    with pytest.raises(ConfigurationError, match="pass a CA file as verify"):
        build()


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_path_to_a_file_of_authorities_is_taken(kind: Any, authority: Path) -> None:
    for verify in (authority, str(authority)):
        made = transport_options(
            endpoint_for("SANDBOX-A", "us", None, None),
            verify=verify,
            proxy=None,
            trust_env=True,
        )
        context: ssl.SSLContext = made["verify"]
        assert len(context.get_ca_certs()) == 1
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        build(kind, verify=verify)


@pytest.mark.parametrize("name", ["missing", "empty", "without hashed names", "a file"])
def test_a_directory_without_certificates_is_refused_by_its_variable(
    name: str, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = authority.with_name(SECRET)
    if name == "a file":
        directory.write_bytes(authority.read_bytes())
    elif name != "missing":
        directory.mkdir()
    if name == "without hashed names":
        (directory / "ca.pem").write_bytes(authority.read_bytes())
    monkeypatch.setenv("SSL_CERT_DIR", str(directory))
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_DIR.*rehash") as caught:
        build()
    assert SECRET not in str(caught.value)
    build(trust_env=False).close()


def test_a_directory_with_hashed_names_is_taken(
    authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (authority.parent / "0123abcd.0").write_bytes(authority.read_bytes())
    listed = os.pathsep.join(["/nowhere", str(authority.parent)])
    monkeypatch.setenv("SSL_CERT_DIR", listed)
    build().close()


@pytest.mark.parametrize("given", ["verify", "SSL_CERT_FILE"])
def test_a_log_of_session_keys_that_cannot_be_written_is_named(
    given: str, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", f"/nowhere/{SECRET}")
    options: dict[str, Any] = {"verify": authority} if given == "verify" else {}
    if not options:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with pytest.raises(ConfigurationError, match="SSLKEYLOGFILE") as caught:
        build(**options)
    assert SECRET not in str(caught.value)


# Why a connection failed --------------------------------------------------------------


def wrapped(cause: Exception) -> httpx2.ConnectError:
    """Wrap an error as anyio and httpcore2 do."""
    group = ExceptionGroup("several", [cause, OSError("other")])
    outer = OSError("All connection attempts failed")
    outer.__cause__ = group
    failed = httpx2.ConnectError(str(outer))
    failed.__cause__ = outer
    return failed


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (ConnectionRefusedError(111, "x"), "connection refused"),
        (OSError(101, "x"), "unreachable"),
        (OSError(113, "x"), "unreachable"),
        (TimeoutError(110, "x"), "time-out"),
        (TimeoutError(), "time-out"),
        (OSError(24, "x"), "too many files"),
        (PermissionError(1, "x"), "firewall"),
        (ConnectionResetError(104, "x"), "closed the connection"),
        (OSError(99, "x"), "no free address"),
        (ssl.SSLError(1, "x"), "TLS handshake failed"),
        (UnicodeError("x"), "no such name"),
    ],
)
def test_the_cause_of_a_failed_connection_is_found_among_wrappers(
    cause: Exception, said: str
) -> None:
    assert said in connection_cause(cause)
    failure = failure_of(wrapped(cause), sent=False, place="pay.example:443")
    assert failure.reason.startswith("no connection to pay.example:443: ")
    assert said in failure.reason
    assert not failure.sent


def refused(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_code = code
    return error


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (9, "not valid yet"),
        (10, "expired"),
        (18, "self-signed"),
        (19, "self-signed"),
        (20, "unknown here: pass the file of its authority as verify="),
        (62, "another host"),
        (64, "another host"),
        (1, "number 1"),
    ],
)
def test_the_reason_of_a_refused_certificate_is_found(code: int, said: str) -> None:
    assert said in str(certificate_cause(wrapped(refused(code))))
    failure = failure_of(wrapped(refused(code)), sent=False, place="pay.example:443")
    assert failure.error.__name__ == "CertificateRefused"
    assert failure.final
    assert said in failure.reason
    assert certificate_cause(wrapped(OSError(1, "x"))) is None
