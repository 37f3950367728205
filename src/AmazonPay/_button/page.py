"""The HTML and the JSON of a button, safe in a page whatever they hold."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

# In JSON these stand in strings only, where an escape means the same. Without them no
# text ends a script element, opens a comment, or leaves an attribute in single quotes.
_ESCAPED = {ord(one): f"\\u{ord(one):04x}" for one in "<>&'"}


def safe_json(value: object) -> str:
    """Return JSON in ASCII for a script element, or an attribute in single quotes."""
    return json.dumps(value).translate(_ESCAPED)


def button_html(  # noqa: PLR0913 - the parts of the page
    config: Mapping[str, object],
    script_url: str,
    *,
    element_id: str,
    nonce: str | None,
    session_id: str | None,
    handlers: str | None,
) -> str:
    """Return the elements that load `checkout.js` and render a button.

    Raises:
        InvalidRequest: the id, the nonce or the name cannot stand in a page.
    """
    _check("element_id", element_id, r"[A-Za-z][A-Za-z0-9_-]*")
    attribute = ""
    if nonce is not None:
        _check("nonce", nonce, r"[A-Za-z0-9+/_-]+={0,2}")
        attribute = f' nonce="{nonce}"'
    more: list[str] = []
    if session_id is not None:
        more.append(
            f"{{createCheckoutSession:function(){{return {safe_json(session_id)}}}}}"
        )
    if handlers is not None:
        _check("handlers", handlers, r"[A-Za-z_$][A-Za-z0-9_$]*")
        more.append(f"window[{safe_json(handlers)}]")
    options = safe_json(dict(config))
    if more:
        options = f"Object.assign({options},{','.join(more)})"
    return (
        f'<div id="{element_id}"></div>\n'
        f'<script{attribute} src="{html.escape(script_url)}"></script>\n'
        f"<script{attribute}>"
        f"amazon.Pay.renderButton({safe_json(f'#{element_id}')},{options});</script>\n"
    )


def _check(name: str, value: object, form: str) -> None:
    if not isinstance(value, str) or not re.fullmatch(form, value):
        raise InvalidRequest(f"{name} must have the form {form}")
