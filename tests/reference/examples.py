"""Objects as Amazon's pages, recorded answers and the official SDKs show them.

Names, ids and texts are invented; members, their order and their nulls are not.
"""

from __future__ import annotations

_PRICE = {"amount": "14.00", "currencyCode": "USD"}
_YEN = {"amount": "100", "currencyCode": "JPY"}

_ADDRESS = {
    "name": "Susie Smith",
    "addressLine1": "10 Ditka Ave",
    "addressLine2": None,
    "addressLine3": None,
    "city": "Chicago",
    "county": None,
    "district": None,
    "stateOrRegion": "IL",
    "postalCode": "60602",
    "countryCode": "US",
    "phoneNumber": "800-000-0000",
}
_BUYER = {
    "name": "Susie Smith",
    "email": "susie@example.com",
    "buyerId": "amzn1.account.AEXAMPLE",
    "primeMembershipTypes": None,
    "phoneNumber": "800-000-0000",
}
_NO_METADATA = {
    "merchantReferenceId": None,
    "merchantStoreName": None,
    "noteToBuyer": None,
    "customInformation": None,
}
_RESULT = "https://localhost/store/checkout_result"

# --- Bodies of requests, by operation ------------------------------------------------

REQUESTS: list[tuple[str, dict[str, object]]] = [
    (
        "create_delivery_tracker",
        {
            "amazonOrderReferenceId": "P00-0000000-0000000",
            "deliveryDetails": [
                {"carrierCode": "UPS", "trackingNumber": "1Z999AA10123456784"}
            ],
        },
    ),
    (
        "create_checkout_session",
        {
            "webCheckoutDetails": {
                "checkoutReviewReturnUrl": "https://localhost/store/checkout_review",
                "checkoutResultReturnUrl": _RESULT,
            },
            "storeId": "YOUR_STORE_ID",
        },
    ),
    # A button's payload.
    (
        "create_checkout_session",
        {
            "webCheckoutDetails": {
                "checkoutResultReturnUrl": _RESULT,
                "checkoutMode": "ProcessOrder",
            },
            "chargePermissionType": "OneTime",
            "paymentDetails": {"paymentIntent": "Confirm", "chargeAmount": _YEN},
            "storeId": "YOUR_STORE_ID",
        },
    ),
    (
        "create_checkout_session",
        {
            "webCheckoutDetails": {"checkoutReviewReturnUrl": "https://shop.example/r"},
            "storeId": "amzn1.application-oa2-client.0",
            "chargePermissionType": "Recurring",
            "recurringMetadata": {
                "frequency": {"unit": "Month", "value": "1"},
                "amount": {"amount": "30", "currencyCode": "USD"},
            },
            "deliverySpecifications": {
                "specialRestrictions": ["RestrictPOBoxes"],
                "addressRestrictions": {
                    "type": "Allowed",
                    "restrictions": {
                        "US": {"statesOrRegions": ["WA"], "zipCodes": ["95050"]},
                        "GB": {"zipCodes": ["72046"]},
                        "JP": {},
                    },
                },
            },
        },
    ),
    ("update_checkout_session", {"paymentDetails": {"chargeAmount": _YEN}}),
    ("complete_checkout_session", {"chargeAmount": _YEN}),
    ("complete_checkout_session", {}),
    (
        "finalize_checkout_session",
        {
            "shippingAddress": _ADDRESS,
            "billingAddress": None,
            "chargeAmount": _PRICE,
            "totalOrderAmount": _PRICE,
            "paymentIntent": "AuthorizeWithCapture",
            "canHandlePendingAuthorization": False,
        },
    ),
    (
        "update_charge_permission",
        {
            "merchantMetadata": {
                "merchantReferenceId": "00-00-000000-00",
                "merchantStoreName": "Test Store",
                "noteToBuyer": "Some Note to buyer",
                "customInformation": "",
            },
            "recurringMetadata": {
                "frequency": {"unit": "Variable", "value": 0},
                "amount": None,
            },
        },
    ),
    (
        "close_charge_permission",
        {"closureReason": "No more charges required", "cancelPendingCharges": False},
    ),
    (
        "create_charge",
        {
            "chargePermissionId": "S00-0000000-0000000",
            "chargeAmount": _YEN,
            "captureNow": True,
        },
    ),
    ("capture_charge", {"captureAmount": _YEN}),
    ("cancel_charge", {"cancellationReason": "REASON DESCRIPTION"}),
    ("cancel_charge", {}),
    (
        "update_charge",
        {"statusDetails": {"state": "Canceled", "reasonCode": "ExpiredUnused"}},
    ),
    (
        "create_refund",
        {"chargeId": "S00-0000000-0000000-C000000", "refundAmount": _YEN},
    ),
    (
        "instore_merchant_scan",
        {
            "scanData": "UKhrmatMeKdlfY6b",
            "scanReferenceId": "0b8fb271-2ae2-49a5-b35d890",
            "merchantCOE": "US",
            "ledgerCurrency": "USD",
            "chargeTotal": {"currencyCode": "USD", "amount": "2.00"},
            "metadata": {
                "merchantNote": "Merchant Name",
                "communicationContext": {
                    "merchantStoreName": "Store Name",
                    "merchantOrderId": "789123",
                },
            },
        },
    ),
    (
        "create_report",
        {
            "reportType": "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_ORDER_REFERENCE_DATA_",
            "startTime": "20260101T000000Z",
            "endTime": "20260201T000000Z",
        },
    ),
    (
        "create_report_schedule",
        {
            "reportType": "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_REFUND_DATA_",
            "scheduleFrequency": "P1D",
            "nextReportCreationTime": "20260101T000000Z",
            "deleteExistingSchedule": True,
        },
    ),
    (
        "create_dispute",
        {
            "chargeId": "P01-1111111-1111111-C111111",
            "providerMetadata": {"providerDisputeId": "D-1"},
            "disputeAmount": {"amount": "1.00", "currencyCode": "USD"},
            "filingReason": "ProductNotReceived",
            "filingTimestamp": 1649275516,
            "statusDetails": {"state": "ActionRequired"},
            "merchantResponseDeadline": 1650225916,
        },
    ),
    (
        "update_dispute",
        {
            "statusDetails": {
                "state": "Resolved",
                "resolution": "BuyerWon",
                "reasonCode": "MerchantAcceptedDispute",
            },
            "closureTimestamp": 1650225916,
        },
    ),
    (
        "contest_dispute",
        {
            "merchantEvidences": [
                {"evidenceType": "TrackingNumber", "evidenceText": "raw text"},
                {"evidenceType": "Receipt", "fileId": "file_1"},
            ]
        },
    ),
    ("upload_file", {"type": "jpg", "purpose": "disputeEvidence"}),
    (
        "register_amazon_pay_account",
        {
            "uniqueReferenceId": "ref-1",
            "ledgerCurrency": "JPY",
            "businessInfo": {
                "businessType": "CORPORATE",
                "countryOfEstablishment": "JP",
                "businessLegalName": "TEST",
                "businessAddress": {
                    "addressLine1": "450",
                    "city": "Tokyo",
                    "stateOrRegion": "Tokyo-to",
                    "postalCode": "153-0064",
                    "countryCode": "JP",
                },
            },
            "primaryContactPerson": {
                "personFullName": "Name",
                "dateOfBirth": "19800131",
            },
        },
    ),
    (
        "create_merchant_account",
        {
            "uniqueReferenceId": "ref-1",
            "ledgerCurrency": "JPY",
            "businessInfo": {
                "email": "a@example.com",
                "businessCategory": "Beauty",
                "annualSalesVolume": {"amount": "100000", "currencyCode": "JPY"},
                "customerSupportInformation": {
                    "customerSupportEmail": "b@example.com",
                    "customerSupportPhoneNumber": {
                        "countryCode": "1",
                        "number": "1234567",
                        "extension": "123",
                    },
                },
            },
            "beneficiaryOwners": [{"personId": "1", "personFullName": "Name"}],
            "integrationInfo": {"ipnEndpointUrls": ["https://shop.example/ipn"]},
            "stores": [
                {
                    "domainUrls": ["https://shop.example"],
                    "storeName": "Shop",
                    "privacyPolicyUrl": "https://shop.example/privacy",
                    "storeStatus": {"state": "ACTIVE", "reasonCode": None},
                }
            ],
            "merchantStatus": {
                "statusProvider": "Provider",
                "state": "ACTIVE",
                "reasonCode": None,
            },
        },
    ),
    (
        "update_merchant_account",
        {"businessInfo": {"businessAddress": {"city": "Tokyo"}}},
    ),
    ("claim_merchant_account", {"uniqueReferenceId": "ref-1"}),
    (
        "create_store",
        {
            "allowedOriginDomains": ["https://www.amazon.com"],
            "allowedRedirectURLs": ["https://www.amazon.com/gp/new-gateway"],
            "storeName": "My Store",
            "privacyPolicyUrl": "https://www.amazon.com/privacy",
            "merchantLogoUrl": "https://www.amazon.com/logo.jpg",
        },
    ),
    ("update_store", {"storeName": "My Store"}),
]

