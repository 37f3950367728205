"""The order of members in answers, as recorded, or asserted by official test suites.

From `amazon-pay-api-v2/checkout-session.html` and its neighbours, and from the live
suite of the official Node.js SDK 2.3.3.
"""

from __future__ import annotations

CHECKOUT_SESSION = [
    "checkoutSessionId",
    "webCheckoutDetails",
    "productType",
    "paymentDetails",
    "chargePermissionType",
    "orderType",
    "recurringMetadata",
    "paymentMethodOnFileMetadata",
    "merchantDetails",
    "merchantMetadata",
    "supplementaryData",
    "buyer",
    "billingAddress",
    "paymentPreferences",
    "statusDetails",
    "shippingAddress",
    "platformId",
    "chargePermissionId",
    "chargeId",
    "constraints",
    "creationTimestamp",
    "expirationTimestamp",
    "storeId",
    "providerMetadata",
    "releaseEnvironment",
    "checkoutButtonText",
    "deliverySpecifications",
    "tokens",
]

WEB_CHECKOUT_DETAILS = [
    "checkoutReviewReturnUrl",
    "checkoutResultReturnUrl",
    "amazonPayRedirectUrl",
    "checkoutCancelUrl",
]

PAYMENT_DETAILS = [
    "paymentIntent",
    "canHandlePendingAuthorization",
    "chargeAmount",
    "totalOrderAmount",
    "softDescriptor",
    "presentmentCurrency",
    "allowOvercharge",
    "extendExpiration",
]

# What the recorded answer to Complete keeps; all else is null.
COMPLETED = {
    "checkoutSessionId",
    "statusDetails",
    "chargePermissionId",
    "chargeId",
    "creationTimestamp",
}

CHARGE_PERMISSION = [
    "chargePermissionId",
    "chargePermissionReferenceId",
    "platformId",
    "buyer",
    "shippingAddress",
    "billingAddress",
    "paymentPreferences",
    "statusDetails",
    "creationTimestamp",
    "expirationTimestamp",
    "merchantMetadata",
    "releaseEnvironment",
    "limits",
    "chargePermissionType",
    "recurringMetadata",
    "presentmentCurrency",
]

CHARGE = [
    "chargeId",
    "chargeAmount",
    "chargePermissionId",
    "captureAmount",
    "refundedAmount",
    "softDescriptor",
    "providerMetadata",
    "convertedAmount",
    "conversionRate",
    "channel",
    "chargeInitiator",
    "statusDetails",
    "creationTimestamp",
    "expirationTimestamp",
    "releaseEnvironment",
    "merchantMetadata",
    "platformId",
    "webCheckoutDetails",
]

REFUND = [
    "refundId",
    "chargeId",
    "creationTimestamp",
    "refundAmount",
    "statusDetails",
    "softDescriptor",
    "releaseEnvironment",
]

STATUS_DETAILS = ["state", "reasonCode", "reasonDescription", "lastUpdatedTimestamp"]

BUYER_DETAILS = ["name", "email", "buyerId", "primeMembershipTypes", "phoneNumber"]

BUYER = [
    "buyerId",
    "name",
    "email",
    "postalCode",
    "countryCode",
    "phoneNumber",
    "shippingAddress",
    "billingAddress",
    "primeMembershipTypes",
]

ADDRESS = [
    "name",
    "addressLine1",
    "addressLine2",
    "addressLine3",
    "city",
    "county",
    "district",
    "stateOrRegion",
    "postalCode",
    "countryCode",
    "phoneNumber",
]

MERCHANT_METADATA = [
    "merchantReferenceId",
    "merchantStoreName",
    "noteToBuyer",
    "customInformation",
]
