"""`amazonpay operations` and `simulate`, which need no extra of the command line."""

from __future__ import annotations

import io
import sys

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


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        (["operations", "--jsn"], "--json"),
        (["simulate", "--prot", "1"], "--port"),
        (["simulate", "--publik-key=A=x.pem"], "--public-key"),
    ],
)
def test_a_near_miss_of_an_option_is_told(
    line: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(line)
    assert caught.value.code == 2
    assert f"Did you mean {meant}" in capsys.readouterr().err


@pytest.mark.parametrize("line", [[], ["--port"], ["--db", "x"]])
def test_a_key_on_a_plain_command_line_is_not_shown(
    line: list[str], capsys: pytest.CaptureFixture[str], private_key_pem: str
) -> None:
    for key in (private_key_pem, "".join(private_key_pem.splitlines()[1:-1])):
        with pytest.raises(SystemExit):
            main(["simulate", *line, key, "--nonsense"])
        assert private_key_pem[100:160] not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("amazonpay simulate --po", {"--port"}),
        ("amazonpay operations --", {"--help", "--json", "--markdown"}),
        ("amazonpay simulate x", {""}),
    ],
)
def test_options_of_plain_commands_are_completed(
    words: str, found: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setenv("_AMAZONPAY_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw))
    with pytest.raises(SystemExit):
        main([])
    shown = raw.getvalue().decode().splitlines()
    assert {line.partition(",")[2] for line in shown} == found


def test_no_command_is_a_wrong_command_line() -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
