"""What the tests with a browser share."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Open Debian's Chromium, once for a file; the one without windows, if it is there.

    Its driver runs an event loop in this thread, so that no other file's may run there.
    """
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed; `make system` installs it on Debian")
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed; `make test` does it"
    )
    # As long as it waits for everything else: a busy machine must not fail a test.
    sync_api.expect.set_options(timeout=30_000)
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        yield opened
        opened.close()
