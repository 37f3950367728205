"""What the tests of the command line share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme

from command_line import write_key
from simulated import KEY_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trust one authority: to read the system's takes longer than a test."""
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    return write_key(tmp_path / "key.pem")


@pytest.fixture
def env(key_file: str) -> dict[str, str | None]:
    """Give the variables of a shop, which has no file of profiles."""
    return {
        "AMAZON_PAY_PUBLIC_KEY_ID": KEY_ID,
        "AMAZON_PAY_PRIVATE_KEY": key_file,
        "AMAZON_PAY_REGION": "us",
        "XDG_CONFIG_HOME": str(key_file) + "-none",
    }


@pytest.fixture
def good(key_file: str) -> list[str]:
    return ["--public-key-id", KEY_ID, "--private-key", key_file, "--region", "us"]
