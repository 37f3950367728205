"""The samples of `docs/bulk.md`, run as printed, with charges of a shop in memory."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from AmazonPay.bulk.kinds import KINDS
from AmazonPay.bulk.results import MEANINGS
from console_samples import files_of, run_page
from simulated import Shop

if TYPE_CHECKING:
    import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "bulk.md").read_text(encoding="utf-8")


def test_the_page_runs_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shop = Shop()
    for name, content in files_of(PAGE).items():
        charges = dict.fromkeys(re.findall(r"S01-\S{15}-C\d{6}", content))
        text = content
        for charge in charges:
            text = text.replace(charge, shop.sold("50"))
        (tmp_path / name).write_text(text)
    run_page(PAGE, shop, tmp_path)


def test_the_page_has_every_outcome_and_what_it_asks_for() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([0-4, ]+) \|$", PAGE, re.MULTILINE)
    assert [name for name, _ in rows] == list(MEANINGS)


def test_the_page_has_the_columns_of_each_kind() -> None:
    row = r"^\| `bulk (\w+)` \| (`reference`.*) \|$"
    rows = dict(re.findall(row, PAGE, re.MULTILINE))
    assert list(rows) == list(KINDS)
    for name, kind in KINDS.items():
        named = re.findall(r"`(\w+)`", rows[name])
        helper, *columns = [named[-1], *named[:-1]]
        assert helper == kind.helper
        assert columns == list(chain(kind.required, kind.optional))
