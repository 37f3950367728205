"""`python -m AmazonPay`, also installed as `amazonpay`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .cli.plain import COMMANDS, run_plain

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
        sys.stderr.write(
            "amazonpay needs click, which comes with the extra [cli]: pip install"
            " '.[cli]' in your checkout, or with the wheel's path in place of the dot;"
            f" without it there are {', '.join(COMMANDS)}\n"
        )
        return 2
    return run(line)


if __name__ == "__main__":
    sys.exit(main())
