"""The settings of a button besides its payload, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from .._core.hosts import is_loopback, split_url
from ..errors import InvalidRequest
from ..resources._common import LedgerCurrency, PresentmentCurrency, PriceInput
from .members import problem_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._core.config import Endpoint

ButtonProductType: TypeAlias = Literal[
    "PayAndShip", "PayOnly", "SignIn", "PayAndShipMultiAddress", "Donation"
]
Placement: TypeAlias = Literal["Home", "Product", "Cart", "Checkout", "Other"]
ButtonColor: TypeAlias = Literal["Gold", "LightGray", "DarkGray"]
CheckoutLanguage: TypeAlias = Literal[
    "en_US", "en_GB", "de_DE", "fr_FR", "it_IT", "es_ES", "ja_JP"
]

_PAGE = "amazon-pay-checkout/amazon-pay-script.html"


@dataclass(frozen=True, slots=True)
class _Region:
    script: str
    ledgers: tuple[str, ...]
    """The first is the default."""
    languages: frozenset[str]


_REGIONS = {
    "na": _Region("na", ("USD",), frozenset({"en_US"})),
    "eu": _Region(
        "eu",
        ("EUR", "GBP"),
        frozenset({"en_GB", "de_DE", "fr_FR", "it_IT", "es_ES"}),
    ),
    "jp": _Region("fe", ("JPY",), frozenset({"ja_JP"})),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a button that its payload depends on, and those of the page."""

    region: str
    sandbox: bool
    merchant_id: str
    product_type: str
    placement: str
    ledger_currency: str
    checkout_language: str | None
    button_color: str
    estimated_order_amount: dict[str, str] | None
    buy_now: bool
    script_url: str

    @property
    def currencies(self) -> frozenset[str]:
        """The currencies that a merchant of this region takes."""
        if self.region == "eu":
            return frozenset(get_args(PresentmentCurrency))
        return frozenset({self.ledger_currency})


def checked_settings(  # noqa: PLR0913 - one parameter for each option of a button
    endpoint: Endpoint,
    *,
    merchant_id: object,
    product_type: object,
    placement: object,
    ledger_currency: object,
    checkout_language: object,
    button_color: object,
    estimated_order_amount: Mapping[str, Any] | None,
    buy_now: bool,
    script_url: object = None,
) -> Settings:
    """Return the settings of a button of one client.

    Raises:
        InvalidRequest: `checkout.js` or Amazon's page would refuse one of them.
    """
    region = endpoint.region.code
    here = _REGIONS[region]
    if not isinstance(merchant_id, str) or not re.fullmatch(
        "[A-Za-z0-9]+", merchant_id
    ):
        raise _wrong("merchant_id is the account's id, such as A1B2C3D4E5F6G7")
    _one_of("product_type", product_type, get_args(ButtonProductType))
    _one_of("placement", placement, get_args(Placement))
    _one_of("button_color", button_color, get_args(ButtonColor))
    ledger = here.ledgers[0] if ledger_currency is None else ledger_currency
    if ledger not in here.ledgers:
        known = ledger in get_args(LedgerCurrency)
        raise _wrong(
            f"ledger_currency in region {region} is {' or '.join(here.ledgers)}"
            + (f", not {ledger}" if known else "")
        )
    if checkout_language is not None and checkout_language not in here.languages:
        raise _wrong(
            f"checkout_language in region {region} is one of"
            f" {', '.join(sorted(here.languages))}"
        )
    settings = Settings(
        region,
        endpoint.environment == "sandbox",
        merchant_id,
        str(product_type),
        str(placement),
        str(ledger),
        None if checkout_language is None else str(checkout_language),
        str(button_color),
        None,
        bool(buy_now),
        _script_url(endpoint, here, script_url),
    )
    if estimated_order_amount is None:
        return settings
    if settings.product_type == "SignIn":
        raise _wrong("estimated_order_amount belongs to a checkout, not to SignIn")
    estimate = _estimate(estimated_order_amount, settings)
    return replace(settings, estimated_order_amount=estimate)


def _script_url(endpoint: Endpoint, here: _Region, given: object) -> str:
    """Return where `checkout.js` is: Amazon's, or a simulator's own.

    A sandbox client that talks to another host than Amazon's talks to a simulator.
    """
    simulated = endpoint.host != endpoint.region.host
    if simulated and endpoint.environment == "sandbox":
        if given is not None:
            return _checked_script_url(given)
        return f"{endpoint.scheme}://{endpoint.authority}/checkout.js"
    if given is not None:
        raise _wrong("script_url is for a sandbox client of a simulator only")
    return f"https://static-{here.script}.payments-amazon.com/checkout.js"


def _checked_script_url(url: object) -> str:
    """Return where a browser finds the script of a simulator."""
    wrong = _wrong(
        "script_url is https://HOST[:PORT]/checkout.js, or http:// on this machine"
    )
    if not isinstance(url, str) or re.search(r"[^!-~]|\\", url):
        raise wrong
    parts = split_url(url)
    host = parts.hostname or ""
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not safe or not host or "@" in parts.netloc or not parts.path.endswith(".js"):
        raise wrong
    return url


def _estimate(given: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    price = {**given}
    amount = price.get("amount")
    if isinstance(amount, Decimal) and amount.is_finite():
        price["amount"] = format(amount, "f")
    problem = problem_in(PriceInput, price, "estimated_order_amount")
    if problem is not None:
        raise _wrong(problem)
    value, currency = Decimal(str(price["amount"])), str(price["currencyCode"])
    if value <= 0:
        raise _wrong("estimated_order_amount must be more than 0")
    if currency not in settings.currencies:
        raise _wrong(
            f"estimated_order_amount: region {settings.region} has no {currency}"
        )
    if currency == "JPY" and value != value.to_integral_value():
        raise _wrong("estimated_order_amount: JPY has no decimals")
    return {"amount": str(price["amount"]), "currencyCode": currency}


def _one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise _wrong(f"{name} is one of {', '.join(known)}")


def _wrong(problem: str) -> InvalidRequest:
    return InvalidRequest(f"the button is refused: {problem} ({_PAGE})")


# A session that the server creates ----------------------------------------------------


def checked_session_id(session_id: object) -> str:
    """Return the id of a session, if it can be one."""
    if not isinstance(session_id, str) or not re.fullmatch(
        r"[0-9A-Za-z-]{1,64}", session_id
    ):
        raise _wrong("checkout_session_id is the id of a Checkout Session")
    return session_id


def checked_create_url(url: object, *, sandbox: bool) -> str:
    """Return the shop's own URL that creates a session: https, or a path."""
    if not isinstance(url, str) or re.search(r"[\s\x00-\x20\x7f\\]", url) or not url:
        raise _wrong("create_session_url is a URL or a path, without blanks")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise _wrong("create_session_url is no URL") from None
    path = url.startswith("/") and not url.startswith("//")
    local = sandbox and parts.scheme == "http" and host == "localhost"
    if not (path or local or (parts.scheme == "https" and host and "@" not in url)):
        raise _wrong(
            "create_session_url is a path that begins with /, or an https:// URL of the"
            " shop's own domain"
        )
    return url
