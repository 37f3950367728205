"""Guesses that a sandbox account cannot decide, and why."""

from __future__ import annotations

from typing import Final

_BROWSER: Final = "it happens in the buyer's browser"
_DAYS: Final = "it takes a day or longer"
_LIVE: Final = "it needs a live account"
_CLICKS: Final = "it needs another kind of checkout, and so another buyer's click"
_PROVIDERS: Final = "it is for solution or payment service providers"
_JAPAN: Final = "it is for merchants in Japan"
_NOTIFICATIONS: Final = "it shows in notifications, which this command does not hear"
_DISPUTES: Final = "nothing in sandbox begins a dispute"
_PAYOUTS: Final = "sandbox pays nothing out"
_STORE: Final = "it needs a buyer in a store"
_LEFTOVERS: Final = (
    "it would leave in your account what cannot be taken away, or is used"
)
_LOAD: Final = "it takes a flood of calls, or calls that meet"
_PAGES: Final = "it needs more reports than an account has at first"
_FILES: Final = "it needs a report with payments, which sandbox makes later"
_STREET: Final = "it needs many addresses of buyers"

UNDECIDED: Final = {
    "Buy Now: the scopes `vatId`, `province`, `dateOfBirth` and `prefix`": _CLICKS,
    (
        "Buy Now: what `onInitCheckout` and `onShippingAddressSelection` learn of an"
        " address"
    ): _BROWSER,
    "Buy Now: whether the parts of the cart add up": _BROWSER,
    "Buy Now: which handler learns of a decline": _BROWSER,
    "`bindUpgradeAction`: what an upgrade does": _BROWSER,
    "a `checkoutLanguage` that the region has not": _BROWSER,
    (
        "reports: how a settlement spells its types, and the signs of refunds, fees and"
        " payouts"
    ): _FILES,
    "a key of the other environment": _LIVE,
    "a second request while the first runs": _LOAD,
    "`Retry-After` with a 429": _LOAD,
    "how long an upload link lives": _PROVIDERS,
    "the code for a canceled session": _CLICKS,
    "how long a report takes": _FILES,
    "a simulation code with a live key": _LIVE,
    "what `PaymentMethodNotAllowed` does to the permission": _CLICKS,
    "what a session shows that has ended": _CLICKS,
    (
        "the codes of Amazon's page for a wrong button, besides that of a signature"
    ): _BROWSER,
    "how an unsigned button (`renderJSButton`) is known": _BROWSER,
    "parameters on `checkoutCancelUrl`": _BROWSER,
    "where a buyer lands who cancels without a `checkoutCancelUrl`": _BROWSER,
    "a buyer who goes back from changing address or card": _BROWSER,
    "a change on a session without a review page": _BROWSER,
    "completing a session after 24 hours": _DAYS,
    "what Finalize is refused with": _CLICKS,
    "how a simulated pending authorization ends": _CLICKS,
    "Complete of a Buy Now session": _CLICKS,
    "a first charge above the monthly limit": _CLICKS,
    "a pending card without a merchant who waits": _CLICKS,
    "words by which a box is recognized": _STREET,
    "`districtOrCounty` in an answer": _STREET,
    "restrictions with wildcards": _STREET,
    "monthly limits of recurring permissions in the EU": _CLICKS,
    "what a month counts": _CLICKS,
    "another rhythm in the EU and UK": _CLICKS,
    "the form of a conversion rate": _CLICKS,
    "`webCheckoutDetails` of a charge": _CLICKS,
    "a tracker for a recurring order": _CLICKS,
    "a buyer token that has run out": _DAYS,
    "Get Buyer without scopes": _CLICKS,
    (
        "notifications: changes that Amazon's page does not name, "
        "such as an expiry or a cancellation of an authorized "
        "charge"
    ): _NOTIFICATIONS,
    "notifications: a pending charge or capture that is cancelled": _NOTIFICATIONS,
    "notifications: a charge that is declined at once": _NOTIFICATIONS,
    "notifications: a shop that cannot be reached, or redirects": _NOTIFICATIONS,
    "notifications: how long an answer may take": _NOTIFICATIONS,
    "notifications: topics of live": _NOTIFICATIONS,
    "notifications: duplicates with another `MessageId`": _NOTIFICATIONS,
    "the arrows of a dispute": _DISPUTES,
    "queries: `nextToken` with another member": _PAGES,
    "queries: how long a `nextToken` lives": _DAYS,
    "queries: the order of a listing": _PAGES,
    "reports: when a report is done": _FILES,
    "reports: `processingStartTime`": _FILES,
    (
        "reports: the columns of a file, its separator, its times, "
        "what stands above its header"
    ): _FILES,
    "reports: which objects a file lists": _FILES,
    "reports: a link that has run out, or was never given": _FILES,
    "reports: settlement reports that Amazon makes by itself": _FILES,
    "report schedules: a schedule of the sandbox settlement": _LEFTOVERS,
    "report schedules: the first report without `nextReportCreationTime`": _LEFTOVERS,
    "report schedules: a `nextReportCreationTime` in the past": _LEFTOVERS,
    (
        "report schedules: a second schedule of a type without `deleteExistingSchedule`"
    ): _LEFTOVERS,
    "report schedules: the time that a report of a schedule is about": _LEFTOVERS,
    "report schedules: a clock that jumps over many periods": _LEFTOVERS,
    "disbursements: when, and how often, Amazon pays out": _PAYOUTS,
    "disbursements: a day that comes to nothing or less": _PAYOUTS,
    "disbursements: another currency than the ledger's": _PAYOUTS,
    "disputes: who may create one": _DISPUTES,
    "disputes: which charges can be disputed, and how much of them": _DISPUTES,
    "disputes: the reason of a new one": _DISPUTES,
    "disputes: a deadline that has passed already when a dispute is created": _DISPUTES,
    "disputes: which updates a state allows, and to whom": _DISPUTES,
    "disputes: a call in the wrong state": _DISPUTES,
    "disputes: how long the merchant has for more proof": _DISPUTES,
    (
        "disputes: evidence without text and file, or with a file "
        "that was never uploaded"
    ): _DISPUTES,
    "disputes: `Resolved` becoming `Closed`": _DISPUTES,
    "disputes: money": _DISPUTES,
    "files: `size` and `uploadTimestamp` before the upload": _PROVIDERS,
    "files: the form of the times": _PROVIDERS,
    "files: how long the link lives, and how long a file may be": _PROVIDERS,
    "files: another `Content-Type` than the file's type": _PROVIDERS,
    "files: bytes that are uploaded twice": _PROVIDERS,
    "in-store: the status of the three calls": _STORE,
    "in-store: a reference that was used before for another request": _STORE,
    "in-store: what is in the buyer's code": _STORE,
    "in-store: a scan without `chargeTotal`": _STORE,
    "in-store: a permission or charge of a web checkout": _STORE,
    "in-store: where the metadata are shown": _STORE,
    "tokens: an MWS token that no merchant has given to the caller": _PROVIDERS,
    "tokens: how long a token lives": _PROVIDERS,
    "tokens: whose the objects and keys of a delegated call are": _PROVIDERS,
    "merchant accounts: a region other than Japan": _LEFTOVERS,
    "merchant accounts: a ledger currency other than JPY": _LEFTOVERS,
    "merchant accounts: a `uniqueReferenceId` that was used before": _JAPAN,
    "merchant accounts: the status of an update": _JAPAN,
    "merchant accounts: what the legal entity is": _JAPAN,
    "merchant accounts: an update or a store without the account's token": _JAPAN,
    "merchant accounts: what ends a claim": _JAPAN,
    "merchant accounts: when a deletion is finished": _JAPAN,
    "stores: the shape of an answer": _JAPAN,
}
"""By the point in `docs/simulator.md`."""
