"""Values of requests and answers are shown nowhere: the canary goes through it all."""

from __future__ import annotations

import logging
import pickle
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

import AmazonPay
import spans
from AmazonPay import (
    AmazonPayError,
    AsyncClient,
    Client,
    ConfigurationError,
    Response,
    Retry,
)
from AmazonPay._core.operation import operations_of
from AmazonPay.resources import Operations
from keys import KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from AmazonPay._core.operation import Operation

CANARY = "C4n4ry"
PACKAGE = str(Path(AmazonPay.__file__).parent)
OPERATIONS = operations_of(Operations)
ECHO = {
    "reasonCode": "InvalidParameterValue",
    "message": f"The value {CANARY} is invalid",
    "chargeId": CANARY,
    "buyer": {"name": CANARY},
}
AMOUNT = {"amount": "1.00", "currencyCode": "USD"}


def echo(status: int, *, as_reason: bool = False) -> Callable[..., httpx2.Response]:
    body = ECHO | ({"reasonCode": f"{CANARY} is no code"} if as_reason else {})
    headers = {
        "x-echo": CANARY,
        "x-amz-pay-request-id": f"id of {CANARY}" if as_reason else "r-1",
    }
    return lambda _: httpx2.Response(status, json=body, headers=headers)


def no_json(request: httpx2.Request) -> httpx2.Response:
    del request
    return httpx2.Response(502, content=f"<html>{CANARY}".encode())


def half_an_answer(request: httpx2.Request) -> httpx2.Response:
    def body() -> Any:
        yield CANARY.encode()
        raise httpx2.ReadError("the connection broke", request=request)

    return httpx2.Response(200, content=body())


def raising(error: Exception) -> Callable[..., httpx2.Response]:
    def peer(request: httpx2.Request) -> httpx2.Response:
        del request
        raise error

    return peer


PEERS = {
    "success": echo(200),
    "refusal": echo(400),
    "strange refusal": echo(400, as_reason=True),
    "wrong state": echo(422),
    "server error": echo(500),
    "no json": no_json,
    "reset": raising(httpx2.ReadError("reset")),
    "refused": raising(httpx2.ConnectError("refused")),
}


def arguments(operation: Operation[..., Any]) -> dict[str, Any]:
    """Make the arguments of a call, each with the canary in it."""
    given: dict[str, Any] = {}
    for name in list(operation.signature.parameters)[1:]:
        if name == "body":
            given[name] = {"note": CANARY, "amount": AMOUNT}
        elif name == "idempotency_key":
            given[name] = CANARY
        elif name in {"report_types", "processing_statuses"}:
            given[name] = [CANARY]
        elif name == "page_size":
            given[name] = 10
        else:
            given[name] = CANARY
    return given


def frames_of(error: BaseException | None) -> list[str]:
    """Write the variables of our own frames, in an error and in its causes."""
    shown: list[str] = []
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename.startswith(PACKAGE):
                shown += [repr(value) for value in frame.f_locals.values()]
        error = error.__cause__ or error.__context__
    return shown


def everything_shown(outcome: object, caplog: pytest.LogCaptureFixture) -> str:
    shown = [repr(outcome), str(outcome)]
    if isinstance(outcome, AmazonPayError):
        shown += frames_of(outcome)
        shown += traceback.format_exception(outcome)
        kept = pickle.loads(pickle.dumps(outcome))  # noqa: S301 - our own bytes
        assert str(kept) == str(outcome)
        key = vars(kept).pop("idempotency_key", None)
        assert key in {None, CANARY}  # what the caller needs to ask again
        shown.append(repr(vars(kept)))
    for record in caplog.records:
        shown += [record.getMessage(), repr(vars(record))]
    shown += [span.to_json() for span in spans.recorded()]
    return "\n".join(shown)


@pytest.fixture(autouse=True)
def listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "AmazonPay")
    spans.record()


