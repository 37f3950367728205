"""`amazonpay ipn listen` as a process: what it answers, prints, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx2
import pytest

from AmazonPay.cli.ipn_server import serving_file
from AmazonPay.testing import Authority, leaf_path

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.process

AUTHORITY = Authority()
TOPIC = "arn:aws:sns:us-east-1:291180941288:A3BXB0YN3XH17HA1EXAMPLE"


def notification(object_id: str = "S01-0000000-0000000-C000000") -> bytes:
    return AUTHORITY.notification(
        "CHARGE", object_id, topic=TOPIC, merchant_id="A1EXAMPLE"
    )


@contextlib.contextmanager
def listening(*more: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """Start the command; yield it and the address that it prints."""
    path = leaf_path(AUTHORITY.leaf)
    with serving_file(path, AUTHORITY.leaf, 0) as authority:
        line = ["-m", "AmazonPay", "ipn", "listen", "--port", "0", "--topic", TOPIC]
        process = subprocess.Popen(
            [sys.executable, *line, "--simulator", authority, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        try:
            yield process, process.stderr.readline().split()[2].rstrip(",")
        finally:
            process.kill()
            process.communicate()


def post(url: str, body: bytes) -> int:
    return httpx2.post(f"{url}/ipn", content=body, trust_env=False).status_code


def raw(url: str, sent: bytes) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as peer:
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_WR)
        return peer.makefile("rb").readline()


def test_what_is_authentic_is_printed_and_the_rest_is_refused() -> None:
    with listening("--json", "--count", "2") as (process, url):
        assert post(url, notification()) == 200
        assert post(url, b"{}") == 403
        assert post(url, notification("P01-0000000-0000000-C000000")) == 403
        assert httpx2.get(url, trust_env=False).status_code == 405
        head = b"POST / HTTP/1.1\r\nhost: x\r\n"
        for length, status in ((b"-1", b"411"), (b"9" * 99, b"413"), (b"", b"411")):
            line = head + b"content-length: " + length + b"\r\n\r\n"
            assert status in raw(url, line)
        raw(url, head + b"content-length: 9\r\n\r\n{}")
        raw(url, b"\x16\x03\x01garbage\r\n\r\n")
        assert post(url, notification()) == 200
        out, err = process.communicate(timeout=30)
    shown = [json.loads(line) for line in out.splitlines()]
    assert [one["object_type"] for one in shown] == ["CHARGE", "CHARGE"]
    assert process.returncode == 0
    assert err.count("answered 403") == 3
    assert "Traceback" not in err


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    with listening() as (process, url):
        assert post(url, notification()) == 200
        assert process.stdout is not None
        assert "CHARGE" in process.stdout.readline()
        process.stdout.close()
        assert post(url, notification()) == 503
        assert process.wait(timeout=30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_an_interrupt_ends_it_quietly() -> None:
    with listening() as (process, url):
        assert post(url, notification()) == 200
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
