"""Keys that mean one intention: the same order, operation and attempt, the same key.

Amazon keeps keys for ever, per merchant account: a key that is derived from the shop's
own order, and not drawn at random, survives a crash, a second worker and a restored
backup. Follows `amazon-pay-api-v2/idempotency.html`.
"""

from __future__ import annotations

from unicodedata import normalize

from .errors import InvalidRequest

_HEX_DIGITS = 32


def idempotency_key(
    *, namespace: str, order: str, operation: str, attempt: int = 1
) -> str:
    """Derive a key of 32 lower-case hex digits from an intention.

    `namespace` names shop, environment and merchant: a reset staging database uses
    order numbers again, and its keys must not meet old ones. `order` is your own order
    number; for Create Checkout Session it names the cart or the visit, never only its
    content, or one buyer would get another's session. `operation` is the method's
    name. `attempt` lives in your database and is raised, by compare-and-set, only
    after a definite no: with every other outcome the same attempt is repeated.

    Raises:
        InvalidRequest: an empty part, or an attempt below 1.
    """
    from hashlib import sha256

    if isinstance(attempt, bool) or not isinstance(attempt, int) or attempt < 1:
        raise InvalidRequest("attempt is an int of 1 or more")
    parts = [
        ("namespace", namespace),
        ("order", order),
        ("operation", operation),
        ("attempt", str(attempt)),
    ]
    digest = sha256()
    for name, text in parts:
        if not isinstance(text, str) or not text:
            raise InvalidRequest(f"{name} is a str that is not empty")
        try:
            data = normalize("NFC", text).encode()
        except UnicodeEncodeError:
            raise InvalidRequest(f"{name} holds a lone surrogate") from None
        # The length in front keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()[:_HEX_DIGITS]
