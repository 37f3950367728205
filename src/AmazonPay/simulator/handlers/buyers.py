"""Buyers who have signed in before a checkout: `amazon-pay-api-v2/buyer.html`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ...resources.buyers import Buyers
from ..rules.test_data import buyer_details, buyers_in
from ..wire.api_call import json_result
from .registry import handles, in_path

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

# UNCONFIRMED: the response to a token that has expired; it is 404 here.
KIND: Final = "buyerToken"


@handles(Buyers.get_buyer, subject=in_path(KIND))
def get_buyer(context: Context, call: APICall, token: Record) -> Result:
    """Answer Get Buyer: the data that the scopes cover; the rest is null."""
    market = token["market"]
    number = token.get("buyer") or 1
    details = buyer_details(market, token["account"], number=number)
    home = buyers_in(market)[number - 1].home
    scopes = token["scopes"]
    # UNCONFIRMED: the data without scopes; sources name the id alone, or name and
    # e-mail, too.
    asked: set[str] = {"name", "email"} if scopes is None else set(scopes)
    ships = "shippingAddress" in asked
    code = ships or "postalCode" in asked
    answer: dict[str, Any] = {
        "buyerId": token["account"],
        "name": details["name"] if "name" in asked else None,
        "email": details["email"] if "email" in asked else None,
        "postalCode": home["postalCode"] if code else None,
        "countryCode": home["countryCode"] if code else None,
        "phoneNumber": details["phoneNumber"] if "phoneNumber" in asked else None,
        "shippingAddress": home if ships else None,
        "billingAddress": home if "billingAddress" in asked else None,
        "primeMembershipTypes": None,
    }
    return json_result(200, answer)
