"""Plain Markdown beside each page of HTML, and `llms.txt`, which lists them.

What the index says of a page, the list says, too.

A twin is the source of its page, with what a directive includes in its place. A link
between pages is a path of a `.md` file, so it works in the sources, among the twins
and, by MyST, in HTML. A picture is copied beside its twin, at the path that the twin
names: in HTML, Sphinx gives it another one.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_DIRECTIVE = re.compile(
    r"^```\{([\w-]+)\}([^\n]*)\n(.*?)^```$\n?", re.MULTILINE | re.DOTALL
)
_OPTION = re.compile(r'^:([\w-]+):(?: "?([^\n"]*)"?)?$', re.MULTILINE)
_COMMENT = re.compile(r"^<!-- [^\n]* -->\n", re.MULTILINE)
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^):]+)\)")
_INCLUDED = re.compile(r"^```\{include\} (\S+)$", re.MULTILINE)
_LISTED = re.compile(r"^- \[[^\]]+\]\((\S+)\.md\): (.+)$", re.MULTILINE)
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


def twin(source: Path) -> str:
    """Return a page as plain Markdown."""
    text = source.read_text(encoding="utf-8")

    def plain(found: re.Match[str]) -> str:
        name, argument, inner = found[1], found[2].strip(), found[3]
        if name not in {"include", "literalinclude"}:
            return ""
        options = dict(_OPTION.findall(inner))
        included = (source.parent / argument).read_text(encoding="utf-8")
        if "start-after" in options:
            included = included.partition(options["start-after"])[2].lstrip("\n")
        if "end-before" in options:
            included = included.partition(options["end-before"])[0]
        if name == "include":
            return included
        return f"```{options.get('language', 'text')}\n{included.rstrip()}\n```\n"

    made = _COMMENT.sub("", _DIRECTIVE.sub(plain, text))
    return re.sub(r"\n{3,}(?=#)", "\n\n", made).lstrip()


def pictures_of(source: Path) -> dict[str, Path]:
    """Return the pictures of a page: the path that its twin names, and the file."""
    text = source.read_text(encoding="utf-8")
    pages = [source, *(source.parent / name for name in _INCLUDED.findall(text))]
    return {
        name: page.parent / name
        for page in pages
        for name in _PICTURE.findall(page.read_text(encoding="utf-8"))
    }


def title_of(text: str) -> str:
    """Return the title of a page."""
    found = _TITLE.search(text)
    return found[1].replace("`", "") if found else ""


def summary_of(text: str) -> str:
    """Return the first sentence of a page's prose, without links."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for paragraph in prose.partition("# ")[2].partition("\n")[2].split("\n\n"):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
        if plain and plain[0] not in "|`#<-1![":
            return re.split(r"(?<=[.:]) ", plain)[0]
    return ""


def sections_of(index: str) -> dict[str, list[str]]:
    """Return the pages of each table of contents, by its caption."""
    found: dict[str, list[str]] = {}
    for name, _, inner in _DIRECTIVE.findall(index):
        if name == "toctree":
            options = dict(_OPTION.findall(inner))
            pages = [line.strip() for line in _OPTION.sub("", inner).splitlines()]
            found[options.get("caption", "Pages")] = [page for page in pages if page]
    return found


def write(source: Path, target: Path, documents: list[str]) -> None:
    """Write a twin of each document, and the list of them."""
    twins = {name: twin(source / f"{name}.md") for name in documents}
    for name, text in twins.items():
        path = target / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for link, picture in pictures_of(source / f"{name}.md").items():
            copy = path.parent / link
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture, copy)
    index = (source / "index.md").read_text(encoding="utf-8")
    lines = [f"# {title_of(index)}", "", f"> {summary_of(index)}", ""]
    said = dict(_LISTED.findall(index))
    sections = sections_of(index)
    for caption, folder in (("Reason codes", "reasons/"), ("API reference", "api/")):
        sections[caption] = sorted(one for one in documents if one.startswith(folder))
    for caption, pages in sections.items():
        lines += [f"## {caption}", ""]
        for name in pages:
            text = twins[name]
            summary = said.get(name) or summary_of(text)
            about = f": {summary}" if summary else ""
            lines.append(f"- [{title_of(text)}]({name}.md){about}")
        lines.append("")
    (target / "llms.txt").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
