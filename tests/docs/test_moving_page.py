"""The page about other clients: nothing of theirs is left out, and ours runs."""

from __future__ import annotations

import copy
import importlib.metadata
import pickle
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

import AmazonPay
from AmazonPay import price
from keys import KEY, OTHER_KEY

if TYPE_CHECKING:
    from AmazonPay.testing import LocalAmazonPay

PAGE = (Path(__file__).parents[2] / "docs" / "moving.md").read_text(encoding="utf-8")
OLD, NEW = PAGE.split("## amazon-pay-v2 0.1.1")

# What 2.0.1 defines, read from its source.
METHODS = [
    "setup",
    "get_buyer",
    "create_checkout_session",
    "get_checkout_session",
    "update_checkout_session",
    "complete_checkout_session",
    "get_charge_permission",
    "update_charge_permission",
    "close_charge_permission",
    "create_charge",
    "get_charge",
    "capture_charge",
    "cancel_charge",
    "create_refund",
    "get_refund",
    "create_delivery_tracker",
    "request",
    "generate_button_signature",
]
ATTRIBUTES = ["public_key_id", "private_key", "region", "sandbox", "endpoint"]

# What amazon-pay-v2 0.1.1 defines.
OTHERS = [
    "HASH_ALGORITHM",
    "AMAZON_SIGNATURE_ALGORITHM",
    "API_VERSION",
    "USER_AGENT",
    "host",
    "environment",
    "version",
    "service_hosts",
    "region_map",
    "private_key",
    "public_key",
    "get_checkout_session",
    "create_checkout_session",
    "update_checkout_session",
    "complete_checkout_session",
    "get_refund",
    "create_refund",
    "generate_button_signature",
]


def rows(text: str) -> list[tuple[str, str]]:
    """Return the first two cells of each row of each table that has a column here."""
    found: list[tuple[str, str]] = []
    for table in re.findall(
        r"^\| there[^\n]*\| here \|.*?\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE
    ):
        for line in table.splitlines():
            there, here, *_ = (cell.strip() for cell in line.split("|")[1:])
            found.append((there, here))
    return found


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


THERE = " ".join(there for there, _ in rows(OLD))
SETTINGS = PAGE.partition("### The environment")[2].partition("\n## ")[0]
HERE = list(
    dict.fromkeys(
        code for _, cell in rows(PAGE.replace(SETTINGS, "")) for code in codes(cell)
    )
)
RESPONSE = OLD.partition("### The response")[2].partition("### Errors")[0]


@pytest.mark.parametrize("name", METHODS + ATTRIBUTES)
def test_every_member_of_the_other_client_has_a_row(name: str) -> None:
    assert f"client.{name}" in THERE


@pytest.mark.parametrize("name", OTHERS)
def test_every_member_of_amazon_pay_v2_has_a_row(name: str) -> None:
    there = " ".join(there for there, _ in rows(NEW))
    assert f"api.{name}" in there


MEMBERS = [name for name in dir(requests.Response()) if not name.startswith("_")]


@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_of_a_response_of_requests_has_a_row(name: str) -> None:
    assert f"`response.{name}" in RESPONSE.replace("if response:", "")


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_that_is_not_ours_means_nothing_else(name: str) -> None:
    ours = any(f"response.{name}" in cell for _, cell in rows(RESPONSE))
    assert hasattr(AmazonPay.Response, name) is ours


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, kind in vars(requests.exceptions).items()
        if isinstance(kind, type) and issubclass(kind, requests.RequestException)
    ],
)
def test_every_error_of_requests_has_a_row(name: str) -> None:
    assert f"`{name}`" in THERE


@pytest.fixture
def names(
    amazon_pay: LocalAmazonPay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Return what the cells name, in a folder that has the shop's key."""
    monkeypatch.chdir(tmp_path)
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "private.pem").write_bytes(pem)
    key = amazon_pay.private_key
    client = AmazonPay.Client(
        keys=[(amazon_pay.public_key_id, key), ("SANDBOX-NEXT", OTHER_KEY)],
        region="us",
        transport=amazon_pay.transport,
    )
    charge = "S01-0000000-0000000-C000000"
    return {
        **{name: getattr(AmazonPay, name) for name in dir(AmazonPay)},
        "AmazonPay": AmazonPay,
        "body": {"chargeAmount": price("14.00", "USD")},
        "charge": charge,
        "client": client,
        "payload": '{"storeId":"amzn1.application-oa2-client.01"}',
        "pem": pem.decode(),
        "permission": "S01-0000000-0000000",
        "refused": client.get_charge(charge),
        "response": client.get_charge(charge),
        "session": "00000000-0000-0000-0000-000000000000",
    }


def result_of(code: str, names: dict[str, Any]) -> Any:
    if code.startswith("from "):
        exec(code, names)  # noqa: S102 - a cell of our own page
        return names["Client"]
    return eval(code, names)  # noqa: S307 - a cell of our own page


@pytest.mark.parametrize("code", HERE)
def test_a_cell_runs(code: str, names: dict[str, Any]) -> None:
    assert result_of(code, names) is not None
    if code.startswith("client.") and code.endswith(")") and "signature" not in code:
        made = result_of(code, names)
        assert getattr(made, "status_code", 200) in {200, 201, 400, 404, 422}


def test_the_calls_have_the_parameters_of_the_other_client(
    names: dict[str, Any],
) -> None:
    client, session = names["client"], names["session"]
    assert client.get_checkout_session(checkout_session_id=session).status_code == 404
    assert client.get_charge(charge_id=names["charge"]).status_code == 404
    assert client.get_buyer(buyer_token="none").status_code == 404
    with pytest.raises(TypeError, match="api"):
        client.request("GET", api="/charges/1")


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_cannot_be_set(name: str, names: dict[str, Any]) -> None:
    with pytest.raises(AttributeError, match="cannot be set"):
        setattr(names["client"], name, "eu")


def test_a_client_is_not_pickled_or_copied(names: dict[str, Any]) -> None:
    for make in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="private key"):
            make(names["client"])


def test_the_package_brings_no_requests() -> None:
    needed = importlib.metadata.requires("AmazonPayClient") or []
    assert not [one for one in needed if re.match(r"requests\b", one)]
