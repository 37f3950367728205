"""The exit statuses, and which one an error becomes.

| status | meaning |
|---|---|
| 0 | done, and nothing is wrong |
| 1 | Amazon or the journal said no, or a check found something |
| 2 | wrong command line or configuration; nothing was sent |
| 3 | no answer came, and nothing was carried out |
| 4 | the outcome is unknown: it may have been carried out |
| 130 | interrupted at the keyboard while nothing was under way |
"""

from __future__ import annotations

import contextlib
import errno
import sys
from typing import IO, TYPE_CHECKING, Any, Final

import click

from .._core.command_lines import without_secrets
from .._core.extras import how_to_install
from ..errors import (
    AmazonPayError,
    APIError,
    ConfigurationError,
    InvalidRequest,
    JournalConflict,
)
from .output import discard, words

if TYPE_CHECKING:
    from collections.abc import Generator

OK: Final = 0
SAID_NO: Final = 1
USAGE: Final = 2
NO_ANSWER: Final = 3
UNKNOWN: Final = 4
INTERRUPTED: Final = 130

_EXTRAS: Final = {
    "duckdb": "reports",
    "procrastinate": "queue",
    "psycopg": "queue",
    "rich": "cli",
    "sqlalchemy": "sqlalchemy",
}


# What errors for programmers call the options of a command.
_OPTIONS: Final = {
    "pass the file of its authority as verify=": "give its authority by --ca-file",
    "check endpoint_url": "check --endpoint-url",
    "pass sandbox=True": "give --sandbox",
    ", or pass trust_env=False": "",
    "verify takes the path": "--ca-file takes the path",
    "endpoint_url takes": "--endpoint-url takes",
    "endpoint_url must be": "--endpoint-url must be",
    "max_age is a positive timedelta": "--max-age is longer than 0s",
    "is not in allowed_topics.": "is not that of --topic.",
    "allowed_topics has whole ARNs of topics": "--topic takes the whole ARN of a topic",
    "is not JSON; see .content": "is not JSON; it is on stdout",
    "wrong private_key_password": "wrong AMAZON_PAY_PRIVATE_KEY_PASSWORD",
    "pass private_key_password": "set AMAZON_PAY_PRIVATE_KEY_PASSWORD",
    "pass AMAZON_PAY_PRIVATE_KEY_PASSWORD": "set AMAZON_PAY_PRIVATE_KEY_PASSWORD",
    "leave private_key_password out": "unset AMAZON_PAY_PRIVATE_KEY_PASSWORD",
}


def text_of(error: AmazonPayError) -> str:
    """Return the text of an error, with options in place of arguments."""
    from .._signing.key_forms import NEW_PAIR

    return with_options(str(error).replace(NEW_PAIR, "amazonpay keys new"))


def with_options(text: str) -> str:
    """Return a text for programmers with options in place of arguments."""
    for argument, option in _OPTIONS.items():
        text = text.replace(argument, option)
    return text


def missing_extra(missing: ModuleNotFoundError) -> str | None:
    """Return how to install the extra that brings a module; None if no extra does."""
    extra = _EXTRAS.get(missing.name or "")
    return extra and (
        f"this needs {missing.name}, which comes with the extra [{extra}]:"
        f" {how_to_install(extra)}"
    )


class Failure(click.ClickException):
    """Ends the command with words on stderr and an exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(without_secrets(message))
        vars(self).update(exit_code=status)  # click's own is one for the class

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the words to stderr."""
        del file
        words(f"amazonpay: {self.message}")


def status_of(error: AmazonPayError) -> int:
    """Return the exit status for an error of the package."""
    if error.outcome_unknown:
        return UNKNOWN
    if isinstance(error, (APIError, JournalConflict)):
        return SAID_NO
    if isinstance(error, (ConfigurationError, InvalidRequest)):
        return USAGE
    return NO_ANSWER


def _ended(error: OSError) -> Exception:
    """Return how a command ends whose output fails in click, such as its help."""
    if isinstance(error, BrokenPipeError):
        discard(sys.stdout)
        discard(sys.stderr)
        return click.exceptions.Exit(OK)
    if error.errno == errno.ENOSPC and error.filename is None:
        discard(sys.stdout)
        words(f"amazonpay: the output cannot be written: {error.strerror}")
        return click.exceptions.Exit(OK)
    return error


@contextlib.contextmanager
def as_exit_status() -> Generator[None]:
    """Turn what a command raises into words and an exit status, without a traceback."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        message = without_secrets(error.format_message())
        raise click.UsageError(message, error.ctx) from None
    except AmazonPayError as error:
        raise Failure(text_of(error), status_of(error)) from None
    except ModuleNotFoundError as missing:
        text = missing_extra(missing)
        if text is None:
            raise
        raise Failure(text, USAGE) from None
    except OSError as error:
        raise _ended(error) from None
    except KeyboardInterrupt:
        raise Failure("interrupted", INTERRUPTED) from None
    except click.Abort:
        raise Failure("not confirmed: nothing was sent", USAGE) from None
