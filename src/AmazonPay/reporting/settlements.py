"""The movements of money in settlement files, as one table of the engine.

A row that several files hold, such as files of periods that overlap, is one movement.
Amounts keep the sign that Amazon gives them: what leaves the merchant is below zero.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ..errors import ConfigurationError, InvalidRequest
from ..report_files import checked_encoding
from .archive import Archive, Entry, sha256_of
from .engine import literal, name
from .kinds import SETTLEMENTS
from .typed_tables import DECIMAL, problem_of, table_at, write_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .engine import Engine

ORDER_COLUMN: Final = "SellerOrderId"
"""The column with the shop's own id of an order, its `merchantReferenceId`."""

_NEEDED: Final = ("TransactionType", "CurrencyCode", "TransactionAmount")
_TEXTS: Final = (
    *("TransactionPostedDate", "SettlementId", "AmazonTransactionId"),
    *("TransactionType", "CurrencyCode"),
)
_AMOUNTS: Final = ("TransactionAmount", "NetTransactionAmount", "TotalTransactionFee")

# Amazon's page names the types: `amazon-pay-reports/settlement-reports.html`.
# UNCONFIRMED: how files spell them, so capitals, blanks and dashes do not count.
_KIND: Final = """CASE
    WHEN type = 'capture' THEN 'capture'
    WHEN type = 'refund' THEN 'refund'
    WHEN type LIKE 'atoz%' OR type LIKE 'chargeback%' OR type IN ('claim', 'dispute')
        THEN 'chargeback'
    WHEN type IN ('transfer', 'disbursement') THEN 'payout'
    WHEN type IN ('authorization', 'reserve', 'carryover', 'debt') THEN 'held'
    ELSE 'other' END"""


@dataclass(frozen=True)
class Source:
    """One settlement file, as Parquet in the engine's folder."""

    file: str
    """What a person calls it."""
    parquet: Path
    seller: str


def load(
    engine: Engine,
    paths: Sequence[Path],
    *,
    encoding: str = "utf-8",
    order_column: str = ORDER_COLUMN,
) -> list[str]:
    """Make the table `movements` of settlement files and folders of pulled ones.

    It has the columns `order_id`, `transaction_id`, `type`, `kind`, `currency`, `day`,
    `amount` and `fee`. Return the names of the files.

    A fee is the net amount minus the amount, and so below zero, whichever sign the
    columns of fees have (which is unconfirmed).

    Raises:
        ConfigurationError: a path holds no settlement, a file was changed since it was
            pulled, or folders of sandbox and live are mixed.
        InvalidRequest: a file is no table, or a row has no amount, currency or day.
    """
    checked_encoding(encoding)
    sources = list(_sources(engine, paths, encoding))
    if not sources:
        places = ", ".join(repr(str(path)) for path in paths)
        raise ConfigurationError(
            f"there is no settlement report in {places}: amazonpay reports pull fetches"
            " them"
        )
    if len({source.seller for source in sources} - {""}) == 1:
        # A file without its facts, as a spreadsheet saves it, is of the same seller.
        sources = [replace(source, seller="") for source in sources]
    selects = [
        _select(engine, number, source, order_column)
        for number, source in enumerate(sources)
    ]
    engine.run(f"CREATE VIEW listed AS {' UNION ALL '.join(selects)}")
    _check(engine, sources)
    engine.run(f"CREATE TABLE movements AS {_movements(several=len(sources) > 1)}")
    for source in sources:
        source.parquet.unlink()
    return [source.file for source in sources]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # such as a name that is too long
        return False


def _sources(engine: Engine, paths: Sequence[Path], encoding: str) -> Iterator[Source]:
    environments: set[str] = set()
    number = 0
    for path in paths:
        if not _is_folder(path):
            number += 1
            yield _converted(engine, number, path, encoding)
            continue
        archive = Archive(path)
        for entry in archive.entries():
            if entry.report_type not in SETTLEMENTS or _is_empty(entry):
                continue
            environments.add(entry.environment)
            if len(environments) > 1:
                raise ConfigurationError("reports of sandbox and live are not mixed")
            number += 1
            yield _pulled(engine, number, archive, entry)


def _is_empty(entry: Entry) -> bool:
    return entry.rows == 0 and not entry.columns


def _pulled(engine: Engine, number: int, archive: Archive, entry: Entry) -> Source:
    """Return a pulled report, by its Parquet if that is as it was written."""
    original = archive.csv(entry.report_id)
    if not archive.has_csv(entry):
        raise ConfigurationError(
            f"{str(original)!r} was changed or removed since it was pulled: pull it"
            " again, or name the file itself"
        )
    if entry.parquet_sha256 is None:
        return _converted(engine, number, original, entry.encoding)
    target = engine.folder / f"{number}.parquet"
    with contextlib.suppress(OSError):
        # A copy has no name that the engine would take for a pattern, and stays as it
        # was checked.
        shutil.copyfile(archive.parquet(entry.report_id), target)
        if sha256_of(target) == entry.parquet_sha256:
            return Source(original.name, target, entry.facts.get("SellerId", ""))
    return _converted(engine, number, original, entry.encoding)


