"""Mistakes in a body or a payload: another text of the same JSON was signed."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from base64 import b64encode
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from . import json_text
from .model import Came, Mistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_ONCE = (
    "Encode once, keep those bytes, and sign and send them: json.dumps once, then"
    " content=body (not json=payload). A client of this package does so."
)
_ENCODED_TWICE = (
    "The object was encoded twice: once to sign it, and again by an HTTP library, a"
    " template or another language when it was sent."
)


def _rewriting(
    change: Callable[[str], Iterable[str]], *, only_json: bool = True
) -> Callable[[Came, object], Iterator[bytes]]:
    """Return the variants that rewrite a body's text."""

    def variants(came: Came, value: object) -> Iterator[bytes]:
        text = came.text(value)
        if text is not None and (text.pieces or not only_json):
            for changed in change(text.text):
                yield changed.encode(errors="surrogatepass")

    return variants


def _restructuring(
    *changes: Callable[[json_text.Node], json_text.Node],
) -> Callable[[Came, object], Iterator[bytes]]:
    """Return the variants that change a body's structure, and keep its style."""

    def variants(came: Came, value: object) -> Iterator[bytes]:
        text = came.text(value)
        if text is not None and text.pieces:
            for change in changes:
                pieces = json_text.flat(change(text.tree))
                # Other white space alone is another mistake.
                if pieces != text.pieces:
                    changed = json_text.written(pieces, text.style)
                    yield changed.encode(errors="surrogatepass")

    return variants


def _styles(came: Came, value: object) -> Iterator[bytes]:
    text = came.text(value)
    if text is not None and text.pieces:
        for style in json_text.STYLES:
            written = json_text.written(text.pieces, style)
            yield written.encode(errors="surrogatepass")


# In JSON, what these three change stands in strings alone.
def _escapes(text: str) -> Iterator[str]:
    yield json_text.escaped(text)
    yield json_text.unescaped(text)
    yield json_text.escaped(text, "04X")


def _slashes(text: str) -> Iterator[str]:
    yield text.replace("/", "\\/")
    yield text.replace("\\/", "/")


_MARKUP = ("<", ">", "&", "'", "+")
_MARKUP_CODE = re.compile(
    rf"\\u({'|'.join(f'{ord(one):04x}' for one in _MARKUP)})", re.IGNORECASE
)


def _markup_escapes(text: str) -> Iterator[str]:
    for chosen in (_MARKUP[:3], _MARKUP[:4], _MARKUP):
        for form in ("04x", "04X"):
            codes = {ord(one): f"\\u{ord(one):{form}}" for one in chosen}
            if "+" in chosen:  # which stands in numbers, too: 1e+5
                yield json_text.with_strings(text, partial(_translated, codes))
            else:
                yield text.translate(codes)
    yield _MARKUP_CODE.sub(lambda found: chr(int(found[1], 16)), text)


def _translated(codes: dict[int, str], string: str) -> str:
    return string.translate(codes)


def _line_ends(text: str) -> Iterator[str]:
    yield from (f"{text}\n", f"{text}\r\n", f"{text} ", text.strip())


def _carriage_returns(text: str) -> Iterator[str]:
    yield text.replace("\r\n", "\n")
    yield re.sub(r"(?<!\r)\n", "\r\n", text)
    yield re.sub(r"[\r\n]", "", text)


def _javascript(text: str) -> Iterator[str]:
    r"""Yield texts of which the literal '…' of JavaScript makes this one."""
    yield text.replace("\\", "\\\\")
    # Quotes inside of strings have lost their backslash.
    inner = re.sub(r'(?<![{\[,:\s])"(?!\s*[,:}\]])|(?<=\S )"(?=\w)', r"\"", text)
    inner = inner.replace("\t", "\\t").replace("\r", "\\r")
    yield inner.replace("\n", "\\n")
    yield inner.replace("\n", "\\n").replace("/", "\\/")


def _stripped(text: str) -> Iterator[str]:
    """Yield what PHP's `stripcslashes` and `stripslashes` make of a text."""
    yield re.sub(r"\\(.)", r"\1", text)
    named = {"n": "\n", "t": "\t", "r": "\r"}
    yield re.sub(r"\\(.)", lambda found: named.get(found[1], found[1]), text)


def _markup(text: str) -> Iterator[str]:
    yield from (html.unescape(text), html.escape(text), html.escape(text, quote=False))
    yield text.replace('"', "&quot;")


