"""The checks of `doctor` that ask no network.

They ask the same questions as the constructor, by the same code, but all of them: the
constructor ends at the first mistake.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .._core.config import endpoint_for, environment_of
from .._core.environment import VARIABLES, with_variables
from .._core.headers import checked_idempotency_key
from .._core.key_ids import checked_public_key_id, problem_with
from .._core.regions import REGIONS, region_named
from ..errors import AmazonPayError, ConfigurationError
from . import key_files
from .distribution import imported_distribution
from .failures import text_of
from .findings import Finding, ok, unknown, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.rsa import (
        RSAPrivateKey,
        RSAPublicKey,
    )

    from .subject import Subject

_PLACEHOLDER: Final = re.compile(r"(?i)YOUR_|MY_KEY|EXAMPLE|X{4,}|<")
_SELLER_CENTRAL: Final = (
    "Seller Central shows it under Integration, Integration Central, API keys"
)
_EARLIEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_IDS: Final = {
    "merchant id": (
        re.compile(r"A[A-Z0-9]{9,20}"),
        "13 or 14 capital letters and digits that begin with A",
    ),
    "store id": (
        re.compile(r"amzn1\.application-oa2-client\.[A-Za-z0-9]+"),
        "amzn1.application-oa2-client. and more",
    ),
}


def keys_of(subject: Subject) -> tuple[RSAPrivateKey | None, list[Finding]]:
    """Return the private key if it can be loaded, and the findings about it."""
    from .._signing.private_key import load_private_key

    given = subject.private_key
    if given is None:
        return None, [
            wrong(
                "private key",
                f"there is none: neither --private-key nor {VARIABLES['private_key']}",
                "make a pair by: amazonpay keys new",
            )
        ]
    try:
        key = load_private_key(given, key_files.password())
    except ConfigurationError as error:
        return None, [wrong("private key", text_of(error)), *_permissions(given)]
    form = _form(given)
    return key, [
        ok("private key", f"RSA, {key.key_size} bit{form}"),
        *_permissions(given),
    ]


def _form(given: str | bytes | Path) -> str:
    """Return what is unusual in the form of a key that can be read."""
    from .._signing.key_forms import private_key_in

    path = _path(given)
    if path is not None:
        held = path.read_bytes()
    else:
        held = given if isinstance(given, bytes) else str(given).encode()
    found = private_key_in(held)
    if found is None:
        return ""
    encrypted = ", encrypted" if b"ENCRYPTED" in found.data else ""
    if found.data.split() == held.split():
        return f", {found.kind}{encrypted}"
    return (
        f", {found.kind}{encrypted}; it is not in the usual form (escaped line ends,"
        " base64, quotes or another encoding), which is undone here, but not by others"
    )


def _path(given: str | bytes | Path) -> Path | None:
    """Return the file of a key; None if the key itself was given."""
    if isinstance(given, bytes):
        return None
    with suppress(OSError, ValueError):
        if Path(given).is_file():
            return Path(given)
    return None


def _permissions(given: str | bytes | Path) -> Iterator[Finding]:
    path = _path(given)
    if path is None:
        return
    if key_files.readable_by_others(path):
        yield wrong(
            "permissions",
            f"{str(path)!r} can be read by others than its owner",
            f"chmod 600 {path}",
        )
    else:
        yield ok("permissions", "only its owner can read the private key")


def package() -> Finding:
    """Check that the package that is imported is this one."""
    return imported_distribution()


def key_id(subject: Subject) -> Finding:
    """Check that the key id is one, and not another id."""
    given = subject.text("public_key_id")
    if given is None:
        return wrong(
            "key id",
            f"there is none: neither --public-key-id nor {VARIABLES['public_key_id']}",
            _SELLER_CENTRAL,
        )
    problem = problem_with(given)
    if problem is not None:
        return wrong(
            "key id", f"what is given as the key id {problem}", _SELLER_CENTRAL
        )
    if _PLACEHOLDER.search(given):
        return wrong("key id", "it is a placeholder of documentation", _SELLER_CENTRAL)
    return ok("key id", f"{given} has the form of a key id")


def environment(subject: Subject) -> Finding:
    """Check prefix against environment."""
    given = subject.text("public_key_id")
    sandbox = subject.arguments.get("sandbox")
    if given is None or problem_with(given) is not None:
        return unknown("environment", "not checked without a key id")
    try:
        named, path = environment_of(checked_public_key_id(given), sandbox)
    except ConfigurationError as error:
        text = str(error)
        return wrong("environment", text, "leave out --sandbox, --live and their like")
    if path != "/v2":
        if sandbox is None:
            return wrong(
                "environment",
                "the key id names no environment, and nothing else does: it is live,"
                " and moves real money",
                "say which one by --sandbox or --live, by AMAZON_PAY_SANDBOX, or by"
                " sandbox= in code",
            )
        return ok("environment", f"{named}, as you say; the key id names none")
    return ok("environment", f"{named}, as the prefix of the key id says")


def other_ids(merchant_id: str | None, store_id: str | None) -> Iterator[Finding]:
    """Check that merchant id and store id are what they are called."""
    for name, given in (("merchant id", merchant_id), ("store id", store_id)):
        if given is None:
            continue
        pattern, form = _IDS[name]
        if pattern.fullmatch(given):
            yield ok(name, f"it has the form of a {name}")
            continue
        other = next(
            (one for one, (known, _) in _IDS.items() if known.fullmatch(given)), None
        )
        if other is None and re.match(r"(?i)(sandbox|live)-", given):
            other = "key id"
        what = f"is a {other}" if other else "does not have its form"
        yield wrong(
            name, f"what is given as the {name} {what}", f"a {name} is written {form}"
        )


def region(subject: Subject) -> Finding:
    """Check region against host."""
    named = subject.text("region")
    if named is None:
        return wrong(
            "region",
            f"there is none: neither --region nor {VARIABLES['region']}",
            "give the region of your account: us, eu, de, uk or jp",
        )
    url = subject.text("endpoint_url")
    try:
        found = region_named(named)
        # A placeholder stands for the key id, whose own checks are elsewhere.
        endpoint = endpoint_for("SANDBOX-A", named, None, url)
    except ConfigurationError as error:
        return wrong("region and host", _told(subject, error))
    other = next(
        (one for one in REGIONS.values() if one.host == endpoint.host and one != found),
        None,
    )
    if other is not None:
        return wrong(
            "region and host",
            f"the endpoint {endpoint.host} serves the region {other.code}, and the"
            f" region given is {named}: Amazon refuses each signature",
            f"leave the endpoint out, or give the region {other.code}",
        )
    is_amazon = re.search(r"(^|\.)amazon(services)?\.", endpoint.host)
    if is_amazon and endpoint.host != found.host:
        return wrong(
            "region and host",
            f"{endpoint.host} is no host of Amazon Pay API v2",
            f"leave the endpoint out: it is {found.host}",
        )
    return ok("region and host", f"{found.code} at {endpoint.authority}")


def live_endpoint(subject: Subject) -> Iterator[Finding]:
    """Check that no live key talks to this machine."""
    given, url = subject.text("public_key_id"), subject.text("endpoint_url")
    if given is None or url is None or problem_with(given) is not None:
        return
    try:
        endpoint_for(given, "us", subject.arguments.get("sandbox"), url)
    except ConfigurationError as error:
        if "live client" in str(error):
            what, _, fix = str(error).partition(": ")
            yield wrong("endpoint", what, fix.replace("endpoint_url", "the endpoint"))


def algorithm(subject: Subject) -> Finding:
    """Check the name of the algorithm."""
    from .._signing.rsa_pss import algorithm_named

    name = subject.text("algorithm")
    try:
        found = algorithm_named(name or "AMZN-PAY-RSASSA-PSS")
    except AmazonPayError as error:
        return wrong("algorithm", str(error))
    return ok(
        "algorithm",
        f"{found.name}, salt of {found.salt_length} bytes; a button that is signed with"
        " it must name it, too. PSS is salted: a signature differs each time, and each"
        " of them is right",
    )


def idempotency_key(key: str | None) -> Iterator[Finding]:
    """Check an idempotency key, if one is given."""
    if key is None:
        return
    try:
        checked_idempotency_key(key)
    except AmazonPayError as error:
        yield wrong(
            "idempotency key",
            f"Amazon refuses it ({len(key)} characters): {error}",
            "derive one from your order by AmazonPay.idempotency_key(…)",
        )
    else:
        yield ok("idempotency key", f"{len(key)} characters of those that are allowed")


def pair(key: RSAPrivateKey | None, public: RSAPublicKey | None) -> Iterator[Finding]:
    """Check whether private and public key belong together."""
    if public is None:
        return
    if key is None:
        yield unknown("pair", "not checked without a private key")
    elif key.public_key().public_numbers() == public.public_numbers():
        yield ok("pair", "private and public key belong together")
    else:
        yield wrong(
            "pair",
            "the public key is not the other half of the private key: every signature"
            " is refused, even if its text is right",
            "register in Seller Central what this prints: amazonpay keys show, or use"
            " the other private key",
        )


def connection(subject: Subject) -> Iterator[Finding]:
    """Check proxy and authorities, as far as they are configured here."""
    from .._http.proxies import proxy_for
    from .._http.trust import tls_context

    try:
        endpoint = endpoint_for(
            "SANDBOX-A",
            subject.text("region") or "us",
            None,
            subject.text("endpoint_url"),
        )
        proxy = proxy_for(endpoint, None, trust_env=True)
    except ConfigurationError as error:
        if "region" not in str(error) and "endpoint_url" not in str(error):
            yield wrong("proxy", str(error))
    else:
        through = "none" if proxy is None else f"{proxy.url.host}:{proxy.url.port}"
        yield ok("proxy", through)
    verify: Any = subject.arguments.get("verify")
    try:
        tls_context(verify, trust_env=True)
    except ConfigurationError as error:
        yield wrong("authorities", _told(subject, error))
    else:
        named = "the system's" if verify is None else f"those in {str(verify)!r} alone"
        yield ok("authorities", named)


def _told(subject: Subject, error: ConfigurationError) -> str:
    """Return the text of an error with the names that the person has used."""
    return text_of(with_variables(error, set(VARIABLES) - subject.variables))


def system_clock(now: datetime) -> Finding:
    """Check the clock, as far as that is possible without another one."""
    if now < _EARLIEST:
        return wrong(
            "clock",
            f"it says {now.date()}, which is before this package was made",
            "set it, best by NTP",
        )
    return unknown("clock", "only an answer of Amazon shows whether it is right")
