"""Find out what is wrong with a public key id.

An id that starts with `SANDBOX` moves no real money. So an id that nearly does is
refused: without its prefix, it would count as live.
"""

from __future__ import annotations

import re
from typing import cast

from ..errors import ConfigurationError
from .checks import check_type

_ALLOWED = re.compile(r"[A-Za-z0-9-]+")
# What documentation writes in place of an id; Amazon knows no such keys.
_PLACEHOLDER = re.compile(r"(?:(?:SANDBOX|LIVE)-)?(?:YOUR_PUBLIC_KEY_ID|MY_KEY)")
_CLOSE = 0.7
"""How alike two words are that may be the same word with a typo, from 0 to 1."""

# The order matters: the first pattern that is found decides.
_MISTAKES: tuple[tuple[str, str], ...] = (
    (r"-----BEGIN|PRIVATE KEY", "is a key, not the id of one"),
    (r"^\s*$", "is empty"),
    (r"^\s*[\"'`\u2018-\u201f]|[\"'`\u2018-\u201f]\s*$", "has quotes around it"),
    (r"^\s|\s$", "has a blank or a line end around it"),
    (
        r"(?i)\.(?:pem|key|der|p8|p12|pfx|txt|crt|cer)$|[/\\]",
        "is the name of a file, not the id of the key",
    ),
    (r"^amzn1\.application-oa2-client\.", "is a store id (a client id)"),
    (r"^amzn1\.", "is an application id"),
    (r"^AKIA[A-Z0-9]{16}$", "is the access key id of another API of Amazon"),
    # Merchant ids have 13 or 14 characters, key ids more or less (unconfirmed).
    (r"^A[A-Z0-9]{12,13}$", "is a merchant id"),
)


def problem_with(public_key_id: str) -> str | None:
    """Return what is wrong with a public key id, without showing it; None if nothing.

    It is made of letters, digits and dashes, as Seller Central shows it.
    """
    if _PLACEHOLDER.fullmatch(public_key_id):
        return None
    for pattern, problem in _MISTAKES:
        if re.search(pattern, public_key_id):
            return problem
    if _ALLOWED.fullmatch(public_key_id) is None:
        return "has a character that is no letter, digit or dash"
    return _misspelt_prefix(public_key_id.upper())


def _misspelt_prefix(upper: str) -> str | None:
    """Return the problem with a prefix that is nearly `SANDBOX` or `LIVE`."""
    starts = next((w for w in ("SANDBOX", "LIVE") if upper.startswith(w)), None)
    if starts == "SANDBOX":
        return None
    contained = "SANDBOX" in upper.replace("-", "").replace("0", "O")
    if contained:
        return "names SANDBOX, but not as its beginning"
    if starts == "LIVE":
        return None
    from difflib import get_close_matches

    head, dash, _ = upper.partition("-")
    heads = [head] if dash else [upper[:length] for length in (6, 7, 8)]
    words = ["SANDBOX", "LIVE"] if dash else ["SANDBOX"]
    for one in heads:
        if found := get_close_matches(one, words, cutoff=_CLOSE):
            return f"begins with a misspelt {found[0]}"
    return None


def checked_public_key_id(public_key_id: object) -> str:
    """Return the key id if it can be one, else raise `ConfigurationError`."""
    check_type("public_key_id", public_key_id, str, "a str")
    # An Enum of texts is written by its name in an f-string; its value is meant.
    key_id = str.__str__(cast("str", public_key_id))
    problem = problem_with(key_id)
    if problem is not None:
        raise ConfigurationError(
            f"public_key_id {problem}. Give the public key id as Seller Central shows"
            " it: letters, digits and dashes, such as SANDBOX-AB12…"
        )
    return key_id
