"""Files, which are evidence for disputes: `amazon-pay-api-v2/file.html`."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from ...procedures.evidence import CONTENT_TYPES
from ..engine.timestamps import format_timestamp
from ..wire import links
from ..wire.api_call import Raw
from ..wire.errors import APIRefusal

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result
    from ..wire.messages import Request

KIND: Final = "file"
_CONTENTS = "fileContents"


def to_json(file: Record, url: str) -> dict[str, Any]:
    """Write a file's place; size and time are null until its bytes come (unconfirmed).

    The form of the times is unconfirmed, too: it is the one of most other objects.
    """
    return {
        "id": file["id"],
        "type": file["type"],
        "purpose": file["purpose"],
        "size": file["size"],
        "url": url,
        "uploadTimestamp": file["uploaded"],
        "urlExpirationTimestamp": file["expires"],
    }


def upload_file(context: Context, call: APICall) -> Result:
    """Answer Upload File: a place, and the link to send the bytes to."""
    life = context.settings.upload_link_life
    file: Record = {
        "id": context.ids.file(),
        "type": call.body["type"],
        "purpose": call.body["purpose"],
        "size": None,
        "uploaded": None,
        "expires": format_timestamp(context.now + life),
    }
    context.save(KIND, file)
    url = links.create_link(context, call, "PUT", KIND, file["id"], life)
    return 200, to_json(file, url)


def receive(context: Context, file: Record, request: Request) -> Result:
    """Take a file's bytes; sent again, the last ones count, as in a store of files."""
    expected = CONTENT_TYPES[file["type"]]
    sent = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if sent != expected:
        raise APIRefusal("InvalidHeaderValue", f"The Content-Type must be {expected}")
    if len(request.body) > context.settings.largest_body:
        raise APIRefusal("InvalidRequest", "The file is too large")
    file["size"], file["uploaded"] = len(request.body), format_timestamp(context.now)
    context.save(KIND, file)
    contents = b64encode(request.body).decode()
    context.save(_CONTENTS, {"id": file["id"], "contents": contents})
    context.add_history("file", None, id=file["id"], size=file["size"])
    return 200, Raw()


def is_uploaded(context: Context, id_: str) -> bool:
    """Whether a file exists and its bytes have come."""
    file = context.find(KIND, id_)
    return file is not None and file["uploaded"] is not None
