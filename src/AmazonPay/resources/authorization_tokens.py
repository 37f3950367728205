"""The Authorization Token, with which a solution provider acts for a merchant.

Amazon's pages: `amazon-pay-checkout/delegated-authorization.html`,
`amazon-pay-registration/token-exchange.html`.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from .._core.operation import operation
from ..response import Response


class AuthorizationToken(TypedDict):
    """A token for the header `x-amz-pay-authtoken` of delegated calls.

    It is a secret: whoever has it can act for the merchant.
    """

    authorizationToken: str
    """A JWT; it expires at its own `exp` (unconfirmed)."""


class AuthorizationTokens:
    """The operation on Authorization Tokens."""

    @operation(
        "GET",
        "/authorizationTokens/{mws_auth_token}",
        repeat="read",
        answers=(200,),
        page="amazon-pay-checkout/delegated-authorization.html",
    )
    def get_authorization_token(
        self, mws_auth_token: str, merchant_id: str
    ) -> Response[AuthorizationToken]:
        """Get a token for delegated calls in exchange for a merchant's MWS token.

        Reads only; live only. Pass the token to `with_options(auth_token=…)`.

        Errors: 400 `InvalidParameterValue`; 401 `UnauthorizedAccess`; 403, among
        others `InvalidAuthorizationToken` on calls with a token that has expired.
        """
        ...