# --- Answers, by operation -----------------------------------------------------------

_SESSION: dict[str, object] = {
    "checkoutSessionId": "11111111-2222-4333-8444-555555555555",
    "webCheckoutDetails": {
        "checkoutReviewReturnUrl": "https://shop.example/review",
        "checkoutResultReturnUrl": "https://shop.example/result",
        "amazonPayRedirectUrl": "https://apay-us.amazon.com/checkout/processing",
        "checkoutCancelUrl": None,
    },
    "productType": "PayAndShip",
    "paymentDetails": {
        "paymentIntent": "Authorize",
        "canHandlePendingAuthorization": False,
        "chargeAmount": {"amount": "1.40", "currencyCode": "USD"},
        "totalOrderAmount": None,
        "softDescriptor": None,
        "presentmentCurrency": "USD",
        "allowOvercharge": None,
        "extendExpiration": None,
    },
    "chargePermissionType": "OneTime",
    "recurringMetadata": None,
    "merchantMetadata": {**_NO_METADATA, "merchantReferenceId": "A-1"},
    "supplementaryData": None,
    "buyer": _BUYER,
    "billingAddress": None,
    "paymentPreferences": [{"paymentDescriptor": "Amazon Pay"}],
    "statusDetails": {
        "state": "Open",
        "reasonCode": None,
        "reasonDescription": None,
        "lastUpdatedTimestamp": "20201023T211923Z",
    },
    "shippingAddress": _ADDRESS,
    "platformId": None,
    "chargePermissionId": None,
    "chargeId": None,
    "constraints": [],
    "creationTimestamp": "20201023T211909Z",
    "expirationTimestamp": "20201024T211909Z",
    "storeId": "amzn1.application-oa2-client.0",
    "providerMetadata": {"providerReferenceId": None},
    "releaseEnvironment": "Sandbox",
    "checkoutButtonText": None,
    "deliverySpecifications": None,
}

