"""Members that several objects of the API have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.store import Record

METADATA = (
    "merchantReferenceId",
    "merchantStoreName",
    "noteToBuyer",
    "customInformation",
)


def status_details(record: Record) -> dict[str, Any]:
    """Return `statusDetails` with one reason; permissions have a list instead."""
    reason = record["reason"]
    text = record.get("description") or (reason and f"Simulated: {reason}")
    return {
        "state": record["state"],
        "reasonCode": reason,
        "reasonDescription": text,
        "lastUpdatedTimestamp": record["updated"],
    }


def metadata(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return `merchantMetadata` with all four members, null where unset."""
    return {name: (given or {}).get(name) for name in METADATA}


def provider_metadata(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return `providerMetadata`, null where unset."""
    return {"providerReferenceId": (given or {}).get("providerReferenceId")}
