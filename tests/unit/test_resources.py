"""The declared operations and their types, against the tables of `reference`."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from copy import deepcopy
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, get_args, get_origin
from unittest.mock import AsyncMock, create_autospec

import pytest
from pydantic import TypeAdapter, ValidationError
from typing_extensions import get_type_hints, is_typeddict

from AmazonPay import AsyncClient, Client, resources
from AmazonPay._core.operation import Operation, operations_of
from AmazonPay.resources import FILES, Operations
from AmazonPay.resources._button_payloads import BuyNowPayload, SignInPayload
from AmazonPay.resources._carrier_codes import KnownCarrierCode
from AmazonPay.response import Response
from reference.examples import ANSWERS, REQUESTS
from reference.operations import OPERATIONS, QUERIES, Row
from reference.payments import CARRIERS_IN_THE_LIST, SOME_CARRIERS
from reference.words import AMOUNT, COUNTRY, NOT_EMPTY, NULL, TIMESTAMP, Members, Table
from written_types import members, objects, written

if TYPE_CHECKING:
    from collections.abc import Iterator


class Blocking(Operations):
    def perform(self, step: Any) -> Response[Any]:
        return Response(200, {}, step.body or b"", operation=step.operation)


class Awaiting(Operations):
    async def perform(self, step: Any) -> Response[Any]:
        return Response(200, {}, step.body or b"", operation=step.operation)


DECLARED = operations_of(Operations)
ROWS = {row.name: row for row in OPERATIONS}
MODULES = [
    import_module(f"{resources.__name__}.{module.name}")
    for module in iter_modules(resources.__path__)
]
TYPED_DICTS = [
    kind
    for module in MODULES
    for kind in vars(module).values()
    if is_typeddict(kind)
    and kind.__module__ == module.__name__
    and not kind.__name__.startswith("_")  # a part that two requests share
]


def request_of(name: str) -> Any:
    """Find the `TypedDict` of an operation's body."""
    parts = get_args(get_type_hints(DECLARED[name].declared)["body"])
    (found,) = (part for part in parts if is_typeddict(part))
    return found


def answer_of(name: str) -> Any:
    """Find what `json()` of an operation's answer gives."""
    hints = get_type_hints(DECLARED[name].declared, include_extras=True)
    (answer,) = get_args(hints["return"])
    return answer


def answer_written(name: str) -> Table | None:
    answer = answer_of(name)
    return None if answer is type(None) else written(answer)


with_a_body = pytest.mark.parametrize(
    "row", [row for row in OPERATIONS if row.request is not None], ids=lambda r: r.name
)
with_an_answer = pytest.mark.parametrize(
    "row", [row for row in OPERATIONS if row.answer is not None], ids=lambda r: r.name
)
every_operation = pytest.mark.parametrize("row", OPERATIONS, ids=lambda r: r.name)


# --- The table of operations --------------------------------------------------------


def test_all_operations_are_declared_in_the_order_of_the_api() -> None:
    assert list(DECLARED) == [row.name for row in OPERATIONS]


@every_operation
def test_an_operation_has_its_method_path_and_repeat_class(row: Row) -> None:
    declared = DECLARED[row.name]
    assert (declared.method, declared.template) == (row.method, row.path)
    assert declared.repeat == row.repeat
    assert declared.empty_answer is row.may_be_empty


@every_operation
def test_an_operation_takes_ids_and_body_by_position_and_a_key_by_name(
    row: Row,
) -> None:
    parameters = list(DECLARED[row.name].signature.parameters.values())[1:]
    ids = re.findall(r"{(\w+)}", row.path)
    queries = list(QUERIES.get(row.name, {}))
    body = ["body"] if row.request is not None else []
    key = ["idempotency_key"] if row.method == "POST" else []
    assert [p.name for p in parameters] == [*ids, *body, *queries, *key]
    by_name = key + (queries if row.name != "get_authorization_token" else [])
    optional = by_name + (body if row.body_may_be_left_out else [])
    for parameter in parameters:
        assert (parameter.kind is parameter.KEYWORD_ONLY) is (parameter.name in by_name)
        assert (parameter.default is None) is (parameter.name in optional)


def test_queries_go_out_under_amazons_names() -> None:
    for name, wire in QUERIES.items():
        ids = {"mws_auth_token": "t"} if name == "get_authorization_token" else {}
        call = DECLARED[name].build((), {**ids, **dict.fromkeys(wire, "A,B")})
        assert call.query == "&".join(f"{w}=A%2CB" for w in sorted(wire.values()))


def test_a_path_decides_the_file() -> None:
    for row in OPERATIONS:
        module = FILES[row.path.split("/")[1]]
        assert DECLARED[row.name].declared.__module__ == (
            f"{resources.__name__}.{module}"
        )
    public = {m.__name__.rpartition(".")[2] for m in MODULES if "._" not in m.__name__}
    assert set(FILES.values()) == public
    assert set(FILES) == {row.path.split("/")[1] for row in OPERATIONS}


