"""Verify the signature and find the caller.

`amazon-pay-api-v2/signing-requests.html`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from ... import _signing
from ..._core.regions import REGIONS
from ..merchants import BRITISH
from ..observed import answer_to, refuse
from .errors import APIRefusal, missing_header

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._core.config import Environment
    from ..merchants import Merchant
    from .messages import Request

_DATE_FORMS = {
    r"\d{8}T\d{6}Z": "%Y%m%dT%H%M%SZ",
    # The Node.js SDK sends this form, and the service accepts it.
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ": "%Y-%m-%dT%H:%M:%SZ",
}


def authenticate(  # noqa: PLR0913 - what a caller is judged by
    request: Request,
    merchants: Mapping[str, Merchant],
    environment: Environment | None,
    now: datetime,
    oldest: timedelta | None = None,
    *,
    signed: bool = True,
) -> tuple[Merchant, Environment]:
    """Return the caller and the environment, or refuse the request.

    `environment` is the one that the path names, if any. A date of the age `oldest` or
    more is refused; None accepts any age. Without `signed`, the header says who calls,
    and neither date nor signature is looked at: the console has changed the request.
    """
    # UNCONFIRMED: which headers are required; only the date and the authorization are.
    # UNCONFIRMED: how old a date may be.
    authorization = _authorization(request)
    merchant = merchants.get(authorization.public_key_id)
    if merchant is None:
        raise _wrong_header("authorization", "the PublicKeyId is unknown")
    chosen = _environment(merchant, environment)
    if not signed:
        return merchant, chosen
    _check_date(request, authorization, now, oldest)
    wanted = answer_to("other-headers")
    for name in () if wanted == "none" else wanted.split(","):
        if request.header(name) is None:
            raise missing_header(name)
    for name in authorization.signed_headers:
        if request.header(name) is None:
            raise APIRefusal("MissingHeader", f"The signed header {name} did not come")
    try:
        _signing.verify(
            merchant.public_key,
            authorization,
            request.method,
            request.path,
            request.query,
            request.headers,
            request.body,
        )
    except _signing.SignatureMismatch as mismatch:
        text = mismatch.string_to_sign
        raise APIRefusal(
            "InvalidRequestSignature",
            f"Unable to verify signature, signing String [{text}], signature"
            " does not match",
        ) from None
    return merchant, chosen


def region_of(request: Request, merchant: Merchant, *, strict: bool = False) -> str:
    """Return the region of a call: the merchant's own, or the one in its header.

    With `strict`, the aliases us, de and uk need the older algorithm, as the official
    PHP SDK says.
    """
    given = request.header("x-amz-pay-region")
    if given is None:
        return merchant.region or "na"
    region = REGIONS.get(given.strip().lower())
    if region is None or region.code != (merchant.region or region.code):
        raise _wrong_header("x-amz-pay-region", "it is not the merchant's region")
    algorithm = (request.header("authorization") or "").partition(" ")[0]
    if (
        strict
        and algorithm == _signing.V2.name
        and given.strip().lower() != region.code
    ):
        raise _wrong_header("x-amz-pay-region", f"{algorithm} takes na, eu and jp")
    return region.code


def market_of(request: Request, merchant: Merchant, region: str) -> str:
    """Return the region of a call, or `uk` where its buyers are British."""
    named = (request.header("x-amz-pay-region") or "").strip().lower()
    british = merchant.market or (merchant.region is None and named)
    return BRITISH if british == BRITISH else region


def _wrong_header(name: str, problem: str) -> APIRefusal:
    return APIRefusal(
        "InvalidHeaderValue", f"The value of {name} is invalid: {problem}"
    )


def _authorization(request: Request) -> _signing.Authorization:
    value = request.header("authorization")
    if value is None:
        raise missing_header("authorization")
    if not value.strip():
        raise APIRefusal("MissingHeaderValue", "The header authorization is empty")
    try:
        parsed = _signing.parse_authorization(value)
    except _signing.MalformedAuthorization as error:
        raise _wrong_header("authorization", str(error)) from None
    if parsed.algorithm not in _signing.ALGORITHMS:
        # UNCONFIRMED: the response to an unknown algorithm.
        refuse("unknown-algorithm", _wrong_header("authorization", "it is unknown"))
    return parsed


def _environment(merchant: Merchant, named: Environment | None) -> Environment:
    if named is None:
        if len(merchant.environments) != 1:
            raise _wrong_header(
                "authorization", "a key id without prefix needs /sandbox or /live"
            )
        (named,) = merchant.environments
    if named not in merchant.environments:
        # UNCONFIRMED: the response to a key of the other environment.
        raise _wrong_header("authorization", f"the PublicKeyId is not for {named}")
    return named


def _check_date(
    request: Request,
    authorization: _signing.Authorization,
    now: datetime,
    oldest: timedelta | None,
) -> None:
    value = request.header("x-amz-pay-date")
    if value is None:
        raise missing_header("x-amz-pay-date")
    if "x-amz-pay-date" not in authorization.signed_headers:
        raise _wrong_header("authorization", "x-amz-pay-date must be signed")
    date = _parse_date(value.strip())
    if date is None:
        raise _wrong_header("x-amz-pay-date", "expected yyyyMMddTHHmmssZ")
    if date > now:
        raise APIRefusal(
            "InvalidHeaderValue",
            f"The value {value} provided for x-amz-pay-date should not be in future",
        )
    if oldest is not None and now - date >= oldest:
        # The text follows the recorded one about dates in the future.
        raise APIRefusal(
            "InvalidHeaderValue",
            f"The value {value} provided for x-amz-pay-date should not be older than"
            f" {oldest.total_seconds():.0f} seconds",
        )


@lru_cache(maxsize=64)
def _parse_date(value: str) -> datetime | None:
    for form, pattern in _DATE_FORMS.items():
        if re.fullmatch(form, value, re.ASCII):
            try:
                return datetime.strptime(value, pattern).replace(tzinfo=UTC)
            except ValueError:
                return None
    return None
