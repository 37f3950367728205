"""Delivery Trackers: which order, which carrier, and each number once."""

from __future__ import annotations

import pytest

from reference.payments import SOME_CARRIERS
from simulated import RECURRING, Reply, Shop

BAD_VALUE = (400, "InvalidParameterValue")
MISSING = (400, "MissingParameterValue")
NOT_FOUND = (404, "ResourceNotFound")


def tracked(
    shop: Shop, number: str = "1Z", carrier: str = "UPS", **order: str
) -> Reply:
    details = [{"carrierCode": carrier, "trackingNumber": number}]
    return shop.post("/deliveryTrackers", {**order, "deliveryDetails": details})


@pytest.mark.parametrize("member", ["chargePermissionId", "amazonOrderReferenceId"])
def test_an_order_is_named_in_one_of_two_ways(shop: Shop, member: str) -> None:
    permission = shop.buy().permission
    reply = tracked(shop, **{member: permission})
    assert reply.status == 200
    assert list(reply.json.items()) == list(
        {
            "amazonOrderReferenceId": None,
            "chargePermissionId": None,
            member: permission,
            "deliveryDetails": [{"trackingNumber": "1Z", "carrierCode": "UPS"}],
        }.items()
    )
    assert list(reply.json["deliveryDetails"][0]) == ["trackingNumber", "carrierCode"]


def test_a_recurring_order_is_named_by_its_charge_without_the_end(shop: Shop) -> None:
    bought = shop.buy(more=RECURRING)
    order = bought.charge.rpartition("-")[0]
    assert tracked(shop, amazonOrderReferenceId=order).status == 200
    assert tracked(shop, "1Y", chargePermissionId=order).error == NOT_FOUND
    (row,) = [
        row
        for row in shop.simulator.story(bought.session)
        if row.facts.get("target") == "/v2/deliveryTrackers"
    ]
    assert row.facts["status"] == 200


def test_one_order_must_be_named_and_not_two(shop: Shop) -> None:
    permission = shop.buy().permission
    both = {"chargePermissionId": permission, "amazonOrderReferenceId": permission}
    assert tracked(shop).error == BAD_VALUE
    assert tracked(shop, **both).error == BAD_VALUE


@pytest.mark.parametrize("member", ["chargePermissionId", "amazonOrderReferenceId"])
def test_an_unknown_order_is_not_found(member: str) -> None:
    assert tracked(Shop(), **{member: "S01-0000000-0000000"}).error == NOT_FOUND


@pytest.mark.parametrize("carrier", SOME_CARRIERS)
def test_amazons_carriers_are_taken(shop: Shop, carrier: str) -> None:
    order = shop.buy().permission
    assert tracked(shop, "1Z", carrier, chargePermissionId=order).status == 200


@pytest.mark.parametrize("carrier", ["ups", "PIGEON", "", "U P S"])
def test_an_unknown_carrier_is_refused(shop: Shop, carrier: str) -> None:
    order = shop.buy().permission
    assert tracked(shop, "1Z", carrier, chargePermissionId=order).error == BAD_VALUE


def test_a_number_works_once_whatever_the_order(shop: Shop) -> None:
    first, second = shop.buy().permission, shop.buy().permission
    assert tracked(shop, chargePermissionId=first).status == 200
    assert tracked(shop, chargePermissionId=first).error == BAD_VALUE
    assert tracked(shop, chargePermissionId=second).error == BAD_VALUE
    assert tracked(shop, "1Y", chargePermissionId=second).status == 200


def test_several_parcels_go_together_or_not_at_all(shop: Shop) -> None:
    order = shop.buy().permission
    twice = [{"carrierCode": "UPS", "trackingNumber": "1Z"}] * 2
    body = {"chargePermissionId": order, "deliveryDetails": twice}
    assert shop.post("/deliveryTrackers", body).error == BAD_VALUE
    two = [{"carrierCode": "UPS", "trackingNumber": number} for number in ("1Z", "1Y")]
    body = {"chargePermissionId": order, "deliveryDetails": two}
    assert shop.post("/deliveryTrackers", body).status == 200


def test_there_must_be_a_parcel(shop: Shop) -> None:
    body = {"chargePermissionId": shop.buy().permission, "deliveryDetails": []}
    assert shop.post("/deliveryTrackers", body).error == BAD_VALUE


def test_a_tracker_takes_no_simulation_code(shop: Shop) -> None:
    body = {
        "chargePermissionId": shop.buy().permission,
        "deliveryDetails": [{"carrierCode": "UPS", "trackingNumber": "1Z"}],
    }
    reply = shop.post("/deliveryTrackers", body, code="Declined")
    assert reply.error == (400, "InvalidSandboxSimulationSpecified")
