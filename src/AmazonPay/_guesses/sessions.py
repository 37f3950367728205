"""Guesses that creating a Checkout Session decides."""

from __future__ import annotations

from typing import Final

from .model import REFUSAL, REFUSED, Guess

SESSIONS: Final = (
    Guess(
        id="pending-with-capture",
        point="`canHandlePendingAuthorization` with `AuthorizeWithCapture`",
        says="must not be",
        does="400 `InvalidParameterCombination`",
        file="payment_details.py",
        question="What is the pair refused with in a session?",
        guessed="400 InvalidParameterCombination",
        form=REFUSAL,
    ),
    Guess(
        id="session-descriptor",
        point="`softDescriptor` of a session without a capture",
        says="only with `AuthorizeWithCapture`",
        does="400 `InvalidParameterCombination`",
        file="payment_details.py",
        question=(
            "What is a `softDescriptor` without a capture refused with in a session?"
        ),
        guessed="400 InvalidParameterCombination",
        form=REFUSAL,
    ),
    Guess(
        id="charge-above-total",
        point="`chargeAmount` above `totalOrderAmount`",
        says="the second is the whole order",
        does="400 `InvalidParameterValue`",
        file="payment_details.py",
        question="What is a `chargeAmount` above the whole order refused with?",
        guessed="400 InvalidParameterValue",
        form=REFUSAL,
    ),
    Guess(
        id="foreign-currency",
        point="a currency other than the ledger's, outside the EU and UK",
        says="for EU and UK merchants only",
        does="400 `InvalidParameterValue`",
        file="payment_details.py",
        question="What is another currency than the ledger's refused with?",
        guessed="400 InvalidParameterValue",
        form=REFUSAL,
    ),
    Guess(
        id="long-amount",
        point="the length of an amount",
        says="nothing",
        does="400 `InvalidParameterValue` from 16 digits before the point on",
        file="amounts.py",
        question="What is an amount of 16 digits refused with?",
        guessed="400 InvalidParameterValue",
        form=REFUSED,
    ),
    Guess(
        id="checkout-mode",
        point="`checkoutMode` in Create",
        says="refused in 2020; newer SDKs have it",
        does="taken",
        file="checkout_sessions.py",
        question="What is `checkoutMode` in Create Checkout Session refused with?",
        guessed="accepted",
        form=REFUSAL,
    ),
    Guess(
        id="process-order-review",
        point=(
            "a session of `ProcessOrder` with a review page, or without what it needs"
        ),
        says="must not, and must, be there",
        does="400 `InvalidParameterCombination`, 400 `MissingParameterValue`",
        file="return_urls.py",
        question="What is a session of `ProcessOrder` with a review page refused with?",
        guessed="400 InvalidParameterCombination",
        form=REFUSAL,
    ),
    Guess(
        id="process-order-bare",
        point=(
            "a session of `ProcessOrder` with a review page, or without what it needs"
        ),
        says="must not, and must, be there",
        does="400 `InvalidParameterCombination`, 400 `MissingParameterValue`",
        file="return_urls.py",
        question=(
            "What is a session of `ProcessOrder` without payment details refused with?"
        ),
        guessed="400 MissingParameterValue",
        form=REFUSAL,
    ),
    Guess(
        id="process-order-update",
        point="a review page in an update of such a session",
        says="nothing",
        does="400 `InvalidParameterCombination`",
        file="checkout_sessions.py",
        question=(
            "What is a review page in an update of a session of "
            "`ProcessOrder` refused with?"
        ),
        guessed="400 InvalidParameterCombination",
        form=REFUSAL,
    ),
    Guess(
        id="frequency-text",
        point="the text of `RecurringFrequencyNotSet`",
        says="the id only",
        does="`recurringFrequency is not set.`",
        file="checkout_sessions.py",
        question="What does the constraint `RecurringFrequencyNotSet` say?",
        guessed="recurringFrequency is not set.",
        form="[ -~]{1,200}",
    ),
    Guess(
        id="address-list",
        point="`shippingAddressList` of other product types",
        says="nothing; SDKs read it where it is",
        does="it is absent",
        file="checkout_sessions.py",
        question="Is `shippingAddressList` absent or null in a session of one address?",
        guessed="absent",
        form="absent|null",
    ),
    Guess(
        id="address-prices",
        point="prices of several addresses",
        says="nothing",
        does="they need not add up",
        file="payment_details.py",
        question="What are prices of addresses refused with that do not add up?",
        guessed="accepted",
        form=REFUSAL,
    ),
    Guess(
        id="wallet-without-type",
        point=(
            "`chargePermissionId` in Create of what is no saved "
            "wallet of the merchant's"
        ),
        says="it names an existing wallet, whose card the buyer changes",
        does=(
            "400 `InvalidParameterValue`, 400 "
            "`InvalidParameterCombination` without the type "
            "`PaymentMethodOnFile`, 422 "
            "`InvalidChargePermissionStatus` if it is closed"
        ),
        file="checkout_sessions.py",
        question=(
            "What is a `chargePermissionId` without the type "
            "`PaymentMethodOnFile` refused with?"
        ),
        guessed="400 InvalidParameterCombination",
        form=REFUSAL,
    ),
    Guess(
        id="wallet-unknown",
        point=(
            "`chargePermissionId` in Create of what is no saved "
            "wallet of the merchant's"
        ),
        says="it names an existing wallet, whose card the buyer changes",
        does=(
            "400 `InvalidParameterValue`, 400 "
            "`InvalidParameterCombination` without the type "
            "`PaymentMethodOnFile`, 422 "
            "`InvalidChargePermissionStatus` if it is closed"
        ),
        file="checkout_sessions.py",
        question="What is a `chargePermissionId` that does not exist refused with?",
        guessed="400 InvalidParameterValue",
        form=REFUSAL,
    ),
)
