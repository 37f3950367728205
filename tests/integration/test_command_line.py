"""`amazonpay` as a process: closed streams, no terminal, and one without an extra."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

# Runs every command in one process, as Python starts it: with streams that are closed.
EVERY_COMMAND = """
import click, sys
from AmazonPay.__main__ import main
from AmazonPay.cli.app import app

import socket
connect, look_up = socket.socket.connect, socket.getaddrinfo

def guarded(*given):
    place = next(one for one in given if not isinstance(one, socket.socket))
    host = place if isinstance(place, str) else place[0]
    assert host == "127.0.0.1", "nothing asks the network unless it is told to"
    return (look_up if isinstance(place, str) else connect)(*given)

socket.socket.connect = lambda *given: guarded(*given)
socket.getaddrinfo = lambda *given, **_: guarded(*given)
context = click.Context(app)
lines = []
for name in app.list_commands(context):
    command = app.get_command(context, name)
    inner = command.list_commands(context) if isinstance(command, click.Group) else []
    lines += [[name, one] for one in inner] or [[name]]
lines.remove(["simulate"])
report = open("report", "w")
for line in lines:
    try:
        code = main(line)
    except SystemExit as exit:
        code = exit.code
    report.write(f"{' '.join(line)} {code}\\n")
report.close()
"""


def bare() -> dict[str, str]:
    """Return an environment without credentials, and without a simulator."""
    return {**os.environ, "AMAZON_PAY_ENDPOINT_URL": "http://127.0.0.1:1"}


@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "<&- >&- 2>&-", "</dev/null"])
def test_each_command_ends_with_closed_streams_and_no_network(
    closed: str, tmp_path: Path
) -> None:
    (tmp_path / "every.py").write_text(EVERY_COMMAND)
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" every.py {closed}', sys.executable],
        cwd=tmp_path,
        env=bare(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 0
    codes = dict(
        line.rsplit(" ", 1) for line in (tmp_path / "report").read_text().splitlines()
    )
    assert len(codes) > 50
    assert codes.pop("operations") == codes.pop("keys new") == "0"
    assert codes.pop("doctor") == "1"
    no_simulator = {line for line, code in codes.items() if code == "3"}
    assert {line.partition(" ")[0] for line in no_simulator} == {"sim"}
    assert set(codes.values()) == {"2", "3"}


@pytest.mark.parametrize("line", ["--help", "operations", "operations --json"])
def test_a_reader_that_goes_away_is_no_failure(line: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "AmazonPay", *line.split()]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_bash_completes_what_a_shell_evaluates_at_its_start() -> None:
    program = Path(sys.executable).with_name("amazonpay")
    script = """
    eval "$(amazonpay completion bash)"
    COMP_WORDS=(amazonpay journal re) COMP_CWORD=2
    _amazonpay_completion amazonpay
    echo "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["/bin/bash", "--norc", "-c", script],
        env=bare() | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("resolve\n", "")


def test_python_m_is_the_same_command(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "AmazonPay", "keys", "new", "--json"]
    done = subprocess.run(
        line, cwd=tmp_path, env=bare(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["bits"] == 2048
    assert (tmp_path / "private.pem").stat().st_mode & 0o777 == 0o600


def test_a_question_at_a_terminal_is_answered_there(tmp_path: Path) -> None:
    """A pseudo terminal takes the place of the person; `n` sends nothing."""
    line = [sys.executable, "-m", "AmazonPay"]
    subprocess.run(
        [*line, "keys", "new"], cwd=tmp_path, check=True, capture_output=True
    )
    person, terminal = pty.openpty()
    env = bare() | {
        "AMAZON_PAY_PUBLIC_KEY_ID": "LIVE-AB12",
        "AMAZON_PAY_PRIVATE_KEY": "private.pem",
        "AMAZON_PAY_REGION": "us",
        "AMAZON_PAY_ENDPOINT_URL": "https://shop.example",
    }
    asking = subprocess.Popen(
        [*line, "create-charge", "--body", "{}"],
        cwd=tmp_path,
        env=env,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    while b"Send it?" not in shown:
        shown += os.read(person, 1024)
    os.write(person, b"n\n")
    out, _ = asking.communicate(timeout=60)
    os.close(person)
    assert (asking.returncode, out) == (2, b"")
    assert b"LIVE-AB12" in shown
