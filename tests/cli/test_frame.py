"""What all commands of `amazonpay` share: streams, statuses, near misses."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import httpx2
import pytest

import AmazonPay
from AmazonPay import ConfigurationError, errors
from AmazonPay import __main__ as program
from AmazonPay._core.command_lines import without_secrets
from AmazonPay._core.operation import operations_of
from AmazonPay.cli import output, plain
from AmazonPay.cli.app import app
from AmazonPay.cli.durations import age_text, duration
from AmazonPay.cli.failures import Failure, as_exit_status, status_of
from AmazonPay.resources import Operations
from command_line import amazonpay, failing

if TYPE_CHECKING:
    from pathlib import Path

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----"


def commands() -> list[tuple[str, ...]]:
    """Return every command, with its group, but the one that serves until stopped."""
    context = click.Context(app, info_name="amazonpay")
    found: list[tuple[str, ...]] = []
    for name in app.list_commands(context):
        command = app.get_command(context, name)
        if isinstance(command, click.Group):
            found += [(name, inner) for inner in command.list_commands(context)]
        elif name != "simulate":
            found.append((name,))
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_each_command_has_help_and_json(command: tuple[str, ...]) -> None:
    done = amazonpay(*command, "--help")
    assert done.status == 0
    assert "--json" in done.out


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_each_command_ends_without_input_and_without_a_traceback(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = amazonpay(*command, transport=failing(httpx2.ConnectError))
    assert done.status in {0, 1, 2, 3}
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_an_empty_text_is_not_the_default_of_an_option(
    command: tuple[str, ...],
) -> None:
    found: click.Command | None = app
    for name in command:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), name)
    assert found is not None
    for option in found.params:
        if isinstance(option, click.Option) and not option.is_flag:
            done = amazonpay(*command, option.opts[0], "")
            assert (done.status, done.out) == (2, ""), option.opts[0]


@pytest.mark.parametrize(
    "line",
    [
        ("journal", "list", "--journal"),
        ("journal", "list", "--table"),
        ("reports", "pull", "--out"),
        ("reports", "reconcile"),
        ("sim", "clock", "--endpoint-url"),
        ("sim", "story"),
    ],
    ids=" ".join,
)
def test_an_empty_text_may_come_from_a_variable_that_is_not_set(
    line: tuple[str, ...],
) -> None:
    done = amazonpay(*line, "")
    assert (done.status, done.out) == (2, "")
    assert "it is empty; a variable of the shell may not be set" in done.err


def test_each_operation_has_a_command() -> None:
    names = {name.replace("_", "-") for name in operations_of(Operations)}
    assert names <= {command[0] for command in commands()}


@pytest.mark.parametrize("line", [[], ["--help"], ["-h"]])
def test_help_lists_commands_and_calls(line: list[str]) -> None:
    done = amazonpay(*line)
    assert "doctor" in done.out + done.err
    assert "create-refund" in done.out + done.err


def test_help_loads_nothing_heavy() -> None:
    heavy = {"cryptography", "httpx2", "rich", "pydantic", "sqlalchemy", "uvicorn"}
    heavy.add("duckdb")
    code = (
        "import sys\nfrom AmazonPay.__main__ import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"


def test_operations_needs_no_extra() -> None:
    code = (
        "import sys\nfrom AmazonPay.__main__ import main\nmain(['operations'])\n"
        "print(sorted({'click', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"


def test_without_the_simulators_extra_it_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "AmazonPay.simulator.cli", None)
    assert program.main(["simulate"]) == 2
    assert "[simulator]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        (["kesy"], "keys"),
        (["get_charge"], "get-charge"),
        (["GET-CHARGE"], "get-charge"),
        (["docter"], "doctor"),
        (["keys", "nwe"], "new"),
        (["journal", "lst"], "list"),
        (["get-charge", "S01", "--regoin", "us"], "--region"),
    ],
)
def test_a_near_miss_is_told(line: list[str], meant: str) -> None:
    done = amazonpay(*line)
    assert (done.status, done.out) == (2, "")
    assert f"Did you mean {meant}" in done.err.replace("'", "")


def test_a_word_like_none_has_no_suggestion() -> None:
    done = amazonpay("xyzzy")
    assert done.status == 2
    assert "Did you mean" not in done.err


def test_the_version_is_data() -> None:
    assert amazonpay("--version").out == f"amazonpay {AmazonPay.__version__}\n"


class Terminal(io.StringIO):
    """A stream at which somebody sits."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(shell: str) -> None:
    done = amazonpay("completion", shell)
    assert done.status == 0
    assert "_AMAZONPAY_COMPLETE" in done.out
    assert done.err == ""  # a shell evaluates it at each start
    assert amazonpay("completion", shell, "--json").json["shell"] == shell


