"""Show a call of the story as code: Python with our client, curl, or a failing test."""

from __future__ import annotations

import shlex
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from ..wire.errors import APIRefusal, invalid_value
from ..wire.explanations import key_id_of
from . import canonical, retold
from .code import call_of, indented, literal
from .detail import row_of
from .lines import line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..actors.controls import Controls
    from ..engine.exchanges import Exchange
    from ..engine.store import HistoryRow

_OF_THE_CONNECTION: Final = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "transfer-encoding"}
)
_REGIONS: Final = ("na", "eu", "jp")


def copy(controls: Controls, number: int, form: str) -> dict[str, Any]:
    """Return a row of a call as code, and a note on what it does."""
    if form not in FORMS:
        raise invalid_value(f"The form is one of {', '.join(FORMS)}")
    row = row_of(controls, number)
    if row.kind != "request":
        raise invalid_value("Only the row of a call can be copied as code")
    text, note = FORMS[form](controls, row)
    return {"text": text, "note": note}


def exchange_of(controls: Controls, row: HistoryRow) -> Exchange:
    """Return a call as it was on the wire, or refuse one that is no longer kept."""
    found = controls.exchanges.find(row.facts["requestId"])
    if found is None:
        raise APIRefusal(
            "ResourceNotFound",
            f"The headers of row {row.number} are no longer kept: they stay in memory"
            " for the last calls only",
        )
    return found


def _python(controls: Controls, row: HistoryRow) -> tuple[str, str]:
    exchange = controls.exchanges.find(row.facts["requestId"])
    key_id = "SANDBOX-…"
    region = None
    if exchange is not None:
        found = key_id_of(exchange.request)
        key_id, region = found or key_id, exchange.request.header("x-amz-pay-region")
    merchant = controls.merchants.get(key_id)
    if merchant is not None:
        region = merchant.region or region
    said = line(row)
    result = " ".join(
        str(one) for one in (said.get("status"), said.get("code")) if one is not None
    )
    lines = [
        "from AmazonPay import Client",
        "",
        f"# Row {row.number} of the story; it was answered with {result or 'nothing'}.",
        "with Client(",
        f"    {literal(key_id)},",
        '    "private.pem",  # the private half of that key',
        f"    {literal(region or 'na')},",
        f"    endpoint_url={literal(controls.origin)},",
        ") as client:",
        f"    response = {indented(call_of(row.facts, exchange))}",
        "    print(response.status_code, response.text)",
        "",
    ]
    note = "The same call by our client, signed with your own key, under the same key."
    return "\n".join(lines), note


def _curl(controls: Controls, row: HistoryRow) -> tuple[str, str]:
    request = exchange_of(controls, row).request
    command = "curl -i"
    if controls.origin.startswith("https"):
        command += ' --cacert "$SSL_CERT_FILE"'
    if request.method != "GET":
        command += f" -X {shlex.quote(request.method)}"
    lines = [f"{command} {shlex.quote(controls.origin + request.target)}"]
    for name, value in request.headers:
        if name.lower() in _OF_THE_CONNECTION:
            continue
        if name.lower() in canonical.HIDDEN:
            lines.append(f'-H {shlex.quote(name)}": $SECRET"')
        else:
            given = f"{name}: {value}" if value else f"{name};"
            lines.append(f"-H {shlex.quote(given)}")
    if request.body:
        lines.append(f"--data-binary {_shell_text(request.body)}")
    note = (
        "The same bytes with their own signature. It holds as long as the date is"
        " accepted: for ever, or for 5 minutes under --profile hostile."
    )
    return " \\\n  ".join(lines) + "\n", note


def _shell_text(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\0"
    if text.startswith("@") or "\0" in text:
        return f"@<(base64 -d <<< {b64encode(body).decode()})"
    return shlex.quote(text)


FORMS: Final[dict[str, Callable[[Controls, HistoryRow], tuple[str, str]]]] = {
    "python": _python,
    "curl": _curl,
    "pytest": retold.as_test,
}
"""By the name of the form."""
