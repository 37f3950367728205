"""The regions of Amazon Pay, and the host of each."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Region:
    """A value of `x-amz-pay-region`, and the host that serves it."""

    code: str
    host: str


_NA = Region("na", "pay-api.amazon.com")
_EU = Region("eu", "pay-api.amazon.eu")
_JP = Region("jp", "pay-api.amazon.jp")

# The aliases are mapped before signing: the service knows only na, eu and jp.
REGIONS = {"eu": _EU, "jp": _JP, "na": _NA, "us": _NA, "de": _EU, "uk": _EU}


def region_named(name: str) -> Region:
    """Return the region with a code or alias, in any case."""
    region = REGIONS.get(name.lower()) if isinstance(name, str) else None
    if region is None:
        shown = repr(name[:20]) if isinstance(name, str) else type(name).__name__
        raise ConfigurationError(
            f"region {shown} is not one of {', '.join(sorted(REGIONS))}"
        )
    return region
