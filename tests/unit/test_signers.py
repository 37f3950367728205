"""Signers of the caller's, keys that rotate, and the example for AWS KMS."""

from __future__ import annotations

import base64
import json
import sys
import threading
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import botocore.session
import httpx2
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from AmazonPay import (
    AsyncClient,
    Client,
    ConfigurationError,
    InvalidRequest,
    Retry,
    SigningFailed,
    _signing,
)
from callers import on_all_clients, on_both_loops, result
from keys import KEY, OTHER_KEY
from loopback import read_request, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

EXAMPLE = Path(__file__).parents[2] / "examples" / "kms_signer.py"


def pss(key: rsa.RSAPrivateKey, salt: int = 20) -> Callable[[bytes], bytes]:
    scheme = padding.PSS(padding.MGF1(SHA256()), salt)
    return lambda message: key.sign(message, scheme, SHA256())


class Object:
    """A signer that is an object."""

    def sign(self, message: bytes) -> bytes:
        return pss(KEY)(message)


class Awaited:
    """A signer that is called and awaited."""

    async def __call__(self, message: bytes) -> bytes:
        await anyio.lowlevel.checkpoint()
        return pss(KEY)(message)


async def awaited(message: bytes) -> bytes:
    await anyio.lowlevel.checkpoint()
    return pss(KEY)(message)


class Peer:
    """Checks each signature with the key that its key id stands for."""

    def __init__(self, **keys: rsa.RSAPrivateKey) -> None:
        self.keys = {name.replace("_", "-"): key for name, key in keys.items()}
        self.signed_by: list[str] = []
        self.fail = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        parsed = _signing.parse_authorization(request.headers["authorization"])
        _signing.verify(
            self.keys[parsed.public_key_id].public_key(),
            parsed,
            request.method,
            request.url.raw_path.decode(),
            "",
            request.headers.items(),
            request.content,
        )
        self.signed_by.append(parsed.public_key_id)
        if self.fail:
            self.fail -= 1
            return httpx2.Response(503)
        return httpx2.Response(200, json={})

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self)


@pytest.mark.parametrize("signer", [pss(KEY), Object()], ids=["function", "object"])
def test_a_signer_stands_in_for_a_key(signer: Any) -> None:
    peer = Peer(SANDBOX_A=KEY)
    client = Client("SANDBOX-A", signer=signer, region="us", transport=peer.transport)
    assert client.get_charge("x").ok
    assert peer.signed_by == ["SANDBOX-A"]


@on_both_loops
@pytest.mark.parametrize(
    "signer",
    [pss(KEY), Object(), awaited, Awaited()],
    ids=["function", "object", "async function", "async object"],
)
async def test_an_awaiting_client_takes_every_kind_of_signer(
    signer: Any,
) -> None:
    peer = Peer(SANDBOX_A=KEY)

    async with AsyncClient(
        "SANDBOX-A", signer=signer, region="us", transport=peer.transport
    ) as client:
        assert (await client.get_charge("x")).ok
    assert peer.signed_by == ["SANDBOX-A"]


@on_both_loops
async def test_a_blocking_signer_does_not_hold_up_the_event_loop() -> None:
    threads: list[int] = []

    def signer(message: bytes) -> bytes:
        threads.append(threading.get_ident())
        return pss(KEY)(message)

    transport = Peer(SANDBOX_A=KEY).transport
    client = AsyncClient("SANDBOX-A", signer=signer, region="us", transport=transport)
    await client.get_charge("x")
    assert threads != [threading.get_ident()]


def test_a_repeat_is_signed_anew() -> None:
    peer = Peer(SANDBOX_A=KEY)
    peer.fail = 1
    messages: list[bytes] = []

    def signer(message: bytes) -> bytes:
        messages.append(message)
        return pss(KEY)(message)

    client = Client(
        "SANDBOX-A",
        signer=signer,
        region="us",
        transport=peer.transport,
        retry=Retry(wait=False),
    )
    assert client.create_charge({}).attempts == 2
    assert len(messages) == 2


# Signers that fail --------------------------------------------------------------------


def failing(*errors: Exception) -> Callable[[bytes], bytes]:
    left = list(errors)

    def signer(message: bytes) -> bytes:
        if left:
            raise left.pop(0)
        return pss(KEY)(message)

    return signer


def client_with(signer: Any, peer: Peer, **options: Any) -> Client:
    retry = options.pop("retry", Retry(wait=False))
    return Client(
        "SANDBOX-A",
        signer=signer,
        region="us",
        transport=peer.transport,
        retry=retry,
        **options,
    )


def test_a_signer_that_fails_is_asked_again_for_nothing_was_sent() -> None:
    peer = Peer(SANDBOX_A=KEY)
    response = client_with(failing(OSError("throttled")), peer).create_charge({})
    assert response.ok
    assert response.attempts == 2
    assert not response.outcome_unknown


