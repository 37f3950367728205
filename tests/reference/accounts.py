"""Tokens, reports, disbursements, disputes, files, merchant accounts and stores.

From `amazon-pay-checkout/delegated-authorization.html`,
`amazon-pay-api-v2/reports.html`, the pages of `amazon-pay-reports/`,
`amazon-pay-api-v2/dispute.html`, `amazon-pay-api-v2/file.html` and
`amazon-pay-registration/jp-merchant-onboarding-and-account-management-APIs.html`; for
stores, from the official SDKs.
"""

from __future__ import annotations

from .words import (
    COUNTRY,
    CURRENCY,
    ENVIRONMENT,
    LEDGER_CURRENCY,
    NOT_EMPTY,
    PRICE,
    PRICE_SENT,
    TIMESTAMP,
    Members,
    enum,
    known,
)

AUTHORIZATION_TOKEN: Members = {"authorizationToken*": "text"}

# Shapes that no page shows.
UNKNOWN: Members = {"<text>": "anything"}

# --- Reports ------------------------------------------------------------------------


def _flat_file(middle: str) -> str:
    return f"_GET_FLAT_FILE_OFFAMAZONPAYMENTS_{middle}_DATA_"


_SCHEDULED = " ".join(
    map(_flat_file, ["ORDER_REFERENCE", "BILLING_AGREEMENT", "AUTHORIZATION", "REFUND"])
)
_REQUESTED = " ".join(
    [
        _SCHEDULED,
        _flat_file("SANDBOX_SETTLEMENT"),
        "_GET_CSV_CUSTOM_OFFAMAZONPAYMENTS_MULTI_CURRENCY_PAYMENTS_DATA_",
    ]
)
_ALL = " ".join([_REQUESTED, _flat_file("SETTLEMENT"), _flat_file("CAPTURE")])

_FREQUENCIES = (
    "PT5M PT15M PT30M PT1H PT2H PT4H PT8H PT12H PT24H PT84H"
    " P1D P2D P3D P7D P14D P15D P18D P30D"
)

# reports.html: what can be asked for, and what sandbox makes of it.
REQUESTED_REPORTS = _REQUESTED.split()
SCHEDULED_REPORTS = _SCHEDULED.split()
SANDBOX_REPORT = _flat_file("SANDBOX_SETTLEMENT")
NOT_REQUESTED_REPORTS = [_flat_file("SETTLEMENT"), _flat_file("CAPTURE")]
FREQUENCIES = _FREQUENCIES.split()
DAYS_KEPT = 90
SECONDS_OF_A_LINK = 30

CREATE_REPORT: Members = {
    "reportType*": enum(_REQUESTED),
    "startTime*": TIMESTAMP,
    "endTime*": TIMESTAMP,
}

REPORT_CREATED: Members = {"reportId*": "text"}

REPORT: Members = {
    "createdTime*": TIMESTAMP,
    "endTime*": TIMESTAMP,
    "processingEndTime*?": TIMESTAMP,
    "processingStartTime*?": TIMESTAMP,
    "processingStatus*": known("IN_PROGRESS COMPLETED FAILED CANCELLED"),
    "reportDocumentId*?": "text",
    "reportId*": "text",
    "reportType*": known(_ALL),
    "startTime*": TIMESTAMP,
}

REPORTS: Members = {"reports*": [REPORT], "nextToken?": "text"}

REPORT_DOCUMENT: Members = {
    "reportDocumentId*": "text",
    "url*": "text",
    "compressionAlgorithm*": known("N/A"),
}

CREATE_REPORT_SCHEDULE: Members = {
    "reportType*": enum(_SCHEDULED),
    "scheduleFrequency*": enum(_FREQUENCIES),
    "nextReportCreationTime": TIMESTAMP,
    "deleteExistingSchedule": "flag",
}

REPORT_SCHEDULE_CREATED: Members = {"reportScheduleId*": "text"}

REPORT_SCHEDULE: Members = {
    "nextReportCreationTime*?": TIMESTAMP,
    "reportScheduleId*": "text",
    "reportType*": known(_ALL),
    "scheduleFrequency*": known(_FREQUENCIES),
}

REPORT_SCHEDULES: Members = {"reportSchedules*": [REPORT_SCHEDULE]}

