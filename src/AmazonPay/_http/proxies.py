"""Proxies: which one a client uses, and what is wrong with its URL.

The variables are those that `httpx2` and curl read. An error names the variable and
shows no part of its value, which may hold a password.
"""

from __future__ import annotations

import contextlib
import os
import re
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2

from ..errors import ConfigurationError
from .transports import is_socks
from .trust import tls_context

if TYPE_CHECKING:
    from .._core.config import Endpoint

_SCHEMES = ("http", "https", "socks5", "socks5h")
_LARGEST_PORT = 65535
_HOST = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")
_NO_HOST = "its host is no name and no address"


def proxy_for(
    endpoint: Endpoint, proxy: object, *, trust_env: bool
) -> httpx2.Proxy | None:
    """Return the proxy for an endpoint: the one given, or the environment's, or None.

    Raises:
        ConfigurationError: the URL of the proxy cannot be used.
    """
    if endpoint.is_loopback:
        if proxy is not None:
            raise ConfigurationError("a loopback endpoint takes no proxy")
        return None
    if proxy is not None:
        if not isinstance(proxy, str):
            raise ConfigurationError(
                "proxy must be a URL as str, such as 'http://proxy.example:3128', not"
                f" {type(proxy).__name__}"
            )
        return _checked_proxy("proxy", proxy, trust_env=trust_env)
    if not trust_env or _is_excepted(endpoint, _variable("no_proxy")[1]):
        return None
    for name in (f"{endpoint.scheme}_proxy", "all_proxy"):
        variable, value = _variable(name)
        if value:
            return _checked_proxy(
                f"the environment variable {variable}", value, trust_env=trust_env
            )
    return None


def _variable(name: str) -> tuple[str, str]:
    """Return a variable's name as it is set, and its value; lower case goes first.

    As in curl and urllib, a lower-case variable that is empty unsets the other one.
    """
    if name in os.environ:
        return name, os.environ[name].strip()
    for found, value in os.environ.items():
        if found.lower() == name and value.strip():
            return found, value.strip()
    return name, ""


def _is_excepted(endpoint: Endpoint, listed: str) -> bool:
    """Return whether NO_PROXY names the endpoint's host, its domain or its network."""
    for item in listed.lower().split(","):
        name = item.strip().rpartition("://")[2].rstrip("/")
        if name == "*" or (name and _names(name, endpoint)):
            return True
    return False


def _names(name: str, endpoint: Endpoint) -> bool:
    host = endpoint.host
    if name.strip("[]") == host or name == f"{endpoint.authority}":
        return True
    try:
        return ip_address(host) in ip_network(name.strip("[]"), strict=False)
    except ValueError:
        pass
    domain, _, port = name.partition(":")
    if port and port != str(endpoint.port):
        return False
    domain = domain.removeprefix("*").removeprefix(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _checked_proxy(source: str, url: str, *, trust_env: bool) -> httpx2.Proxy:
    problem, proxy = _problem_with(url), None
    # The error of httpx2 would show the URL.
    with contextlib.suppress(ValueError, TypeError, httpx2.InvalidURL):
        proxy = httpx2.Proxy(url)
    if problem is not None or proxy is None:
        raise ConfigurationError(
            f"{source} is no URL of a proxy: {problem or _NO_HOST}. Write"
            " http://HOST:PORT or http://USER:PASSWORD@HOST:PORT"
        )
    if is_socks(proxy) and find_spec("socksio") is None:
        raise ConfigurationError(
            f"{source} names a SOCKS proxy, which needs the package socksio:"
            " pip install socksio"
        )
    if proxy.url.scheme == "https":
        # Its default context would read the environment whatever `trust_env`.
        context = tls_context(None, trust_env=trust_env)
        return httpx2.Proxy(url, ssl_context=context)
    return proxy


def _problem_with(url: str) -> str | None:
    """Return what is wrong with the URL of a proxy, without a part of it."""
    scheme, separator, rest = url.partition("://")
    if not url.strip():
        return "it is empty; leave it out"
    if not separator:
        return "it has no scheme, such as http://"
    if scheme.lower() not in _SCHEMES:
        return f"its scheme is none of {', '.join(_SCHEMES)}"
    user, at, place = rest.rpartition("@")
    unencoded = re.search(r"[^!-~]|[\"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})", rest)
    if unencoded or (at and re.search(r"[/?#@\[\]]|:.*:", user)):
        return (
            "it has a character that must be percent-encoded, as"
            " urllib.parse.quote(password, safe='') does"
        )
    return _problem_with_place(place)


def _problem_with_place(place: str) -> str | None:
    try:
        parts = urlsplit(f"//{place}")
        port = parts.port
    except ValueError:
        return f"its host or its port is none; a port is 1 to {_LARGEST_PORT}"
    if port == 0:
        return f"a port is 1 to {_LARGEST_PORT}"
    if not parts.hostname:
        return "it has no host"
    if ":" not in parts.hostname and _HOST.fullmatch(parts.hostname) is None:
        return _NO_HOST
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        return "it has more than scheme, user, host and port"
    return None
