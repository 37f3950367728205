"""`python -m benchmarks.purchase`: what a whole purchase in memory takes.

It is what a test of a merchant does: make an Amazon Pay, open a session, let a buyer
choose and pay, complete and capture. The figure is the median of the wall clock, in
milliseconds; its target is 50 on a machine that has nothing else to do.
"""

from __future__ import annotations

import sys
from statistics import median
from time import perf_counter

from AmazonPay import price
from AmazonPay.testing import LocalAmazonPay, amazon_pay
from AmazonPay.types import CreateCheckoutSession

TARGET = 50.0
_TIMES = 100
_PRICE = price("14.00", "USD")
_SESSION = CreateCheckoutSession(
    webCheckoutDetails={
        "checkoutReviewReturnUrl": "https://localhost/review",
        "checkoutResultReturnUrl": "https://localhost/result",
    },
    storeId="amzn1.application-oa2-client.0123",
    paymentDetails={"paymentIntent": "Authorize", "chargeAmount": _PRICE},
)


def purchase(local: LocalAmazonPay) -> str:
    """Buy in ten lines; return the state of the charge."""
    client = local.client()
    opened = client.create_checkout_session(_SESSION).json()
    session = opened["checkoutSessionId"]
    local.choose(session)
    local.pay(session)
    done = client.complete_checkout_session(session, {"chargeAmount": _PRICE}).json()
    charge = done["chargeId"] or ""
    client.capture_charge(charge, {"captureAmount": _PRICE})
    client.close()
    return str(local.charges()[0]["statusDetails"]["state"])


def milliseconds() -> float:
    """Return what a purchase takes, with the Amazon Pay that it is made at."""
    begun = perf_counter()
    with amazon_pay() as local:
        state = purchase(local)
    spent = (perf_counter() - begun) * 1000
    if state != "Captured":
        raise AssertionError(f"the purchase has ended as {state}")
    return spent


def main(times: int = _TIMES) -> None:
    """Measure, after the imports and the key of a process, and print."""
    first = milliseconds()
    taken = median(milliseconds() for _ in range(times))
    sys.stdout.write(
        f"a purchase in memory: {taken:.1f} ms (target: {TARGET:.0f}); the first one of"
        f" a process: {first:.0f} ms\n"
    )


if __name__ == "__main__":
    main()
