"""The checkout button: what is signed is what the page posts, and Amazon takes it."""

from __future__ import annotations

import json
from base64 import b64decode
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from AmazonPay import AsyncClient, Client, InvalidRequest, SigningFailed, explain
from AmazonPay.types import BuyNowPayload, CreateCheckoutSession, SignInPayload
from keys import KEY

if TYPE_CHECKING:
    from AmazonPay.button import Button

MERCHANT = "A3BXB0YN3XH17H"
STORE = "amzn1.application-oa2-client.0123456789abcdef"
REVIEW = "https://shop.example/review"
RESULT = "https://shop.example/result"


@cache
def client(region: str = "us", **options: Any) -> Client:
    return Client(options.pop("key_id", "SANDBOX-A"), KEY, region, **options)


def made(*payload: Any, by: Client | None = None, **options: Any) -> Button:
    return (by or client()).button(*payload, **{"merchant_id": MERCHANT, **options})


def money(amount: Any = "14.00", currency: str = "USD") -> dict[str, Any]:
    return {"amount": amount, "currencyCode": currency}


def express(**members: Any) -> dict[str, Any]:
    web = {"checkoutReviewReturnUrl": REVIEW, "checkoutResultReturnUrl": RESULT}
    return {"webCheckoutDetails": web, "storeId": STORE, **members}


def additional(**members: Any) -> dict[str, Any]:
    """Return the payload of an additional payment button."""
    web = {"checkoutResultReturnUrl": RESULT, "checkoutMode": "ProcessOrder"}
    payment = {"paymentIntent": "Authorize", "chargeAmount": money()}
    address = {
        "name": "A Buyer",
        "addressLine1": "1 Street",
        "city": "Seattle",
        "stateOrRegion": "WA",
        "postalCode": "98101",
        "countryCode": "US",
        "phoneNumber": "0",
    }
    return {
        "webCheckoutDetails": web,
        "storeId": STORE,
        "paymentDetails": payment,
        "addressDetails": address,
        **members,
    }


def cart(**members: Any) -> dict[str, Any]:
    zero = money("0")
    item = {
        "id": "1",
        "title": "A thing",
        "quantity": "2",
        "listPrice": money("7.00"),
        "totalListPrice": money("14.00"),
    }
    option = {
        "id": "standard",
        "price": zero,
        "shippingMethod": {"shippingMethodName": "Standard"},
        "isDefault": True,
    }
    return {
        "totalShippingAmount": zero,
        "totalBaseAmount": money(),
        "totalTaxAmount": zero,
        "totalChargeAmount": money(),
        "lineItems": [item],
        "deliveryOptions": [option],
        **members,
    }


def verify(button: Button, salt: int = 20) -> None:
    """Check a button's signature with code of the test's own."""
    assert button.payload is not None
    assert button.signature is not None
    digest = sha256(button.payload.encode()).hexdigest()
    message = f"{button.algorithm}\n{digest}".encode()
    pss = padding.PSS(padding.MGF1(SHA256()), salt)
    KEY.public_key().verify(b64decode(button.signature), message, pss, SHA256())


# What is signed -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "salt"),
    [("AMZN-PAY-RSASSA-PSS", 20), ("AMZN-PAY-RSASSA-PSS-V2", 32)],
)
def test_the_exact_text_of_a_button_is_signed(algorithm: str, salt: int) -> None:
    button = made(express(), by=client(algorithm=algorithm))
    verify(button, salt)
    assert button.algorithm == algorithm
    assert button.payload == json.dumps(express(), separators=(",", ":"))


@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_text_is_signed_as_it_is(as_bytes: bool) -> None:
    text = json.dumps(express(merchantMetadata={"noteToBuyer": "Größe"}))
    given = text.encode() if as_bytes else text
    button = made(given)
    assert button.payload == text
    verify(button)


def test_a_mapping_is_written_in_utf_8_without_blanks() -> None:
    payload = express(merchantMetadata={"noteToBuyer": "Größe/1 😀\u2028"})
    button = made(payload)
    assert button.payload is not None
    assert "Größe/1 😀\u2028" in button.payload
    assert json.loads(button.payload) == payload


