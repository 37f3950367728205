"""Refused signatures are explained: each seeded mistake is named, alone and in pairs."""

from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import combinations
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import hypothesis
import pytest
from cryptography.hazmat.primitives.hashes import SHA1, SHA512

from hypothesis import assume, given
from hypothesis import strategies as st

from AmazonPay import InvalidRequest, explain
from hand_signer import PAYLOAD, Signer, compact, hexed
from keys import KEY, OTHER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from AmazonPay.explain import Explanation

PUBLIC = KEY.public_key()
MOST_GUESSES = 6000
"""Two or three microseconds each."""


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
    compactly = {"separators": (",", ":"), "ensure_ascii": False}
    return body(lambda text: json.dumps(json.loads(text), **(compactly | options)))


def payload(**members: Any) -> Callable[[Signer], None]:
    return body(lambda text: compact(json.loads(text) | members).decode())


def left_out(signer: Signer) -> None:
    signer.headers = {}


def title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


QUERY = "createdSince=20260101T000000Z&reportTypes=A%2CB&x=a%20b%2F%27c%27"
SPACED = "/v2/buyers/a%2Fb%20c"

SEEDS = [
    Seed("method_case", "method", setting(method=str.lower)),
    Seed("method_other", "method", setting(method="PATCH")),
    Seed(
        "path_without_environment",
        "path",
        setting(path=lambda p: p.removeprefix("/sandbox")),
    ),
    Seed(
        "path_other_environment",
        "path",
        setting(path=lambda p: p.replace("sandbox", "live")),
    ),
    Seed(
        "path_with_environment",
        "path",
        setting(path=lambda p: f"/sandbox{p}"),
        path="/v2/charges",
    ),
    Seed("path_without_version", "path", setting(path=lambda p: p.replace("/v2", ""))),
    Seed("path_other_version", "path", setting(path=lambda p: p.replace("/v2", "/v1"))),
    Seed("path_trailing_slash", "path", setting(path=lambda p: f"{p}/")),
    Seed(
        "path_with_query", "path", setting(path=lambda p: f"{p}?{QUERY}"), query=QUERY
    ),
    Seed(
        "path_with_host",
        "path",
        setting(path=lambda p: f"https://pay-api.amazon.eu{p}"),
    ),
    Seed("path_decoded", "path", setting(path=unquote), path=SPACED),
    Seed(
        "path_encoded_twice",
        "path",
        setting(path=lambda p: p.replace("%", "%25")),
        path=SPACED,
    ),
    Seed(
        "path_encoded_whole",
        "path",
        setting(path=lambda p: quote(p, safe="")),
        path="/v2/charges",
    ),
    Seed(
        "path_hex_case",
        "path",
        setting(path=lambda p: p.replace("%2F", "%2f")),
        path=SPACED,
    ),
    Seed("path_without_first_slash", "path", setting(path=lambda p: p[1:])),
    Seed("path_not_normal", "path", setting(path=lambda p: f"/{p}")),
    Seed("path_root", "path", setting(path="/")),
    Seed("path_shorter", "path", setting(path=lambda p: p.removesuffix("/capture"))),
    Seed("path_case", "path", setting(path=str.lower)),
    Seed("query_left_out", "query", setting(query=""), query=QUERY),
    Seed("query_question_mark", "query", setting(query=lambda q: f"?{q}"), query=QUERY),
    Seed("query_order", "query", setting(query="b=2&a=1"), query="b=2&a=1"),
    Seed(
        "query_plus",
        "query",
        setting(query=lambda q: q.replace("%20", "+")),
        query=QUERY,
    ),
    Seed(
        "query_comma",
        "query",
        setting(query=lambda q: q.replace("%2C", ",")),
        query=QUERY,
    ),
    Seed(
        "query_colon",
        "query",
        setting(query=lambda q: q.replace("%2F", "/")),
        query=QUERY,
    ),
    Seed(
        "query_javascript",
        "query",
        setting(query=lambda q: q.replace("%27", "'")),
        query=QUERY,
    ),
    Seed("query_decoded", "query", setting(query=unquote), query=QUERY),
    Seed(
        "query_encoded_twice",
        "query",
        setting(query=lambda q: q.replace("%", "%25")),
        query=QUERY,
    ),
    Seed(
        "query_hex_case",
        "query",
        setting(query=lambda q: q.replace("%2C", "%2c").replace("%2F", "%2f")),
        query=QUERY,
    ),
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
    Seed(
        "string_without_algorithm",
        "string",
        setting(string_of=lambda _, text: hexed(text).encode()),
    ),
    Seed("string_not_hashed", "string", setting(string_of=lambda _, text: text)),
    Seed(
        "string_hash_upper",
        "string",
        setting(string_of=lambda name, text: f"{name}\n{hexed(text).upper()}".encode()),
    ),
    Seed(
        "string_hash_base64",
        "string",
        setting(
            string_of=lambda name, text: (
                f"{name}\n".encode() + b64encode(sha256(text).digest())
            )
        ),
    ),
    Seed(
        "string_hashed_twice",
        "string",
        setting(
            string_of=lambda name, text: (
                f"{name}\n{hexed(hexed(text).encode())}".encode()
            )
        ),
    ),
    Seed(
        "string_end",
        "string",
        setting(string_of=lambda name, text: f"{name}\n{hexed(text)}\n".encode()),
    ),
    Seed(
        "string_separator",
        "string",
        setting(string_of=lambda name, text: f"{name}\\n{hexed(text)}".encode()),
    ),
    Seed(
        "string_with_date",
        "string",
        setting(
            string_of=lambda name, text: (
                f"{name}\n20260101T120000Z\n{hexed(text)}".encode()
            )
        ),
    ),
    Seed(
        "string_prehashed",
        "string",
        setting(
            string_of=lambda name, text: sha256(
                f"{name}\n{hexed(text)}".encode()
            ).digest()
        ),
    ),
    Seed("salt_length", "key", setting(salt=32)),
    Seed("salt_length", "key", setting(salt=222)),
    Seed("salt_length", "key", setting(salt=0)),
    Seed("mask_hash", "key", setting(mask=SHA1())),
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


def test_the_seeds_are_many() -> None:
    assert len({seed.name for seed in SEEDS}) >= 60


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_a_seeded_mistake_is_named(seed: Seed) -> None:
    explanation = explained(seed)
    assert explanation.name == seed.name
    assert explanation.guesses <= MOST_GUESSES
    assert explanation.key_is_right is (seed.name != "key_other")


def fits(one: Seed, two: Seed) -> bool:
    """Tell whether two mistakes can be made in one request, each of them felt."""
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


PAIRS = Random(20).sample([*combinations(SEEDS, 2)], 120)


def test_two_seeded_mistakes_are_both_named() -> None:
    wrong: list[str] = []
    tried = 0
    for one, two in PAIRS:
        if fits(one, two):
            tried += 1
            explanation = explained(one, two)
            if set(explanation.mistakes) != {one.name, two.name}:
                wrong.append(f"{one.name}+{two.name}: {explanation.name}")
            assert explanation.guesses <= MOST_GUESSES
    assert wrong == []
    assert tried > 90


def test_a_right_signature_holds() -> None:
    explanation = explained()
    assert (explanation.name, explanation.mistakes) == ("holds", ())
    assert explanation.key_is_right is True


# What is proved -----------------------------------------------------------------------


def sent(signer: Signer, **given: Any) -> Explanation:
    """Explain a signature of `signer` under a request of a right one."""
    right = Signer()
    value = given.pop(
        "authorization",
        f"{right.algorithm} PublicKeyId=SANDBOX-A,"
        f" SignedHeaders={';'.join(right.headers)}, Signature={signer.signature()}",
    )
    headers = {**right.headers, "authorization": value} | given.pop("headers", {})
    given.setdefault("public_key", PUBLIC)
    return explain.request(right.method, right.path, headers, right.body, **given)


def test_an_unknown_mistake_is_called_unknown_and_the_key_is_not_blamed() -> None:
    signer = Signer(body=b"a text that nobody guesses")
    explanation = sent(signer)
    assert explanation.name == "unknown"
    assert explanation.key_is_right is True
    assert explanation.headline.startswith("The key is right, the text is not.")
    assert str(explanation.guesses) in explanation.headline
    assert "key" not in explanation.fix
    assert explanation.canonical.decode() == Signer().canonical()


def test_a_wrong_salt_is_proved_for_an_unknown_text() -> None:
    explanation = sent(Signer(body=b"a text that nobody guesses", salt=32))
    assert explanation.name == "salt_length+unknown"
    assert "32 bytes" in explanation.proof


def test_a_foreign_key_is_never_taken_for_the_named_one() -> None:
    explanation = sent(Signer(key=OTHER_KEY))
    assert explanation.name == "key_unknown"
    assert explanation.key_is_right is None


@pytest.mark.parametrize("body", [b"{}", b"another text"])
def test_the_key_that_signed_is_named_by_its_id(body: bytes) -> None:
    others = {"SANDBOX-B": OTHER_KEY.public_key()}
    explanation = sent(Signer(key=OTHER_KEY, body=body), other_keys=others)
    assert explanation.mistakes[0] == "key_other"
    assert "SANDBOX-B" in explanation.proof
    assert explanation.key_is_right is False


def test_without_the_named_key_another_one_is_still_found() -> None:
    explanation = sent(
        Signer(), public_key=None, other_keys={"SANDBOX-B": KEY.public_key()}
    )
    assert explanation.name == "key_other"


def test_a_salt_of_maximal_length_proves_nothing_by_itself() -> None:
    explanation = sent(Signer(body=b"a text that nobody guesses", salt=222))
    assert explanation.name == "key_unknown"
    assert explanation.key_is_right is None


def test_the_first_difference_has_its_offset_and_both_sides() -> None:
    wrong = Signer(body=json.dumps(PAYLOAD, ensure_ascii=False).encode())
    difference = sent(wrong).difference
    assert difference is not None
    assert (difference.part, difference.offset) == ("body", 22)
    assert difference.signed.startswith(b' {"checkoutReview')
    assert difference.came.startswith(b'{"checkoutReview')
    assert str(difference) == (
        "first difference at byte 22 of the body: a blank was signed, '{' came"
    )


@pytest.mark.parametrize(
    ("seed", "part"),
    [
        ("path_case", "path"),
        ("region_alias", "headers"),
        ("canonical_end", "canonical"),
        ("string_end", "string"),
        ("query_plus", "query"),
    ],
)
def test_a_difference_names_its_part(seed: str, part: str) -> None:
    difference = explained(next(one for one in SEEDS if one.name == seed)).difference
    assert difference is not None
    assert difference.part == part
    assert difference.signed != difference.came


@pytest.mark.parametrize("text", ["canonical", "string"])
def test_a_text_that_the_caller_believes_signed_is_tried(text: str) -> None:
    wrong = Signer(body=b"an amount was changed")
    canonical = wrong.canonical()
    string = wrong.string_of(wrong.algorithm, canonical.encode()).decode()
    given = canonical if text == "canonical" else string
    explanation = sent(wrong, signed=given)
    assert explanation.name == "altered"
    assert explanation.difference is not None


def test_one_request_shows_no_more_than_a_character() -> None:
    wrong = Signer(body=json.dumps(PAYLOAD).encode())
    explanation = sent(wrong)
    for shown in (repr(explanation), str(explanation), repr(explanation.difference)):
        assert "shop.example" not in shown
        assert "checkoutReview" not in shown


def test_an_explanation_is_five_short_parts() -> None:
    lines = str(sent(Signer(path="/v2/charges"))).splitlines()
    assert [line[:5].strip() for line in lines[1:]] == ["cause", "fix", "proof"]


def test_facts_are_json() -> None:
    facts = sent(Signer(body=json.dumps(PAYLOAD).encode())).as_facts()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["name"] == "body_white_space+body_escapes"


# The header ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("", "authorization_missing"),
        ("Bearer x", "authorization_malformed"),
        ("AMZN-PAY-RSASSA-PSS Signature=", "authorization_malformed"),
        (
            "AMZN-PAY-RSASSA-PSS SignedHeaders=accept, Signature=!!!",
            "signature_not_base64",
        ),
    ],
)
def test_a_header_that_cannot_be_read_is_named(value: str, name: str) -> None:
    assert sent(Signer(), authorization=value).name == name


