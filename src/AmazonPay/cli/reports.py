"""`amazonpay reports`: pull reports, match them with orders, and sum them up."""

from __future__ import annotations

import signal
import threading
from functools import partial
from typing import NoReturn

import click

from .groups import Group
from .reports_pull import pull
from .reports_reconcile import reconcile
from .reports_summary import summary

_ENDED_BY = 128
"""Added to a signal's number, it is the exit status of a command that it ends."""


@click.group(cls=Group)
@click.pass_context
def reports(ctx: click.Context) -> None:
    """Pull reports into a folder, match settlements with orders, and sum them up.

    None of these commands moves money or asks a question.
    """
    # Else their temporary files would stay, which hold ids and amounts of orders.
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has one of them
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _end)
                ctx.call_on_close(partial(signal.signal, number, signal.SIG_DFL))


def _end(number: int, _: object) -> NoReturn:
    raise SystemExit(_ENDED_BY + number)


for _command in (pull, reconcile, summary):
    reports.add_command(_command)