def _other_encodings(came: Came, value: object) -> Iterator[bytes]:
    text = came.text(value)
    for encoding in ("latin-1", "cp1252", "cp932", "utf-16-le", "utf-16"):
        if text is not None:
            try:
                yield text.text.encode(encoding)
            except UnicodeEncodeError:
                continue
    if text is not None and isinstance(value, bytes):
        yield value.decode("latin-1").encode()


def _byte_order_mark(_: Came, value: object) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield b"\xef\xbb\xbf" + value
        yield value.removeprefix(b"\xef\xbb\xbf")


def _normal_forms(text: str) -> Iterator[str]:
    yield unicodedata.normalize("NFC", text)
    yield unicodedata.normalize("NFD", text)


_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_NUMBER_FORMS: tuple[Callable[[float], str], ...] = (
    repr,
    lambda value: repr(value).removesuffix(".0"),
    lambda value: f"{value:.2f}",
)


def _number(form: Callable[[float], str], token: str, _: str) -> str:
    return form(float(token)) if _NUMBER.fullmatch(token) else token


_AMOUNT_FORMS: tuple[Callable[[str], str], ...] = (
    lambda bare: repr(float(bare)),
    str,
    lambda bare: f'"{bare}"',
    lambda bare: f'"{float(bare):.2f}"',
    lambda bare: f'"{float(bare)!r}"',
    lambda bare: f'"{bare.removesuffix(".00")}"',
)


def _amount(form: Callable[[str], str], token: str, name: str) -> str:
    bare = token.strip('"')
    known = name in {"amount", "value"} and _NUMBER.fullmatch(bare)
    return form(bare) if known else token


def _scaled(
    change: Callable[[Any, str, str], str], form: Callable[[Any], str]
) -> Callable[[json_text.Node], json_text.Node]:
    return partial(json_text.with_scalars, change=partial(change, form))


def _is_null(node: json_text.Node) -> bool:
    return node == "null"


def _is_empty(node: json_text.Node) -> bool:
    return node in ({}, [])


def _is_nothing(node: json_text.Node) -> bool:
    return node in ({}, [], '""', "null")


_EMPTY = re.compile(r'"(?:[^"\\]|\\.)*"|\{\}|\[\]')


def _empty_lists(text: str) -> Iterator[str]:
    for swapped in ({"{}": "[]"}, {"[]": "{}"}):
        yield _EMPTY.sub(partial(_swapped, swapped), text)


def _swapped(swapped: dict[str, str], found: re.Match[str]) -> str:
    return swapped.get(found[0], found[0])


def _python_text(text: str) -> Iterator[str]:
    yield str(json.loads(text))


def _as_string(text: str) -> Iterator[str]:
    yield json.dumps(text)
    yield json.dumps(text, ensure_ascii=False)
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(inner, str):
        yield inner


def _form(text: str) -> Iterator[str]:
    yield quote(text, safe="")
    yield quote(text, safe="!'()*")
    yield b64encode(text.encode(errors="surrogatepass")).decode()


def _nothing(_: Came, value: object) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield from (b"", b"{}", b"null", b"[]")


_ENCODING = "Sign and send the text as UTF-8, as it is."
_EMBED = (
    "Put the signed text into the page as a JSON literal of JavaScript, made by a JSON"
    " encoder; Button.html() and Button.json() do so."
)


_row = partial(Mistake, part="body")

