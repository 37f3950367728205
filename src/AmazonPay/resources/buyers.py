"""The buyer who signed in with Amazon, before any checkout.

Amazon's pages: `amazon-pay-api-v2/buyer.html`,
`amazon-pay-checkout/amazon-sign-in.html`.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from .._core.operation import operation
from ..response import Response
from ._common import Address, PrimeMembershipType


class Buyer(TypedDict):
    """The data of a signed-in buyer.

    `buyerId` is always set; the rest is null unless `signInScopes` named its scope.
    """

    buyerId: str
    """`amzn1.account.` and capitals or digits; it is always the same for a buyer."""
    name: str | None
    email: str | None
    postalCode: str | None
    """Of the default address; scope `postalCode` or `shippingAddress`."""
    countryCode: str | None
    """Of the default address; scope `postalCode` or `shippingAddress`."""
    phoneNumber: str | None
    shippingAddress: Address | None
    billingAddress: Address | None
    """It was seen as null although its scope was requested."""
    primeMembershipTypes: list[PrimeMembershipType] | None
    """Null unless Amazon allow-listed the merchant for scope `primeStatus`."""


class Buyers:
    """The operation on buyers."""

    @operation(
        "GET",
        "/buyers/{buyer_token}",
        repeat="read",
        answers=(200,),
        page="amazon-pay-api-v2/buyer.html",
    )
    def get_buyer(self, buyer_token: str) -> Response[Buyer]:
        """Get the buyer for the `buyerToken` that `signInReturnUrl` received.

        Reads only. A token is valid for 24 hours, and only for sign-in: after the start
        of a checkout, read the Checkout Session or the Charge Permission.

        Errors: 404 `ResourceNotFound`; the answer for an expired token is unconfirmed.
        """
        ...
