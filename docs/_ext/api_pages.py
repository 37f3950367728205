"""Write the pages of the API reference, from declarations and docstrings.

They are written below `docs/api/` when the documentation is built; no page is kept in
the repository, so none can be out of date.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import command_page
import django
from declared_types import Declared, types_in
from django.conf import settings
from docstrings import as_markdown, escaped

import AmazonPay
from AmazonPay import AsyncClient, Client
from AmazonPay._core.operation import operations_of
from AmazonPay.resources import Operations
from AmazonPay.simulator.actors import control_document
from AmazonPay.simulator.wire import openapi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

SOURCE = Path(AmazonPay.__file__).parent
RESOURCES = SOURCE / "resources"

NOUNS = {
    "buyers": "Buyers",
    "checkout_sessions": "Checkout sessions",
    "charge_permissions": "Charge permissions",
    "charges": "Charges",
    "refunds": "Refunds",
    "delivery_trackers": "Delivery trackers",
    "in_store": "In-store payments",
    "authorization_tokens": "Authorization tokens",
    "reports": "Reports and schedules",
    "disbursements": "Disbursements",
    "disputes": "Disputes",
    "files": "Files",
    "merchant_accounts": "Merchant accounts and stores",
}
"""The page of each file with operations."""

SHARED = {
    "values": ("Prices, addresses and other shared types", "_common"),
    "button_payloads": ("Payloads of buttons", "_button_payloads"),
    "carrier_codes": ("Carrier codes", "_carrier_codes"),
}
"""The pages of files that have types alone."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A page about names of some modules."""

    title: str
    names: dict[str, tuple[str, ...]]
    """The names of each module; without any, all that it exports as its own."""
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict[str, Any])
    """The names of types without members, by the file that declares them."""


TOPICS = {
    "clients": Topic("Clients", {"": ("Client", "AsyncClient", "Retry", "Timeout")}),
    "responses": Topic("Responses", {"response": ("Response", "Headers")}),
    "errors": Topic(
        "Errors",
        {"errors": (), "decisions": ("OutcomeError",), "ipn": ("InboxFailed",)},
    ),
    "once": Topic(
        "Exactly once",
        {
            "decisions": (
                "Decision",
                "NotYet",
                "DefiniteNo",
                "MoneyMoved",
                "NotProven",
            ),
            "journal": ("Journal", "SQLiteJournal", "Entry", "abandon", "resolve"),
            "idempotency": ("idempotency_key",),
            "contrib.sqlalchemy": ("SQLAlchemyJournal", "journal_table"),
            "contrib.django": ("DjangoJournal",),
        },
        {"_once/outcomes.py": ("Outcome",)},
    ),
    "notifications": Topic(
        "Notifications",
        {
            "ipn": (),
            "contrib.sqlalchemy": ("SQLAlchemyInbox", "inbox_tables"),
            "contrib.flask": ("ipn_blueprint",),
            "contrib.starlette": ("ipn_route",),
            "contrib.django": ("DjangoInbox", "ipn_view"),
        },
        {"ipn/_inbox.py": ("Handler",)},
    ),
    "objects": Topic(
        "Objects and money",
        {
            "money": ("price", "add", "subtract", "compare"),
            "objects": ("state_of", "allowed_actions", "merge"),
            "lifecycles": ("Transition", "transition"),
        },
        {"objects.py": ("AmazonObject", "State"), "lifecycles.py": ("Kind",)},
    ),
    "button": Topic("Button", {"button": ("Button",)}),
    "explain": Topic("Refused signatures", {"explain": ()}),
    "limits": Topic(
        "Pacing and breaker",
        {"pacing": ("RateLimits", "Limit"), "breaker": ("Breaker",)},
    ),
    "report_files": Topic("Report files", {"report_files": ()}),
    "simulator": Topic(
        "Simulator",
        {
            "simulator": (),
            "simulator.server": ("serving", "Address"),
            "simulator.addresses": ("addresses_from", "Addresses"),
        },
        {
            "simulator/settings.py": ("Profile",),
            "simulator/actors/notifier.py": ("Listener",),
        },
    ),
    "testing": Topic("Testing", {"testing": (), "testing.plugin": ()}),
}


def pages() -> dict[str, str]:
    """Return the text of each page by its name.

    Django's part of the package can be imported once Django is set up, which a process
    can do once: so this is for a process of its own.
    """
    settings.configure(INSTALLED_APPS=["AmazonPay.contrib.django"], USE_TZ=True)
    django.setup()
    made = {name: _noun_page(name, title) for name, title in NOUNS.items()}
    for name, (title, _) in SHARED.items():
        made[name] = "\n".join([f"# {title}", "", *_type_sections(name)])
    for name, topic in TOPICS.items():
        made[name] = _topic_page(name, topic)
    made["openapi"] = _openapi_page()
    made["commands"] = command_page.page()
    return {name: f"{text.rstrip()}\n" for name, text in made.items()}


