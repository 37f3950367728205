"""A purchase from checkout session to refund, every request signed and verified.

Starts the simulator on a free port of this machine, over TLS, and drives it with
`Client`: the merchant's side by signed calls, the buyer's side by the simulator's own.
Ends with 1 as soon as anything is not as it should be.
"""

import ssl
import sys
from datetime import timedelta
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric import rsa

from AmazonPay import Client, Response, price
from AmazonPay.money import add, compare, subtract
from AmazonPay.simulator import Settings, Simulator, merchant
from AmazonPay.simulator.server import serving
from AmazonPay.types import (
    CaptureCharge,
    CloseChargePermission,
    CompleteCheckoutSession,
    CreateCheckoutSession,
    CreateRefund,
    UpdateCheckoutSession,
)

KEY_ID = "SANDBOX-DEMO"
ORDER = price("50.00", "USD")
SHIPPED = price("30.00", "USD")
RETURNED = price("10.00", "USD")

COLUMNS = "  {:<7} {:<44} {:<7} {:<17} {}"


class Wire(httpx2.HTTPTransport):
    """Notes what really leaves: method and path of the last request."""

    method = path = ""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request, and remember it."""
        self.method, self.path = request.method, request.url.path
        return super().handle_request(request)


class Demo:
    """Prints one line for each step, and stops at the first that is off."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def call(
        self, response: Response[Any], status: int, state: str, left: str = ""
    ) -> Any:
        """Show a call of the merchant, and what it left behind."""
        answer: dict[str, Any] = response.json() or {}
        details: dict[str, Any] = answer.get("statusDetails") or {}
        found = details.get("state")
        _print(
            self._wire.method,
            _short(self._wire.path),
            str(response.status_code),
            str(found),
            left.format(**answer) if left else "",
        )
        if (response.status_code, found) != (status, state):
            _fail(
                f"expected {status} {state}; {response.reason_code}: {response.message}"
            )
        return answer

    @staticmethod
    def buyer(did: str, state: str) -> None:
        """Show what the buyer did."""
        _print("buyer", did, "", state, "")


def _short(path: str) -> str:
    """Keep a path on one line: ids in the middle are cut."""
    head, _, tail = path.removeprefix("/v2").partition("/checkoutSessions/")
    return f"/checkoutSessions/{tail[:8]}…{tail[36:]}" if tail else head


def _print(*cells: str) -> None:
    print(COLUMNS.format(*cells).rstrip())


def _fail(why: str) -> None:
    print(f"\n  NOT AS IT SHOULD BE: {why}")
    sys.exit(1)


def _money(amount: Any) -> str:
    return f"{amount['amount']} {amount['currencyCode']}"


def purchase(client: Client, simulator: Simulator, show: Demo) -> None:
    """Drive the whole purchase."""
    _print("METHOD", "PATH", "STATUS", "STATE", "MONEY LEFT")
    session = show.call(
        client.create_checkout_session(
            CreateCheckoutSession(
                webCheckoutDetails={
                    "checkoutReviewReturnUrl": "https://localhost/review",
                    "checkoutResultReturnUrl": "https://localhost/result",
                },
                storeId="amzn1.application-oa2-client.0123",
            )
        ),
        201,
        "Open",
    )
    session_id = session["checkoutSessionId"]

    simulator.choose(session_id, card="1111")
    show.buyer("signs in, chooses card 1111 and an address", "Open")

    show.call(
        client.update_checkout_session(
            session_id,
            UpdateCheckoutSession(
                paymentDetails={"paymentIntent": "Authorize", "chargeAmount": ORDER}
            ),
        ),
        200,
        "Open",
        f"{_money(ORDER)} to pay",
    )

    simulator.pay(session_id)
    show.buyer("presses Pay on Amazon's page", "Open")

    completed = show.call(
        client.complete_checkout_session(
            session_id, CompleteCheckoutSession(chargeAmount=ORDER)
        ),
        200,
        "Completed",
        f"{_money(ORDER)} authorized",
    )
    charge_id, permission_id = completed["chargeId"], completed["chargePermissionId"]

    show.call(
        client.capture_charge(charge_id, CaptureCharge(captureAmount=SHIPPED)),
        200,
        "Captured",
        f"{_money(SHIPPED)} captured, all of it refundable",
    )
    permission = show.call(
        client.get_charge_permission(permission_id),
        200,
        "Chargeable",
        "{limits[amountBalance][amount]} {limits[amountBalance][currencyCode]}"
        " left to charge",
    )
    if permission["limits"]["amountBalance"] != subtract(ORDER, SHIPPED):
        _fail("the balance is not the order less the capture")

    kept = subtract(SHIPPED, RETURNED)
    for amount, left in ((RETURNED, kept), (kept, price(0, "USD"))):
        refund = show.call(
            client.create_refund(CreateRefund(chargeId=charge_id, refundAmount=amount)),
            201,
            "RefundInitiated",
            f"{_money(left)} of the capture left after it",
        )
        client.wait_for_refund(refund["refundId"])
        show.call(
            client.get_refund(refund["refundId"]),
            200,
            "Refunded",
            f"{_money(amount)} back with the buyer",
        )

    charge = show.call(
        client.get_charge(charge_id),
        200,
        "Captured",
        "{refundedAmount[amount]} {refundedAmount[currencyCode]} refunded in all",
    )
    if compare(charge["refundedAmount"], add(RETURNED, kept)) != 0:
        _fail("the refunds do not add up")

    show.call(
        client.close_charge_permission(
            permission_id, CloseChargePermission(closureReason="All done")
        ),
        200,
        "Closed",
        "nothing more can be charged",
    )
    rows = simulator.story(session_id)
    signed = sum(row.kind == "request" for row in rows)
    print(
        f"\n  {signed} signed requests verified, {len(rows)} rows in the order's story."
    )


def main() -> int:
    """Serve, drive, and say so."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    # A refund takes half a minute at Amazon, and here a second.
    settings = Settings(refund_settles_after=timedelta(seconds=1))
    simulator = Simulator([merchant(KEY_ID, key.public_key())], settings=settings)
    with serving(simulator) as served:
        print(f"\n  Amazon Pay on this machine: {served.url}\n")
        trusted = ssl.create_default_context(cafile=served.authority)
        wire = Wire(verify=trusted)
        with Client(
            KEY_ID, key, "us", endpoint_url=served.url, transport=wire
        ) as client:
            purchase(client, simulator, Demo(wire))
    print("  A whole purchase, and every cent accounted for.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
