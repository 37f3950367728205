"""A client that cannot be built says what is wrong, what to do, and no secret."""

from __future__ import annotations

import os
import traceback
from enum import Enum
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import AmazonPay
from AmazonPay import (
    AsyncClient,
    Client,
    ConfigurationError,
    InvalidRequest,
    Response,
    Retry,
)
from AmazonPay._core.environment import VARIABLES
from callers import result
from keys import KEY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PASSWORD = "C4n4ry-password"
LOCKED = KEY.private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode())
).decode()
TOKEN = "C4n4ry-token"
SECRETS = [PASSWORD, TOKEN, *PEM.splitlines()[1:-1], *LOCKED.splitlines()[1:-1]]

kinds = pytest.mark.parametrize("kind", [Client, AsyncClient])


def made(kind: Any = Client, **options: Any) -> Any:
    return kind("SANDBOX-A", KEY, "us", **options)


# Options ------------------------------------------------------------------------------

WRONG: list[tuple[str, object]] = [
    ("raise_for_status", "false"),
    ("raise_for_status", "true"),
    ("raise_for_status", 1),
    ("raise_for_status", None),
    ("trust_env", "no"),
    ("trust_env", 0),
    ("trust_env", None),
    ("sandbox", "true"),
    ("sandbox", "false"),
    ("sandbox", 1),
    ("retry", 3),
    ("retry", None),
    ("retry", False),
    ("retry", {"attempts": 3}),
    ("retry", Retry),
    ("timeout", "5"),
    ("timeout", None),
    ("timeout", True),
    ("deadline", "60"),
    ("deadline", None),
    ("deadline", -1),
    ("transport", "x"),
    ("transport", httpx2.Client),
    ("transport", httpx2.MockTransport),
    ("transport", object()),
    ("transport", True),
    ("verify", 5),
    ("verify", True),
    ("verify", False),
    ("verify", ""),
    ("verify", "false"),
    ("proxy", 5),
    ("proxy", ""),
    ("proxy", b"http://proxy.example"),
    ("proxy", {"https": "http://proxy.example"}),
    ("algorithm", None),
    ("algorithm", "AMZN-PAY-RSASSA-PSS-V3"),
    ("algorithm", "amzn-pay-rsassa-pss"),
    ("algorithm", ["AMZN-PAY-RSASSA-PSS"]),
    ("endpoint_url", 5),
    ("endpoint_url", b"https://pay.example"),
    ("rate_limits", "production"),
    ("rate_limits", 5),
    ("rate_limits", True),
    ("rate_limits", {}),
    ("breaker", 5),
    ("breaker", True),
    ("breaker", AmazonPay.Breaker),
    ("integrator_id", 5),
    ("integrator_id", ""),
    ("integrator_id", "a\r\nb: c"),
    ("integrator_version", ["1"]),
    ("platform_version", "\u00e4"),
    ("private_key_password", 5),
]


@kinds
@pytest.mark.parametrize(("name", "value"), WRONG)
def test_an_option_of_another_type_is_refused_by_its_name(
    kind: Any, name: str, value: object
) -> None:
    with pytest.raises(ConfigurationError, match=name):
        made(kind, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [(n, v) for n, v in WRONG if n in {"raise_for_status", "retry", "timeout"}],
)
def test_an_option_of_a_view_is_checked_as_well(name: str, value: object) -> None:
    if value is not None:  # which changes nothing
        with pytest.raises(ConfigurationError, match=name):
            made().with_options(**{name: value})


@pytest.mark.parametrize(
    "options",
    [
        {"headers": "x-a: b"},
        {"headers": [("x-a", "b")]},
        {"headers": {"x-a": 5}},
        {"auth_token": 5},
        {"auth_token": ""},
        {"simulation_code": ""},
        {"simulation_code": 5},
        {"public_key_id": ["SANDBOX-A"]},
        {"public_key_id": 5},
    ],
)
def test_what_a_view_cannot_send_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        made().with_options(**options)


