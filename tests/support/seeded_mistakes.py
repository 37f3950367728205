"""Mistakes of a shop that signs by itself, each with the name that it must get."""

from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives.hashes import SHA1, SHA512

from AmazonPay import explain
from hand_signer import Signer, compact, hexed
from keys import KEY, OTHER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from AmazonPay.explain import Explanation

PUBLIC = KEY.public_key()


@dataclass(frozen=True)
class Seed:
    """A mistake: what it does to a signer that is right, and its name."""

    name: str
    area: str
    make: Callable[[Signer], None]
    query: str = ""
    path: str | None = None
    method: str = "POST"


def setting(**values: Any) -> Callable[[Signer], None]:
    def make(signer: Signer) -> None:
        for name, value in values.items():
            setattr(
                signer,
                name,
                value(getattr(signer, name))
                if name in CHANGED and callable(value)
                else value,
            )

    return make


CHANGED = {"method", "path", "query", "body"}


def header(name: str, value: str | None) -> Callable[[Signer], None]:
    def make(signer: Signer) -> None:
        if value is None:
            signer.names = list(signer.headers)
            del signer.headers[name]
        else:
            signer.headers[name] = value

    return make


def body(change: Callable[[str], str]) -> Callable[[Signer], None]:
    return setting(body=lambda data: change(data.decode()).encode())


def rewritten(**options: Any) -> Callable[[Signer], None]:
    compactly: dict[str, Any] = {"separators": (",", ":"), "ensure_ascii": False}
    return body(lambda text: json.dumps(json.loads(text), **(compactly | options)))


def payload(**members: Any) -> Callable[[Signer], None]:
    return body(lambda text: compact(json.loads(text) | members).decode())


def path(name: str, change: object, of: str | None = None) -> Seed:
    """Return a mistake in the path; `of` is a path in which it has an effect."""
    return Seed(name, "path", setting(path=change), path=of)


def query(name: str, change: object) -> Seed:
    return Seed(name, "query", setting(query=change), query=QUERY)


def string(name: str, make: Callable[[str, bytes], bytes]) -> Seed:
    """Return a mistake in the string to sign: `make` writes another such string."""
    return Seed(name, "string", setting(string_of=make))


def left_out(signer: Signer) -> None:
    signer.headers = {}


def title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def string_to_sign(name: str, text: bytes) -> bytes:
    """Write the string to sign, as it should be."""
    return f"{name}\n{hexed(text)}".encode()


QUERY = "createdSince=20260101T000000Z&reportTypes=A%2CB&x=a%20b%2F%27c%27"
SPACED = "/v2/buyers/a%2Fb%20c"