def test_quotes_and_order_of_the_header_are_named_and_the_signature_is_read() -> None:
    signer = Signer()
    value = (
        f'{signer.algorithm} Signature="{signer.signature()}",'
        f' PublicKeyId="A", SignedHeaders="{";".join(signer.headers)}"'
    )
    explanation = sent(signer, authorization=value)
    assert explanation.name == "authorization_malformed"
    assert explanation.key_is_right is True


def test_a_signature_over_several_lines_is_named() -> None:
    signer = Signer(
        encoded=lambda data: "\n".join(
            b64encode(data).decode()[n : n + 64] for n in range(0, 344, 64)
        )
    )
    assert sent(signer).name == "signature_wrapped"


def test_a_signature_that_lost_its_pluses_is_named() -> None:
    signer = Signer(encoded=lambda data: b64encode(data).decode().replace("+", " "))
    for _ in range(9):
        signature = signer.signature()
        if " " in signature.strip():
            break
    value = (
        f"{signer.algorithm} PublicKeyId=A,"
        f" SignedHeaders={';'.join(signer.headers)}, Signature={signature}"
    )
    assert sent(signer, authorization=value).name == "signature_percent_encoded"


def test_a_percent_encoded_signature_is_named() -> None:
    signer = Signer(encoded=lambda data: quote(b64encode(data).decode(), safe=""))
    assert sent(signer).name == "signature_percent_encoded"


