"""Reports: delimited files about orders, payments and settlements, and their schedule.

Create a report, wait until it is `COMPLETED`, get its document, and fetch the
document's `url` within 30 seconds by an unsigned GET. Reports are kept for 90 days.

Amazon's pages: `amazon-pay-api-v2/reports.html`,
`amazon-pay-reports/downloading-reports.html`,
`amazon-pay-reports/manually-requesting-reports.html`,
`amazon-pay-reports/managing-report-schedules.html`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, NotRequired, Required, TypeAlias

from typing_extensions import TypedDict

from .._core.call import Body
from .._core.operation import operation
from ..response import Response
from ._common import Timestamp
from ._constraints import Ge, Le

# --- Values -----------------------------------------------------------------------

ScheduledReportType: TypeAlias = Literal[
    "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_ORDER_REFERENCE_DATA_",
    "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_BILLING_AGREEMENT_DATA_",
    "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_AUTHORIZATION_DATA_",
    "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_REFUND_DATA_",
]
"""One time permissions, recurring ones, authorizations, refunds."""

RequestedReportType: TypeAlias = (
    ScheduledReportType
    | Literal[
        # The only type in sandbox.
        "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_SANDBOX_SETTLEMENT_DATA_",
        "_GET_CSV_CUSTOM_OFFAMAZONPAYMENTS_MULTI_CURRENCY_PAYMENTS_DATA_",
    ]
)

ReportType: TypeAlias = (
    RequestedReportType
    | Literal[
        # Made with each settlement; that a request is refused is unconfirmed.
        "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_SETTLEMENT_DATA_",
        # Listed by Amazon, but not available by this API.
        "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_CAPTURE_DATA_",
    ]
    | str
)

ProcessingStatus: TypeAlias = (
    Literal["IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"] | str
)
"""`CANCELLED` also means that there was nothing to report."""

ScheduleFrequency: TypeAlias = Literal[
    "PT5M",
    "PT15M",
    "PT30M",
    "PT1H",
    "PT2H",
    "PT4H",
    "PT8H",
    "PT12H",
    "PT24H",
    "PT84H",
    "P1D",
    "P2D",
    "P3D",
    "P7D",
    "P14D",
    "P15D",
    "P18D",
    "P30D",
]
"""An ISO 8601 duration."""


# --- Requests ---------------------------------------------------------------------


class CreateReport(TypedDict, closed=True):
    """The type and the period of a report.

    That both times are required is unconfirmed.
    """

    reportType: RequestedReportType
    startTime: Timestamp
    endTime: Timestamp


class CreateReportSchedule(TypedDict, total=False, closed=True):
    """The type and the frequency of a schedule; each type has one schedule."""

    reportType: Required[ScheduledReportType]
    scheduleFrequency: Required[ScheduleFrequency]
    nextReportCreationTime: Timestamp
    deleteExistingSchedule: bool
    """Whether to replace the type's schedule; by default the call then fails."""


# --- Answers ----------------------------------------------------------------------


class Report(TypedDict):
    """One report; it has a document when it is `COMPLETED`."""

    createdTime: Timestamp
    endTime: Timestamp
    processingEndTime: Timestamp | None
    processingStartTime: Timestamp | None
    processingStatus: ProcessingStatus
    reportDocumentId: str | None
    """Null until `COMPLETED`."""
    reportId: str
    reportType: ReportType
    startTime: Timestamp


class Reports(TypedDict):
    """A page of reports."""

    reports: list[Report]
    nextToken: NotRequired[str | None]
    """Null or absent on the last page; which is unconfirmed."""


class CreatedReport(TypedDict):
    """The id of a new report."""

    reportId: str


class ReportDocument(TypedDict):
    """Where a report's file is."""

    reportDocumentId: str
    url: str
    """A pre-signed link, valid for 30 seconds; whoever has it can use it."""
    compressionAlgorithm: Literal["N/A"] | str


class ReportSchedule(TypedDict):
    """When a type of report is made."""

    nextReportCreationTime: Timestamp | None
    reportScheduleId: str
    reportType: ReportType
    scheduleFrequency: ScheduleFrequency | str


class ReportSchedules(TypedDict):
    """All schedules; there are no pages."""

    reportSchedules: list[ReportSchedule]


class CreatedReportSchedule(TypedDict):
    """The id of a new schedule."""

    reportScheduleId: str


# --- Operations -------------------------------------------------------------------


