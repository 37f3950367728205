"""Report schedules: `amazon-pay-reports/managing-report-schedules.html`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ..engine.timestamps import checked_timestamp, format_timestamp
from ..wire.errors import APIRefusal
from . import reports

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
"""How many reports a schedule makes at once, when the clock has jumped over more."""


# Life ---------------------------------------------------------------------------------


def period_of(frequency: str) -> timedelta:
    """Read an ISO 8601 duration of days, hours or minutes."""
    ((count, unit),) = re.findall(r"(\d+)([DHM])", frequency)
    return int(count) * _UNITS[unit]


def on_due(context: Context, schedule: Record, event: str) -> None:
    """Make the report of the time that has passed, and plan the next one."""
    period = period_of(schedule["frequency"])
    missed = (context.wall_clock - context.now) // period + 1 - MOST_CAUGHT_UP
    if missed > 0:
        following = context.now + missed * period
    else:
        following = context.now + period
        since = format_timestamp(context.now - period)
        reports.create(context, schedule["type"], since, format_timestamp(context.now))
    schedule["next"] = format_timestamp(following)
    context.save(KIND, schedule)
    context.schedule_at(schedule["next"], KIND, schedule, event)


# The object ---------------------------------------------------------------------------


def to_json(schedule: Record) -> dict[str, Any]:
    """Write a schedule as the API does."""
    return {
        "nextReportCreationTime": schedule["next"],
        "reportScheduleId": schedule["id"],
        "reportType": schedule["type"],
        "scheduleFrequency": schedule["frequency"],
    }


def _find(context: Context, call: APICall) -> Record:
    schedule = context.find(KIND, call.ids["report_schedule_id"])
    if schedule is None:
        raise call.not_found()
    return schedule


# Calls --------------------------------------------------------------------------------


def get_report_schedules(context: Context, call: APICall) -> Result:
    """Answer Get Report Schedules, in the order of their types."""
    types = call.query.get("reportTypes")
    found = [
        to_json(schedule)
        for schedule in context.all(KIND)
        if types is None or schedule["type"] in types.split(",")
    ]
    found.sort(key=lambda schedule: str(schedule["reportType"]))
    return 200, {"reportSchedules": found}


def get_report_schedule(context: Context, call: APICall) -> Result:
    """Answer Get Report Schedule."""
    return 200, to_json(_find(context, call))


def create_report_schedule(context: Context, call: APICall) -> Result:
    """Answer Create Report Schedule: one for each type."""
    body = call.body
    reports.check_type(context, body["reportType"])
    following = context.now + period_of(body["scheduleFrequency"])
    if "nextReportCreationTime" in body:
        following = checked_timestamp(
            body["nextReportCreationTime"], "nextReportCreationTime"
        )
        if following < context.now.replace(microsecond=0):
            # That a time of the past is refused is unconfirmed.
            raise APIRefusal(
                "InvalidParameterValue", "nextReportCreationTime is in the past"
            )
    old = [s for s in context.all(KIND) if s["type"] == body["reportType"]]
    if old and not body.get("deleteExistingSchedule"):
        # That the call fails is documented, the code is unconfirmed.
        raise APIRefusal(
            "InvalidParameterValue", "The reportType has a schedule already"
        )
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
    return 201, {"reportScheduleId": schedule["id"]}


def cancel_report_schedule(context: Context, call: APICall) -> Result:
    """Answer Cancel Report Schedule; the reports stay."""
    context.delete(KIND, _find(context, call)["id"])
    return 200, None
