"""Charge Permissions, charges, refunds, delivery trackers and the shop's till.

From `amazon-pay-api-v2/charge-permission.html`, `charge.html`, `refund.html` and
`delivery-tracker.html` there; for the till, from the official SDKs.
"""

from __future__ import annotations

from .words import (
    ADDRESS,
    BUYER_DETAILS,
    COUNTRY,
    CURRENCY,
    ENVIRONMENT,
    LEDGER_CURRENCY,
    MERCHANT_METADATA,
    MERCHANT_METADATA_SENT,
    NOT_EMPTY,
    PAYMENT_PREFERENCES,
    PERMISSION_TYPE,
    PRICE,
    PRICE_SENT,
    PROVIDER_METADATA,
    PROVIDER_METADATA_SENT,
    RECURRING_METADATA,
    RECURRING_METADATA_SENT,
    SOFT_DESCRIPTOR,
    TIMESTAMP,
    URL,
    Members,
    enum,
    known,
    longest,
)

# --- Charge Permissions -------------------------------------------------------------

UPDATE_CHARGE_PERMISSION: Members = {
    "merchantMetadata": MERCHANT_METADATA_SENT,
    "recurringMetadata": RECURRING_METADATA_SENT,
}

CLOSE_CHARGE_PERMISSION: Members = {
    "closureReason*": longest(255),
    "cancelPendingCharges": "flag",
}

CHARGE_PERMISSION: Members = {
    "chargePermissionId*": "text",
    "chargePermissionReferenceId*?": "text",
    "platformId*?": "text",
    "buyer*?": BUYER_DETAILS,
    "shippingAddress*?": ADDRESS,
    "billingAddress*?": ADDRESS,
    "paymentPreferences*?": PAYMENT_PREFERENCES,
    "statusDetails*": {
        "state*": known("Chargeable NonChargeable Closed"),
        "reasons*?": [
            {
                "reasonCode*": known(
                    "PaymentMethodInvalid PaymentMethodDeleted BillingAddressDeleted"
                    " PaymentMethodExpired PaymentMethodNotAllowed PaymentMethodNotSet"
                    " ChargeInProgress MFAFailed TransactionAmountExceeded"
                    " MerchantClosed BuyerClosed AmazonClosed AmazonCanceled Expired"
                    " MerchantCanceled BuyerCanceled"
                ),
                "reasonDescription*?": "text",
            }
        ],
        "lastUpdatedTimestamp*": TIMESTAMP,
    },
    "creationTimestamp*": TIMESTAMP,
    "expirationTimestamp*?": TIMESTAMP,
    "merchantMetadata*": MERCHANT_METADATA,
    "releaseEnvironment*": ENVIRONMENT,
    "limits*": {"amountLimit*?": PRICE, "amountBalance*?": PRICE},
    "chargePermissionType*": PERMISSION_TYPE,
    "recurringMetadata*?": RECURRING_METADATA,
    "presentmentCurrency*": CURRENCY,
    "paymentMethodOnFileMetadata?": {"setupOnly*?": "flag"},
    "amazonPayToken?": "text",
}

# --- Charges ------------------------------------------------------------------------

_CHARGE_STATES = (
    "AuthorizationInitiated Authorized CaptureInitiated Captured Canceled Declined"
)
_CHARGE_REASONS = (
    "ExpiredUnused AmazonCanceled MerchantCanceled ChargePermissionCanceled"
    " BuyerCanceled SoftDeclined HardDeclined AmazonRejected ProcessingFailure"
    " TransactionTimedOut"
)
_INITIATORS = "CITU MITU CITR MITR"
_CHANNELS = "Web Phone App Alexa PointOfSale FireTv Offline Amazon"

CREATE_CHARGE: Members = {
    "chargePermissionId*": "id",
    "chargeAmount*": PRICE_SENT,
    "captureNow": "flag",
    "softDescriptor": SOFT_DESCRIPTOR,
    "canHandlePendingAuthorization": "flag",
    "chargeInitiator": enum(_INITIATORS),
    "channel": enum(_CHANNELS),
    "merchantMetadata": MERCHANT_METADATA_SENT,
    "providerMetadata": PROVIDER_METADATA_SENT,
    "platformId": "text",
    "webCheckoutDetails": {"checkoutResultReturnUrl": URL},
}

CAPTURE_CHARGE: Members = {
    "captureAmount*": PRICE_SENT,
    "softDescriptor": SOFT_DESCRIPTOR,
}

CANCEL_CHARGE: Members = {"cancellationReason": longest(255)}

UPDATE_CHARGE: Members = {
    "statusDetails*": {
        "state*": enum(_CHARGE_STATES),
        "reasonCode*": enum(_CHARGE_REASONS),
        "reasonDescription": "text",
    }
}

