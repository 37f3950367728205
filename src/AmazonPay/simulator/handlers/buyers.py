"""Buyers who signed in before a checkout: `amazon-pay-api-v2/buyer.html`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..rules.test_data import buyer_details, home_address

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

KIND: Final = "buyerToken"


def on_due(context: Context, record: Record, event: str) -> None:
    """Let a token run out after its 24 hours; the answer is 404 then (unconfirmed)."""
    del event
    context.transaction.delete(context.owner, KIND, record["id"])


def get_buyer(context: Context, call: APICall) -> Result:
    """Answer Get Buyer: what the scopes of the sign-in cover, the rest is null."""
    record = context.find(KIND, call.ids["buyer_token"])
    if record is None:
        raise call.not_found()
    region = record["region"]
    who, where = buyer_details(region, record["account"]), home_address(region)
    scopes = record["scopes"]
    # Without scopes sources disagree: only the id, or name and e-mail (unconfirmed).
    asked: set[str] = {"name", "email"} if scopes is None else set(scopes)
    ships = "shippingAddress" in asked
    code = ships or "postalCode" in asked
    answer: dict[str, Any] = {
        "buyerId": record["account"],
        "name": who["name"] if "name" in asked else None,
        "email": who["email"] if "email" in asked else None,
        "postalCode": where["postalCode"] if code else None,
        "countryCode": where["countryCode"] if code else None,
        "phoneNumber": who["phoneNumber"] if "phoneNumber" in asked else None,
        "shippingAddress": where if ships else None,
        "billingAddress": where if "billingAddress" in asked else None,
        "primeMembershipTypes": None,
    }
    return 200, answer
