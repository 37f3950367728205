"""The Dispute: a buyer's chargeback, and the merchant's answer to it.

A merchant has 11 days to contest a chargeback, 7 for an A-to-z claim.

Amazon's pages: `amazon-pay-api-v2/dispute.html`,
`amazon-pay-checkout/manage-disputes.html`.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, Required, TypeAlias

from typing_extensions import TypedDict

from .._core.call import Body
from .._core.operation import operation
from ..response import Response
from ._common import Id, Price, PriceInput, ReleaseEnvironment
from ._constraints import Ge, MinLen

# --- Values -----------------------------------------------------------------------

KnownFilingReason: TypeAlias = Literal[
    "ProductNotReceived",
    "ProductUnacceptable",
    "ProductNoLongerNeeded",
    "CreditNotProcessed",
    "Overcharged",
    "DuplicateCharge",
    "SubscriptionCancelled",
    "Unrecognized",
    "Fraudulent",
    "Other",
]
FilingReason: TypeAlias = KnownFilingReason | str

KnownDisputeState: TypeAlias = Literal[
    "ActionRequired", "UnderReview", "Resolved", "Closed"
]
DisputeState: TypeAlias = KnownDisputeState | str

KnownDisputeReason: TypeAlias = Literal[
    "MerchantResponseRequired",
    "MerchantAdditionalEvidencesRequired",
    "BuyerAdditionalEvidencesRequired",
    "MerchantAcceptedDispute",
    "MerchantResponseDeadlineExpired",
    "BuyerCancelled",
    "InvestigatorResolved",
    "AutoResolved",
    "ChargebackFiled",
]
DisputeReason: TypeAlias = KnownDisputeReason | str
"""Note the double l, unlike a charge's `BuyerCanceled`."""

KnownResolution: TypeAlias = Literal["BuyerWon", "MerchantWon", "NoFault"]
Resolution: TypeAlias = KnownResolution | str

EvidenceType: TypeAlias = Literal[
    "ProductDescription",
    "Receipt",
    "CancellationPolicy",
    "CustomerSignature",
    "TrackingNumber",
    "CarrierName",
    "DeviceId",
    "DeviceName",
    "DownloadDateTime",
    "Other",
]

EpochTime: TypeAlias = Annotated[int, Ge(0)]
"""Since 1970 in UTC. Seconds in most samples, milliseconds in one: unconfirmed."""

AnsweredTime: TypeAlias = str | int | None
"""A time whose form in answers is unconfirmed."""


# --- Requests ---------------------------------------------------------------------


class DisputeProviderMetadata(TypedDict, closed=True):
    """The payment service provider's own id of the dispute."""

    providerDisputeId: Id


class CreateDisputeStatusDetails(TypedDict, total=False, closed=True):
    """The state of a new dispute, in which somebody has to act."""

    state: Required[Literal["ActionRequired"]]
    reasonCode: KnownDisputeReason
    reasonDescription: str


class CreateDispute(TypedDict, closed=True):
    """A chargeback that was reported to a payment service provider.

    One official sample says `creationTimestamp` for `filingTimestamp`: unconfirmed.
    """

    chargeId: Id
    providerMetadata: DisputeProviderMetadata
    disputeAmount: PriceInput
    filingReason: KnownFilingReason
    filingTimestamp: EpochTime
    statusDetails: CreateDisputeStatusDetails
    merchantResponseDeadline: EpochTime


class UpdateDisputeStatusDetails(TypedDict, total=False, closed=True):
    """The end of a dispute.

    A merchant who accepts it sends `Resolved`, `BuyerWon`, `MerchantAcceptedDispute`.
    """

    state: Required[KnownDisputeState]
    resolution: Required[KnownResolution]
    reasonCode: KnownDisputeReason
    reasonDescription: str


class UpdateDispute(TypedDict, total=False, closed=True):
    """Changes of a dispute."""

    statusDetails: UpdateDisputeStatusDetails
    closureTimestamp: EpochTime


class MerchantEvidenceInput(TypedDict, total=False, closed=True):
    """One piece of evidence: a file, a text, or both."""

    evidenceType: Required[EvidenceType]
    fileId: Id
    """`file_…`, from `upload_file`."""
    evidenceText: str


