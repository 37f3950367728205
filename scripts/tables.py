"""Write what is made from the declarations into README and docs, or check it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from AmazonPay._operations_table import as_markdown, rows
from AmazonPay.simulator.openapi import document

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "docs" / "operations.md"]
OPENAPI = ROOT / "docs" / "openapi.json"
PLACE = re.compile(r"(?s)(<!-- operations: [^\n]* -->\n).*?(<!-- /operations -->)")


def made() -> dict[Path, str]:
    """Make the pages with their tables, and the OpenAPI document."""
    table = as_markdown(rows())
    texts = {
        page: PLACE.sub(
            lambda found: f"{found[1]}\n{table}\n\n{found[2]}",
            page.read_text(encoding="utf-8"),
        )
        for page in PAGES
    }
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