SEEDS = [
    Seed("method_case", "method", setting(method=str.lower)),
    Seed("method_other", "method", setting(method="PATCH")),
    path("path_without_environment", lambda p: p.removeprefix("/sandbox")),
    path("path_other_environment", lambda p: p.replace("sandbox", "live")),
    path("path_with_environment", lambda p: f"/sandbox{p}", of="/v2/charges"),
    path("path_without_version", lambda p: p.replace("/v2", "")),
    path("path_other_version", lambda p: p.replace("/v2", "/v1")),
    path("path_trailing_slash", lambda p: f"{p}/"),
    Seed(
        "path_with_query", "path", setting(path=lambda p: f"{p}?{QUERY}"), query=QUERY
    ),
    path("path_with_host", lambda p: f"https://pay-api.amazon.eu{p}"),
    path("path_decoded", unquote, of=SPACED),
    path("path_encoded_twice", lambda p: p.replace("%", "%25"), of=SPACED),
    path("path_encoded_whole", lambda p: quote(p, safe=""), of="/v2/charges"),
    path("path_hex_case", lambda p: p.replace("%2F", "%2f"), of=SPACED),
    path("path_without_first_slash", lambda p: p[1:]),
    path("path_not_normal", lambda p: f"/{p}"),
    path("path_root", "/"),
    path("path_shorter", lambda p: p.removesuffix("/capture")),
    path("path_case", str.lower),
    query("query_left_out", ""),
    query("query_question_mark", lambda q: f"?{q}"),
    Seed("query_order", "query", setting(query="b=2&a=1"), query="b=2&a=1"),
    query("query_plus", lambda q: q.replace("%20", "+")),
    query("query_comma", lambda q: q.replace("%2C", ",")),
    query("query_colon", lambda q: q.replace("%2F", "/")),
    query("query_javascript", lambda q: q.replace("%27", "'")),
    query("query_decoded", unquote),
    query("query_encoded_twice", lambda q: q.replace("%", "%25")),
    query("query_hex_case", lambda q: q.replace("%2C", "%2c").replace("%2F", "%2f")),
    Seed("query_repeated_names", "query", setting(query="k=a&k=b"), query="k=a%2Cb"),
    Seed("region_alias", "region", header("x-amz-pay-region", "de")),
    Seed("region_alias", "region", header("x-amz-pay-region", "EU")),
    Seed("host_of_region", "host", header("x-amz-pay-host", "pay-api.amazon.com")),
    Seed("host_of_connection", "host", header("x-amz-pay-host", "localhost:8421")),
    Seed(
        "content_type",
        "type",
        header("content-type", "application/json; charset=utf-8"),
    ),
    Seed("accept", "accept", header("accept", "*/*")),
    Seed("date_form", "date", header("x-amz-pay-date", "2026-01-01T12:00:00Z")),
    Seed("date_twice", "date", header("x-amz-pay-date", "20260101T120001Z")),
    Seed("date_twice", "date", header("x-amz-pay-date", "20260101T115958Z")),
    Seed("date_local", "date", header("x-amz-pay-date", "20260101T130000Z")),
    Seed(
        "idempotency_key",
        "key",
        header("x-amz-pay-idempotency-key", "01234567-89ab-cdef-0123-456789abcdef"),
    ),
    Seed("header_name_case", "names", setting(spelt=title)),
    Seed("signed_names_case", "names", setting(listed=title)),
    Seed("header_order", "order", setting(order=lambda _: 0)),
    Seed("header_blank_after_colon", "lines", setting(colon=": ")),
    Seed("header_no_blank_line", "lines", setting(blank="")),
    Seed("header_more_blank_lines", "lines", setting(blank="\n\n")),
    Seed("signed_names_separator", "names", setting(separator=",")),
    Seed("header_not_signed", "key", header("x-amz-pay-idempotency-key", None)),
    Seed("header_not_listed", "extra", header("user-agent", "shop/1")),
    Seed("headers_left_out", "lines", left_out),
    Seed("body_white_space", "space", rewritten(separators=None)),
    Seed("body_white_space", "space", rewritten(separators=None, indent=2)),
    Seed("body_white_space", "space", rewritten(separators=None, indent=4)),
    Seed("body_escapes", "escapes", rewritten(ensure_ascii=True)),
    Seed("body_slashes", "slashes", body(lambda text: text.replace("/", "\\/"))),
    Seed(
        "body_markup_escapes",
        "markup",
        body(
            lambda text: (
                text.replace("<", "\\u003c")
                .replace(">", "\\u003e")
                .replace("&", "\\u0026")
            )
        ),
    ),
    Seed("body_member_order", "sorted", rewritten(sort_keys=True)),
    Seed("body_end", "end", body(lambda text: f"{text}\n")),
    Seed(
        "body_encoding",
        "bytes",
        setting(body=lambda data: data.decode().encode("latin-1")),
    ),
    Seed(
        "body_byte_order_mark",
        "bytes",
        setting(body=lambda data: b"\xef\xbb\xbf" + data),
    ),
    Seed(
        "body_amounts",
        "amount",
        payload(
            paymentDetails={"chargeAmount": {"amount": 14.00, "currencyCode": "EUR"}}
        ),
    ),
    Seed(
        "body_empty_members",
        "members",
        body(lambda text: text.replace('"chargePermissionId":null,', "")),
    ),
    Seed("body_empty_lists", "members", body(lambda text: text.replace("{}", "[]"))),
    Seed("body_of_python", "space", body(lambda text: str(json.loads(text)))),
    Seed("body_as_string", "end", body(json.dumps)),
    Seed("payload_as_html", "end", body(html.escape)),
    Seed("body_percent_encoded", "end", body(lambda text: quote(text, safe=""))),
    Seed("body_left_out", "space", setting(body=b"")),
    Seed("body_hash_upper", "hash", setting(digest=lambda data: hexed(data).upper())),
    Seed(
        "body_hash_base64",
        "hash",
        setting(digest=lambda data: b64encode(sha256(data).digest()).decode()),
    ),
    Seed(
        "body_hash_twice",
        "hash",
        setting(digest=lambda data: hexed(hexed(data).encode())),
    ),
    Seed("body_not_hashed", "hash", setting(digest=lambda data: data.decode())),
    Seed("canonical_end", "canonical", setting(canonical_of=lambda text: f"{text}\n")),
    Seed(
        "canonical_carriage_returns",
        "canonical",
        setting(canonical_of=lambda text: text.replace("\n", "\r\n")),
    ),
    Seed(
        "canonical_joined",
        "canonical",
        setting(canonical_of=lambda text: text.replace("\n", "\\n")),
    ),
    string("string_without_algorithm", lambda _, text: hexed(text).encode()),
    string("string_not_hashed", lambda _, text: text),
    string("string_hash_upper", lambda n, text: f"{n}\n{hexed(text).upper()}".encode()),
    string(
        "string_hash_base64",
        lambda name, text: f"{name}\n".encode() + b64encode(sha256(text).digest()),
    ),
    string(
        "string_hashed_twice", lambda n, text: string_to_sign(n, hexed(text).encode())
    ),
    string("string_end", lambda name, text: string_to_sign(name, text) + b"\n"),
    string("string_separator", lambda n, text: f"{n}\\n{hexed(text)}".encode()),
    string(
        "string_with_date",
        lambda name, text: string_to_sign(f"{name}\n20260101T120000Z", text),
    ),
    string(
        "string_prehashed", lambda n, text: sha256(string_to_sign(n, text)).digest()
    ),
    Seed("salt_length", "key", setting(salt=32)),
    Seed("salt_length", "key", setting(salt=222)),
    Seed("salt_length", "key", setting(salt=0)),
    Seed("mask_hash", "key", setting(mask=SHA1())),  # noqa: S303 - the mistake
    Seed("hash_other", "key", setting(hash=SHA512(), mask=SHA512())),
    Seed("padding_pkcs1", "key", setting(pkcs1=True)),
    Seed("signature_hex", "text", setting(encoded=bytes.hex)),
    Seed(
        "signature_encoded_twice",
        "text",
        setting(encoded=lambda data: b64encode(b64encode(data)).decode()),
    ),
    Seed(
        "signature_reversed",
        "text",
        setting(encoded=lambda data: b64encode(data[::-1]).decode()),
    ),
    Seed(
        "signature_url_safe",
        "text",
        setting(encoded=lambda data: urlsafe_b64encode(data).decode().rstrip("=")),
    ),
    Seed("key_other", "key", setting(key=OTHER_KEY)),
]


