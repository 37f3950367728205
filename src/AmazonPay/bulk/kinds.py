"""What can be done in bulk: the columns of each kind of file, and the body of a row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from ..errors import InvalidRequest
from ..money import amount_of, price

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KindName: TypeAlias = Literal["capture", "refund", "cancel", "close"]

REFERENCE: Final = "reference"
"""The column that names a row, and makes the key of its request."""

RESULT_PREFIX: Final = "result"
"""Columns that begin so are ours, from a file of results; they are not read."""

LONGEST_REFERENCE: Final = 255
_LONGEST_DESCRIPTOR: Final = 16
_LONGEST_REASON: Final = 255

# Ids that have another form are let through: Amazon does not document the form.
_PERMISSION_ID: Final = re.compile(r"[A-Z][0-9]{2}-[0-9]{7}-[0-9]{7}")
_CHARGE_ID: Final = re.compile(rf"{_PERMISSION_ID.pattern}-C[0-9]+")
_REFUND_ID: Final = re.compile(rf"{_PERMISSION_ID.pattern}-R[0-9]+")

_SWITCH: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of bulk work, and the columns of its file."""

    name: KindName
    operation: str
    """The client method that a row is about, such as `create_refund`."""
    helper: str
    """The helper of both clients that carries a row out once."""
    id_column: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    one_row_an_object: bool
    """Whether the operation can be done once to an object, so that two rows clash."""
    body_of: Callable[[Mapping[str, str]], dict[str, Any]]

    @property
    def price_member(self) -> str | None:
        """The member of the body that holds the row's price, if it has one."""
        return _PRICES.get(self.name)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that a file may have, without those of results."""
        return (*self.required, *self.optional)


_PRICES: Final = {"capture": "captureAmount", "refund": "refundAmount"}


class ColumnProblem(Exception):  # noqa: N818 - named by what happened
    """A cell cannot be used; `column` says which, the text says why."""

    def __init__(self, column: str, text: str) -> None:
        super().__init__(text)
        self.column = column


def _price(cells: Mapping[str, str]) -> Any:  # noqa: ANN401 - a price of the API
    for column in ("amount", "currency"):
        if not cells[column]:
            raise ColumnProblem(column, "is empty")
    currency = cells["currency"]
    try:
        price("0", currency)
    except InvalidRequest as error:
        hint = f"; write {currency.upper()}" if currency.islower() else ""
        raise ColumnProblem("currency", f"{error}{hint}") from None
    try:
        made = price(cells["amount"], currency)
    except InvalidRequest as error:
        raise ColumnProblem("amount", str(error)) from None
    if not amount_of(made):
        raise ColumnProblem("amount", "is zero")
    return made


def _text(cells: Mapping[str, str], column: str, longest: int) -> str | None:
    text = cells.get(column, "")
    if len(text) > longest:
        raise ColumnProblem(
            column, f"has {len(text)} characters; Amazon takes at most {longest}"
        )
    return text or None


def _priced(member: str) -> Callable[[Mapping[str, str]], dict[str, Any]]:
    def body_of(cells: Mapping[str, str]) -> dict[str, Any]:
        body = {member: _price(cells)}
        descriptor = _text(cells, "soft_descriptor", _LONGEST_DESCRIPTOR)
        return body if descriptor is None else {**body, "softDescriptor": descriptor}

    return body_of


def _refund(cells: Mapping[str, str]) -> dict[str, Any]:
    return {"chargeId": cells["charge_id"], **_priced("refundAmount")(cells)}


def _cancellation(cells: Mapping[str, str]) -> dict[str, Any]:
    reason = _text(cells, "reason", _LONGEST_REASON)
    return {} if reason is None else {"cancellationReason": reason}


def _closing(cells: Mapping[str, str]) -> dict[str, Any]:
    reason = _text(cells, "reason", _LONGEST_REASON)
    body: dict[str, Any] = {} if reason is None else {"closureReason": reason}
    switch = cells.get("cancel_pending_charges", "")
    if not switch:
        return body
    if switch not in _SWITCH:
        raise ColumnProblem("cancel_pending_charges", "is true, false or empty")
    return {
        "closureReason": "Closed by the merchant",
        **body,
        "cancelPendingCharges": _SWITCH[switch],
    }


KINDS: Final[Mapping[KindName, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            "capture",
            "capture_charge",
            "capture_or_get_charge",
            "charge_id",
            (REFERENCE, "charge_id", "amount", "currency"),
            ("soft_descriptor",),
            one_row_an_object=True,
            body_of=_priced("captureAmount"),
        ),
        Kind(
            "refund",
            "create_refund",
            "refund_or_get",
            "charge_id",
            (REFERENCE, "charge_id", "amount", "currency"),
            ("soft_descriptor",),
            one_row_an_object=False,
            body_of=_refund,
        ),
        Kind(
            "cancel",
            "cancel_charge",
            "cancel_or_get_charge",
            "charge_id",
            (REFERENCE, "charge_id"),
            ("reason",),
            one_row_an_object=True,
            body_of=_cancellation,
        ),
        Kind(
            "close",
            "close_charge_permission",
            "close_or_get_charge_permission",
            "charge_permission_id",
            (REFERENCE, "charge_permission_id"),
            ("reason", "cancel_pending_charges", "charge_ids"),
            one_row_an_object=True,
            body_of=_closing,
        ),
    )
}


def checked_id(kind: Kind, cells: Mapping[str, str]) -> str:
    """Return the id of the row's object.

    Raises:
        ColumnProblem: it is empty, or is plainly the id of something else.
    """
    column, found = kind.id_column, cells[kind.id_column]
    if not found:
        raise ColumnProblem(column, "is empty")
    if found != found.strip():
        raise ColumnProblem(column, "begins or ends with a blank: strip it")
    others = {
        "charge_id": ((_PERMISSION_ID, "charge permission"), (_REFUND_ID, "refund")),
        "charge_permission_id": ((_CHARGE_ID, "charge"), (_REFUND_ID, "refund")),
    }
    for pattern, what in others[column]:
        if pattern.fullmatch(found):
            raise ColumnProblem(column, f"holds the id of a {what}")
    return found
