"""Find rows by any text in them, bodies and answers, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..actors.controls import Controls


def numbers_with(controls: Controls, text: str) -> list[int]:
    """Return the numbers of the rows in which a text stands, whatever its case."""
    wanted = text.casefold()
    return [
        row.number
        for row in controls.story()
        if any(wanted in one.casefold() for one in _texts([row.facts, row.order]))
    ]


def _texts(values: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Return all texts and numbers in a JSON value."""
    found: list[str] = []
    waiting: list[Any] = [values]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting.extend(cast("dict[str, Any]", one).values())
        elif isinstance(one, list):
            waiting.extend(cast("Sequence[Any]", one))
        elif one is not None:
            found.append(str(one))
    return found
