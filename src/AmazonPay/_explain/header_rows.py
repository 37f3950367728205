"""Mistakes in the signed headers of a canonical request."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from .._core.regions import REGIONS
from .model import BASIC, EXTENDED, Came, Mistake, SignedHeaders, parse_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_JSON = "application/json"
_TYPES = (
    f"{_JSON}; charset=utf-8",
    f"{_JSON};charset=utf-8",
    f"{_JSON}; charset=UTF-8",
    f"{_JSON};charset=UTF-8",
    "application/x-www-form-urlencoded",
    "text/plain",
    "",
)
_ACCEPTED = ("*/*", f"{_JSON}, text/plain, */*", f"{_JSON}, */*", "")
_DATE_FORMS = (
    BASIC,
    EXTENDED,
    "%Y-%m-%dT%H:%M:%S.000Z",
    "%Y-%m-%dT%H:%M:%S+00:00",
    "%Y%m%dT%H%M%S",
    "%Y%m%d",
    "%a, %d %b %Y %H:%M:%S GMT",
)
_SECONDS = (1, -1, 2, -2, 3, -3)
_HOURS = (1, 2, 9, -5, -8, -4, -7, *range(-12, 15))

_AS_SENT = "Sign the headers that are sent, with the same values."


def _changed(headers: SignedHeaders, name: str, value: str) -> SignedHeaders:
    lines = tuple((n, value if n.lower() == name else v) for n, v in headers.lines)
    return headers._replace(lines=lines)


def _values(
    name: str, values: Callable[[str], Iterable[str]]
) -> Callable[[Came, SignedHeaders], Iterator[SignedHeaders]]:
    """Return the variants that sign another value of one header."""

    def variants(_: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
        given = next((v for n, v in headers.lines if n.lower() == name), None)
        if given is not None:
            for value in values(given):
                yield _changed(headers, name, value)

    return variants


def _regions(given: str) -> Iterator[str]:
    here = REGIONS.get(given.lower())
    same = [name for name, region in REGIONS.items() if region is here]
    yield given.upper()
    yield from same
    for name in REGIONS:
        yield name
        yield name.upper()


def _hosts(_: str) -> Iterator[str]:
    hosts = dict.fromkeys(region.host for region in REGIONS.values())
    yield from hosts
    for host in hosts:
        yield f"https://{host}"
        yield f"{host}:443"


def _hosts_of_connection(came: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    name = "x-amz-pay-host"
    if any(n.lower() == name for n, _ in headers.lines):
        host = came.value("host")
        yield _changed(headers, name, host)
        yield _changed(headers, name, host.partition(":")[0])


def _date_forms(date: str) -> Iterator[str]:
    parsed = parse_date(date)
    if parsed is not None:
        for form in _DATE_FORMS:
            yield parsed.strftime(form)


def _moved(steps: Iterable[timedelta]) -> Callable[[str], Iterator[str]]:
    def values(date: str) -> Iterator[str]:
        parsed = parse_date(date)
        form = EXTENDED if "-" in date else BASIC
        if parsed is not None:
            with suppress(OverflowError):  # in the year 1 or 9999
                for step in steps:
                    yield (parsed + step).strftime(form)

    return values


def _as_written(came: Came) -> dict[str, str]:
    return {name.lower(): name for name in came.listed}


def _title(name: str) -> str:
    return "-".join([part.capitalize() for part in name.split("-")])


def _line_names(came: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    titles = {name: _title(name) for name, _ in headers.lines}
    for written in (_as_written(came), titles):
        lines = tuple((written.get(name, name), value) for name, value in headers.lines)
        yield headers._replace(lines=lines)
        if headers.names is not None:
            names = tuple(written.get(name, name) for name in headers.names)
            yield headers._replace(lines=lines, names=names)


def _listed_names(came: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    if headers.names is not None:
        written = _as_written(came)
        yield headers._replace(
            names=tuple(written.get(name, name) for name in headers.names)
        )
        yield headers._replace(names=tuple(map(_title, headers.names)))


def _orders(came: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    arrived = [name for name, _ in came.all_headers]
    for order in ([name.lower() for name in came.listed], arrived):
        place = {name: index for index, name in reversed([*enumerate(order)])}
        lines = tuple(sorted(headers.lines, key=lambda one: place.get(one[0], 99)))
        if headers.names is not None:
            names = tuple(sorted(headers.names, key=lambda one: place.get(one, 99)))
            yield headers._replace(lines=lines, names=names)
            yield headers._replace(names=names)
        yield headers._replace(lines=lines)


def _blank_after_colon(_: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    yield headers._replace(colon=": ")


def _no_blank_line(_: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    yield headers._replace(blank="")


def _more_blank_lines(_: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    yield headers._replace(blank="\n\n")


def _raw_values(came: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    raw: dict[str, str] = {}
    for name, value in came.all_headers:
        raw[name] = f"{raw[name]},{value}" if name in raw else value
    lines = tuple((name, raw.get(name.lower(), "")) for name, _ in headers.lines)
    yield headers._replace(lines=lines)
    joined = tuple((name, came.value(name.lower(), ", ")) for name, _ in headers.lines)
    yield headers._replace(lines=joined)


def _separators(_: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    for separator in (",", "; ", ", ", " "):
        yield headers._replace(separator=separator)
    yield headers._replace(end=";")


def _no_names(_: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    yield headers._replace(names=None)
    yield headers._replace(names=())


def _fewer(_: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    likely = {"x-amz-pay-idempotency-key": -2, "x-amz-pay-region": -1}
    for name, _value in sorted(headers.lines, key=lambda one: likely.get(one[0], 0)):
        lines = tuple(line for line in headers.lines if line[0] != name)
        yield headers._replace(lines=lines)
        if headers.names is not None:
            names = tuple(one for one in headers.names if one != name)
            yield headers._replace(lines=lines, names=names)


def _more(came: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    known = {name.lower() for name, _ in headers.lines}
    known |= {"authorization"}
    more = [name for name, _ in came.all_headers if name not in known]
    if headers.names is not None:
        for name in dict.fromkeys(more):
            lines = tuple(sorted((*headers.lines, (name, came.value(name)))))
            names = tuple(sorted((*headers.names, name)))
            yield headers._replace(lines=lines, names=names)
    for name in dict.fromkeys(more):
        lines = tuple(sorted((*headers.lines, (name, came.value(name)))))
        yield headers._replace(lines=lines)


def _empty(_: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    yield headers._replace(lines=(), names=())
    yield headers._replace(lines=())


def _other_case(_: Came, headers: SignedHeaders) -> Iterator[SignedHeaders]:
    lines = tuple((name, value.lower()) for name, value in headers.lines)
    yield headers._replace(lines=lines)


def _idempotency_keys(value: str) -> Iterator[str]:
    if re.fullmatch(r"[0-9a-fA-F]{32}", value):
        parts = (value[:8], value[8:12], value[12:16], value[16:20], value[20:])
        yield "-".join(parts)
    yield value.replace("-", "")
    yield value.upper()
    yield value.lower()


_row = partial(Mistake, part="headers")

ROWS: tuple[Mistake, ...] = (
    _row(
        "region_alias",
        "Another value of x-amz-pay-region was signed than the one that came.",
        "Aliases such as us, de and uk were mapped on one side only.",
        "Map the region to na, eu or jp first, then sign and send that.",
        _values("x-amz-pay-region", _regions),
        paired=3,
    ),
    _row(
        "host_of_region",
        "Another x-amz-pay-host was signed: another region's, or one with a scheme or a"
        " port.",
        "The host was built in two places.",
        "Sign the host name only, such as pay-api.amazon.eu, and send the same.",
        _values("x-amz-pay-host", _hosts),
        paired=2,
    ),
    _row(
        "host_of_connection",
        "The Host of the connection was signed as x-amz-pay-host.",
        "A proxy or a local server stands in place of Amazon's host.",
        _AS_SENT,
        _hosts_of_connection,
    ),
    _row(
        "content_type",
        "Another content-type was signed than the one that came.",
        "An HTTP library adds a charset, or sets its own type.",
        "Set content-type yourself, to application/json, and sign that.",
        _values("content-type", lambda _: (_JSON, *_TYPES)),
    ),
    _row(
        "accept",
        "Another accept was signed than the one that came.",
        "An HTTP library sets its own.",
        "Set accept yourself, to application/json, and sign that.",
        _values("accept", lambda _: (_JSON, *_ACCEPTED)),
    ),
    _row(
        "date_form",
        "The date was signed in another form than the one that came.",
        "The date was formatted twice.",
        "Format the date once, as yyyyMMddTHHmmssZ, and sign and send that text.",
        _values("x-amz-pay-date", _date_forms),
    ),
    _row(
        "date_twice",
        "The date that was signed is some seconds off the one that came.",
        "The clock was read twice: once to sign, once to send.",
        "Read the clock once, and sign and send that text.",
        _values("x-amz-pay-date", _moved([timedelta(seconds=one) for one in _SECONDS])),
        paired=4,
    ),
    _row(
        "date_local",
        "The date was signed in local time and sent in UTC, or the reverse.",
        "One of two formatters knows the time zone.",
        "Format the date once, in UTC, and sign and send that text.",
        _values("x-amz-pay-date", _moved([timedelta(hours=one) for one in _HOURS])),
        paired=2,
    ),
    _row(
        "idempotency_key",
        "The idempotency key was signed in another spelling than the one that came.",
        "A UUID was written with dashes or in another case on one side.",
        "Make the key once, at most 32 of A-Z a-z 0-9 - _, and sign and send it.",
        _values("x-amz-pay-idempotency-key", _idempotency_keys),
        paired=2,
    ),
    _row(
        "header_raw_values",
        "The values of headers were signed untrimmed, or joined in another way.",
        "They were taken as they are sent.",
        "Trim each value, make runs of blanks one blank, and join several by a comma.",
        _raw_values,
    ),
    _row(
        "header_value_case",
        "The values of headers were signed in lower case.",
        "Names are lower-cased; values stay as they are.",
        "Lower-case the names only.",
        _other_case,
    ),
    _row(
        "header_not_signed",
        "A header that SignedHeaders lists is not in what was signed.",
        "The header was added, and listed, after the canonical request was made.",
        "List in SignedHeaders what was signed, and nothing else.",
        _fewer,
        paired=2,
    ),
    _row(
        "header_not_listed",
        "A header was signed that SignedHeaders does not list.",
        "The list is fixed, and the headers are not.",
        "List every signed header in SignedHeaders.",
        _more,
        paired=4,
    ),
    _row(
        "headers_left_out",
        "No header at all was signed.",
        "The headers were added after the canonical request was made.",
        _AS_SENT,
        _empty,
    ),
    _row(
        "header_order",
        "The headers were signed in another order than the alphabet's.",
        "They were joined as they were given.",
        "Sort headers by their names in lower case, in the lines and in the list.",
        _orders,
        paired=2,
    ),
    _row(
        "header_name_case",
        "The names of the headers were signed with capitals.",
        "They were taken as they are sent; the canonical form has lower case.",
        "Write the names in lower case, in the lines and in the list.",
        _line_names,
        paired=2,
    ),
    _row(
        "signed_names_case",
        "The list of names in the canonical request has capitals.",
        "The list was taken as it stands in the authorization header.",
        "Write the list in lower case in both places.",
        _listed_names,
    ),
    _row(
        "header_blank_after_colon",
        "The lines of headers were signed with a blank after the colon.",
        "They were written as they look on the wire.",
        "Write name:value without a blank.",
        _blank_after_colon,
    ),
    _row(
        "header_no_blank_line",
        "The empty line after the headers is missing in the canonical request.",
        "Each line of a header ends with a line feed, and then one more follows.",
        "End each header's line with a line feed, and add an empty line.",
        _no_blank_line,
    ),
    _row(
        "header_more_blank_lines",
        "There is an empty line too many after the headers in the canonical request.",
        "Each line of a header ends with a line feed, and two more follow.",
        "End each header's line with a line feed, and add one empty line.",
        _more_blank_lines,
    ),
    _row(
        "signed_names_separator",
        "The list of names is joined by something else than a semicolon.",
        "Other lists of headers use commas.",
        "Join the names by ; without blanks.",
        _separators,
    ),
    _row(
        "signed_names_missing",
        "The list of names is missing in the canonical request.",
        "It stands in the authorization header, and in the canonical request, too.",
        "Write the list of names after the empty line.",
        _no_names,
    ),
)
