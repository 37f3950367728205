"""Files over sockets: reports come, evidence goes, by the simulator's own links."""

from __future__ import annotations

import contextlib
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.simulator import Settings
from AmazonPay.simulator.server import serving
from callers import closing, collected, on_all_clients, result
from keys import KEY
from reference.accounts import SCHEDULED_REPORTS
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from AmazonPay.simulator.server import Address

(AUTHORIZATIONS,) = (one for one in SCHEDULED_REPORTS if "AUTHORIZATION" in one)
over_tls_or_not = pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
pytestmark = pytest.mark.slow

REQUEST = {
    "reportType": AUTHORIZATIONS,
    "startTime": "21000101T000000Z",
    "endTime": "21001231T235959Z",
}
TIMES: dict[str, Any] = {
    "start_time": REQUEST["startTime"],
    "end_time": REQUEST["endTime"],
}


@contextlib.contextmanager
def served(tls: bool) -> Generator[tuple[Shop, Address, dict[str, Any]]]:
    """Serve a shop's simulator; gives it, where it is, and how to get there."""
    settings = Settings(report_settles_after=timedelta(0), every_report_in_sandbox=True)
    shop = Shop(settings=settings)
    for _ in range(3):
        shop.buy("50", "AuthorizeWithCapture")
        shop.clock.move(days=1)
    with serving(shop.simulator, tls=tls) as address:
        options: dict[str, Any] = {"endpoint_url": address.url}
        if address.authority is not None:
            options["verify"] = ssl.create_default_context(cafile=address.authority)
        yield shop, address, options


@over_tls_or_not
@on_all_clients
async def test_files_go_over_sockets(tls: bool, kind: Any, tmp_path: Path) -> None:
    evidence, target = tmp_path / "proof.png", tmp_path / "report.csv"
    evidence.write_bytes(b"\x89PNG made up")
    with served(tls) as (shop, address, options):
        async with closing(kind(KEY_ID, KEY, "na", **options)) as client:
            report = (await result(client.create_report(REQUEST))).json()["reportId"]
            waited = await result(client.wait_for_report(report))
            path = await result(client.download_report(report, target))
            rows = await collected(client.iter_report_rows(report))
            reports = await collected(client.iter_reports(page_size=1))
            paid = await collected(client.iter_disbursements(**TIMES, page_size=2))
            sent = await result(client.upload_evidence(evidence))
        uploaded = shop.simulator.story()[-1]
    assert waited["processingStatus"] == "COMPLETED"
    assert path == target
    assert [row["Status"] for row in rows] == ["Captured"] * 3
    assert [one["reportId"] for one in reports] == [report]
    assert [one["amount"] for one in paid] == ["50.00"] * 3
    assert len(target.read_text().splitlines()) == 4
    assert sent["url"].startswith(f"{address.url}/_simulator/links/")
    assert (uploaded.kind, uploaded.facts["size"]) == ("file", 12)