CHARGE: Members = {
    "chargeId*": "text",
    "chargeAmount*": PRICE,
    "chargePermissionId*": "text",
    "captureAmount*?": PRICE,
    "refundedAmount*?": PRICE,
    "softDescriptor*?": "text",
    "providerMetadata*?": PROVIDER_METADATA,
    "convertedAmount*?": PRICE,
    "conversionRate*?": "number or text or whole",
    "channel*?": known(_CHANNELS),
    "chargeInitiator*?": known(_INITIATORS),
    "statusDetails*": {
        "state*": known(_CHARGE_STATES),
        "reasonCode*?": known(_CHARGE_REASONS),
        "reasonDescription*?": "text",
        "lastUpdatedTimestamp*": TIMESTAMP,
    },
    "creationTimestamp*": TIMESTAMP,
    "expirationTimestamp*?": TIMESTAMP,
    "releaseEnvironment*": ENVIRONMENT,
    "merchantMetadata*?": MERCHANT_METADATA,
    "platformId*?": "text",
    "webCheckoutDetails*?": {
        "checkoutResultReturnUrl?": "text",
        "amazonPayRedirectUrl?": "text",
    },
    "disbursementDetails": "anything",
    "paymentMethod": "anything",
}

# --- Refunds ------------------------------------------------------------------------

CREATE_REFUND: Members = {
    "chargeId*": "id",
    "refundAmount*": PRICE_SENT,
    "softDescriptor": SOFT_DESCRIPTOR,
}

REFUND: Members = {
    "refundId*": "text",
    "chargeId*": "text",
    "creationTimestamp*": TIMESTAMP,
    "refundAmount*": PRICE,
    "statusDetails*": {
        "state*": known("RefundInitiated Refunded Declined"),
        "reasonCode*?": known("AmazonRejected ProcessingFailure"),
        "reasonDescription*?": "text",
        "lastUpdatedTimestamp*": TIMESTAMP,
    },
    "softDescriptor*?": "text",
    "releaseEnvironment*": ENVIRONMENT,
    "disbursementDetails": "anything",
}

# --- Delivery trackers --------------------------------------------------------------

# The list of carriers grows, so that a code's form is all that is checked.
CREATE_DELIVERY_TRACKER: Members = {
    "chargePermissionId": "id",
    "amazonOrderReferenceId": "id",
    "deliveryDetails*": [
        NOT_EMPTY,
        {"trackingNumber*": "id", "carrierCode*": "carrier or text /[A-Z0-9_]+/"},
    ],
}

DELIVERY_TRACKER: Members = {
    "amazonOrderReferenceId*?": "text",
    "chargePermissionId*?": "text",
    "deliveryDetails*": [{"trackingNumber*": "text", "carrierCode*": "text"}],
}

CARRIERS_IN_THE_LIST = 508
SOME_CARRIERS = [
    "AAA_COOPER",
    "AMZN",
    "AN_POST",
    "APC_OVERNIGHT_CONNUM",
    "CHRONOPOST_FRANCE",
    "COLISSIMO",
    "DEUTSCH_POST",
    "DHL",
    "DHL_DE",
    "DPD",
    "DPD_UK",
    "EX_007",
    "FEDEX",
    "GLS",
    "GLS_ITALY",
    "HERMES_DE",
    "JAPAN_POST",
    "K1_EXPRESS",
    "LION_360",
    "NINJAVAN_PHILIPPINES",
    "POSTE_ITALIANE",
    "POSTNL_3S",
    "PX_4",
    "SAGAWA",
    "SEINO",
    "TAQBIN_JP",
    "TNT",
    "UK_MAIL",
    "UPS",
    "UPS_MI",
    "USPS",
    "USPS_WEBHOOK",
    "YODEL",
    "ZYLLEM",
]

# --- The shop's till ----------------------------------------------------------------

_TILL_METADATA: Members = {
    "merchantNote": "text",
    "customInformation": "text",
    "communicationContext": {"merchantStoreName": "text", "merchantOrderId": "text"},
}
_TILL_STATUS: Members = {"state*": known("Completed Pending Declined")}

MERCHANT_SCAN: Members = {
    "scanData*": "id",
    "scanReferenceId*": "id",
    "merchantCOE*": COUNTRY,
    "ledgerCurrency*": LEDGER_CURRENCY,
    "chargeTotal": PRICE_SENT,
    "storeLocation": {"countryCode": COUNTRY},
    "metadata": _TILL_METADATA,
}

MERCHANT_SCANNED: Members = {"chargePermissionId*": "text"}

TILL_CHARGE: Members = {
    "chargePermissionId*": "id",
    "chargeReferenceId*": "id",
    "chargeTotal*": PRICE_SENT,
    "softDescriptor": SOFT_DESCRIPTOR,
    "metadata": _TILL_METADATA,
}

TILL_CHARGED: Members = {"chargeId*": "text", "chargeStatus*": _TILL_STATUS}

TILL_REFUND: Members = {
    "chargeId*": "id",
    "refundReferenceId*": "id",
    "refundTotal*": PRICE_SENT,
    "softDescriptor": SOFT_DESCRIPTOR,
    "metadata": _TILL_METADATA,
}

TILL_REFUNDED: Members = {"refundId*": "text", "refundStatus*": _TILL_STATUS}
