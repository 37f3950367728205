"""Rules for addresses, and for where an order may be delivered.

`amazon-pay-checkout/address-formatting-and-validation.html`; samples of restrictions:
`amazon-pay-checkout/address-restriction-samples.html`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from ..wire.errors import APIRefusal, invalid_value, missing
from .countries import COUNTRIES
from .test_data import full_address

if TYPE_CHECKING:
    from collections.abc import Mapping

_EU = {
    *("UK", "GB", "DE", "FR", "IT", "ES", "AT", "BE", "BG", "HR", "CY", "CZ", "DK"),
    *("EE", "FI", "GR", "HU", "IE", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO"),
    *("SK", "SI", "SE"),
}
_WITHOUT_STATE = {"UK", "GB", "SG", "AE", "MX"}
_NEEDED = ("name", "addressLine1", "postalCode", "countryCode", "phoneNumber")
_UPPER = ("postalCode", "countryCode")

# UNCONFIRMED: the words by which Amazon recognizes a box.
_BOXES = {
    "RestrictPOBoxes": (
        {"US", "CA", "GB", "FR", "DE", "ES", "PT", "IT", "AU"},
        re.compile(
            r"\bp\.? ?o\.? ?box\b|\bpost office box\b|\bpostfach\b|\bbo[iî]te postale\b"
            r"|\bapartado\b|\bcasella postale\b|\bcaixa postal\b",
            re.IGNORECASE,
        ),
    ),
    "RestrictPackstations": (
        {"DE"},
        re.compile(r"\bpackstation\b", re.IGNORECASE),
    ),
}
_RESTRICTIONS = "deliverySpecifications.addressRestrictions.restrictions"
_LINES = ("addressLine1", "addressLine2", "addressLine3")


def checked_details(details: Mapping[str, str]) -> dict[str, Any]:
    """Return `addressDetails` as an address, or refuse them by their country's rule."""
    given = {name: value.strip() for name, value in details.items()}
    given.update({name: given[name].upper() for name in _UPPER})
    country = given["countryCode"]
    needed = {*_NEEDED, *_needed_in(country)}
    for name in (*_NEEDED, "city", "stateOrRegion"):
        if name in needed and not given.get(name):
            raise missing(f"addressDetails.{name}")
    if country in _WITHOUT_STATE and given.get("stateOrRegion"):
        raise invalid_value(f"{country} takes no stateOrRegion")
    # UNCONFIRMED: which of the two members it becomes.
    return full_address({**given, "district": given.get("districtOrCounty")})


def _needed_in(country: str) -> set[str]:
    if country == "JP":
        return {"stateOrRegion"}
    if country in _EU | _WITHOUT_STATE:
        return {"city"}
    return {"city", "stateOrRegion"}


def known_delivery(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return `deliverySpecifications` without values that live ignores."""
    known = dict(given)
    special: Any = given.get("specialRestrictions")
    rule: Any = given.get("addressRestrictions")
    if isinstance(special, list):
        names: list[Any] = special  # pyright: ignore[reportUnknownVariableType] # any JSON
        known["specialRestrictions"] = [one for one in names if one in _BOXES]
    if isinstance(rule, dict):
        addresses = cast("dict[str, Any]", rule)
        restrictions: Any = addresses.get("restrictions")
        if addresses.get("type") not in {"Allowed", "NotAllowed"}:
            del known["addressRestrictions"]
        elif isinstance(restrictions, dict):
            countries = cast("dict[str, Any]", restrictions)
            kept = {name: one for name, one in countries.items() if name in COUNTRIES}
            known["addressRestrictions"] = {**addresses, "restrictions": kept}
    return known


def check_delivery(given: Mapping[str, Any]) -> None:
    """Refuse a country that does not exist."""
    rule: Mapping[str, Any] = given.get("addressRestrictions") or {}
    for name in rule.get("restrictions", ()):
        if name not in COUNTRIES:
            raise invalid_value(
                f"The value provided for '{_RESTRICTIONS}' is invalid: {name} is no"
                " country of ISO 3166-1"
            )


def check_deliverable(
    where: Mapping[str, Any], specifications: Mapping[str, Any] | None
) -> None:
    """Refuse an address that a session's `deliverySpecifications` exclude."""
    given = known_delivery(specifications or {})
    text = "\n".join(where[line] or "" for line in _LINES)
    for name in given.get("specialRestrictions", ()):
        countries, words = _BOXES[name]
        if where["countryCode"] in countries and words.search(text):
            raise _unusable(name)
    rule = given.get("addressRestrictions")
    if rule and _matches(where, rule["restrictions"]) != (rule["type"] == "Allowed"):
        raise _unusable(f"addressRestrictions, {rule['type']}")


def _matches(where: Mapping[str, Any], restrictions: Mapping[str, Any]) -> bool:
    """Return whether restrictions include an address.

    A country without states and postal codes is included as a whole. Otherwise one
    match is enough: Amazon's sample lists a state and a postal code of another state.
    """
    # UNCONFIRMED: wildcards in postal codes; they have no effect, texts must be equal.
    part = restrictions.get(where["countryCode"])
    if not part:
        return part is not None
    return where["stateOrRegion"] in part.get("statesOrRegions", ()) or where[
        "postalCode"
    ] in part.get("zipCodes", ())


def _unusable(rule: str) -> APIRefusal:
    return invalid_value(f"The buyer cannot choose it: {rule}")
