"""Who is let in: `amazon-pay-api-v2/signing-requests.html`.

The signatures are made by the tests' own code, one of them by another library.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import pss
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from AmazonPay import ConfigurationError
from AmazonPay.simulator import Request, merchant
from keys import KEY, OTHER_KEY
from simulated import KEY_ID, SALTS, Shop, authorization, canonical, reply_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulated import Reply

TARGET = "/v2/charges/S01-0000000-0000000-C000000"
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PUBLIC_PEM = KEY.public_key().public_bytes(
    Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
)

# A request that gets past the door asks for a charge that is not there.
LET_IN = (404, "ResourceNotFound")


def headers_for(shop: Shop, **changes: str | None) -> dict[str, str]:
    """Give the headers of a call; `x_amz_pay_date="…"` changes one, None drops it."""
    headers = {
        "accept": "application/json",
        "content-type": "application/json",
        "x-amz-pay-date": shop.clock.text,
        "x-amz-pay-host": "pay-api.amazon.com",
        "x-amz-pay-region": "na",
    }
    for name, value in changes.items():
        headers.pop(name.replace("_", "-"), None)
        if value is not None:
            headers[name.replace("_", "-")] = value
    return headers


def ask(
    shop: Shop,
    headers: dict[str, str],
    *,
    target: str = TARGET,
    method: str = "GET",
    algorithm: str = "AMZN-PAY-RSASSA-PSS",
    signed: str | None = None,
) -> Reply:
    """Sign all of `headers`, or the names in `signed`, and send."""
    names = signed or ";".join(sorted(headers))
    text = canonical(method, target, headers, names, b"")
    value = authorization(text, names, algorithm=algorithm)
    pairs = (*headers.items(), ("authorization", value))
    return reply_of(shop.simulator.handle(Request(method, target, pairs)))


def with_authorization(shop: Shop, value: str, target: str = TARGET) -> Reply:
    pairs = (*headers_for(shop).items(), ("authorization", value))
    return reply_of(shop.simulator.handle(Request("GET", target, pairs)))


def text_of(shop: Shop, target: str = TARGET) -> tuple[str, str]:
    """Give the text to sign for a GET, and the names of its headers."""
    headers = headers_for(shop)
    names = ";".join(headers)
    return canonical("GET", target, headers, names, b""), names


# Let in -------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", SALTS)
def test_either_algorithm_lets_in(shop: Shop, algorithm: str) -> None:
    assert ask(shop, headers_for(shop), algorithm=algorithm).error == LET_IN


@pytest.mark.parametrize("algorithm", SALTS)
def test_a_signature_of_another_library_lets_in(shop: Shop, algorithm: str) -> None:
    text, names = text_of(shop)
    message = f"{algorithm}\n{sha256(text.encode()).hexdigest()}".encode()
    signer = pss.new(RSA.import_key(PEM), salt_bytes=SALTS[algorithm])
    signature = b64encode(signer.sign(SHA256.new(message))).decode()
    value = f"{algorithm} PublicKeyId={KEY_ID}, SignedHeaders={names}, Signature="
    assert with_authorization(shop, value + signature).error == LET_IN


@pytest.mark.parametrize(
    "date", ["21000115T120000Z", "2100-01-15T12:00:00Z", "20190101T000000Z"]
)
def test_either_form_of_the_date_lets_in_and_none_is_too_old(
    shop: Shop, date: str
) -> None:
    assert ask(shop, headers_for(shop, x_amz_pay_date=date)).error == LET_IN


@pytest.mark.parametrize("region", ["na", "NA", "Na", "us", "US", None])
def test_the_region_is_read_in_any_case_and_may_be_left_out(
    shop: Shop, region: str | None
) -> None:
    assert ask(shop, headers_for(shop, x_amz_pay_region=region)).error == LET_IN


def test_a_merchant_without_a_region_takes_what_a_request_says(shop: Shop) -> None:
    shop.simulator.merchants[KEY_ID] = merchant(KEY_ID, KEY.public_key())
    assert shop.post("/checkoutSessions", shop.session_body()).status == 201
    headers = headers_for(shop, x_amz_pay_region="JP")
    assert ask(shop, headers).error == LET_IN


def test_a_trailing_slash_lets_in(shop: Shop) -> None:
    assert ask(shop, headers_for(shop), target=TARGET + "/").error == LET_IN


@pytest.mark.parametrize(
    "signed",
    [
        "Accept;Content-Type;X-Amz-Pay-Date;x-amz-pay-host;X-AMZ-PAY-REGION",
        "content-type;x-amz-pay-date",
    ],
)
def test_signed_headers_are_read_in_any_case_and_two_are_enough(
    shop: Shop, signed: str
) -> None:
    assert ask(shop, headers_for(shop), signed=signed).error == LET_IN


def test_a_query_is_part_of_the_signature(shop: Shop) -> None:
    headers = headers_for(shop)
    reply = ask(shop, headers, target=f"{TARGET}?b=2&a=1")
    assert reply.error == (400, "InvalidParameterValue")


def test_the_simulation_code_need_not_be_signed(shop: Shop) -> None:
    session = shop.paid()
    reply = shop.complete(session, code="Declined")
    assert reply.error == (422, "CheckoutSessionCanceled")


def test_the_simulation_code_may_be_signed(shop: Shop) -> None:
    body = b'{"chargePermissionId": "S01-0", "chargeAmount":'
    body += b'{"amount": "1", "currencyCode": "USD"}}'
    extra = {
        "x-amz-pay-simulation-code": "HardDeclined",
        "x-amz-pay-idempotency-key": "a",
    }
    request = shop.signed("POST", "/v2/charges", body, extra)
    assert reply_of(shop.simulator.handle(request)).error == LET_IN


@pytest.mark.parametrize("environment", ["sandbox", "live"])
def test_a_key_id_without_prefix_names_the_environment_in_the_path(
    shop: Shop,
    environment: str,
) -> None:
    shop.simulator.merchants["AE5D"] = merchant("AE5D", KEY.public_key())
    target = f"/{environment}{TARGET}"
    value = authorization(*text_of(shop, target), key_id="AE5D")
    assert with_authorization(shop, value, target).error == LET_IN


def test_every_answer_says_who_gave_it(shop: Shop) -> None:
    reply = shop.get("/charges/x")
    assert reply.headers["x-simulator"] == "AmazonPay"
    assert reply.headers["content-type"] == "application/json"
    assert len(reply.headers["x-amz-pay-request-id"]) == 36


def test_an_error_has_a_reason_code_and_a_message_and_nothing_else(shop: Shop) -> None:
    assert list(shop.get("/charges/x").json) == ["reasonCode", "message"]


def test_one_account_cannot_see_what_another_has(shop: Shop) -> None:
    bought = shop.buy()
    shop.simulator.merchants[KEY_ID] = replace(
        shop.simulator.merchants[KEY_ID], merchant_id="A2"
    )
    assert shop.get(f"/charges/{bought.charge}").error == LET_IN


# Refused ------------------------------------------------------------------------------


def test_a_signature_of_another_key_gets_the_servers_string_to_sign(shop: Shop) -> None:
    text, names = text_of(shop)
    reply = with_authorization(shop, authorization(text, names, key=OTHER_KEY))
    digest = sha256(text.encode()).hexdigest()
    assert reply.error == (403, "InvalidRequestSignature")
    assert reply.json["message"] == (
        f"Unable to verify signature, signing String [AMZN-PAY-RSASSA-PSS\n{digest}],"
        " signature does not match"
    )


def with_another_type(request: Request) -> Request:
    headers = {**dict(request.headers), "accept": "text/plain"}
    return replace(request, headers=tuple(headers.items()))


@pytest.mark.parametrize(
    "change",
    [
        lambda request: replace(request, body=b"{ }"),
        lambda request: replace(request, target=TARGET + "1"),
        with_another_type,
    ],
    ids=["body", "path", "header"],
)
def test_what_was_changed_after_it_was_signed_is_refused(
    shop: Shop, change: Callable[[Request], Request]
) -> None:
    changed = change(shop.signed("GET", TARGET, b"{}"))
    reply = reply_of(shop.simulator.handle(changed))
    assert reply.error == (403, "InvalidRequestSignature")


def test_another_algorithm_than_the_signed_one_is_refused(shop: Shop) -> None:
    value = authorization(*text_of(shop))
    renamed = value.replace("AMZN-PAY-RSASSA-PSS ", "AMZN-PAY-RSASSA-PSS-V2 ")
    reply = with_authorization(shop, renamed)
    assert reply.error == (403, "InvalidRequestSignature")


GOOD = f"PublicKeyId={KEY_ID}, SignedHeaders=x-amz-pay-date, Signature=AAAA"


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("", "MissingHeaderValue"),
        ("  ", "MissingHeaderValue"),
        ("Bearer abc", "InvalidHeaderValue"),
        ("AMZN-PAY-RSASSA-PSS", "InvalidHeaderValue"),
        (f"AMZN-PAY-RSASSA-PSS-V3 {GOOD}", "InvalidHeaderValue"),
        (f"AWS4-HMAC-SHA256 {GOOD}", "InvalidHeaderValue"),
        (
            f"AMZN-PAY-RSASSA-PSS {GOOD.replace('AAAA', 'A=A')}",
            "InvalidHeaderValue",
        ),
        (
            f"AMZN-PAY-RSASSA-PSS {GOOD.replace('AAAA', '')}",
            "InvalidHeaderValue",
        ),
        (
            f"AMZN-PAY-RSASSA-PSS {GOOD.replace(KEY_ID, 'SANDBOX-OTHER')}",
            "InvalidHeaderValue",
        ),
        (
            f"AMZN-PAY-RSASSA-PSS {GOOD.replace('x-amz-pay-date', 'accept')}",
            "InvalidHeaderValue",
        ),
        (
            f"AMZN-PAY-RSASSA-PSS {GOOD.replace('-date', '-date;x-absent')}",
            "MissingHeader",
        ),
    ],
)
def test_a_bad_authorization_is_named(value: str, error: str) -> None:
    assert with_authorization(Shop(), value).error == (400, error)


def test_an_absent_authorization_is_named(shop: Shop) -> None:
    request = Request("GET", TARGET, tuple(headers_for(shop).items()))
    reply = reply_of(shop.simulator.handle(request))
    assert reply.error == (400, "MissingHeader")


def test_an_absent_date_is_named(shop: Shop) -> None:
    reply = ask(shop, headers_for(shop, x_amz_pay_date=None))
    assert reply.error == (400, "MissingHeader")


@pytest.mark.parametrize(
    "date",
    [
        "",
        "now",
        "20991301T000000Z",
        "20990231T000000Z",
        "20990101T000000",
        "2099-01-01 00:00:00",
        "Fri, 15 Jan 2100 12:00:00 GMT",
        "\N{ARABIC-INDIC DIGIT TWO}0990101T000000Z",
    ],
)
def test_a_date_of_another_form_is_refused(shop: Shop, date: str) -> None:
    reply = ask(shop, headers_for(shop, x_amz_pay_date=date))
    assert reply.error == (400, "InvalidHeaderValue")


def test_a_date_in_the_future_is_refused_by_its_recorded_text(shop: Shop) -> None:
    date = "21000115T120001Z"
    reply = ask(shop, headers_for(shop, x_amz_pay_date=date))
    assert reply.error == (400, "InvalidHeaderValue")
    assert reply.json["message"] == (
        f"The value {date} provided for x-amz-pay-date should not be in future"
    )


@pytest.mark.parametrize("region", ["eu", "xx", ""])
def test_another_region_than_the_merchants_is_refused(shop: Shop, region: str) -> None:
    reply = ask(shop, headers_for(shop, x_amz_pay_region=region))
    assert reply.error == (400, "InvalidHeaderValue")


def test_a_key_of_the_other_environment_is_refused(shop: Shop) -> None:
    reply = ask(shop, headers_for(shop), target=f"/live{TARGET}")
    assert reply.error == (400, "InvalidHeaderValue")


def test_a_key_id_without_prefix_needs_an_environment_in_the_path(shop: Shop) -> None:
    shop.simulator.merchants["AE5D"] = merchant("AE5D", KEY.public_key())
    reply = with_authorization(shop, authorization(*text_of(shop), key_id="AE5D"))
    assert reply.error == (400, "InvalidHeaderValue")


@pytest.mark.parametrize(
    ("method", "target", "error"),
    [
        ("GET", "/v1/charges/x", (400, "InvalidAPIVersion")),
        ("GET", "/sandbox/v3/charges/x", (400, "InvalidAPIVersion")),
        ("GET", "/", (404, "ResourceNotFound")),
        ("GET", "", (404, "ResourceNotFound")),
        ("GET", "/charges/x", (404, "ResourceNotFound")),
        ("GET", "/staging/v2/charges/x", (404, "ResourceNotFound")),
        ("GET", "/v2", (404, "ResourceNotFound")),
        ("GET", "/v2x/charges/x", (404, "ResourceNotFound")),
        ("GET", "/v2/nothing", (404, "ResourceNotFound")),
        ("GET", "/v2/charges/x/capture/y", (404, "ResourceNotFound")),
        ("PUT", "/v2/charges/x", (405, "RequestNotSupported")),
        ("GET", "/v2/charges", (405, "RequestNotSupported")),
        ("DELETE", "/v2/checkoutSessions/x", (405, "RequestNotSupported")),
        ("POST", "/v2/charges/x/cancel", (405, "RequestNotSupported")),
        ("get", "/v2/charges/x", (405, "RequestNotSupported")),
    ],
)
def test_a_path_or_a_method_that_is_not_there_is_named(
    shop: Shop, method: str, target: str, error: tuple[int, str]
) -> None:
    request = shop.signed(method, target, b"")
    assert reply_of(shop.simulator.handle(request)).error == error


def test_a_refused_request_is_in_the_story_without_an_order(shop: Shop) -> None:
    with_authorization(shop, "Bearer abc")
    (row,) = shop.simulator.story()
    assert (row.kind, row.order, row.facts["status"]) == ("request", None, 400)
    assert row.facts["target"] == TARGET


# Merchants ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", [PUBLIC_PEM, PUBLIC_PEM.decode(), KEY.public_key()])
def test_a_merchant_is_registered_with_a_key_object_or_pem(key: object) -> None:
    shop = Shop()
    shop.simulator.merchants[KEY_ID] = merchant(KEY_ID, key, region="us")  # type: ignore[arg-type] # one of the three
    assert shop.get("/charges/x").error == LET_IN


EC_PEM = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
"""