def test_each_client_takes_transports_of_its_own_kind() -> None:
    with pytest.raises(ConfigurationError, match=r"an httpx2\.BaseTransport"):
        made(Client, transport=httpx2.AsyncHTTPTransport())
    with pytest.raises(ConfigurationError, match=r"httpx2\.AsyncBaseTransport"):
        made(AsyncClient, transport=httpx2.HTTPTransport())


@pytest.mark.parametrize(
    "keys",
    [
        "SANDBOX-A",
        {"SANDBOX-A": KEY},
        [("SANDBOX-A", KEY, "us")],
        [("SANDBOX-A",)],
        ["SANDBOX-A"],
        [("SANDBOX-A", KEY), 5],
        [(5, KEY)],
        [(["SANDBOX-A"], KEY)],
        [],
        5,
        True,
    ],
)
def test_keys_that_are_no_pairs_are_refused(keys: Any) -> None:
    with pytest.raises(ConfigurationError, match="keys"):
        Client(keys=keys, region="us")


def test_a_password_that_a_signer_does_not_need_is_refused() -> None:
    signer: Callable[[bytes], bytes] = bytes.upper
    with pytest.raises(ConfigurationError, match="does nothing with a signer"):
        Client(
            "SANDBOX-A",
            signer=signer,
            region="us",
            private_key_password="x",
        )  # type: ignore[call-overload] # what a caller may get wrong


@pytest.mark.parametrize("wait", ["false", 0, None, 1.0])
def test_a_retry_does_not_take_text_for_a_bool(wait: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"retry\.wait must be True or False"):
        Retry(wait=wait)


@pytest.mark.parametrize("redis", ["redis://localhost", 5, {}])
def test_a_redis_that_is_none_is_refused(redis: Any) -> None:
    with pytest.raises(ConfigurationError, match="redis is a"):
        AmazonPay.RateLimits("live", redis=redis)