def test_a_signer_that_keeps_failing_is_an_error_with_a_known_outcome() -> None:
    peer = Peer(SANDBOX_A=KEY)
    reasons = [OSError(f"throttled {n}") for n in range(4)]
    with pytest.raises(SigningFailed, match="nothing was carried out") as caught:
        client_with(failing(*reasons), peer).create_charge({}, idempotency_key="k")
    assert caught.value.__cause__ is reasons[-1]
    assert caught.value.idempotency_key == "k"
    assert not caught.value.outcome_unknown
    assert peer.signed_by == []


def test_a_signer_that_fails_after_a_lost_answer_leaves_the_outcome_unknown() -> None:
    left: list[Any] = [pss(KEY)]

    def signer(message: bytes) -> bytes:
        if left:
            return bytes(left.pop()(message))
        raise OSError

    peer = Peer(SANDBOX_A=KEY)
    peer.fail = 1
    with pytest.raises(SigningFailed) as caught:
        client_with(signer, peer).create_charge({})
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("given", ["c2lnbmF0dXJl", None, b"", 5])
def test_what_is_no_signature_is_never_sent(given: Any) -> None:
    peer = Peer(SANDBOX_A=KEY)
    with pytest.raises(SigningFailed) as caught:
        client_with(lambda _: given, peer).get_charge("x")
    assert isinstance(caught.value.__cause__, TypeError)
    assert peer.signed_by == []


def test_a_signer_that_turns_out_to_be_awaited_is_refused() -> None:
    with pytest.raises(SigningFailed) as caught:
        client_with(lambda message: awaited(message), Peer()).get_charge("x")  # noqa: PLW0108 - hides what it is
    assert "coroutine" in str(caught.value.__cause__)


@on_both_loops
async def test_an_awaited_signer_has_until_the_deadline() -> None:
    async def never(message: bytes) -> bytes:
        del message
        await anyio.sleep_forever()
        raise AssertionError

    client = AsyncClient(
        "SANDBOX-A", signer=never, region="us", transport=Peer().transport
    ).with_options(deadline=0.01)
    with pytest.raises(SigningFailed) as caught:
        await client.create_charge({})
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert not caught.value.outcome_unknown


# Buttons ------------------------------------------------------------------------------


@on_both_loops
async def test_a_blocking_signer_that_hangs_holds_nobody_past_the_deadline() -> None:
    hangs, signed = threading.Event(), list[bytes]()

    def sign(message: bytes) -> bytes:
        hangs.wait(20.0)
        signed.append(message)
        return b"signature"

    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json={}))

    client = AsyncClient(
        "SANDBOX-A", signer=sign, region="us", transport=transport, deadline=0.2
    )
    with pytest.raises(SigningFailed):
        await client.get_charge("C1")
    assert signed == []
    hangs.set()


def checked_button(signature: str) -> None:
    message = _signing.string_to_sign(_signing.V1, "{}").encode()
    scheme = padding.PSS(padding.MGF1(SHA256()), 20)
    KEY.public_key().verify(base64.b64decode(signature), message, scheme, SHA256())


def test_a_signer_signs_buttons_too() -> None:
    checked_button(client_with(Object(), Peer()).generate_button_signature("{}"))


def test_a_button_that_cannot_be_signed_says_so() -> None:
    with pytest.raises(SigningFailed, match="generate_button_signature"):
        client_with(failing(OSError()), Peer()).generate_button_signature({})


@pytest.mark.parametrize("payload", ["[]", b"5", "\ud800", {"a": float("nan")}, None])
def test_what_is_no_json_object_is_never_signed(payload: Any) -> None:
    signed: list[bytes] = []
    client = client_with(signed.append, Peer())
    with pytest.raises(InvalidRequest):
        client.generate_button_signature(payload)
    assert signed == []


@on_both_loops
async def test_an_awaited_signer_signs_buttons_awaiting() -> None:
    async with AsyncClient("SANDBOX-A", signer=awaited, region="us") as client:
        checked_button(await client.agenerate_button_signature("{}"))
        with pytest.raises(InvalidRequest, match="agenerate_button_signature"):
            client.generate_button_signature("{}")
    async with AsyncClient("SANDBOX-A", KEY, "us") as client:
        checked_button(client.generate_button_signature(b"{}"))
        checked_button(await client.agenerate_button_signature(b"{}"))
    bad = failing(OSError())
    async with AsyncClient("SANDBOX-A", signer=bad, region="us") as client:
        with pytest.raises(SigningFailed):
            await client.agenerate_button_signature("{}")


# Who signs ----------------------------------------------------------------------------


