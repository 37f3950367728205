"""Write the table of operations into README and docs, or check that it is there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from AmazonPay._operations_table import as_markdown, rows

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "docs" / "operations.md"]
PLACE = re.compile(r"(?s)(<!-- operations: [^\n]* -->\n).*?(<!-- /operations -->)")


def main() -> int:
    """Rewrite the pages; with `--check` fail where one would change."""
    table = as_markdown(rows())
    stale = 0
    for page in PAGES:
        old = page.read_text(encoding="utf-8")
        new = PLACE.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", old)
        if new != old and "--check" in sys.argv:
            sys.stderr.write(f"{page.name} is stale: run `make operations`\n")
            stale = 1
        elif new != old:
            page.write_text(new, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
