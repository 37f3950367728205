"""What the tests of the simulator share."""

from __future__ import annotations

import pytest

from simulated import Shop


@pytest.fixture
def shop() -> Shop:
    """Give a North American merchant with a simulator of default settings."""
    return Shop()