class ContestDispute(TypedDict, closed=True):
    """The merchant's evidence against the buyer's claim."""

    merchantEvidences: Annotated[list[MerchantEvidenceInput], MinLen(1)]


# --- The answer -------------------------------------------------------------------


class DisputeStatusDetails(TypedDict):
    """The dispute's state; the resolution is null until there is one."""

    state: DisputeState
    reasonCode: DisputeReason | None
    reasonDescription: str | None
    resolution: Resolution | None
    lastUpdatedTimestamp: AnsweredTime


class MerchantEvidence(TypedDict):
    """One piece of evidence; the file or the text may be null."""

    evidenceType: EvidenceType | str
    fileId: NotRequired[str | None]
    evidenceText: NotRequired[str | None]


class ProviderDispute(TypedDict):
    """The payment service provider's own id of the dispute."""

    providerDisputeId: str | None


class Dispute(TypedDict):
    """A chargeback.

    The form of its times is unconfirmed: text or epoch number.
    """

    disputeId: str
    """`P01-0000000-0000000-B000000`."""
    chargeId: str
    disputeType: Literal["Chargeback"] | str
    disputeAmount: Price
    filingReason: FilingReason
    resolutionAuthority: str | None
    statusDetails: DisputeStatusDetails
    merchantResponseDeadline: AnsweredTime
    """When the buyer wins if the merchant has not responded."""
    releaseEnvironment: ReleaseEnvironment
    merchantEvidences: NotRequired[list[MerchantEvidence] | None]
    creationTimestamp: NotRequired[AnsweredTime]
    filingTimestamp: NotRequired[AnsweredTime]
    providerMetadata: NotRequired[ProviderDispute | None]
    closureTimestamp: NotRequired[AnsweredTime]


# --- Operations -------------------------------------------------------------------


class Disputes:
    """The operations on Disputes."""

    @operation(
        "POST",
        "/disputes",
        repeat="key",
        answers=(200,),
        page="amazon-pay-api-v2/dispute.html",
    )
    def create_dispute(
        self, body: CreateDispute | Body, *, idempotency_key: str | None = None
    ) -> Response[Dispute]:
        """Create a Dispute for a chargeback; its first state is `ActionRequired`.

        This call moves no money. Only payment service providers may make it.

        Errors: 400 `InvalidParameterValue`, `MissingParameterValue`,
        `DuplicateIdempotencyKey`; 404 `ResourceNotFound`. Others are unconfirmed.
        """
        ...

    @operation(
        "GET",
        "/disputes/{dispute_id}",
        repeat="read",
        answers=(200,),
        page="amazon-pay-api-v2/dispute.html",
    )
    def get_dispute(self, dispute_id: str) -> Response[Dispute]:
        """Get a Dispute: its state, deadline and resolution; nothing changes.

        Errors: 404 `ResourceNotFound`.
        """
        ...

    @operation(
        "PATCH",
        "/disputes/{dispute_id}",
        repeat="state",
        answers=(200,),
        page="amazon-pay-api-v2/dispute.html",
    )
    def update_dispute(
        self, dispute_id: str, body: UpdateDispute | Body
    ) -> Response[Dispute]:
        """Update a Dispute, such as to accept it: the buyer then keeps the money.

        Errors: 404 `ResourceNotFound`; 422 in the wrong state, its code is
        unconfirmed.
        """
        ...

    @operation(
        "POST",
        "/disputes/{dispute_id}/contest",
        repeat="key",
        answers=(200,),
        page="amazon-pay-api-v2/dispute.html",
    )
    def contest_dispute(
        self,
        dispute_id: str,
        body: ContestDispute | Body,
        *,
        idempotency_key: str | None = None,
    ) -> Response[Dispute]:
        """Contest a Dispute with evidence; it becomes `UnderReview` (unconfirmed).

        Evidence cannot be changed later. The investigator decides by it who gets the
        money. After a lost answer, repeat with the same key.

        Errors: 400 `InvalidParameterValue`; 404 `ResourceNotFound`; 422 in the wrong
        state, its code is unconfirmed.
        """
        ...
