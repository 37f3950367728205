"""Report schedules: `amazon-pay-reports/managing-report-schedules.html`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ..engine.timestamps import moment, written
from ..wire.errors import Refusal
from . import reports

if TYPE_CHECKING:
    from ..engine.context import World
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


def happen(world: World, schedule: Record, event: str) -> None:
    """Make the report of the time that has passed, and plan the next one."""
    period = period_of(schedule["frequency"])
    missed = (world.horizon - world.now) // period + 1 - MOST_CAUGHT_UP
    if missed > 0:
        following = world.now + missed * period
    else:
        following = world.now + period
        since = written(world.now - period)
        reports.create(world, schedule["type"], since, written(world.now))
    schedule["next"] = written(following)
    world.save(KIND, schedule)
    world.plan_at(schedule["next"], KIND, schedule, event)


# The object ---------------------------------------------------------------------------


def show(schedule: Record) -> dict[str, Any]:
    """Write a schedule as the API does."""
    return {
        "nextReportCreationTime": schedule["next"],
        "reportScheduleId": schedule["id"],
        "reportType": schedule["type"],
        "scheduleFrequency": schedule["frequency"],
    }


def _find(world: World, call: APICall) -> Record:
    schedule = world.find(KIND, call.ids["report_schedule_id"])
    if schedule is None:
        raise call.not_found()
    return schedule


# Calls --------------------------------------------------------------------------------


def get_report_schedules(world: World, call: APICall) -> Result:
    """Answer Get Report Schedules, in the order of their types."""
    types = call.query.get("reportTypes")
    found = [
        show(schedule)
        for schedule in world.all(KIND)
        if types is None or schedule["type"] in types.split(",")
    ]
    found.sort(key=lambda schedule: str(schedule["reportType"]))
    return 200, {"reportSchedules": found}


def get_report_schedule(world: World, call: APICall) -> Result:
    """Answer Get Report Schedule."""
    return 200, show(_find(world, call))


def create_report_schedule(world: World, call: APICall) -> Result:
    """Answer Create Report Schedule: one for each type."""
    body = call.body
    reports.check_type(world, body["reportType"])
    following = world.now + period_of(body["scheduleFrequency"])
    if "nextReportCreationTime" in body:
        following = moment(body["nextReportCreationTime"], "nextReportCreationTime")
        if following < world.now.replace(microsecond=0):
            # That a time of the past is refused is unconfirmed.
            raise Refusal(
                "InvalidParameterValue", "nextReportCreationTime is in the past"
            )
    old = [s for s in world.all(KIND) if s["type"] == body["reportType"]]
    if old and not body.get("deleteExistingSchedule"):
        # That the call fails is documented, the code is unconfirmed.
        raise Refusal("InvalidParameterValue", "The reportType has a schedule already")
    for one in old:
        world.delete(KIND, one["id"])
    schedule: Record = {
        "id": world.ids.number(),
        "type": body["reportType"],
        "frequency": body["scheduleFrequency"],
        "next": written(following),
    }
    world.save(KIND, schedule)
    world.plan_at(schedule["next"], KIND, schedule, "it is time")
    return 201, {"reportScheduleId": schedule["id"]}


def cancel_report_schedule(world: World, call: APICall) -> Result:
    """Answer Cancel Report Schedule; the reports stay."""
    world.delete(KIND, _find(world, call)["id"])
    return 200, None
