"""Merchant accounts and their stores, which solution providers in Japan keep.

`amazon-pay-registration/jp-merchant-onboarding-and-account-management-APIs.html`.
An account is the owner of its own data, as in a delegated call for it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ...resources.merchant_accounts import MerchantAccounts
from ..wire import links
from ..wire.api_call import Result, json_result
from ..wire.errors import APIRefusal, invalid_value
from ..wire.messages import HTTPResponse
from .registry import handles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall
    from ..wire.messages import Request

KIND: Final = "merchantAccount"
_REFERENCE: Final = "uniqueReferenceId"
_STORE: Final = "store"

# UNCONFIRMED: how long Amazon's page waits for the merchant.
_CLAIM_LINK_LIFE = timedelta(days=1)

# The members that describe the legal entity, and so cannot be changed: a guess.
_LEGAL = ("businessType", "countryOfEstablishment", "businessLegalName")

_STORE_MEMBERS = (
    "allowedOriginDomains",
    "allowedRedirectURLs",
    "storeName",
    "privacyPolicyUrl",
    "merchantLogoUrl",
)


def _check_country(call: APICall) -> None:
    """Refuse accounts outside Japan."""
    # UNCONFIRMED: the code.
    if call.region != "jp":
        raise APIRefusal("UnsupportedOperation", "Merchant accounts are for Japan")


def _account_context(context: Context, account: str) -> Context:
    return context.for_owner(f"{account}/{context.environment}")


def _find(
    context: Context, call: APICall, *, delegated: bool
) -> tuple[Context, Record]:
    """Return an account's context and the account, or refuse the call.

    Callers need the account's token; calls that are not `delegated` are open to the
    provider that created the account, too.
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


@handles(
    MerchantAccounts.register_amazon_pay_account,
    MerchantAccounts.create_merchant_account,
)
def create_merchant_account(context: Context, call: APICall) -> Result:
    """Answer Create Merchant Account."""
    _check_country(call)
    body = call.body
    if body["ledgerCurrency"] != call.merchant.currency_in(call.region, call.market):
        # UNCONFIRMED: that other currencies are refused.
        raise invalid_value("The ledgerCurrency must be JPY")
    reference = body[_REFERENCE]
    if context.find(_REFERENCE, reference) is not None:
        # UNCONFIRMED: the code.
        raise invalid_value(f"The {_REFERENCE} was used before")
    account: Record = {
        "id": context.ids.merchant_account(),
        "provider": call.merchant.merchant_id,
        "reference": reference,
        "legal": _legal_entity(body["businessInfo"]),
        "claimed": False,
    }
    context.save(_REFERENCE, {"id": reference})
    _account_context(context, account["id"]).save(KIND, account)
    answer = {_REFERENCE: reference, "merchantAccountId": account["id"]}
    return json_result(201, answer)


@handles(
    MerchantAccounts.update_amazon_pay_account, MerchantAccounts.update_merchant_account
)
def update_merchant_account(context: Context, call: APICall) -> Result:
    """Answer Update Merchant Account, under its older and its newer name."""
    # UNCONFIRMED: the status under the newer name, which may be 200. A request does not
    # show which name was used, and 204 was seen under the older one.
    _check_country(call)
    account_context, account = _find(context, call, delegated=True)
    given = _legal_entity(call.body.get("businessInfo") or {})
    for name, value in account["legal"].items():
        if given.get(name, value) != value:
            raise invalid_value(f"The {name} is of the legal entity: it stays")
    # No call returns the other members, so they are not saved.
    account["legal"] |= given
    account_context.save(KIND, account)
    return json_result(204, None)


@handles(MerchantAccounts.delete_amazon_pay_account)
def delete_amazon_pay_account(context: Context, call: APICall) -> Result:
    """Answer Delete Merchant Account; the account is deleted at once."""
    _check_country(call)
    account_context, account = _find(context, call, delegated=False)
    account_context.delete(KIND, account["id"])
    return json_result(202, None)


@handles(MerchantAccounts.claim_merchant_account)
def claim_merchant_account(context: Context, call: APICall) -> Result:
    """Answer Claim Merchant Account: 303 until the page was opened, then 200."""
    _check_country(call)
    account_context, account = _find(context, call, delegated=False)
    if call.body[_REFERENCE] != account["reference"]:
        raise invalid_value(f"The {_REFERENCE} is not the account's")
    if account["claimed"]:
        return json_result(200, None)
    page = links.create_link(
        account_context, call, "GET", KIND, account["id"], _CLAIM_LINK_LIFE
    )
    return Result(HTTPResponse(303, headers=(("location", page),)))


def finish_claim(context: Context, account: Record, request: Request) -> HTTPResponse:
    """Finish a claim when the merchant opens its page."""
    account["claimed"] = True
    context.save(KIND, account)
    text = f"The account {account['id']} is claimed.\n"
    headers = (("content-type", "text/plain; charset=UTF-8"),)
    return HTTPResponse(200, text.encode(), headers)


# Stores -------------------------------------------------------------------------------


def _store_to_json(store: Record) -> dict[str, Any]:
    """Return a store in the form of the API."""
    # UNCONFIRMED: the form, which no page shows.
    details: Mapping[str, Any] = store["details"]
    return {
        "storeId": store["id"],
        **{name: details.get(name) for name in _STORE_MEMBERS},
    }


@handles(MerchantAccounts.create_store)
def create_store(context: Context, call: APICall) -> Result:
    """Answer Create Store, which Amazon allows to some solution providers."""
    account_context, _ = _find(context, call, delegated=True)
    store: Record = {"id": context.ids.store(), "details": dict(call.body)}
    account_context.save(_STORE, store)
    return json_result(201, _store_to_json(store))


@handles(MerchantAccounts.update_store)
def update_store(context: Context, call: APICall) -> Result:
    """Answer Update Store: members that are left out stay."""
    account_context, _ = _find(context, call, delegated=True)
    store = account_context.find(_STORE, call.ids["store_id"])
    if store is None:
        raise call.not_found()
    store["details"].update(call.body)
    account_context.save(_STORE, store)
    return json_result(200, _store_to_json(store))