@pytest.mark.parametrize("name", ["close_charge_permission", "cancel_charge"])
def test_a_body_that_is_left_out_goes_as_an_empty_object(name: str) -> None:
    assert DECLARED[name].build(("S01",), {}).body == b"{}"


# --- What a declaration says ----------------------------------------------------------


@every_operation
def test_an_operation_says_what_it_answers_its_errors_and_its_page(row: Row) -> None:
    declared = DECLARED[row.name]
    text = inspect.getdoc(declared) or ""
    first, _, rest = text.partition("\n")
    assert re.fullmatch(r"[A-Z][a-z]+ .*[.:;]", first), "an imperative sentence"
    assert not rest or rest.startswith("\n"), "a first line of its own"
    assert re.search(r"^Errors: (.*?)`?[A-Z]\w+`", text, re.DOTALL | re.MULTILINE)
    assert all(status in range(200, 304) for status in declared.answers)
    assert f"Answers: {declared.answers[0]}" in text
    assert text.endswith(f"Amazon's page: {declared.page}")
    assert re.fullmatch(
        r"https://developer\.amazon\.com/docs/[a-z0-9-]+/[A-Za-z0-9-]+\.html",
        declared.page,
    )


@every_operation
def test_requests_are_closed_all_the_way_down_and_answers_open(row: Row) -> None:
    if row.request is not None:
        assert all(k.__closed__ is True for k in objects(request_of(row.name)))
    assert not any(k.__closed__ for k in objects(answer_of(row.name)))


def test_no_object_is_left_unused() -> None:
    used: set[Any] = objects(SignInPayload) | objects(BuyNowPayload)
    for row in OPERATIONS:
        used |= objects(answer_of(row.name))
        if row.request is not None:
            used |= objects(request_of(row.name))
    assert used == set(TYPED_DICTS)


# --- Members, values and limits -------------------------------------------------------


@with_a_body
def test_a_request_has_the_members_values_and_limits_of_the_page(row: Row) -> None:
    assert members(request_of(row.name)) == row.request


@every_operation
def test_an_answer_has_the_members_of_the_page(row: Row) -> None:
    assert answer_written(row.name) == row.answer


def test_an_answer_may_be_empty_where_its_type_says_so() -> None:
    for row in OPERATIONS:
        answer = answer_of(row.name)
        nullable = answer is type(None) or type(None) in get_args(answer)
        assert nullable is row.may_be_empty


def test_the_carriers_are_those_of_amazons_list() -> None:
    codes = get_args(KnownCarrierCode)
    assert len(codes) == len(set(codes)) == CARRIERS_IN_THE_LIST
    assert set(codes) >= set(SOME_CARRIERS)


# --- What pydantic makes of them ------------------------------------------------------

GOOD = {
    "text": "some text",
    "id": "S01-0000000-0000000",
    "flag": True,
    "anything": {"a": [1]},
    "number": 1.5,
    "whole": 7,
    "whole >=0": 7,
    TIMESTAMP: "20260101T120000Z",
    COUNTRY: "US",
    AMOUNT: "14.00",
    "text /[0-9]{8}/": "19800131",
    "text /[0-9]+/ or whole >=0": "1",
    "carrier or text /[A-Z0-9_]+/": "UPS",
    "number or text or whole": "0.9",
    "text or whole": 1649275516,
}

BAD: dict[str, list[object]] = {
    "text": [1, True, None, ["a"]],
    "id": ["", 1, None],
    "flag": ["true", 0, None],
    "whole >=0": [-1, "1", True, 1.5, None],
    TIMESTAMP: ["", "2026-01-01T12:00:00Z", "20260101T120000", "20260101T120000Z\n", 1],
    COUNTRY: ["us", "USA", "U", "US\n", 1],
    AMOUNT: [
        *(
            "",
            "-1",
            "+1",
            "1.001",
            "1.",
            ".5",
            "1,00",
            "1e2",
            "NaN",
            "\uff11",
            " 1",
            "1\n",
        ),
        *(-1, True, None, 1.5),
        *map(Decimal, ("-1", "1.001", "NaN", "Infinity")),
    ],
    "text /[0-9]{8}/": ["1980-01-31", 19800131],
    "text /[0-9]+/ or whole >=0": ["", "-1", "x", -1, True, None],
    "carrier or text /[A-Z0-9_]+/": ["", "ups", "UPS ", 1, None],
}


def good(said: Table) -> Any:
    """Make a value in which every member is present."""
    if isinstance(said, dict):
        return {_key(name): good(part) for name, part in said.items()}
    if isinstance(said, list):
        return [good(said[-1])]
    if said.startswith("text <="):
        return "é" * int(said.removeprefix("text <="))
    if said.startswith("enum "):
        return said.removeprefix("enum ").partition(" or ")[0].partition("|")[0]
    return GOOD[said]