# --- Disbursements ------------------------------------------------------------------

DISBURSEMENTS: Members = {
    "disbursements*": [
        {
            "sellerId*": "text",
            "settlementId*": "text",
            "amazonDisbursementReferenceId*": "text",
            "amount*": "text",
            "currencyCode*": CURRENCY,
            "transactionTime*": "text",
        }
    ],
    "nextToken?": "text",
}

# The answer shows these, and each has a form of its own: no price, no usual time.
DISBURSEMENT_AMOUNT = r"[0-9]+(\.[0-9]{2})?"
DISBURSEMENT_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"

# --- Disputes and their files -------------------------------------------------------

_DISPUTE_STATES = "ActionRequired UnderReview Resolved Closed"
_RESOLUTIONS = "BuyerWon MerchantWon NoFault"
_DISPUTE_REASONS = (
    "MerchantResponseRequired MerchantAdditionalEvidencesRequired"
    " BuyerAdditionalEvidencesRequired MerchantAcceptedDispute"
    " MerchantResponseDeadlineExpired BuyerCancelled InvestigatorResolved"
    " AutoResolved ChargebackFiled"
)
_FILING_REASONS = (
    "ProductNotReceived ProductUnacceptable ProductNoLongerNeeded CreditNotProcessed"
    " Overcharged DuplicateCharge SubscriptionCancelled Unrecognized Fraudulent Other"
)
_EVIDENCES = (
    "ProductDescription Receipt CancellationPolicy CustomerSignature TrackingNumber"
    " CarrierName DeviceId DeviceName DownloadDateTime Other"
)
_EPOCH = "whole >=0"
_TIME = "text or whole"

CREATE_DISPUTE: Members = {
    "chargeId*": "id",
    "providerMetadata*": {"providerDisputeId*": "id"},
    "disputeAmount*": PRICE_SENT,
    "filingReason*": enum(_FILING_REASONS),
    "filingTimestamp*": _EPOCH,
    "statusDetails*": {
        "state*": enum("ActionRequired"),
        "reasonCode": enum(_DISPUTE_REASONS),
        "reasonDescription": "text",
    },
    "merchantResponseDeadline*": _EPOCH,
}

UPDATE_DISPUTE: Members = {
    "statusDetails": {
        "state*": enum(_DISPUTE_STATES),
        "resolution*": enum(_RESOLUTIONS),
        "reasonCode": enum(_DISPUTE_REASONS),
        "reasonDescription": "text",
    },
    "closureTimestamp": _EPOCH,
}

CONTEST_DISPUTE: Members = {
    "merchantEvidences*": [
        NOT_EMPTY,
        {"evidenceType*": enum(_EVIDENCES), "fileId": "id", "evidenceText": "text"},
    ]
}

DISPUTE: Members = {
    "disputeId*": "text",
    "chargeId*": "text",
    "disputeType*": known("Chargeback"),
    "disputeAmount*": PRICE,
    "filingReason*": known(_FILING_REASONS),
    "resolutionAuthority*?": "text",
    "statusDetails*": {
        "state*": known(_DISPUTE_STATES),
        "reasonCode*?": known(_DISPUTE_REASONS),
        "reasonDescription*?": "text",
        "resolution*?": known(_RESOLUTIONS),
        "lastUpdatedTimestamp*?": _TIME,
    },
    "merchantResponseDeadline*?": _TIME,
    "releaseEnvironment*": ENVIRONMENT,
    "merchantEvidences?": [
        {"evidenceType*": known(_EVIDENCES), "fileId?": "text", "evidenceText?": "text"}
    ],
    "creationTimestamp?": _TIME,
    "filingTimestamp?": _TIME,
    "providerMetadata?": {"providerDisputeId*?": "text"},
    "closureTimestamp?": _TIME,
}

# dispute.html; the members of an answer in the order in which they are shown there.
DISPUTE_ORDER = (
    "disputeId chargeId disputeType disputeAmount filingReason resolutionAuthority"
    " statusDetails merchantEvidences merchantResponseDeadline creationTimestamp"
    " releaseEnvironment"
)
DISPUTE_STATUS_ORDER = (
    "state reasonCode reasonDescription resolution lastUpdatedTimestamp"
)

