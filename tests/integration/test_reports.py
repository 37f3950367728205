"""Reports end to end: a pull that is killed, a page in a browser, and many rows."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import reports_soak
from AmazonPay.simulator import Settings
from AmazonPay.simulator.server import serving
from command_line import amazonpay, write_key
from looks import SCHEMES
from reference.accounts import SANDBOX_REPORT
from settlement_files import Row, write_settlement
from simulated import KEY_ID, Shop
from unmeasured import unmeasured

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.process

REPORTS = 6


def test_a_pull_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    shop = Shop(settings=Settings(report_settles_after=timedelta(0)))
    shop.sold()
    body = {"reportType": SANDBOX_REPORT, "startTime": "21000101T000000Z"}
    body["endTime"] = "21001231T000000Z"
    for _ in range(REPORTS):
        assert shop.post("/reports", body).status == 201
    out = tmp_path / "out"
    command = [sys.executable, "-m", "AmazonPay", "reports", "pull", "--since"]
    command += ["2100-01-01", "--out", str(out)]
    with serving(shop.simulator, tls=False) as served:
        env = unmeasured() | {
            "AMAZON_PAY_PUBLIC_KEY_ID": KEY_ID,
            "AMAZON_PAY_PRIVATE_KEY": write_key(tmp_path / "key.pem"),
            "AMAZON_PAY_REGION": "us",
            "AMAZON_PAY_ENDPOINT_URL": served.url,
        }
        with subprocess.Popen(
            command, env=env, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            assert process.stderr.readline().startswith(f"1/{REPORTS} ")
            assert process.stderr.readline().startswith(f"2/{REPORTS} ")
            process.kill()
        assert process.returncode < 0
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, check=True
        )
    states = [line.split("\t")[2] for line in done.stdout.splitlines()[1:]]
    assert states[:2] == ["kept", "kept"]
    assert set(states) <= {"kept", "pulled"}
    assert len(states) == REPORTS
    for ending in (".csv", ".parquet", ".report.json"):
        assert len(list(out.glob(f"[0-9]*{ending}"))) == REPORTS


def test_a_command_that_is_told_to_end_leaves_no_file_behind(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    settlement = tmp_path / "s.csv"
    rows = (Row("Capture", "1", f"order-{n}") for n in range(30_000))
    write_settlement(settlement, rows)
    orders = tmp_path / "o.csv"
    orders.write_text("id,amount,currency\n")
    command = [sys.executable, "-m", "AmazonPay", "reports", "reconcile"]
    command += [str(settlement), "--orders", str(orders)]
    env = unmeasured() | {"TMPDIR": str(temporary)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # and the pipe is full before the last one
        assert list(temporary.iterdir())
        process.terminate()
    assert process.returncode == 143
    assert list(temporary.iterdir()) == []


def test_the_page_is_drawn_in_a_browser_without_a_complaint(
    browser: Browser, tmp_path: Path
) -> None:
    hostile = tmp_path / "<img src=x onerror=alert(1)>.csv"
    rows = [
        Row("Capture", "1050.10", "A", day="2026-05-18", fee="20"),
        Row("Refund", "-300", "A", day="2026-05-20"),
        Row("Transfer", "-730.10", day="2026-05-21"),
    ]
    write_settlement(hostile, rows)
    page = tmp_path / "page.html"
    page.write_text(amazonpay("reports", "summary", str(hostile), "--html").out)
    asked: list[str] = []
    complaints: list[str] = []
    colours: set[Any] = set()
    for scheme in SCHEMES:
        tab = browser.new_page(
            color_scheme=scheme, viewport={"width": 1200, "height": 900}
        )
        tab.on("request", lambda one: asked.append(one.url))
        tab.on("console", lambda one: complaints.append(one.text))
        tab.on("dialog", lambda one: complaints.append(one.message))
        tab.goto(page.as_uri())
        expect(tab.get_by_role("img")).to_have_count(2)
        bar = tab.locator("rect.captures").bounding_box()
        assert bar is not None
        assert bar["height"] > 100
        expect(tab.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
        wide = "document.documentElement.scrollWidth <= innerWidth"
        assert tab.evaluate(wide)
        tab.set_viewport_size({"width": 360, "height": 700})
        assert tab.evaluate(wide)
        colours.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (asked, complaints) == ([page.as_uri()] * 2, [])
    assert len(colours) == 2


def test_many_rows_are_pulled_matched_and_summed_up() -> None:
    assert reports_soak.main(100) == []


def test_a_reader_that_goes_away_ends_the_differences_quietly(tmp_path: Path) -> None:
    rows = [Row("Capture", "1", f"order-{number}") for number in range(5_000)]
    write_settlement(tmp_path / "s.csv", rows)
    (tmp_path / "o.csv").write_text("id,amount,currency\n")
    command = f"{sys.executable} -m AmazonPay reports reconcile s.csv --orders o.csv"
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} | head -n 1"],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("order\t")
    assert "Traceback" not in done.stderr
    assert "5000 missing_in_orders" in done.stderr
