"""Rewrite JSON text without changing what it means: blanks, escapes, order, numbers."""

from __future__ import annotations

import json
import re
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_UNIT = re.compile(r"(?<!\\)((?:\\\\)*)\\u([0-9a-fA-F]{4})")

_DEPTH = {"{": 1, "[": 1, "}": -1, "]": -1}
_DEEPEST = 32
"""No body of the API comes near this depth."""

Style: TypeAlias = tuple[str, str, str]
"""What stands after a comma and after a colon, and the indentation."""

STYLES: tuple[Style, ...] = (
    ("", "", ""),
    (" ", " ", ""),
    ("\n", " ", "  "),
    ("\n", " ", "    "),
    ("", " ", ""),
    ("\n", " ", "\t"),
)


Node: TypeAlias = "str | list[Node] | dict[str, Node]"
"""A scalar's piece, an array, or an object by the pieces of its names."""


class Text:
    """A text, and its structure if it is a JSON object or array."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def pieces(self) -> list[str]:
        """The pieces; empty for a text that is no JSON object or array."""
        try:
            if not isinstance(json.loads(self.text), (dict, list)):
                return []
        except (ValueError, RecursionError):
            return []
        pieces: list[str] = _PIECE.findall(self.text)
        depths = accumulate([_DEPTH.get(piece, 0) for piece in pieces])
        return pieces if max(depths) <= _DEEPEST else []

    @cached_property
    def style(self) -> Style:
        """The style in which the text is written; compact for one not in `STYLES`."""
        return next(
            (style for style in STYLES if written(self.pieces, style) == self.text),
            STYLES[0],
        )

    @cached_property
    def tree(self) -> Node:
        """The structure; scalars stay as they are written."""
        rest = iter(self.pieces)
        return _node(next(rest), rest)


def written(pieces: list[str], style: Style) -> str:
    """Return JSON text made of pieces, in a style."""
    after_comma, after_colon, indent = style
    if not indent:
        spaced = {",": f",{after_comma}", ":": f":{after_colon}"}
        return "".join([spaced.get(piece, piece) for piece in pieces])
    out: list[str] = []
    depth = 0
    for index, piece in enumerate(pieces):
        if piece in "{[":
            depth += 1
            empty = pieces[index + 1] in "}]"
            out.append(piece if empty else f"{piece}\n{indent * depth}")
        elif piece in "}]":
            depth -= 1
            full = pieces[index - 1] not in "{["
            out.append(f"\n{indent * depth}{piece}" if full else piece)
        elif piece == ",":
            out.append(f",\n{indent * depth}")
        else:
            out.append(f":{after_colon}" if piece == ":" else piece)
    return "".join(out)


def with_strings(text: str, change: Callable[[str], str]) -> str:
    """Return text with each of its strings, quotes included, changed."""
    return _STRING.sub(lambda found: change(found[0]), text)


def escaped(string: str, form: str = "04x") -> str:
    r"""Return a string with each character beyond ASCII as `\uXXXX`."""

    def units(found: re.Match[str]) -> str:
        data = found[0].encode("utf-16-be", "surrogatepass")
        pairs = (int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2))
        return "".join([f"\\u{unit:{form}}" for unit in pairs])

    return re.sub(r"[^\x00-\x7f]", units, string)


def unescaped(string: str) -> str:
    r"""Return a string with each `\uXXXX` beyond ASCII as the character."""
    joined = _PAIR.sub(
        lambda found: bytes.fromhex(found[1] + found[2]).decode("utf-16-be"), string
    )

    def character(found: re.Match[str]) -> str:
        unit = chr(int(found[2], 16))
        return found[0] if unit.isascii() else found[1] + unit

    return _UNIT.sub(character, joined)


# Structure ----------------------------------------------------------------------------


def _node(piece: str, rest: Iterator[str]) -> Node:
    if piece == "[":
        items: list[Node] = []
        for one in rest:
            if one == "]":
                return items
            if one != ",":
                items.append(_node(one, rest))
    if piece == "{":
        members: dict[str, Node] = {}
        for one in rest:
            if one == "}":
                return members
            if one != ",":
                next(rest)  # the colon
                members[one] = _node(next(rest), rest)
    return piece


def flat(node: Node) -> list[str]:
    """Return the pieces of a structure."""
    if isinstance(node, str):
        return [node]
    out: list[str] = []
    if isinstance(node, list):
        for item in node:
            out += [*flat(item), ","]
        return ["[", *out[:-1], "]"]
    for name, member in node.items():
        out += [name, ":", *flat(member), ","]
    return ["{", *out[:-1], "}"]


def sorted_members(node: Node) -> Node:
    """Return a structure with the members of each object sorted by name."""
    if isinstance(node, list):
        return [sorted_members(item) for item in node]
    if isinstance(node, dict):
        return {name: sorted_members(node[name]) for name in sorted(node)}
    return node


def without(node: Node, dropped: Callable[[Node], bool]) -> Node:
    """Return a structure without the members that `dropped` chooses."""
    if isinstance(node, list):
        return [without(item, dropped) for item in node]
    if isinstance(node, dict):
        kept = {name: without(member, dropped) for name, member in node.items()}
        return {name: member for name, member in kept.items() if not dropped(member)}
    return node


def with_scalars(node: Node, change: Callable[[str, str], str], name: str = "") -> Node:
    """Return a structure in which `change(text, member name)` replaces each scalar."""
    if isinstance(node, list):
        return [with_scalars(item, change, name) for item in node]
    if isinstance(node, dict):
        return {
            key: with_scalars(member, change, key[1:-1]) for key, member in node.items()
        }
    return change(node, name)
