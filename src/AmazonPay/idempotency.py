"""Derive idempotency keys: equal order, operation and attempt give an equal key.

Amazon keeps keys for ever, per merchant account. A key that is derived from the shop's
order, and not random, survives a crash, a second worker and a restored backup. Follows
`amazon-pay-api-v2/idempotency.html`.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final
from unicodedata import category, normalize

from ._core.checks import is_count
from ._core.operation import operations_of
from .errors import InvalidRequest
from .resources import Operations

_HEX_DIGITS: Final = 32
_MAX_ATTEMPT: Final = 2**31 - 1  # the largest value that every database column takes

# Invisible letters, marks and blanks that `_INVISIBLE` does not cover, from Unicode's
# Default_Ignorable_Code_Point.
_IGNORABLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
# Control characters, format characters (zero width, direction) and line separators.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
_OPERATIONS: Final = operations_of(Operations)
_RAW_OPERATION: Final = re.compile(r"(?:GET|POST|PUT|PATCH|DELETE) /\S+")
_BRAILLE_BLANK: Final = "\u2800"


def idempotency_key(
    *, namespace: str, order: str, operation: str, attempt: int = 1
) -> str:
    """Return the key of an intended request: 32 lower-case hex digits.

    `namespace` identifies shop, environment and merchant: a reset staging database
    reuses order numbers, and its keys must differ from the old ones. `order` is your
    order number. For Create Checkout Session it identifies the cart or the visit, not
    only its content; otherwise one buyer would get the session of another. `operation`
    is the method's name, such as `create_charge`, or for `request()` method and path,
    such as `POST /charges`. Keep `attempt` in your database and raise it, by
    compare-and-set, only after a definite `no`; after any other outcome, repeat the
    same attempt.

    Two names that look equal would give two keys, and so two payments. Names with
    invisible characters, or with a blank at either end, are therefore refused.

    Raises:
        InvalidRequest: there is no such operation; a part is no str, is empty, begins
            or ends with a blank, or holds a control character, a zero-width character
            or a lone surrogate; or `attempt` is no int of 1 or more.
    """
    _check_name("namespace", namespace)
    _check_name("order", order)
    _check_name("operation", operation)
    if operation not in _OPERATIONS and not _RAW_OPERATION.fullmatch(operation):
        raise InvalidRequest(
            "operation is the name of a method that makes one call, such as"
            " 'create_charge', or for request() method and path: 'POST /charges'"
        )
    if not is_count(attempt) or attempt > _MAX_ATTEMPT:
        raise InvalidRequest(f"attempt is an int from 1 to {_MAX_ATTEMPT}")
    return derived_key(
        namespace=namespace, order=order, operation=operation, attempt=attempt
    )


def derived_key(*, namespace: str, order: str, operation: str, attempt: int) -> str:
    """Return the key of names that were checked before.

    A journal may hold names that only older versions accepted; these still work.
    """
    digest = sha256()
    # An int of a class of its own, such as an Enum, may have another text.
    for text in (namespace, order, operation, int.__repr__(attempt)):
        data = normalize("NFC", text).encode()
        # The length before each part makes ("ab", "c") and ("a", "bc") differ.
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
    for character in text:
        invisible = category(character) in _INVISIBLE
        if invisible or _IGNORABLE.fullmatch(character):
            raise InvalidRequest(
                f"{name} holds U+{ord(character):04X}, a control or zero-width"
                " character: two names that look the same would be two payments"
            )
    if any(end.isspace() or end == _BRAILLE_BLANK for end in (text[0], text[-1])):
        raise InvalidRequest(f"{name} begins or ends with a blank: strip it")
