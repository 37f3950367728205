"""What an explanation proves, and that it never blames a key that is right."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from AmazonPay import InvalidRequest, explain
from hand_signer import PAYLOAD, Signer
from keys import KEY, OTHER_KEY
from seeded_mistakes import PUBLIC, SEEDS, explained

if TYPE_CHECKING:
    from AmazonPay.explain import Explanation


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
    # A plus is in almost every signature.
    signature = next(
        one for _ in range(9) if " " in (one := signer.signature()).strip()
    )
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


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="time zone"):
        sent(Signer(), now=datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake


@pytest.mark.parametrize("hashes", [True, False])
def test_padding_of_version_1_5_without_the_name_of_a_hash_is_opened(
    hashes: bool,
) -> None:
    signer = Signer()
    message = signer.string_of(signer.algorithm, signer.canonical().encode())
    data = sha256(message).digest() if hashes else message
    padded = b"\x00\x01" + b"\xff" * (253 - len(data)) + b"\x00" + data
    numbers = KEY.private_numbers()
    modulus = numbers.public_numbers.n
    value = pow(int.from_bytes(padded), numbers.d, modulus).to_bytes(256)
    signer.encoded = lambda _: b64encode(value).decode()
    assert sent(signer).name == "padding_pkcs1"


def test_a_key_of_another_size_is_opened_too() -> None:
    for size in (1024, 2049, 3072):
        key = rsa.generate_private_key(public_exponent=65537, key_size=size)
        assert sent(Signer(key=key), public_key=key.public_key()).name == "holds"


def test_two_mistakes_of_the_key_and_the_text_are_told_together() -> None:
    signer = Signer(path="/v2/charges", hash=SHA1(), mask=SHA1(), pkcs1=True)  # noqa: S303 - the mistake
    assert sent(signer).mistakes[:2] == ("padding_pkcs1", "hash_other")


def test_an_alias_under_the_second_algorithm_is_named() -> None:
    signer = Signer(algorithm="AMZN-PAY-RSASSA-PSS-V2")
    signer.headers["x-amz-pay-region"] = "de"
    value = (
        f"{signer.algorithm} PublicKeyId=A,"
        f" SignedHeaders={';'.join(signer.headers)}, Signature={signer.signature()}"
    )
    explanation = sent(signer, authorization=value, headers={"x-amz-pay-region": "de"})
    assert explanation.name == "region_alias_under_v2"


def test_a_key_is_taken_in_every_form_in_which_files_hold_it() -> None:
    key = KEY.public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for form in (pem, pem.decode(), pem.decode().encode("utf-16"), der):
        assert sent(Signer(), public_key=form).name == "holds"


def test_a_key_that_is_none_is_refused() -> None:
    for key in ("no key", b"\xff", 7):
        given: Any = key
        with pytest.raises(InvalidRequest, match="public_key"):
            sent(Signer(), public_key=given)


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
