"""Both clients in memory: what leaves, what comes back, what is refused."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import re
import ssl
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from AmazonPay import (
    APIError,
    AsyncClient,
    Client,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    InvalidRequest,
    InvalidResponse,
    OutcomeUnknown,
    Retry,
    TimedOut,
    TransportError,
    _signing,
)
from AmazonPay._core.config import endpoint_for
from AmazonPay._http.connections import transport_options
from callers import on_both_loops
from keys import KEY

if TYPE_CHECKING:
    from pathlib import Path

PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
AT_ONCE = Retry(base=0.0)
BODY = {
    "chargePermissionId": "S01-0000000-0000000",
    "chargeAmount": {"amount": "14.00", "currencyCode": "USD"},
}

Handler = Callable[[httpx2.Request], httpx2.Response]


def created(request: httpx2.Request) -> httpx2.Response:
    del request
    return httpx2.Response(201, json={"chargeId": "C1"})


class Peer:
    """An in-memory server that keeps what it was sent."""

    def __init__(self, *script: Handler | Exception) -> None:
        self.script = list(script)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        return step(request)

    @property
    def last(self) -> httpx2.Request:
        return self.requests[-1]


def status(code: int, body: object = None, **headers: str) -> Handler:
    content = json.dumps(body or {}).encode()
    return lambda _: httpx2.Response(code, content=content, headers=headers)


def client_for(peer: Peer, **options: Any) -> Client:
    options = {"sandbox": True, "retry": AT_ONCE, **options}
    key_id = options.pop("public_key_id", "AE5D")
    return Client(key_id, KEY, "us", transport=httpx2.MockTransport(peer), **options)


def async_client_for(peer: Peer, **options: Any) -> AsyncClient:
    options = {"sandbox": True, "retry": AT_ONCE, **options}
    return AsyncClient(
        "AE5D", KEY, "us", transport=httpx2.MockTransport(peer), **options
    )


def verify(request: httpx2.Request) -> _signing.Authorization:
    parsed = _signing.parse_authorization(request.headers["authorization"])
    _signing.verify(
        KEY.public_key(),
        parsed,
        request.method,
        request.url.raw_path.decode().partition("?")[0],
        request.url.query.decode(),
        request.headers.items(),
        request.content,
    )
    return parsed


# What leaves --------------------------------------------------------------------------


def test_the_bytes_that_were_signed_are_the_bytes_that_leave() -> None:
    peer = Peer(created)
    client_for(peer).create_charge(BODY)
    assert peer.last.content == json.dumps(BODY, separators=(",", ":")).encode()
    verify(peer.last)


def test_the_signed_headers_are_the_documented_ones() -> None:
    peer = Peer(created)
    client_for(peer).create_charge(BODY)
    assert verify(peer.last).signed_headers == (
        "accept",
        "content-type",
        "x-amz-pay-date",
        "x-amz-pay-host",
        "x-amz-pay-idempotency-key",
        "x-amz-pay-region",
    )
    assert re.fullmatch(r"\d{8}T\d{6}Z", peer.last.headers["x-amz-pay-date"])
    assert peer.last.headers["x-amz-pay-host"] == "pay-api.amazon.com"
    assert peer.last.headers["x-amz-pay-region"] == "na"
    assert peer.last.headers["host"] == "pay-api.amazon.com"


def test_a_read_carries_no_key_and_no_body() -> None:
    peer = Peer(status(200))
    client_for(peer).get_charge("S01-0000000-0000000-C000000")
    assert peer.last.content == b""
    assert "x-amz-pay-idempotency-key" not in peer.last.headers
    assert "content-length" not in peer.last.headers
    assert str(peer.last.url) == (
        "https://pay-api.amazon.com/sandbox/v2/charges/S01-0000000-0000000-C000000"
    )
    verify(peer.last)


@pytest.mark.parametrize("algorithm", list(_signing.ALGORITHMS))
def test_both_algorithms_sign(algorithm: str) -> None:
    peer = Peer(created)
    client_for(peer, algorithm=algorithm).create_charge(BODY)
    assert verify(peer.last).algorithm == algorithm


@pytest.mark.parametrize("charge_id", ["a/b", "../charges", "ä ?#%", "a\r\nb", "%2F"])
def test_an_id_is_encoded_once_and_stays_in_its_place(charge_id: str) -> None:
    peer = Peer(status(200))
    client_for(peer).get_charge(charge_id)
    raw = peer.last.url.raw_path.decode()
    assert raw == "/sandbox/v2/charges/" + _signing.percent_encode(charge_id)
    verify(peer.last)


def test_a_key_of_the_caller_is_sent_as_given() -> None:
    peer = Peer(created)
    response = client_for(peer).create_charge(BODY, idempotency_key="order-1")
    assert peer.last.headers["x-amz-pay-idempotency-key"] == "order-1"
    assert response.idempotency_key == "order-1"


def test_without_one_every_call_gets_a_fresh_key() -> None:
    peer = Peer(created)
    client = client_for(peer)
    keys = {client.create_charge(BODY).idempotency_key for _ in range(3)}
    assert len(keys) == 3
    assert all(key and re.fullmatch(r"[0-9a-f]{32}", key) for key in keys)


def test_a_repeat_has_a_fresh_signature_and_the_same_key_and_bytes() -> None:
    peer = Peer(status(503), created)
    response = client_for(peer).create_charge(BODY)
    first, second = peer.requests
    assert first.headers["authorization"] != second.headers["authorization"]
    name = "x-amz-pay-idempotency-key"
    assert first.headers[name] == second.headers[name]
    assert first.content == second.content
    verify(first)
    verify(second)
    assert response.attempts == 2
    assert not response.outcome_unknown


def test_the_callers_dict_and_headers_are_never_changed() -> None:
    peer = Peer(created)
    body, headers = copy.deepcopy(BODY), {"X-Amz-Pay-AuthToken": "t"}
    client = client_for(peer)
    client.create_charge(body)
    client.request("POST", "/charges", body, headers=headers)
    assert body == BODY
    assert headers == {"X-Amz-Pay-AuthToken": "t"}


def test_integrator_headers_leave_unsigned() -> None:
    peer = Peer(created)
    client_for(
        peer, integrator_id="A1", integrator_version="1.0", platform_version="2.0"
    ).create_charge(BODY)
    assert peer.last.headers["x-amz-pay-integrator-id"] == "A1"
    assert not any("integrator" in name for name in verify(peer.last).signed_headers)


def test_an_endpoint_replaces_the_host_that_is_signed() -> None:
    peer = Peer(created)
    client_for(peer, endpoint_url="https://localhost:8421").create_charge(BODY)
    assert peer.last.headers["x-amz-pay-host"] == "localhost"
    assert peer.last.headers["host"] == "localhost:8421"
    assert peer.last.url.port == 8421


def test_from_env_reads_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMAZON_PAY_PUBLIC_KEY_ID", "AE5D")
    monkeypatch.setenv("AMAZON_PAY_PRIVATE_KEY", PEM)
    monkeypatch.setenv("AMAZON_PAY_REGION", "jp")
    monkeypatch.setenv("AMAZON_PAY_SANDBOX", "True")
    assert repr(Client.from_env()) == "<Client sandbox pay-api.amazon.jp>"
    monkeypatch.setenv("AMAZON_PAY_ENDPOINT_URL", "http://127.0.0.1:8421")
    assert repr(AsyncClient.from_env()) == "<AsyncClient sandbox 127.0.0.1:8421>"


def test_from_env_tells_what_is_wrong_if_no_variable_is_left_to_read() -> None:
    given: dict[str, Any] = {
        "public_key_id": "AE5D",
        "private_key": PEM,
        "private_key_password": None,
        "sandbox": True,
        "algorithm": "AMZN-PAY-RSASSA-PSS",
        "verify": None,
    }
    with pytest.raises(ConfigurationError, match="region 'xx'"):
        Client.from_env(**given, region="xx", endpoint_url=None)


# What comes back ----------------------------------------------------------------------


def test_a_response_tells_what_came_and_how() -> None:
    peer = Peer(status(201, {"chargeId": "C1"}, **{"X-Amz-Pay-Request-Id": "r-1"}))
    response = client_for(peer).create_charge(BODY)
    assert response.status_code == 201
    assert response.ok
    assert response.json()["chargeId"] == "C1"
    assert response.content.decode(encoding="utf-8") == '{"chargeId": "C1"}'
    assert response.text == '{"chargeId": "C1"}'
    assert response.headers["x-amz-pay-request-id"] == "r-1"
    assert response.request_id == "r-1"
    assert response.attempts == 1
    assert response.reason_code is None
    assert response.message is None
    assert response.elapsed.total_seconds() >= 0
    assert response.raise_for_status() is response
    assert repr(response) == "<Response create_charge 201>"


def test_an_error_status_does_not_raise_unless_asked() -> None:
    refusal = {"reasonCode": "HardDeclined", "message": "card 4111 refused"}
    peer = Peer(status(422, refusal))
    response = client_for(peer).create_charge(BODY)
    assert not response.ok
    assert response.reason_code == "HardDeclined"
    assert response.message == "card 4111 refused"
    with pytest.raises(APIError) as caught:
        response.raise_for_status()
    assert caught.value.response is response
    assert "4111" not in str(caught.value)


def test_a_client_can_raise_for_every_call() -> None:
    peer = Peer(status(404, {"reasonCode": "ResourceNotFound", "message": ""}))
    with pytest.raises(APIError):
        client_for(peer, raise_for_status=True).get_charge("C1")


def test_an_empty_body_is_none() -> None:
    peer = Peer(lambda _: httpx2.Response(200))
    assert client_for(peer).get_charge("C1").json() is None


def test_a_body_that_is_no_json_is_at_hand_as_bytes() -> None:
    peer = Peer(lambda _: httpx2.Response(200, content=b"<html>"))
    response = client_for(peer).get_charge("C1")
    with pytest.raises(InvalidResponse, match="6 bytes") as caught:
        response.json()
    assert caught.value.content == b"<html>"
    assert caught.value.status_code == 200


def test_shipping_addresses_come_decoded_and_what_cannot_be_stays() -> None:
    entries = ['{"addressId":"a"}', "no json", {"addressId": "b"}]
    peer = Peer(status(200, {"shippingAddressList": entries}))
    body: Any = client_for(peer).get_charge("C1").json()
    assert body["shippingAddressList"] == [
        {"addressId": "a"},
        "no json",
        {"addressId": "b"},
    ]


def test_a_doubt_of_an_earlier_attempt_raises_outcome_unknown() -> None:
    peer = Peer(httpx2.ReadTimeout("slow"), status(422, {"reasonCode": "X"}))
    response = client_for(peer).create_charge(BODY)
    assert response.outcome_unknown
    with pytest.raises(OutcomeUnknown):
        response.raise_for_status()


@pytest.mark.parametrize(
    ("raised", "expected", "unknown"),
    [
        (httpx2.ConnectError("x"), ConnectionFailed, False),
        (httpx2.ConnectTimeout("x"), ConnectionFailed, False),
        (httpx2.PoolTimeout("x"), TimedOut, False),
        (httpx2.ProxyError("x"), ConnectionFailed, False),
        (ConnectionRefusedError(), ConnectionFailed, False),
        (httpx2.ReadTimeout("x"), TimedOut, True),
        (httpx2.WriteTimeout("x"), TimedOut, True),
        (httpx2.ReadError("x"), ConnectionLost, True),
        (httpx2.WriteError("x"), ConnectionLost, True),
        (httpx2.RemoteProtocolError("x"), ConnectionLost, True),
        (httpx2.LocalProtocolError("x"), ConnectionLost, True),
        (httpx2.StreamClosed(), ConnectionLost, True),
        (ConnectionResetError(), ConnectionLost, True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_a_transport_failure_says_whether_the_outcome_is_known(
    raised: Exception, expected: type[TransportError], unknown: bool
) -> None:
    peer = Peer(raised)
    with pytest.raises(TransportError) as caught:
        client_for(peer).create_charge(BODY, idempotency_key="k")
    assert type(caught.value) is expected
    assert caught.value.outcome_unknown is unknown
    assert caught.value.idempotency_key == "k"
    assert caught.value.attempts == 4
    assert caught.value.__cause__ is raised
    assert len(peer.requests) == 4


def test_a_header_that_comes_twice_is_one_with_both_values() -> None:
    headers = [("x-a", "1"), ("X-A", "2")]
    peer = Peer(lambda _: httpx2.Response(200, headers=headers, json={}))
    assert client_for(peer).get_charge("C1").headers["x-a"] == "1, 2"


# What is refused before anything leaves -----------------------------------------------


@pytest.mark.parametrize("charge_id", ["", ".", "..", "...", None, 5])
def test_an_id_that_would_name_something_else_is_refused(charge_id: Any) -> None:
    peer = Peer(status(200))
    with pytest.raises(InvalidRequest, match="charge_id"):
        client_for(peer).get_charge(charge_id)
    assert not peer.requests


@pytest.mark.parametrize("key", ["", "a" * 33, "a b", "ä", "a\n", "a.b", 5])
def test_a_key_that_amazon_would_refuse_is_refused(key: Any) -> None:
    peer = Peer(created)
    with pytest.raises(InvalidRequest, match="1 to 32 characters"):
        client_for(peer).create_charge(BODY, idempotency_key=key)
    assert not peer.requests


@pytest.mark.parametrize(
    "headers",
    [
        {"x": "a\r\nb: c"},
        {"x": "a\0"},
        {"x": "ä"},
        {"x\r\n": "a"},
        {"": "a"},
        {"x:": "a"},
        {"Authorization": "mine"},
        {"X-Amz-Pay-Date": "20260101T000000Z"},
        {"content-length": "5"},
    ],
)
def test_a_header_that_would_break_the_request_is_refused(
    headers: dict[str, str],
) -> None:
    peer = Peer(created)
    with pytest.raises(InvalidRequest):
        client_for(peer).request("POST", "/charges", {}, headers=headers)
    with pytest.raises(InvalidRequest):
        client_for(peer).with_options(headers=headers)
    assert not peer.requests


def test_a_float_amount_never_leaves() -> None:
    peer = Peer(created)
    body = {"chargeAmount": {"amount": 10.5, "currencyCode": "USD"}}
    with pytest.raises(InvalidRequest, match="Decimal"):
        client_for(peer).create_charge(body)
    assert not peer.requests


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), ((BODY, "key"), {}), ((BODY,), {"body": BODY}), ((BODY,), {"x": 1})],
)
def test_wrong_arguments_are_a_type_error_that_names_the_operation(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    client: Any = client_for(Peer(created))
    with pytest.raises(TypeError, match=r"create_charge\(\)"):
        client.create_charge(*args, **kwargs)


def test_a_closed_client_says_so_and_so_do_its_views() -> None:
    client = client_for(Peer(created))
    view = client.with_options(timeout=1)
    with client:
        client.create_charge(BODY)
    client.close()
    for closed in (client, view):
        with pytest.raises(ClientClosed):
            closed.create_charge(BODY)


@pytest.mark.parametrize(
    "verify", [False, True, "ca.pem", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)]
)
def test_certificate_checks_cannot_be_switched_off(verify: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"verify"):
        Client("A", KEY, "us", True, verify=verify)


def test_an_unchecked_context_is_refused() -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    with pytest.raises(ConfigurationError, match="must check"):
        Client("A", KEY, "us", True, verify=context)


@pytest.mark.parametrize(
    "lowest",
    [
        ssl.TLSVersion.MINIMUM_SUPPORTED,
        ssl.TLSVersion.SSLv3,
        ssl.TLSVersion.TLSv1,
        ssl.TLSVersion.TLSv1_1,
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_context_that_takes_old_tls_is_refused(
    kind: Any, lowest: ssl.TLSVersion
) -> None:
    context = ssl.create_default_context()
    context.minimum_version = lowest
    with pytest.raises(ConfigurationError, match=r"below 1\.2"):
        kind("A", KEY, "us", True, verify=context)


@pytest.mark.filterwarnings("ignore:ssl.OP_NO:DeprecationWarning")
def test_a_context_whose_options_refuse_old_tls_is_taken() -> None:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.options |= ssl.OP_NO_SSLv3 | ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
    Client("A", KEY, "us", True, verify=context).close()


@pytest.mark.filterwarnings("ignore:ssl.OP_NO:DeprecationWarning")
@pytest.mark.parametrize("allowed", ["OP_NO_TLSv1", "OP_NO_TLSv1_1"])
def test_a_context_whose_options_leave_one_old_version_is_refused(
    allowed: str,
) -> None:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.options |= ssl.OP_NO_SSLv3 | ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
    context.options &= ~getattr(ssl, allowed)
    with pytest.raises(ConfigurationError, match=r"below 1\.2"):
        Client("A", KEY, "us", True, verify=context)


@pytest.mark.parametrize(
    "lowest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"]
)
def test_a_context_of_modern_tls_is_taken(lowest: ssl.TLSVersion) -> None:
    context = ssl.create_default_context()
    context.minimum_version = lowest
    Client("A", KEY, "us", True, verify=context).close()


@pytest.mark.parametrize(
    ("trust_env", "proxy"),
    [(False, None), (False, "https://proxy.example"), (True, None)],
)
def test_session_keys_are_logged_only_where_the_environment_is_trusted(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    trust_env: bool,
    proxy: str | None,
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    endpoint = endpoint_for("SANDBOX-A", "us", None, None)
    context = ssl.create_default_context()
    options = transport_options(
        endpoint, verify=context, proxy=proxy, trust_env=trust_env
    )
    assert (options["verify"].keylog_filename is not None) is trust_env
    if proxy is not None:
        assert options["proxy"].ssl_context.keylog_filename is None


def test_no_default_context_logs_session_keys_without_trust(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    endpoint = endpoint_for("SANDBOX-A", "us", None, None)
    options = transport_options(endpoint, verify=None, proxy=None, trust_env=False)
    assert options["verify"].keylog_filename is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("environment", [None, "others"])
def test_a_key_log_that_the_caller_asked_for_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: str | None
) -> None:
    if environment is not None:
        monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / environment))
    context = ssl.create_default_context()
    context.keylog_filename = str(tmp_path / "keys")
    endpoint = endpoint_for("SANDBOX-A", "us", None, None)
    options = transport_options(endpoint, verify=context, proxy=None, trust_env=False)
    assert options["verify"].keylog_filename == str(tmp_path / "keys")


def test_a_loopback_endpoint_takes_no_proxy() -> None:
    with pytest.raises(ConfigurationError, match="no proxy"):
        Client(
            "SANDBOX-A",
            KEY,
            "us",
            endpoint_url="http://localhost:1",
            proxy="http://proxy.example:3128",
        )


def test_a_transport_of_the_callers_brings_its_own_certificates_and_proxy() -> None:
    with pytest.raises(ConfigurationError, match="the transport's own"):
        client_for(Peer(created), proxy="http://proxy.example:3128")
    with pytest.raises(ConfigurationError, match="the transport's own"):
        client_for(Peer(created), verify=ssl.create_default_context())


def test_a_client_that_could_not_be_built_says_so() -> None:
    assert "could not be built" in repr(object.__new__(Client))


def test_an_unreadable_success_of_a_call_that_acts_leaves_its_outcome_unknown() -> None:
    peer = Peer(lambda _: httpx2.Response(200, content=b"<html>"))
    response = client_for(peer).create_charge(BODY, idempotency_key="k")
    with pytest.raises(InvalidResponse) as caught:
        response.json()
    assert caught.value.outcome_unknown
    assert caught.value.idempotency_key == "k"
    assert caught.value.response is response
    with pytest.raises(OutcomeUnknown):
        response.raise_for_status()


def test_every_error_says_whether_the_outcome_is_unknown() -> None:
    with pytest.raises(InvalidRequest) as caught:
        client_for(Peer(created)).get_charge("")
    assert not caught.value.outcome_unknown


# Options ------------------------------------------------------------------------------


def test_options_make_a_view_and_leave_the_client_as_it_was() -> None:
    peer = Peer(created)
    client = client_for(peer)
    view = client.with_options(
        headers={"X-Extra": "1"}, simulation_code="HardDeclined", auth_token="token"
    )
    view.create_charge(BODY)
    assert peer.last.headers["x-extra"] == "1"
    assert peer.last.headers["x-amz-pay-simulation-code"] == "HardDeclined"
    signed = verify(peer.last).signed_headers
    assert "x-amz-pay-authtoken" in signed
    assert "x-amz-pay-simulation-code" not in signed
    client.create_charge(BODY)
    assert "x-extra" not in peer.last.headers


def test_views_add_up() -> None:
    peer = Peer(status(500))
    view = (
        client_for(peer)
        .with_options(headers={"a": "1"})
        .with_options(
            headers={"b": "2"}, retry=Retry(attempts=1), deadline=5, timeout=2
        )
    )
    with pytest.raises(OutcomeUnknown):
        view.with_options(raise_for_status=True).create_charge(BODY)
    assert len(peer.requests) == 1
    assert (peer.last.headers["a"], peer.last.headers["b"]) == ("1", "2")
    assert peer.last.extensions["timeout"]["read"] == 2


def test_a_simulation_code_on_a_live_client_is_refused() -> None:
    live = client_for(Peer(created), sandbox=False)
    with pytest.raises(InvalidRequest, match="live client"):
        live.with_options(simulation_code="HardDeclined")
    with pytest.raises(InvalidRequest, match="live client"):
        live.with_options(headers={"x-amz-pay-simulation-code": "HardDeclined"})


def test_an_idempotency_key_is_no_option_for_many_calls() -> None:
    with pytest.raises(InvalidRequest, match="belongs to one call"):
        client_for(Peer(created)).with_options(
            headers={"X-Amz-Pay-Idempotency-Key": "k"}
        )


def test_a_client_without_waiting_lets_its_pauses_pass_at_once() -> None:
    peer = Peer(
        status(429, **{"Retry-After": "20"}), status(429, **{"Retry-After": "20"})
    )
    patient = client_for(peer, retry=Retry(wait=False))
    response = patient.create_charge(BODY)
    # The clock jumped by 40 seconds; a third pause would pass the deadline.
    assert response.attempts == 3
    assert response.elapsed.total_seconds() > 40


def test_a_fast_clock_is_warned_of_once_and_corrected(
    caplog: pytest.LogCaptureFixture,
) -> None:
    early = status(
        400,
        {"reasonCode": "InvalidHeaderValue", "message": "x-amz-pay-date in future"},
        **{
            "x-amz-pay-request-id": "r",
            "date": format_datetime(datetime.now(UTC) - timedelta(seconds=30), True),
        },
    )
    peer = Peer(early, created, created)
    client = client_for(peer)
    assert client.create_charge(BODY).attempts == 2
    client.with_options(timeout=1).create_charge(BODY)
    dates = [
        datetime.strptime(r.headers["x-amz-pay-date"], "%Y%m%dT%H%M%S%z")
        for r in peer.requests
    ]
    assert dates[0] - dates[1] > timedelta(seconds=25)
    assert dates[0] - dates[2] > timedelta(seconds=25)
    (warning,) = [r for r in caplog.records if "system clock" in r.getMessage()]
    assert warning.levelname == "WARNING"


def test_a_client_that_is_closed_while_a_call_waits_keeps_account_of_it() -> None:
    def close(request: httpx2.Request) -> httpx2.Response:
        del request
        client.close()
        return httpx2.Response(503)

    client = client_for(Peer(close))
    with pytest.raises(ConnectionFailed, match="closed meanwhile") as caught:
        client.create_charge(BODY, idempotency_key="k")
    assert caught.value.outcome_unknown
    assert caught.value.idempotency_key == "k"


# request() ----------------------------------------------------------------------------


def test_request_signs_any_path_and_query() -> None:
    peer = Peer(status(200))
    client_for(peer).request("get", "/reports", query={"b": ["x", "y"], "a": "1 2"})
    assert peer.last.method == "GET"
    assert peer.last.url.query == b"a=1%202&b=x%2Cy"
    assert peer.last.content == b""
    verify(peer.last)


def test_request_repeats_a_post_only_with_a_key_of_the_caller() -> None:
    for kwargs, sent in (
        ({}, 1),
        ({"idempotency_key": "k"}, 4),
        ({"headers": {"X-Amz-Pay-Idempotency-Key": "k"}}, 4),
    ):
        peer = Peer(status(503))
        client: Any = client_for(peer)
        response = client.request("POST", "/new", {}, **kwargs)
        assert len(peer.requests) == sent
        assert peer.last.headers["x-amz-pay-idempotency-key"]
        assert response.outcome_unknown


def test_of_two_values_of_a_header_the_nearest_is_sent() -> None:
    peer = Peer(created)
    client = client_for(peer, integrator_id="own")
    view = client.with_options(
        headers={"X-Thing": "1", "User-Agent": "shop"}, simulation_code="SoftDeclined"
    ).with_options(headers={"x-thing": "2", "X-Amz-Pay-Integrator-Id": "other"})
    view.create_charge({})
    assert peer.last.headers.get_list("x-thing") == ["2"]
    assert peer.last.headers.get_list("user-agent") == ["shop"]
    assert peer.last.headers.get_list("x-amz-pay-integrator-id") == ["other"]
    given = {"X-THING": "3", "x-amz-pay-simulation-code": "HardDeclined"}
    view.request("POST", "/charges", {}, headers=given)
    assert peer.last.headers.get_list("x-thing") == ["3"]
    assert peer.last.headers.get_list("x-amz-pay-simulation-code") == ["HardDeclined"]
    verify(peer.last)


@pytest.mark.parametrize("key", [None, "k"])
def test_request_knows_that_a_processing_failure_made_no_charge(
    key: str | None,
) -> None:
    failed = status(500, {"reasonCode": "ProcessingFailure"})
    client = client_for(Peer(failed))
    raw = client.request("POST", "/charges", {}, idempotency_key=key)
    declared = client.create_charge({}, idempotency_key=key)
    assert (raw.outcome_unknown, raw.attempts) == (False, 1)
    assert (declared.outcome_unknown, declared.attempts) == (False, 1)


@pytest.mark.parametrize("path", ["/charges/C1", "/charges/C1/capture", "/Charges"])
def test_request_takes_no_other_path_for_create_charge(path: str) -> None:
    failed = status(500, {"reasonCode": "ProcessingFailure"})
    response = client_for(Peer(failed)).request("POST", path, {})
    assert response.outcome_unknown


def test_request_does_not_repeat_a_delivery_tracker_with_a_key() -> None:
    peer = Peer(status(503))
    client = client_for(peer)
    client.request("POST", "/deliveryTrackers", {}, idempotency_key="k")
    assert len(peer.requests) == 1


def test_request_trusts_no_empty_answer_where_the_api_sends_an_object() -> None:
    def empty(request: httpx2.Request) -> httpx2.Response:
        del request
        return httpx2.Response(201)

    assert client_for(Peer(empty)).request("POST", "/charges", {}).outcome_unknown
    assert not client_for(Peer(empty)).request("POST", "/new", {}).outcome_unknown


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT"])
def test_request_sends_other_methods_once(method: str) -> None:
    peer = Peer(status(503))
    client_for(peer).request(method, "/new", {}, idempotency_key="k")
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    "path",
    ["", "charges", "//charges", "/a//b", "/../x", "/a/.", "/a?b", "/a#b", "/a b", "/"],
)
def test_request_refuses_a_path_that_names_something_else(path: str) -> None:
    with pytest.raises(InvalidRequest, match="path starts below"):
        client_for(Peer(created)).request("GET", path)


@pytest.mark.parametrize("method", ["", "G ET", "GET\r\n", None])
def test_request_refuses_what_is_no_method(method: Any) -> None:
    with pytest.raises(InvalidRequest, match="method"):
        client_for(Peer(created)).request(method, "/charges")


@pytest.mark.parametrize("query", [{"a": 1.5}, {"a": object()}])
def test_request_refuses_a_query_it_cannot_write(query: Any) -> None:
    with pytest.raises(InvalidRequest, match="a must be"):
        client_for(Peer(created)).request("GET", "/reports", query=query)


# Secrets ------------------------------------------------------------------------------


def test_a_client_shows_no_key_and_is_not_pickled_or_copied() -> None:
    client = client_for(Peer(created), public_key_id="SECRETISH")
    assert repr(client) == "<Client sandbox pay-api.amazon.com>"
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="holds a private key"):
            attempt(client)


def test_a_client_that_is_live_by_default_warns_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "AmazonPay"):
        Client("AE5D", KEY, "us")
        Client("AE5D", KEY, "us", False)
        Client("SANDBOX-AE5D", KEY, "us")
    assert [record.message for record in caplog.records] == [
        (
            "sandbox is not given and the public key id names no environment:"
            " this client is live and moves real money"
        )
    ]


LATER = "httpx2 cryptography anyio pydantic annotated_types csv email tempfile"


@pytest.mark.slow
def test_importing_the_package_loads_nothing_that_not_every_call_needs() -> None:
    code = (
        "import sys; before = set(sys.modules); import AmazonPay;"
        f"print({{*{LATER.split()}, 'importlib.metadata'}} & set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


# The async client ---------------------------------------------------------------------


@on_both_loops
async def test_the_async_client_signs_repeats_and_answers() -> None:
    peer = Peer(status(503), created)

    async with async_client_for(peer) as client:
        response = await client.create_charge(BODY)
        assert response.json()["chargeId"] == "C1"
        assert response.attempts == 2
        verify(peer.last)
        view = client.with_options(headers={"x-extra": "1"})
        await view.request("GET", "/charges/C1")
        assert peer.last.headers["x-extra"] == "1"
    with pytest.raises(ClientClosed):
        await client.create_charge(BODY)


@on_both_loops
async def test_the_async_client_tells_what_it_knows_of_a_failure() -> None:
    client = async_client_for(Peer(httpx2.ReadTimeout("x")))
    with pytest.raises(TimedOut) as caught:
        await client.create_charge(BODY)
    assert caught.value.outcome_unknown
    await client.aclose()
    await client.aclose()


class Closable(httpx2.MockTransport):
    """A transport of the caller's that counts how often it is closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


async def test_a_client_closes_the_transport_that_it_was_given() -> None:
    given: Any = Closable(created)
    with Client("A", KEY, "us", True, transport=given):
        assert given.closed == 0
    async with AsyncClient("A", KEY, "us", True, transport=given):
        assert given.closed == 1
    assert given.closed == 2


@on_both_loops
async def test_an_async_client_that_is_closed_in_a_call_keeps_account() -> None:
    async def close(request: httpx2.Request) -> httpx2.Response:
        del request
        await client.aclose()
        return httpx2.Response(503)

    transport = httpx2.MockTransport(close)
    client = AsyncClient("SANDBOX-A", KEY, "us", transport=transport, retry=AT_ONCE)
    with pytest.raises(ConnectionFailed, match="closed meanwhile") as caught:
        await client.create_charge(BODY)
    assert caught.value.outcome_unknown


@on_both_loops
async def test_the_async_client_refuses_what_the_blocking_one_does() -> None:
    client: Any = async_client_for(Peer(created))
    with pytest.raises(InvalidRequest):
        await client.get_charge("")
    with pytest.raises(TypeError, match=r"create_charge\(\)"):
        await client.create_charge(BODY, "key")
    with pytest.raises(InvalidRequest):
        await client.request("GET", "no path")