def test_the_configuration_holds_the_signed_text() -> None:
    button = made(express())
    assert button.config() == {
        "merchantId": MERCHANT,
        "publicKeyId": "SANDBOX-A",
        "ledgerCurrency": "USD",
        "sandbox": True,
        "productType": "PayAndShip",
        "placement": "Checkout",
        "buttonColor": "Gold",
        "createCheckoutSessionConfig": {
            "payloadJSON": button.payload,
            "signature": button.signature,
            "publicKeyId": "SANDBOX-A",
            "algorithm": "AMZN-PAY-RSASSA-PSS",
        },
    }
    assert json.loads(button.json()) == button.config()
    assert button.config() is not button.config()


def test_the_signature_is_explained_as_right() -> None:
    button = made(express())
    assert button.payload is not None
    assert button.signature is not None
    explanation = explain.button(
        button.payload, button.signature, public_key=KEY.public_key()
    )
    assert explanation.name == "holds"


def test_a_button_is_frozen_and_shows_no_payload() -> None:
    button = made(additional())
    assert "Seattle" not in repr(button)
    frozen: Any = button
    with pytest.raises(AttributeError):
        frozen.payload = "{}"


# The forms ----------------------------------------------------------------------------


def test_a_sign_in_button_has_its_own_configuration() -> None:
    payload = SignInPayload(
        signInReturnUrl="https://shop.example/in",
        storeId=STORE,
        signInScopes=["name", "email"],
    )
    button = made(payload, product_type="SignIn")
    assert "createCheckoutSessionConfig" not in button.config()
    assert button.config()["signInConfig"]["payloadJSON"] == button.payload
    verify(button)


@pytest.mark.parametrize(
    "payload",
    [
        additional(),
        express(
            chargePermissionType="Recurring",
            recurringMetadata={"frequency": {"unit": "Month", "value": "1"}},
        ),
        {
            "webCheckoutDetails": {"checkoutResultReturnUrl": RESULT},
            "storeId": STORE,
            "chargePermissionType": "PaymentMethodOnFile",
            "paymentMethodOnFileMetadata": {"setupOnly": True},
            "paymentDetails": {"paymentIntent": "Confirm"},
        },
        express(
            chargePermissionType="PaymentMethodOnFile",
            chargePermissionId="B01-1234567-1234567",
            paymentMethodOnFileMetadata={"setupOnly": True},
        ),
        express(merchantMetadata=None, recurringMetadata=None),
        express(merchantMetadata=[]),
        express(channelType="MOBILE_SDK"),
        additional(
            addressDetails={**additional()["addressDetails"], "addressLine2": None}
        ),
        {"storeId": STORE, "cartDetails": cart()},
    ],
)
def test_the_kinds_of_payload_are_taken(payload: dict[str, Any]) -> None:
    verify(made(payload))


def test_a_member_for_the_mobile_sdk_is_taken() -> None:
    payload = express()
    payload["webCheckoutDetails"]["checkoutErrorUrl"] = "https://shop.example/error"
    verify(made(payload))


def test_buy_now_needs_no_urls_and_its_handlers() -> None:
    payload = BuyNowPayload(storeId=STORE)
    with pytest.raises(InvalidRequest, match="webCheckoutDetails is missing"):
        made(payload)
    button = made(payload, buy_now=True)
    verify(button)
    with pytest.raises(InvalidRequest, match="event handlers"):
        button.html()
    assert 'window["shopHandlers"]' in button.html(handlers="shopHandlers")


def test_the_server_may_create_the_session_before() -> None:
    session = "ac47657f-e1eb-4512-8723-c7c5db9241c5"
    button = made(checkout_session_id=session)
    assert (button.payload, button.signature, button.algorithm) == (None, None, None)
    assert button.config()["checkoutSessionId"] == session
    assert f'createCheckoutSession:function(){{return "{session}"}}' in button.html()


@pytest.mark.parametrize("url", ["/pay/create", "https://shop.example/create"])
def test_the_server_may_create_a_session_for_each_click(url: str) -> None:
    button = made(create_session_url=url)
    assert button.config()["createCheckoutSession"] == {"url": url}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"payload": {}, "checkout_session_id": "x"},
        {"checkout_session_id": "x", "create_session_url": "/x"},
    ],
)
def test_exactly_one_form_is_given(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="exactly one"):
        made(**given)


def test_a_sign_in_button_needs_a_payload() -> None:
    with pytest.raises(InvalidRequest, match="sign-in"):
        made(product_type="SignIn", checkout_session_id="x")


# Settings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "script", "ledger"),
    [("us", "na", "USD"), ("uk", "eu", "EUR"), ("jp", "fe", "JPY")],
)
def test_script_and_ledger_are_the_regions(
    region: str, script: str, ledger: str
) -> None:
    button = made(express(), by=client(region))
    assert button.script_url == (
        f"https://static-{script}.payments-amazon.com/checkout.js"
    )
    assert button.ledger_currency == ledger


