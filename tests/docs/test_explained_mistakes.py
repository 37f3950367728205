"""The page of refused signatures lists every mistake, as it is explained."""

from __future__ import annotations

import re
from pathlib import Path

from AmazonPay._explain import key_rows, search

PAGE = (Path(__file__).parents[2] / "docs" / "signatures.md").read_text("utf-8")


def test_every_mistake_is_listed_with_its_headline() -> None:
    tables = PAGE.partition("## Mistakes in the text")[2]
    listed = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", tables, re.MULTILINE))
    rows = key_rows.ROWS | search.ROWS
    headlines = {name: row.headline.replace("<", "&lt;") for name, row in rows.items()}
    assert listed == headlines
