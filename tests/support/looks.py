"""How a page looks to whom: what axe finds, in light and dark, wide and narrow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

Scheme: TypeAlias = Literal["light", "dark"]

_AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"

# In dark, only what a colour or the width may change is looked at.
_LOOKS: dict[Scheme, tuple[int, tuple[str, ...]]] = {
    "light": (1280, ()),
    "dark": (390, ("color-contrast", "target-size", "link-in-text-block")),
}
SCHEMES = tuple(_LOOKS)


def put_on(tab: Page, scheme: Scheme) -> None:
    """Set a tab's colours and width for one look, and switch transitions off."""
    tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    tab.set_viewport_size({"width": _LOOKS[scheme][0], "height": 900})


def faults_of(tab: Page, scheme: Scheme = "light") -> list[str]:
    """Return what is wrong with the page of a tab: by axe, and if it is too wide."""
    if not _AXE.exists():
        pytest.skip("axe is not installed; `make tests` installs it")
    put_on(tab, scheme)
    tab.evaluate(_AXE.read_text(encoding="utf-8"))
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    if rules := _LOOKS[scheme][1]:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found: list[dict[str, Any]] = tab.evaluate(
        "(options) => axe.run(options).then((result) => result.violations)", options
    )
    faults = [
        f"{one['id']}: {node['html']}: {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]
    if tab.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        faults.append("it is wider than its window")
    return faults