def test_who_reads_a_completion_at_a_terminal_is_told_where_it_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    with pytest.raises(SystemExit):
        program.main(["completion", "zsh"])
    assert "add to ~/.zshrc" in capsys.readouterr().err


def completed(monkeypatch: pytest.MonkeyPatch, line: str) -> set[str]:
    """Return what bash is told to complete at the end of a line."""
    monkeypatch.setenv("_AMAZONPAY_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw))
    with pytest.raises(SystemExit):
        program.main([])
    return set(raw.getvalue().decode().splitlines())


def test_completion_knows_commands_and_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed(monkeypatch, "amazonpay get-ch") == {
        "plain,get-checkout-session",
        "plain,get-charge-permission",
        "plain,get-charge",
    }


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("keys show pri", "file,pri"),
        ("keys check a.pem pub", "file,pub"),
        ("get-charge S01 --private-key pri", "file,pri"),
        ("bulk capture jul", "file,jul"),
        ("journal list --journal j", "file,j"),
        ("reports pull --out pul", "dir,pul"),
    ],
)
def test_files_are_completed_by_the_shell(
    line: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert completed(monkeypatch, f"amazonpay {line}") == {kind}


@pytest.mark.parametrize(
    "line",
    [
        ["get-charge", "S01", "--private-key", PEM],
        ["get-charge", "S01", PEM],
        ["get-charge", "S01", "--public-key-id", PEM],
        [PEM],
        ["keys", "show", PEM],
        ["keys", PEM],
        ["create-charge", "--body", PEM, "--private-key", PEM],
        ["get-charge", "S01", f"--{PEM}"],
        ["get-charge", "S01", "--private-key", "MIIEvQIBADANBgkqhkiG9w0B" * 4],
    ],
)
def test_a_key_on_the_command_line_is_refused_and_not_shown(line: list[str]) -> None:
    done = amazonpay(*line)
    assert done.status == 2
    assert "MIIEvQ" not in done.out + done.err


def test_a_password_in_a_url_is_not_shown() -> None:
    text = "postgresql://shop:geheim@db/x cannot be reached"
    assert "geheim" not in without_secrets(text)


def test_what_stands_behind_a_hidden_key_is_shown() -> None:
    text = f"region {PEM!r} is not one of us, eu"
    assert without_secrets(text).endswith(")' is not one of us, eu")
    assert "MIIE" not in without_secrets(text)


def test_a_form_of_a_url_is_shown() -> None:
    text = "write http://USER:PASSWORD@HOST:PORT"
    assert without_secrets(text) == text


def test_a_hash_is_shown() -> None:
    assert without_secrets("a" * 64) == "a" * 64


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.ConfigurationError("x"), 2),
        (errors.InvalidRequest("x"), 2),
        (errors.JournalConflict("x"), 1),
        (errors.JournalFailed("x"), 3),
        (errors.JournalFailed("x", outcome_unknown=True), 4),
        (errors.ConnectionFailed("x"), 3),
        (errors.TimedOut("x", outcome_unknown=True), 4),
        (errors.TimedOut("x"), 3),
    ],
)
def test_an_error_has_its_exit_status(
    error: errors.AmazonPayError, status: int
) -> None:
    assert status_of(error) == status


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (KeyboardInterrupt(), 130),
        (click.Abort(), 2),
        (ModuleNotFoundError("x", name="rich"), 2),
        (ModuleNotFoundError("x", name="sqlalchemy"), 2),
    ],
)
def test_what_ends_a_command_has_its_exit_status(
    raised: BaseException, status: int
) -> None:
    with pytest.raises(Failure) as caught, as_exit_status():
        raise raised
    assert caught.value.exit_code == status


def test_a_missing_module_of_our_own_is_no_missing_extra() -> None:
    with pytest.raises(ModuleNotFoundError), as_exit_status():
        raise ModuleNotFoundError("x", name="AmazonPay.nothing")


class Closed(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        del text
        raise BrokenPipeError(32, "Broken pipe")


def test_a_closed_pipe_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Closed())
    output.data("x")
    assert capsys.readouterr().err == ""


class Full(Closed):
    """A file on a disk that is full."""

    def write(self, text: str) -> int:
        del text
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Full())
    output.data("x")
    assert "No space left" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        program.main(["--help"])
    assert caught.value.code == 0
    assert "cannot be written: No space left" in capsys.readouterr().err


