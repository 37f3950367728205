"""Write what is made from tables into the docs, or check that it is there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from AmazonPay.lifecycles import LIFE_CYCLES
from AmazonPay.resources._table import as_markdown, rows

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from reference import faults  # noqa: E402 - a table that a test proves row by row

DOCS = ROOT / "docs"


def life_cycles() -> str:
    """Draw the life cycle of each kind of object: one arrow a line."""
    parts: list[str] = []
    for kind, arrows in LIFE_CYCLES.items():
        name = re.sub("[A-Z]", lambda found: f" {found[0].lower()}", kind)
        parts += [f"### {name.capitalize()}", ""]
        parts += ["| from | when | to | reason |", "|---|---|---|---|"]
        for arrow in arrows:
            states = ", ".join(f"`{state}`" for state in arrow.states) or "new"
            reason = f"`{arrow.reason}`" if arrow.reason else ""
            parts.append(f"| {states} | {arrow.event} | `{arrow.to}` | {reason} |")
        parts.append("")
    return "\n".join(parts[:-1])


def filled(page: Path, name: str, text: str) -> str:
    """Put a text between the marks of its name on a page."""
    return re.sub(
        rf"(?s)(<!-- {name}: [^\n]* -->\n).*?(<!-- /{name} -->)",
        lambda found: f"{found[1]}\n{text}\n\n{found[2]}",
        page.read_text(encoding="utf-8"),
    )


def made() -> dict[Path, str]:
    """Make the pages with their tables."""
    table = as_markdown(rows())
    operations = DOCS / "operations.md"
    texts = {operations: filled(operations, "operations", table)}
    simulator = DOCS / "simulator.md"
    texts[simulator] = filled(simulator, "life cycles", life_cycles())
    reliability = DOCS / "reliability.md"
    texts[reliability] = filled(reliability, "faults", faults.as_markdown())
    return texts


def main() -> int:
    """Rewrite the files; with `--check` fail where one would change."""
    stale = 0
    for page, new in made().items():
        old = page.read_text(encoding="utf-8") if page.exists() else ""
        if new != old and "--check" in sys.argv:
            sys.stderr.write(f"{page.name} is stale: run `make operations`\n")
            stale = 1
        elif new != old:
            page.write_text(new, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