_BEFORE_A_BUYER: dict[str, object] = {
    **_SESSION,
    "productType": None,
    "buyer": None,
    "shippingAddress": None,
    "paymentPreferences": [None],
    "constraints": [
        {
            "constraintId": "ChargeAmountNotSet",
            "description": "chargeAmount is not set.",
        }
    ],
    "orderType": None,
    "paymentMethodOnFileMetadata": None,
    "merchantDetails": None,
    "tokens": None,
}

_COMPLETED: dict[str, object] = {
    **dict.fromkeys(_SESSION),
    "checkoutSessionId": "11111111-2222-4333-8444-555555555555",
    "statusDetails": {
        "state": "Completed",
        "reasonCode": None,
        "reasonDescription": None,
        "lastUpdatedTimestamp": "20201023T211959Z",
    },
    "chargePermissionId": "S01-5105180-3221187",
    "chargeId": "S01-5105180-3221187-C056351",
    "creationTimestamp": "20201023T211909Z",
}

_CHARGE: dict[str, object] = {
    "chargeId": "S03-5890444-1926095-C064126",
    "chargeAmount": {"amount": "500", "currencyCode": "JPY"},
    "chargePermissionId": "C03-1442027-5744374",
    "captureAmount": None,
    "refundedAmount": None,
    "softDescriptor": None,
    "providerMetadata": {"providerReferenceId": None},
    "convertedAmount": None,
    "conversionRate": None,
    "channel": None,
    "chargeInitiator": "CITU",
    "statusDetails": {
        "state": "Authorized",
        "reasonCode": None,
        "reasonDescription": None,
        "lastUpdatedTimestamp": "20231026T062827Z",
    },
    "creationTimestamp": "20231026T062827Z",
    "expirationTimestamp": "20231125T062827Z",
    "releaseEnvironment": "Sandbox",
    "merchantMetadata": _NO_METADATA,
    "platformId": None,
    "webCheckoutDetails": None,
}

