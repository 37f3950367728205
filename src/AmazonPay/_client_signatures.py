"""The methods of clients that sign buttons and explain signatures: nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._core.tracebacks import hiding_arguments, hiding_awaited_arguments
from ._signing.request_signer import SignerFailed
from .button import button_draft, button_payload, signing_failed
from .errors import APIError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from typing_extensions import Unpack

    from ._call_life import CallLife
    from .button import Button, ButtonDraft, ButtonOptions, ButtonPayload
    from .explain import Explanation
    from .response import Response


class Signatures:
    """The methods that both clients have; they do not await."""

    _calls: CallLife

    @hiding_arguments
    def generate_button_signature(
        self, payload: Mapping[str, object] | str | bytes
    ) -> str:
        """Return the signature of a checkout button's payload; nothing is sent.

        A dict is signed as `json.dumps(payload)`, so embed exactly that text in the
        page; `button()` makes both from the same bytes. The signature does not expire
        while payload, key and algorithm stay the same. It differs at each call
        nevertheless, because PSS is salted.
        Follows `amazon-pay-checkout/add-the-amazon-pay-button.html`.

        Raises:
            InvalidRequest: the payload is no JSON object, or holds a float amount.
            SigningFailed: the signer failed; its error is the cause.
        """
        signer = self._calls.signer
        if signer.signer_awaits:
            raise InvalidRequest(
                "this signer is awaited: use await agenerate_button_signature(…)"
            )
        try:
            return signer.button_signature(button_payload(payload))
        except SignerFailed as failed:
            raise signing_failed("generate_button_signature", failed) from None

    @hiding_arguments
    def button(
        self, payload: ButtonPayload | None = None, **options: Unpack[ButtonOptions]
    ) -> Button:
        """Return a checkout button, checked and signed; nothing is sent.

        Give exactly one of `payload`, `checkout_session_id` and `create_session_url`.
        A payload is the body of Create Checkout Session, a sign-in payload with
        `product_type="SignIn"`, or one of Buy Now. No money moves until the buyer pays
        on Amazon's page.
        Follows `amazon-pay-checkout/add-the-amazon-pay-button.html` and
        `amazon-pay-checkout/amazon-pay-script.html`.

        Args:
            payload: A mapping, or JSON as text or bytes, which is signed as it is.
            **options: `merchant_id`, the id of the account, is required.
                `checkout_session_id` is a session that your server has created, and
                `create_session_url` your own URL that creates one for each click.
                `product_type` is `PayAndShip` by default, `placement` `Checkout`,
                `button_color` `Gold`, `ledger_currency` the first of the region (USD,
                EUR, JPY; in the UK pass GBP), `checkout_language` the buyer's.
                `estimated_order_amount` is a price that the button may show, and
                `buy_now=True` says that a payload without `cartDetails` is Buy Now's.
                `script_url` is `checkout.js` of a simulator that a browser reaches at
                another address than this client.

        Raises:
            InvalidRequest: Amazon would refuse the button, or the checkout could not
                end; the error names the member, the rule and Amazon's page.
            SigningFailed: the signer failed; its error is the cause.
        """
        signer = self._calls.signer
        draft = self._button_draft(payload, options)
        if draft.payload is None:
            return draft.finished(None, signer.algorithm.name)
        if signer.signer_awaits:
            raise InvalidRequest("this signer is awaited: use await abutton(…)")
        try:
            signature = signer.button_signature(draft.payload)
        except SignerFailed as failed:
            raise signing_failed("button", failed) from None
        return draft.finished(signature, signer.algorithm.name)

    def _button_draft(
        self, payload: ButtonPayload | None, options: ButtonOptions
    ) -> ButtonDraft:
        signer = self._calls.signer
        return button_draft(signer.endpoint, signer.public_key_id, payload, **options)

    @hiding_arguments
    def explain(
        self,
        response: Response[Any] | APIError,
        *,
        public_key: RSAPublicKey | str | bytes | None = None,
    ) -> Explanation:
        """Explain why Amazon refused a signature: 403 `InvalidRequestSignature`.

        It compares the string to sign in Amazon's answer with the request that was
        sent, and opens the signature with the public half of the private key. Nothing
        is sent. A client with a `signer` needs the signer's `public_key` for that;
        without it, only the texts are compared. For requests of other clients, use
        `AmazonPay.explain`.

        Raises:
            InvalidRequest: the response is no refusal of a signature by this process.
        """
        from .explain import of_response

        found = response.response if isinstance(response, APIError) else response
        keys = {
            key_id: one.public_key
            for key_id, one in self._calls.shared.signers.items()
            if one.public_key is not None
        }
        return of_response(found, keys, public_key)


class AsyncSignatures(Signatures):
    """The methods of an awaiting client, for a signer that is async."""

    @hiding_awaited_arguments
    async def agenerate_button_signature(
        self, payload: Mapping[str, object] | str | bytes
    ) -> str:
        """Return the signature of a button's payload, made by an async signer.

        It works like `generate_button_signature`, which needs a signer that blocks.
        Nothing is sent.

        Raises:
            InvalidRequest: the payload is no JSON object, or holds a float amount.
            SigningFailed: the signer failed; its error is the cause.
        """
        try:
            return await self._calls.signer.abutton_signature(
                button_payload(payload), self._calls.options.deadline
            )
        except SignerFailed as failed:
            raise signing_failed("agenerate_button_signature", failed) from None

    @hiding_awaited_arguments
    async def abutton(
        self, payload: ButtonPayload | None = None, **options: Unpack[ButtonOptions]
    ) -> Button:
        """Return a checkout button, signed by an async signer; nothing is sent.

        It works like `button`, which needs a signer that blocks.

        Raises:
            InvalidRequest: Amazon would refuse the button, or the checkout could not
                end.
            SigningFailed: the signer failed or took too long; its error is the cause.
        """
        signer = self._calls.signer
        draft = self._button_draft(payload, options)
        if draft.payload is None:
            return draft.finished(None, signer.algorithm.name)
        try:
            signature = await signer.abutton_signature(
                draft.payload, self._calls.options.deadline
            )
        except SignerFailed as failed:
            raise signing_failed("abutton", failed) from None
        return draft.finished(signature, signer.algorithm.name)