def _key(name: str) -> str:
    return GOOD[name[1:-1]] if name.startswith("<") else name.rstrip("*?")  # type: ignore[return-value] # keys are texts


def bad(said: Table) -> list[object]:
    """List values that must be refused."""
    if isinstance(said, dict):
        return [None, [], "text", 1]
    if isinstance(said, list):
        return [None, {}, "text", *([[]] if said[0] == NOT_EMPTY else [])]
    if said.startswith("text <="):
        return ["x" * (int(said.removeprefix("text <=")) + 1), 1]
    if said.startswith("enum ") and not said.endswith(" or text"):
        return ["Nothing", "", 1, None]
    return BAD.get(said, [])


def parts(said: Table, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, str, Table]]:
    """Walk over all members: where each is, how it is marked, what it holds."""
    if isinstance(said, dict):
        for name, part in said.items():
            here = (*path, _key(name))
            yield here, name.removeprefix(_key(name)), part
            yield from parts(part, here)
    elif isinstance(said, list):
        yield from parts(said[-1], (*path, 0))


def places(said: Members) -> Iterator[tuple[Any, ...]]:
    """Find all objects whose members have names."""
    yield ()
    for path, _, part in parts(said):
        inner, here = (part[-1], (*path, 0)) if isinstance(part, list) else (part, path)
        if isinstance(inner, dict) and not any(n.startswith("<") for n in inner):
            yield here


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def changed(said: Members, path: tuple[Any, ...], value: object) -> Any:
    copy = good(said)
    at(copy, path[:-1])[path[-1]] = value
    return copy


def without(said: Members, path: tuple[Any, ...]) -> Any:
    copy = good(said)
    del at(copy, path[:-1])[path[-1]]
    return copy


def errors_of(adapter: TypeAdapter[Any], value: object) -> list[Any]:
    """Validate as strictly as the simulator does."""
    try:
        given = deepcopy(value)
        assert adapter.validate_python(value, strict=True) == given
    except ValidationError as error:
        return error.errors()
    return []


@with_a_body
def test_a_full_and_a_bare_request_are_accepted(row: Row) -> None:
    assert row.request is not None
    adapter = TypeAdapter(request_of(row.name))
    assert errors_of(adapter, good(row.request)) == []
    bare: Members = {n: part for n, part in row.request.items() if "*" in n}
    assert errors_of(adapter, good(bare)) == []


@with_a_body
def test_a_wrong_value_is_refused_where_it_stands(row: Row) -> None:
    assert row.request is not None
    adapter = TypeAdapter(request_of(row.name))
    for path, mark, part in parts(row.request):
        for value in bad(part):
            found = errors_of(adapter, changed(row.request, path, value))
            if value is None and "?" in mark:
                assert found == [], path
            else:
                assert found, (path, value)
                assert all(e["loc"][: len(path)] == path for e in found), path


@with_a_body
def test_a_missing_mandatory_member_is_refused_and_no_other(row: Row) -> None:
    assert row.request is not None
    adapter = TypeAdapter(request_of(row.name))
    for path, mark, _ in parts(row.request):
        if mark.startswith(">") or not isinstance(path[-1], str):
            continue
        found = errors_of(adapter, without(row.request, path))
        if "*" in mark:
            assert [(e["type"], e["loc"]) for e in found] == [("missing", path)]
        else:
            assert found == [], path


@with_a_body
def test_an_unknown_member_is_refused_at_every_depth(row: Row) -> None:
    assert row.request is not None
    adapter = TypeAdapter(request_of(row.name))
    for path in places(row.request):
        body = good(row.request)
        at(body, path)["notAmazons"] = 1
        found = errors_of(adapter, body)
        assert [(e["type"], e["loc"]) for e in found] == [
            ("extra_forbidden", (*path, "notAmazons"))
        ]


@with_an_answer
def test_an_answer_of_every_shape_the_page_allows_is_accepted(row: Row) -> None:
    assert row.answer is not None
    adapter = TypeAdapter(answer_of(row.name))
    assert errors_of(adapter, good(row.answer)) == []
    for path, mark, part in parts(row.answer):
        if "?" in mark:
            assert errors_of(adapter, changed(row.answer, path, None)) == [], path
        if isinstance(part, str) and part.endswith(" or text"):
            assert errors_of(adapter, changed(row.answer, path, "New")) == [], path
        if isinstance(part, list) and part[0] == NULL:
            assert errors_of(adapter, changed(row.answer, path, [None])) == [], path
        if isinstance(part, dict):
            body = good(row.answer)
            at(body, path)["new"] = 1
            adapter.validate_python(body, strict=True)


