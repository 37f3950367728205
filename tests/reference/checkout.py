"""Checkout Sessions and buyers.

From `amazon-pay-api-v2/checkout-session.html`, `amazon-pay-api-v2/buyer.html`,
`amazon-pay-checkout/set-payment-info.html`,
`amazon-pay-checkout/address-formatting-and-validation.html`,
`amazon-pay-buy-now-checkout/verify-and-complete-checkout.html`,
`mobile-app/sample-post-payload.html`.
"""

from __future__ import annotations

from .words import (
    ADDRESS,
    BUYER_DETAILS,
    COUNTRY,
    CURRENCY,
    ENVIRONMENT,
    MERCHANT_METADATA,
    MERCHANT_METADATA_SENT,
    PAYMENT_PREFERENCES,
    PERMISSION_TYPE,
    PERMISSION_TYPE_SENT,
    PRESENTMENT_CURRENCY,
    PRICE,
    PRICE_SENT,
    PRIME,
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

_INTENTS = "Confirm Authorize AuthorizeWithCapture"

CREATE_CHECKOUT_SESSION: Members = {
    "webCheckoutDetails*": {
        "checkoutReviewReturnUrl": URL,
        "checkoutResultReturnUrl": URL,
        "checkoutCancelUrl": URL,
        "checkoutErrorUrl": URL,
        "checkoutMode": enum("ProcessOrder"),
    },
    "storeId*": "id",
    "scopes": [
        enum(
            "name email phoneNumber billingAddress"
            " postalCode shippingAddress primeStatus"
        )
    ],
    "chargePermissionType": PERMISSION_TYPE_SENT,
    "recurringMetadata": RECURRING_METADATA_SENT,
    "paymentMethodOnFileMetadata": {"setupOnly*": "flag"},
    "chargePermissionId": "id",
    "deliverySpecifications": {
        "specialRestrictions": [enum("RestrictPOBoxes RestrictPackstations")],
        "addressRestrictions": {
            "type*": enum("Allowed NotAllowed"),
            "restrictions*": {
                f"<{COUNTRY}>": {"statesOrRegions": ["text"], "zipCodes": ["text"]}
            },
        },
    },
    "addressDetails": {
        "name*": longest(50),
        "addressLine1*": longest(180),
        "addressLine2?": longest(60),
        "addressLine3": longest(60),
        "city": longest(50),
        "districtOrCounty?": longest(50),
        "stateOrRegion": longest(50),
        "postalCode*": longest(20),
        "countryCode*": longest(3),
        "phoneNumber*": longest(20),
    },
    "paymentDetails": {
        "paymentIntent": enum(_INTENTS),
        "canHandlePendingAuthorization": "flag",
        "chargeAmount": PRICE_SENT,
        "totalOrderAmount": PRICE_SENT,
        "presentmentCurrency": PRESENTMENT_CURRENCY,
        "softDescriptor": SOFT_DESCRIPTOR,
        "allowOvercharge": "flag",
        "extendExpiration": "flag",
    },
    "merchantMetadata": MERCHANT_METADATA_SENT,
    "multiAddressesCheckoutMetadata": [{"addressId*": "id", "price*": PRICE_SENT}],
    "platformId": "text",
    "providerMetadata": PROVIDER_METADATA_SENT,
    "supplementaryData": "text",
    "channelType": enum("MOBILE_SDK"),
}

# presentmentCurrency in an update is an error; allowOvercharge and extendExpiration
# belong to creation, and checkoutMode to the button.
UPDATE_CHECKOUT_SESSION: Members = {
    "webCheckoutDetails": {
        "checkoutReviewReturnUrl": URL,
        "checkoutResultReturnUrl": URL,
        "checkoutCancelUrl": URL,
    },
    "chargePermissionType": PERMISSION_TYPE_SENT,
    "recurringMetadata": RECURRING_METADATA_SENT,
    "paymentDetails": {
        "paymentIntent": enum(_INTENTS),
        "canHandlePendingAuthorization": "flag",
        "chargeAmount": PRICE_SENT,
        "totalOrderAmount": PRICE_SENT,
        "softDescriptor": SOFT_DESCRIPTOR,
    },
    "merchantMetadata": MERCHANT_METADATA_SENT,
    "multiAddressesCheckoutMetadata": [{"addressId*": "id", "price*": PRICE_SENT}],
    "platformId": "text",
    "providerMetadata": PROVIDER_METADATA_SENT,
    "supplementaryData": "text",
}

# A setup-only saved wallet is completed by `{}`.
COMPLETE_CHECKOUT_SESSION: Members = {
    "chargeAmount": PRICE_SENT,
    "totalOrderAmount": PRICE_SENT,
}

_SUPPLIED_ADDRESS: Members = {
    "name?": longest(50),
    "addressLine1?": longest(180),
    "addressLine2?": longest(60),
    "addressLine3?": longest(60),
    "city?": longest(50),
    "county?": longest(50),
    "district?": longest(50),
    "stateOrRegion?": longest(50),
    "postalCode?": longest(20),
    "countryCode?": longest(3),
    "phoneNumber?": longest(20),
}

FINALIZE_CHECKOUT_SESSION: Members = {
    "shippingAddress?": _SUPPLIED_ADDRESS,
    "billingAddress?": _SUPPLIED_ADDRESS,
    "chargeAmount*": PRICE_SENT,
    "totalOrderAmount": PRICE_SENT,
    "paymentIntent*": enum(_INTENTS),
    "canHandlePendingAuthorization": "flag",
    "supplementaryData": "text",
}

# Ids, state and creation time alone survive in the recorded answer to Complete.
CHECKOUT_SESSION: Members = {
    "checkoutSessionId*": "text",
    "webCheckoutDetails*?": {
        "checkoutReviewReturnUrl*?": "text",
        "checkoutResultReturnUrl*?": "text",
        "amazonPayRedirectUrl*?": "text",
        "checkoutCancelUrl*?": "text",
        "checkoutMode?": "text",
        "authorizeResultReturnUrl?": "text",
        "signInReturnUrl?": "text",
        "signInCancelUrl?": "text",
        "checkoutErrorUrl?": "text",
        "signInErrorUrl?": "text",
        "amazonPayDeclineUrl?": "text",
    },
    "productType*?": known("PayAndShip PayOnly PayAndShipMultiAddress"),
    "paymentDetails*?": {
        "paymentIntent*?": known(_INTENTS),
        "canHandlePendingAuthorization*?": "flag",
        "chargeAmount*?": PRICE,
        "totalOrderAmount*?": PRICE,
        "softDescriptor*?": "text",
        "presentmentCurrency*?": CURRENCY,
        "allowOvercharge*?": "flag",
        "extendExpiration*?": "flag",
        "estimateOrderTotal?": PRICE,
    },
    "chargePermissionType*?": PERMISSION_TYPE,
    "recurringMetadata*?": RECURRING_METADATA,
    "merchantMetadata*?": MERCHANT_METADATA,
    "supplementaryData*?": "text",
    "buyer*?": BUYER_DETAILS,
    "billingAddress*?": ADDRESS,
    "paymentPreferences*?": PAYMENT_PREFERENCES,
    "statusDetails*": {
        "state*": known("Open Completed Canceled"),
        "reasonCode*?": known("BuyerCanceled Expired AmazonCanceled Declined"),
        "reasonDescription*?": "text",
        "lastUpdatedTimestamp*": TIMESTAMP,
    },
    "shippingAddress*?": ADDRESS,
    "platformId*?": "text",
    "chargePermissionId*?": "text",
    "chargeId*?": "text",
    "constraints*?": [
        {
            "constraintId*": known(
                "BuyerNotAssociated ChargeAmountNotSet CheckoutResultReturnUrlNotSet"
                " PaymentIntentNotSet RecurringFrequencyNotSet"
            ),
            "description*": "text",
        }
    ],
    "creationTimestamp*": TIMESTAMP,
    "expirationTimestamp*?": TIMESTAMP,
    "storeId*?": "text",
    "providerMetadata*?": PROVIDER_METADATA,
    "releaseEnvironment*?": ENVIRONMENT,
    "checkoutButtonText*?": "text",
    "deliverySpecifications*?": {"<text>": "anything"},
    # Newer than the recorded answers.
    "orderType?": "text",
    "paymentMethodOnFileMetadata?": {"setupOnly*?": "flag"},
    "merchantDetails": "anything",
    "tokens": "anything",
    "cartDetails": "anything",
    "paymentProcessingMetaData": "anything",
    "processorSpecifications": "anything",
    "disbursementDetails": "anything",
    "channelType?": "text",
    # Of sessions with several addresses.
    "shippingAddressList?": [{**ADDRESS, "addressId*": "text"}],
    "multiAddressesCheckoutMetadata?": [{"addressId*": "text", "price*": PRICE}],
}

BUYER: Members = {
    "buyerId*": "text",
    "name*?": "text",
    "email*?": "text",
    "postalCode*?": "text",
    "countryCode*?": "text",
    "phoneNumber*?": "text",
    "shippingAddress*?": ADDRESS,
    "billingAddress*?": ADDRESS,
    "primeMembershipTypes*?": [PRIME],
}
