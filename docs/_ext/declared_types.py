"""The types of `AmazonPay.types`, read from their source: members, limits, comments.

A comment of a member is the text below it, which is no object at run time; so the
source is read, and nothing is imported.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_WRAPPERS = {"Required", "NotRequired", "ReadOnly"}


@dataclass(frozen=True, slots=True)
class Annotation:
    """What an annotation says, in parts."""

    type: str
    """The type, without what the other parts say."""
    limits: tuple[str, ...] = ()
    null: bool = False
    required: bool | None = None
    """Whether it says that the member must, or need not, be there."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a TypedDict."""

    name: str
    annotation: Annotation
    required: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Declared:
    """A type: one with members, or an alias with its values."""

    name: str
    comment: str
    members: tuple[Member, ...] = ()
    bases: tuple[str, ...] = ()
    alias: Annotation | None = None
    closed: bool = False
    """Whether an unknown member is refused, as in every request."""


@dataclass(slots=True)
class _File:
    found: dict[str, Declared] = field(default_factory=dict[str, Declared])
    imported: set[str] = field(default_factory=set[str])
    """The names that come from another file, where types may inherit from."""


def types_in(path: Path) -> dict[str, Declared]:
    """Return the types that a file declares, in its order."""
    file = _File()
    _read(ast.parse(path.read_text(encoding="utf-8")).body, file)
    return file.found


def _read(body: list[ast.stmt], file: _File) -> None:
    for place, statement in enumerate(body):
        comment = _comment(body[place + 1 : place + 2])
        if isinstance(statement, ast.ImportFrom):
            file.imported |= {one.name for one in statement.names}
        elif isinstance(statement, ast.ClassDef) and _is_typed_dict(statement, file):
            file.found[statement.name] = _typed_dict(statement)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            if ast.unparse(statement.annotation) == "TypeAlias":
                name = ast.unparse(statement.target)
                alias = annotation_of(statement.value)
                file.found[name] = Declared(name, comment, alias=alias)
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(
            statement.test
        ):
            _read(statement.body, file)
            _read(statement.orelse, file)  # what runs is what counts


def _is_typed_dict(found: ast.ClassDef, file: _File) -> bool:
    return bool(found.bases) and all(
        name in file.found or name in file.imported
        for name in map(ast.unparse, found.bases)
    )


def _typed_dict(found: ast.ClassDef) -> Declared:
    switches = {
        one.arg: ast.unparse(one.value) for one in found.keywords if one.arg is not None
    }
    total = switches.get("total") != "False"
    members: list[Member] = []
    for place, statement in enumerate(found.body):
        if isinstance(statement, ast.AnnAssign):
            said = annotation_of(statement.annotation)
            required = total if said.required is None else said.required
            comment = _comment(found.body[place + 1 : place + 2])
            name = ast.unparse(statement.target)
            members.append(Member(name, said, required, comment))
    return Declared(
        found.name,
        inspect.cleandoc(ast.get_docstring(found) or ""),
        tuple(members),
        tuple(name for name in map(ast.unparse, found.bases) if name != "TypedDict"),
        closed=switches.get("closed") == "True",
    )


def _comment(following: list[ast.stmt]) -> str:
    """Return the text that stands below a declaration."""
    for statement in following:
        if isinstance(statement, ast.Expr) and isinstance(
            statement.value, ast.Constant
        ):
            return inspect.cleandoc(str(statement.value.value))
    return ""


def annotation_of(node: ast.expr) -> Annotation:
    """Take an annotation apart."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return annotation_of(ast.parse(node.value, mode="eval").body)
    if isinstance(node, ast.Subscript):
        outer = ast.unparse(node.value)
        if outer in _WRAPPERS:
            inner = annotation_of(node.slice)
            required = {"Required": True, "NotRequired": False}.get(outer)
            return Annotation(inner.type, inner.limits, inner.null, required)
        if outer == "Annotated" and isinstance(node.slice, ast.Tuple):
            kind, *limits = node.slice.elts
            inner = annotation_of(kind)
            said = tuple(_limit(one) for one in limits)
            return Annotation(inner.type, (*inner.limits, *said), inner.null)
        if outer == "list":
            inner = annotation_of(node.slice)
            return Annotation(f"list[{inner.type}]", inner.limits)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = annotation_of(node.left), annotation_of(node.right)
        kinds = [one.type for one in (left, right) if one.type != "None"]
        null = left.null or right.null or "None" in {left.type, right.type}
        both = tuple(dict.fromkeys((*left.limits, *right.limits)))
        return Annotation(" | ".join(dict.fromkeys(kinds)), both, null)
    return Annotation(ast.unparse(node))


def _limit(node: ast.expr) -> str:
    """Say a limit in words."""
    if not isinstance(node, ast.Call) or not node.args:
        return ast.unparse(node)
    name = ast.unparse(node.func)
    value = ast.literal_eval(node.args[0])
    words = {
        "MaxLen": f"at most {value} characters",
        "MinLen": "not empty" if value == 1 else f"at least {value} characters",
        "Ge": f"at least {value}",
        "Le": f"at most {value}",
        "Pattern": f"form `{value}`",
        "Places": f"at most {value} decimals",
    }
    return words.get(name, ast.unparse(node))
