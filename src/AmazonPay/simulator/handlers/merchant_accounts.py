"""Merchant accounts and their stores, kept by a solution provider in Japan.

`amazon-pay-registration/jp-merchant-onboarding-and-account-management-APIs.html`.
An account's data belong to the account itself, as with a delegated call for it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ..wire import links
from ..wire.api_call import Raw
from ..wire.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.context import World
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result
    from ..wire.messages import Request

KIND: Final = "merchantAccount"
_REFERENCE: Final = "uniqueReferenceId"
_STORE: Final = "store"

_CLAIM_LINK_LIFE = timedelta(days=1)  # how long Amazon's page waits is unconfirmed

# What makes the legal entity, and so cannot be changed; that it is these is a guess.
_LEGAL = ("businessType", "countryOfEstablishment", "businessLegalName")

_STORE_MEMBERS = (
    "allowedOriginDomains",
    "allowedRedirectURLs",
    "storeName",
    "privacyPolicyUrl",
    "merchantLogoUrl",
)


def _check_country(call: APICall) -> None:
    """Refuse accounts outside Japan; with which code is unconfirmed."""
    if call.region != "jp":
        raise Refusal("UnsupportedOperation", "Merchant accounts are for Japan")


def _inside(world: World, account: str) -> World:
    """See the world as an account does."""
    return replace(world, owner=f"{account}/{world.environment}")


def _find(world: World, call: APICall, *, delegated: bool) -> tuple[World, Record]:
    """Find an account and its own world.

    Whoever created it may, and who bears its token; some calls ask for the token.
    """
    id_ = call.ids["merchant_account_id"]
    inside = _inside(world, id_)
    account = inside.find(KIND, id_)
    if account is None:
        raise call.not_found()
    allowed = {id_} if delegated else {id_, account["provider"]}
    if call.merchant.merchant_id not in allowed:
        raise Refusal("UnauthorizedAccess", "The call needs the account's authtoken")
    return inside, account


def _legal(business: Mapping[str, Any]) -> dict[str, Any]:
    return {name: business[name] for name in _LEGAL if name in business}


# Accounts -----------------------------------------------------------------------------


def create_merchant_account(world: World, call: APICall) -> Result:
    """Answer Create Merchant Account."""
    _check_country(call)
    body = call.body
    if body["ledgerCurrency"] != call.merchant.currency_in(call.region):
        # That the other currencies are refused is unconfirmed.
        raise Refusal("InvalidParameterValue", "The ledgerCurrency must be JPY")
    reference = body[_REFERENCE]
    if world.find(_REFERENCE, reference) is not None:
        # The code is unconfirmed.
        raise Refusal("InvalidParameterValue", f"The {_REFERENCE} was used before")
    account: Record = {
        "id": world.ids.merchant_account(),
        "provider": call.merchant.merchant_id,
        "reference": reference,
        "legal": _legal(body["businessInfo"]),
        "claimed": False,
    }
    world.save(_REFERENCE, {"id": reference})
    _inside(world, account["id"]).save(KIND, account)
    return 201, {_REFERENCE: reference, "merchantAccountId": account["id"]}


def update_merchant_account(world: World, call: APICall) -> Result:
    """Answer Update Merchant Account.

    204 is what the older name is seen to answer; the newer one may answer 200, and the
    two cannot be told apart here.
    """
    _check_country(call)
    inside, account = _find(world, call, delegated=True)
    given = _legal(call.body.get("businessInfo") or {})
    for name, value in account["legal"].items():
        if given.get(name, value) != value:
            raise Refusal(
                "InvalidParameterValue", f"The {name} is of the legal entity: it stays"
            )
    # The rest cannot be asked for, so it need not be kept.
    account["legal"] |= given
    inside.save(KIND, account)
    return 204, None


def delete_amazon_pay_account(world: World, call: APICall) -> Result:
    """Answer Delete Merchant Account; it is gone at once here."""
    _check_country(call)
    inside, account = _find(world, call, delegated=False)
    inside.delete(KIND, account["id"])
    return 202, None


# Two names of one path: a request does not tell which of them was called.
register_amazon_pay_account = create_merchant_account
update_amazon_pay_account = update_merchant_account


def claim_merchant_account(world: World, call: APICall) -> Result:
    """Answer Claim Merchant Account: 303 until the page was seen, 200 from then on."""
    _check_country(call)
    inside, account = _find(world, call, delegated=False)
    if call.body[_REFERENCE] != account["reference"]:
        raise Refusal("InvalidParameterValue", f"The {_REFERENCE} is not the account's")
    if account["claimed"]:
        return 200, None
    page = links.make(inside, call, "GET", KIND, account["id"], _CLAIM_LINK_LIFE)
    return 303, Raw(location=page)


def finish_claim(world: World, account: Record, request: Request) -> Result:
    """Answer whoever opens the page on which a claim ends."""
    del request
    account["claimed"] = True
    world.save(KIND, account)
    text = f"The account {account['id']} is claimed.\n"
    return 200, Raw(text.encode(), "text/plain; charset=UTF-8")


# Stores -------------------------------------------------------------------------------


def _show_store(store: Record) -> dict[str, Any]:
    """Write a store; no page shows the shape (unconfirmed)."""
    details: Mapping[str, Any] = store["details"]
    return {
        "storeId": store["id"],
        **{name: details.get(name) for name in _STORE_MEMBERS},
    }


def create_store(world: World, call: APICall) -> Result:
    """Answer Create Store, which some solution providers are allowed to call."""
    inside, _ = _find(world, call, delegated=True)
    store: Record = {"id": world.ids.store(), "details": dict(call.body)}
    inside.save(_STORE, store)
    return 201, _show_store(store)


def update_store(world: World, call: APICall) -> Result:
    """Answer Update Store: members that are left out stay."""
    inside, _ = _find(world, call, delegated=True)
    store = inside.find(_STORE, call.ids["store_id"])
    if store is None:
        raise call.not_found()
    store["details"].update(call.body)
    inside.save(_STORE, store)
    return 200, _show_store(store)