def pem_of(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_the_first_of_several_keys_signs_and_a_view_may_try_another() -> None:
    peer = Peer(SANDBOX_NEW=KEY, SANDBOX_OLD=OTHER_KEY)
    client = Client(
        keys=[("SANDBOX-NEW", pem_of(KEY)), ("SANDBOX-OLD", OTHER_KEY)],
        region="us",
        transport=peer.transport,
    )
    client.get_charge("x")
    client.with_options(public_key_id="SANDBOX-OLD").get_charge("x")
    client.get_charge("x")
    assert peer.signed_by == ["SANDBOX-NEW", "SANDBOX-OLD", "SANDBOX-NEW"]
    with pytest.raises(InvalidRequest, match="not among this client's keys"):
        client.with_options(public_key_id="SANDBOX-OTHER")


def test_a_signer_may_stand_among_the_keys() -> None:
    peer = Peer(SANDBOX_NEW=KEY, SANDBOX_OLD=OTHER_KEY)
    client = Client(
        keys=[("SANDBOX-NEW", Object()), ("SANDBOX-OLD", OTHER_KEY)],
        region="us",
        transport=peer.transport,
    )
    assert client.get_charge("x").ok


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"region": "us"}, "public_key_id is missing"),
        ({"public_key_id": "A", "region": "us"}, "private_key is missing"),
        ({"public_key_id": "A", "private_key": KEY}, "region is missing"),
        (
            {"public_key_id": "A", "private_key": KEY, "signer": pss(KEY)},
            "private_key or signer, not both",
        ),
        ({"public_key_id": "A", "signer": "x", "region": "us"}, "signer must be"),
        ({"public_key_id": "A", "signer": Object, "region": "us"}, "signer must be"),
        ({"public_key_id": "A", "signer": KEY, "region": "us"}, "as private_key"),
        ({"keys": [], "region": "us"}, "distinct public key ids"),
        ({"keys": [("A", KEY), ("A", KEY)], "region": "us"}, "distinct"),
        ({"keys": [("A", KEY)], "public_key_id": "A", "region": "us"}, "takes the"),
        ({"keys": [("A", 5)], "region": "us", "sandbox": True}, "must be a path"),
        (
            {"keys": [("LIVE-A", KEY), ("SANDBOX-A", KEY)], "region": "us"},
            "two environments",
        ),
    ],
)
def test_who_signs_is_said_in_one_way(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Client(**given)


@pytest.mark.parametrize("signer", [awaited, Awaited()])
def test_a_blocking_client_refuses_a_signer_that_is_awaited(signer: Any) -> None:
    with pytest.raises(ConfigurationError, match="needs an AsyncClient"):
        Client("SANDBOX-A", signer=signer, region="us")


# AWS KMS ------------------------------------------------------------------------------


def example() -> Any:
    spec = spec_from_file_location("kms_signer", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["kms_signer"] = module
    spec.loader.exec_module(module)
    return module


class StubKMS:
    """KMS's Sign over HTTP: documented members in, a signature with salt 32 out."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.asked: list[dict[str, Any]] = []
        self._refuse = refuse

    def __call__(self, peer: socket.socket) -> None:
        while raw := read_request(peer):
            head, _, body = raw.partition(b"\r\n\r\n")
            assert b"x-amz-target: trentservice.sign" in head.lower()
            peer.sendall(self._answer(json.loads(body)))

    def _answer(self, asked: dict[str, Any]) -> bytes:
        self.asked.append(asked)
        message = base64.b64decode(asked["Message"])
        signature = pss(KEY, salt=32)(message)
        given: dict[str, Any] = {
            "KeyId": "arn:aws:kms:us-east-1:111122223333:key/k",
            "Signature": base64.b64encode(signature).decode(),
            "SigningAlgorithm": asked["SigningAlgorithm"],
        }
        status = "200 OK"
        if self._refuse:
            given = {"__type": "DisabledException", "message": "the key is disabled"}
            status = "400 Bad Request"
        body = json.dumps(given).encode()
        head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n"
        return f"{head}content-type: application/x-amz-json-1.1\r\n\r\n".encode() + body


def kms(port: int) -> Any:
    return botocore.session.get_session().create_client(
        "kms",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="made-up",
        aws_secret_access_key="made up",
        config=Config(retries={"max_attempts": 0}, proxies={}),
    )


@pytest.mark.slow
@on_all_clients
async def test_the_example_signs_with_kms_by_its_documented_request(kind: Any) -> None:
    stub, peer = StubKMS(), Peer(SANDBOX_A=KEY)
    with serving(stub) as server:
        client = kind(
            "SANDBOX-A",
            signer=example().KMSSigner(kms(server.port), "alias/amazon-pay"),
            region="us",
            algorithm="AMZN-PAY-RSASSA-PSS-V2",
            transport=peer.transport,
        )
        assert (await result(client.get_charge("x"))).ok
    (asked,) = stub.asked
    message = base64.b64decode(asked.pop("Message"))
    assert message.startswith(b"AMZN-PAY-RSASSA-PSS-V2\n")
    assert asked == {
        "KeyId": "alias/amazon-pay",
        "MessageType": "RAW",
        "SigningAlgorithm": "RSASSA_PSS_SHA_256",
    }


def test_a_refusal_of_kms_is_the_cause_of_the_error() -> None:
    with serving(StubKMS(refuse=True)) as server:
        signer = example().KMSSigner(kms(server.port), "alias/amazon-pay")
        client = client_with(signer, Peer(), retry=Retry(attempts=1))
        with pytest.raises(SigningFailed) as caught:
            client.get_charge("x")
    assert isinstance(caught.value.__cause__, ClientError)
