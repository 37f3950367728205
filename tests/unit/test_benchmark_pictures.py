"""The pictures of the benchmarks: bars as long as their figures, for every reader."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from benchmarks.bars import Bar, Panel, drawn
from benchmarks.figures import START, Figure, Run, sections
from benchmarks.pictures import frames, pictures

if TYPE_CHECKING:
    from collections.abc import Iterable

SVG = "{http://www.w3.org/2000/svg}"
LEFT, RIGHT = 290, 720
"""Where an axis begins and ends."""

FLOOR = Bar("floor", "floor", Figure(1, 1, 1))
OURS = Bar("Client", "ours", Figure(1.5, 2, 3), "≤ 1.5")
PEER = Bar("the other", "peer", Figure(7, 8, 9), "≥ 5")
PANEL = Panel("Calls", "CPU of a call; the floor's is 1", [FLOOR, OURS, PEER])


def picture(*panels: Panel) -> ET.Element:
    return ET.fromstring(drawn("All calls", panels))  # noqa: S314 - drawn by ourselves


def of_class(root: ET.Element, kind: str) -> list[ET.Element]:
    return [one for one in root.iter() if one.get("class") == kind]


def texts(root: ET.Element, kind: str) -> list[str]:
    return [one.text or "" for one in of_class(root, kind)]


def bars(root: ET.Element) -> Iterable[ET.Element]:
    return root.iter(f"{SVG}g")


def numbers(path: ET.Element) -> list[float]:
    return [float(one) for one in re.findall(r"-?[\d.]+", path.attrib["d"])]


def test_a_bar_is_as_long_as_its_median_on_an_axis_that_begins_at_zero() -> None:
    root = picture(PANEL)
    found = [bar.find(f"{SVG}rect") for bar in bars(root)]
    lengths = {
        rect.attrib["class"]: float(rect.attrib["width"])
        for rect in found
        if rect is not None
    }
    # The axis ends at the round number above 9.
    assert lengths == {"floor": 43, "ours": 86, "peer": 344}
    assert {rect.attrib["x"] for rect in found if rect is not None} == {str(LEFT)}
    assert texts(root, "tick") == ["0", "2", "4", "6", "8", "10"]
    places = [float(tick.attrib["x"]) for tick in of_class(root, "tick")]
    assert places == [290, 376, 462, 548, 634, 720]


def test_panels_have_axes_of_their_own() -> None:
    alone = Panel("Start", "seconds", [Bar("Client", "ours", Figure(70, 80, 90))])
    root = picture(PANEL, alone)
    *_, last = of_class(root, "tick")
    assert (last.text, float(last.attrib["x"])) == ("100", RIGHT)
    assert texts(root, "panel") == ["Calls", "Start"]
    assert texts(root, "unit") == ["CPU of a call; the floor's is 1", "seconds"]


def test_a_target_is_a_line_where_a_bar_of_that_length_ends() -> None:
    _, ours, peer = bars(picture(PANEL))
    (x, top, bottom), *rest = map(numbers, of_class(ours, "limit"))
    assert (x, rest) == (LEFT + 1.5 * 43, [])
    (rect,) = ours.iter(f"{SVG}rect")
    middle = float(rect.attrib["y"]) + float(rect.attrib["height"]) / 2
    assert top < middle < bottom
    assert texts(ours, "target") == ["≤ 1.5: missed"]
    assert texts(peer, "target") == ["≥ 5: met"]


def test_an_axis_is_long_enough_for_a_target_that_is_far_off() -> None:
    far = Panel("p", "u", [Bar("a", "ours", Figure(1, 1, 1), "≤ 40")])
    root = picture(far)
    (line,) = of_class(next(iter(bars(root))), "limit")
    assert numbers(line)[0] == RIGHT
    assert texts(root, "tick")[-1] == "40"


def test_the_spread_is_a_line_between_the_quartiles() -> None:
    floor, ours, _ = bars(picture(PANEL))
    (spread,) = of_class(ours, "spread")
    start, _, end = numbers(spread)[:3]
    assert (start, end) == (LEFT + 1.5 * 43, LEFT + 3 * 43)
    assert not of_class(floor, "spread")


@pytest.mark.parametrize("name", ["<b>&amp;</b>", "A & B", 'a "name"', "]]>"])
def test_names_are_shown_as_they_are(name: str) -> None:
    bar = Bar(name, "ours", Figure(1, 1, 1))
    root = ET.fromstring(drawn(name, [Panel(name, name, [bar])]))  # noqa: S314 - drawn by ourselves
    assert root.findtext(f"{SVG}title") == name
    for kind in ("panel", "unit", "label"):
        assert texts(root, kind) == [name]


def test_who_does_not_see_a_picture_is_told_what_it_shows() -> None:
    root = picture(PANEL)
    assert root.get("role") == "img"
    named = {one.get("id"): one.text for one in root if one.get("id")}
    assert list(named) == (root.get("aria-labelledby") or "").split()
    assert named == {
        "title": "All calls",
        "desc": "Calls (CPU of a call; the floor's is 1): floor 1; Client 2, target"
        " ≤ 1.5, missed; the other 8, target ≥ 5, met.",
    }


def test_the_legend_explains_what_is_there_and_nothing_else() -> None:
    assert texts(picture(PANEL), "name") == [
        "ours",
        "floor",
        "other clients",
        "between the quartiles",
        "target",
    ]
    assert texts(picture(Panel("p", "u", [FLOOR])), "name") == ["floor"]


def test_every_colour_has_one_for_the_light_and_one_for_the_dark() -> None:
    style = picture(PANEL).findtext(f"{SVG}style") or ""
    light, _, dark = style.partition("@media (prefers-color-scheme:dark)")

    def coloured(rules: str) -> dict[str, str]:
        return {
            f"{name} {what}": colour
            for names, rule in re.findall(r"([.\w,-]+)\{([^{}]*)\}", rules)
            for name in names.split(",")
            for what, colour in re.findall(r"(fill|stroke):(#\w+)", rule)
        }

    assert coloured(light).keys() == coloured(dark).keys()
    assert ".ground fill" in coloured(light)
    same = coloured(light).items() & coloured(dark).items()
    assert not same


FULL = Run(
    "v",
    {
        title: {row.what: Figure(1, 2, 3) for row in rows}
        for title, rows in sections().items()
    },
)


def test_every_bar_is_a_row_of_the_page() -> None:
    rows = sections()
    for (title, _), panels in frames().items():
        shown = {part.row for panel in panels for part in panel.parts} - {""}
        assert shown <= {row.what for row in rows[title]}


def test_a_whole_run_has_every_picture_once() -> None:
    files = [one.file for one in pictures(FULL)]
    assert files == [file for _, file in frames()]
    assert len(set(files)) == len(files)


def test_bars_carry_the_targets_of_the_page() -> None:
    (start,) = (one for one in pictures(FULL) if one.section == START)
    root = ET.fromstring(start.svg)  # noqa: S314 - drawn by ourselves
    assert texts(root, "target") == ["≤ 0.5: missed", "≤ 0.8: missed", "≤ 0.8: missed"]


def test_what_was_not_measured_is_left_out_of_a_picture() -> None:
    what = "Client: first answer / AmazonPayClient 2.0.1"
    (one,) = pictures(Run("v", {START: {what: Figure(1, 2, 3)}}))
    root = ET.fromstring(one.svg)  # noqa: S314 - drawn by ourselves
    assert texts(root, "panel") == ["A fresh process, up to its first answer"]
    assert texts(root, "label") == ["AmazonPayClient 2.0.1", "Client"]
