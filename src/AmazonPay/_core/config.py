"""The configuration of a client: region, environment, endpoint and times."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias, cast
from urllib.parse import urlsplit

from ..errors import ConfigurationError, InvalidRequest
from .checks import check_switch, check_type
from .hosts import is_loopback, is_this_machine
from .regions import Region, region_named

Environment: TypeAlias = Literal["live", "sandbox"]


# Like the official SDKs, test the prefix in upper case and without its dash.
_PREFIXES: dict[str, Environment] = {"LIVE": "live", "SANDBOX": "sandbox"}


_HTTP_PORTS = {"https": 443, "http": 80}

_LONGEST = 1_000_000.0
"""The longest time in seconds: sockets and clocks refuse one of 25 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """The most seconds for one connect, one read, one write, or one place in the pool.

    With None, only the deadline of the whole call ends it. A value is above 0 and at
    most 1,000,000, or `ConfigurationError` is raised.
    """

    connect: float | None = 5.0
    read: float | None = 30.0
    write: float | None = 30.0
    pool: float | None = 5.0

    def __post_init__(self) -> None:
        for field in fields(self):
            positive(f"timeout.{field.name}", getattr(self, field.name), optional=True)

    def within(self, seconds: float) -> dict[str, float]:
        """Return the time-outs as httpx2 takes them, each at most `seconds`."""
        steps = {
            "connect": self.connect,
            "read": self.read,
            "write": self.write,
            "pool": self.pool,
        }
        return {
            name: seconds if limit is None else min(limit, seconds)
            for name, limit in steps.items()
        }

    @property
    def longest(self) -> float:
        """The longest time that one socket step may take, in seconds."""
        return max(self.within(math.inf).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How a call is repeated: exponential back-off with full jitter.

    `attempts` includes the first one. `base` and `cap` are seconds. Before attempt
    n + 1 the wait is random between 0 and `min(cap, base * 2 ** (n - 1))`, or the
    server's `Retry-After`, if that is longer.

    `wait=False` is for your tests: every pause of a call, and of `wait_for_…`, passes
    at once, as if the clock had moved forward. Deadlines still apply.
    """

    attempts: int = 4
    base: float = 0.5
    cap: float = 8.0
    wait: bool = True

    def __post_init__(self) -> None:
        check_switch("retry.wait", self.wait)
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int):
            raise ConfigurationError("retry.attempts must be an int")
        if self.attempts < 1:
            raise ConfigurationError("retry.attempts must be 1 or more")
        _not_negative("retry.base", self.base)
        _not_negative("retry.cap", self.cap)


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigurationError(f"{name} must be a number of seconds")
    if not abs(value) <= _LONGEST:  # so that it holds for a NaN, too
        raise ConfigurationError(
            f"{name} must be finite, and at most {_LONGEST:,.0f} seconds"
        )
    return value


def positive(name: str, value: object, *, optional: bool = False) -> None:
    """Raise `ConfigurationError` unless the value is a positive number of seconds."""
    if optional and value is None:
        return
    if _number(name, value) <= 0:
        raise ConfigurationError(f"{name} must be more than 0 seconds")


def _not_negative(name: str, value: object) -> None:
    if _number(name, value) < 0:
        raise ConfigurationError(f"{name} must not be negative")


def checked_retry(value: object) -> Retry:
    """Return a valid `retry=`."""
    check_type("retry", value, Retry, "a Retry, such as Retry(attempts=3)")
    return cast("Retry", value)


def timeout_from(value: float | Timeout) -> Timeout:
    """Return the `Timeout` for `timeout=`; one number is used for every step."""
    if isinstance(value, Timeout):
        return value
    positive("timeout", value)
    return Timeout(connect=value, read=value, write=value, pool=value)


def checked_deadline(value: float) -> float:
    """Return a valid `deadline=`: the seconds that all attempts of a call share."""
    positive("deadline", value)
    return value


def checked_procedure_deadline(value: object) -> float:
    """Return a valid `deadline=` of a method with several calls; 0 never waits."""
    try:
        _not_negative("deadline", value)
    except ConfigurationError as error:
        raise InvalidRequest(str(error)) from None
    return cast("float", value)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address that requests go to, with its region and environment."""

    scheme: str
    host: str
    port: int
    region: Region
    environment: Environment
    base_path: str
    """`/v2` for a key that names its environment, else `/sandbox/v2` or `/live/v2`."""

    @property
    def authority(self) -> str:
        """The Host header: the host, and the port unless it is the scheme's default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _HTTP_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is written as loopback; see `hosts.is_loopback`."""
        return is_loopback(self.host)


def environment_of(
    public_key_id: str,
    sandbox: bool | None,  # noqa: FBT001 - a parameter of `Client`
) -> tuple[Environment, str]:
    """Return environment and base path for a key id and `sandbox=`.

    A key id that starts with LIVE or SANDBOX decides. For any other one `sandbox=`
    decides, and the default is live, as in AmazonPayClient.
    """
    upper = public_key_id.upper()
    named: Environment | None = next(
        (_PREFIXES[prefix] for prefix in _PREFIXES if upper.startswith(prefix)), None
    )
    if named is None:
        environment: Environment = "sandbox" if sandbox else "live"
        return environment, f"/{environment}/v2"
    if sandbox is not None and sandbox is not (named == "sandbox"):
        raise ConfigurationError(
            f"sandbox={sandbox} contradicts the public_key_id, which names the"
            f" {named} environment; leave sandbox out"
        )
    return named, "/v2"


def endpoint_for(
    public_key_id: str,
    region: str,
    sandbox: bool | None,  # noqa: FBT001 - a parameter of `Client`
    endpoint_url: str | None,
) -> Endpoint:
    """Return the endpoint of requests.

    `endpoint_url` replaces the region's host. It may be any https server. Plain http is
    for this machine only, and this machine is for the sandbox only.
    """
    found = region_named(region)
    check_switch("sandbox", sandbox, optional=True)
    environment, base_path = environment_of(public_key_id, sandbox)
    if endpoint_url is None:
        return Endpoint("https", found.host, 443, found, environment, base_path)
    scheme, host, port = _split(endpoint_url)
    endpoint = Endpoint(scheme, host, port, found, environment, base_path)
    if environment == "live" and is_this_machine(host):
        is_live_key = public_key_id.upper().startswith("LIVE")
        other = "take a SANDBOX key" if is_live_key else "pass sandbox=True"
        raise ConfigurationError(
            "a live client does not talk to this machine: leave endpoint_url out to go"
            f" live, or {other} for a simulator"
        )
    if scheme == "http" and not endpoint.is_loopback:
        raise ConfigurationError(
            "endpoint_url takes plain http only to localhost, 127.0.0.0/8 or ::1"
        )
    return endpoint


def _split(endpoint_url: str) -> tuple[str, str, int]:
    wrong = ConfigurationError(
        "endpoint_url must be https://HOST[:PORT] or http://LOOPBACK[:PORT],"
        " without path, query or user"
    )
    # urlsplit silently drops line breaks and tabs.
    if not isinstance(endpoint_url, str) or re.search(r"[^!-~]", endpoint_url):
        raise wrong
    try:
        parts = urlsplit(endpoint_url)
        port = parts.port
    except ValueError:
        raise wrong from None
    host = (parts.hostname or "").lower()
    if (
        parts.scheme not in _HTTP_PORTS
        or re.fullmatch(r"[a-z0-9.:-]+", host) is None
        or parts.path not in {"", "/"}
        or "@" in parts.netloc
        or "?" in endpoint_url
        or "#" in endpoint_url
        or port == 0
    ):
        raise wrong
    return parts.scheme, host, port or _HTTP_PORTS[parts.scheme]