# Key ids ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key_id", "said"),
    [
        ('"SANDBOX-AB12"', "quotes"),
        ("'SANDBOX-AB12'", "quotes"),
        ("SANDBOX-AB12'", "quotes"),
        ("\u201cSANDBOX-AB12\u201d", "quotes"),
        ("SANDBOX-AB12\n", "blank"),
        (" SANDBOX-AB12", "blank"),
        ("\tLIVE-AB12", "blank"),
        ("AmazonPay_SANDBOX-AB12.pem", "name of a file"),
        ("keys/SANDBOX-AB12.pem", "name of a file"),
        ("C:\\keys\\SANDBOX-AB12", "name of a file"),
        ("SANDBOX-AB12.PEM", "name of a file"),
        ("amzn1.application-oa2-client.0123456789abcdef", "store id"),
        ("amzn1.application.0123456789abcdef", "application id"),
        ("A2ABCDEFGHIJKL", "merchant id"),
        ("A1B2C3D4E5F6G7", "merchant id"),
        ("AKIAIOSFODNN7EXAMPLE", "access key id"),
        (PEM, "is a key"),
        ("", "empty"),
        ("  ", "empty"),
        ("SANDBOX_AB12", "no letter, digit or dash"),
        ("SANDBOX-AB 12", "no letter, digit or dash"),
        ("SANDBOX-AB12\u200b", "no letter, digit or dash"),
        ("SANDBOX\u2013AB12", "no letter, digit or dash"),
        ("\u0405ANDBOX-AB12", "no letter, digit or dash"),
        ("YOUR_KEY_ID", "no letter, digit or dash"),
        (None, "public_key_id is missing"),
        (5, "public_key_id must be a str"),
        (b"SANDBOX-AB12", "public_key_id must be a str"),
    ],
)
def test_what_is_taken_for_a_key_id_is_named(key_id: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        Client(key_id, KEY, "us")
    assert "AB12'" not in str(caught.value)


@pytest.mark.parametrize(
    "key_id",
    [
        "SANDOX-AB12",
        "SANBOX-AB12",
        "SNADBOX-AB12",
        "SADNBOX-AB12",
        "SANDBX-AB12",
        "SANDBO-AB12",
        "ANDBOX-AB12",
        "SANDB0X-AB12",
        "5ANDBOX-AB12",
        "SAND-BOX-AB12",
        "S-ANDBOX-AB12",
        "SAND-AB12",
        "SANDVOX-AB12",
        "SANDOXAB12CD34",
        "sanbox-ab12",
        "MY-SANDBOX-AB12",
        "LIVE-SANDBOX-AB12",
        "LIVESANDBOX",
        "-SANDBOX-AB12",
        "AB12-SANDBOX",
        "XSANDBOX-AB12",
        "LIV-AB12",
        "LIEV-AB12",
        "ALIVE-AB12",
    ],
)
@pytest.mark.parametrize("sandbox", [None, False, True])
def test_no_typo_near_a_prefix_ends_in_live(key_id: str, sandbox: bool | None) -> None:
    with pytest.raises(ConfigurationError, match="public_key_id"):
        Client(key_id, KEY, "us", sandbox)


@pytest.mark.parametrize(
    ("key_id", "sandbox"),
    [
        ("SANDBOX-AB12", True),
        ("sandbox-ab12", True),
        ("SANDBOXAB12", True),
        ("SANDBOX-LIVE12", True),
        ("LIVE-AB12", False),
        ("AGXT4OPQRSTUVWXYZ234AB7C", False),
        ("AF0123456789ABCDEF012345", False),
        ("YOUR_PUBLIC_KEY_ID", False),
        ("SANDBOX-YOUR_PUBLIC_KEY_ID", True),
        ("ADGUHQIH9988", False),
        ("ABC", False),
    ],
)
def test_a_key_id_is_made_of_letters_digits_and_dashes(
    key_id: str, sandbox: bool
) -> None:
    assert Client(key_id, KEY, "us").sandbox is sandbox


def test_a_key_id_of_an_enum_is_sent_as_its_value() -> None:
    class Keys(str, Enum):  # noqa: UP042 - a StrEnum is written as its value anyway
        MAIN = "SANDBOX-AB12"

    client = Client(Keys.MAIN, KEY, "us")
    assert f"{client.public_key_id}" == "SANDBOX-AB12"


# The environment ----------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AMAZON_PAY_PUBLIC_KEY_ID", "AB12")
    monkeypatch.setenv("AMAZON_PAY_PRIVATE_KEY", PEM)
    monkeypatch.setenv("AMAZON_PAY_REGION", "jp")
    return monkeypatch


@kinds
def test_the_environment_gives_password_and_algorithm(
    kind: Any, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AMAZON_PAY_PRIVATE_KEY", LOCKED)
    environment.setenv("AMAZON_PAY_PRIVATE_KEY_PASSWORD", PASSWORD)
    environment.setenv("AMAZON_PAY_ALGORITHM", "AMZN-PAY-RSASSA-PSS-V2")
    client = kind.from_env()
    assert client.algorithm == "AMZN-PAY-RSASSA-PSS-V2"
    assert client.region == "jp"


@pytest.mark.parametrize(
    ("word", "true"),
    [
        *((word, True) for word in ("true", "TRUE", " 1 ", "yes", "on")),
        *((word, False) for word in ("false", "False", "0", "no", "off", "")),
    ],
)
def test_words_for_true_and_false_are_read(
    word: str, true: bool, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AMAZON_PAY_SANDBOX", word)
    assert Client.from_env().sandbox is true


def test_a_command_in_an_error_keeps_its_options(
    environment: pytest.MonkeyPatch,
) -> None:
    public = KEY.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    environment.setenv("AMAZON_PAY_PRIVATE_KEY", public.decode())
    with pytest.raises(ConfigurationError, match="openssl genpkey -algorithm RSA"):
        Client.from_env()


@pytest.mark.parametrize("word", ["maybe", "2", "None", '"true"', "sandbox", "ture"])
def test_the_words_that_are_known_are_said(
    word: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AMAZON_PAY_SANDBOX", word)
    with pytest.raises(ConfigurationError, match=r"SANDBOX must be.*yes, on and false"):
        Client.from_env()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AMAZON_PAY_PUBLIC_KEY_ID", '"AB12"'),
        ("AMAZON_PAY_PUBLIC_KEY_ID", "amzn1.application-oa2-client.12"),
        ("AMAZON_PAY_PUBLIC_KEY_ID", " "),
        ("AMAZON_PAY_PRIVATE_KEY", "keys/nowhere.pem"),
        ("AMAZON_PAY_PRIVATE_KEY", PEM[:500]),
        ("AMAZON_PAY_PRIVATE_KEY", ""),
        ("AMAZON_PAY_PRIVATE_KEY", " \n"),
        ("AMAZON_PAY_PRIVATE_KEY", PEM.replace("PRIVATE", "PUBLIC")),
        ("AMAZON_PAY_PRIVATE_KEY_PASSWORD", "needless"),
        ("AMAZON_PAY_REGION", "france"),
        ("AMAZON_PAY_REGION", ""),
        ("AMAZON_PAY_ALGORITHM", "RSA"),
        ("AMAZON_PAY_CA_FILE", "/nowhere/ca.pem"),
        ("AMAZON_PAY_CA_FILE", "false"),
        ("AMAZON_PAY_ENDPOINT_URL", "pay.example"),
        ("AMAZON_PAY_SANBOX", "true"),
        ("AMAZON_PAY_SANDBX", "true"),
        ("AMAZON_PAY_Sandbox", "true"),
        ("AMAZON_PAY_SANDBOX_MODE", "true"),
        ("AMAZON_PAY_IS_SANDBOX", "1"),
        ("AMAZON_PAY_USE_SAND_BOX", "yes"),
        ("AMAZONPAY_SANDBOX", "true"),
        ("AMAZON_PAYSANDBOX", "on"),
        ("AMAZONPAY_SANBOX", "true"),
        ("AMAZON_PAY_PRIVATE_KEY_PASS", "x"),
        ("AMAZON_PAY_ALGORITM", "AMZN-PAY-RSASSA-PSS-V2"),
        ("AMAZON_PAY_CAFILE", "ca.pem"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(
    variable: str, value: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=variable):
        Client.from_env()


def test_a_variable_that_may_be_the_shops_own_is_left_alone(
    environment: pytest.MonkeyPatch,
) -> None:
    for name in ("STORE_ID", "MERCHANT_ID", "CURRENCY", "TIMEOUT", "WEBHOOK_URL"):
        environment.setenv(f"AMAZON_PAY_{name}", "x")
    environment.setenv("AMAZON_PAY_SANDBOX_STORE_ID", "x")
    environment.setenv("PAYPAL_SANDBOX", "true")
    Client.from_env()


def test_a_variable_like_another_one_is_left_alone_if_that_is_set(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("AMAZON_PAY_SANDBOX", "true")
    environment.setenv("AMAZON_PAY_SANDBOX_MODE", "false")
    assert Client.from_env().sandbox


@kinds
def test_a_transport_that_is_none_does_not_hide_the_ca_file(
    kind: type[Client | AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMAZON_PAY_PUBLIC_KEY_ID", "SANDBOX-A")
    monkeypatch.setenv("AMAZON_PAY_REGION", "us")
    monkeypatch.setenv("AMAZON_PAY_CA_FILE", "missing.pem")
    with pytest.raises(ConfigurationError, match="AMAZON_PAY_CA_FILE"):
        kind.from_env(private_key=KEY, transport=None)


@pytest.mark.parametrize("name", ["public_key_id", "private_key", "region"])
def test_an_option_takes_the_place_of_its_variable(
    name: str, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv(VARIABLES[name])
    with pytest.raises(ConfigurationError, match=f"{VARIABLES[name]} is not set"):
        Client.from_env()
    options = {"public_key_id": "SANDBOX-B", "private_key": KEY, "region": "us"}
    Client.from_env(**{name: options[name]})


def test_a_signer_or_keys_take_the_place_of_the_key(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv("AMAZON_PAY_PRIVATE_KEY")
    Client.from_env(signer=bytes.upper)
    environment.delenv("AMAZON_PAY_PUBLIC_KEY_ID")
    assert Client.from_env(keys=[("SANDBOX-B", KEY)]).public_key_id == "SANDBOX-B"


# Secrets in frames --------------------------------------------------------------------


class Alarm(BaseException):
    """What a watchdog of the shop raises."""


class Broken(os.PathLike[str]):
    """A path that cannot be told, and that names the key."""

    def __fspath__(self) -> str:
        raise Alarm


class BrokenText(str):
    """Text that ends what works with it."""

    __slots__ = ()

    def encode(self, *_: object, **__: object) -> bytes:
        raise Alarm

    def replace(self, *_: object, **__: object) -> str:
        raise Alarm


def failing() -> dict[str, Callable[[Any], object]]:
    """Return constructions that fail, each with a secret among its arguments."""
    locked: dict[str, Any] = {"private_key_password": PASSWORD}
    damaged = LOCKED.replace(LOCKED.splitlines()[3], LOCKED.splitlines()[3][::-1])
    proxy = f"http://user:{PASSWORD}@proxy example"
    return {
        "no password": lambda k: k("SANDBOX-A", LOCKED, "us"),
        "a damaged key": lambda k: k("SANDBOX-A", damaged, "us", **locked),
        "no region": lambda k: k("SANDBOX-A", LOCKED, "xx", **locked),
        "no key id": lambda k: k("SANDBOX_A", LOCKED, "us", **locked),
        "swapped": lambda k: k(PEM, "SANDBOX-A", "us"),
        "an option": lambda k: k("SANDBOX-A", LOCKED, "us", **locked, retry=3),
        "a breaker": lambda k: k("SANDBOX-A", LOCKED, "us", **locked, breaker=3),
        "a transport": lambda k: k("SANDBOX-A", LOCKED, "us", **locked, transport=3),
        "a proxy": lambda k: k("SANDBOX-A", LOCKED, "us", **locked, proxy=proxy),
        "a user": lambda k: k(
            "SANDBOX-A", PEM, "us", endpoint_url=f"https://u:{PASSWORD}@pay.example"
        ),
        "keys": lambda k: k(keys=[("SANDBOX-A", LOCKED), 5], region="us", **locked),
        "unknown option": lambda k: k("SANDBOX-A", LOCKED, "us", **locked, x=1),
        "too many": lambda k: k("SANDBOX-A", LOCKED, "us", None, PASSWORD),
        "a broken path": lambda k: k("SANDBOX-A", Broken(), "us", **locked),
        "broken text": lambda k: k("SANDBOX-A", BrokenText(PEM), "us"),
        "a surrogate": lambda k: k("SANDBOX-A", PEM + "\ud800", "us", **locked),
        "a path": lambda k: k("SANDBOX-A", PEM[30:200], "us", **locked),
        "from_env": lambda k: k.from_env(**locked, retry=3),
        "from_env, interrupted": lambda k: k.from_env(private_key=Broken(), **locked),
        "from_env, unknown": lambda k: k.from_env(**locked, x=1),
        "a view": lambda k: made(k).with_options(auth_token=f"{TOKEN}\n"),
        "a view's header": lambda k: made(k).with_options(
            headers={"x-amz-pay-authtoken": TOKEN, "host": "x"}
        ),
        "a view, unknown": lambda k: made(k).with_options(auth_token=TOKEN, x=1),
    }


def shown_by(error: BaseException) -> str:
    """Return all that a tracker could show, without the frames of this test."""
    shown: list[str] = [str(error), repr(error), *getattr(error, "__notes__", [])]
    seen: set[int] = set()
    following: list[BaseException | None] = [error]
    while following:
        found = following.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        shown.append(repr(found))
        for frame, _ in traceback.walk_tb(found.__traceback__):
            if frame.f_code.co_filename != __file__:
                shown += [repr(value) for value in frame.f_locals.values()]
                shown += [repr(vars(v)) for v in frame.f_locals.values() if _has(v)]
        following += found.__cause__, found.__context__
    return "\n".join(shown)


def _has(value: object) -> bool:
    return hasattr(value, "__dict__") and not isinstance(value, type)


@kinds
@pytest.mark.parametrize("name", failing())
def test_no_frame_of_a_failed_construction_shows_a_secret(
    kind: Any, name: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AMAZON_PAY_PRIVATE_KEY", LOCKED)
    with pytest.raises(
        (ConfigurationError, InvalidRequest, TypeError, Alarm)
    ) as caught:
        failing()[name](kind)
    shown = shown_by(caught.value)
    assert not [secret for secret in SECRETS if secret in shown]


def test_an_interrupted_construction_passes_the_same_exception() -> None:
    alarm = Alarm()

    class Interrupted(os.PathLike[str]):
        def __fspath__(self) -> str:
            raise alarm

    with pytest.raises(Alarm) as caught:
        Client("SANDBOX-A", Interrupted(), "us")
    assert caught.value is alarm
    names = [frame.name for frame in traceback.extract_tb(alarm.__traceback__)]
    assert names[-1] == "__fspath__"


@kinds
async def test_an_interrupt_during_a_call_shows_no_token(kind: Any) -> None:
    def interrupt(request: httpx2.Request) -> httpx2.Response:
        del request
        raise Alarm

    client = made(kind, transport=httpx2.MockTransport(interrupt))
    view = client.with_options(auth_token=TOKEN)
    with pytest.raises(Alarm) as caught:
        await result(view.create_charge({"note": TOKEN}))
    ours = [
        repr(value)
        for frame, _ in traceback.walk_tb(caught.value.__traceback__)
        if "AmazonPay" in frame.f_code.co_filename
        for value in frame.f_locals.values()
    ]
    assert not [text for text in ours if TOKEN in text]


@kinds
@pytest.mark.parametrize("method", ["create_charge", "request"])
async def test_an_interrupt_while_a_body_is_read_shows_none_of_it(
    kind: Any, method: str
) -> None:
    class Interrupting(dict[str, object]):
        def items(self) -> Any:
            raise Alarm

        __iter__ = items

    body = {"note": TOKEN, "more": Interrupting(x=1)}
    given = (body,) if method == "create_charge" else ("POST", "/charges", body)
    with pytest.raises(Alarm) as caught:
        await result(getattr(made(kind), method)(*given))
    assert TOKEN not in shown_by(caught.value)


# The package and what it returns ------------------------------------------------------


def test_the_package_says_its_version() -> None:
    assert AmazonPay.__version__ == version("AmazonPayClient")
    assert "__version__" in dir(AmazonPay)


@pytest.mark.parametrize(
    ("status", "true"),
    [(200, True), (201, True), (299, True), (303, False), (404, False), (500, False)],
)
def test_a_response_is_true_if_it_is_ok(status: int, true: bool) -> None:
    response: Response[Any] = Response(status, {}, b"{}")
    assert bool(response) is response.ok is true


@pytest.mark.parametrize("name", ["x-amz-pay-request-id", "X-Amz-Pay-Request-Id"])
def test_a_header_is_found_in_any_case(name: str) -> None:
    response: Response[Any] = Response(200, {"X-AMZ-Pay-Request-ID": "r-1"}, b"{}")
    headers = response.headers
    assert headers[name] == headers.get(name.upper()) == response.request_id == "r-1"
    assert name in headers
    assert name.title() in headers
    assert headers.get("x-other") is None
    other: Any = 5
    assert other not in headers
    assert dict(headers) == {"x-amz-pay-request-id": "r-1"}
    assert "r-1" not in repr(headers)


def test_construction_reads_a_file_once(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(PEM)
    client = Client("SANDBOX-A", file, "us")
    file.unlink()
    assert client.generate_button_signature("{}")
