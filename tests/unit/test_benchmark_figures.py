"""The figures of the benchmarks: ratios value by value, and pages made of figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.__main__ import folder_of
from benchmarks.figures import (
    PURCHASE,
    Figure,
    Row,
    Run,
    figures_of,
    from_json,
    is_met,
    run_of,
    shown,
    to_json,
)
from benchmarks.page import HERE, table, text_of, write

if TYPE_CHECKING:
    from pathlib import Path

PART = run_of("CPython 3.14", {"a purchase": (0.03, 0.04, 0.06)})


def test_contenders_are_compared_value_by_value() -> None:
    # The second moment was slow for both.
    values = {"A": (2.0, 20.0, 6.0), "B": (1.0, 10.0, 2.0)}
    assert figures_of([Row("A / B", "A", "B")], values) == {"A / B": Figure(2, 2, 2.5)}


def test_what_is_compared_with_nothing_is_in_milliseconds() -> None:
    found = figures_of([Row("A", "A")], {"A": (0.03, 0.04, 0.06)})
    assert found == {"A": Figure(35, 40, 50)}


def test_a_row_is_left_out_if_one_of_its_sides_was_not_measured() -> None:
    rows = [Row("A / B", "A", "B"), Row("C / A", "C", "A"), Row("C", "C")]
    assert figures_of(rows, {"A": (1.0, 1.0)}) == {}


@pytest.mark.parametrize(
    ("target", "met"),
    [("≤ 2", True), ("≤ 1.9", False), ("≥ 2", True), ("≥ 2.1", False)],
)
def test_the_median_meets_a_target_or_misses_it(target: str, met: object) -> None:
    assert is_met(Figure(1, 2, 3), target) is met


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.88888, "0.889"),
        (1.0, "1"),
        (24.16, "24.2"),
        (412.3, "412"),
        (1234.5, "1,234"),
    ],
)
def test_a_number_is_shown_with_three_digits(number: float, text: str) -> None:
    assert shown(number) == text


def test_a_table_says_which_targets_are_met() -> None:
    rows = [
        Row("A / B", "A", "B", "≤ 2"),
        Row("A / C", "A", "C", "≥ 3"),
        Row("A / D", "A", "D"),
        Row("A / E", "A", "E"),
    ]
    figures = {
        "A / B": Figure(1.5, 2, 2.5),
        "A / C": Figure(2, 2, 2),
        "A / D": Figure(1, 1, 1.0001),
    }
    _, _, *lines = table(rows, figures)
    assert lines == [
        "| A / B | 2 (1.5 to 2.5) | ≤ 2 | yes |",
        "| A / C | 2 | ≥ 3 | **no** |",
        "| A / D | 1 |  |  |",
    ]


def test_figures_are_the_same_after_they_were_written_down() -> None:
    run = Run("v", {"S": {"A / B": Figure(0.5, 1.25, 2)}, "T": {"A": Figure(1, 2, 3)}})
    assert from_json(to_json(run)) == run


def test_a_page_shows_what_was_measured_and_nothing_else() -> None:
    page = text_of(PART)
    assert "Measured with CPython 3.14." in page
    titles = [line[3:] for line in page.splitlines() if line.startswith("## ")]
    assert titles == [PURCHASE, "Targets that are missed, and what was tried"]
    assert "](latest/purchase.svg)" in page
    assert "| a purchase | 40 (35 to 50) | ≤ 50 | yes |" in page


def test_a_written_page_replaces_the_pictures_of_the_last_one(tmp_path: Path) -> None:
    old = tmp_path / "latest" / "old.svg"
    old.parent.mkdir()
    old.write_text("<svg/>")
    write(tmp_path, PART)
    files = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.*")}
    assert files == {"latest.json", "latest.md", "latest/purchase.svg"}
    assert from_json((tmp_path / "latest.json").read_text("utf-8")) == PART


def test_a_part_of_a_run_leaves_the_page_of_the_last_whole_run_alone() -> None:
    assert folder_of("") == HERE
    part = folder_of("import|first answer")
    assert part != HERE
    assert HERE not in part.parents