@pytest.mark.parametrize(
    ("key_id", "endpoint", "script"),
    [
        ("SANDBOX-A", "http://localhost:8421", "http://localhost:8421/checkout.js"),
        ("SANDBOX-A", "https://[::1]:8421", "https://[::1]:8421/checkout.js"),
        ("SANDBOX-A", "https://pay.test", "https://pay.test/checkout.js"),
        (
            "LIVE-A",
            "https://gateway.example",
            "https://static-na.payments-amazon.com/checkout.js",
        ),
        (
            "SANDBOX-A",
            "https://pay-api.amazon.com",
            "https://static-na.payments-amazon.com/checkout.js",
        ),
    ],
)
def test_a_simulator_serves_its_own_script(
    key_id: str, endpoint: str, script: str
) -> None:
    one = client(key_id=key_id, endpoint_url=endpoint)
    assert made(express(), by=one).script_url == script


def test_the_script_of_a_simulator_may_have_another_address_in_a_browser() -> None:
    script = "https://localhost:9443/checkout.js"
    one = client(endpoint_url="https://amazonpay:8421")
    button = one.button(express(), merchant_id=MERCHANT, script_url=script)
    assert button.script_url == script
    assert f'src="{script}"' in button.html()


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)//.js",
        "http://shop.example/checkout.js",
        "https://a@shop.example/checkout.js",
        "https:///checkout.js",
        "https://[/checkout.js",
        "https://shop.example/",
        "/checkout.js",
        "https://shop.example/a b.js",
        "https://shop.example\\x/checkout.js",
        7,
    ],
)
def test_a_script_that_cannot_be_a_simulators_is_refused(url: Any) -> None:
    one = client(endpoint_url="https://amazonpay:8421")
    with pytest.raises(InvalidRequest, match="script_url is https"):
        one.button(express(), merchant_id=MERCHANT, script_url=url)


@pytest.mark.parametrize("key_id", ["SANDBOX-A", "LIVE-A"])
def test_amazons_own_script_is_never_replaced(key_id: str) -> None:
    script = "https://localhost:9443/checkout.js"
    with pytest.raises(InvalidRequest, match="of a simulator only"):
        client(key_id=key_id).button(express(), merchant_id=MERCHANT, script_url=script)


def test_all_settings_stand_in_the_configuration() -> None:
    button = made(
        express(),
        by=client("eu"),
        product_type="PayOnly",
        placement="Cart",
        ledger_currency="GBP",
        checkout_language="en_GB",
        button_color="DarkGray",
        estimated_order_amount={"amount": Decimal("9.90"), "currencyCode": "GBP"},
    )
    config = button.config()
    assert config["checkoutLanguage"] == "en_GB"
    assert config["estimatedOrderAmount"] == {"amount": "9.90", "currencyCode": "GBP"}
    assert (config["productType"], config["placement"]) == ("PayOnly", "Cart")
    assert (config["ledgerCurrency"], config["buttonColor"]) == ("GBP", "DarkGray")


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"merchant_id": ""}, "merchant_id"),
        ({"merchant_id": "a b"}, "merchant_id"),
        ({"merchant_id": None}, "merchant_id"),
        ({"product_type": "Pay"}, "product_type is one of PayAndShip"),
        ({"placement": "Nowhere"}, "placement is one of Home"),
        ({"button_color": "Red"}, "button_color is one of Gold"),
        ({"ledger_currency": "EUR"}, "ledger_currency in region na is USD, not EUR"),
        ({"ledger_currency": "XXX"}, "ledger_currency in region na is USD"),
        ({"checkout_language": "de_DE"}, "checkout_language in region na"),
        ({"estimated_order_amount": money("0")}, "more than 0"),
        ({"estimated_order_amount": money(-1)}, "must be 0 or more"),
        ({"estimated_order_amount": money("1", "EUR")}, "region na has no EUR"),
        ({"estimated_order_amount": money(1.5)}, "estimated_order_amount.amount"),
        ({"estimated_order_amount": {"amount": "1"}}, "currencyCode is missing"),
    ],
)
def test_a_setting_that_the_script_would_refuse_is_refused(
    given: dict[str, Any], match: str
) -> None:
    options: Any = {"merchant_id": MERCHANT, **given}
    with pytest.raises(InvalidRequest, match=match) as caught:
        made(express(), **options)
    assert "amazon-pay-script.html" in str(caught.value)


