"""What a buyer has begun on the pages survives `kill -9`: all of it, or nothing."""

from __future__ import annotations

import os

import pytest

import page_crash


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_is_killed_leaves_the_world_before_an_act_or_after_it() -> None:
    assert page_crash.main(1_500) == []
