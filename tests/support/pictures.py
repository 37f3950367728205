"""Pictures of pages, which the documentation shows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = Path(os.environ.get("PICTURES", Path(__file__).parents[2] / "build"))
"""Where they go; `make pictures` renews those of the docs."""


def take(tab: Page, name: str) -> None:
    """Keep a picture of what a tab shows."""
    path = FOLDER / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=path, animations="disabled")
