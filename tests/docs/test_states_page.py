"""The pictures and tables of the life cycles are the tables of the code."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from AmazonPay.lifecycles import LIFE_CYCLES, Kind

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "states.md").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"


def pictured(kind: Kind) -> list[tuple[str, str, str, str]]:
    """Return what the picture of a kind shows: from, to, event and reason."""
    name = re.sub("[A-Z]", lambda found: f"-{found[0].lower()}", kind)
    file = f"images/life-cycle-{name}.svg"
    assert f"]({file})" in PAGE
    arrows: list[tuple[str, str, str, str]] = []
    for group in ET.parse(DOCS / file).iter(f"{SVG}g"):  # noqa: S314 - our own file
        ((event, reason),) = (
            (text.text or "", text.findtext(f"{SVG}tspan") or "")
            for text in group.iter(f"{SVG}text")
        )
        start, end = group.attrib["data-from"], group.attrib["data-to"]
        arrows.append((start, end, event.strip(), reason))
    return arrows


@pytest.mark.parametrize("kind", LIFE_CYCLES)
def test_a_picture_shows_every_change_and_no_other(kind: Kind) -> None:
    assert pictured(kind) == [
        (state, arrow.to, arrow.event, arrow.reason or "")
        for arrow in LIFE_CYCLES[kind]
        for state in arrow.states or ("new",)
    ]


def test_every_reason_is_explained() -> None:
    explained = set(re.findall(r"`(\w+)`", PAGE.partition("## Reasons")[2]))
    reasons = {
        arrow.reason
        for arrows in LIFE_CYCLES.values()
        for arrow in arrows
        if arrow.reason is not None
    }
    assert reasons <= explained