def options() -> dict[str, Any]:
    return {"retry": Retry(attempts=2, wait=False), "raise_for_status": True}


@pytest.mark.exhaustive
@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_call_and_no_error_shows_a_value(
    name: str, peer: str, caplog: pytest.LogCaptureFixture
) -> None:
    transport = httpx2.MockTransport(PEERS[peer])
    client = Client("SANDBOX-A", KEY, "us", transport=transport, **options())
    client = client.with_options(headers={"x-h": CANARY}, auth_token=CANARY)
    try:
        outcome = getattr(client, name)(**arguments(OPERATIONS[name]))
    except AmazonPayError as error:
        outcome = error
    assert isinstance(outcome, (Response, AmazonPayError))
    assert CANARY not in everything_shown(outcome, caplog)


@pytest.mark.exhaustive
@pytest.mark.parametrize("peer", PEERS)
async def test_no_awaited_call_shows_a_value(
    peer: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def shown(name: str) -> object:
        transport = httpx2.MockTransport(PEERS[peer])
        async with AsyncClient(
            "SANDBOX-A", KEY, "us", transport=transport, **options()
        ) as client:
            try:
                return await getattr(client, name)(**arguments(OPERATIONS[name]))
            except AmazonPayError as error:
                return error

    for name in OPERATIONS:
        assert CANARY not in everything_shown(await shown(name), caplog)


def error_of(
    call: Callable[..., object], /, *args: Any, **kwargs: Any
) -> BaseException:
    with pytest.raises((AmazonPayError, TypeError)) as caught:
        call(*args, **kwargs)
    return caught.value


def test_no_refusal_before_sending_shows_a_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = Client("SANDBOX-A", KEY, "us", transport=httpx2.MockTransport(echo(200)))
    unsendable: dict[str, Any] = {"note": CANARY, "amount": 1.5}
    for refused in (
        error_of(client.create_charge, unsendable),
        error_of(client.create_charge, {"note": CANARY, "x": {1, 2}}),
        error_of(client.create_charge, f'{{"note": "{CANARY}"'),
        error_of(client.create_charge, {}, idempotency_key=f"{CANARY}!"),
        error_of(client.create_charge, {"note": CANARY}, CANARY),
        error_of(client.get_charge, CANARY, CANARY),
        error_of(client.request, "GET", f"/a?{CANARY}"),
        error_of(client.request, "POST", "/a", {"amount": 1.5, "note": CANARY}),
        error_of(client.request, "POST", "/a", {}, headers={"x": f"{CANARY}\r\n"}),
        error_of(client.upload_evidence, f"{CANARY}.exe"),
    ):
        assert CANARY not in everything_shown(refused, caplog)
        assert not any(CANARY in line for line in frames_of(refused))


def test_no_refused_button_shows_a_value(caplog: pytest.LogCaptureFixture) -> None:
    client = Client("SANDBOX-A", KEY, "us", transport=httpx2.MockTransport(echo(200)))
    awaiting = AsyncClient("SANDBOX-A", KEY, "us")
    web = {"checkoutReviewReturnUrl": f"ftp://{CANARY}"}
    for payload in (
        {"note": CANARY},
        {"webCheckoutDetails": web, "storeId": CANARY},
        {"webCheckoutDetails": {}, "storeId": CANARY, f"a {CANARY}": 1},
        {"webCheckoutDetails": {}, "storeId": CANARY, "scopes": [CANARY]},
        f'{{"note": "{CANARY}"',
        f'{{"note": "{CANARY}", "amount": 1.5}}',
    ):
        given: Any = payload

        async def main(payload: Any = given) -> None:
            await awaiting.abutton(payload, merchant_id="A")

        for refused in (
            error_of(client.button, given, merchant_id="A"),
            error_of(client.generate_button_signature, f"{payload}{{"),
            error_of(anyio.run, main),
        ):
            assert CANARY not in everything_shown(refused, caplog)


def test_no_procedure_shows_a_value(caplog: pytest.LogCaptureFixture) -> None:
    for peer in PEERS.values():
        client = Client(
            "SANDBOX-A", KEY, "us", transport=httpx2.MockTransport(peer), **options()
        )
        for failed in (
            error_of(client.download_report, CANARY, f"{CANARY}.txt", deadline=0.1)
            if peer is not PEERS["success"]
            else None,
            error_of(lambda c: list(c.iter_reports(created_since=CANARY)), client)
            if peer is not PEERS["success"]
            else None,
        ):
            if failed is not None:
                assert CANARY not in everything_shown(failed, caplog)


def test_half_an_answer_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    transport = httpx2.MockTransport(half_an_answer)
    client = Client("SANDBOX-A", KEY, "us", transport=transport, **options())
    assert CANARY not in everything_shown(error_of(client.get_charge, "x"), caplog)


def test_an_unreadable_success_is_at_hand_and_not_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    peer = httpx2.MockTransport(lambda _: httpx2.Response(200, text=f"<{CANARY}>"))
    client = Client("SANDBOX-A", KEY, "us", transport=peer)
    error: Any = error_of(client.get_charge("x").json)
    assert error.content == f"<{CANARY}>".encode()
    assert CANARY not in everything_shown(error, caplog)


def test_a_response_is_not_pickled() -> None:
    peer = httpx2.MockTransport(echo(200))
    response = Client("SANDBOX-A", KEY, "us", transport=peer).get_charge("x")
    with pytest.raises(TypeError, match="a buyer's data"):
        pickle.dumps(response)


def test_a_pickled_error_knows_what_to_do_and_not_what_was_said() -> None:
    peer = httpx2.MockTransport(echo(422))
    client = Client("SANDBOX-A", KEY, "us", transport=peer, **options())
    error: Any = error_of(client.get_charge, "x")
    kept = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(kept) is type(error)
    assert (kept.status_code, kept.reason_code) == (422, "InvalidParameterValue")
    assert (kept.response, kept.message) == (None, None)
    assert kept.retry_with_new_key is False


# Keys ---------------------------------------------------------------------------------


def encrypted() -> str:
    pem = KEY.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(CANARY.encode())
    )
    return pem.decode()


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_key_that_cannot_be_used_is_not_shown(
    kind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    pem = encrypted()
    piece = pem.splitlines()[2]
    damaged = pem.replace(piece, piece[::-1])
    for error in (
        error_of(kind, "SANDBOX-A", pem, "us"),
        error_of(kind, "SANDBOX-A", pem, "us", private_key_password=f"x{CANARY}"),
        error_of(kind, "SANDBOX-A", damaged, "us", private_key_password=CANARY),
        error_of(kind, "SANDBOX-A", pem, "xx", private_key_password=CANARY),
        error_of(kind, keys=[("SANDBOX-A", pem)], region="us"),
        error_of(kind, "SANDBOX-A", CANARY, "us"),
        error_of(kind, keys=[("SANDBOX-A", CANARY)], region="us"),
        error_of(kind, "SANDBOX-A", pem, "us", private_key_password=f"\ud800{CANARY}"),
    ):
        assert isinstance(error, ConfigurationError)
        shown = everything_shown(error, caplog)
        assert CANARY not in shown
        assert piece not in shown
        assert piece[::-1] not in shown


def test_a_working_client_shows_no_key(caplog: pytest.LogCaptureFixture) -> None:
    client = Client(
        "SANDBOX-A", encrypted(), "us", private_key_password=CANARY, retry=Retry()
    )
    shown = (
        repr(client)
        + repr(vars(client))
        + "".join(
            repr(vars(value))
            for value in vars(client).values()
            if hasattr(value, "__dict__")
        )
    )
    assert "PRIVATE" not in shown
    assert CANARY not in shown
    assert not caplog.records
