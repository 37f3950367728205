"""Bodies: what is no JSON, what is unknown, missing or of a wrong value."""

from __future__ import annotations

from typing import Any

import pytest

from simulated import Shop

NO_JSON = (400, "InvalidRequestFormat")
BAD_VALUE = (400, "InvalidParameterValue")
MISSING = (400, "MissingParameterValue")
STORE = "amzn1.application-oa2-client.0123"
UNKNOWN = (400, "UnrecognizedField")


def created(shop: Shop, **members: object) -> Any:
    return shop.post("/checkoutSessions", {**shop.session_body(), **members})


def with_amount(amount: bytes, currency: bytes = b"USD") -> bytes:
    """Write a session's body with an amount that no JSON library would write."""
    return (
        b'{"webCheckoutDetails":{"checkoutReviewReturnUrl":"https://shop.example"},'
        b'"storeId":"amzn1.application-oa2-client.0123","paymentDetails":{"chargeAmount":'
        b'{"amount":%s,"currencyCode":"%s"}}}' % (amount, currency)
    )


# JSON ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\0",
        b" ",
        b"[]",
        b"null",
        b"1",
        b'"text"',
        b"{'storeId':1}",
        b'{"a":1}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'\xef\xbb\xbf{"storeId":"s"}',
        b'{"storeId":"\xff"}',
        '{"storeId":"s"}'.encode("utf-16"),
        b'{"storeId":' + b"1" * 5000 + b"}",
        b'{"storeId":1e99999999999999999999}',
        b'{"storeId":"\\ud800"}',
        b'{"scopes":["\\udfff"]}',
        b'{"\\ud800":1}',
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_object_of_sound_text_is_refused(body: bytes) -> None:
    assert Shop().post("/checkoutSessions", body).error == NO_JSON


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_body_that_is_no_json_is_refused_by_every_method(method: str) -> None:
    paths = {"GET": "/charges/x", "PATCH": "/charges/x", "DELETE": "/charges/x/cancel"}
    assert Shop().send(method, paths[method], b"{").error == NO_JSON


def test_a_pair_of_surrogates_is_one_character(shop: Shop) -> None:
    reply = created(shop, merchantMetadata={"noteToBuyer": "\N{PARTY POPPER}"})
    assert reply.json["merchantMetadata"]["noteToBuyer"] == "\N{PARTY POPPER}"


def test_an_empty_body_is_an_empty_object() -> None:
    assert Shop().post("/checkoutSessions", b"").error == MISSING


# Members ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        (
            "/checkoutSessions",
            {"storeId": STORE, "webCheckoutDetails": {}},
            "webCheckoutDetails.checkoutReviewReturnUrl",
        ),
        ("/checkoutSessions", {"webCheckoutDetails": {}}, "storeId"),
        ("/charges", {"chargeAmount": {}}, "chargePermissionId"),
        (
            "/charges",
            {"chargePermissionId": "S", "chargeAmount": {"amount": "1"}},
            "chargeAmount.currencyCode",
        ),
        ("/charges/C/capture", {}, "captureAmount"),
        ("/refunds", {"chargeId": "C"}, "refundAmount"),
        ("/deliveryTrackers", {"chargePermissionId": "S"}, "deliveryDetails"),
        (
            "/deliveryTrackers",
            {"deliveryDetails": [{"carrierCode": "UPS"}]},
            "deliveryDetails.trackingNumber",
        ),
        (
            "/checkoutSessions/x/finalize",
            {"chargeAmount": {"amount": "1", "currencyCode": "USD"}},
            "paymentIntent",
        ),
    ],
)
def test_a_mandatory_member_is_named_when_it_is_missing(
    path: str, body: object, named: str
) -> None:
    reply = Shop().post(path, body)
    assert reply.error == MISSING
    assert f"'{named}'" in reply.json["message"]


@pytest.mark.parametrize(
    ("member", "value", "named"),
    [
        ("checkoutMode", "ProcessOrder", "checkoutMode"),
        ("webCheckoutDetail", {}, "webCheckoutDetail"),
        ("productType", "PayOnly", "productType"),
        ("merchantMetadata", {"note": "x"}, "merchantMetadata.note"),
        ("paymentDetails", {"estimateOrderTotal": {}}, "paymentDetails."),
    ],
)
def test_an_unknown_member_is_named_in_amazons_words(
    member: str, value: object, named: str
) -> None:
    reply = created(Shop(), **{member: value})
    assert reply.error == UNKNOWN
    assert reply.json["message"].startswith(f"The field '{named}")
    assert reply.json["message"].endswith("is invalid for this API.")


@pytest.mark.parametrize("member", ["presentmentCurrency", "allowOvercharge"])
def test_what_belongs_to_creation_is_unknown_to_an_update(
    shop: Shop, member: str
) -> None:
    body = {"paymentDetails": {member: "USD"}}
    assert shop.patch(f"/checkoutSessions/{shop.open()}", body).error == UNKNOWN


def test_an_unknown_member_is_named_before_a_bad_value() -> None:
    reply = created(Shop(), storeId=1, nonsense=True)
    assert reply.error == UNKNOWN


