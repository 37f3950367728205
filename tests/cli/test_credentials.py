"""Who calls: options, profiles and the environment of `amazonpay`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from command_line import Done, amazonpay, of_simulator, write_key
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    from pathlib import Path

LIVE = "LIVE-AGTEST"


def call(shop: Shop, env: Any, *line: str, **more: Any) -> Done:
    return amazonpay(*line, transport=of_simulator(shop.simulator), env=env, **more)


@pytest.mark.parametrize(
    ("missing", "option"),
    [
        ("AMAZON_PAY_PUBLIC_KEY_ID", "--public-key-id"),
        ("AMAZON_PAY_PRIVATE_KEY", "--private-key"),
        ("AMAZON_PAY_REGION", "--region"),
    ],
)
def test_what_is_missing_is_named_with_its_option(
    missing: str, option: str, env: dict[str, str | None]
) -> None:
    done = amazonpay("get-charge", "S01", env={**env, missing: None})
    assert done.status == 2
    assert missing in done.err
    assert option in done.err


def test_the_authorities_of_the_environment_are_the_ones_that_count(
    env: dict[str, str | None],
) -> None:
    done = amazonpay("get-charge", "S01", env={**env, "AMAZON_PAY_CA_FILE": "/none"})
    assert done.status == 2
    assert "AMAZON_PAY_CA_FILE" in done.err


def test_options_come_before_the_environment(
    env: dict[str, str | None], key_file: str
) -> None:
    bad = {**env, "AMAZON_PAY_PUBLIC_KEY_ID": "A1B2", "AMAZON_PAY_REGION": "moon"}
    options = ("--public-key-id", KEY_ID, "--region", "us", "--private-key", key_file)
    done = call(Shop(), bad, "get-charge", "S01", *options)
    assert done.json["reasonCode"] == "ResourceNotFound"


PROFILE = """
[shop]
public_key_id = "SANDBOX-AGTEST"
private_key = "key.pem"
region = "us"
"""


def profiles(tmp_path: Path, text: str, mode: int = 0o600) -> dict[str, str | None]:
    file = tmp_path / "profiles.toml"
    file.write_text(text)
    file.chmod(mode)
    write_key(tmp_path / "key.pem")
    return {"AMAZON_PAY_PROFILES": str(file)}


def test_a_profile_gives_credentials_and_no_variable_is_mixed_in(
    tmp_path: Path,
) -> None:
    env = profiles(tmp_path, PROFILE)
    env |= {"AMAZON_PAY_PUBLIC_KEY_ID": LIVE, "AMAZON_PAY_ENDPOINT_URL": "nonsense"}
    done = call(Shop(), env, "get-charge", "S01", "--profile", "shop")
    assert done.json["reasonCode"] == "ResourceNotFound"


def test_profiles_have_a_usual_place(tmp_path: Path) -> None:
    folder = tmp_path / "amazonpay"
    folder.mkdir()
    profiles(folder, PROFILE)
    env = {"XDG_CONFIG_HOME": str(tmp_path), "AMAZON_PAY_PROFILES": None}
    done = call(Shop(), env, "get-charge", "S01", "--profile", "shop")
    assert done.json["reasonCode"] == "ResourceNotFound"
    at_home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": None}
    done = call(Shop(), env | at_home, "get-charge", "S01", "--profile", "shop")
    assert ".config" in done.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no profile"),
        ("[shop", "is no TOML"),
        ("[shpo]", "did you mean 'shpo'"),
        ("shop = 1", "there is no profile"),
        ("[shop]\nregoin = 'us'", "did you mean 'region'"),
        ("[shop]\nprivate_key_password = 'x'", "in the environment only"),
        ("[shop]\nsandbox = 'false'", "true or false"),
        ("[shop]\nregion = 1", "is text"),
        ("[shop]\nregion = 'us'", "has no public_key_id"),
        ("[shop]\nprivate_key = '-----BEGIN PRIVATE KEY-----'", "path of a file"),
        ("[shop]\nprivate_key = '~nobody-here/k.pem'", "private_key of profile 'shop'"),
    ],
)
def test_a_profile_that_cannot_be_used_is_told(
    text: str, words: str, tmp_path: Path
) -> None:
    env = profiles(tmp_path, text)
    done = amazonpay("get-charge", "S01", "--profile", "shop", env=env)
    assert done.status == 2
    assert words in done.err


def test_a_file_of_profiles_that_no_system_can_open_is_named() -> None:
    env = {"AMAZON_PAY_PROFILES": "x" * 300}
    done = amazonpay("get-charge", "S01", "--profile", "shop", env=env)
    assert done.status == 2
    assert "cannot be read" in done.err


def test_without_a_home_the_variable_that_names_profiles_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as with no such user
    env = {"HOME": None, "XDG_CONFIG_HOME": None, "AMAZON_PAY_PROFILES": None}
    done = amazonpay("get-charge", "S01", "--profile", "shop", env=env)
    assert done.status == 2
    assert "AMAZON_PAY_PROFILES" in done.err


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
def test_a_profile_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    env = profiles(tmp_path, PROFILE, mode)
    done = amazonpay("get-charge", "S01", "--profile", "shop", env=env)
    assert done.status == 2
    assert "chmod 600" in done.err
