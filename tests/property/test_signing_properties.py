"""What our signer signs, a verifier written apart from it accepts, and nothing else.

The verifier below follows the signing page by itself: it shares no code with the
package and uses another crypto library.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote_to_bytes

import pytest
from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import pss
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import assume, given
from hypothesis import strategies as st

from AmazonPay import _signing
from keys import KEY
from signing import authorization

PUBLIC_PEM = KEY.public_key().public_bytes(
    Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
)
OTHER_KEY_PUBLIC = RSA.import_key(PUBLIC_PEM)
SALTS = {"AMZN-PAY-RSASSA-PSS": 20, "AMZN-PAY-RSASSA-PSS-V2": 32}


@dataclass(frozen=True)
class Wire:
    """A signed request as a server reads it."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    authorization: str


def independent_verdict(wire: Wire) -> bool:
    """Verify by the documented rules, with PyCryptodome."""
    found = re.fullmatch(
        r"(\S+) PublicKeyId=(\S+), SignedHeaders=(\S+), Signature=(\S+)",
        wire.authorization,
    )
    if found is None:
        return False
    algorithm, _, names, signature = found.groups()
    segments = [
        quote(unquote_to_bytes(part), safe="-._~") for part in wire.path.split("/")
    ]
    path = re.sub("//+", "/", "/" + "/".join(segments))
    pairs: list[tuple[str, str]] = []
    for piece in filter(None, wire.query.split("&")):
        name, _, value = piece.partition("=")
        pairs.append(
            (
                quote(unquote_to_bytes(name), safe="-._~"),
                quote(unquote_to_bytes(value), safe="-._~"),
            )
        )
    lines: list[str] = []
    for name in names.split(";"):
        values = [
            re.sub(r"\s+", " ", value.strip())
            for key, value in wire.headers
            if key.lower() == name
        ]
        if not values:
            return False
        lines.append(f"{name}:{','.join(values)}")
    canonical = "\n".join(
        [
            wire.method.upper(),
            path,
            "&".join("=".join(pair) for pair in sorted(pairs)),
            *lines,
            "",
            names,
            hashlib.sha256(wire.body).hexdigest(),
        ]
    )
    text = f"{algorithm}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    verifier = pss.new(OTHER_KEY_PUBLIC, salt_bytes=SALTS[algorithm])
    try:
        verifier.verify(SHA256.new(text.encode()), base64.b64decode(signature))
    except ValueError:
        return False
    return True


def our_verdict(wire: Wire) -> bool:
    try:
        _signing.verify(
            KEY.public_key(),
            _signing.parse_authorization(wire.authorization),
            wire.method,
            wire.path,
            wire.query,
            wire.headers,
            wire.body,
        )
    except _signing.SignatureMismatch:
        return False
    return True


methods = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
header_names = st.from_regex(r"[a-z][a-z0-9-]{0,15}", fullmatch=True)
header_values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
algorithms = st.sampled_from(list(_signing.ALGORITHMS.values()))


@st.composite
def signed_requests(draw: st.DrawFn) -> Wire:
    algorithm = draw(algorithms)
    method = draw(methods)
    path = _signing.canonical_path(
        "/v2/" + "/".join(_signing.percent_encode(i) for i in draw(st.lists(ids)))
    )
    query = _signing.canonical_query(draw(st.lists(st.tuples(texts, texts))))
    headers = (
        *draw(st.dictionaries(header_names, header_values, min_size=1)).items(),
        ("x-amz-pay-date", "20260101T120000Z"),
    )
    body = draw(st.binary(max_size=200))
    header = authorization(
        _signing.rsa_signer(KEY, algorithm),
        algorithm,
        "SANDBOX-AE5D",
        method,
        path,
        query,
        headers,
        body,
    )
    return Wire(method, path, query, headers, body, header)


@given(signed_requests())
def test_what_we_sign_an_independent_verifier_accepts(wire: Wire) -> None:
    assert independent_verdict(wire)


@given(signed_requests())
def test_what_we_sign_we_verify(wire: Wire) -> None:
    assert our_verdict(wire)


def _changed_character(text: str, at: int) -> str:
    position = at % len(text)
    other = "a" if text[position] != "a" else "b"
    return text[:position] + other + text[position + 1 :]