@pytest.mark.parametrize(
    ("key_id", "key", "options", "message"),
    [
        (KEY_ID, "no PEM", {}, "no public key"),
        (KEY_ID, EC_PEM, {}, "RSA keys only"),
        (KEY_ID, PUBLIC_PEM, {"region": "mars"}, "the region is one of"),
        (KEY_ID, PUBLIC_PEM, {"ledger_currency": "CHF"}, "the ledger currency"),
        (
            KEY_ID,
            PUBLIC_PEM,
            {"region": "us", "ledger_currency": "EUR"},
            "the ledger currency",
        ),
        (KEY_ID, PUBLIC_PEM, {"environment": "test"}, "sandbox or live"),
        (KEY_ID, PUBLIC_PEM, {"environment": "live"}, "the other environment"),
        ("LIVE-A", PUBLIC_PEM, {"environment": "sandbox"}, "the other environment"),
    ],
)
def test_a_merchant_that_cannot_be_is_refused(
    key_id: str, key: str | bytes, options: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        merchant(key_id, key, **options)


@pytest.mark.parametrize(
    ("key_id", "environment", "expected"),
    [
        ("SANDBOX-A", None, {"sandbox"}),
        ("LIVE-A", None, {"live"}),
        ("A", None, {"sandbox", "live"}),
        ("A", "live", {"live"}),
        ("SANDBOX-A", "sandbox", {"sandbox"}),
    ],
)
def test_the_prefix_of_a_key_id_is_its_environment(
    key_id: str, environment: str | None, expected: set[str]
) -> None:
    one = merchant(key_id, PUBLIC_PEM, environment=environment)
    assert one.environments == expected


@pytest.mark.parametrize(
    ("region", "ledger", "asked", "currency"),
    [
        (None, None, "na", "USD"),
        (None, None, "eu", "EUR"),
        ("uk", "GBP", "eu", "GBP"),
        ("jp", None, "jp", "JPY"),
    ],
)
def test_the_ledger_currency_is_the_regions_or_the_named_one(
    region: str | None, ledger: str | None, asked: str, currency: str
) -> None:
    one = merchant("A", PUBLIC_PEM, region=region, ledger_currency=ledger)
    assert one.currency_in(asked) == currency
