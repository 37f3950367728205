"""A row of a file, ready to be carried out, and the entry that the journal keeps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from .._once.intent import intended_entry
from ..procedures._helper import sender_of
from .kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._once.entry import Entry
    from ..resources._common import Price
    from .kinds import KindName

_NO_LINE: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request of a file."""

    kind: KindName
    namespace: str
    reference: str
    subject: str
    """The id of the charge, or of the charge permission, that the row is about."""
    body: dict[str, Any] = field(repr=False)
    charge_ids: tuple[str, ...] | None = None
    line: int = _NO_LINE
    """Where the row begins in its file; 0 if it came from a queue."""
    cells: tuple[str, ...] = field(default=(), repr=False)
    """The row as it stands in its file."""

    @property
    def price(self) -> Price | None:
        """The amount that the row is about; None where it moves none of its own."""
        member = KINDS[self.kind].price_member
        return None if member is None else self.body[member]

    def arguments(self) -> tuple[list[object], dict[str, Any]]:
        """Return the arguments of the row's helper, without journal and deadline."""
        ids = [] if self.kind == "refund" else [self.subject]
        more: dict[str, Any] = {"namespace": self.namespace, "order": self.reference}
        if self.kind == "close":
            more["charge_ids"] = self.charge_ids
        return [*ids, self.body or None], more

    def entry(self, client: object = None) -> Entry:
        """Return the entry that the row's helper would write first.

        Raises:
            InvalidRequest: a name, an id or the body cannot be sent.
        """
        (*ids, body), more = self.arguments()
        sender = sender_of(client)
        return replace(
            intended_entry(
                KINDS[self.kind].operation,
                tuple(str(one) for one in ids),
                body,  # type: ignore[arg-type] # a dict, or None
                attempt=1,
                **more,
            ),
            environment=sender.environment,
            region=sender.region,
            public_key_id=sender.public_key_id,
        )

    def to_message(self) -> dict[str, Any]:
        """Return the row as JSON, for a queue."""
        ids = self.charge_ids
        return {
            "kind": self.kind,
            "namespace": self.namespace,
            "reference": self.reference,
            "subject": self.subject,
            "body": self.body,
            "charge_ids": None if ids is None else list(ids),
        }

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Row:
        """Read a row of `to_message`."""
        ids = message["charge_ids"]
        return cls(
            kind=message["kind"],
            namespace=message["namespace"],
            reference=message["reference"],
            subject=message["subject"],
            body=dict(message["body"]),
            charge_ids=None if ids is None else tuple(ids),
        )
