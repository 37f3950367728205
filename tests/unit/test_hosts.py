"""Hosts in every spelling: this machine, private networks, and the public Internet."""

from __future__ import annotations

import pytest

from AmazonPay import ConfigurationError
from AmazonPay._core.config import endpoint_for
from AmazonPay._core.hosts import is_public_address, is_public_host, is_this_machine

THIS_MACHINE = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "pay.localhost",
    "ip6-localhost",
    "127.0.0.1",
    "127.0.0.1.",
    "127.255.0.9",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "0",
    "0x",
    "0.0.0.0",  # noqa: S104 - a host to refuse, not one to listen at
    "0.0.0.1",
    "::",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:0.0.0.0",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "2002:7f00:1::",
]
PRIVATE_ADDRESSES = [
    "10.0.0.1",
    "10.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "3232235777",
    "0xa000001",
    "012.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "169.254.170.2",
    "2852039166",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",
    "100::1",
]
PRIVATE_NAMES = [
    "",
    ".",
    "metadata",
    "instance-data",
    "metadata.google.internal",
    "METADATA.google.INTERNAL.",
    "redis.svc.cluster.local",
    "nas.lan",
    "nas.home.arpa",
    "host.docker.internal",
    "a..example",
    ".example",
    "-a.example",
    "a.0x7f",
    "1.2.3.4.5",
    "files.example.08",
    "a" * 64 + ".example",
    "a." * 130 + "example",
    "fi les.example",
    "files%2eexample.com",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "exämple.com",
]
NO_ADDRESSES = [
    "1.2.3.4.5",
    "99999999999",
    "09.1.1.1",
    "256.1",
    "1.1.256.1",
    "1.1.1.256",
]
PUBLIC_ADDRESSES = [
    "8.8.8.8",
    "52.94.236.248",
    "2600:1f00::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]
PUBLIC_NAMES = [
    "files.example",
    "s3.amazonaws.com",
    "s3.amazonaws.com.",
    "bucket_1.s3.eu-west-1.amazonaws.com",
    "xn--mgbh0fb.example",
]


@pytest.mark.parametrize("host", THIS_MACHINE)
def test_this_machine_is_known_in_every_spelling(host: str) -> None:
    assert is_this_machine(host)
    assert not is_public_host(host)


@pytest.mark.parametrize(
    "host", PRIVATE_ADDRESSES + PUBLIC_ADDRESSES + PUBLIC_NAMES + NO_ADDRESSES
)
def test_no_other_host_is_this_machine(host: str) -> None:
    assert not is_this_machine(host)


@pytest.mark.parametrize("host", PRIVATE_ADDRESSES + PRIVATE_NAMES + NO_ADDRESSES)
def test_a_private_host_is_not_public(host: str) -> None:
    assert not is_public_host(host)
    assert not is_public_address(host)


@pytest.mark.parametrize("host", PUBLIC_ADDRESSES + PUBLIC_NAMES)
def test_a_public_host_is_public(host: str) -> None:
    assert is_public_host(host)


@pytest.mark.parametrize("host", PUBLIC_ADDRESSES)
def test_a_public_address_is_public(host: str) -> None:
    assert is_public_address(host)


@pytest.mark.parametrize(
    "host", [host for host in THIS_MACHINE if host not in {"LOCALHOST", "0x"}]
)
@pytest.mark.parametrize(
    ("key_id", "sandbox"), [("LIVE-A", None), ("A", False), ("A", None)]
)
def test_a_live_client_talks_to_this_machine_in_no_spelling(
    host: str, key_id: str, sandbox: bool | None
) -> None:
    written = f"[{host}]" if ":" in host else host
    with pytest.raises(ConfigurationError, match="live client"):
        endpoint_for(key_id, "us", sandbox, f"https://{written}:8421")
