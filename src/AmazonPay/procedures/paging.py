"""Iterate over pages; each next page is requested by its token when it is needed.

A token that is repeated, or too many empty pages in a row, raise `InvalidResponse`:
the iteration might never end, and the list is not complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from .._core.declare import iteration
from .._core.operation import Operation, ask
from .._core.steps import Item, Pages
from ..errors import InvalidResponse
from ..resources.disbursements import Disbursement, DisbursementOperations
from ..resources.reports import ProcessingStatus, Report, ReportOperations, ReportType
from ..response import Response
from ._answers import member, object_of, objects_of

T = TypeVar("T")

_MAX_EMPTY_PAGES = 100


def _pages(
    operation: Operation[..., Response[Any]], name: str, **query: object
) -> Pages[Any]:
    """Yield the elements of the member `name` of all pages.

    `query` selects the first page; each page has the token of the next one.
    """
    page = yield from ask(operation, **query)
    seen_tokens: set[str] = set()
    empty_pages = 0
    while True:
        found = objects_of(page, name)
        for element in found:
            yield Item(element)
        token = member(object_of(page), "nextToken")
        if token is None or token == "":  # both mark the last page
            return
        if not isinstance(token, str):
            raise InvalidResponse(page, "has a nextToken that is no text")
        if token in seen_tokens:
            raise InvalidResponse(page, "repeats a nextToken, so the list has no end")
        seen_tokens.add(token)
        empty_pages = 0 if found else empty_pages + 1
        if empty_pages > _MAX_EMPTY_PAGES:
            raise InvalidResponse(page, f"is one of {empty_pages} empty pages in a row")
        page = yield from ask(operation, next_token=token)


class Paging:
    """Iterations over lists that Amazon returns in pages."""

    @iteration
    def iter_reports(
        self,
        *,
        report_types: Sequence[ReportType] | None = None,
        processing_statuses: Sequence[ProcessingStatus] | None = None,
        created_since: str | datetime | None = None,
        created_until: str | datetime | None = None,
        page_size: int | None = None,
    ) -> Pages[Report]:
        """Yield all matching reports, page by page; nothing changes.

        Errors: what `get_reports` raises, at the page where it occurs;
        `InvalidResponse` for a page without a list of objects, or a repeated token.
        Amazon's page: `amazon-pay-api-v2/reports.html`.
        """
        yield from _pages(
            ReportOperations.get_reports,
            "reports",
            report_types=report_types,
            processing_statuses=processing_statuses,
            created_since=created_since,
            created_until=created_until,
            page_size=page_size,
        )

    @iteration
    def iter_disbursements(
        self,
        *,
        start_time: str | datetime | None = None,
        end_time: str | datetime | None = None,
        page_size: int | None = None,
    ) -> Pages[Disbursement]:
        """Yield all matching disbursements, page by page; nothing changes.

        Errors: what `get_disbursements` raises, at the page where it occurs;
        `InvalidResponse` for a page without a list of objects, or a repeated token.
        Amazon's page: `amazon-pay-reports/request-disbursement-details.html`.
        """
        yield from _pages(
            DisbursementOperations.get_disbursements,
            "disbursements",
            start_time=start_time,
            end_time=end_time,
            page_size=page_size,
        )
