"""Keys that mean one intention: the same order, operation and attempt, the same key.

Amazon keeps keys for ever, per merchant account: a key that is derived from the shop's
own order, and not drawn at random, survives a crash, a second worker and a restored
backup. Follows `amazon-pay-api-v2/idempotency.html`.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import category, normalize

from .errors import InvalidRequest

_HEX_DIGITS: Final = 32
_LARGEST_ATTEMPT: Final = 2**31 - 1  # the largest integer of every database's column

# Letters, marks and blanks that are drawn as nothing, next to what `_UNSEEN` covers:
# Unicode's Default_Ignorable_Code_Point.
_DRAWN_AS_NOTHING: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
# Control and format characters (zero-width ones, marks of direction), line separators.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
_BRAILLE_BLANK: Final = "\u2800"


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

    Two names that look alike would make two keys, and so two payments: a name that
    begins or ends with a blank, or holds a character that nobody sees, is refused.

    Raises:
        InvalidRequest: a part is no str, is empty, begins or ends with a blank, or
            holds a control character, a zero-width character or a lone surrogate; or
            `attempt` is no int of 1 or more.
    """
    _check_name("namespace", namespace)
    _check_name("order", order)
    _check_name("operation", operation)
    if (
        isinstance(attempt, bool)
        or not isinstance(attempt, int)
        or not 1 <= attempt <= _LARGEST_ATTEMPT
    ):
        raise InvalidRequest(f"attempt is an int from 1 to {_LARGEST_ATTEMPT}")
    return derived_key(
        namespace=namespace, order=order, operation=operation, attempt=attempt
    )


def derived_key(*, namespace: str, order: str, operation: str, attempt: int) -> str:
    """Derive a key from names that were checked before.

    The journal may hold names that an older version accepted: their entries go on.
    """
    from hashlib import sha256

    digest = sha256()
    for text in (namespace, order, operation, str(attempt)):
        data = normalize("NFC", text).encode()
        # The length in front keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()[:_HEX_DIGITS]


def _check_name(name: str, text: object) -> None:
    if not isinstance(text, str):
        raise InvalidRequest(
            f"{name} is a str, not {type(text).__name__}: write it the same way each"
            " time, such as '1007'"
        )
    if not text:
        raise InvalidRequest(f"{name} is empty")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(f"{name} holds a lone surrogate") from None
    for character in () if text.isprintable() and text.isascii() else text:
        unseen = category(character) in _UNSEEN
        if unseen or _DRAWN_AS_NOTHING.fullmatch(character):
            raise InvalidRequest(
                f"{name} holds U+{ord(character):04X}, a control or zero-width"
                " character: two names that look the same would be two payments"
            )
    if any(end.isspace() or end == _BRAILLE_BLANK for end in (text[0], text[-1])):
        raise InvalidRequest(f"{name} begins or ends with a blank: strip it")
