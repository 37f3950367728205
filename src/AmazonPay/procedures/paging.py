"""Iterate over pages: the next is asked for when needed, by its token alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .._core.declare import iteration
from .._core.operation import ask
from .._core.steps import Item, Pages
from ..resources.disbursements import Disbursement, DisbursementOperations
from ..resources.reports import (
    ProcessingStatus,
    Report,
    ReportOperations,
    ReportType,
)


class Paging:
    """Iterations over what Amazon lists in pages."""

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
        """Iterate over all reports that fit, page by page; reads only.

        Errors: what `get_reports` raises, at the page where it happens.
        Amazon's page: `amazon-pay-api-v2/reports.html`.
        """
        page = yield from ask(
            ReportOperations.get_reports,
            report_types=report_types,
            processing_statuses=processing_statuses,
            created_since=created_since,
            created_until=created_until,
            page_size=page_size,
        )
        while True:
            found = page.raise_for_status().json()
            for report in found["reports"]:
                yield Item(report)
            token = found.get("nextToken")
            if not token:
                return
            page = yield from ask(ReportOperations.get_reports, next_token=token)

    @iteration
    def iter_disbursements(
        self,
        *,
        start_time: str | datetime | None = None,
        end_time: str | datetime | None = None,
        page_size: int | None = None,
    ) -> Pages[Disbursement]:
        """Iterate over all disbursements that fit, page by page; reads only.

        Errors: what `get_disbursements` raises, at the page where it happens.
        Amazon's page: `amazon-pay-reports/request-disbursement-details.html`.
        """
        page = yield from ask(
            DisbursementOperations.get_disbursements,
            start_time=start_time,
            end_time=end_time,
            page_size=page_size,
        )
        while True:
            found = page.raise_for_status().json()
            for disbursement in found["disbursements"]:
                yield Item(disbursement)
            token = found.get("nextToken")
            if not token:
                return
            page = yield from ask(
                DisbursementOperations.get_disbursements, next_token=token
            )
