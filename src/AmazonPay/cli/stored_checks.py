"""The checks of `doctor` that look into the shop's journal and inbox."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import AmazonPayError
from . import inbox as inboxes
from . import journal as journals
from .findings import Finding, ok, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .places import Kind


def journal(named: str | None, table: str | None) -> Iterator[Finding]:
    """Check that the journal can be read, if there is one."""
    yield from _about(
        journals.JOURNAL,
        named,
        lambda: len(journals.opened(named, table).open_entries(limit=1)),
        "there are open entries: amazonpay journal list",
    )


def inbox(named: str | None) -> Iterator[Finding]:
    """Check that the inbox can be read, if there is one."""
    yield from _about(
        inboxes.INBOX,
        named,
        lambda: len(inboxes.opened(named).parked(limit=1)),
        "there are parked notifications: amazonpay inbox list",
    )


def _about(
    kind: Kind, named: str | None, count: Callable[[], int], more: str
) -> Iterator[Finding]:
    if named is None and not os.environ.get(kind.variable):
        return
    try:
        found = count()
    except (AmazonPayError, ModuleNotFoundError) as error:
        yield wrong(kind.noun, f"it cannot be read: {error}")
        return
    yield ok(kind.noun, f"it can be read; {more if found else 'none open'}")
    file = kind.readable_by_others(named)
    if file is not None:
        yield wrong(
            "permissions",
            f"the {kind.noun} {file!r} can be read by others than its owner",
            f"chmod 600 {file}",
        )
