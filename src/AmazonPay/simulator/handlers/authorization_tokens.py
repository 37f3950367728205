"""Authorization Tokens: `amazon-pay-checkout/delegated-authorization.html`."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ...resources.authorization_tokens import AuthorizationTokens
from ..observed import refuse
from ..wire.api_call import json_result
from ..wire.errors import APIRefusal, invalid_value
from .registry import handles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..engine.context import Context
    from ..engine.store import Record
    from ..merchants import Merchant
    from ..wire.api_call import APICall, Result

KIND: Final = "authorizationToken"
_MWS_TOKEN: Final = "mwsAuthToken"  # noqa: S105 - the name of a kind

# UNCONFIRMED: how long a token lives; the token itself says so.
_LIFE = timedelta(hours=1)


def delegate(context: Context, merchant_id: str) -> str:
    """Let the caller's account act for a merchant; return the MWS token for it."""
    token: Record = {"id": f"amzn.mws.{context.ids.uuid()}", "merchant": merchant_id}
    context.for_owner(context.account).save(_MWS_TOKEN, token)
    context.add_story_row("merchant", None, did="delegated", merchant=merchant_id)
    return str(token["id"])


def issue(context: Context, merchant_id: str) -> str:
    """Create a token with which the caller's account acts for a merchant."""
    token = _web_token(
        context,
        {
            "iss": "AmazonPay simulator",
            "aud": context.account,
            "sub": merchant_id,
            "jti": context.ids.uuid(),
            "iat": int(context.now.timestamp()),
            "exp": int((context.now + _LIFE).timestamp()),
        },
    )
    record: Record = {"id": token, "merchant": merchant_id}
    context.for_owner(context.account).save_until(_LIFE, KIND, record)
    return token


def _web_token(context: Context, claims: dict[str, Any]) -> str:
    """Return a JSON Web Token, signed with a key that is thrown away.

    Tokens are looked up, so that nobody verifies the signature. The form is Amazon's;
    the claims are the simulator's own.
    """

    def encoded(data: bytes) -> str:
        return urlsafe_b64encode(data).rstrip(b"=").decode()

    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    key = context.ids.secret().encode()
    return f"{text}.{encoded(hmac.digest(key, text.encode(), hashlib.sha256))}"


def act_for_merchant(
    context: Context, call: APICall, merchants: Iterable[Merchant]
) -> APICall:
    """Return the call on behalf of the merchant whose token it has.

    Objects and idempotency keys belong to that merchant then.
    """
    token = context.for_owner(context.account).find(KIND, str(call.auth_token))
    if token is None:
        raise APIRefusal(
            "InvalidAuthorizationToken", "The token is unknown, or has run out"
        )
    account = token["merchant"]
    known = [one for one in merchants if one.merchant_id == account]
    merchant = known[0] if known else replace(call.merchant, merchant_id=account)
    return replace(call, merchant=merchant, delegate=call.merchant.merchant_id)


@handles(AuthorizationTokens.get_authorization_token)
def get_authorization_token(context: Context, call: APICall) -> Result:
    """Answer Get Authorization Token, which works with a live key only."""
    if context.environment != "live":
        # UNCONFIRMED: the code; that sandbox has no tokens is documented.
        refuse(
            "tokens-in-sandbox",
            APIRefusal("UnsupportedOperation", "Authorization Tokens are live only"),
        )
    mws_token = call.ids["mws_auth_token"]
    if re.fullmatch(r"amzn\.mws\.[0-9a-f-]{36}", mws_token) is None:
        raise invalid_value("The MWS token has another form")
    token = context.for_owner(context.account).find(_MWS_TOKEN, mws_token)
    merchant = call.query["merchantId"]
    if token is None or token["merchant"] != merchant:
        raise APIRefusal("UnauthorizedAccess", "The merchant has not allowed it")
    return json_result(200, {"authorizationToken": issue(context, merchant)})