def write(folder: Path) -> None:
    """Write the pages that have changed, and delete those that are no more."""
    folder.mkdir(exist_ok=True)
    wanted = pages()
    for path in folder.glob("*.md"):
        if path.stem not in wanted:
            path.unlink()
    files = {f"{name}.md": text for name, text in wanted.items()}
    files[OPENAPI] = json.dumps(control_document.document(), indent=1) + "\n"
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


OPENAPI = "openapi.json"
"""The file of the OpenAPI document, beside the pages."""


_OPENAPI_HEAD = f"""\
# OpenAPI document

[{OPENAPI}]({OPENAPI}) is the answer of a running simulator to `GET /openapi.json`.
[The OpenAPI document](../api.md#the-openapi-document) says what it is good for.
It also has the simulator's [control calls](../simulator.md#time-faults-and-the-whole-world), which are not listed here.

| operation | call | body | success |
|---|---|---|---|
"""  # noqa: E501 - a page has one sentence a line


def _openapi_page() -> str:
    rows: list[str] = []
    for path, calls in openapi.document()["paths"].items():
        for method, call in calls.items():
            content = call.get("requestBody", {}).get("content", {}).values()
            refs = [one["schema"].get("$ref", "") for one in content]
            body = " ".join(_link(ref.rpartition("/")[2], "") for ref in refs if ref)
            done = " ".join(one for one in call["responses"] if one.startswith("2"))
            named = f"`{call['operationId']}` | `{method.upper()} {path}`"
            rows.append(f"| {named} | {body} | {done} |\n")
    return _OPENAPI_HEAD + "".join(rows)


# Operations and their types -----------------------------------------------------------


_FILES = {name: name for name in NOUNS} | {n: file for n, (_, file) in SHARED.items()}
_DECLARED = {page: types_in(RESOURCES / f"{file}.py") for page, file in _FILES.items()}
_DECLARED["values"]["Body"] = types_in(SOURCE / "_core" / "call.py")["Body"]
PLACES = {name: page for page, types in _DECLARED.items() for name in types}
"""The page of each type."""
ALIASES = {
    name: declared.alias
    for types in _DECLARED.values()
    for name, declared in types.items()
    if declared.alias is not None
}
"""What the types without members stand for."""

CODES = frozenset(
    path.stem for path in (Path(__file__).parents[1] / "reasons").glob("*.md")
)
"""The reason codes, each of which has a page."""


_LIFE_CYCLES = {
    "checkout_sessions": "checkout-session",
    "charge_permissions": "charge-permission",
    "charges": "charge",
    "refunds": "refund",
    "disputes": "dispute",
    "reports": "report",
}
_CLASS = "[class](../reliability.md#what-is-sent-again)"


def _noun_page(name: str, title: str) -> str:
    module = import_module(f"AmazonPay.resources.{name}")
    lines = [f"# {title}", "", as_markdown(module.__doc__), ""]
    if name in _LIFE_CYCLES:
        place = f"../states.md#{_LIFE_CYCLES[name]}"
        lines += [f"[Its life cycle]({place}) as a picture.", ""]
    lines += ["## Operations", ""]
    for operation in operations_of(Operations).values():
        if Path(operation.declared.__code__.co_filename).stem != name:
            continue
        call = f"`{operation.method} {operation.template}`"
        statuses = " or ".join(map(str, operation.answers))
        lines += [
            *(
                f"### {operation.name}",
                "",
                f"{call}, {_CLASS} `{operation.repeat}`",
                "",
            ),
            *_signature(operation.name, operation.signature),
            *_links_of_signature(operation.signature, name),
            _linked_codes(as_markdown(operation.declared.__doc__)),
            "",
            f"**Answers:** {statuses}; [Amazon's page]({operation.page})",
            "",
        ]
    lines += ["## Types", "", *_type_sections(name)]
    return "\n".join(lines)


def _linked_codes(text: str) -> str:
    """Link each reason code to its page."""
    return re.sub(
        r"`(\w+)`",
        lambda found: (
            f"[`{found[1]}`](../reasons/{found[1]}.md)"
            if found[1] in CODES
            else found[0]
        ),
        text,
    )


def _links_of_signature(signature: inspect.Signature, page: str) -> Iterator[str]:
    body = signature.parameters.get("body")
    parts = {
        "body": "" if body is None else str(body.annotation),
        "answer": str(signature.return_annotation),
    }
    for label, text in parts.items():
        found = [name for name in re.findall(r"\w+", text) if name in PLACES]
        if found:
            yield f"- {label}: {', '.join(_link(name, page) for name in found)}"
    yield ""


