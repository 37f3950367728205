"""Docstrings of Google's form, which are Markdown but for their sections."""

from __future__ import annotations

import inspect
import re

_SECTION = re.compile(r"^(Args|Raises|Returns|Yields|Attributes|Errors|Answers):(.*)$")
_ITEM = re.compile(r"^    (\S[^:]*?):(?: (.*))?$")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)


def as_markdown(docstring: str | None) -> str:
    """Return a docstring as Markdown, its sections as lists."""
    lines = inspect.cleandoc(docstring or "").splitlines()
    made: list[str] = []
    in_list = in_code = False
    for line in lines:
        if line.startswith("```"):
            in_code = not in_code
        section = None if in_code else _SECTION.match(line)
        if section is not None:
            in_list = not section[2].strip()
            made += ["", f"**{section[1]}:**{section[2]}", *([""] if in_list else [])]
        elif in_list and line.startswith("        "):
            made[-1] += f" {line.strip()}"
        elif in_list and (item := _ITEM.match(line)):
            name = "`" + item[1].replace("`", "") + "`"
            made.append(f"- {name}: {item[2] or ''}".rstrip())
        else:
            in_list = in_list and not line.strip()
            made.append(line)
    return escaped("\n".join(made).strip())


def escaped(text: str) -> str:
    """Escape what Markdown would take for HTML, outside of code."""
    parts = _CODE.split(text)
    return "".join(
        part if place % 2 else part.replace("<", "&lt;")
        for place, part in enumerate(parts)
    )


def summary(docstring: str | None) -> str:
    """Return the first paragraph of a docstring as one line."""
    first = inspect.cleandoc(docstring or "").partition("\n\n")[0]
    return escaped(" ".join(first.split()))
