"""The checks of `doctor` that look into the shop's journal and inbox."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import AmazonPayError
from . import inbox as inboxes
from . import journal as journals
from .failures import missing_extra, text_of
from .findings import Finding, ok, unknown, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .places import Kind


def journal(
    named: str | None, table: str | None, *, offline: bool = False
) -> Iterator[Finding]:
    """Check that the journal can be read, if there is one."""
    yield from _about(
        journals.JOURNAL,
        named,
        offline,
        lambda: len(journals.opened(named, table).open_entries(limit=1)),
        ("there are open entries: amazonpay journal list", "none open"),
    )


def inbox(named: str | None, *, offline: bool = False) -> Iterator[Finding]:
    """Check that the inbox can be read, if there is one."""
    yield from _about(
        inboxes.INBOX,
        named,
        offline,
        lambda: len(inboxes.opened(named).parked(limit=1)),
        ("there are parked notifications: amazonpay inbox list", "none parked"),
    )


def _about(
    kind: Kind,
    named: str | None,
    offline: bool,  # noqa: FBT001 - private
    count: Callable[[], int],
    said: tuple[str, str],
) -> Iterator[Finding]:
    if named is None and not os.environ.get(kind.variable):
        return
    try:
        if offline and kind.is_on_a_server(named):
            text = "it is on a server, which is not asked because of --offline"
            yield unknown(kind.noun, text)
            return
        found = count()
    except AmazonPayError as error:
        yield wrong(kind.noun, f"it cannot be read: {text_of(error)}")
        return
    except ModuleNotFoundError as missing:
        yield wrong(
            kind.noun, f"it cannot be read: {missing_extra(missing) or missing}"
        )
        return
    yield ok(kind.noun, f"it can be read; {said[0] if found else said[1]}")
    file = kind.readable_by_others(named)
    if file is not None:
        yield wrong(
            "permissions",
            f"the {kind.noun} {file!r} can be read by others than its owner",
            f"chmod 600 {file}",
        )
