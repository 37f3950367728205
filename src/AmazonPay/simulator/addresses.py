"""The addresses of a simulator: where it listens, and by which names it is reached.

On loopback it trusts this machine's own programs. By any other address or name it is
reached by others, too: over TLS only, and control calls need the token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from .._core.hosts import is_loopback, split_url
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOOPBACK: Final = "127.0.0.1"
_HOST = re.compile(
    r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*", re.ASCII
)
_LONGEST_HOST: Final = 253
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The addresses and names of one simulator; see `addresses_from`."""

    binds: tuple[str, ...] = (_LOOPBACK,)
    """The addresses that listen; nothing else does."""
    names: tuple[str, ...] = ()
    """The hosts by which clients reach it, besides loopback."""
    public_url: str | None = None
    """Where a browser reaches it, if that is another address: no slash at its end."""
    is_open: bool = False
    """Whether others than this machine may reach it: control calls need the token."""

    @property
    def certified(self) -> list[str]:
        """The hosts that its certificate names, besides loopback."""
        public = urlsplit(self.public_url or "").hostname
        found = [*self.names, *self.binds, *([public] if public else [])]
        return [
            one
            for one in dict.fromkeys(found)
            if one != "localhost" and not _is_everything(one)
        ]

    @property
    def host(self) -> str:
        """The host of its own address, as a URL writes it."""
        if self.names:
            return in_url(self.names[0])
        if self.is_open and not _is_everything(self.binds[0]):
            return in_url(self.binds[0])
        return "localhost"

    def are_called(self, host: str, origin: str) -> bool:
        """Return whether a `Host` is ours: one of our names, with our port.

        `origin` is the simulator's own address; without a port it has any.
        """
        called, own = split_url(f"//{host}"), split_url(origin)
        if "@" in host or not called.hostname:
            return False
        if self.public_url is not None:
            public = urlsplit(self.public_url)
            if (called.hostname, _port(called, public)) == (
                public.hostname,
                _port(public, public),
            ):
                return True
        if not (is_loopback(called.hostname) or called.hostname in self.certified):
            return False
        if own.port is None:
            return True
        return _port(called, own) == _port(own, own)


HERE: Final = Addresses()
"""This machine's own address alone."""


def addresses_from(
    binds: Sequence[str] = (), names: Sequence[str] = (), public_url: str | None = None
) -> Addresses:
    """Return the addresses at which a simulator listens and is reached.

    `binds` are IP addresses in place of 127.0.0.1, `names` the hosts by which clients
    reach it, and `public_url` is where a browser does: as `--bind`, `--name` and
    `--public-url` of the command.

    Raises:
        ConfigurationError: an address, a name or the URL cannot be one, or no name is
            known by which clients reach it.
    """
    made = Addresses(
        binds=tuple(dict.fromkeys(_checked_bind(one) for one in binds)) or (_LOOPBACK,),
        names=tuple(dict.fromkeys(_checked_name(one) for one in names)),
        public_url=None if public_url is None else _checked_url(public_url),
        is_open=bool(binds or names) or _is_beyond(public_url),
    )
    if not names and any(_is_everything(one) for one in made.binds):
        raise ConfigurationError(
            f"--bind {made.binds[0]} needs --name, the host by which clients reach it,"
            " such as --name amazonpay"
        )
    return made


def _checked_bind(text: str) -> str:
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        raise ConfigurationError(
            f"--bind takes an address of this machine, such as 0.0.0.0 or 10.0.0.5, and"
            f" no {text[:80]!r}; a name is for --name"
        ) from None


def _checked_name(text: str) -> str:
    host = _host(text)
    if host is None:
        raise ConfigurationError(
            f"--name takes a host, such as amazonpay or pay.example, without port and"
            f" scheme, and no {text[:80]!r}"
        )
    return host


def _host(text: str) -> str | None:
    """Return a name or an address in its one form; None if the text is neither."""
    name = text.lower().removesuffix(".")
    try:
        return str(ip_address(name.strip("[]")))
    except ValueError:
        found = len(name) <= _LONGEST_HOST and _HOST.fullmatch(name) is not None
        return name if found else None


def _checked_url(text: str) -> str:
    wrong = ConfigurationError(
        "--public-url is where a browser reaches the simulator: https://HOST[:PORT], or"
        " http://localhost[:PORT], without path, query or user"
    )
    parts = split_url(text)
    if (
        re.search(r"[^!-~]", text)
        or parts.scheme not in _PORTS
        or not parts.hostname
        or parts.path not in {"", "/"}
        or any(one in text for one in "?#@")
        or parts.port == 0
    ):
        raise wrong
    host = _host(parts.hostname)
    if host is None or (parts.scheme == "http" and not is_loopback(host)):
        raise wrong
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{in_url(host)}{port}"


def in_url(host: str) -> str:
    """Return a host as a URL writes it: an IPv6 address has brackets."""
    return f"[{host}]" if ":" in host else host


def _is_beyond(public_url: str | None) -> bool:
    host = urlsplit(public_url or "").hostname
    return bool(host) and not is_loopback(host or "")


def _is_everything(host: str) -> bool:
    """Return whether a host is the address that stands for all of a machine's."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _port(parts: SplitResult, scheme_of: SplitResult) -> int | None:
    return parts.port or _PORTS.get(scheme_of.scheme)
