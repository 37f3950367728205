"""`amazonpay operations` and `simulate`, which need no extra of the command line."""

from __future__ import annotations

import pytest

from AmazonPay.__main__ import main
from reference.operations import OPERATIONS


def test_operations_prints_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["operations"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [row.name for row in OPERATIONS]
    (line,) = [line for line in lines if line.startswith("capture_charge ")]
    _, method, path, repeat, place = line.split()
    assert (method, path, repeat) == ("POST", "/charges/{charge_id}/capture", "key")
    assert place.startswith("resources/charges.py:")


def test_operations_prints_a_table_for_a_page(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["operations", "--markdown"]) == 0
    assert "| `get_buyer` | `GET /buyers/{buyer_token}` |" in capsys.readouterr().out


def test_no_command_is_a_wrong_command_line() -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
