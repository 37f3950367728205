"""How each guess is decided that needs no buyer: one function each, by its id."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Final, TypeAlias

from .asker import Answer, Asker, Undecided, new_key

_SANDBOX_REPORT: Final = "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_SANDBOX_SETTLEMENT_DATA_"
_OTHER_REPORT: Final = "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_REFUND_DATA_"
_AGES: Final = (300, 900, 3600, 86400, 604800)
_NO_SUCH: Final = "S01-0000000-0000000"


@dataclass
class Scene:
    """What the probes share: an account, its store and its currency."""

    asker: Asker
    store_id: str
    currency: str

    def price(self, amount: str) -> dict[str, str]:
        """Return a price; in yen a hundred times the number."""
        if self.currency == "JPY":
            amount = str(round(float(amount) * 100))
        return {"amount": amount, "currencyCode": self.currency}

    def session_body(
        self,
        payment: dict[str, Any] | None = None,
        **members: Any,  # noqa: ANN401 - members of the body
    ) -> dict[str, Any]:
        """Return the body of a session that a buyer could review."""
        details = {
            "paymentIntent": "Authorize",
            "chargeAmount": self.price("10.00"),
            **(payment or {}),
        }
        return {
            "webCheckoutDetails": {
                "checkoutReviewReturnUrl": "https://localhost/review",
                "checkoutResultReturnUrl": "https://localhost/result",
            },
            "storeId": self.store_id,
            "paymentDetails": details,
            **members,
        }

    def create(self, body: dict[str, Any], **how: Any) -> Answer:  # noqa: ANN401 - those of `Asker.ask`
        """Create a Checkout Session, if the sandbox accepts the usual one.

        Raises:
            Undecided: it does not, for example because of the store: then no answer
                says anything about what is unusual.
        """
        _ = self.session
        return self.asker.post("/checkoutSessions", body, **how)

    @cached_property
    def session(self) -> Answer:
        """The answer that has created a session.

        Raises:
            Undecided: it was refused.
        """
        answer = self.asker.post("/checkoutSessions", self.session_body())
        if not answer.ok:
            raise Undecided(
                f"no Checkout Session can be created: {answer.text}; check --store-id"
                " and --currency"
            )
        return answer

    @cached_property
    def at_once(self) -> Answer:
        """The answer to a session of `ProcessOrder`."""
        body = self.session_body(
            webCheckoutDetails={
                "checkoutMode": "ProcessOrder",
                "checkoutResultReturnUrl": "https://localhost/result",
            }
        )
        return self.create(body)


Probe: TypeAlias = Callable[[Scene], str]
PROBES: Final[dict[str, Probe]] = {}


def decides(guess: str) -> Callable[[Probe], Probe]:
    """Enter a function into the table."""

    def enter(probe: Probe) -> Probe:
        PROBES[guess] = probe
        return probe

    return enter


# Requests -----------------------------------------------------------------------------


_OTHER_HEADERS: Final = (
    *("accept", "content-type", "x-amz-pay-host", "x-amz-pay-region"),
)


@decides("other-headers")
def _other_headers(scene: Scene) -> str:
    needed: list[str] = []
    for name in _OTHER_HEADERS:
        answer = scene.asker.get("/checkoutSessions/0", without=name)
        if answer.reason in {"MissingHeader", "MissingHeaderValue"}:
            needed.append(name)
        elif answer.reason != "ResourceNotFound":
            raise Undecided(f"a call without {name} is answered by {answer.text}")
    return ",".join(needed) or "none"


@decides("unknown-algorithm")
def _unknown_algorithm(scene: Scene) -> str:
    return scene.asker.get("/checkoutSessions/0", algorithm="AMZN-PAY-NONE").text


@decides("old-date")
def _old_date(scene: Scene) -> str:
    for seconds in _AGES:
        age = timedelta(seconds=seconds + 1)
        answer = scene.asker.get("/checkoutSessions/0", age=age)
        if answer.reason == "InvalidHeaderValue":
            return str(seconds)
        if answer.reason != "ResourceNotFound":
            raise Undecided(f"an old date is answered by {answer.text}")
    return "never"


@decides("missing-key")
def _missing_key(scene: Scene) -> str:
    return scene.create(scene.session_body(), key=None).text


@decides("malformed-key")
def _malformed_key(scene: Scene) -> str:
    return scene.create(scene.session_body(), key="x" * 33).text


@decides("stored-answers")
def _stored_answers(scene: Scene) -> str:
    key = new_key()
    refused = scene.create(scene.session_body(storeId="nonsense"), key=key)
    if refused.ok:
        raise Undecided("a wrong store id is not refused")
    again = scene.create(scene.session_body(), key=key)
    if again.ok:
        return "2xx"
    if again.reason == "DuplicateIdempotencyKey":
        return "2xx+4xx"
    raise Undecided(f"the same key with another body is answered by {again.text}")


@decides("key-scope")
def _key_scope(scene: Scene) -> str:
    key = new_key()
    if not scene.create(scene.session_body(), key=key).ok:
        raise Undecided("no Checkout Session can be created")
    body = {"chargePermissionId": _NO_SUCH, "chargeAmount": scene.price("1.00")}
    other = scene.asker.post("/charges", body, key=key)
    if other.reason == "DuplicateIdempotencyKey":
        return "account"
    if other.reason in {"ResourceNotFound", "InvalidParameterValue"}:
        return "operation"
    raise Undecided(f"the same key of another operation is answered by {other.text}")


@decides("code-on-reads")
def _code_on_reads(scene: Scene) -> str:
    path = f"/checkoutSessions/{scene.session.body.get('checkoutSessionId')}"
    return scene.asker.get(path, code="SoftDeclined").text


@decides("unknown-query-member")
def _unknown_query_member(scene: Scene) -> str:
    return scene.asker.get("/reports", "conformance=1").text


@decides("last-page-token")
def _last_page_token(scene: Scene) -> str:
    answer = scene.asker.get("/reports", "pageSize=100")
    if not answer.ok:
        raise Undecided(f"reports cannot be listed: {answer.text}")
    if answer.body.get("nextToken"):
        raise Undecided("the account has more reports than a page")
    return "null" if "nextToken" in answer.body else "absent"


@decides("tokens-in-sandbox")
def _tokens_in_sandbox(scene: Scene) -> str:
    token = f"amzn.mws.{'0' * 8}-0000-0000-0000-{'0' * 12}"
    path = f"/authorizationTokens/{token}"
    answer = scene.asker.get(path, "merchantId=A1CONFORMANCE")
    if answer.ok:
        raise Undecided("a made-up token was accepted")
    return answer.text


@decides("page-size")
def _page_size(scene: Scene) -> str:
    end = scene.asker.now()
    times = [f"{one:%Y%m%dT%H%M%SZ}" for one in (end - timedelta(days=1), end)]
    query = f"endTime={times[1]}&pageSize=101&startTime={times[0]}"
    return scene.asker.get("/disbursements", query).text


def _report(scene: Scene, kind: str, days: tuple[int, ...]) -> str:
    now = scene.asker.now()
    names = ("startTime", "endTime")
    times = {
        name: f"{now - timedelta(days=before):%Y%m%dT%H%M%SZ}"
        for name, before in zip(names, days, strict=False)
    }
    return scene.asker.post("/reports", {"reportType": kind, **times}).text


@decides("report-without-times")
def _report_without_times(scene: Scene) -> str:
    return _report(scene, _SANDBOX_REPORT, ())


@decides("report-times-reversed")
def _report_times_reversed(scene: Scene) -> str:
    return _report(scene, _SANDBOX_REPORT, (1, 2))


@decides("other-report")
def _other_report(scene: Scene) -> str:
    return _report(scene, _OTHER_REPORT, (2, 1))


@decides("tracker-without-id")
def _tracker_without_id(scene: Scene) -> str:
    body = {"deliveryDetails": [{"trackingNumber": new_key(), "carrierCode": "UPS"}]}
    answer = scene.asker.post("/deliveryTrackers", body)
    if answer.ok:
        raise Undecided("a tracker without an id was accepted")
    return answer.text


# Sessions -----------------------------------------------------------------------------


def _session(guess: str, **payment: Any) -> None:  # noqa: ANN401 - members of the body
    """Enter a guess about a member of `paymentDetails`; prices are amounts alone."""

    def probe(scene: Scene) -> str:
        details = {
            name: scene.price(value) if name.endswith("Amount") else value
            for name, value in payment.items()
        }
        return scene.create(scene.session_body(details)).text

    PROBES[guess] = probe


_session(
    "pending-with-capture",
    paymentIntent="AuthorizeWithCapture",
    canHandlePendingAuthorization=True,
)
_session("session-descriptor", softDescriptor="CONFORMANCE")
_session("charge-above-total", totalOrderAmount="5.00")


@decides("foreign-currency")
def _foreign_currency(scene: Scene) -> str:
    if scene.asker.endpoint.region.code == "eu":
        raise Undecided("accounts in the EU and UK may take several currencies")
    amount = {"amount": "10.00", "currencyCode": "EUR"}
    return scene.create(scene.session_body({"chargeAmount": amount})).text


@decides("long-amount")
def _long_amount(scene: Scene) -> str:
    digits = "1" + "0" * 15
    amount = {
        "amount": digits if scene.currency == "JPY" else f"{digits}.00",
        "currencyCode": scene.currency,
    }
    answer = scene.create(scene.session_body({"chargeAmount": amount}))
    if answer.ok:
        raise Undecided("an amount of 16 digits was accepted")
    return answer.text


@decides("checkout-mode")
def _checkout_mode(scene: Scene) -> str:
    return scene.at_once.text


def _needs_checkout_mode(scene: Scene) -> None:
    if not scene.at_once.ok:
        raise Undecided(f"no session of ProcessOrder: {scene.at_once.text}")


@decides("process-order-review")
def _process_order_review(scene: Scene) -> str:
    _needs_checkout_mode(scene)
    body = scene.session_body()
    body["webCheckoutDetails"]["checkoutMode"] = "ProcessOrder"
    return scene.create(body).text


@decides("process-order-bare")
def _process_order_bare(scene: Scene) -> str:
    _needs_checkout_mode(scene)
    body = scene.session_body(
        webCheckoutDetails={
            "checkoutMode": "ProcessOrder",
            "checkoutResultReturnUrl": "https://localhost/result",
        }
    )
    del body["paymentDetails"]
    return scene.create(body).text


@decides("process-order-update")
def _process_order_update(scene: Scene) -> str:
    _needs_checkout_mode(scene)
    path = f"/checkoutSessions/{scene.at_once.body.get('checkoutSessionId')}"
    web = {"checkoutReviewReturnUrl": "https://localhost/review"}
    return scene.asker.patch(path, {"webCheckoutDetails": web}).text


@decides("frequency-text")
def _frequency_text(scene: Scene) -> str:
    answer = scene.create(scene.session_body(chargePermissionType="Recurring"))
    if not answer.ok:
        raise Undecided(f"no recurring session: {answer.text}")
    with contextlib.suppress(TypeError, KeyError, AttributeError):
        for one in answer.body.get("constraints") or ():
            if one["constraintId"] == "RecurringFrequencyNotSet":
                return str(one["description"])
    raise Undecided("the session has no constraint RecurringFrequencyNotSet")


@decides("address-list")
def _address_list(scene: Scene) -> str:
    if "shippingAddressList" not in scene.session.body:
        return "absent"
    if scene.session.body["shippingAddressList"] is None:
        return "null"
    raise Undecided("the session has a list of addresses")


@decides("address-prices")
def _address_prices(scene: Scene) -> str:
    part = {"addressId": "amzn1.address.CONFORMANCE", "price": scene.price("1.00")}
    body = scene.session_body(multiAddressesCheckoutMetadata=[part])
    return scene.create(body).text


@decides("wallet-without-type")
def _wallet_without_type(scene: Scene) -> str:
    return scene.create(scene.session_body(chargePermissionId=_NO_SUCH)).text


@decides("wallet-unknown")
def _wallet_unknown(scene: Scene) -> str:
    body = scene.session_body(
        chargePermissionId=_NO_SUCH,
        chargePermissionType="PaymentMethodOnFile",
        paymentMethodOnFileMetadata={"setupOnly": False},
    )
    return scene.create(body).text
