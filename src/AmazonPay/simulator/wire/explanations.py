"""Explain why the signature of a request is wrong, with the keys of the simulator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ...explain import Explanation
    from ..merchants import Merchant
    from .messages import Request

_KEY_ID = re.compile(r"PublicKeyId=\"?([^\",\s]+)")


def key_id_of(request: Request) -> str:
    """Return the id of the key that a request names; empty if it names none."""
    found = _KEY_ID.search(request.header("authorization") or "")
    return found[1] if found else ""


def explanation_of(
    request: Request, merchants: Mapping[str, Merchant], now: datetime | None = None
) -> Explanation:
    """Return the explanation of a request's signature; `now` judges its date, too."""
    from ... import explain  # its tables take long to import

    keys = {name: one.public_key for name, one in merchants.items()}
    return explain.request(
        request.method,
        request.target,
        request.headers,
        request.body,
        public_key=keys.pop(key_id_of(request), None),
        other_keys=keys,
        now=now,
    )