@pytest.mark.parametrize(("name", "body"), REQUESTS, ids=lambda v: str(v)[:30])
def test_amazons_own_requests_are_accepted(name: str, body: dict[str, object]) -> None:
    assert errors_of(TypeAdapter(request_of(name)), body) == []


@pytest.mark.parametrize(("name", "body"), ANSWERS, ids=lambda v: str(v)[:30])
def test_amazons_own_answers_are_accepted(name: str, body: dict[str, object]) -> None:
    assert errors_of(TypeAdapter(answer_of(name)), body) == []


@pytest.mark.parametrize("value", ["14", "14.5", "0", 14, 0, Decimal("14.50")])
def test_an_amount_is_a_text_a_whole_number_or_a_decimal(value: object) -> None:
    price = {"amount": value, "currencyCode": "USD"}
    adapter = TypeAdapter(request_of("capture_charge"))
    assert errors_of(adapter, {"captureAmount": price}) == []


def test_json_schema_publishes_the_limits() -> None:
    schema = TypeAdapter(request_of("create_charge")).json_schema()
    assert schema["additionalProperties"] is False
    assert schema["properties"]["softDescriptor"]["maxLength"] == 16
    amount = schema["$defs"]["PriceInput"]["properties"]["amount"]["anyOf"]
    assert amount == [
        {"type": "string", "pattern": r"^(?:[0-9]+(\.[0-9]{1,2})?)$"},
        {"type": "integer", "minimum": 0},
        {"type": "number", "minimum": 0},
    ]


# --- What clients make of them --------------------------------------------------------


@pytest.mark.parametrize("kind", [Blocking, Awaiting, Client, AsyncClient])
def test_a_client_shows_real_functions(kind: type) -> None:
    waits = kind in {Awaiting, AsyncClient}
    for name, declared in DECLARED.items():
        shown = inspect.getattr_static(kind, name)
        assert inspect.isfunction(shown)
        assert inspect.iscoroutinefunction(shown) is waits
        assert inspect.signature(shown) == declared.signature
        assert inspect.getdoc(shown) == inspect.getdoc(declared)
        assert shown.__qualname__ == f"{kind.__name__}.{name}"


def test_a_class_that_performs_no_steps_keeps_the_declarations() -> None:
    class Middle(Operations):
        pass

    class Last(Middle):
        def perform(self, step: Any) -> Response[Any]:
            return Response(200, {}, b"", operation=step.route)

    assert isinstance(inspect.getattr_static(Middle, "get_charge"), Operation)
    assert Last().get_charge("S01").operation == "/charges/{charge_id}"


def test_a_subclass_keeps_a_method_of_its_own() -> None:
    class Own(Blocking):
        def get_charge(self, charge_id: str) -> str:  # type: ignore[override] # what users do  # pyright: ignore[reportIncompatibleMethodOverride, reportIncompatibleVariableOverride]
            return charge_id

    class Child(Own):
        def perform(self, step: Any) -> Response[Any]:
            return super().perform(step)

    assert Child().get_charge("S01") == "S01"
    assert Child().get_refund("S01").operation == "get_refund"


async def _charge_of(client: Awaiting) -> Response[Any]:
    return await client.create_charge({"chargePermissionId": "S01"})


def test_blocking_and_awaiting_calls_are_the_same_call() -> None:
    blocking = Blocking().create_charge({"chargePermissionId": "S01"})
    coroutine = _charge_of(Awaiting())
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    awaited: Response[Any] = stopped.value.value
    assert blocking.content == awaited.content == b'{"chargePermissionId":"S01"}'
    assert blocking.operation == awaited.operation == "create_charge"


@pytest.mark.parametrize("kind", [Blocking, Client])
def test_a_mock_checks_the_arguments(kind: type) -> None:
    mock = create_autospec(kind, instance=True)
    mock.get_charge("S01")
    mock.create_charge({}, idempotency_key="k")
    with pytest.raises(TypeError, match="charge_id"):
        mock.get_charge()
    with pytest.raises(TypeError):
        mock.create_charge({}, "k")


@pytest.mark.parametrize("kind", [Awaiting, AsyncClient])
def test_a_mock_of_an_awaiting_client_awaits(kind: type) -> None:
    assert isinstance(create_autospec(kind, instance=True).get_charge, AsyncMock)


@pytest.mark.slow
def test_resources_load_neither_pydantic_nor_what_speaks_http() -> None:
    script = (
        "import sys, AmazonPay.resources;"
        "print(*{'pydantic', 'pydantic_core', 'httpx2', 'cryptography', 'asyncio',"
        " 'ssl'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )
    assert done.stdout.split() == []


def test_every_answer_is_a_response() -> None:
    for declared in DECLARED.values():
        returned: object = get_origin(get_type_hints(declared.declared)["return"])
        assert returned is Response
