"""What a simulator keeps in a folder from run to run."""

from __future__ import annotations

import os
import signal
import ssl
import stat
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from AmazonPay.errors import ConfigurationError
from AmazonPay.simulator import certificate
from AmazonPay.simulator.certificate import make_certificate, new_authority
from AmazonPay.simulator.cli import main
from AmazonPay.simulator.state import open_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from AmazonPay.simulator.state import State

NAMES = ["amazonpay", "10.0.0.5"]


def key_of(data: bytes) -> Callable[[], bytes]:
    """Return what makes a merchant's key: the same one."""
    return lambda: data


def no_key() -> bytes:
    raise AssertionError("the key is kept")


# Kept ---------------------------------------------------------------------------------


def test_authority_token_and_key_stay(tmp_path: Path, private_key_pem: str) -> None:
    with open_state(tmp_path / "state") as first:
        token = first.token()
        authority = first.authority(NAMES)
        key = first.merchant_key(private_key_pem.encode)
    with open_state(tmp_path / "state") as second:
        assert second.token() == token
        assert second.authority(NAMES).pem == authority.pem
        assert second.merchant_key(no_key) == key
        assert second.certificate.read_bytes() == authority.pem


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")
def test_only_the_owner_reads_what_is_secret(
    tmp_path: Path, private_key_pem: str
) -> None:
    folder = tmp_path / "state"
    with open_state(folder) as state:
        state.token()
        state.authority([])
        state.merchant_key(private_key_pem.encode)
        (folder / "token").chmod(0o644)
        state.token()
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # What clients trust is for everyone.
    assert modes.pop("ca.pem") == 0o644
    assert set(modes.values()) == {0o600}


def test_a_process_that_was_killed_while_it_wrote_has_changed_nothing(
    tmp_path: Path,
) -> None:
    with open_state(tmp_path) as state:
        token = state.token()
    (tmp_path / "token.new").write_text("half of a")
    (tmp_path / "authority.pem.new").write_text("-----BEGIN PRIV")
    with open_state(tmp_path) as state:
        assert state.token() == token
        state.authority([])


def test_a_second_process_is_refused_and_told_why(tmp_path: Path) -> None:
    with (
        open_state(tmp_path),
        pytest.raises(ConfigurationError, match="another simulator runs on"),
        open_state(tmp_path),
    ):
        pass
    with open_state(tmp_path):
        pass


# What cannot be used ------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"a\nb", b"x" * 300])
def test_a_damaged_token_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "token").write_bytes(data)
    with (
        open_state(tmp_path) as state,
        pytest.raises(ConfigurationError, match="token' cannot be used: it is damaged"),
    ):
        state.token()


def spoiled(state: State, data: bytes) -> None:
    (state.folder / "authority.pem").write_bytes(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no authority"),
        (b"-----BEGIN NONSENSE-----", "no authority"),
        (new_authority().pem, "no authority"),
        (
            new_authority().secret_pem.partition(b"-----BEGIN CERT")[0]
            + new_authority().pem,
            "do not belong together",
        ),
    ],
    ids=["empty", "nonsense", "no key", "another key"],
)
def test_a_damaged_authority_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    with open_state(tmp_path) as state:
        spoiled(state, data)
        with pytest.raises(ConfigurationError, match=said):
            state.authority([])


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "private.pem").write_text("no key")
    with (
        open_state(tmp_path) as state,
        pytest.raises(ConfigurationError, match=r"private.pem' cannot be used"),
    ):
        state.merchant_key(no_key)


def test_a_new_name_needs_an_authority_that_is_trusted_anew(tmp_path: Path) -> None:
    with open_state(tmp_path) as state:
        state.authority(["amazonpay"])
        state.authority([])
        with pytest.raises(ConfigurationError, match="and not for other") as caught:
            state.authority(["amazonpay", "other"])
    assert "Delete it" in str(caught.value)
    assert "trust the new ca.pem" in str(caught.value)


def test_an_authority_that_ends_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate, "_AUTHORITY_LIFE", timedelta(hours=1))
    with (
        open_state(tmp_path) as state,
        pytest.raises(ConfigurationError, match="it ends on 2"),
    ):
        state.authority([])


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with (
        pytest.raises(ConfigurationError, match=r"--state: .* cannot be used"),
        open_state(tmp_path / "state"),
    ):
        pass


def test_no_key_is_made_for_a_folder_that_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    monkeypatch.setattr(rsa, "generate_private_key", lambda **_: made.append(1))
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # of this process
    (tmp_path / "state").write_text("a file")
    (tmp_path / "private.pem").write_text("damaged")
    for folder in (tmp_path / "state", tmp_path):
        with pytest.raises(ConfigurationError, match="cannot be used"):
            main(["--port", "0", "--state", str(folder)])
    assert made == []


@pytest.mark.parametrize("name", ["ca.pem", "ca.pem.new"])
def test_a_folder_in_the_place_of_the_certificate_is_named(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    with (
        open_state(tmp_path) as state,
        pytest.raises(ConfigurationError, match=r"ca\.pem' cannot be used: "),
    ):
        state.authority(NAMES)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")
@pytest.mark.parametrize("name", ["token", "world.db"])
def test_the_permissions_of_a_file_elsewhere_that_is_linked_stay(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "state").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("given" if name == "token" else "")
    elsewhere.chmod(0o644)
    (tmp_path / "state" / name).symlink_to(elsewhere)
    with open_state(tmp_path / "state") as state:
        assert state.token()
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644


def test_a_lock_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("no database at all, but some text" * 100)
    with (
        pytest.raises(ConfigurationError, match="no file of a simulator"),
        open_state(tmp_path),
    ):
        pass


# The authority ------------------------------------------------------------------------


def test_an_authority_vouches_for_its_names_alone(tmp_path: Path) -> None:
    authority = new_authority(NAMES)
    made = make_certificate(tmp_path, NAMES, authority)
    leaf = x509.load_pem_x509_certificate(made.chain.read_bytes())
    builder = PolicyBuilder().store(Store([authority.certificate]))
    for name in ("localhost", "amazonpay"):
        builder.build_server_verifier(x509.DNSName(name)).verify(leaf, [])
    with pytest.raises(VerificationError):
        builder.build_server_verifier(x509.DNSName("shop")).verify(leaf, [])
    # Nor can it vouch for more, if its key is stolen.
    stolen = make_certificate(tmp_path, ["bank.example"], authority)
    leaf = x509.load_pem_x509_certificate(stolen.chain.read_bytes())
    with pytest.raises(VerificationError):
        builder.build_server_verifier(x509.DNSName("bank.example")).verify(leaf, [])


def test_the_system_takes_the_certificate(tmp_path: Path) -> None:
    authority = new_authority(NAMES)
    made = make_certificate(tmp_path, NAMES, authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.chain, made.key)
    ssl.create_default_context(cafile=made.authority)
    assert authority.names == NAMES
