"""README and guides of the docs, typed as printed, each in a folder of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from guide import GUIDE, Walk

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXAMPLES = {path.read_text("utf-8") for path in (ROOT / "examples").glob("*.py")}
GUIDES = {
    page.stem: text
    for page in (ROOT / "README.md", *sorted(DOCS.glob("*.md")))
    if (text := page.read_text(encoding="utf-8")).startswith(GUIDE)
}


@pytest.mark.process
@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_runs_as_printed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    typed = Walk(tmp_path).follow(GUIDES[name])
    assert typed == GUIDES[name].count("\n$ ")


def test_every_file_of_the_docs_stands_on_a_page_that_is_typed() -> None:
    for page in DOCS.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        if page.stem not in GUIDES and "<!-- file:" in text:
            assert Path(__file__).with_name(f"test_{page.stem}_page.py").exists()


def test_every_python_block_of_the_docs_is_run() -> None:
    assert "README" in GUIDES
    for page in (ROOT / "README.md", *DOCS.glob("*.md"), *DOCS.glob("reasons/*")):
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(
            r"(?:<!-- (\w+): \S+ -->\n)?```python\n(.*?)```", text, re.DOTALL
        )
        marks = {mark for mark, code in blocks if code not in EXAMPLES}
        assert marks <= {"sample", "file"}, page.name
