"""What Python holds does not grow with the rows of a file; DuckDB's own is limited."""

from __future__ import annotations

import signal
import tracemalloc
from typing import TYPE_CHECKING, NoReturn

import pytest

from AmazonPay import ConfigurationError
from AmazonPay.reporting import daily_sums, orders, reconciliation, settlements
from AmazonPay.reporting.engine import Engine, literal, name
from settlement_files import Row, write_settlement

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def peak(folder: Path, rows: int) -> int:
    """Return the most bytes that Python held while rows were read and compared."""
    made = (Row("Capture", f"{n % 500}.10", f"order-{n}") for n in range(rows))
    settlement = write_settlement(folder / "s.csv", made)
    listed = folder / "o.csv"
    with listed.open("w") as file:
        file.write("id,amount,currency\n")
        file.writelines(f"order-{n},1,USD\n" for n in range(rows))
    with Engine() as engine:
        engine.run("SELECT 1")
        found = 0
        tracemalloc.start()
        try:
            orders.load(engine, listed, orders.Columns())
            settlements.load(engine, [settlement])
            reconciliation.compare(engine, has_refunds=False)
            found = sum(1 for _ in reconciliation.differences(engine))
            daily_sums.days(engine)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            assert found > rows // 2


def test_python_holds_no_more_for_more_rows(tmp_path: Path) -> None:
    few = peak(tmp_path, 4_000)
    assert peak(tmp_path, 12_000) < 1.2 * few


def test_what_does_not_fit_into_memory_goes_to_disk() -> None:
    with Engine(memory="48MB") as engine:
        engine.run(
            "CREATE TABLE wide AS SELECT n, md5(n::VARCHAR) || md5((-n)::VARCHAR) AS x"
            " FROM range(1000000) AS t(n)"
        )
        ((files,),) = engine.rows("SELECT count(*) FROM duckdb_temporary_files()")
        ((last,),) = engine.rows("SELECT n FROM wide ORDER BY x DESC, n LIMIT 1")
        folder = engine.folder
    assert (files > 0, last >= 0) == (True, True)
    assert not folder.exists()


def test_too_little_memory_is_told(tmp_path: Path) -> None:
    made = (Row("Capture", "1", f"order-{n}") for n in range(3_000))
    path = write_settlement(tmp_path / "1.csv", made)
    with Engine(memory="1MB") as engine, pytest.raises(ConfigurationError) as raised:
        settlements.load(engine, [path])
    assert "DuckDB ends with" in str(raised.value)


def test_a_failure_of_the_engine_is_told_without_a_value() -> None:
    with Engine() as engine, pytest.raises(ConfigurationError) as raised:
        engine.run("SELECT CAST('secret value' AS INTEGER)")
    assert "Conversion Error" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_sum_that_no_column_can_hold_is_no_sum() -> None:
    with Engine() as engine, pytest.raises(ConfigurationError):
        list(
            engine.rows(
                "SELECT sum(x) FROM (SELECT CAST(repeat('9', 30) AS DECIMAL(38, 8)) AS"
                " x FROM range(2000000000) LIMIT 100)"
            )
        )


def test_no_extension_is_downloaded() -> None:
    with Engine() as engine, pytest.raises(ConfigurationError):
        engine.run("SELECT * FROM read_parquet('https://127.0.0.1:1/x.parquet')")


def test_names_and_text_are_quoted() -> None:
    text = """a'b"c"""
    with Engine() as engine:
        query = f"SELECT {literal(text)} AS {name(text)}"
        (row,) = engine.rows(query)
        ((column, *_),) = engine.rows(f"DESCRIBE {query}")
    assert (row, column) == ((text,), text)


LONG = (
    "SELECT count(*) FROM range(1000) AS a, range(1000000) AS b"
    " WHERE a.range * b.range % 7 = 6"
)


@pytest.mark.parametrize("begin", ["", "CREATE TABLE long AS "])
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no such timer")
def test_an_interrupt_ends_what_the_engine_does(begin: str) -> None:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with Engine() as engine, pytest.raises(KeyboardInterrupt):
            list(engine.rows(f"{begin}{LONG}"))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
