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

from ..engine.timestamps import format_timestamp
from ..wire.errors import APIRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..engine.context import Context
    from ..engine.store import Record
    from ..merchants import Merchant
    from ..wire.api_call import APICall, Result

KIND: Final = "authorizationToken"
_MWS_TOKEN: Final = "mwsAuthToken"  # noqa: S105 - the name of a kind

_LIFE = timedelta(hours=1)  # unconfirmed: Amazon says it in the token


def delegate(context: Context, merchant_id: str) -> str:
    """Let a merchant allow the caller's account to act for him; gives his MWS token."""
    record: Record = {"id": f"amzn.mws.{context.ids.uuid()}", "merchant": merchant_id}
    context.transaction.save(context.account, _MWS_TOKEN, record)
    context.add_history("merchant", None, did="delegated", merchant=merchant_id)
    return str(record["id"])


def issue(context: Context, merchant_id: str) -> str:
    """Make a token with which the caller's account acts for a merchant for an hour."""
    end = context.now + _LIFE
    token = _web_token(
        context,
        {
            "iss": "AmazonPay simulator",
            "aud": context.account,
            "sub": merchant_id,
            "jti": context.ids.uuid(),
            "iat": int(context.now.timestamp()),
            "exp": int(end.timestamp()),
        },
    )
    record: Record = {"id": token, "merchant": merchant_id}
    context.transaction.save(context.account, KIND, record)
    context.transaction.schedule(
        format_timestamp(end), context.account, KIND, token, "token runs out"
    )
    return token


def _web_token(context: Context, claims: dict[str, Any]) -> str:
    """Sign a JSON Web Token with a key that is forgotten: it is looked up, not checked.

    Its form is Amazon's; what it says inside is nobody's business but its maker's.
    """

    def encoded(data: bytes) -> str:
        return urlsafe_b64encode(data).rstrip(b"=").decode()

    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    key = context.ids.secret().encode()
    return f"{text}.{encoded(hmac.digest(key, text.encode(), hashlib.sha256))}"


def on_due(context: Context, record: Record, event: str) -> None:
    """Let a token run out."""
    del event
    context.delete(KIND, record["id"])


def act_for_merchant(
    context: Context, call: APICall, merchants: Iterable[Merchant]
) -> APICall:
    """Let a call act for the merchant whose token it bears.

    What is created belongs to the merchant, and so do the idempotency keys.
    """
    token = context.transaction.find(context.account, KIND, str(call.auth_token))
    if token is None:
        raise APIRefusal(
            "InvalidAuthorizationToken", "The token is unknown, or has run out"
        )
    account = token["merchant"]
    known = [one for one in merchants if one.merchant_id == account]
    merchant = known[0] if known else replace(call.merchant, merchant_id=account)
    return replace(call, merchant=merchant)


def get_authorization_token(context: Context, call: APICall) -> Result:
    """Answer Get Authorization Token, which is live only."""
    if context.environment != "live":
        # That sandbox has no answer is documented, the code is unconfirmed.
        raise APIRefusal("UnsupportedOperation", "Authorization Tokens are live only")
    mws_token = call.ids["mws_auth_token"]
    if re.fullmatch(r"amzn\.mws\.[0-9a-f-]{36}", mws_token) is None:
        raise APIRefusal("InvalidParameterValue", "The MWS token has another form")
    record = context.transaction.find(context.account, _MWS_TOKEN, mws_token)
    merchant = call.query["merchantId"]
    if record is None or record["merchant"] != merchant:
        raise APIRefusal("UnauthorizedAccess", "The merchant has not allowed it")
    return 200, {"authorizationToken": issue(context, merchant)}