def test_yen_have_no_decimals_in_an_estimate() -> None:
    with pytest.raises(InvalidRequest, match="JPY has no decimals"):
        made(
            express(),
            by=client("jp"),
            estimated_order_amount={"amount": "1.50", "currencyCode": "JPY"},
        )


def test_an_estimate_belongs_to_a_checkout() -> None:
    with pytest.raises(InvalidRequest, match="not to SignIn"):
        made(
            {"signInReturnUrl": REVIEW, "storeId": STORE},
            product_type="SignIn",
            estimated_order_amount={"amount": "1.50", "currencyCode": "USD"},
        )


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "//evil.example/x",
        "http://shop.example/x",
        "https://a@shop.example/",
        "/a b",
        "\\x",
        "",
        "https://[",
        7,
    ],
)
def test_a_url_that_is_not_the_shops_is_refused(url: Any) -> None:
    with pytest.raises(InvalidRequest, match="create_session_url"):
        made(create_session_url=url)


@pytest.mark.parametrize("session", ["", "a b", '"', "x" * 65, 7])
def test_an_id_that_is_none_is_refused(session: Any) -> None:
    with pytest.raises(InvalidRequest, match="checkout_session_id"):
        made(checkout_session_id=session)


# Payloads that Amazon would refuse ----------------------------------------------------


def web(**urls: Any) -> dict[str, Any]:
    return express(webCheckoutDetails={**express()["webCheckoutDetails"], **urls})


def address(**members: Any) -> dict[str, Any]:
    return additional(addressDetails={**additional()["addressDetails"], **members})


def paying(**members: Any) -> dict[str, Any]:
    return additional(paymentDetails={**additional()["paymentDetails"], **members})


ITEM, OPTION = cart()["lineItems"][0], cart()["deliveryOptions"][0]
NO_REVIEW = express(webCheckoutDetails={"checkoutResultReturnUrl": RESULT})
SETUP = {"setupOnly": True}


def shipping_to(restrictions: dict[str, Any]) -> dict[str, Any]:
    allowed = {"type": "Allowed", "restrictions": restrictions}
    return express(deliverySpecifications={"addressRestrictions": allowed})


def buying(**members: Any) -> dict[str, Any]:
    return {"storeId": STORE, "cartDetails": cart(**members)}


