"""Regions, environments, endpoints and limits: what a client is told once."""

from __future__ import annotations

from typing import Any

import pytest

from AmazonPay import ConfigurationError, Retry, Timeout
from AmazonPay._core.config import checked_deadline, endpoint_for, timeout_from
from AmazonPay._core.hosts import is_loopback
from AmazonPay._core.regions import region_named


@pytest.mark.parametrize(
    ("name", "code", "host"),
    [
        ("us", "na", "pay-api.amazon.com"),
        ("na", "na", "pay-api.amazon.com"),
        ("eu", "eu", "pay-api.amazon.eu"),
        ("de", "eu", "pay-api.amazon.eu"),
        ("uk", "eu", "pay-api.amazon.eu"),
        ("jp", "jp", "pay-api.amazon.jp"),
    ],
)
def test_a_region_or_alias_in_any_case_is_mapped_before_signing(
    name: str, code: str, host: str
) -> None:
    for spelling in (name, name.upper(), name.title()):
        region = region_named(spelling)
        assert (region.code, region.host) == (code, host)


@pytest.mark.parametrize("name", ["xx", "", "us ", None, 5])
def test_an_unknown_region_is_refused_with_the_list(name: object) -> None:
    with pytest.raises(ConfigurationError, match="de, eu, jp, na, uk, us"):
        region_named(name)  # type: ignore[arg-type] # what a caller may get wrong


@pytest.mark.parametrize(
    ("key_id", "sandbox", "environment", "base_path"),
    [
        ("ABC", True, "sandbox", "/sandbox/v2"),
        ("ABC", False, "live", "/live/v2"),
        ("ABC", None, "live", "/live/v2"),
        ("SANDBOX-ABC", None, "sandbox", "/v2"),
        ("SANDBOX-ABC", True, "sandbox", "/v2"),
        ("LIVE-ABC", None, "live", "/v2"),
        ("LIVE-ABC", False, "live", "/v2"),
        ("sandbox-abc", None, "sandbox", "/v2"),
    ],
)
def test_key_id_and_sandbox_decide_environment_and_path(
    key_id: str, sandbox: bool | None, environment: str, base_path: str
) -> None:
    endpoint = endpoint_for(key_id, "us", sandbox, None)
    assert (endpoint.environment, endpoint.base_path) == (environment, base_path)


@pytest.mark.parametrize(
    ("key_id", "sandbox"), [("LIVE-A", True), ("SANDBOX-A", False)]
)
def test_sandbox_that_contradicts_the_key_is_refused(
    key_id: str, sandbox: bool
) -> None:
    with pytest.raises(ConfigurationError, match="contradicts"):
        endpoint_for(key_id, "us", sandbox, None)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://pay.example", "pay.example"),
        ("https://pay.example:8443/", "pay.example:8443"),
        ("https://PAY.example:443", "pay.example"),
        ("http://localhost:8421", "localhost:8421"),
        ("http://127.0.0.1", "127.0.0.1"),
        ("http://127.9.8.7:80", "127.9.8.7"),
        ("http://[::1]:8421", "[::1]:8421"),
    ],
)
def test_an_endpoint_is_https_anywhere_and_http_on_this_machine(
    url: str, authority: str
) -> None:
    assert endpoint_for("SANDBOX-A", "us", None, url).authority == authority


@pytest.mark.parametrize(
    "url",
    [
        "http://pay.example",
        "http://10.0.0.1",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://0.0.0.0",
        "http://0",
        "http://127.1",
        "http://2130706433",
        "http://0x7f000001",
        "http://localhost.",
        "http://[::]",
        "http://[::ffff:127.0.0.1]",
    ],
)
def test_plain_http_leaves_this_machine_nowhere(url: str) -> None:
    with pytest.raises(ConfigurationError, match="plain http only to localhost"):
        endpoint_for("SANDBOX-A", "us", None, url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8421",
        "ftp://localhost",
        "https://",
        "https://a/path",
        "https://a?x=1",
        "https://a?",
        "https://a#f",
        "https://user:secret@a",
        "https://a:99999",
        "https://a:0",
        "https://a b",
        "https://a\r\nb",
        5,
    ],
)
def test_an_endpoint_of_another_form_is_refused_without_showing_it(
    url: object,
) -> None:
    with pytest.raises(ConfigurationError, match="endpoint_url must be") as caught:
        endpoint_for("SANDBOX-A", "us", None, url)  # type: ignore[arg-type] # a wrong type
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.255.0.1", "::1"])
def test_loopback_is_what_is_written_as_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["localhost.", "0.0.0.1", "::", "::ffff:127.0.0.1", "0", "example", "128.0.0.1"],
)
def test_nothing_else_is_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_one_timeout_is_meant_for_every_phase() -> None:
    assert timeout_from(7) == Timeout(connect=7, read=7, write=7, pool=7)


def test_a_timeout_per_phase_is_taken_as_it_is() -> None:
    timeout = Timeout(connect=1, read=None)
    assert timeout_from(timeout) is timeout


@pytest.mark.parametrize(
    "value",
    [0, -1, float("nan"), float("inf"), "5", True, None, 10**400, 1e300, 2_147_484],
)
def test_a_timeout_that_is_no_span_of_time_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"^timeout must"):
        timeout_from(value)  # type: ignore[arg-type] # a wrong type
    with pytest.raises(ConfigurationError, match=r"^deadline must"):
        checked_deadline(value)  # type: ignore[arg-type] # a wrong type


def test_a_timeout_may_be_as_long_as_the_system_can_wait() -> None:
    assert timeout_from(1_000_000).read == checked_deadline(1e6) == 1e6


@pytest.mark.parametrize("phase", ["connect", "read", "write", "pool"])
def test_each_phase_of_a_timeout_is_a_span_of_time_or_unlimited(phase: str) -> None:
    assert getattr(Timeout(**{phase: None}), phase) is None
    for value in (0, -1, float("nan"), "5", True):
        with pytest.raises(ConfigurationError, match=rf"^timeout\.{phase} must"):
            Timeout(**{phase: value})  # type: ignore[arg-type] # a wrong type


@pytest.mark.parametrize("value", ["false", "", 0, 1])
def test_sandbox_is_a_bool_and_no_word_that_counts_as_true(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^sandbox must"):
        endpoint_for("AB12", "us", value, None)


@pytest.mark.parametrize(
    "options",
    [
        {"attempts": 0},
        {"attempts": 1.5},
        {"attempts": True},
        {"base": -1},
        {"cap": 10**400},
        {"base": 1e300},
    ],
)
def test_a_retry_that_makes_no_sense_cannot_be_made(options: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=r"^retry\."):
        Retry(**options)  # type: ignore[arg-type] # a wrong type


@pytest.mark.parametrize(
    ("key_id", "way_out"),
    [("LIVE-AB12", "take a SANDBOX key"), ("AB12", "pass sandbox=True")],
)
def test_a_live_client_of_this_machine_is_told_both_ways_out(
    key_id: str, way_out: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        endpoint_for(key_id, "us", None, "http://localhost:8421")
    assert "leave endpoint_url out to go live" in str(refused.value)
    assert way_out in str(refused.value)
