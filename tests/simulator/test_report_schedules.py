"""Report schedules: `amazon-pay-reports/managing-report-schedules.html`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from AmazonPay.simulator import Settings
from AmazonPay.simulator.handlers.report_schedules import MOST_CAUGHT_UP, period_of
from callers import Caller, on_both_clients
from fitting import in_order, misfits
from reference.accounts import (
    FREQUENCIES,
    REPORT_SCHEDULE,
    REPORT_SCHEDULE_CREATED,
    REPORT_SCHEDULES,
    REQUESTED_REPORTS,
    SCHEDULED_REPORTS,
)
from simulated import Shop

BAD_VALUE = (400, "InvalidParameterValue")
NOT_FOUND = (404, "ResourceNotFound")
KIND = SCHEDULED_REPORTS[0]
LIVE = "LIVE-AGTEST"


def live() -> Shop:
    return Shop(key_id=LIVE)


@pytest.fixture
def shop() -> Shop:
    return live()


def body_of(kind: str = KIND, frequency: str = "P1D", **more: Any) -> dict[str, Any]:
    return {"reportType": kind, "scheduleFrequency": frequency, **more}


def schedule(shop: Shop, *of: str, **more: Any) -> str:
    """Make a schedule; give its id."""
    reply = shop.post("/report-schedules", body_of(*of, **more))
    assert reply.status == 201, reply
    return str(reply.json["reportScheduleId"])


def listed(shop: Shop, query: str = "") -> list[str]:
    reply = shop.get(f"/report-schedules{query}")
    return [one["reportScheduleId"] for one in reply.json["reportSchedules"]]


def made(shop: Shop) -> list[tuple[str, str, str]]:
    """List the reports there are, oldest first: created, start, end."""
    found: list[Any] = []
    with shop.client() as client:
        found = list(client.iter_reports(page_size=100))
    return sorted((r["createdTime"], r["startTime"], r["endTime"]) for r in found)


# All calls ----------------------------------------------------------------------------


@on_both_clients
def test_a_client_keeps_a_schedule(shop: Shop, awaits: bool) -> None:
    call = Caller(shop, awaits)
    created = call("create_report_schedule", body_of())
    id_ = created.json()["reportScheduleId"]
    got = call("get_report_schedule", id_)
    all_ = call("get_report_schedules")
    cancelled = call("cancel_report_schedule", id_)
    answers = [created, got, all_]
    assert [a.status_code for a in [*answers, cancelled]] == [201, 200, 200, 200]
    tables = [REPORT_SCHEDULE_CREATED, REPORT_SCHEDULE, REPORT_SCHEDULES]
    for answer, table in zip(answers, tables, strict=True):
        assert misfits(answer.json(), table) == []
        assert in_order(answer.json(), table)
    assert (cancelled.content, cancelled.json()) == (b"", None)
    assert listed(shop) == []


# The schedule -------------------------------------------------------------------------


def test_the_first_report_comes_after_one_period(shop: Shop) -> None:
    id_ = schedule(shop)
    assert shop.get(f"/report-schedules/{id_}").json == {
        "nextReportCreationTime": "21000116T120000Z",
        "reportScheduleId": id_,
        "reportType": KIND,
        "scheduleFrequency": "P1D",
    }
    assert id_.isdigit()


def test_the_first_report_comes_when_it_is_asked_for(shop: Shop) -> None:
    id_ = schedule(shop, nextReportCreationTime="21000115T180000Z")
    shop.clock.move(hours=6)
    shown = shop.get(f"/report-schedules/{id_}").json
    assert shown["nextReportCreationTime"] == "21000116T180000Z"
    assert made(shop) == [("21000115T180000Z", "21000114T180000Z", "21000115T180000Z")]


def test_the_first_report_may_come_now(shop: Shop) -> None:
    schedule(shop, nextReportCreationTime="21000115T120000Z")
    assert len(made(shop)) == 1


def test_reports_follow_one_another_without_a_gap(shop: Shop) -> None:
    schedule(shop, KIND, "PT8H")
    shop.clock.move(days=1)
    assert made(shop) == [
        ("21000115T200000Z", "21000115T120000Z", "21000115T200000Z"),
        ("21000116T040000Z", "21000115T200000Z", "21000116T040000Z"),
        ("21000116T120000Z", "21000116T040000Z", "21000116T120000Z"),
    ]


def test_a_report_of_a_schedule_has_a_file(shop: Shop) -> None:
    schedule(shop)
    shop.buy()
    shop.clock.move(days=1, seconds=1)
    (report,) = shop.get("/reports").json["reports"]
    assert (report["reportType"], report["processingStatus"]) == (KIND, "COMPLETED")


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_every_frequency_has_its_period(shop: Shop, frequency: str) -> None:
    id_ = schedule(shop, KIND, frequency)
    shown = shop.get(f"/report-schedules/{id_}").json["nextReportCreationTime"]
    following = datetime.strptime(shown, "%Y%m%dT%H%M%S%z")
    number = int("".join(filter(str.isdigit, frequency)))
    units = {"M": "minutes", "H": "hours", "D": "days"}
    period = timedelta(**{units[frequency[-1]]: number})
    assert following - shop.clock.now == period == period_of(frequency)


# One for each type --------------------------------------------------------------------


def test_each_type_has_a_schedule_of_its_own(shop: Shop) -> None:
    ids = {kind: schedule(shop, kind) for kind in SCHEDULED_REPORTS}
    assert listed(shop) == [ids[kind] for kind in sorted(ids)]
    one, two, *_ = SCHEDULED_REPORTS
    assert set(listed(shop, f"?reportTypes={one}%2C{two}")) == {ids[one], ids[two]}
    assert listed(shop, f"?reportTypes={one}") == [ids[one]]


@pytest.mark.parametrize("more", [{}, {"deleteExistingSchedule": False}])
def test_a_second_schedule_of_a_type_is_refused(
    shop: Shop, more: dict[str, Any]
) -> None:
    id_ = schedule(shop)
    assert shop.post("/report-schedules", body_of(**more)).error == BAD_VALUE
    assert listed(shop) == [id_]


def test_a_schedule_can_take_the_place_of_another(shop: Shop) -> None:
    old = schedule(shop, KIND, "P1D")
    new = schedule(shop, KIND, "P2D", deleteExistingSchedule=True)
    assert listed(shop) == [new]
    assert shop.get(f"/report-schedules/{old}").error == NOT_FOUND
    shop.clock.move(days=2)
    assert [created for created, _, _ in made(shop)] == ["21000117T120000Z"]


def test_a_replacement_needs_nothing_to_replace(shop: Shop) -> None:
    assert listed(shop) == []
    assert listed(shop) != [schedule(shop, deleteExistingSchedule=True)]


# Refusals -----------------------------------------------------------------------------


def test_sandbox_has_no_schedules_unless_told_otherwise() -> None:
    assert Shop().post("/report-schedules", body_of()).error == BAD_VALUE
    shop = Shop(settings=Settings(every_report_in_sandbox=True))
    assert listed(shop) != [schedule(shop)]


@pytest.mark.parametrize("kind", sorted(set(REQUESTED_REPORTS) - {*SCHEDULED_REPORTS}))
def test_other_types_have_no_schedule(kind: str) -> None:
    assert live().post("/report-schedules", body_of(kind)).error == BAD_VALUE


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scheduleFrequency": "PT6M"}, BAD_VALUE),
        ({"nextReportCreationTime": "21000230T000000Z"}, BAD_VALUE),
        ({"nextReportCreationTime": "21000115T115959Z"}, BAD_VALUE),
        ({"deleteExistingSchedule": "true"}, BAD_VALUE),
        ({"processingStatus": "x"}, (400, "UnrecognizedField")),
    ],
)
def test_a_bad_schedule_is_refused(
    change: dict[str, Any], error: tuple[int, str]
) -> None:
    assert live().post("/report-schedules", body_of(**change)).error == error


@pytest.mark.parametrize("member", ["reportType", "scheduleFrequency"])
def test_type_and_frequency_are_needed(member: str) -> None:
    body = {name: value for name, value in body_of().items() if name != member}
    reply = live().post("/report-schedules", body)
    assert reply.error == (400, "MissingParameterValue")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_schedule_is_not_found(method: str) -> None:
    assert live().send(method, "/report-schedules/1").error == NOT_FOUND


def test_a_schedule_is_cancelled_once_and_its_reports_stay(shop: Shop) -> None:
    path = f"/report-schedules/{schedule(shop)}"
    shop.clock.move(days=1)
    assert shop.delete(path).status == 200
    assert shop.delete(path).error == NOT_FOUND
    shop.clock.move(days=5)
    assert len(made(shop)) == 1


# The clock ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        (MOST_CAUGHT_UP - 1, MOST_CAUGHT_UP - 1),
        (MOST_CAUGHT_UP, MOST_CAUGHT_UP),
        (MOST_CAUGHT_UP + 1, MOST_CAUGHT_UP),
        (5 * MOST_CAUGHT_UP, MOST_CAUGHT_UP),
    ],
)
def test_a_schedule_catches_up_on_so_many_reports_at_most(
    shop: Shop, periods: int, expected: int
) -> None:
    schedule(shop, KIND, "PT5M")
    shop.clock.move(seconds=periods * 300)
    found = made(shop)
    assert len(found) == expected
    assert found[-1][0] == shop.clock.text
    gaps = {
        datetime.strptime(end, "%Y%m%dT%H%M%S%z")
        - datetime.strptime(start, "%Y%m%dT%H%M%S%z")
        for _, start, end in found
    }
    assert gaps == {timedelta(minutes=5)}
    starts, ends = [r[1] for r in found], [r[2] for r in found]
    assert starts[1:] == ends[:-1]


def test_a_clock_that_jumps_by_centuries_ends(shop: Shop) -> None:
    id_ = schedule(shop, KIND, "PT5M")
    shop.clock.move(days=365 * 300)
    assert len(made(shop)) == MOST_CAUGHT_UP
    shown = shop.get(f"/report-schedules/{id_}").json["nextReportCreationTime"]
    following = datetime.strptime(shown, "%Y%m%dT%H%M%S%z")
    assert timedelta(0) < following - shop.clock.now <= timedelta(minutes=5)
