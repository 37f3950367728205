"""The console samples of `docs/reports.md`, run as printed, in one folder."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from AmazonPay.cli.failures import SAID_NO
from AmazonPay.reporting.reconciliation import DIFFERENCES
from AmazonPay.simulator import Settings
from console_samples import files_of, run_page
from simulated import Shop

if TYPE_CHECKING:
    import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")


def shop() -> Shop:
    """Sell three orders, refund a part of one, and let Amazon pay out."""
    shop = Shop(settings=Settings(report_settles_after=timedelta(0)))
    for order in ("1007", "1008", "1009"):
        more = {"merchantMetadata": {"merchantReferenceId": order}}
        sold = shop.buy("50", "AuthorizeWithCapture", more=more)
    assert shop.refund(sold.charge, "10.05").status == 201
    shop.clock.move(days=2)
    return shop


def test_the_page_runs_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # The shop's clock is ahead of the page.
    report = files_of(PAGE)["report.json"].replace(':"2026', ':"2100')
    Path("report.json").write_text(report)
    run_page(PAGE, shop(), tmp_path)
    assert "</html>" in Path("page.html").read_text()


def test_the_page_names_every_difference() -> None:
    for name in DIFFERENCES:
        assert f"| `{name}` |" in PAGE
    assert SAID_NO == 1
    assert re.search(r"exit status is 1 if anything differs", PAGE)