REFUSED: list[tuple[Any, str]] = [
    ("[]", "no object"),
    ("7", "no object"),
    ("{", "not JSON"),
    (b"\xff", "not JSON"),
    ('{"a": 1, "a": 2}', "twice"),
    ('{"storeId": NaN}', "not JSON"),
    (express(note="\ud800"), "surrogate"),
    ('{"storeId": "\\ud800"}', "JSON"),
    (7, "must be a dict"),
    (paying(chargeAmount=money(14.1)), "float"),
    (json.dumps(express(), indent=2), "line breaks"),
    ({}, "webCheckoutDetails is missing"),
    ({"storeId": STORE}, "webCheckoutDetails is missing"),
    ({"webCheckoutDetails": {}}, "storeId is missing"),
    (express(webCheckoutDetails={}), "checkoutReviewReturnUrl is missing"),
    (NO_REVIEW, "checkoutReviewReturnUrl is missing"),
    (express(webCheckoutDetail={}), "webCheckoutDetail is no member"),
    ({**express(), "a b": 1}, "not shown"),
    (express(storeId=7), "storeId must be text"),
    (express(storeId=""), "storeId must not be empty"),
    (express(storeId="amzn1.application.abc"), "application id"),
    (express(scopes=["name", "age"]), "scopes is none of name"),
    (express(scopes="name"), "scopes must be a list"),
    (express(merchantMetadata="x"), "merchantMetadata must be an object"),
    (express(merchantMetadata={"merchantStoreName": "x" * 51}), "more than 50"),
    (web(checkoutReviewReturnUrl="https://shop.example/" + "x" * 500), "more than 512"),
    (web(checkoutReviewReturnUrl="http://shop.example/"), "must begin with https://"),
    (web(checkoutReviewReturnUrl="http://127.0.0.1/"), "http://localhost"),
    (web(checkoutCancelUrl="/cancel"), "absolute URL"),
    (web(checkoutCancelUrl="https://a:b@shop.example"), "without a user"),
    (web(checkoutCancelUrl="https://[x"), "no URL"),
    (web(checkoutCancelUrl="https://shop.example/a b"), "absolute URL"),
    (web(checkoutMode="Pay"), "checkoutMode is none of ProcessOrder"),
    (web(checkoutMode="ProcessOrder"), "exclude each other"),
    (
        additional(webCheckoutDetails={"checkoutMode": "ProcessOrder"}),
        "checkoutResultReturnUrl is missing",
    ),
    (additional(paymentDetails={}), "paymentIntent is missing"),
    (additional(paymentDetails={"paymentIntent": "Confirm"}), "chargeAmount is"),
    (additional(addressDetails=None), "addressDetails is missing"),
    (address(city=None), "addressDetails.city is missing"),
    (address(stateOrRegion=""), "stateOrRegion is missing"),
    (address(countryCode="GB"), "must be left out"),
    (address(countryCode="DE", city=""), "addressDetails.city is missing"),
    (address(countryCode="JP", stateOrRegion=" "), "stateOrRegion is missing"),
    (address(phoneNumber=None), "phoneNumber is missing"),
    (
        paying(
            paymentIntent="AuthorizeWithCapture", canHandlePendingAuthorization=True
        ),
        "canHandlePendingAuthorization",
    ),
    (paying(canHandlePendingAuthorization="no"), "must be true or false"),
    (paying(softDescriptor="x"), "softDescriptor goes with"),
    (paying(chargeAmount=money("0")), "must be more than 0"),
    (paying(chargeAmount=money("150000.01")), "at most 150000 USD"),
    (paying(chargeAmount=money("1.999")), "must have the form"),
    (paying(chargeAmount=money(-1)), "below zero"),
    (paying(chargeAmount=money("1", "EUR")), "takes USD only"),
    (paying(chargeAmount=money("1", "usd")), "currencyCode is none of"),
    (paying(presentmentCurrency="USD"), "EU and UK only"),
    (express(chargePermissionType="Recurring"), "frequency is missing"),
    (
        express(
            chargePermissionType="Recurring",
            recurringMetadata={"frequency": {"unit": "Variable", "value": 1}},
        ),
        "must be 0 with unit Variable",
    ),
    (express(chargePermissionId="B01-1"), "PaymentMethodOnFile only"),
    (express(paymentMethodOnFileMetadata=SETUP), "PaymentMethodOnFile only"),
    (
        express(
            chargePermissionType="PaymentMethodOnFile",
            paymentMethodOnFileMetadata={"setupOnly": True},
            paymentDetails={"paymentIntent": "Authorize"},
        ),
        "must be Confirm",
    ),
    (
        shipping_to({"us": {}}),
        "a name in deliverySpecifications.addressRestrictions.restrictions must have",
    ),
    (
        shipping_to({"US": {"zip": []}}),
        "zip is no member",
    ),
    ({"signInReturnUrl": REVIEW, "storeId": STORE}, "productType SignIn"),
    (buying(totalTaxAmount=None), "totalTaxAmount is missing"),
    (buying(deliveryOptions=[{**OPTION, "isDefault": False}]), "exactly one"),
    (buying(lineItems=[{**ITEM, "quantity": "3"}]), "times quantity"),
    (buying(lineItems=[{**ITEM, "quantity": "3" * 5000}]), "times quantity"),
    (buying(lineItems=[{**ITEM, "gift": money(None)}]), "is no amount"),
    (buying(lineItems=[{**ITEM, "quantity": 2}]), "quantity must be text"),
]


@pytest.mark.parametrize(("payload", "match"), REFUSED)
def test_a_payload_that_amazon_would_refuse_is_refused(
    payload: Any, match: str
) -> None:
    with pytest.raises(InvalidRequest, match=match):
        made(payload)


def test_the_error_names_amazons_page() -> None:
    with pytest.raises(InvalidRequest, match=r"amazon-pay-apb-checkout/.*html"):
        made(additional(paymentDetails={}))


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_live_takes_https_only(scheme: str) -> None:
    payload = web(checkoutReviewReturnUrl=f"{scheme}://localhost:8000/review")
    assert made(payload)
    live = client(key_id="LIVE-A")
    if scheme == "https":
        assert made(payload, by=live).sandbox is False
    else:
        with pytest.raises(InvalidRequest, match="must begin with https:// "):
            made(payload, by=live)


