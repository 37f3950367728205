"""`amazonpay doctor`: what is wrong with a configuration, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from .._core.command_lines import without_secrets
from .._core.config import Retry
from ..errors import AmazonPayError, ConfigurationError
from . import credentials, key_files, offline_checks, stored_checks
from .failures import NO_ANSWER, OK, SAID_NO, text_of
from .findings import Finding, unknown, wrong
from .online_check import online
from .output import data, json_line, words
from .recorded import about_records
from .session import json_option
from .subject import subject_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_LARGEST_RECORD = 64 * 1024 * 1024
"""In bytes; the HAR of a browser has whole pages."""

_MARKS = {"ok": "ok     ", "wrong": "WRONG  ", "unknown": "unknown"}


@click.command()
@credentials.credential_options
@click.option(
    "--public-key", metavar="FILE", help="The half that Seller Central has: PEM."
)
@click.option("--merchant-id", metavar="ID", help="Check that it is one.")
@click.option("--store-id", metavar="ID", help="Check that it is one.")
@click.option("--idempotency-key", metavar="KEY", help="Check that Amazon takes it.")
@click.option("--journal", metavar="FILE", help="Check that it can be read.")
@click.option("--table", metavar="NAME", help="The journal's table.")
@click.option("--inbox", metavar="FILE", help="Check that it can be read.")
@click.option(
    "--request",
    "request_file",
    metavar="FILE",
    help="A recorded request, whose signature is explained.",
)
@click.option(
    "--answer",
    "answer_file",
    metavar="FILE",
    help="Amazon's answer to it, or the answer alone.",
)
@click.option("--offline", is_flag=True, help="Ask no network.")
@json_option
@click.pass_context
def doctor(  # noqa: PLR0913 - one parameter for each option
    ctx: click.Context,
    given: dict[str, Any],
    *,
    public_key: str | None,
    merchant_id: str | None,
    store_id: str | None,
    idempotency_key: str | None,
    journal: str | None,
    table: str | None,
    inbox: str | None,
    request_file: str | None,
    answer_file: str | None,
    offline: bool,
    as_json: bool,
) -> None:
    """Say in plain words what is wrong with a configuration, and what to do.

    It looks at the options, or at the profile, or at the variables AMAZON_PAY_…; no
    secret is shown. Unless --offline is given, it also makes one signed GET of an id
    that cannot exist: a 404 proves key, environment and clock, and nothing moves.

    The exit status is 0 if nothing is wrong, 1 if something is, and 3 if Amazon gave no
    answer that proves it.
    """
    findings: list[Finding] = [offline_checks.package()]
    subject = subject_of(given)
    findings += subject.findings
    key, about_key = offline_checks.keys_of(subject)
    public, about_public = _public_key(public_key)
    findings += [
        offline_checks.key_id(subject),
        offline_checks.environment(subject),
        *about_key,
        *about_public,
        *offline_checks.pair(key, public),
        *offline_checks.other_ids(merchant_id, store_id),
        offline_checks.region(subject),
        *offline_checks.live_endpoint(subject),
        offline_checks.algorithm(subject),
        *offline_checks.idempotency_key(idempotency_key),
        *offline_checks.connection(subject),
        *stored_checks.journal(journal, table, offline=offline),
        *stored_checks.inbox(inbox, offline=offline),
    ]
    if public is None and key is not None:
        public = key.public_key()
    findings += about_records(
        _record(request_file),
        _record(answer_file),
        public,
        subject.text("public_key_id"),
    )
    findings += _last(ctx, given, findings, offline=offline)
    _print(findings, offline=offline, as_json=as_json)
    ctx.exit(_status(findings, offline=offline))


def _status(findings: list[Finding], *, offline: bool) -> int:
    if any(one.status == "wrong" for one in findings):
        return SAID_NO
    return NO_ANSWER if not offline and _lacks_answer(findings) else OK


def _lacks_answer(findings: list[Finding]) -> bool:
    return findings[-1].status == "unknown"  # what was asked last


def _record(path: str | None) -> bytes | None:
    return None if path is None else key_files.read_input(path, _LARGEST_RECORD)


def _public_key(path: str | None) -> tuple[RSAPublicKey | None, list[Finding]]:
    if path is None:
        return None, []
    try:
        return key_files.read_public_key(path), []
    except ConfigurationError as error:
        return None, [
            wrong("public key", str(error), "print it by: amazonpay keys show FILE")
        ]


def _last(
    ctx: click.Context, given: dict[str, Any], before: list[Finding], *, offline: bool
) -> Iterator[Finding]:
    """Build the client, which may find what no check has found, and make the call."""
    try:
        client = credentials.client_from(ctx, given, retry=Retry(attempts=1))
    except AmazonPayError as error:
        if all(one.status != "wrong" for one in before):
            yield wrong("client", f"it cannot be built: {text_of(error)}")
        yield unknown("answer", "not asked, because no client can be built")
        return
    with client:
        if offline:
            yield offline_checks.system_clock(datetime.now(UTC))
            yield unknown("answer", "not asked, because of --offline")
        else:
            yield from online(client)


def _print(findings: list[Finding], *, offline: bool, as_json: bool) -> None:
    problems = sum(one.status == "wrong" for one in findings)
    if as_json:
        json_line({"ok": not problems, "findings": [one.as_json() for one in findings]})
        return
    for one in findings:
        data(without_secrets(f"{_MARKS[one.status]}  {one.check}: {one.text}"))
        if one.fix:
            data(f"         do: {without_secrets(one.fix)}")
    if problems:
        words(f"{problems} {'thing is' if problems == 1 else 'things are'} wrong.")
    elif not offline and _lacks_answer(findings):
        words("Nothing that was checked is wrong, but no answer proves it.")
    else:
        words("Nothing is wrong.")