def _converted(engine: Engine, number: int, path: Path, encoding: str) -> Source:
    target = engine.folder / f"{number}.parquet"
    report = table_at(path, encoding)
    try:
        write_parquet(engine, report, target)
    except InvalidRequest as error:
        raise InvalidRequest(problem_of(str(path), error)) from None
    return Source(str(path), target, report.facts.get("SellerId", ""))


def _select(engine: Engine, number: int, source: Source, order_column: str) -> str:
    """Return the query of one file: its known columns, and null for those it lacks."""
    table = f"read_parquet({literal(str(source.parquet))})"
    described = engine.rows(f"DESCRIBE SELECT * FROM {table}")  # noqa: S608 - quoted
    held = {str(row[0]) for row in described}
    missing = [column for column in _NEEDED if column not in held]
    if missing:
        raise InvalidRequest(
            f"{source.file} is no settlement: it lacks the columns {', '.join(missing)}"
        )
    if order_column not in held:
        raise InvalidRequest(
            f"{source.file} has no column {order_column!r}; it has"
            f" {', '.join(sorted(held))}"
        )
    columns = [
        *(_column(one, "VARCHAR", held) for one in _TEXTS),
        *(_column(one, DECIMAL, held) for one in _AMOUNTS),
    ]
    return (
        f"SELECT {number} AS source, {literal(source.seller)} AS seller,"  # noqa: S608 - quoted
        f" nullif(trim({name(order_column)}::VARCHAR), '') AS order_id,"
        f" {', '.join(columns)} FROM {table}"
    )


def _column(column: str, type_: str, held: set[str]) -> str:
    value = name(column) if column in held else "NULL"
    return f"CAST({value} AS {type_}) AS {name(column)}"


_DAY: Final = "try_cast(left(TransactionPostedDate, 10) AS DATE)"


def _check(engine: Engine, sources: list[Source]) -> None:
    """Refuse a row that would be counted in no sum, or in a wrong one."""
    faults = {
        "no TransactionType": "TransactionType IS NULL",
        "no CurrencyCode of three capital letters": (
            "CurrencyCode IS NULL OR NOT regexp_full_match(CurrencyCode, '[A-Z]{3}')"
        ),
        "no amount": "TransactionAmount IS NULL AND NetTransactionAmount IS NULL",
        "a fee, and not both TransactionAmount and NetTransactionAmount": (
            "coalesce(TotalTransactionFee, 0) <> 0 AND"
            " (TransactionAmount IS NULL OR NetTransactionAmount IS NULL)"
        ),
        "no TransactionPostedDate such as 2026-05-18T15:48:50 +0000": (
            f"{_DAY} IS NULL"
        ),
    }
    for fault, condition in faults.items():
        found = engine.rows(
            "SELECT source, AmazonTransactionId, TransactionType, SettlementId"  # noqa: S608 - no value
            f" FROM listed WHERE {condition} LIMIT 1"
        )
        for source, transaction, type_, settlement in found:
            known = f"transaction {transaction}" if transaction else "no transaction id"
            raise InvalidRequest(
                f"{sources[int(source)].file}: a row of type {type_!r} in settlement"
                f" {settlement!r} ({known}) has {fault}"
            )


def _movements(*, several: bool) -> str:
    """Return the query of all movements.

    A row that is equal in every column in several files is one movement; equal rows of
    one file are several.
    """
    listed = "listed"
    if several:
        columns = f"seller, order_id, {', '.join((*_TEXTS, *_AMOUNTS))}"
        listed = (
            f"(SELECT {columns}, unnest(range(max(copies))) AS copy FROM"  # noqa: S608 - no value
            f" (SELECT source, {columns}, count(*) AS copies FROM listed GROUP BY ALL)"
            f" GROUP BY {columns})"
        )
    return f"""
        SELECT order_id, transaction_id, type, {_KIND} AS kind, currency, day, amount,
               net - amount AS fee
        FROM (
            SELECT order_id, AmazonTransactionId AS transaction_id,
                   regexp_replace(lower(TransactionType), '[^a-z]', '', 'g') AS type,
                   CurrencyCode AS currency, {_DAY} AS day,
                   coalesce(TransactionAmount, NetTransactionAmount) AS amount,
                   coalesce(NetTransactionAmount, TransactionAmount) AS net
            FROM {listed}
        )"""  # noqa: S608 - no value
