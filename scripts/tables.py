"""Write what is made from tables into README and docs, or check that it is there."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from AmazonPay._operations_table import as_markdown, rows
from AmazonPay.simulator.openapi import document

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from reference import faults  # noqa: E402 - a table that a test proves row by row

PAGES = [ROOT / "README.md", ROOT / "docs" / "operations.md"]
RELIABILITY = ROOT / "docs" / "reliability.md"
OPENAPI = ROOT / "docs" / "openapi.json"


def _with(page: Path, name: str, table: str) -> str:
    """Put a table into its place on a page, between two comments."""
    place = re.compile(rf"(?s)(<!-- {name}: [^\n]* -->\n).*?(<!-- /{name} -->)")
    return place.sub(
        lambda found: f"{found[1]}\n{table}\n\n{found[2]}",
        page.read_text(encoding="utf-8"),
    )


def made() -> dict[Path, str]:
    """Make the pages with their tables, and the OpenAPI document."""
    table = as_markdown(rows())
    texts = {page: _with(page, "operations", table) for page in PAGES}
    texts[RELIABILITY] = _with(RELIABILITY, "faults", faults.as_markdown())
    texts[OPENAPI] = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
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