def test_a_signature_that_was_cut_is_named() -> None:
    signer = Signer(encoded=lambda data: b64encode(data[:-3]).decode())
    assert sent(signer).name == "signature_length"


def test_an_unknown_algorithm_is_named() -> None:
    signer = Signer()
    value = f"RS256 PublicKeyId=A, SignedHeaders=accept, Signature={signer.signature()}"
    assert sent(signer, authorization=value).name == "algorithm_unknown"


def test_a_listed_header_that_did_not_come_is_named() -> None:
    signer = Signer()
    names = ";".join([*signer.headers, "x-amz-pay-authtoken"])
    signer.headers["x-amz-pay-authtoken"] = "a.b.c"
    value = (
        f"{signer.algorithm} PublicKeyId=A, SignedHeaders={names},"
        f" Signature={signer.signature()}"
    )
    explanation = sent(signer, authorization=value)
    assert explanation.name == "signed_header_missing"
    assert explanation.key_is_right is True


@pytest.mark.parametrize(("second", "name"), [(59, "date_in_future"), (0, "holds")])
def test_a_clock_that_is_fast_is_named(second: int, name: str) -> None:
    now = datetime(2026, 1, 1, 12, 0, tzinfo=UTC) - timedelta(seconds=second)
    assert sent(Signer(), now=now).name == name


