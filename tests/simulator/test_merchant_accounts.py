"""Merchant accounts and stores, which solution providers in Japan keep."""

from __future__ import annotations

from typing import Any

import pytest

from callers import Caller, on_both_clients
from fitting import misfits
from reference.accounts import MERCHANT_ACCOUNT
from simulated import KEY_ID, Reply, Shop

BAD_VALUE = (400, "InvalidParameterValue")
NOT_FOUND = (404, "ResourceNotFound")
NO_TOKEN = (401, "UnauthorizedAccess")
STORE = {
    "storeName": "My Store",
    "allowedOriginDomains": ["https://shop.example"],
}


@pytest.fixture
def shop() -> Shop:
    return Shop("jp")


def account_body(reference: str = "ref-1", **more: object) -> dict[str, Any]:
    return {
        "uniqueReferenceId": reference,
        "ledgerCurrency": "JPY",
        "businessInfo": {
            "businessType": "CORPORATE",
            "countryOfEstablishment": "JP",
            "businessLegalName": "Example K.K.",
            "annualSalesVolume": {"amount": 1000, "currencyCode": "JPY"},
        },
        **more,
    }


def created(shop: Shop, reference: str = "ref-1") -> str:
    """Create an account; give its id."""
    reply = shop.post("/merchantAccounts", account_body(reference))
    assert reply.status == 201, reply
    return str(reply.json["merchantAccountId"])


def token_for(shop: Shop, account: str) -> str:
    return shop.simulator.authorize(KEY_ID, account)


def update(shop: Shop, account: str, body: object, token: str | None = None) -> Reply:
    token = token or token_for(shop, account)
    return shop.send("PATCH", f"/merchantAccounts/{account}", body, token=token)


def claim(shop: Shop, account: str, reference: str = "ref-1") -> Reply:
    path = f"/merchantAccounts/{account}/claim"
    return shop.post(path, {"uniqueReferenceId": reference})


# All calls, by both of their names ----------------------------------------------------


@pytest.mark.parametrize(
    ("create", "change"),
    [
        ("register_amazon_pay_account", "update_amazon_pay_account"),
        ("create_merchant_account", "update_merchant_account"),
    ],
)
@on_both_clients
def test_a_client_keeps_an_account(
    shop: Shop, create: str, change: str, awaits: bool
) -> None:
    call = Caller(shop, awaits)
    made = call(create, account_body())
    id_ = made.json()["merchantAccountId"]
    assert made.status_code == 201
    assert misfits(made.json(), MERCHANT_ACCOUNT) == []
    assert made.json()["uniqueReferenceId"] == "ref-1"
    delegated = Caller(shop, awaits, auth_token=token_for(shop, id_))
    changed = delegated(change, id_, {"businessInfo": {"email": "a@shop.example"}})
    assert (changed.status_code, changed.content, changed.json()) == (204, b"", None)
    claimed = call("claim_merchant_account", id_, {"uniqueReferenceId": "ref-1"})
    assert (claimed.status_code, claimed.ok, claimed.json()) == (303, True, None)
    assert claimed.headers["location"].startswith("https://pay-api.amazon.jp/")
    deleted = call("delete_amazon_pay_account", id_)
    assert (deleted.status_code, deleted.json()) == (202, None)


@on_both_clients
def test_a_client_keeps_a_store(shop: Shop, awaits: bool) -> None:
    account = created(shop)
    call = Caller(shop, awaits, auth_token=token_for(shop, account))
    made = call("create_store", account, STORE)
    id_ = made.json()["storeId"]
    changed = call("update_store", account, id_, {"storeName": "New"})
    assert (made.status_code, changed.status_code) == (201, 200)
    assert id_.startswith("amzn1.application-oa2-client.")
    assert changed.json() == {
        "storeId": id_,
        "allowedOriginDomains": ["https://shop.example"],
        "allowedRedirectURLs": None,
        "storeName": "New",
        "privacyPolicyUrl": None,
        "merchantLogoUrl": None,
    }


# Create -------------------------------------------------------------------------------


@pytest.mark.parametrize("region", ["na", "eu"])
def test_accounts_are_for_japan(region: str) -> None:
    shop = Shop(region)
    unsupported = (405, "UnsupportedOperation")
    assert shop.post("/merchantAccounts", account_body()).error == unsupported
    assert shop.delete("/merchantAccounts/A").error == unsupported
    assert shop.patch("/merchantAccounts/A", {}).error == unsupported
    assert claim(shop, "A").error == unsupported


def test_a_reference_works_once(shop: Shop) -> None:
    first = created(shop)
    again = shop.post("/merchantAccounts", account_body())
    assert again.error == BAD_VALUE
    assert "used before" in again.json["message"]
    assert created(shop, "ref-2") != first


def test_a_reference_stays_used_when_its_account_is_deleted(shop: Shop) -> None:
    shop.delete(f"/merchantAccounts/{created(shop)}")
    assert shop.post("/merchantAccounts", account_body()).error == BAD_VALUE


def test_a_repeated_key_is_the_same_account(shop: Shop) -> None:
    replies = {
        shop.post("/merchantAccounts", account_body(), key="k").body for _ in range(2)
    }
    assert len(replies) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"ledgerCurrency": "USD"}, BAD_VALUE),
        ({"ledgerCurrency": "CHF"}, BAD_VALUE),
        ({"uniqueReferenceId": ""}, BAD_VALUE),
        ({"businessInfo": {"businessType": "CLUB"}}, BAD_VALUE),
        ({"businessInfo": {"taxId": "1"}}, (400, "UnrecognizedField")),
        ({"stores": [{"storeName": "x"}]}, (400, "MissingParameterValue")),
    ],
)
def test_a_bad_account_is_refused(
    change: dict[str, object], error: tuple[int, str]
) -> None:
    body = {**account_body(), **change}
    assert Shop("jp").post("/merchantAccounts", body).error == error


