"""Mistakes in the signature itself, in its key and scheme, and in its header."""

from __future__ import annotations

from functools import partial

from .model import Mistake

_row = partial(Mistake, variants=lambda _came, _part: (), part="signature")

_ONE_LINE = "Send the signature as base64 with padding, in one line."
_PSS = (
    "Sign with RSASSA-PSS, SHA-256, MGF1 with SHA-256, and a salt of 20 bytes for"
    " AMZN-PAY-RSASSA-PSS or of 32 for AMZN-PAY-RSASSA-PSS-V2."
)
_PAIR = "Name the id of the key that signs, or load the other private key."
_HEADER = (
    "Send `authorization: ALGORITHM PublicKeyId=…, SignedHeaders=…, Signature=…`, with"
    " a comma and a blank between the parts, and no quotes."
)

_TABLE = (
    _row(
        "authorization_missing",
        "The request came without an authorization header.",
        "A proxy, a redirect or the HTTP library has removed it, or it was never set.",
        _HEADER,
    ),
    _row(
        "authorization_malformed",
        "The authorization header does not have the documented form.",
        "A part is missing, in another order, quoted, or broken over lines.",
        _HEADER,
    ),
    _row(
        "algorithm_unknown",
        "The authorization header names an algorithm that Amazon Pay does not have.",
        "The name is misspelt, or that of another scheme.",
        "Name AMZN-PAY-RSASSA-PSS or AMZN-PAY-RSASSA-PSS-V2.",
    ),
    _row(
        "signed_header_missing",
        "SignedHeaders lists a header that did not come.",
        "A proxy or the HTTP library has removed it, or it was listed by habit.",
        "List in SignedHeaders what is sent, and send what is listed.",
    ),
    _row(
        "signature_not_base64",
        "The signature is not base64.",
        "It was cut, quoted, or written in another encoding.",
        _ONE_LINE,
    ),
    _row(
        "signature_wrapped",
        "The signature's base64 has line breaks or blanks in it.",
        "Some encoders break lines after 64 or 76 characters.",
        _ONE_LINE,
    ),
    _row(
        "signature_url_safe",
        "The signature is in the URL's base64, with - and _, or without padding.",
        "An encoder for tokens or URLs was used.",
        _ONE_LINE,
    ),
    _row(
        "signature_percent_encoded",
        "The signature is percent-encoded, or its + became blanks.",
        "It went through a URL or a form.",
        _ONE_LINE,
    ),
    _row(
        "signature_hex",
        "The signature is in hex, not in base64.",
        "The signing function writes hex.",
        _ONE_LINE,
    ),
    _row(
        "signature_encoded_twice",
        "The signature was encoded twice.",
        "The signing function writes base64 already, and it was encoded again.",
        "Encode the signature once.",
    ),
    _row(
        "signature_reversed",
        "The signature's bytes are in reverse order.",
        "Windows' CryptoAPI writes the last byte first.",
        "Reverse the bytes before encoding them.",
    ),
    _row(
        "signature_length",
        "The signature has another length than this key's signatures have.",
        "It was cut or wrapped on its way, or a key of another size made it.",
        "Compare the length with that of the key: a key of 2048 bit makes 256 bytes.",
    ),
    _row(
        "padding_pkcs1",
        "The key is right, the scheme is not: PKCS #1 v1.5 in place of PSS.",
        "It is what RSA means by default in most libraries (RS256, RSA-SHA256).",
        _PSS,
    ),
    _row(
        "hash_other",
        "The key is right, the hash is not: another one than SHA-256.",
        "The signing function has a default of its own.",
        _PSS,
    ),
    _row(
        "mask_hash",
        "The key is right, the mask is not: MGF1 has another hash than SHA-256.",
        "Java, phpseclib and others leave MGF1 at SHA-1 unless it is set.",
        _PSS,
    ),
    _row(
        "salt_length",
        "The key is right, the salt has another length than the algorithm's.",
        "The default of many libraries is 32, or as long as the key allows.",
        _PSS,
    ),
    _row(
        "key_other",
        "The private key that signed belongs to another key id than the one named.",
        "Key id and private key were taken from two pairs: two environments, accounts"
        " or generations of keys.",
        _PAIR,
    ),
    _row(
        "key_unknown",
        "No key known here made this signature, or it was altered on its way.",
        "Key id and private key are no pair, or a part of the signature was changed.",
        "Compare the public key of your private key (openssl pkey -pubout) with the one"
        " that is registered for this key id.",
    ),
    _row(
        "key_registered",
        "Amazon holds another public key for this key id than the one that fits yours.",
        "The private key belongs to another key id, or to another environment or"
        " account.",
        "In Seller Central, find the key id of your public key and name that one; or"
        " register a new pair.",
    ),
    _row(
        "key_or_salt",
        "Amazon computed the same string to sign, so neither the text nor the clock is"
        " wrong: it is the key pair, or the salt.",
        "The private key belongs to another key id; or the signer uses another salt"
        " length than the algorithm.",
        f"{_PSS} Then compare key id and key in Seller Central.",
    ),
    _row(
        "altered",
        "What reached Amazon is not what was signed and sent.",
        "A proxy, a gateway or an HTTP library has changed the request on its way.",
        "Send the request unchanged, past what changes it, or sign behind it.",
    ),
    _row(
        "altered_button",
        "The page's text is not the text that was signed.",
        "The payload was changed after signing: an amount, a URL, or its encoding.",
        "Sign again whenever the payload changes, and embed exactly that text.",
    ),
    _row(
        "date_in_future",
        "Your clock is fast; nothing else is wrong.",
        "Amazon takes no date in the future, not even by a second.",
        "Set the clock by NTP, or date requests two seconds back. A client of this"
        " package learns the offset by itself.",
    ),
    _row(
        "region_alias_under_v2",
        "The signature holds, but AMZN-PAY-RSASSA-PSS-V2 takes only the regions na, eu"
        " and jp.",
        "An alias such as us, de or uk was sent.",
        "Map the region to na, eu or jp first, then sign and send that.",
    ),
    _row(
        "payload_is_object",
        "The page posts the text of a JavaScript object, not the payload's text.",
        "payloadJSON was given an object; it must be a string.",
        "Pass the exact text that was signed, as Button.config() does.",
    ),
    _row(
        "payload_is_answer",
        "The text is an answer of the API, not a payload.",
        "The response of Create Checkout Session was passed as payloadJSON.",
        "Pass the signed payload; or use createCheckoutSession with the session's id.",
    ),
    _row(
        "sign_in_payload",
        "The signature holds, but sign-in and checkout are mixed up.",
        "A sign-in payload belongs to signInConfig and productType SignIn, a checkout"
        " payload to createCheckoutSessionConfig.",
        "Match the name of the configuration to the product type.",
    ),
)
ROWS = {row.name: row for row in _TABLE}