def test_an_alias_under_the_second_algorithm_is_named() -> None:
    signer = Signer(algorithm="AMZN-PAY-RSASSA-PSS-V2")
    signer.headers["x-amz-pay-region"] = "de"
    value = (
        f"{signer.algorithm} PublicKeyId=A,"
        f" SignedHeaders={';'.join(signer.headers)}, Signature={signer.signature()}"
    )
    explanation = sent(signer, authorization=value, headers={"x-amz-pay-region": "de"})
    assert explanation.name == "region_alias_under_v2"


def test_a_key_that_is_none_is_refused() -> None:
    for key in ("no key", b"\xff", 7):
        given: Any = key
        with pytest.raises(InvalidRequest, match="public_key"):
            sent(Signer(), public_key=given)


# The button ---------------------------------------------------------------------------

OTHER_ALGORITHM = "AMZN-PAY-RSASSA-PSS-V2"


def pressed(signer: Signer, payload: str | None = None, **given: Any) -> Explanation:
    text = Signer().body.decode() if payload is None else payload
    given.setdefault("public_key", PUBLIC)
    return explain.button(text, signer.button(), **given)


BUTTONS = {
    "payload_in_javascript": '{"note":"say \\"hi\\" to\\nall"}',
    "body_slashes": '{"url":"https:\\/\\/shop.example\\/a"}',
    "body_escapes": '{"note":"Gr\\u00f6\\u00dfe"}',
    "body_line_feeds": '{\n "a": 1\n}',
}
POSTED = {
    "payload_in_javascript": '{"note":"say "hi" to\nall"}',
    "body_slashes": '{"url":"https://shop.example/a"}',
    "body_escapes": '{"note":"Größe"}',
    "body_line_feeds": '{\r\n "a": 1\r\n}',
}