_PERMISSION: dict[str, object] = {
    "chargePermissionId": "S01-0000000-0000000",
    "chargePermissionReferenceId": None,
    "platformId": None,
    "buyer": _BUYER,
    "shippingAddress": _ADDRESS,
    "billingAddress": _ADDRESS,
    "paymentPreferences": [{"paymentDescriptor": None}],
    "statusDetails": {
        "state": "Chargeable",
        "reasons": None,
        "lastUpdatedTimestamp": "20211215T152829Z",
    },
    "creationTimestamp": "20211215T152829Z",
    "expirationTimestamp": "20220613T152829Z",
    "merchantMetadata": _NO_METADATA,
    "releaseEnvironment": "Sandbox",
    "limits": {
        "amountLimit": {"amount": "50.00", "currencyCode": "USD"},
        "amountBalance": {"amount": "36.00", "currencyCode": "USD"},
    },
    "chargePermissionType": "OneTime",
    "recurringMetadata": {"frequency": None, "amount": None},
    "presentmentCurrency": "USD",
}

_REFUND: dict[str, object] = {
    "refundId": "S01-5105180-3221187-R022311",
    "chargeId": "S01-5105180-3221187-C056351",
    "creationTimestamp": "20190714T155300Z",
    "refundAmount": _PRICE,
    "statusDetails": {
        "state": "RefundInitiated",
        "reasonCode": None,
        "reasonDescription": None,
        "lastUpdatedTimestamp": "20190714T155300Z",
    },
    "softDescriptor": "AMZ*SHOP",
    "releaseEnvironment": "Sandbox",
}

_REPORT: dict[str, object] = {
    "createdTime": "20230911T150350Z",
    "endTime": "20230911T150350Z",
    "processingEndTime": None,
    "processingStartTime": None,
    "processingStatus": "IN_PROGRESS",
    "reportDocumentId": None,
    "reportId": "59007019641",
    "reportType": "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_REFUND_DATA_",
    "startTime": "20230618T150630Z",
}

_SCHEDULE: dict[str, object] = {
    "nextReportCreationTime": "20260101T000000Z",
    "reportScheduleId": "50019019649",
    "reportType": "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_REFUND_DATA_",
    "scheduleFrequency": "P1D",
}

