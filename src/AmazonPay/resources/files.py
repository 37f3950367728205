"""Files: evidence for a Dispute, reserved by a call and uploaded to a link.

Amazon's page: `amazon-pay-api-v2/file.html`.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict

from .._core.call import Body
from .._core.operation import operation
from ..response import Response

FileType: TypeAlias = Literal[
    "csv", "pdf", "xls", "xlsx", "doc", "docx", "ods", "jpg", "png"
]


class UploadFile(TypedDict, closed=True):
    """The kind of file to upload."""

    type: FileType
    purpose: Literal["disputeEvidence"]


class File(TypedDict):
    """A file, before or after its upload."""

    id: str
    """`file_…`: the `fileId` of an evidence."""
    type: FileType | str
    purpose: Literal["disputeEvidence"] | str
    size: NotRequired[int | None]
    """Bytes; that it is null before the upload is unconfirmed."""
    url: str
    """A pre-signed link for the upload; whoever has it can use it."""
    uploadTimestamp: str | None
    """That it is null before the upload is unconfirmed."""
    urlExpirationTimestamp: str


class Files:
    """The operation on files."""

    @operation(
        "POST",
        "/files",
        repeat="key",
        answers=(200,),
        page="amazon-pay-api-v2/file.html",
    )
    def upload_file(
        self, body: UploadFile | Body, *, idempotency_key: str | None = None
    ) -> Response[File]:
        """Reserve a file; then PUT its bytes to the answer's `url`.

        No money moves, and no bytes of the file are in this call. The PUT is unsigned
        and carries the `Content-Type` of the file's type.

        Errors: 400 `InvalidParameterValue`, `MissingParameterValue`,
        `DuplicateIdempotencyKey`.
        """
        ...