@pytest.mark.parametrize("name", BUTTONS)
def test_what_a_page_does_to_a_payload_is_named(name: str) -> None:
    signer = Signer(body=BUTTONS[name].encode())
    assert pressed(signer, POSTED[name]).name == name


@pytest.mark.parametrize(
    "escaped", [html.escape, lambda text: text.replace('"', "&quot;")]
)
def test_a_payload_escaped_for_html_is_named(escaped: Callable[[str], str]) -> None:
    payload = escaped(Signer().body.decode())
    assert pressed(Signer(), payload).name == "payload_as_html"


def test_a_button_without_its_algorithm_is_named() -> None:
    signer = Signer(algorithm=OTHER_ALGORITHM)
    explanation = pressed(signer)
    assert explanation.name == "algorithm_other"
    assert "field `algorithm`" in explanation.cause


def test_the_wrong_salt_under_the_right_name_is_named() -> None:
    signer = Signer(algorithm=OTHER_ALGORITHM, salt=20)
    assert pressed(signer, algorithm=OTHER_ALGORITHM).name == "salt_length"


def test_a_button_that_holds_holds() -> None:
    assert pressed(Signer()).name == "holds"


BUTTON_AREAS = {"escapes", "slashes", "markup", "sorted", "end", "bytes", "amount"}


@pytest.mark.parametrize(
    "seed",
    [
        seed
        for seed in SEEDS
        if seed.name.startswith(("body_", "string_", "payload_"))
        and not seed.name.startswith(("body_hash", "body_not_hashed"))
        and seed.name != "string_with_date"
    ],
    ids=lambda seed: seed.name,
)
def test_a_mistake_in_a_payload_is_named(seed: Seed) -> None:
    signer = Signer()
    seed.make(signer)
    assert pressed(signer).name == seed.name


def test_an_amount_that_was_changed_after_signing_is_shown() -> None:
    old = Signer().body.decode()
    new = old.replace("14.00", "15.00")
    assert pressed(Signer(), new).name == "unknown"
    explanation = pressed(Signer(), new, signed=old)
    assert explanation.name == "altered_button"
    assert explanation.difference is not None
    assert explanation.difference.offset == old.index("14.00") + 1
    assert explanation.difference.signed.startswith(b"4.00")


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ("[object Object]", "payload_is_object"),
        ('{"checkoutSessionId": "x", "a": 1}', "payload_is_answer"),
        ('{"reasonCode": "InvalidParameterValue"}', "payload_is_answer"),
    ],
)
def test_a_payload_that_is_none_is_named(payload: str, name: str) -> None:
    assert pressed(Signer(), payload).name == name


@pytest.mark.parametrize(
    ("product", "payload", "name"),
    [
        ("SignIn", '{"storeId":"x"}', "sign_in_payload"),
        ("PayAndShip", '{"signInReturnUrl":"x"}', "sign_in_payload"),
        ("SignIn", '{"signInReturnUrl":"x"}', "holds"),
        ("PayOnly", '{"storeId":"x"}', "holds"),
    ],
)
def test_sign_in_and_checkout_are_told_apart(
    product: str, payload: str, name: str
) -> None:
    signer = Signer(body=payload.encode())
    assert pressed(signer, payload, product_type=product).name == name


# Amazon's answer ----------------------------------------------------------------------


def refused(signer: Signer, theirs: str, **given: Any) -> Explanation:
    """Explain a refusal whose message holds `theirs`, the string of Amazon."""
    value = (
        f"{signer.algorithm} PublicKeyId=A,"
        f" SignedHeaders={';'.join(signer.headers)}, Signature={signer.signature()}"
    )
    headers = {**signer.headers, "authorization": value}
    message = f"Unable to verify signature, signing String [{theirs}], signature"
    given.setdefault("public_key", PUBLIC)
    body = json.dumps({"reasonCode": "InvalidRequestSignature", "message": message})
    text = given.pop("as_body", None)
    return explain.answer(
        body if text else message,
        signer.method,
        signer.path,
        headers,
        signer.body,
        **given,
    )