def _link(name: str, page: str) -> str:
    place = PLACES.get(name)
    if place is None:
        return f"`{name}`"
    file = "" if place == page else f"{place}.md"
    return f"[`{name}`]({file}#{name.lower()})"


def _type_sections(page: str) -> Iterator[str]:
    types = _DECLARED[page]
    level = "###" if page in NOUNS else "##"
    for declared in types.values():
        if declared.name.startswith("_"):
            continue
        yield from (f"{level} {declared.name}", "")
        if declared.comment:
            yield from (as_markdown(declared.comment), "")
        if declared.alias is not None:
            yield from (_alias(declared, page), "")
        else:
            yield from _table(declared, types, page)


def _alias(declared: Declared, page: str) -> str:
    said = declared.alias
    if said is None:
        raise TypeError(declared.name)
    text = f"{_linked(said.type, page)}"
    return "; ".join([text, *said.limits]) + (", or null" if said.null else "")


def _linked(text: str, page: str) -> str:
    """Return a type with a link for each name that has a section."""
    if text.startswith("Callable["):
        return f"`{text}`"
    if text.startswith("list[Literal["):
        return f"list of {_linked(text[5:-1], page)}"
    if "Literal" in text:
        values = " ".join(f"`{one}`" for one in re.findall(r"'([^']*)'", text))
        names = [
            one for one in re.sub(r"Literal\[[^\]]*\]", "", text).split(" | ") if one
        ]
        return values + "".join(f", or {_linked(one, page)}" for one in names)
    return " or ".join(
        f"list of {_link(one[5:-1], page)}"
        if one.startswith("list[") and one.endswith("]") and one[5:-1].isidentifier()
        else _link(one, page)
        for one in text.split(" | ")
    )


def _table(declared: Declared, types: dict[str, Declared], page: str) -> Iterator[str]:
    for base in declared.bases:
        if base in types and base.startswith("_"):
            inherited = types[base].members
            yield from _rows(declared, inherited, page)
            break
        yield f"All members of {_link(base, page)}, and these:"
        yield ""
        yield from _rows(declared, (), page)
        break
    else:
        yield from _rows(declared, (), page)


def _rows(declared: Declared, inherited: tuple[Any, ...], page: str) -> Iterator[str]:
    members = [*inherited, *declared.members]
    if not members:
        return
    # A request says which members it needs; an answer, which may be missing.
    yield "| member | type | limits | |"
    yield "|---|---|---|---|"
    for one in members:
        notes: list[str] = []
        if declared.closed and one.required:
            notes.append("**required**")
        if not declared.closed and not one.required:
            notes.append("may be missing")
        if one.annotation.null:
            notes.append("may be null")
        said = ". ".join(
            part for part in (", ".join(notes), _inline(one.comment)) if part
        )
        named = ALIASES.get(one.annotation.type)
        said_limits = (*one.annotation.limits, *(named.limits if named else ()))
        limits = "; ".join(said_limits).replace("|", "\\|")
        kind = _linked(one.annotation.type, page)
        yield f"| `{one.name}` | {kind} | {limits} | {said} |"
    yield ""


def _inline(text: str) -> str:
    return escaped(" ".join(text.split())).replace("|", "\\|")


# Modules and classes ------------------------------------------------------------------


def _topic_page(page: str, topic: Topic) -> str:
    lines = [f"# {topic.title}", ""]
    for module_name, names in topic.names.items():
        dotted = f"AmazonPay.{module_name}".rstrip(".")
        module = import_module(dotted)
        if not names:
            lines += [as_markdown(module.__doc__), ""]
        for name in names or _own_names(module):
            lines += _section(dotted, name, getattr(module, name))
    for file, aliases in topic.aliases.items():
        declared = types_in(SOURCE / file)
        for name in aliases:
            comment = as_markdown(declared[name].comment)
            lines += [f"## {name}", "", comment, "", _alias(declared[name], page), ""]
    return "\n".join(lines)


def _own_names(module: ModuleType) -> tuple[str, ...]:
    """Return what a module exports, or else defines."""
    if exported := getattr(module, "__all__", None):
        return tuple(exported)
    package = "AmazonPay.testing" if "testing" in module.__name__ else module.__name__
    return tuple(
        name
        for name in dir(module)
        if not name.startswith(("_", "pytest_"))
        and name not in _INTERNAL
        and str(getattr(getattr(module, name), "__module__", "")).startswith(package)
        and callable(getattr(module, name))
    )


_INTERNAL = {"error_for", "loaded", "safe_text", "shown"}
"""Functions that other modules of this package use, and no user."""


