"""What differs between the shop's orders and what Amazon settled, per currency.

Captures and refunds of one id are summed in each currency, and compared with the order
of that id. Every movement with an order's id is compared, and those that should have an
id and have none are listed, so that nothing is left out in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from .engine import Engine

DIFFERENCES: Final = {
    "missing_in_settlement": "the order was not settled",
    "missing_in_orders": "there is no such order",
    "currency_differs": "the order was settled in another currency",
    "amount_differs": "another amount was captured",
    "refund_differs": "another amount was refunded",
    "charged_back": "the bank or Amazon took it back",
    "adjusted": "there is a movement of another type",
    "no_order_id": "the settlement names no order",
}
"""The kinds of differences, and what each means."""


@dataclass(frozen=True)
class Difference:
    """One thing that differs; an amount is None where there is none."""

    kind: str
    order: str | None
    currency: str
    expected: Decimal | None
    settled: Decimal | None
    detail: str


@dataclass(frozen=True)
class Totals:
    """The sums of one currency; what leaves the merchant is below zero."""

    currency: str
    orders: int
    agreeing: int
    expected: Decimal
    """What the orders sum up to, their refunds subtracted."""
    captured: Decimal
    refunded: Decimal
    charged_back: Decimal
    fees: Decimal


def compare(engine: Engine, *, has_refunds: bool) -> None:
    """Compare the tables `orders` and `movements`; make the table `differences`.

    Without a column of refunds an order agrees, too, if its amount is what is left
    after the refunds.
    """
    engine.run(_COMPARED)
    engine.run(_DIFFERENCES.format(net_is_fine="false" if has_refunds else "true"))


def counts(engine: Engine) -> dict[str, dict[str, int]]:
    """Return how many differences of each kind each currency has."""
    found: dict[str, dict[str, int]] = {}
    for currency, kind, number in engine.rows(
        "SELECT currency, kind, count(*) FROM differences GROUP BY ALL ORDER BY ALL"
    ):
        found.setdefault(currency, {})[kind] = number
    return found


def differences(engine: Engine) -> Iterator[Difference]:
    """Yield all differences, by currency and order."""
    for row in engine.rows(
        "SELECT kind, id, currency, expected, settled, detail FROM differences"
        " ORDER BY currency, id NULLS LAST, kind, detail, settled"
    ):
        yield Difference(*row)


def totals(engine: Engine) -> list[Totals]:
    """Return the sums of each currency."""
    return [Totals(*row) for row in engine.rows(_TOTALS)]


_COMPARED: Final = """
CREATE TABLE compared AS
WITH settled AS (
    SELECT order_id AS id, currency,
           coalesce(sum(amount) FILTER (kind = 'capture'), 0) AS captured,
           coalesce(sum(amount) FILTER (kind = 'refund'), 0) AS refunded,
           coalesce(sum(amount) FILTER (kind = 'chargeback'), 0) AS charged_back,
           coalesce(sum(amount) FILTER (kind = 'other'), 0) AS other
    FROM movements
    WHERE order_id IS NOT NULL AND kind NOT IN ('payout', 'held')
    GROUP BY ALL
)
SELECT coalesce(orders.id, settled.id) AS id,
       coalesce(orders.currency, settled.currency) AS currency,
       orders.id IS NOT NULL AS is_ordered,
       settled.id IS NOT NULL AS is_settled,
       orders.amount AS amount, orders.refunded AS to_refund,
       settled.captured AS captured, settled.refunded AS refunded,
       settled.charged_back AS charged_back, settled.other AS other,
       coalesce(orders.id, settled.id) IN (SELECT id FROM orders) AS id_is_ordered,
       coalesce(orders.id, settled.id) IN (SELECT id FROM settled) AS id_is_settled
FROM orders FULL JOIN settled
    ON orders.id = settled.id AND orders.currency = settled.currency
"""

_DIFFERENCES: Final = """
CREATE TABLE differences AS
SELECT CASE WHEN id_is_settled THEN 'currency_differs' ELSE 'missing_in_settlement' END
           AS kind,
       id, currency, amount - to_refund AS expected, NULL::DECIMAL(38, 8) AS settled,
       '' AS detail
FROM compared
WHERE is_ordered AND NOT is_settled AND (id_is_settled OR amount <> to_refund)
UNION ALL
SELECT CASE WHEN id_is_ordered THEN 'currency_differs' ELSE 'missing_in_orders' END,
       id, currency, NULL, captured + refunded + charged_back + other, ''
FROM compared WHERE NOT is_ordered
UNION ALL
SELECT 'amount_differs', id, currency, amount, captured, ''
FROM compared
WHERE is_ordered AND is_settled AND captured <> amount
    AND NOT ({net_is_fine} AND captured + refunded = amount)
UNION ALL
SELECT 'refund_differs', id, currency, -to_refund, refunded, ''
FROM compared
WHERE is_ordered AND is_settled AND refunded <> -to_refund
    AND NOT ({net_is_fine} AND captured + refunded = amount)
UNION ALL
SELECT 'charged_back', id, currency, NULL, charged_back, ''
FROM compared WHERE is_ordered AND is_settled AND charged_back <> 0
UNION ALL
SELECT 'adjusted', id, currency, NULL, other, ''
FROM compared WHERE is_ordered AND is_settled AND other <> 0
UNION ALL
SELECT 'no_order_id', NULL, currency, NULL, amount,
       concat_ws(' ', type, transaction_id)
FROM movements
WHERE order_id IS NULL AND kind IN ('capture', 'refund', 'chargeback')
"""

_TOTALS: Final = """
WITH ordered AS (
    SELECT currency, count(*) AS orders, sum(amount - to_refund) AS expected,
           count(*) FILTER (
               id NOT IN (SELECT id FROM differences WHERE id IS NOT NULL)
           ) AS agreeing
    FROM compared WHERE is_ordered GROUP BY currency
), moved AS (
    SELECT currency,
           sum(amount) FILTER (kind = 'capture') AS captured,
           sum(amount) FILTER (kind = 'refund') AS refunded,
           sum(amount) FILTER (kind = 'chargeback') AS charged_back,
           sum(fee) AS fees
    FROM movements GROUP BY currency
)
SELECT coalesce(ordered.currency, moved.currency),
       coalesce(orders, 0), coalesce(agreeing, 0), coalesce(expected, 0),
       coalesce(captured, 0), coalesce(refunded, 0), coalesce(charged_back, 0),
       coalesce(fees, 0)
FROM ordered FULL JOIN moved ON ordered.currency = moved.currency
ORDER BY ALL
"""
