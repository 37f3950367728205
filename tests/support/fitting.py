"""Whether a simulator's answer fits a table of `reference`, and what does not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reference.words import NOT_EMPTY, NULL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reference.words import Members, Table


def misfits(value: Any, said: Table, where: str = "answer") -> list[str]:
    """List the places where a value does not fit what the reference says."""
    return list(_misfits(value, said, where))


def _misfits(value: Any, said: Table, where: str) -> Iterator[str]:
    if isinstance(said, str):
        if not any(_fits(value, kind) for kind in said.split(" or ")):
            yield f"{where}: {value!r} is no {said}"
    elif isinstance(said, list):
        yield from _misfits_of_list(value, said, where)
    elif not isinstance(value, dict):
        yield f"{where}: {value!r} is no object"
    else:
        yield from _misfits_of_object(value, said, where)


def _misfits_of_list(value: Any, said: list[Table], where: str) -> Iterator[str]:
    if not isinstance(value, list) or (not value and said[0] == NOT_EMPTY):
        yield f"{where}: {value!r} is no such array"
        return
    for number, item in enumerate(value):
        if item is not None or said[0] != NULL:
            yield from _misfits(item, said[-1], f"{where}[{number}]")


def _misfits_of_object(
    value: dict[str, Any], said: Members, where: str
) -> Iterator[str]:
    if any(name.startswith("<") for name in said):
        return
    known = {name.rstrip("*?"): (name, part) for name, part in said.items()}
    for name in value.keys() - known.keys():
        yield f"{where}.{name} is unknown"
    for name, (marked, part) in known.items():
        if name not in value:
            if "*" in marked:
                yield f"{where}.{name} is missing"
        elif value[name] is not None or "?" not in marked:
            yield from _misfits(value[name], part, f"{where}.{name}")


def _fits(value: Any, kind: str) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind.startswith("enum "):
        return value in kind.removeprefix("enum ").split("|")
    if kind.startswith("text /"):
        pattern = kind.removeprefix("text /").removesuffix("/")
        return isinstance(value, str) and bool(re.fullmatch(pattern, value))
    if kind.startswith("text <="):
        longest = int(kind.removeprefix("text <="))
        return isinstance(value, str) and len(value) <= longest
    return {
        "text": isinstance(value, str),
        "id": isinstance(value, str) and value != "",
        "flag": isinstance(value, bool),
        "whole": whole,
        "whole >=0": whole and int(value) >= 0,
        "number": whole or isinstance(value, float),
        "anything": True,
    }[kind]


def in_order(value: dict[str, Any], said: Members) -> bool:
    """Whether an object's members come in the order of the table."""
    return list(value) == [name.rstrip("*?") for name in said]
