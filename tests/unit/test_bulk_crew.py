"""The threads of a bulk run: every row once, and when no other row is begun."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from AmazonPay.bulk.crew import MOST_FAILURES, Crew
from AmazonPay.bulk.results import RowResult
from AmazonPay.bulk.rows import Row
from AmazonPay.errors import JournalFailed


def rows(number: int) -> list[Row]:
    return [
        Row(kind="cancel", namespace="n", reference=str(n), subject="C", body={})
        for n in range(number)
    ]


def done(row: Row) -> RowResult:
    return RowResult(row, "success")


def unsent(row: Row) -> RowResult:
    return RowResult(row, "unsent", "ConnectionFailed")


def never() -> None:
    raise AssertionError


@pytest.mark.parametrize("size", [1, 4, 200])
def test_each_row_is_carried_out_once_and_told(size: int) -> None:
    worked: list[str] = []
    told: list[RowResult] = []

    def work(row: Row) -> RowResult:
        worked.append(row.reference)
        return done(row)

    ending = Crew(work, rows(100), size).carry_out(told.append, never)
    assert ending == "all"
    assert sorted(worked, key=int) == [str(n) for n in range(100)]
    assert {one.row.reference for one in told} == set(worked)


def test_no_rows_are_no_work() -> None:
    assert Crew(done, [], 8).carry_out(lambda _: never(), never) == "all"


def test_rows_are_begun_in_the_order_of_the_file() -> None:
    told: list[RowResult] = []
    Crew(done, rows(20), 1).carry_out(told.append, never)
    assert [one.row.reference for one in told] == [str(n) for n in range(20)]


def test_rows_are_under_way_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=30)

    def work(row: Row) -> RowResult:
        together.wait()
        return done(row)

    assert Crew(work, rows(3), 3).carry_out(lambda _: None, never) == "all"


def test_no_other_row_is_begun_when_none_is_answered() -> None:
    told: list[RowResult] = []
    ending = Crew(unsent, rows(1000), 2).carry_out(told.append, never)
    assert ending == "no answer"
    assert MOST_FAILURES <= len(told) <= MOST_FAILURES + 1


def test_one_answer_lets_it_go_on() -> None:
    told: list[RowResult] = []

    def work(row: Row) -> RowResult:
        return done(row) if int(row.reference) % MOST_FAILURES == 0 else unsent(row)

    assert Crew(work, rows(100), 1).carry_out(told.append, never) == "all"
    assert len(told) == 100


@pytest.mark.parametrize(
    "error", [JournalFailed("full"), ZeroDivisionError()], ids=["full", "bug"]
)
def test_what_fails_for_all_rows_ends_the_run(error: Exception) -> None:
    begun: list[Row] = []

    def work(row: Row) -> RowResult:
        begun.append(row)
        raise error

    with pytest.raises(type(error)):
        Crew(work, rows(1000), 1).carry_out(lambda _: None, never)
    assert len(begun) == 1


class Person:
    """Interrupts when a row is told."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.told: list[Any] = []
        self.answered = 0

    def tell(self, result: RowResult) -> None:
        self.told.append(result)
        if self.left:
            self.left -= 1
            raise KeyboardInterrupt

    def answer(self) -> None:
        self.answered += 1


def test_an_interrupt_lets_rows_under_way_end_and_begins_no_other() -> None:
    allowed = threading.Semaphore(1)

    def work(row: Row) -> RowResult:
        assert allowed.acquire(timeout=30)
        return done(row)

    class Releasing(Person):
        def answer(self) -> None:
            super().answer()
            allowed.release(3)

    person = Releasing(1)
    ending = Crew(work, rows(1000), 2).carry_out(person.tell, person.answer)
    assert (ending, person.answered) == ("interrupted", 1)
    # One was told, and each of two threads had begun one.
    assert 1 <= len(person.told) <= 3


def test_a_second_interrupt_leaves_at_once() -> None:
    person = Person(2)
    hanging = threading.Event()

    def work(row: Row) -> RowResult:
        if int(row.reference) >= 2:
            hanging.wait(30)
        return done(row)

    with pytest.raises(KeyboardInterrupt):
        Crew(work, rows(3), 2).carry_out(person.tell, person.answer)
    hanging.set()
    assert person.answered == 1
