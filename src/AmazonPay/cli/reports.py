"""`amazonpay reports`: pull reports, match them with orders, and sum them up."""

from __future__ import annotations

import click

from .groups import Group
from .reports_pull import pull
from .reports_reconcile import reconcile
from .reports_summary import summary


@click.group(cls=Group)
def reports() -> None:
    """Pull reports into a folder, match settlements with orders, and sum them up.

    None of these commands moves money or asks a question.
    """


for _command in (pull, reconcile, summary):
    reports.add_command(_command)
