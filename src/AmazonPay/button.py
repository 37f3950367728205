"""The checkout button: a signed payload, and the page that posts exactly that."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from ._core.json_body import encode_body, payload_text
from .errors import InvalidRequest, SigningFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Required

    from typing_extensions import TypeAliasType, TypedDict

    from ._button.settings import (
        ButtonColor,
        ButtonProductType,
        CheckoutLanguage,
        Placement,
        Settings,
    )
    from ._core.config import Endpoint
    from ._signing.request_signer import SignerFailed
    from .resources._button_payloads import BuyNowPayload, SignInPayload
    from .resources._common import LedgerCurrency, PriceInput
    from .resources.checkout_sessions import CreateCheckoutSession

    ButtonPayload = TypeAliasType(
        "ButtonPayload",
        CreateCheckoutSession
        | SignInPayload
        | BuyNowPayload
        | Mapping[str, object]
        | str
        | bytes,
    )

    class ButtonOptions(TypedDict, total=False, closed=True):
        """The keyword arguments of `Client.button`."""

        merchant_id: Required[str]
        checkout_session_id: str | None
        create_session_url: str | None
        product_type: ButtonProductType
        placement: Placement
        ledger_currency: LedgerCurrency | None
        checkout_language: CheckoutLanguage | None
        button_color: ButtonColor
        estimated_order_amount: PriceInput | None
        script_url: str | None
        buy_now: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A checkout button, signed; `client.button(…)` makes it.

    `html()`, `config()` and `json()` are made from the same bytes that were signed, so
    the page cannot post another text. Nothing in it is secret, and it does not expire.
    """

    payload: str | None = field(repr=False)
    """The exact text that was signed; None if the server creates the session."""
    signature: str | None
    algorithm: str | None
    public_key_id: str
    merchant_id: str
    script_url: str
    """The address of `checkout.js`: Amazon's for the region, or a simulator's."""
    product_type: str = "PayAndShip"
    placement: str = "Checkout"
    ledger_currency: str = "USD"
    checkout_language: str | None = None
    button_color: str = "Gold"
    estimated_amount: tuple[str, str] | None = None
    """Amount and currency of the estimate, or None."""
    sandbox: bool = False
    checkout_session_id: str | None = None
    create_session_url: str | None = None
    buy_now: bool = False

    def config(self) -> dict[str, Any]:
        """Return the options of `amazon.Pay.renderButton`, as a new dict.

        For `checkout_session_id=` it has the member `checkoutSessionId`, which
        JavaScript turns into a function: `config.createCheckoutSession = () =>
        config.checkoutSessionId`.
        """
        options: dict[str, Any] = {
            "merchantId": self.merchant_id,
            "publicKeyId": self.public_key_id,
            "ledgerCurrency": self.ledger_currency,
            "sandbox": self.sandbox,
            "productType": self.product_type,
            "placement": self.placement,
            "buttonColor": self.button_color,
        }
        if self.checkout_language is not None:
            options["checkoutLanguage"] = self.checkout_language
        if self.estimated_amount is not None:
            amount, currency = self.estimated_amount
            options["estimatedOrderAmount"] = {
                "amount": amount,
                "currencyCode": currency,
            }
        if self.payload is not None:
            name = (
                "signInConfig"
                if self.product_type == "SignIn"
                else "createCheckoutSessionConfig"
            )
            options[name] = {
                "payloadJSON": self.payload,
                "signature": self.signature,
                "publicKeyId": self.public_key_id,
                "algorithm": self.algorithm,
            }
        elif self.create_session_url is not None:
            options["createCheckoutSession"] = {"url": self.create_session_url}
        else:
            options["checkoutSessionId"] = self.checkout_session_id
        return options

    def json(self) -> str:
        """Return `config()` as JSON in ASCII, safe inside a script element.

        It is also safe in an attribute between single quotes; between double quotes,
        let the template escape it.
        """
        from ._button.page import safe_json

        return safe_json(self.config())

    def html(
        self,
        nonce: str | None = None,
        element_id: str = "AmazonPayButton",
        *,
        handlers: str | None = None,
    ) -> str:
        """Return the HTML of the button: its element, `checkout.js`, and the call.

        Args:
            nonce: The nonce of the page's Content-Security-Policy, for both scripts.
            element_id: The id of the element; give each button of a page its own.
            handlers: The name of a global object of the page whose members are added to
                the options: the event handlers that Buy Now needs.

        Raises:
            InvalidRequest: the id, nonce or name cannot stand in a page, or a Buy Now
                button has no handlers.
        """
        from ._button.page import button_html

        if self.buy_now and handlers is None:
            raise InvalidRequest(
                "Buy Now needs event handlers: name the page's object that holds"
                " onInitCheckout, onCompleteCheckout and onCancel as handlers="
            )
        config = self.config()
        config.pop("checkoutSessionId", None)
        return button_html(
            config,
            self.script_url,
            element_id=element_id,
            nonce=nonce,
            session_id=self.checkout_session_id,
            handlers=handlers,
        )


