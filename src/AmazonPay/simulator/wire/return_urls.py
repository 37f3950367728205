"""Rules for what a session names: URLs for the buyer's browser, and the store.

`amazon-pay-checkout/differences-between-environments.html`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..._core.hosts import split_url
from ..observed import refuse
from .errors import invalid_combination, invalid_value, missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.environments import EnvironmentRules
    from .api_call import APICall

_URLS = re.compile(r"checkout\w*Url")
_STORE = "amzn1.application-oa2-client."
# The placeholder of printed samples, which run as they are.
_STORE_ID = re.compile(f"{re.escape(_STORE)}[0-9a-fA-F]+|({_STORE})?YOUR_STORE_ID")

# What the hosted page of an additional payment button needs; it needs `addressDetails`
# as well, if the order is shipped.
_AT_ONCE = ("paymentIntent", "chargeAmount")


def check_urls(
    call: APICall, rules: EnvironmentRules, given: Mapping[str, Any]
) -> None:
    """Refuse return URLs that the environment does not take."""
    for name, value in given.items():
        if _URLS.fullmatch(name):
            check_url(f"webCheckoutDetails.{name}", value, call, rules)


def check_url(name: str, value: str, call: APICall, rules: EnvironmentRules) -> None:
    """Refuse a URL that the buyer's browser is to return to."""
    parts = split_url(value)
    host = (parts.hostname or "").lower()
    sound = re.fullmatch(r"[\x21-\x7e]+", value) and host and parts.username is None
    local = parts.scheme == "http" and host == "localhost" and rules.takes_local_http
    if not sound or not (parts.scheme == "https" or local):
        allowed = "https, or http://localhost" if rules.takes_local_http else "https"
        raise invalid_value(
            f"The value provided for '{name}' is invalid: a URL with {allowed}"
        )
    domain = call.merchant.domain
    if domain and rules.needs_own_domain and not f".{host}".endswith(f".{domain}"):
        raise invalid_value(
            f"The value provided for '{name}' is invalid: its domain is not {domain}"
        )


def check_store_id(value: str) -> None:
    """Refuse what is no store id; an application id is a common mistake."""
    if _STORE_ID.fullmatch(value) is None:
        mistake = (
            " (this is an application id)"
            if value.startswith("amzn1.application.")
            else ""
        )
        raise invalid_value(
            "The value provided for 'storeId' is invalid: it is"
            f" {_STORE} and hexadecimal digits{mistake}"
        )


def check_pays_at_once(
    web: Mapping[str, Any], payment: Mapping[str, Any], *, amount: bool
) -> None:
    """Require what `checkoutMode: "ProcessOrder"` needs, and refuse a review page."""
    # UNCONFIRMED: the codes.
    if "checkoutReviewReturnUrl" in web:
        refuse(
            "process-order-review",
            invalid_combination(
                "checkoutReviewReturnUrl and checkoutMode ProcessOrder exclude each"
                " other"
            ),
        )
    if "checkoutResultReturnUrl" not in web:
        raise missing("webCheckoutDetails.checkoutResultReturnUrl")
    if not payment:
        refuse("process-order-bare", missing("paymentDetails"))
        return
    for name in _AT_ONCE:
        if name not in payment and (amount or name != "chargeAmount"):
            raise missing(f"paymentDetails.{name}")
