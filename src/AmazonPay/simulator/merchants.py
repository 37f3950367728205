"""The merchants of a simulator: public keys, and the account behind each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .._core.key_ids import checked_public_key_id
from .._core.regions import REGIONS
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from .._core.config import Environment

BRITISH: Final = "uk"
"""The alias of the region `eu` that stands for books in pounds."""

LEDGER_CURRENCIES = {"na": ("USD",), "eu": ("EUR", "GBP"), "jp": ("JPY",)}


@dataclass(frozen=True, slots=True)
class Merchant:
    """One registered public key, and the account behind it."""

    public_key_id: str
    public_key: RSAPublicKey
    region: str | None = None
    """`na`, `eu` or `jp`; None accepts the region that each request names."""
    ledger_currency: str | None = None
    """None is the first of the region: USD, EUR or JPY."""
    environments: frozenset[Environment] = frozenset({"sandbox", "live"})
    merchant_id: str = "A1SIMULATEDMERCHANT"
    """Idempotency keys and objects belong to the account, not to the key."""
    market: str | None = None
    """`uk` if the region was given by that name: GBP books and British buyers."""
    domain: str | None = None
    """The domain that is registered for return URLs in live; None is any."""

    def currency_in(self, region: str, market: str | None = None) -> str:
        """Return the ledger currency for a call to `region`."""
        if self.ledger_currency is not None:
            return self.ledger_currency
        if BRITISH in {self.market, market}:
            return "GBP"
        return LEDGER_CURRENCIES[region][0]


def by_key_id(merchants: Iterable[Merchant]) -> dict[str, Merchant]:
    """Return merchants by their key ids.

    Raises:
        ConfigurationError: two have one key id, so that one would be out of reach.
    """
    found: dict[str, Merchant] = {}
    for one in merchants:
        if found.setdefault(one.public_key_id, one) is not one:
            raise ConfigurationError(
                f"the key id {one.public_key_id!r} is given twice: each public key has"
                " an id of its own"
            )
    return found


def merchant(  # noqa: PLR0913 - one keyword for each property of a key
    public_key_id: str,
    public_key: RSAPublicKey | bytes | str,
    *,
    region: str | None = None,
    ledger_currency: str | None = None,
    environment: str | None = None,
    merchant_id: str = "A1SIMULATEDMERCHANT",
    domain: str | None = None,
) -> Merchant:
    """Return a merchant with a public key: an RSA key object, or PEM.

    A key id that begins with SANDBOX or LIVE is for that environment only; any other
    is for both, unless `environment` names one. The region `uk` keeps GBP books.
    `domain` is the one of return URLs in live; without it any is taken.

    Raises:
        ConfigurationError: the key is no RSA public key, the region, currency or
            environment is unknown, the environment contradicts the key id, or the
            account or the domain is empty.
    """
    key_id = checked_public_key_id(public_key_id)
    code = None if region is None else _region(region)
    if ledger_currency is not None:
        allowed = (
            LEDGER_CURRENCIES[code] if code else sum(LEDGER_CURRENCIES.values(), ())
        )
        if ledger_currency not in allowed:
            raise ConfigurationError(f"the ledger currency is one of {allowed}")
    if re.fullmatch(r"[A-Za-z0-9]+", merchant_id) is None:
        raise ConfigurationError("the account is letters and digits, as in A1B2C3")
    if domain is not None and re.fullmatch(r"[\w-]+(\.[\w-]+)*", domain) is None:
        raise ConfigurationError("the domain is a host name, as in shop.example")
    return Merchant(
        key_id,
        _public_key(public_key),
        code,
        ledger_currency,
        _environments(key_id, environment),
        merchant_id,
        BRITISH if (region or "").lower() == BRITISH else None,
        domain and domain.lower(),
    )


def _region(name: str) -> str:
    if name.lower() not in REGIONS:
        raise ConfigurationError(f"the region is one of {', '.join(sorted(REGIONS))}")
    return REGIONS[name.lower()].code


def _environments(key_id: str, environment: str | None) -> frozenset[Environment]:
    named: list[Environment] = ["sandbox", "live"]
    if environment is not None:
        named = [name for name in named if name == environment]
        if not named:
            raise ConfigurationError("the environment is sandbox or live")
    for prefix in named[:]:
        other = "LIVE" if prefix == "sandbox" else "SANDBOX"
        if key_id.upper().startswith(other):
            named.remove(prefix)
    if not named:
        raise ConfigurationError("the key id names the other environment")
    return frozenset(named)


def _public_key(public_key: RSAPublicKey | bytes | str) -> RSAPublicKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from .._signing.public_key import public_key_in

    if isinstance(public_key, RSAPublicKey):
        return public_key
    data = public_key.encode() if isinstance(public_key, str) else public_key
    key = public_key_in(data)
    if key is None:
        raise ConfigurationError("this is no public key, neither as PEM nor as DER")
    if not isinstance(key, RSAPublicKey):
        raise ConfigurationError("Amazon Pay takes RSA keys only")
    return key