@dataclass(frozen=True, slots=True)
class ButtonDraft:
    """A button that is checked, and lacks its signature."""

    settings: Settings
    public_key_id: str
    payload: bytes | None = field(default=None, repr=False)
    """The bytes to sign, or None."""
    checkout_session_id: str | None = None
    create_session_url: str | None = None

    def finished(self, signature: str | None, algorithm: str) -> Button:
        """Return the button, with its signature if it has a payload."""
        one, signed = self.settings, self.payload is not None
        price = one.estimated_order_amount
        estimate = None if price is None else (price["amount"], price["currencyCode"])
        return Button(
            payload=None if self.payload is None else self.payload.decode(),
            signature=signature,
            algorithm=algorithm if signed else None,
            public_key_id=self.public_key_id,
            merchant_id=one.merchant_id,
            script_url=one.script_url,
            product_type=one.product_type,
            placement=one.placement,
            ledger_currency=one.ledger_currency,
            checkout_language=one.checkout_language,
            button_color=one.button_color,
            estimated_amount=estimate,
            sandbox=one.sandbox,
            checkout_session_id=self.checkout_session_id,
            create_session_url=self.create_session_url,
            buy_now=one.buy_now,
        )


def button_draft(  # noqa: PLR0913 - one parameter for each option of a button
    endpoint: Endpoint,
    public_key_id: str,
    payload: ButtonPayload | None,
    *,
    merchant_id: str,
    checkout_session_id: str | None = None,
    create_session_url: str | None = None,
    product_type: ButtonProductType = "PayAndShip",
    placement: Placement = "Checkout",
    ledger_currency: LedgerCurrency | None = None,
    checkout_language: CheckoutLanguage | None = None,
    button_color: ButtonColor = "Gold",
    estimated_order_amount: PriceInput | None = None,
    script_url: str | None = None,
    buy_now: bool = False,
) -> ButtonDraft:
    """Return a button that is checked but not signed."""
    from ._button.rules import check_payload, is_buy_now
    from ._button.settings import (
        checked_create_url,
        checked_session_id,
        checked_settings,
    )

    given = (payload, checkout_session_id, create_session_url)
    if sum(one is not None for one in given) != 1:
        raise InvalidRequest(
            "give exactly one of payload, checkout_session_id and create_session_url"
        )
    settings = checked_settings(
        endpoint,
        merchant_id=merchant_id,
        product_type=product_type,
        placement=placement,
        ledger_currency=ledger_currency,
        checkout_language=checkout_language,
        button_color=button_color,
        estimated_order_amount=cast("Mapping[str, Any] | None", estimated_order_amount),
        script_url=script_url,
        buy_now=buy_now,
    )
    if payload is None:
        if settings.product_type == "SignIn":
            raise InvalidRequest("a sign-in button needs a payload, and has no session")
        return ButtonDraft(
            settings,
            public_key_id,
            checkout_session_id=(
                None
                if checkout_session_id is None
                else checked_session_id(checkout_session_id)
            ),
            create_session_url=(
                None
                if create_session_url is None
                else checked_create_url(create_session_url, sandbox=settings.sandbox)
            ),
        )
    data = encode_body(payload)
    check_payload(data, settings)
    now = is_buy_now(json.loads(data), settings)
    return ButtonDraft(replace(settings, buy_now=now), public_key_id, data)


def button_payload(payload: Mapping[str, object] | str | bytes) -> bytes:
    """Return the bytes of a payload; a mapping is encoded by `json.dumps`.

    Raises:
        InvalidRequest: it is no JSON object, or holds what no body may hold.
    """
    return payload_text(payload).encode()


def signing_failed(operation: str, failed: SignerFailed) -> SigningFailed:
    """Return the error for a button signature whose signer failed."""
    error = SigningFailed(
        f"{operation}: the signer failed; nothing was sent", operation=operation
    )
    error.__cause__ = failed.__cause__
    return error