ANSWERS: list[tuple[str, dict[str, object]]] = [
    (
        "get_buyer",
        {
            "buyerId": "amzn1.account.AEXAMPLE",
            "name": "Susie Smith",
            "email": "susie@example.com",
            "postalCode": "60602",
            "countryCode": "US",
            "phoneNumber": "800-000-0000",
            "shippingAddress": _ADDRESS,
            "billingAddress": None,
            "primeMembershipTypes": None,
        },
    ),
    ("get_checkout_session", _SESSION),
    ("create_checkout_session", _BEFORE_A_BUYER),
    ("complete_checkout_session", _COMPLETED),
    ("get_charge_permission", _PERMISSION),
    (
        "get_charge_permission",
        {
            **_PERMISSION,
            "statusDetails": {
                "state": "NonChargeable",
                "reasons": [
                    {"reasonCode": "ChargeInProgress", "reasonDescription": "…"}
                ],
                "lastUpdatedTimestamp": "20211215T152829Z",
            },
        },
    ),
    ("get_charge", _CHARGE),
    ("get_refund", _REFUND),
    (
        "create_delivery_tracker",
        {
            "amazonOrderReferenceId": None,
            "chargePermissionId": "P01-0000000-0000000",
            "deliveryDetails": [
                {"trackingNumber": "1Z999AA10123456784", "carrierCode": "UPS"}
            ],
        },
    ),
    ("instore_merchant_scan", {"chargePermissionId": "S01-0000000-0000000"}),
    (
        "instore_charge",
        {
            "chargeId": "S01-0000000-0000000-C000000",
            "chargeStatus": {"state": "Completed"},
        },
    ),
    (
        "instore_refund",
        {
            "refundId": "S01-0000000-0000000-R000000",
            "refundStatus": {"state": "Pending"},
        },
    ),
    ("get_authorization_token", {"authorizationToken": "e30.e30.AA"}),
    ("get_reports", {"reports": [_REPORT], "nextToken": None}),
    ("get_reports", {"reports": []}),
    ("get_report", _REPORT),
    ("create_report", {"reportId": "59007019641"}),
    (
        "get_report_document",
        {
            "reportDocumentId": "amzn1.tortuga.0.000.T0",
            "url": "https://tortuga.example/report",
            "compressionAlgorithm": "N/A",
        },
    ),
    ("get_report_schedules", {"reportSchedules": [_SCHEDULE]}),
    ("get_report_schedule", _SCHEDULE),
    ("create_report_schedule", {"reportScheduleId": "50019019649"}),
    (
        "get_disbursements",
        {
            "disbursements": [
                {
                    "sellerId": "A0",
                    "settlementId": "0",
                    "amazonDisbursementReferenceId": "0",
                    "amount": "1000.50",
                    "currencyCode": "USD",
                    "transactionTime": "2022-12-07T17:08:26.717Z",
                }
            ]
        },
    ),
    (
        "get_dispute",
        {
            "disputeId": "P01-1111111-1111111-B123456",
            "chargeId": "P01-1111111-1111111-C111111",
            "disputeType": "Chargeback",
            "disputeAmount": {"amount": "1.00", "currencyCode": "USD"},
            "filingReason": "ProductNotReceived",
            "resolutionAuthority": None,
            "statusDetails": {
                "state": "ActionRequired",
                "reasonCode": None,
                "reasonDescription": None,
                "resolution": None,
                "lastUpdatedTimestamp": "1649275516",
            },
            "merchantEvidences": None,
            "merchantResponseDeadline": "1650225916",
            "creationTimestamp": "1649275516",
            "releaseEnvironment": "Live",
        },
    ),
    (
        "upload_file",
        {
            "id": "file_1",
            "type": "jpg",
            "purpose": "disputeEvidence",
            "size": None,
            "url": "https://files.example/file_1/contents",
            "uploadTimestamp": None,
            "urlExpirationTimestamp": "20260101T000000Z",
        },
    ),
    (
        "create_merchant_account",
        {"uniqueReferenceId": "ref-1", "merchantAccountId": "A0"},
    ),
]