ROWS: tuple[Mistake, ...] = (
    _row(
        "body_amounts",
        'The JSON that was signed writes an amount in another way, such as 100, "100"'
        ' and "100.00".',
        "The amount was formatted again after the text was signed.",
        "Format the amount first, then encode once.",
        _restructuring(*(_scaled(_amount, form) for form in _AMOUNT_FORMS)),
        paired=2,
    ),
    _row(
        "body_numbers",
        "The JSON that was signed writes its numbers in another way, such as 14 and"
        " 14.0.",
        "The JSON was read and written again: JavaScript drops .0, Python adds it.",
        _ONCE,
        _restructuring(*(_scaled(_number, form) for form in _NUMBER_FORMS)),
    ),
    _row(
        "body_empty_members",
        "Members that are null or empty were left out after signing, or before.",
        "A serialiser is set to skip them, as the official .NET SDK's is.",
        _ONCE,
        _restructuring(
            *(
                partial(json_text.without, dropped=dropped)
                for dropped in (_is_null, _is_empty, _is_nothing)
            )
        ),
    ),
    _row(
        "body_empty_lists",
        "An empty object was signed as an empty list, or the reverse.",
        "PHP writes [] for an empty array.",
        "Cast it to an object, or leave the member out.",
        _rewriting(_empty_lists),
    ),
    _row(
        "body_member_order",
        "The JSON that was signed has its members in sorted order; the JSON that came"
        " has not.",
        "One of two encoders sorts members (sort_keys).",
        _ONCE,
        _restructuring(json_text.sorted_members),
    ),
    _row(
        "body_white_space",
        "The JSON that was signed has other white space than the JSON that came.",
        _ENCODED_TWICE,
        _ONCE,
        _styles,
        paired=4,
    ),
    _row(
        "body_escapes",
        "The JSON that was signed writes characters beyond ASCII in another way, as"
        " \\uXXXX or plain, than the JSON that came.",
        _ENCODED_TWICE,
        _ONCE,
        _rewriting(_escapes),
    ),
    _row(
        "body_markup_escapes",
        "The JSON that was signed escapes < > & ' + in another way than the JSON that"
        " came.",
        "Go, .NET and template filters write them as \\u003c; most encoders do not.",
        _ONCE,
        _rewriting(_markup_escapes),
    ),
    _row(
        "body_slashes",
        "The text that was signed has \\/ where / came, or the reverse.",
        "PHP's json_encode writes \\/, and JavaScript reads it as / in a literal.",
        "Emit plain slashes (JSON_UNESCAPED_SLASHES); for a button take Button.html().",
        _rewriting(_slashes),
    ),
    _row(
        "body_normal_form",
        "The text that was signed composes its accents in another way (NFC, NFD).",
        "A file system, a database or a form has normalised the text.",
        _ONCE,
        _rewriting(_normal_forms),
    ),
    _row(
        "body_of_python",
        "The text of the Python object was signed, not its JSON.",
        "str(payload) or an f-string writes 'single' quotes, True and None.",
        _ONCE,
        _rewriting(_python_text),
    ),
    _row(
        "payload_in_javascript",
        "The text that was signed has backslashes that the page's JavaScript removed.",
        "The payload stands in the page between quotes: JavaScript resolves each"
        " backslash in a literal before the text is posted.",
        _EMBED,
        _rewriting(_javascript, only_json=False),
    ),
    _row(
        "body_stripped_slashes",
        "Backslashes were stripped from the text before it was signed.",
        "stripslashes or stripcslashes was called, as the official PHP SDK does.",
        "Sign the text as it is.",
        _rewriting(_stripped),
    ),
    _row(
        "payload_as_html",
        "The text was escaped for HTML (&quot; and the like) on one side only.",
        "A template escapes what it prints, and a script element does not undo that.",
        _EMBED,
        _rewriting(_markup, only_json=False),
    ),
    _row(
        "body_as_string",
        'The JSON was encoded as a JSON string on one side: "{…}" and {…}.',
        "Text that was JSON already was given to a JSON encoder.",
        _ONCE,
        _rewriting(_as_string, only_json=False),
    ),
    _row(
        "body_end",
        "The text that was signed ends with a line feed or a blank that did not come,"
        " or the reverse.",
        "A file, a shell or a template adds a line feed, or something strips it.",
        _ONCE,
        _rewriting(_line_ends),
    ),
    _row(
        "body_line_feeds",
        "The text that was signed has other line ends than the text that came.",
        "A form turns line feeds into CR LF when it is posted; editors do it, too.",
        "Sign JSON without line feeds.",
        _rewriting(_carriage_returns, only_json=False),
    ),
    _row(
        "body_percent_encoded",
        "The text was signed in percent-encoding or base64.",
        "It was encoded for a URL or a form before it was signed.",
        "Sign the text as it is.",
        _rewriting(_form),
    ),
    _row(
        "body_byte_order_mark",
        "A byte order mark stands before the text on one side only.",
        "An editor wrote it into a file, or utf-8-sig was used.",
        _ENCODING,
        _byte_order_mark,
    ),
    _row(
        "body_encoding",
        "The text was signed in another encoding than UTF-8, or sent in one.",
        "A string was turned into bytes with a default encoding.",
        _ENCODING,
        _other_encodings,
    ),
    _row(
        "body_left_out",
        "The signature covers no body, or an empty one, and a body came.",
        "The hash of an empty text belongs to GET only: every POST, PATCH and DELETE"
        " with a body signs the bytes that it sends.",
        "Hash the bytes of the body that is sent.",
        _nothing,
    ),
)