def test_a_failing_file_is_no_failing_output() -> None:
    with pytest.raises(OSError, match="No space"), as_exit_status():
        raise OSError(28, "No space left on device", "a.db")


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (KeyboardInterrupt(), 130, "amazonpay: interrupted\n"),
        (
            OSError(28, "No space left on device"),
            2,
            "amazonpay simulate: No space left on device\n",
        ),
        (
            FileNotFoundError("no usable folder"),
            2,
            "amazonpay simulate: no usable folder\n",
        ),
        (ConfigurationError("port taken"), 2, "amazonpay simulate: port taken\n"),
    ],
    ids=["Ctrl-C", "disk full", "no folder", "configuration"],
)
def test_what_ends_the_start_of_a_simulator_is_told(
    error: BaseException,
    status: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(line: object) -> int:
        del line
        raise error

    monkeypatch.setattr("AmazonPay.simulator.cli.main", fail)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert program.main(["simulate"]) == status
    assert capsys.readouterr().err == told


def test_an_interruption_while_commands_are_loaded_has_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted:
        def find_spec(self, full: str, *_: object) -> None:
            if full == "AmazonPay.cli.app":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "AmazonPay.cli.app")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    assert program.main(["keys"]) == 130
    assert capsys.readouterr().err == "amazonpay: interrupted\n"


def test_help_is_escaped_where_it_has_no_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    with pytest.raises(SystemExit) as caught:
        program.main(["doctor", "--help"])
    assert caught.value.code == 0
    assert b"\\u2026-V2" in raw.getvalue()


def test_help_into_a_closed_pipe_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(SystemExit) as caught:
        program.main(["--help"])
    assert caught.value.code == 0


def test_what_needs_no_extra_is_quiet_in_a_closed_pipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", Closed())
    assert program.main(["operations"]) == 0

    def told(line: object) -> int:
        del line
        sys.stdout.write("Ready")
        return 0

    monkeypatch.setitem(plain.COMMANDS, "simulate", told)
    assert program.main(["simulate"]) == 0
    assert amazonpay("simulate").out == "Ready"


def test_closed_streams_are_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    output.data("x")
    output.words("x")
    output.discard(None)


def test_text_that_a_terminal_cannot_show_is_escaped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    output.data("é")
    output.json_text({"name": "é\ud800"})
    assert raw.getvalue().startswith(b"\\xe9\n")
    assert json.loads(raw.getvalue().partition(b"\n")[2]) == {"name": "é\ud800"}


def test_a_terminal_gets_a_table_without_colour_if_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    output.table(("key", "age"), [("k[b]1", None), ("x" * 60, 2)])
    assert "k[b]1" in shown.getvalue()
    assert "\x1b" not in shown.getvalue()


def test_a_narrow_terminal_does_not_break_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setenv("COLUMNS", "80")
    key = "0123456789abcdef" * 2
    output.table(("key", *"abcdefg"), [(key, *["ResourceNotFound"] * 7)])
    assert key in shown.getvalue()


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    assert not output.is_terminal(stream)
    assert not output.is_terminal(None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("1h30m", 5400),
        ("2w", 1209600),
        ("1.5d", 129600),
        (" 1H ", 3600),
    ],
)
def test_a_length_of_time_is_read(text: str, seconds: float) -> None:
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "1", "h", "1y", "1h 30m", "-1h", "999999999w"])
def test_other_text_is_no_length_of_time(text: str) -> None:
    with pytest.raises(click.BadParameter):
        duration(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0s", "0s"),
        ("59s", "59s"),
        ("1h", "1h"),
        ("49h1m", "2d 1h"),
        ("1m1s", "1m 1s"),
        ("2h1s", "2h"),
        ("1d59m", "1d"),
    ],
)
def test_an_age_has_its_largest_unit_and_the_next(text: str, shown: str) -> None:
    assert age_text(duration(text)) == shown


@pytest.mark.parametrize("name", ["click", "AmazonPay.nothing"])
def test_without_click_the_extra_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "AmazonPay.cli.app")

    class Missing:
        def find_spec(self, full: str, *_: object) -> None:
            if full == "AmazonPay.cli.app":
                raise ModuleNotFoundError("x", name=name)

    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    if name != "click":
        with pytest.raises(ModuleNotFoundError):
            program.main(["keys"])
        return
    assert program.main(["keys"]) == 2
    assert "[cli]" in capsys.readouterr().err
    assert program.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("amazonpay ")


def test_operations_in_a_group_of_click_are_the_same() -> None:
    lines = amazonpay("operations", "--json").out.splitlines()
    assert json.loads(lines[0])["name"] == "get_buyer"
    assert len(lines) == len(operations_of(Operations))
