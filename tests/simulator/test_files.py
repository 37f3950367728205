"""Files: a place, then the bytes: `amazon-pay-api-v2/file.html`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import TransferFailed
from AmazonPay.simulator import Settings
from callers import Caller, on_both_clients
from fitting import in_order, misfits
from reference.accounts import CONTENT_TYPES, FILE
from simulated import Shop

if TYPE_CHECKING:
    from pathlib import Path

BODY = {"type": "pdf", "purpose": "disputeEvidence"}
PDF = CONTENT_TYPES["pdf"]


def reserve(shop: Shop, kind: str = "pdf") -> dict[str, Any]:
    reply = shop.post("/files", {**BODY, "type": kind})
    assert reply.status == 200
    return dict(reply.json)


def file_of(shop: Shop, id_: str) -> dict[str, Any]:
    """Read what the simulator keeps of a file, which no call shows."""
    with shop.simulator.store.transaction() as transaction:
        file = transaction.find("A1SIMULATEDMERCHANT/sandbox", "file", id_)
        contents = transaction.find("A1SIMULATEDMERCHANT/sandbox", "fileContents", id_)
    assert file is not None
    return {**file, **(contents or {})}


# The call -----------------------------------------------------------------------------


@on_both_clients
def test_a_client_reserves_a_file(shop: Shop, awaits: bool) -> None:
    response = Caller(shop, awaits)("upload_file", BODY)
    file = response.json()
    assert response.status_code == 200
    assert misfits(file, FILE) == []
    assert in_order(file, FILE)
    assert file["id"].startswith("file_")
    assert (file["type"], file["purpose"]) == ("pdf", "disputeEvidence")
    assert (file["size"], file["uploadTimestamp"]) == (None, None)


def test_a_place_is_there_for_a_while() -> None:
    shop = Shop(settings=Settings(upload_link_life=timedelta(hours=1)))
    assert reserve(shop)["urlExpirationTimestamp"] == "21000115T130000Z"


def test_a_link_leads_to_the_host_that_was_called(shop: Shop) -> None:
    start = "https://pay-api.amazon.com/_simulator/links/"
    with shop.client() as client:
        url = client.upload_file(BODY).json()["url"]
    assert url.startswith(start)
    assert len(url.removeprefix(start)) == 64


def test_a_key_reserves_once(shop: Shop) -> None:
    replies = {shop.post("/files", BODY, key="k").body for _ in range(2)}
    assert len(replies) == 1


def test_a_key_is_needed() -> None:
    assert Shop().send("POST", "/files", BODY).error == (400, "MissingHeader")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"purpose": "disputeEvidence"}, "MissingParameterValue"),
        ({"type": "pdf"}, "MissingParameterValue"),
        ({**BODY, "type": "gif"}, "InvalidParameterValue"),
        ({**BODY, "purpose": "other"}, "InvalidParameterValue"),
        ({**BODY, "name": "a.pdf"}, "UnrecognizedField"),
    ],
)
def test_a_bad_reservation_is_refused(body: object, error: str) -> None:
    assert Shop().post("/files", body).error == (400, error)


# The bytes ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CONTENT_TYPES)
def test_bytes_of_each_type_are_taken(shop: Shop, kind: str) -> None:
    file = reserve(shop, kind)
    shop.clock.move(seconds=5)
    reply = shop.follow(file["url"], "PUT", b"%PDF \x00\xff", CONTENT_TYPES[kind])
    assert (reply.status, reply.body) == (200, b"")
    assert "content-type" not in reply.headers
    kept = file_of(shop, file["id"])
    assert (kept["size"], kept["uploaded"]) == (7, "21000115T120005Z")
    assert kept["contents"] == "JVBERiAA/w=="


def test_a_content_type_may_have_parameters_and_capitals(shop: Shop) -> None:
    url = reserve(shop, "csv")["url"]
    assert shop.follow(url, "PUT", b"a", "Text/CSV; charset=utf-8").status == 200


@pytest.mark.parametrize("content_type", [None, "", "image/png", "application/json"])
def test_another_content_type_is_refused(shop: Shop, content_type: str | None) -> None:
    file = reserve(shop)
    reply = shop.follow(file["url"], "PUT", b"a", content_type)
    assert reply.error == (400, "InvalidHeaderValue")
    assert file_of(shop, file["id"])["uploaded"] is None


@pytest.mark.parametrize(("length", "status"), [(0, 200), (9, 200), (10, 400)])
def test_a_file_is_as_long_as_a_body_may_be(length: int, status: int) -> None:
    shop = Shop(settings=Settings(largest_body=9))
    url = reserve(shop)["url"]
    assert shop.follow(url, "PUT", b"a" * length, PDF).status == status


def test_a_file_that_is_sent_again_is_the_last_one(shop: Shop) -> None:
    file = reserve(shop)
    for text in (b"first", b"a second one"):
        assert shop.follow(file["url"], "PUT", text, PDF).status == 200
    assert file_of(shop, file["id"])["size"] == 12


def test_an_upload_is_told_in_the_story_without_its_link(shop: Shop) -> None:
    file = reserve(shop)
    shop.follow(file["url"], "PUT", b"abc", PDF)
    last = shop.simulator.story()[-1]
    assert (last.kind, last.facts) == ("file", {"id": file["id"], "size": 3})


# The link -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
def test_a_link_to_send_is_for_put_alone(shop: Shop, method: str) -> None:
    url = reserve(shop)["url"]
    assert shop.follow(url, method, b"a", PDF).error == (405, "RequestNotSupported")


def test_a_link_runs_out(shop: Shop) -> None:
    url = reserve(shop)["url"]
    shop.clock.move(seconds=15 * 60 - 1)
    assert shop.follow(url, "PUT", b"a", PDF).status == 200
    shop.clock.move(seconds=1)
    assert shop.follow(url, "PUT", b"a", PDF).error == (403, "InvalidAuthentication")


@pytest.mark.parametrize("end", ["", "0" * 64, "../openapi.json", "%00"])
def test_a_made_up_link_leads_nowhere(shop: Shop, end: str) -> None:
    reserve(shop)
    reply = shop.follow(f"https://localhost/_simulator/links/{end}", "PUT", b"a", PDF)
    assert reply.error == (403, "InvalidAuthentication")


def test_links_are_not_alike(shop: Shop) -> None:
    assert len({reserve(shop)["url"] for _ in range(20)}) == 20


# The procedure ------------------------------------------------------------------------


@on_both_clients
def test_evidence_is_uploaded_in_one_call(
    shop: Shop, awaits: bool, tmp_path: Path
) -> None:
    path = tmp_path / "receipt.PDF"
    path.write_bytes(b"%PDF-1.7 made up")
    file = Caller(shop, awaits)("upload_evidence", path)
    kept = file_of(shop, file["id"])
    assert (kept["type"], kept["size"]) == ("pdf", 16)


@on_both_clients
def test_evidence_that_the_link_refuses_is_an_error(
    awaits: bool, tmp_path: Path
) -> None:
    shop = Shop(settings=Settings(largest_body=64))
    path = tmp_path / "long.jpeg"
    path.write_bytes(b"x" * 65)
    with pytest.raises(TransferFailed, match="400"):
        Caller(shop, awaits)("upload_evidence", path)