@pytest.mark.parametrize(
    ("amount", "currency", "match"),
    [
        ("100.50", "JPY", "no decimals"),
        ("10000001", "JPY", "at most 10000000 JPY"),
        ("1", "USD", "takes JPY only"),
    ],
)
def test_yen_are_checked(amount: str, currency: str, match: str) -> None:
    payload = paying(chargeAmount=money(amount, currency))
    with pytest.raises(InvalidRequest, match=match):
        made(payload, by=client("jp"), product_type="PayOnly")


def test_europe_takes_every_presentment_currency_but_one_at_a_time() -> None:
    europe = client("eu")
    payload = paying(chargeAmount=money("9", "CHF"), presentmentCurrency="CHF")
    assert made(payload, by=europe, product_type="PayOnly")
    for members in (
        {"presentmentCurrency": "EUR"},
        {"totalOrderAmount": money("9", "EUR")},
    ):
        mixed = paying(chargeAmount=money("9", "CHF"), **members)
        with pytest.raises(InvalidRequest, match="two currencies"):
            made(mixed, by=europe, product_type="PayOnly")


def test_a_sign_in_payload_is_checked_too() -> None:
    for payload, match in (
        ({"storeId": STORE}, "signInReturnUrl is missing"),
        ({"signInReturnUrl": REVIEW}, "storeId is missing"),
        ({"signInReturnUrl": "/in", "storeId": STORE}, "absolute URL"),
        (express(), "another productType"),
        ({"signInReturnUrl": REVIEW, "storeId": STORE, "a": 1}, "no member"),
    ):
        with pytest.raises(InvalidRequest, match=match):
            made(payload, product_type="SignIn")


def test_a_cart_without_delivery_is_for_goods_that_do_not_ship() -> None:
    payload = {"storeId": STORE, "cartDetails": cart()}
    with pytest.raises(InvalidRequest, match="goes with productType PayAndShip"):
        made(payload, product_type="PayOnly")


def test_no_refusal_shows_a_value() -> None:
    payload = additional(storeId=7, merchantMetadata={"noteToBuyer": "C4n4ry"})
    payload["addressDetails"]["name"] = "C4n4ry"
    with pytest.raises(InvalidRequest) as caught:
        made(payload)
    assert "C4n4ry" not in str(caught.value)


def test_a_type_of_the_package_is_a_payload() -> None:
    payload = CreateCheckoutSession(
        webCheckoutDetails={"checkoutReviewReturnUrl": REVIEW}, storeId=STORE
    )
    verify(made(payload))


# The page -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"nonce": '"><script>'},
        {"nonce": ""},
        {"element_id": "a b"},
        {"element_id": '"'},
        {"element_id": ""},
        {"handlers": "a.b"},
        {"handlers": "</script>"},
    ],
)
def test_what_cannot_stand_in_a_page_is_refused(given: dict[str, str]) -> None:
    button = made(express())
    with pytest.raises(InvalidRequest, match=next(iter(given))):
        button.html(**given)


def test_both_scripts_carry_the_nonce() -> None:
    page = made(express()).html(nonce="r4nd0m+/=")
    assert page.count('nonce="r4nd0m+/="') == 2
    assert "nonce" not in made(express()).html()


# Signers ------------------------------------------------------------------------------


async def test_an_awaited_signer_signs_a_button() -> None:
    async def sign(message: bytes) -> bytes:
        pss = padding.PSS(padding.MGF1(SHA256()), 20)
        return KEY.sign(message, pss, SHA256())

    one = AsyncClient("SANDBOX-A", signer=sign, region="us")
    verify(await one.abutton(express(), merchant_id=MERCHANT))
    with pytest.raises(InvalidRequest, match="abutton"):
        one.button(express(), merchant_id=MERCHANT)
    unsigned = await one.abutton(merchant_id=MERCHANT, create_session_url="/x")
    assert unsigned.signature is None
    with pytest.raises(InvalidRequest, match="storeId"):
        await one.abutton({"webCheckoutDetails": {}}, merchant_id=MERCHANT)
    await one.aclose()


async def test_a_signer_that_fails_says_so() -> None:
    def sign(_: bytes) -> bytes:
        raise OSError

    async def asign(_: bytes) -> bytes:
        raise OSError

    blocking = Client("SANDBOX-A", signer=sign, region="us")
    with pytest.raises(SigningFailed, match="button"):
        blocking.button(express(), merchant_id=MERCHANT)

    awaiting = AsyncClient("SANDBOX-A", signer=asign, region="us")
    with pytest.raises(SigningFailed, match="abutton"):
        await awaiting.abutton(express(), merchant_id=MERCHANT)
