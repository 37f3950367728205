"""`amazonpay button`: sign a checkout button, and explain a signature."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import click

from ..errors import ConfigurationError, InvalidRequest
from . import credentials, key_files
from .failures import OK, SAID_NO
from .groups import Group
from .output import data, json_line, words
from .session import json_option

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from ..button import ButtonOptions


@click.group(cls=Group)
def button() -> None:
    """Sign a checkout button, or explain why its signature is refused.

    Nothing is sent, and no money moves.
    """


@button.command()
@click.argument("payload", metavar="FILE")
@click.option("--html", is_flag=True, help="Print the button for a page.")
@click.option("--merchant-id", metavar="ID", help="Needed for --html.")
@click.option("--product-type", help="PayAndShip (the default), PayOnly or SignIn.")
@credentials.credential_options
@json_option
@click.pass_context
def sign(  # noqa: PLR0913 - one parameter for each option
    ctx: click.Context,
    given: dict[str, Any],
    payload: str,
    *,
    html: bool,
    merchant_id: str | None,
    product_type: str | None,
    as_json: bool,
) -> None:
    """Sign the payload in FILE, and print the signature.

    The bytes of the file are signed as they are, but for a line end at its very end,
    which editors add: put exactly this text into the page. With --json, it is printed
    beside the signature, in the form that `button verify` reads.
    """
    text = _payload(payload)
    with credentials.client_from(ctx, given) as client:
        if html:
            if merchant_id is None:
                raise click.UsageError("--html needs a --merchant-id")
            options: dict[str, Any] = {"merchant_id": merchant_id}
            if product_type is not None:
                options["product_type"] = product_type
            made = client.button(text, **cast("ButtonOptions", options))
            page = made.html()
            if as_json:
                json_line({"html": page, "config": made.config()})
            else:
                data(page)
            return
        signature = client.generate_button_signature(text)
        if as_json:
            json_line(
                {
                    "payloadJSON": text.decode(),
                    "signature": signature,
                    "algorithm": client.algorithm,
                    "publicKeyId": client.public_key_id,
                }
            )
        else:
            data(signature)
            words(f"The page must name the algorithm, too: {client.algorithm}")


@button.command()
@click.argument("recorded", metavar="FILE")
@click.option(
    "--signature",
    metavar="TEXT",
    help="Then FILE is the payload of the page.",
)
@click.option("--public-key", metavar="FILE", help="The half that Seller Central has.")
@click.option("--signed", metavar="FILE", help="What you believe to have signed.")
@credentials.credential_options
@json_option
@click.pass_context
def verify(  # noqa: PLR0913 - one parameter for each option
    ctx: click.Context,
    given: dict[str, Any],
    recorded: str,
    *,
    signature: str | None,
    public_key: str | None,
    signed: str | None,
    as_json: bool,
) -> None:
    """Check the signature of a button, and explain why it is refused.

    FILE is the JSON of the button's configuration: payloadJSON, signature, algorithm;
    - reads stdin.
    The key is --public-key, or the public half of your private key. The exit status is
    1 if Amazon would refuse the button.
    """
    from .. import explain

    config = _config(recorded, signature)
    key_id, key = _public_key(given, public_key)
    is_other = key_id not in {None, config.get("publicKeyId", key_id)}
    found = explain.button(
        config["payloadJSON"],
        config["signature"],
        public_key=None if is_other else key,
        other_keys={str(key_id): key},
        algorithm=given["algorithm"] or config.get("algorithm", "AMZN-PAY-RSASSA-PSS"),
        signed=None if signed is None else _payload(signed),
        product_type=config.get("productType"),
    )
    if as_json:
        json_line(found.as_facts())
    else:
        data(str(found))
    ctx.exit(OK if found.name == "holds" else SAID_NO)


def _payload(path: str) -> bytes:
    held = key_files.read_input(path)
    return held.removesuffix(b"\n").removesuffix(b"\r")


def _config(path: str, signature: str | None) -> dict[str, str]:
    """Return the texts of a button's configuration, nested or not."""
    if signature is not None:
        return {
            "payloadJSON": _payload(path).decode(errors="replace"),
            "signature": signature,
        }
    held = key_files.read_input(path)
    try:
        parsed: Any = json.loads(held)
    except (ValueError, RecursionError):
        parsed = None
    members = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}
    for name in ("createCheckoutSessionConfig", "signInConfig", "config"):
        if isinstance(members.get(name), dict):
            members = {**members, **members[name]}
    texts = {name: one for name, one in members.items() if isinstance(one, str)}
    if not {"payloadJSON", "signature"} <= texts.keys():
        raise InvalidRequest(
            f"{path!r} is no button's configuration: it is a JSON object with the texts"
            " payloadJSON and signature. Or give the payload's file with --signature"
        )
    return texts


def _public_key(
    given: dict[str, Any], path: str | None
) -> tuple[str | None, RSAPublicKey]:
    """Return a public key, and its id if that is known."""
    from .._signing.private_key import load_private_key
    from .subject import subject_of

    if path is not None:
        return given["public_key_id"], key_files.read_public_key(path)
    subject = subject_of(given)
    if subject.private_key is None:
        raise ConfigurationError(
            "give the key by --public-key or --private-key, or name a --profile"
        )
    key = load_private_key(subject.private_key, key_files.password())
    return subject.text("public_key_id"), key.public_key()
