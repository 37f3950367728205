"""`python -m AmazonPay`, also installed as `amazonpay`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .cli.plain import COMMANDS, interrupted, run_plain, run_without_click

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status, or exit with it.

    `operations` and `simulate` need no extra of their own; the others need `[cli]`.
    """
    line = sys.argv[1:] if argv is None else list(argv)
    if line and line[0] in COMMANDS:
        return run_plain(line[0], line[1:])
    try:
        from .cli.app import main as run
    except ModuleNotFoundError as missing:
        if missing.name != "click":
            raise
        return run_without_click(line)
    except KeyboardInterrupt:  # the commands handle it themselves
        return interrupted()
    return run(line)


if __name__ == "__main__":
    sys.exit(main())