class ReportOperations:
    """The operations on reports, their documents and schedules."""

    @operation(
        "GET",
        "/reports",
        repeat="read",
        answers=(200,),
        page="amazon-pay-api-v2/reports.html",
    )
    def get_reports(  # noqa: PLR0913 - one parameter for each of the query's members
        self,
        *,
        report_types: Sequence[ReportType] | None = None,
        processing_statuses: Sequence[ProcessingStatus] | None = None,
        created_since: str | datetime | None = None,
        created_until: str | datetime | None = None,
        page_size: Annotated[int, Ge(1), Le(100)] | None = None,
        next_token: str | None = None,
    ) -> Response[Reports]:
        """Get a page of reports, by default 10 of the last 90 days; nothing changes.

        `next_token` comes from the previous page; with any other parameter beside it
        the call fails. `page_size` is 1 to 100. A datetime needs a time zone.

        Errors: 400 `InvalidParameterValue`; the code for `next_token` beside other
        parameters is unconfirmed, probably `InvalidParameterCombination`.
        """
        ...

    @operation(
        "GET",
        "/reports/{report_id}",
        repeat="read",
        answers=(200,),
        page="amazon-pay-api-v2/reports.html",
    )
    def get_report(self, report_id: str) -> Response[Report]:
        """Get one report: its status, and the id of its document once it is done.

        Nothing changes.

        Errors: 404 `ResourceNotFound`.
        """
        ...

    @operation(
        "POST",
        "/reports",
        repeat="key",
        answers=(201,),
        page="amazon-pay-reports/manually-requesting-reports.html",
    )
    def create_report(
        self, body: CreateReport | Body, *, idempotency_key: str | None = None
    ) -> Response[CreatedReport]:
        """Create a report; its first status is `IN_PROGRESS`. No money moves.

        `wait_for_report` waits until it is done, and `download_report` fetches it.

        Errors: 400 `InvalidParameterValue`, `MissingParameterValue`.
        """
        ...

    @operation(
        "GET",
        "/report-documents/{report_document_id}",
        repeat="read",
        answers=(200,),
        page="amazon-pay-reports/downloading-reports.html",
    )
    def get_report_document(self, report_document_id: str) -> Response[ReportDocument]:
        """Get the link to a report's file; nothing changes.

        The link is valid for 30 seconds: fetch it by a plain, unsigned GET.

        Errors: 404 `ResourceNotFound`.
        """
        ...

    @operation(
        "GET",
        "/report-schedules",
        repeat="read",
        answers=(200,),
        page="amazon-pay-reports/managing-report-schedules.html",
    )
    def get_report_schedules(
        self, *, report_types: Sequence[ReportType] | None = None
    ) -> Response[ReportSchedules]:
        """Get the schedules, all or those of some types; nothing changes.

        Errors: 400 `InvalidParameterValue`.
        """
        ...

    @operation(
        "GET",
        "/report-schedules/{report_schedule_id}",
        repeat="read",
        answers=(200,),
        page="amazon-pay-reports/managing-report-schedules.html",
    )
    def get_report_schedule(self, report_schedule_id: str) -> Response[ReportSchedule]:
        """Get one schedule; nothing changes.

        Errors: 404 `ResourceNotFound`.
        """
        ...

    @operation(
        "POST",
        "/report-schedules",
        repeat="key",
        answers=(201,),
        page="amazon-pay-reports/managing-report-schedules.html",
    )
    def create_report_schedule(
        self, body: CreateReportSchedule | Body, *, idempotency_key: str | None = None
    ) -> Response[CreatedReportSchedule]:
        """Create a schedule by which Amazon makes reports; no money moves.

        Each type has one schedule. With `deleteExistingSchedule` the new one replaces
        it; without it the call fails.

        Errors: 400 `InvalidParameterValue`, `MissingParameterValue`; the code for a
        schedule that exists already is unconfirmed.
        """
        ...

    @operation(
        "DELETE",
        "/report-schedules/{report_schedule_id}",
        repeat="state",
        empty_answer=True,
        answers=(200,),
        page="amazon-pay-reports/managing-report-schedules.html",
    )
    def cancel_report_schedule(self, report_schedule_id: str) -> Response[None]:
        """Cancel a schedule; existing reports remain.

        The answer is 200 without a body.

        Errors: 404 `ResourceNotFound`, also if a lost first call has worked.
        """
        ...
