"""The plain Markdown beside each page, and the list of all pages for programs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from twins import sections_of, summary_of, title_of, twin, write

DOCS = Path(__file__).parents[2] / "docs"
REASONS = sorted(f"reasons/{path.stem}" for path in DOCS.glob("reasons/*.md"))
TOPICS = sorted(path.stem for path in DOCS.glob("*.md"))
PAGES = TOPICS + REASONS


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    write(DOCS, target, PAGES)
    return target


@pytest.mark.parametrize("page", PAGES)
def test_a_twin_has_no_directive_and_no_comment(page: str, site: Path) -> None:
    text = (site / f"{page}.md").read_text(encoding="utf-8")
    assert "```{" not in text
    assert not re.search(r"^<!-- ", text, re.MULTILINE)
    assert title_of(text)


def test_a_twin_has_the_text_that_its_page_includes(site: Path) -> None:
    changes = (DOCS.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    assert changes in (site / "changelog.md").read_text(encoding="utf-8")


def test_the_pictures_of_a_twin_are_where_it_names_them(site: Path) -> None:
    named = [
        (page.parent / link)
        for page in site.glob("**/*.md")
        for link in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text("utf-8"))
    ]
    assert {"life.png", "start.svg"} <= {picture.name for picture in named}
    assert [picture for picture in named if not picture.is_file()] == []


def test_the_list_names_every_page_once(site: Path) -> None:
    text = (site / "llms.txt").read_text(encoding="utf-8")
    named = re.findall(r"^- \[[^\]]+\]\((\S+)\.md\)", text, re.MULTILINE)
    assert sorted(named) == sorted(set(PAGES) - {"index"})
    assert text.startswith("# Amazon Pay for Python\n\n> The whole Amazon Pay API v2")


def test_the_list_says_of_a_page_what_the_index_says(site: Path) -> None:
    text = (site / "llms.txt").read_text(encoding="utf-8")
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    line = re.compile(r"^- \[[^\]]+\]\((\S+\.md\): .+)$", re.MULTILINE)
    said = set(line.findall(index))
    assert len(said) > 30
    assert said <= set(line.findall(text))


def test_every_page_stands_in_one_table_of_contents() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    named = [page for pages in sections_of(index).values() for page in pages]
    assert sorted(named) == sorted(set(TOPICS) - {"index"})


def test_the_index_links_every_page_in_a_plain_view_too() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    for caption, pages in sections_of(index).items():
        part = index.partition(f"## {caption}\n")[2].partition("```")[0]
        assert re.findall(r"^- \[[^\]]+\]\((\S+)\.md\): ", part, re.MULTILINE) == pages


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("# A\n\nOne sentence.\nAnother one.\n", "One sentence."),
        ("# A\n\n```\ncode\n```\n\nSee [that](b.md#c): or not.\n", "See that:"),
        (
            "# A\n\n| a | b |\n|---|---|\n\nA line\nthat wraps. More.\n",
            "A line that wraps.",
        ),
        ("# A\n", ""),
    ],
)
def test_the_summary_is_the_first_sentence_of_prose(text: str, summary: str) -> None:
    assert summary_of(text) == summary


def test_an_included_file_is_cut_where_the_directive_says(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("no\n# from\nyes\n# to\nno\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "# P\n\n```{literalinclude} a.py\n:language: python\n"
        ':start-after: "# from"\n:end-before: "# to"\n```\n',
        encoding="utf-8",
    )
    assert twin(page) == "# P\n\n```python\nyes\n```\n"


LINK = re.compile(r"\]\(([^)#\s]*)(?:#([\w-]+))?\)")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_works_in_a_plain_view_of_the_repository(page: str) -> None:
    text = re.sub(
        r"(?ms)^```.*?^```$|`[^`\n]*`", "", (DOCS / f"{page}.md").read_text("utf-8")
    )
    for file, anchor in LINK.findall(text):
        if file.startswith(("http://", "https://")):
            continue
        here = DOCS / f"{page}.md"
        target = here.parent / file if file else here
        assert target.exists(), file
        if anchor and target.suffix == ".md":
            assert anchor in anchors_of(target), f"{file}#{anchor}"


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that headings get, as code forges write them."""
    text = re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles
    }
