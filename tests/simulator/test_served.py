"""Files over sockets: reports come, evidence goes, by the simulator's own links."""

from __future__ import annotations

import contextlib
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from AmazonPay import AsyncClient, Client
from AmazonPay.simulator import Settings
from AmazonPay.simulator.server import serving
from callers import on_both_clients
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


def blocking(options: dict[str, Any], evidence: Path, target: Path) -> list[Any]:
    with Client(KEY_ID, KEY, "na", **options) as client:
        report = client.create_report(REQUEST).json()["reportId"]
        return [
            client.wait_for_report(report)["processingStatus"],
            client.download_report(report, target),
            [row["Status"] for row in client.iter_report_rows(report)],
            [r["reportId"] == report for r in client.iter_reports(page_size=1)],
            [d["amount"] for d in client.iter_disbursements(**TIMES, page_size=2)],
            client.upload_evidence(evidence)["url"],
        ]


async def awaiting(options: dict[str, Any], evidence: Path, target: Path) -> list[Any]:
    async with AsyncClient(KEY_ID, KEY, "na", **options) as client:
        report = (await client.create_report(REQUEST)).json()["reportId"]
        rows = client.iter_report_rows(report)
        reports = client.iter_reports(page_size=1)
        paid = client.iter_disbursements(**TIMES, page_size=2)
        return [
            (await client.wait_for_report(report))["processingStatus"],
            await client.download_report(report, target),
            [row["Status"] async for row in rows],
            [r["reportId"] == report async for r in reports],
            [d["amount"] async for d in paid],
            (await client.upload_evidence(evidence))["url"],
        ]


@over_tls_or_not
@on_both_clients
def test_files_go_over_sockets(tls: bool, awaits: bool, tmp_path: Path) -> None:
    evidence, target = tmp_path / "proof.png", tmp_path / "report.csv"
    evidence.write_bytes(b"\x89PNG made up")
    with served(tls) as (shop, address, options):
        if awaits:
            done = anyio.run(awaiting, options, evidence, target)
        else:
            done = blocking(options, evidence, target)
        uploaded = shop.simulator.story()[-1]
    assert done[:-1] == [
        "COMPLETED",
        target,
        ["Captured"] * 3,
        [True],
        ["50.00"] * 3,
    ]
    assert len(target.read_text().splitlines()) == 4
    assert done[-1].startswith(f"{address.url}/_simulator/links/")
    assert (uploaded.kind, uploaded.facts["size"]) == ("file", 12)
