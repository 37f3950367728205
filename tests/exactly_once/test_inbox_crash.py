"""Processes that are killed at any line of the inbox: no order moves twice or back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inbox_soak import faults_of, run

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

pytestmark = pytest.mark.process


def test_a_process_may_die_at_any_line(tmp_path: Path) -> None:
    told = run(f"sqlite:///{tmp_path / 'shop.db'}", 47)
    assert faults_of(told) == []
    assert len(told) > 6


def test_a_process_may_die_at_any_line_under_django() -> None:
    told = run("django", 37)
    assert faults_of(told) == []
    assert len(told) > 7


def test_a_process_may_die_at_any_line_on_postgresql(
    postgres_engine: Engine, postgres_url: str
) -> None:
    del postgres_engine  # it empties the database afterwards
    told = run(postgres_url, 59)
    assert faults_of(told) == []
    assert len(told) > 5
