"""`amazonpay ipn send`: a notification of a test authority, for a local shop."""

from __future__ import annotations

import json
import re
from typing import Final, Literal

import click

from .failures import SAID_NO, Failure
from .ipn_server import serving_file
from .local import asked, shop_url
from .output import data, json_line, words
from .session import json_option

DEFAULT_PORT: Final = 8424

_SECONDS: Final = 15.0
_SUCCESS: Final = range(200, 300)
_UNTRUSTED: Final = (403, 503)
_MERCHANT: Final = "A1EXAMPLE"
_TOPIC: Final = "arn:aws:sns:us-east-1:291180941288:A3BXB0YN3XH17H"
_SANDBOX_ID: Final = re.compile(r"[SC][A-Za-z0-9-]{0,63}")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
# By the letter after the last dash of an id.
_TYPES: Final = {"C": "CHARGE", "R": "REFUND"}


@click.command()
@click.option("--to", required=True, metavar="URL", help="The shop, on this machine.")
@click.option(
    "--object-id",
    default="S01-0000000-0000000-C000000",
    show_default=True,
    metavar="ID",
    help="What has changed; an id of the sandbox.",
)
@click.option(
    "--object-type",
    metavar="TYPE",
    help="CHARGE_PERMISSION, CHARGE, REFUND or CHARGEBACK (default: by the id).",
)
@click.option("--merchant-id", default=_MERCHANT, show_default=True, metavar="ID")
@click.option(
    "--topic", metavar="ARN", help="The topic (default: the merchant's in the US)."
)
@click.option(
    "--message-id", metavar="UUID", help="Give one twice: it came before (default: new)"
)
@click.option(
    "--signature-version",
    type=click.Choice(["1", "2"]),
    default="1",
    show_default=True,
    help="1 is SHA-1, as Amazon Pay sends; 2 is SHA-256.",
)
@click.option(
    "--certificate-port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Where the certificate is served meanwhile.",
)
@click.option("--ca-file", metavar="FILE", help="The shop's TLS certificate.")
@json_option
@click.pass_context
def send(  # noqa: PLR0913 - one parameter for each option
    ctx: click.Context,
    *,
    to: str,
    object_id: str,
    object_type: str | None,
    merchant_id: str,
    topic: str | None,
    message_id: str | None,
    signature_version: Literal["1", "2"],
    certificate_port: int,
    ca_file: str | None,
    as_json: bool,
) -> None:
    """Send a notification to a shop on this machine, signed by a test authority.

    A verifier for Amazon refuses it, with 403 or 503. In development a shop takes it by
    verifier_for("http://localhost:8424", allowed_topics=[…]) of AmazonPay.testing. The
    keys are made for this one command. The exit status is 0 for an answer of 2xx, 1
    for another one, and 3 without an answer.
    """
    from ..testing import Authority, leaf_path

    url = shop_url(to)
    if _SANDBOX_ID.fullmatch(object_id) is None:
        raise click.UsageError("--object-id is an id of the sandbox: S01-… or C01-…")
    if message_id is not None and _MESSAGE_ID.fullmatch(message_id) is None:
        raise click.UsageError("--message-id is an id of letters, digits and dashes")
    kind = object_type or _TYPES.get(
        object_id.rpartition("-")[2][:1], "CHARGE_PERMISSION"
    )
    arn = topic or f"{_TOPIC}{merchant_id}"
    authority = Authority()
    body = authority.notification(
        kind,
        object_id,
        topic=arn,
        merchant_id=merchant_id,
        message_id=message_id,
        signature_version=signature_version,
    )
    path = leaf_path(authority.leaf)
    with serving_file(path, authority.leaf, certificate_port) as place:
        words(f"The certificate is at {place} while this runs. Topic: {arn}")
        status = _post(ctx, url, body, ca_file)
    told = {"status": status, "object_type": kind, "object_id": object_id, "topic": arn}
    if as_json:
        json_line(told)
    else:
        data(str(status))
    if status not in _SUCCESS:
        hint = (
            " A verifier for Amazon does this, because the authority is one for tests;"
            f" in development use AmazonPay.testing.verifier_for({place!r},"
            f" allowed_topics=[{arn!r}]). A shop beside a simulator trusts that one"
            " alone: `amazonpay sim resend` sends it a notification again"
            if status in _UNTRUSTED
            else ""
        )
        raise Failure(f"the shop answered {status}.{hint}", SAID_NO)


def _post(ctx: click.Context, url: str, body: bytes, ca_file: str | None) -> int:
    """Post as Amazon SNS does; return the status."""
    members: dict[str, str] = json.loads(body)
    headers = {
        "x-amz-sns-message-type": members["Type"],
        "x-amz-sns-message-id": members["MessageId"],
        "x-amz-sns-topic-arn": members["TopicArn"],
        "content-type": "text/plain; charset=UTF-8",
        "user-agent": "Amazon Simple Notification Service Agent",
    }
    answer = asked(
        ctx,
        "POST",
        url,
        headers=headers,
        content=body,
        ca_file=ca_file,
        seconds=_SECONDS,
        otherwise="no answer came from the shop{cause}",
    )
    return answer.status_code