# Values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "value", "named"),
    [
        ("storeId", "", "storeId"),
        ("storeId", 1, "storeId"),
        ("storeId", None, "storeId"),
        ("scopes", "name", "scopes"),
        ("scopes", ["name", "shoeSize"], "scopes"),
        ("chargePermissionType", "Once", "chargePermissionType"),
        ("chargePermissionType", "onetime", "chargePermissionType"),
        ("paymentMethodOnFileMetadata", {"setupOnly": 1}, "paymentMethodOnFile"),
        ("merchantMetadata", {"merchantReferenceId": "x" * 257}, "merchantMetadata."),
        ("merchantMetadata", {"merchantStoreName": "x" * 51}, "merchantMetadata."),
        ("merchantMetadata", {"noteToBuyer": "x" * 256}, "merchantMetadata."),
        ("merchantMetadata", {"customInformation": "x" * 4097}, "merchantMetadata."),
        ("webCheckoutDetails", {"checkoutReviewReturnUrl": "x" * 513}, "webCheckout"),
        ("webCheckoutDetails", {"checkoutResultReturnUrl": "x" * 513}, "webCheckout"),
        (
            "deliverySpecifications",
            {"specialRestrictions": ["RestrictMoon"]},
            "deliverySpecifications.specialRestrictions",
        ),
        (
            "deliverySpecifications",
            {"addressRestrictions": {"type": "Allowed", "restrictions": {"US": []}}},
            "deliverySpecifications.addressRestrictions.restrictions.US",
        ),
        (
            "recurringMetadata",
            {"frequency": {"unit": "Fortnight", "value": "1"}},
            "recurringMetadata.frequency.unit",
        ),
        (
            "recurringMetadata",
            {"frequency": {"unit": "Month", "value": "one"}},
            "recurringMetadata.frequency.value",
        ),
        (
            "recurringMetadata",
            {"frequency": {"unit": "Month", "value": [1]}},
            "recurringMetadata.frequency.value",
        ),
    ],
)
def test_a_bad_value_is_refused_and_its_member_named(
    member: str, value: object, named: str
) -> None:
    reply = created(Shop(), **{member: value})
    assert reply.error == BAD_VALUE
    assert f"'{named}" in reply.json["message"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("merchantMetadata", {"merchantReferenceId": "x" * 256}),
        ("merchantMetadata", {"merchantStoreName": "店" * 50}),
        ("merchantMetadata", {"noteToBuyer": "x" * 255}),
        ("merchantMetadata", {"customInformation": "x" * 4096}),
        (
            "webCheckoutDetails",
            {"checkoutReviewReturnUrl": "https://a.b/".ljust(512, "x")},
        ),
        ("deliverySpecifications", {"specialRestrictions": []}),
    ],
)
def test_a_value_at_its_limit_is_taken(member: str, value: object) -> None:
    assert created(Shop(), **{member: value}).status == 201


# Amounts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "amount",
    [
        b"0",
        b'"0"',
        b'"0.00"',
        b"-1",
        b'"-1"',
        b"-0.0",
        b'"1.234"',
        b"1.234",
        b'""',
        b'" 1"',
        b'"1,00"',
        b'"1e2"',
        b'"+1"',
        b'".5"',
        b'"1."',
        '"\N{ARABIC-INDIC DIGIT ONE}"'.encode(),
        b"null",
        b"true",
        b"[]",
        b"[1]",
        b"{}",
        b"1e400",
        b"1e999999",
        b"1e-999999",
        b"0e999999",
        b"9" * 40,
        b"9" * 4000,
        b'"' + b"9" * 40 + b'"',
    ],
)
def test_what_is_no_amount_is_refused(amount: bytes) -> None:
    reply = Shop().post("/checkoutSessions", with_amount(amount))
    assert reply.error == BAD_VALUE


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (b"1", "1.00"),
        (b"1.4", "1.40"),
        (b'"1.40"', "1.40"),
        (b'"0001"', "1.00"),
        (b"1e2", "100.00"),
        (b"1.50000000000000000000000", "1.50"),
        (b'"0.01"', "0.01"),
        (b'"150000"', "150000.00"),
    ],
)
def test_an_amount_comes_back_as_text_with_two_decimals(
    amount: bytes, shown: str
) -> None:
    reply = Shop().post("/checkoutSessions", with_amount(amount))
    assert reply.json["paymentDetails"]["chargeAmount"]["amount"] == shown


def test_yen_take_no_fraction_and_the_refusal_names_value_and_member() -> None:
    reply = Shop("jp").post("/checkoutSessions", with_amount(b"64615.90", b"JPY"))
    assert reply.error == BAD_VALUE
    assert reply.json["message"] == (
        "The value '64615.90' provided for 'chargeAmount.Amount' is invalid"
    )


@pytest.mark.parametrize("amount", [b"500", b'"500"', b'"500.00"', b"500.0"])
def test_yen_come_back_without_decimals(amount: bytes) -> None:
    reply = Shop("jp").post("/checkoutSessions", with_amount(amount, b"JPY"))
    assert reply.json["paymentDetails"]["chargeAmount"]["amount"] == "500"


@pytest.mark.parametrize("currency", [b"usd", b"CNY", b"", b"XXX"])
def test_a_currency_that_is_not_taken_is_a_bad_value(currency: bytes) -> None:
    reply = Shop().post("/checkoutSessions", with_amount(b"1", currency))
    assert reply.error == BAD_VALUE
