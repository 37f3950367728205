"""Upload a file as evidence for a Dispute: reserve a place, then send the bytes to it.

Amazon's page: `amazon-pay-api-v2/file.html`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from .._core.declare import procedure
from .._core.operation import ask
from .._core.steps import Flow, Transfer
from ..errors import InvalidRequest
from ..resources.files import File, Files
from ._answers import object_of, text_of

if TYPE_CHECKING:
    from ..resources.files import FileType

CONTENT_TYPES: dict[str, str] = {
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "jpg": "image/jpeg",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "pdf": "application/pdf",
    "png": "image/png",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The content types by file type, which is the ending of the file's name."""

_OTHER_ENDINGS = {"jpeg": "jpg"}


def _upload(source: Path, idempotency_key: str | None) -> Flow[File]:
    ending = source.suffix.removeprefix(".").lower()
    kind = _OTHER_ENDINGS.get(ending, ending)
    if kind not in CONTENT_TYPES:
        raise InvalidRequest(
            f"evidence is one of {', '.join(CONTENT_TYPES)}, by the file's ending"
        )
    if not source.is_file():
        raise InvalidRequest("the file of the evidence cannot be found")
    reserved = yield from ask(
        Files.upload_file,
        {"type": cast("FileType", kind), "purpose": "disputeEvidence"},
        idempotency_key=idempotency_key,
    )
    text_of(reserved, "id")
    yield Transfer(
        "PUT",
        text_of(reserved, "url"),
        content_type=CONTENT_TYPES[kind],
        source=source,
    )
    return object_of(reserved)


class Evidence:
    """The procedure that uploads evidence."""

    @procedure
    def upload_evidence(
        self, path: str | os.PathLike[str], *, idempotency_key: str | None = None
    ) -> Flow[File]:
        """Upload a file and return its place; its `id` is the `fileId` of an evidence.

        The ending of the name gives the type: csv, pdf, xls, xlsx, doc, docx, ods, jpg
        or png. The bytes are sent to a pre-signed link by an unsigned PUT. No money
        moves, and nothing is contested until `contest_dispute` gets the `fileId`.

        Errors: `InvalidRequest` for a missing file or another ending; what
        `upload_file` raises; `InvalidResponse` for an answer without id or link;
        `TransferFailed` if the link did not accept the bytes.
        Amazon's page: `amazon-pay-api-v2/file.html`.
        """
        return (yield from _upload(Path(path), idempotency_key))
