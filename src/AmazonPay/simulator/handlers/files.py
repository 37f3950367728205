"""Files, which are evidence in disputes: `amazon-pay-api-v2/file.html`."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from ...procedures.evidence import CONTENT_TYPES
from ...resources.files import Files
from ..engine.timestamps import format_timestamp
from ..wire import links
from ..wire.api_call import json_result
from ..wire.errors import APIRefusal
from ..wire.messages import HTTPResponse
from .registry import handles

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result
    from ..wire.messages import Request

KIND: Final = "file"
_CONTENTS = "fileContents"


def to_json(file: Record, url: str) -> dict[str, Any]:
    """Return a file in the form of the API."""
    return {
        "id": file["id"],
        "type": file["type"],
        "purpose": file["purpose"],
        # UNCONFIRMED: that size and time are null until the file is uploaded.
        "size": file["size"],
        "url": url,
        # UNCONFIRMED: which form of ISO 8601 it is; here that of most objects.
        "uploadTimestamp": file["uploaded"],
        "urlExpirationTimestamp": file["expires"],
    }


@handles(Files.upload_file)
def upload_file(context: Context, call: APICall) -> Result:
    """Answer Upload File: reserve a file, and create the link that takes its bytes."""
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
    return json_result(200, to_json(file, url))


def receive(context: Context, file: Record, request: Request) -> HTTPResponse:
    """Save the bytes of a file; a second upload replaces the first."""
    expected = CONTENT_TYPES[file["type"]]
    sent = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if sent != expected:
        raise APIRefusal("InvalidHeaderValue", f"The Content-Type must be {expected}")
    if len(request.body) > context.settings.largest_body:
        raise APIRefusal("InvalidRequest", "The file is too large")
    file["size"], file["uploaded"] = len(request.body), context.timestamp
    context.save(KIND, file)
    contents = b64encode(request.body).decode()
    context.save(_CONTENTS, {"id": file["id"], "contents": contents})
    context.add_story_row("file", None, id=file["id"], size=file["size"])
    return HTTPResponse(200)


def is_uploaded(context: Context, id_: str) -> bool:
    """Return whether a file exists and has its bytes."""
    file = context.find(KIND, id_)
    return file is not None and file["uploaded"] is not None
