"""Report schedules: `amazon-pay-reports/managing-report-schedules.html`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ...resources.reports import ReportOperations
from ..engine.timestamps import checked_timestamp, format_timestamp
from ..wire.api_call import json_result
from ..wire.errors import invalid_value
from . import reports
from .registry import handles, in_path

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

KIND: Final = "reportSchedule"

_UNITS = {
    "D": timedelta(days=1),
    "H": timedelta(hours=1),
    "M": timedelta(minutes=1),
}

MOST_CAUGHT_UP = 100
"""The most reports that a schedule makes after the clock has jumped ahead."""


# Life cycle ---------------------------------------------------------------------------


def period_of(frequency: str) -> timedelta:
    """Return an ISO 8601 duration of days, hours or minutes."""
    ((count, unit),) = re.findall(r"(\d+)([DHM])", frequency)
    return int(count) * _UNITS[unit]


def on_due(context: Context, schedule: Record, event: str) -> None:
    """Create the report about the past period, and schedule the next one."""
    period = period_of(schedule["frequency"])
    missed = (context.wall_clock - context.now) // period + 1 - MOST_CAUGHT_UP
    if missed > 0:
        following = context.now + missed * period
    else:
        following = context.now + period
        since = format_timestamp(context.now - period)
        reports.create(context, schedule["type"], since, context.timestamp)
    schedule["next"] = format_timestamp(following)
    context.save(KIND, schedule)
    context.schedule_at(schedule["next"], KIND, schedule, event)


# The object ---------------------------------------------------------------------------


def to_json(schedule: Record) -> dict[str, Any]:
    """Return a schedule in the form of the API."""
    return {
        "nextReportCreationTime": schedule["next"],
        "reportScheduleId": schedule["id"],
        "reportType": schedule["type"],
        "scheduleFrequency": schedule["frequency"],
    }


# Calls --------------------------------------------------------------------------------


@handles(ReportOperations.get_report_schedules)
def get_report_schedules(context: Context, call: APICall) -> Result:
    """Answer Get Report Schedules: all, or those of some types; sorted by type."""
    types = call.query.get("reportTypes")
    found = [
        to_json(schedule)
        for schedule in context.all(KIND)
        if types is None or schedule["type"] in types.split(",")
    ]
    found.sort(key=lambda schedule: str(schedule["reportType"]))
    return json_result(200, {"reportSchedules": found})


@handles(ReportOperations.get_report_schedule, subject=in_path(KIND))
def get_report_schedule(context: Context, call: APICall, schedule: Record) -> Result:
    """Answer Get Report Schedule."""
    return json_result(200, to_json(schedule))


@handles(ReportOperations.create_report_schedule)
def create_report_schedule(context: Context, call: APICall) -> Result:
    """Answer Create Report Schedule: each type has one schedule at most."""
    body = call.body
    reports.check_type(context, body["reportType"])
    following = context.now + period_of(body["scheduleFrequency"])
    if "nextReportCreationTime" in body:
        following = checked_timestamp(
            body["nextReportCreationTime"], "nextReportCreationTime"
        )
        if following < context.now.replace(microsecond=0):
            # UNCONFIRMED: that a time in the past is refused.
            raise invalid_value("nextReportCreationTime is in the past")
    old = [s for s in context.all(KIND) if s["type"] == body["reportType"]]
    if old and not body.get("deleteExistingSchedule"):
        # UNCONFIRMED: the code; that the call fails is documented.
        raise invalid_value("The reportType has a schedule already")
    for one in old:
        context.delete(KIND, one["id"])
    schedule: Record = {
        "id": context.ids.number(),
        "type": body["reportType"],
        "frequency": body["scheduleFrequency"],
        "next": format_timestamp(following),
    }
    context.save(KIND, schedule)
    context.schedule_at(schedule["next"], KIND, schedule, "it is time")
    return json_result(201, {"reportScheduleId": schedule["id"]})


@handles(ReportOperations.cancel_report_schedule, subject=in_path(KIND))
def cancel_report_schedule(context: Context, call: APICall, schedule: Record) -> Result:
    """Answer Cancel Report Schedule; its reports stay."""
    context.delete(KIND, schedule["id"])
    return json_result(200, None)