# Which updates a state allows, inferred and so unconfirmed: from, to, reason; the
# first reason is the one of an update that gives none.
DISPUTE_UPDATES = [
    ("ActionRequired", "Resolved", "MerchantAcceptedDispute"),
    ("ActionRequired", "Resolved", "MerchantResponseDeadlineExpired"),
    ("ActionRequired", "Resolved", "AutoResolved"),
    ("ActionRequired", "Resolved", "BuyerCancelled"),
    ("UnderReview", "ActionRequired", "MerchantAdditionalEvidencesRequired"),
    ("UnderReview", "Resolved", "InvestigatorResolved"),
    ("UnderReview", "Resolved", "AutoResolved"),
    ("UnderReview", "Resolved", "BuyerCancelled"),
    ("Resolved", "Closed", None),
]
DAYS_TO_RESPOND = 11

_FILE_TYPES = "csv pdf xls xlsx doc docx ods jpg png"

# What the bytes of a file are sent as.
CONTENT_TYPES = {
    "csv": "text/csv",
    "pdf": "application/pdf",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "jpg": "image/jpeg",
    "png": "image/png",
}

UPLOAD_FILE: Members = {"type*": enum(_FILE_TYPES), "purpose*": enum("disputeEvidence")}

FILE: Members = {
    "id*": "text",
    "type*": known(_FILE_TYPES),
    "purpose*": known("disputeEvidence"),
    "size?": "whole",
    "url*": "text",
    "uploadTimestamp*?": "text",
    "urlExpirationTimestamp*": "text",
}

# --- Merchant accounts and stores ---------------------------------------------------

_PHONE: Members = {"countryCode": "text", "number": "text", "extension": "text"}

_WHERE: Members = {
    "addressLine1": "text",
    "addressLine2": "text",
    "city": "text",
    "stateOrRegion": "text",
    "postalCode": "text",
    "countryCode": COUNTRY,
    "phoneNumber": _PHONE,
}

_BUSINESS: Members = {
    "businessType": enum("CORPORATE INDIVIDUAL"),
    "countryOfEstablishment": COUNTRY,
    "businessLegalName": "text",
    "businessAddress": _WHERE,
    "email": "text",
    "businessCategory": "text",
    "businessDisplayName": "text",
    "annualSalesVolume": PRICE_SENT,
    "customerSupportInformation": {
        "customerSupportEmail": "text",
        "customerSupportPhoneNumber": _PHONE,
    },
}

_STORE: Members = {
    "domainUrls*": ["text"],
    "storeName": "text",
    "privacyPolicyUrl": "text",
    "storeStatus": {"state": known("ACTIVE"), "reasonCode?": "text"},
}

UPDATE_MERCHANT_ACCOUNT: Members = {
    "businessInfo": _BUSINESS,
    "primaryContactPerson": {
        "personFullName": "text",
        "residentialAddress": _WHERE,
        "dateOfBirth": "text /[0-9]{8}/",
    },
    "beneficiaryOwners": [
        {"personId": "text", "personFullName": "text", "residentialAddress": _WHERE}
    ],
    "integrationInfo": {"ipnEndpointUrls": ["text"]},
    "stores": [_STORE],
    "defaultStore": _STORE,
    "merchantStatus": {
        "statusProvider": "text",
        "state": "text",
        "reasonCode?": "text",
    },
}

_OPTIONAL_PARTS = {
    name: part
    for name, part in UPDATE_MERCHANT_ACCOUNT.items()
    if name != "businessInfo"
}

CREATE_MERCHANT_ACCOUNT: Members = {
    "uniqueReferenceId*": "id",
    "ledgerCurrency*": LEDGER_CURRENCY,
    "businessInfo*": _BUSINESS,
    **_OPTIONAL_PARTS,
}

MERCHANT_ACCOUNT: Members = {"uniqueReferenceId*": "text", "merchantAccountId*": "text"}

CLAIM_MERCHANT_ACCOUNT: Members = {"uniqueReferenceId*": "id"}

STORE: Members = {
    "allowedOriginDomains": ["text"],
    "allowedRedirectURLs": ["text"],
    "storeName": "text",
    "privacyPolicyUrl": "text",
    "merchantLogoUrl": "text",
}