def signer_for(*seeds: Seed) -> Signer:
    signer = Signer()
    for seed in seeds:
        signer.query = seed.query or signer.query
        signer.path = seed.path or signer.path
        signer.method = seed.method
    return signer


def explained(*seeds: Seed) -> Explanation:
    """Sign with mistakes, send without, and explain."""
    right = signer_for(*seeds)
    wrong = right.copy()
    for seed in seeds:
        seed.make(wrong)
    value = (
        f"{right.algorithm} PublicKeyId=SANDBOX-A,"
        f" SignedHeaders={';'.join(right.headers)}, Signature={wrong.signature()}"
    )
    headers = {
        **{title(name): value for name, value in right.headers.items()},
        "Host": "localhost:8421",
        "User-Agent": "shop/1",
        "Authorization": value,
    }
    target = right.path + (f"?{right.query}" if right.query else "")
    return explain.request(
        right.method,
        target,
        headers,
        right.body,
        public_key=PUBLIC,
        other_keys={"SANDBOX-B": OTHER_KEY.public_key()},
    )


def fits(one: Seed, two: Seed) -> bool:
    """Return whether one request can have both mistakes, and each has an effect."""
    if one.area == two.area or one.method != two.method:
        return False
    if (one.query and two.query and one.query != two.query) or (
        one.path and two.path and one.path != two.path
    ):
        return False
    try:
        return effects(one, two)[-1] == effects(two, one)[-1] and all(
            before != after
            for first, second in ((one, two), (two, one))
            for before, after in [effects(first, second)]
        )
    except (ValueError, KeyError, TypeError):
        return False


def effects(*seeds: Seed) -> list[tuple[object, ...]]:
    signer = signer_for(*seeds)
    found: list[tuple[object, ...]] = []
    for seed in seeds:
        seed.make(signer)
        text = signer.canonical()
        message = signer.string_of(signer.algorithm, text.encode())
        rest = (signer.salt, signer.pkcs1, signer.key, signer.mask.name)
        found.append((text, message, *rest, signer.hash.name, signer.encoded))
    return found
