"""What `doctor` finds: one line for each check, with the cure for what is wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .._core.command_lines import without_secrets

if TYPE_CHECKING:
    from ..explain import Explanation

Status: TypeAlias = Literal["ok", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    status: Status
    text: str
    fix: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {
            name: without_secrets(value) if isinstance(value, str) else value
            for name, value in asdict(self).items()
        }


def ok(check: str, text: str) -> Finding:
    """Return the finding that nothing is wrong."""
    return Finding(check, "ok", text)


def wrong(check: str, text: str, fix: str = "") -> Finding:
    """Return the finding that something is wrong, and what to do."""
    return Finding(check, "wrong", text, fix)


def unknown(check: str, text: str, fix: str = "") -> Finding:
    """Return the finding that a check could not be made, and why."""
    return Finding(check, "unknown", text, fix)


def explained(check: str, explanation: Explanation) -> Finding:
    """Return the finding for the explanation of a signature."""
    if explanation.name == "holds":
        return ok(check, f"{explanation.headline} {explanation.proof}".strip())
    told = (explanation.headline, explanation.cause, explanation.proof)
    return wrong(check, " ".join(filter(None, told)), explanation.fix)