@given(
    signed_requests(),
    st.sampled_from(["method", "path", "query", "header", "body", "name", "algorithm"]),
)
def test_any_change_to_the_canonical_form_is_refused_by_both(
    wire: Wire, what: str
) -> None:
    match what:
        case "method":
            changed = replace(wire, method="PUT" if wire.method != "PUT" else "GET")
        case "path":
            changed = replace(wire, path=wire.path + "/x")
        case "query":
            changed = replace(wire, query="&".join(filter(None, [wire.query, "zz=1"])))
        case "header":
            (name, value), *rest = wire.headers
            changed = replace(wire, headers=((name, value + "!"), *rest))
        case "body":
            changed = replace(wire, body=wire.body + b" ")
        case "name":
            # A signed name is replaced by one that was not signed but did come.
            extra = ("zz-late", "1")
            changed = replace(
                wire,
                headers=(*wire.headers, extra),
                authorization=wire.authorization.replace(
                    "SignedHeaders=", "SignedHeaders=zz-late;"
                ),
            )
        case _:
            v1, v2 = _signing.ALGORITHMS
            name = wire.authorization.partition(" ")[0]
            changed = replace(
                wire,
                authorization=wire.authorization.replace(
                    name, v2 if name == v1 else v1
                ),
            )
    assume(changed != wire)
    assert not independent_verdict(changed)
    assert not our_verdict(changed)


@given(signed_requests(), st.integers(min_value=0))
def test_a_damaged_signature_is_refused_by_both(wire: Wire, at: int) -> None:
    head, signature = wire.authorization.split("Signature=")
    damaged = (
        _changed_character(signature.rstrip("="), at) + "=="[: signature.count("=")]
    )
    assume(base64.b64decode(damaged) != base64.b64decode(signature))
    changed = replace(wire, authorization=f"{head}Signature={damaged}")
    assert not independent_verdict(changed)
    assert not our_verdict(changed)


@given(signed_requests())
def test_header_case_and_outer_blanks_do_not_matter(wire: Wire) -> None:
    dressed = tuple((name.upper(), f"  {value}\t") for name, value in wire.headers)
    assert our_verdict(replace(wire, headers=dressed))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_a_canonical_path_is_canonical_already(text: str) -> None:
    once = _signing.canonical_path(text)
    assert _signing.canonical_path(once) == once
    assert re.fullmatch(r"/(?:[A-Za-z0-9\-._~/]|%[0-9A-Fa-f]{2})*", once)
    assert "//" not in once


@given(st.lists(st.tuples(texts, texts)))
def test_a_canonical_query_is_canonical_already(pairs: list[tuple[str, str]]) -> None:
    once = _signing.canonical_query(pairs)
    assert _signing.canonical_query_of(once) == once


@given(st.binary(max_size=300), algorithms)
def test_a_button_signature_holds_for_its_bytes_alone(
    payload: bytes, algorithm: _signing.Algorithm
) -> None:
    sign_bytes = _signing.rsa_signer(KEY, algorithm)
    signature = sign_bytes(_signing.button_message(algorithm, payload))
    text = f"{algorithm.name}\n{hashlib.sha256(payload).hexdigest()}"
    verifier = pss.new(OTHER_KEY_PUBLIC, salt_bytes=algorithm.salt_length)
    verifier.verify(SHA256.new(text.encode()), signature)
    with pytest.raises(ValueError, match="Incorrect signature"):
        verifier.verify(SHA256.new(text.encode() + b"."), signature)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "AMZN-PAY-RSASSA-PSS",
        "AMZN-PAY-RSASSA-PSS PublicKeyId=, SignedHeaders=accept, Signature=AA==",
        "AMZN-PAY-RSASSA-PSS PublicKeyId=K, SignedHeaders=accept, Signature=A",
        "AMZN-PAY-RSASSA-PSS PublicKeyId=K, SignedHeaders=accept, Signature=é",
        "AMZN-PAY-RSASSA-PSS PublicKeyId=K SignedHeaders=accept Signature=AA==",
    ],
)
def test_an_authorization_of_another_form_is_called_malformed(value: str) -> None:
    with pytest.raises(_signing.MalformedAuthorization):
        _signing.parse_authorization(value)


def test_an_unknown_algorithm_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="is not one of AMZN-PAY-RSASSA-PSS"):
        _signing.algorithm_named("RS256")
