"""The page of the last run of `make bench`, and its pictures, are of its figures."""

from __future__ import annotations

import re

from twins import twin

from benchmarks.page import HERE, kept, text_of
from benchmarks.pictures import pictures

PAGE = HERE / "latest.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_the_kept_figures_and_notes_give() -> None:
    assert text_of(kept()) == TEXT, "run `python -m benchmarks.page`"


def test_the_pictures_are_drawn_from_the_kept_figures() -> None:
    drawn = {one.file: one.svg for one in pictures(kept())}
    there = {
        file.name: file.read_text(encoding="utf-8")
        for file in (HERE / "latest").iterdir()
    }
    assert there == drawn, "run `python -m benchmarks.page`"


def test_the_page_links_every_picture_and_no_other() -> None:
    linked = re.findall(r"!\[[^\]]+\]\((\S+)\)", TEXT)
    assert all((HERE / file).is_file() for file in linked)
    there = (HERE / "latest").iterdir()
    assert sorted(linked) == sorted(f"latest/{file.name}" for file in there)


def test_no_kept_figure_is_missing_on_the_page() -> None:
    for title, rows in kept().figures.items():
        section = TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
        assert re.findall(r"^\| (?!what )([^|-].*?) \|", section, re.MULTILINE) == [
            *rows
        ]


def test_the_site_shows_the_page() -> None:
    assert TEXT.rstrip() in twin(HERE.parent / "docs" / "speed.md")
