"""The Delivery Tracker: lets Alexa tell the buyer where the parcel is.

Amazon's pages: `amazon-pay-api-v2/delivery-tracker.html`,
`amazon-pay-checkout/setting-up-delivery-notifications.html`.
"""

from __future__ import annotations

from typing import Annotated, Required, TypeAlias

from typing_extensions import TypedDict

from .._core.call import Body
from .._core.operation import operation
from ..response import Response
from ._carrier_codes import KnownCarrierCode
from ._common import Id
from ._constraints import MinLen, Pattern

CarrierCode: TypeAlias = KnownCarrierCode | Annotated[str, Pattern("[A-Z0-9_]+")]
"""A known code, or one that Amazon has added since; another case is unconfirmed."""


class DeliveryDetailsInput(TypedDict, closed=True):
    """One parcel: its tracking number, and the code of its carrier."""

    trackingNumber: Id
    """The carrier's number of the parcel; Amazon takes each number only once."""
    carrierCode: CarrierCode


class CreateDeliveryTracker(TypedDict, total=False, closed=True):
    """The parcels of an order.

    Exactly one of `chargePermissionId` and `amazonOrderReferenceId` is given. That a
    recurring order is named by its charge's id without the `-C…` suffix, as
    `amazonOrderReferenceId`, is unconfirmed.
    """

    chargePermissionId: Id
    amazonOrderReferenceId: Id
    deliveryDetails: Required[Annotated[list[DeliveryDetailsInput], MinLen(1)]]


class DeliveryDetails(TypedDict):
    """One parcel, as Amazon has recorded it."""

    trackingNumber: str
    carrierCode: str


class DeliveryTracker(TypedDict):
    """The parcels of an order; the id that was not given is null."""

    amazonOrderReferenceId: str | None
    chargePermissionId: str | None
    deliveryDetails: list[DeliveryDetails]


class DeliveryTrackers:
    """The operation on Delivery Trackers."""

    @operation(
        "POST",
        "/deliveryTrackers",
        repeat="once",
        answers=(200,),
        page="amazon-pay-api-v2/delivery-tracker.html",
    )
    def create_delivery_tracker(
        self,
        body: CreateDeliveryTracker | Body,
        *,
        idempotency_key: str | None = None,
    ) -> Response[DeliveryTracker]:
        """Create a Delivery Tracker, so that Alexa announces the parcel.

        No money moves and no state changes; the buyer is notified of the delivery. A
        tracking number works only once, so the client does not repeat this call after a
        part of it has left.

        Errors: 400 `InvalidParameterValue` for an unknown carrier, or none or both of
        the ids; 404 `ResourceNotFound`.
        """
        ...