def string_of(signer: Signer) -> str:
    return signer.string_of(signer.algorithm, signer.canonical().encode()).decode()


@pytest.mark.parametrize("as_body", [True, False])
def test_equal_texts_and_a_right_pair_mean_that_amazon_has_another_key(
    as_body: bool,
) -> None:
    signer = Signer()
    explanation = refused(signer, string_of(signer), as_body=as_body)
    assert explanation.name == "key_registered"
    assert refused(signer, string_of(signer), public_key=None).name == "key_or_salt"


def test_what_changed_a_request_on_its_way_is_found() -> None:
    signer = Signer()
    altered = signer.copy()
    altered.body = json.dumps(PAYLOAD, ensure_ascii=False).encode()
    explanation = refused(signer, string_of(altered))
    assert explanation.name == "altered"
    assert "body_white_space" in explanation.cause
    assert explanation.difference is not None
    assert explanation.difference.part == "body"


def test_a_change_that_nobody_guesses_is_still_one() -> None:
    altered = Signer(body=b"nobody guesses this")
    explanation = refused(Signer(), string_of(altered))
    assert (explanation.name, explanation.difference) == ("altered", None)


def test_a_mistake_of_the_signer_is_named_for_an_answer_too() -> None:
    signer = Signer(salt=32)
    assert refused(signer, string_of(signer)).name == "salt_length"


@pytest.mark.parametrize("message", ["", "no string here", b"\xff\xfe"])
def test_an_answer_without_a_string_is_judged_by_the_request_alone(
    message: str | bytes,
) -> None:
    explanation = explain.answer(message, "GET", "/v2/x", {}, public_key=PUBLIC)
    assert explanation.name == "authorization_missing"


# Garbage ------------------------------------------------------------------------------


@given(
    method=st.text(max_size=5),
    target=st.text(max_size=40),
    value=st.text(max_size=80)
    | st.builds(
        "{} PublicKeyId={}, SignedHeaders={}, Signature={}".format,
        st.sampled_from(["AMZN-PAY-RSASSA-PSS", "X"]),
        st.text(max_size=5),
        st.text(max_size=12),
        st.text(max_size=12)
        | st.binary(max_size=256).map(lambda b: b64encode(b).decode()),
    ),
    body=st.binary(max_size=60)
    | st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")),
)
@hypothesis.settings(max_examples=25)
def test_garbage_ends_in_an_explanation(
    method: str, target: str, value: str, body: bytes
) -> None:
    headers = {"accept": "x", "x-amz-pay-date": value[:9], "authorization": value}
    explanation = explain.request(method, target, headers, body, public_key=PUBLIC)
    assert explanation.name != "holds"
    assert str(explanation)
    again = explain.button(body, value, public_key=PUBLIC, algorithm=method)
    assert again.name != "holds"


@given(st.text(max_size=60), st.text(max_size=8))
@hypothesis.settings(max_examples=25)
def test_a_right_key_is_never_blamed_for_a_strange_text(text: str, other: str) -> None:
    assume(text != other)
    data = text.encode("utf-8", "surrogatepass")
    explanation = explain.button(other, Signer(body=data).button(), public_key=PUBLIC)
    assert explanation.key_is_right is True
    assert "key_unknown" not in explanation.mistakes


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 5000 + b"]" * 5000,
        b"{" * 9999,
        b'"' + b"\\" * 9999,
        b'{"a":' * 200 + b"1" + b"}" * 200,
    ],
)
def test_a_deep_or_hostile_body_is_explained_in_time(body: bytes) -> None:
    explanation = explain.button(body, Signer().button(), public_key=PUBLIC)
    assert explanation.name == "unknown"


def test_a_large_body_is_not_rewritten_over_and_over() -> None:
    body = compact({"a": ["x" * 100] * 20_000})
    explanation = explain.button(body, Signer().button(), public_key=PUBLIC)
    assert explanation.name == "unknown"
    assert explanation.guesses < 400
