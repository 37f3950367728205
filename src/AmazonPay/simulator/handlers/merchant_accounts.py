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
from ..wire.errors import APIRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.context import Context
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
        raise APIRefusal("UnsupportedOperation", "Merchant accounts are for Japan")


def _account_context(context: Context, account: str) -> Context:
    """See objects as an account does."""
    return replace(context, owner=f"{account}/{context.environment}")


def _find(
    context: Context, call: APICall, *, delegated: bool
) -> tuple[Context, Record]:
    """Find an account and its own objects.

    Whoever created it may, and who bears its token; some calls ask for the token.
    """
    id_ = call.ids["merchant_account_id"]
    account_context = _account_context(context, id_)
    account = account_context.find(KIND, id_)
    if account is None:
        raise call.not_found()
    allowed = {id_} if delegated else {id_, account["provider"]}
    if call.merchant.merchant_id not in allowed:
        raise APIRefusal("UnauthorizedAccess", "The call needs the account's authtoken")
    return account_context, account


def _legal_entity(business: Mapping[str, Any]) -> dict[str, Any]:
    return {name: business[name] for name in _LEGAL if name in business}


# Accounts -----------------------------------------------------------------------------


def create_merchant_account(context: Context, call: APICall) -> Result:
    """Answer Create Merchant Account."""
    _check_country(call)
    body = call.body
    if body["ledgerCurrency"] != call.merchant.currency_in(call.region):
        # That the other currencies are refused is unconfirmed.
        raise APIRefusal("InvalidParameterValue", "The ledgerCurrency must be JPY")
    reference = body[_REFERENCE]
    if context.find(_REFERENCE, reference) is not None:
        # The code is unconfirmed.
        raise APIRefusal("InvalidParameterValue", f"The {_REFERENCE} was used before")
    account: Record = {
        "id": context.ids.merchant_account(),
        "provider": call.merchant.merchant_id,
        "reference": reference,
        "legal": _legal_entity(body["businessInfo"]),
        "claimed": False,
    }
    context.save(_REFERENCE, {"id": reference})
    _account_context(context, account["id"]).save(KIND, account)
    return 201, {_REFERENCE: reference, "merchantAccountId": account["id"]}


def update_merchant_account(context: Context, call: APICall) -> Result:
    """Answer Update Merchant Account.

    204 is what the older name is seen to answer; the newer one may answer 200, and the
    two cannot be told apart here.
    """
    _check_country(call)
    account_context, account = _find(context, call, delegated=True)
    given = _legal_entity(call.body.get("businessInfo") or {})
    for name, value in account["legal"].items():
        if given.get(name, value) != value:
            raise APIRefusal(
                "InvalidParameterValue", f"The {name} is of the legal entity: it stays"
            )
    # The rest cannot be asked for, so it need not be kept.
    account["legal"] |= given
    account_context.save(KIND, account)
    return 204, None


def delete_amazon_pay_account(context: Context, call: APICall) -> Result:
    """Answer Delete Merchant Account; it is gone at once here."""
    _check_country(call)
    account_context, account = _find(context, call, delegated=False)
    account_context.delete(KIND, account["id"])
    return 202, None


# Two names of one path: a request does not tell which of them was called.
register_amazon_pay_account = create_merchant_account
update_amazon_pay_account = update_merchant_account


def claim_merchant_account(context: Context, call: APICall) -> Result:
    """Answer Claim Merchant Account: 303 until the page was seen, 200 from then on."""
    _check_country(call)
    account_context, account = _find(context, call, delegated=False)
    if call.body[_REFERENCE] != account["reference"]:
        raise APIRefusal(
            "InvalidParameterValue", f"The {_REFERENCE} is not the account's"
        )
    if account["claimed"]:
        return 200, None
    page = links.create_link(
        account_context, call, "GET", KIND, account["id"], _CLAIM_LINK_LIFE
    )
    return 303, Raw(location=page)


def finish_claim(context: Context, account: Record, request: Request) -> Result:
    """Answer whoever opens the page on which a claim ends."""
    del request
    account["claimed"] = True
    context.save(KIND, account)
    text = f"The account {account['id']} is claimed.\n"
    return 200, Raw(text.encode(), "text/plain; charset=UTF-8")


# Stores -------------------------------------------------------------------------------


def _store_to_json(store: Record) -> dict[str, Any]:
    """Write a store; no page shows the shape (unconfirmed)."""
    details: Mapping[str, Any] = store["details"]
    return {
        "storeId": store["id"],
        **{name: details.get(name) for name in _STORE_MEMBERS},
    }


def create_store(context: Context, call: APICall) -> Result:
    """Answer Create Store, which some solution providers are allowed to call."""
    account_context, _ = _find(context, call, delegated=True)
    store: Record = {"id": context.ids.store(), "details": dict(call.body)}
    account_context.save(_STORE, store)
    return 201, _store_to_json(store)


def update_store(context: Context, call: APICall) -> Result:
    """Answer Update Store: members that are left out stay."""
    account_context, _ = _find(context, call, delegated=True)
    store = account_context.find(_STORE, call.ids["store_id"])
    if store is None:
        raise call.not_found()
    store["details"].update(call.body)
    account_context.save(_STORE, store)
    return 200, _store_to_json(store)