def _section(module: str, name: str, value: object) -> list[str]:
    if "Fixture" in type(value).__name__:
        return [f"## {name} (fixture)", "", as_markdown(value.__doc__), ""]
    lines = [f"## {name}", "", f"`{module}.{name}`", ""]
    if inspect.isclass(value):
        lines += _class(name, value)
    elif callable(value):
        inner = getattr(value, "__wrapped__", value)
        lines += [*_signature(name, _signature_of(inner)), as_markdown(inner.__doc__)]
    return [*lines, ""]


def _class(name: str, value: type) -> list[str]:
    lines: list[str] = []
    signature = _signature_of(value)
    is_made = BaseException not in value.__mro__  # by users
    if signature is not None and is_made and not getattr(value, "_is_protocol", False):
        made = signature.replace(return_annotation=signature.empty)
        lines += _signature(name, made)
    lines += [as_markdown(value.__doc__), ""]
    fields = _commented_fields(value)
    if fields:
        lines += ["| member | type | |", "|---|---|---|"]
        lines += [
            f"| `{field}` | `{kind.replace('|', chr(92) + '|')}` | {_inline(comment)} |"
            for field, (kind, comment) in fields.items()
        ]
        lines.append("")
    for member, found in _members(value):
        if isinstance(found, property):
            lines += [f"### {name}.{member}", "", as_markdown(found.__doc__), ""]
        else:
            awaited = "async " if inspect.iscoroutinefunction(found) else ""
            lines += [f"### {name}.{member}", ""]
            lines += _signature(f"{awaited}{member}", _signature_of(found))
            lines += [as_markdown(found.__doc__), ""]
    return lines


def _members(value: type) -> Iterator[tuple[str, Any]]:
    """Give the public methods and properties that the class has of this package."""
    operations = set(operations_of(Operations))
    for name in dir(value):
        static = inspect.getattr_static(value, name)
        if name.startswith("_") or name in operations:
            continue
        if value is AsyncClient and name in dir(Client) and name != "close":
            continue  # the same, awaited
        found = getattr(value, name)
        of = getattr(static, "fget", None) or found
        if not str(getattr(of, "__module__", "")).startswith("AmazonPay"):
            continue
        if isinstance(static, property) or inspect.isroutine(found):
            yield name, static if isinstance(static, property) else found


def _commented_fields(value: type) -> dict[str, tuple[str, str]]:
    """Return the annotated members of a class that have a comment or are its fields."""
    try:
        tree = ast.parse(inspect.cleandoc(inspect.getsource(value)))
    except (OSError, TypeError, SyntaxError):
        return {}
    (found,) = tree.body
    if not isinstance(found, ast.ClassDef):
        return {}
    fields: dict[str, tuple[str, str]] = {}
    for place, statement in enumerate(found.body):
        if not isinstance(statement, ast.AnnAssign):
            continue
        name = ast.unparse(statement.target)
        following = found.body[place + 1 : place + 2]
        comment = ""
        if following and isinstance(following[0], ast.Expr):
            constant = following[0].value
            if isinstance(constant, ast.Constant):
                comment = str(constant.value)
        if not name.startswith("_"):
            fields[name] = (ast.unparse(statement.annotation), comment)
    return fields


def _signature_of(value: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(value)
    except (TypeError, ValueError):
        return None


_LONG = 80


def _signature(name: str, signature: inspect.Signature | None) -> list[str]:
    """Return a signature as code, one parameter a line if it is long."""
    if signature is None:
        return []
    kept = [p for p in signature.parameters.values() if p.name not in {"self", "cls"}]
    shown = signature.replace(parameters=kept)
    text = f"{name}{_unquoted(str(shown))}"
    if len(text) > _LONG:
        parts: list[str] = []
        star = False
        for one in kept:
            if one.kind is one.KEYWORD_ONLY and not star:
                parts.append("*")
                star = True
            star = star or one.kind is one.VAR_POSITIONAL
            parts.append(_unquoted(str(one)))
        inner = "".join(f"    {part},\n" for part in parts)
        end = f" -> {signature.return_annotation}"
        returned = "" if signature.return_annotation is signature.empty else end
        text = f"{name}(\n{inner}){_unquoted(returned)}"
    return ["```text", text, "```", ""]


def _unquoted(text: str) -> str:
    """Take away the quotes of annotations, and where in memory a default stands."""
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)
    text = re.sub(r'(: |-> )"([^"]*)"', r"\1\2", text)
    text = re.sub(r"<function (\w+) at 0x[0-9a-f]+>", r"\1", text)
    return re.sub(r"<[^<>]* at 0x[0-9a-f]+>", "…", text)
