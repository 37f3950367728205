"""Recognise hosts that are this machine, and hosts that are public.

An address has many spellings: `127.1`, `2130706433`, `0x7f.0.0.1` and
`::ffff:127.0.0.1` all lead to this machine. A rule that forbids a host must know all
spellings; a rule that allows a host accepts only the usual one.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

_LOCAL_NAMES: Final = frozenset(
    {"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"}
)

# The last labels of private names: RFC 6761, RFC 6762 appendix G, RFC 8375 and ICANN's
# `internal`, below which clouds keep their metadata services.
_PRIVATE_ENDINGS: Final = frozenset(
    {
        "arpa",
        "corp",
        "home",
        "internal",
        "intranet",
        "lan",
        "local",
        "localdomain",
        "localhost",
        "private",
    }
)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LONGEST_NAME = 253

_THIS_NETWORK: Final = IPv4Network("0.0.0.0/8")
# Not public, although some Python versions report them as global: protocol assignments
# (among them Oracle's metadata service), and Azure's wire server.
_NOT_PUBLIC: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32"))
_PUBLIC_V6: Final = IPv6Network("2000::/3")
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")

Address = IPv4Address | IPv6Address


def split_url(url: str) -> SplitResult:
    """Return the parts of a URL; all of them are empty if it, or its port, is wrong."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number up to 65535
    except ValueError:
        return urlsplit("")
    return parts


def is_loopback(host: str) -> bool:
    """Return whether `host` is written `localhost`, in 127.0.0.0/8, or `::1`."""
    if host == "localhost":
        return True
    try:
        found = ip_address(host)
    except ValueError:
        return False
    # Newer versions of Python also return True for mapped addresses.
    return found.is_loopback and getattr(found, "ipv4_mapped", None) is None


def is_this_machine(host: str) -> bool:
    """Return whether `host` is this machine in any spelling, also `0.0.0.0` and `::`.

    A name that a resolver maps to this machine is not recognised.
    """
    name = host.lower().rstrip(".")
    if name in _LOCAL_NAMES or name.endswith(".localhost"):
        return True
    found = _address(name)
    if isinstance(found, IPv6Address):
        if found.is_loopback or found.is_unspecified:
            return True
        found = _embedded(found)
    return found is not None and (found.is_loopback or found in _THIS_NETWORK)


def is_public_host(host: str) -> bool:
    """Return whether `host` is a public address, or a name that may lead to one.

    A name that ends in a number is an address in an unusual spelling, and not allowed.
    """
    name = host.lower().removesuffix(".")
    if ":" in name or re.fullmatch(r"[0-9.]+", name):
        return is_public_address(name)
    labels = name.split(".")
    return (
        len(labels) > 1
        and len(name) <= _LONGEST_NAME
        and all(_LABEL.fullmatch(label) for label in labels)
        and _NUMBER.fullmatch(labels[-1]) is None
        and labels[-1] not in _PRIVATE_ENDINGS
    )


def is_public_address(text: str) -> bool:
    """Return whether an address belongs to the public Internet.

    Private, shared, link-local, multicast and reserved addresses do not, and neither do
    the metadata services of clouds, in any IPv6 form.
    """
    try:
        found = ip_address(text)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inner = _embedded(found)
        if inner is None:
            return found in _PUBLIC_V6 and found.is_global and not found.is_multicast
        found = inner
    return (
        found.is_global
        and not found.is_multicast
        and not found.is_reserved
        and not any(found in network for network in _NOT_PUBLIC)
    )


def _embedded(found: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address inside an IPv6 address, or None."""
    if found.ipv4_mapped is not None:
        return found.ipv4_mapped
    if found.sixtofour is not None:
        return found.sixtofour
    if found in _TRANSLATED or found in _COMPATIBLE:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return None


def _address(name: str) -> Address | None:
    """Return the address in any spelling that a resolver accepts; None for a name."""
    try:
        return ip_address(name)
    except ValueError:
        pass
    parts = name.split(".")
    most = 4
    if len(parts) > most or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    try:
        *high, low = (_number(part) for part in parts)
        # The last part fills all remaining bytes.
        rest = low.to_bytes(most - len(high), "big")
        return IPv4Address(bytes(high) + rest)
    except (OverflowError, ValueError):
        return None


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") else 10)
