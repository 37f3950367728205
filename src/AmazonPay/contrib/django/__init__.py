"""An app for Django: journal, inbox and view for notifications; the extra `[django]`.

Add `"AmazonPay.contrib.django"` to `INSTALLED_APPS` and run `migrate`. Journal and
inbox keep their rows in Django's own database, and commit by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._view import ipn_view as ipn_view

if TYPE_CHECKING:
    from ._inbox import DjangoInbox as DjangoInbox
    from ._journal import DjangoJournal as DjangoJournal

# Models can be imported only when Django's apps are ready, which import this package.
_LAZY_NAMES = {"DjangoInbox": "_inbox", "DjangoJournal": "_journal"}

__all__ = ["DjangoInbox", "DjangoJournal", "ipn_view"]


def __getattr__(name: str) -> object:
    """Load a name on its first use."""
    if name not in _LAZY_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LAZY_NAMES[name]}", __name__), name)