@pytest.mark.parametrize(
    "member", ["uniqueReferenceId", "ledgerCurrency", "businessInfo"]
)
def test_an_account_needs_its_members(member: str) -> None:
    body = {name: value for name, value in account_body().items() if name != member}
    reply = Shop("jp").post("/merchantAccounts", body)
    assert reply.error == (400, "MissingParameterValue")


# Update -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("businessType", "INDIVIDUAL"),
        ("countryOfEstablishment", "US"),
        ("businessLegalName", "Other K.K."),
    ],
)
def test_the_legal_entity_stays(shop: Shop, name: str, value: str) -> None:
    account = created(shop)
    reply = update(shop, account, {"businessInfo": {name: value}})
    assert reply.error == BAD_VALUE
    same = account_body()["businessInfo"][name]
    assert update(shop, account, {"businessInfo": {name: same}}).status == 204


def test_what_was_open_of_the_legal_entity_can_be_said_once(shop: Shop) -> None:
    body = {**account_body(), "businessInfo": {}}
    account = shop.post("/merchantAccounts", body).json["merchantAccountId"]
    named = {"businessInfo": {"businessLegalName": "Example K.K."}}
    other = {"businessInfo": {"businessLegalName": "Other K.K."}}
    assert update(shop, account, named).status == 204
    assert update(shop, account, {}).status == 204
    assert update(shop, account, other).error == BAD_VALUE


# Delegation ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/merchantAccounts/{}"),
        ("POST", "/merchantAccounts/{}/stores"),
        ("PATCH", "/merchantAccounts/{}/stores/s"),
    ],
)
def test_some_calls_need_the_token_of_the_account(
    shop: Shop, method: str, path: str
) -> None:
    account, other = created(shop), created(shop, "ref-2")
    target = path.format(account)
    assert shop.send(method, target, {}).error == NO_TOKEN
    token = token_for(shop, other)
    assert shop.send(method, target, {}, token=token).error == NO_TOKEN


def test_a_token_of_the_account_may_claim_and_delete_it_too(shop: Shop) -> None:
    account = created(shop)
    token, path = token_for(shop, account), f"/merchantAccounts/{account}"
    body = {"uniqueReferenceId": "ref-1"}
    claimed = shop.send("POST", f"{path}/claim", body, token=token)
    deleted = shop.send("DELETE", path, token=token)
    assert (claimed.status, deleted.status) == (303, 202)


def test_an_account_of_another_provider_is_out_of_reach(shop: Shop) -> None:
    account = created(shop)
    stranger = token_for(shop, "A9STRANGER")
    path = f"/merchantAccounts/{account}"
    assert shop.send("DELETE", path, token=stranger).error == NO_TOKEN


# Claim --------------------------------------------------------------------------------


def test_a_claim_ends_on_a_page_and_is_done_then(shop: Shop) -> None:
    account = created(shop)
    first, second = claim(shop, account), claim(shop, account)
    assert (first.status, first.body, second.status) == (303, b"", 303)
    page = shop.follow(first.headers["location"])
    assert (page.status, page.headers["content-type"]) == (
        200,
        "text/plain; charset=UTF-8",
    )
    assert account in page.body.decode()
    done = claim(shop, account)
    assert (done.status, done.body) == (200, b"")
    assert "location" not in done.headers


def test_a_repeated_claim_has_its_location_again(shop: Shop) -> None:
    path = f"/merchantAccounts/{created(shop)}/claim"
    body = {"uniqueReferenceId": "ref-1"}
    replies = [shop.post(path, body, key="k") for _ in range(2)]
    assert [reply.status for reply in replies] == [303, 303]
    assert all("location" in reply.headers for reply in replies)


def test_a_claim_names_the_reference_of_the_account(shop: Shop) -> None:
    account = created(shop)
    assert claim(shop, account, "ref-2").error == BAD_VALUE


def test_the_page_of_a_claim_is_there_for_a_day(shop: Shop) -> None:
    page = claim(shop, created(shop)).headers["location"]
    shop.clock.move(hours=24)
    assert shop.follow(page).error == (403, "InvalidAuthentication")


# Delete, and what is not there --------------------------------------------------------


def test_a_deleted_account_is_gone_with_its_stores(shop: Shop) -> None:
    account = created(shop)
    token, path = token_for(shop, account), f"/merchantAccounts/{account}"
    store = shop.send("POST", f"{path}/stores", STORE, token=token).json["storeId"]
    assert shop.delete(path).status == 202
    assert shop.delete(path).error == NOT_FOUND
    assert update(shop, account, {}, token).error == NOT_FOUND
    assert claim(shop, account).error == NOT_FOUND
    target = f"{path}/stores/{store}"
    assert shop.send("PATCH", target, {}, token=token).error == NOT_FOUND


def test_an_unknown_store_is_not_found(shop: Shop) -> None:
    account = created(shop)
    token = token_for(shop, account)
    target = f"/merchantAccounts/{account}/stores/s"
    assert shop.send("PATCH", target, {}, token=token).error == NOT_FOUND


@pytest.mark.parametrize(
    ("member", "value"), [("storeName", 1), ("allowedOriginDomains", "x")]
)
def test_a_bad_store_is_refused(shop: Shop, member: str, value: object) -> None:
    account = created(shop)
    token = token_for(shop, account)
    path = f"/merchantAccounts/{account}/stores"
    assert shop.send("POST", path, {member: value}, token=token).error == BAD_VALUE
