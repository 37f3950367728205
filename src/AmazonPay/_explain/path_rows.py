"""Mistakes in the method, the path and the query of a canonical request."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from .model import Came, Mistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_METHODS = ("GET", "POST", "PATCH", "DELETE", "PUT")
_ENVIRONMENT = re.compile(r"^/(?:sandbox|live)(?=/)")
_HOSTS = ("pay-api.amazon.com", "pay-api.amazon.eu", "pay-api.amazon.jp")
_HEX = re.compile(r"%[0-9A-F]{2}")

_SIGN_THE_PATH = "Sign the path that is sent, from the host to the question mark."
_SIGN_THE_QUERY = (
    "Sign the query that is sent: each pair percent-encoded by RFC 3986, sorted, joined"
    " by &, without the question mark."
)


def _lower(_: Came, method: str) -> Iterator[str]:
    yield method.lower()
    yield method.capitalize()


def _other_methods(_: Came, method: str) -> Iterator[str]:
    likely = {"GET": "POST", "PATCH": "POST"}.get(method, "PATCH")
    yield likely
    yield from (one for one in _METHODS if one != method)


def _lower_hex(_: Came, text: str) -> Iterator[str]:
    yield _HEX.sub(lambda found: found[0].lower(), text)


def _decoded(_: Came, text: str) -> Iterator[str]:
    yield unquote(text, errors="replace")


def _without_environment(_: Came, path: str) -> Iterator[str]:
    yield _ENVIRONMENT.sub("", path)


def _other_environment(_: Came, path: str) -> Iterator[str]:
    for environment in ("sandbox", "live"):
        if _ENVIRONMENT.match(path):
            yield _ENVIRONMENT.sub(f"/{environment}", path)


def _with_environment(_: Came, path: str) -> Iterator[str]:
    if not _ENVIRONMENT.match(path):
        yield f"/sandbox{path}"
        yield f"/live{path}"


def _without_version(_: Came, path: str) -> Iterator[str]:
    yield re.sub(r"^(/sandbox|/live)?/v[0-9]", r"\1", path)
    yield re.sub(r"^(/sandbox|/live)?/v[0-9]", "", path)


def _other_version(_: Came, path: str) -> Iterator[str]:
    for version in ("v1", "v2"):
        yield re.sub(r"^(/sandbox|/live)?/v[0-9]", rf"\1/{version}", path)


def _trailing_slash(_: Came, path: str) -> Iterator[str]:
    yield path.removesuffix("/") if path.endswith("/") else f"{path}/"


def _with_query(came: Came, path: str) -> Iterator[str]:
    if came.raw_query:
        yield f"{path}?{came.raw_query}"
    yield f"{path}?"


def _with_host(came: Came, path: str) -> Iterator[str]:
    hosts = (came.value("x-amz-pay-host"), came.value("host"), *_HOSTS)
    yield from (f"https://{host}{path}" for host in hosts)
    for host in hosts:
        yield f"http://{host}{path}"
        yield f"{host}{path}"


def _encoded_twice(_: Came, text: str) -> Iterator[str]:
    yield text.replace("%", "%25")


def _encoded_whole(_: Came, path: str) -> Iterator[str]:
    yield quote(unquote(path), safe="")
    yield quote(path, safe="")


def _without_first_slash(_: Came, path: str) -> Iterator[str]:
    yield path.removeprefix("/")


def _not_normal(came: Came, path: str) -> Iterator[str]:
    yield came.raw_path
    yield f"/{path}"


def _root(_: Came, path: str) -> Iterator[str]:
    del path
    yield "/"
    yield ""


def _shorter(_: Came, path: str) -> Iterator[str]:
    parts = path.split("/")
    yield "/".join(parts[:-1])
    yield "/".join(parts[:-2])


def _other_case(_: Came, path: str) -> Iterator[str]:
    yield path.lower()


def _left_out(_: Came, query: str) -> Iterator[str]:
    del query
    yield ""


def _question_mark(_: Came, query: str) -> Iterator[str]:
    yield f"?{query}"


def _unsorted(came: Came, query: str) -> Iterator[str]:
    yield came.raw_query
    pairs = query.split("&")
    yield "&".join(reversed(pairs))


def _form_style(_: Came, query: str) -> Iterator[str]:
    yield query.replace("%20", "+")
    yield query.replace("%20", "+").replace("~", "%7E")


def _bare(characters: str) -> Callable[[Came, str], Iterator[str]]:
    def variants(_: Came, query: str) -> Iterator[str]:
        for one in characters:
            query = query.replace(quote(one, safe=""), one)
        yield query

    return variants


def _repeated_names(_: Came, query: str) -> Iterator[str]:
    pairs: list[str] = []
    for pair in query.split("&"):
        name, _sign, value = pair.partition("=")
        pairs += [f"{name}={one}" for one in value.split("%2C")]
    yield "&".join(pairs)
    yield "&".join(sorted(pairs))


_method = partial(Mistake, part="method")
_path = partial(Mistake, part="path")
_query = partial(Mistake, part="query")

ROWS: tuple[Mistake, ...] = (
    _method(
        "method_case",
        "The method was signed in lower case.",
        "Many HTTP libraries name methods in lower case.",
        "Write the method in upper case: GET, POST, PATCH, DELETE.",
        _lower,
    ),
    _method(
        "method_other",
        "Another method was signed than the one that was sent.",
        "One helper signs several calls; updates are PATCH, close and cancel DELETE.",
        "Sign the method that is sent.",
        _other_methods,
        paired=2,
    ),
    _path(
        "path_without_environment",
        "The path that was signed lacks the environment, /sandbox or /live.",
        "A key id without the prefix SANDBOX- or LIVE- has the environment in its path,"
        " and the path from there on was signed.",
        _SIGN_THE_PATH,
        _without_environment,
    ),
    _path(
        "path_other_environment",
        "The path was signed for the other environment: sandbox and live are swapped.",
        "The settings of the signer and of the HTTP call differ.",
        _SIGN_THE_PATH,
        _other_environment,
    ),
    _path(
        "path_with_environment",
        "The path was signed with /sandbox or /live, and sent without it.",
        "A key id that begins with SANDBOX or LIVE selects the environment; its paths"
        " begin with /v2.",
        _SIGN_THE_PATH,
        _with_environment,
    ),
    _path(
        "path_other_version",
        "The path was signed with another version of the API.",
        "Older samples use /v1.",
        _SIGN_THE_PATH,
        _other_version,
    ),
    _path(
        "path_without_version",
        "The path that was signed lacks its beginning, such as /v2.",
        "The base URL of an HTTP library holds the version, and only the rest was"
        " signed.",
        _SIGN_THE_PATH,
        _without_version,
    ),
    _path(
        "path_shorter",
        "The path was signed without its last part, such as an id, /capture or /close.",
        "The signer was given the path of the collection or of the object.",
        _SIGN_THE_PATH,
        _shorter,
    ),
    _path(
        "path_root",
        "The path was left out of what was signed.",
        "A URL without a path was given to the signer.",
        _SIGN_THE_PATH,
        _root,
    ),
    _path(
        "path_decoded",
        "The path was signed without its percent-encoding.",
        "The framework hands out decoded paths.",
        "Percent-encode each segment of the path once, and sign and send that.",
        _decoded,
    ),
    _path(
        "path_encoded_twice",
        "The path was percent-encoded twice before it was signed.",
        "An encoded path was encoded again, as the official .NET SDK does.",
        "Percent-encode each segment of the path once, and sign and send that.",
        _encoded_twice,
    ),
    _path(
        "path_hex_case",
        "The percent-encoding of the path was signed in lower case.",
        "Some encoders write %2f for %2F.",
        "Write percent-encoding in upper case.",
        _lower_hex,
    ),
    _path(
        "path_case",
        "The path was signed in lower case.",
        "A router or a setting has lowered it; paths and ids depend on case.",
        _SIGN_THE_PATH,
        _other_case,
    ),
    _path(
        "path_trailing_slash",
        "The path was signed with a slash at its end, and sent without it, or the"
        " reverse.",
        "HTTP libraries and proxies add or remove a last slash.",
        _SIGN_THE_PATH,
        _trailing_slash,
    ),
    _path(
        "path_without_first_slash",
        "The path was signed without its first slash.",
        "Base URL and path were joined by the slash that is missing.",
        _SIGN_THE_PATH,
        _without_first_slash,
    ),
    _path(
        "path_not_normal",
        "The path was signed with slashes in a row, or without percent-encoding.",
        "A base URL that ends with a slash was joined to a path that begins with one.",
        "Make runs of slashes one slash, and percent-encode each segment.",
        _not_normal,
    ),
    _path(
        "path_with_query",
        "The path was signed together with its query.",
        "The target of a request holds both; a canonical request has a line for each.",
        _SIGN_THE_PATH,
        _with_query,
    ),
    _path(
        "path_encoded_whole",
        "The slashes of the path were percent-encoded, too.",
        "The path was encoded as one text, not segment by segment.",
        "Percent-encode each segment of the path, and join them by slashes.",
        _encoded_whole,
    ),
    _path(
        "path_with_host",
        "The whole URL was signed in place of the path.",
        "The variable that holds the URL was taken.",
        _SIGN_THE_PATH,
        _with_host,
    ),
    _query(
        "query_repeated_names",
        "A list in the query was signed as a repeated name, and sent as one value.",
        "The official Java and .NET SDKs write k=a&k=b.",
        _SIGN_THE_QUERY,
        _repeated_names,
    ),
    _query(
        "query_order",
        "The query was signed in the order of the URL, not sorted.",
        "The parameters were joined as they were given.",
        _SIGN_THE_QUERY,
        _unsorted,
    ),
    _query(
        "query_plus",
        "Blanks in the query were signed as +.",
        "Encoders of forms write + for a blank.",
        "Write %20 for a blank.",
        _form_style,
    ),
    _query(
        "query_comma",
        "Commas in the query were signed bare.",
        "Lists are one value joined by commas, and each comma is %2C.",
        _SIGN_THE_QUERY,
        _bare(","),
    ),
    _query(
        "query_colon",
        "Colons, slashes or at signs in the query were signed bare.",
        "Encoders of URLs leave : / @ as they are in a query.",
        _SIGN_THE_QUERY,
        _bare(":/@"),
    ),
    _query(
        "query_javascript",
        "Characters such as ! * ' ( ) were signed bare in the query.",
        "encodeURIComponent of JavaScript leaves them as they are.",
        "Encode them, too: RFC 3986 leaves letters, digits, - . _ ~ only.",
        _bare("!*'()"),
    ),
    _query(
        "query_decoded",
        "The query was signed without its percent-encoding.",
        "The framework hands out decoded parameters.",
        _SIGN_THE_QUERY,
        _decoded,
    ),
    _query(
        "query_encoded_twice",
        "The query was percent-encoded twice before it was signed.",
        "An encoded query was encoded again.",
        _SIGN_THE_QUERY,
        _encoded_twice,
    ),
    _query(
        "query_hex_case",
        "The percent-encoding of the query was signed in lower case.",
        "Some encoders write %2c for %2C.",
        "Write percent-encoding in upper case.",
        _lower_hex,
    ),
    _query(
        "query_left_out",
        "The query was left out of what was signed.",
        "An older text of the documentation said that this line is always empty.",
        _SIGN_THE_QUERY,
        _left_out,
    ),
    _query(
        "query_question_mark",
        "The query was signed with its question mark.",
        "URL parsers of JavaScript and PHP keep it.",
        _SIGN_THE_QUERY,
        _question_mark,
    ),
)
