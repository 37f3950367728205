"""Forms, cookies, pages and redirects: what passes between a browser and the pages."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from ..wire.errors import APIRefusal
from ..wire.messages import HTTPResponse

if TYPE_CHECKING:
    from jinja2 import Environment

    from ..wire.messages import Headers, Request

    Fields = dict[str, list[str]]

_MOST_FIELDS = 100
_FORM = "application/x-www-form-urlencoded"

# Ports of one machine share a cookie jar, so the name says whose it is.
COOKIE: Final = "amazonpay_simulator_buyer"

# Browsers apply `form-action` to redirects, too: a form ends at the shop, whose return
# URLs are https, or http://localhost.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none';"
    " frame-ancestors 'none';"
    " form-action 'self' https: http://localhost:* http://localhost"
)
_PAGE: Headers = (
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    # Without an Origin of their own, forms of these pages would be refused.
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
)

_STATIC = {
    "/checkout.js": ("checkout.js", "text/javascript; charset=utf-8"),
    "/checkout/buy_now.js": ("buy_now.js", "text/javascript; charset=utf-8"),
    "/checkout/pages.css": ("pages.css", "text/css; charset=utf-8"),
}


# What comes ---------------------------------------------------------------------------


def parse_fields(text: str) -> Fields:
    """Return the fields of a query or a form, by name.

    Raises:
        APIRefusal: the text is not in UTF-8, or has too many fields.
    """
    try:
        return parse_qs(
            text,
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise APIRefusal("InvalidRequestFormat", "The form cannot be read") from None


def form_of(request: Request) -> Fields:
    """Return the fields of a posted form.

    Raises:
        APIRefusal: the request is no form, or its fields cannot be read.
    """
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise APIRefusal("InvalidRequestFormat", f"A form is {_FORM}")
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        raise APIRefusal("InvalidRequestFormat", "The form cannot be read") from None
    return parse_fields(text)


def first(fields: Fields, name: str) -> str:
    """Return a field's first value; empty if it is not there."""
    return fields.get(name, [""])[0]


def number_in(text: str) -> int | None:
    """Return a small whole number, or None for any other text."""
    return int(text) if re.fullmatch(r"[0-9]{1,3}", text) else None


def signed_in_buyer(request: Request) -> int | None:
    """Return the number of the buyer whom this browser has signed in before."""
    found = re.search(
        rf"(?:^|[;,] ?){COOKIE}=([0-9]{{1,3}})(?:[;,]|$)",
        request.header("cookie") or "",
    )
    return int(found[1]) if found else None


# What goes ----------------------------------------------------------------------------


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(name: str, status: int = 200, **values: Any) -> HTTPResponse:  # noqa: ANN401 - what a template takes
    """Return the page of a template."""
    values = {"handler": None, **values}
    text = _templates().get_template(f"{name}.html").render(values)
    # Buy Now alone has a script: the shop's page answers to it.
    policy = f"{_POLICY}; script-src 'self'" if values["handler"] else _POLICY
    headers: Headers = (("content-security-policy", policy), *_PAGE)
    return HTTPResponse(status, text.encode(), headers)


def script(path: str) -> str:
    """Return the element of a script of our own, for a template to show as it is."""
    from markupsafe import Markup

    return Markup('<script src="{}"></script>').format(path)


def static_file(path: str) -> HTTPResponse | None:
    """Return the response with the script or style sheet at a path, else None."""
    if path not in _STATIC:
        return None
    name, kind = _STATIC[path]
    headers: Headers = (
        ("content-type", kind),
        ("cache-control", "no-cache"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
    )
    return HTTPResponse(200, _static(name), headers)


@cache
def _static(name: str) -> bytes:
    return files(__package__ or "").joinpath("static", name).read_bytes()


def redirect(url: str, cookie: str | None = None) -> HTTPResponse:
    """Return a redirect, which a browser follows by GET."""
    headers: Headers = (("location", url), ("cache-control", "no-store"))
    if cookie is not None:
        headers = (*headers, ("set-cookie", cookie))
    return HTTPResponse(303, b"", headers)


def remember(number: int) -> str:
    """Return the cookie that remembers a buyer until the browser is closed."""
    return f"{COOKIE}={number}; Path=/checkout; HttpOnly; SameSite=Lax"


def forget() -> HTTPResponse:
    """Return the response that signs a buyer out."""
    gone = f"{COOKIE}=; Path=/checkout; Max-Age=0; HttpOnly; SameSite=Lax"
    return HTTPResponse(204, b"", (("set-cookie", gone), ("cache-control", "no-store")))
