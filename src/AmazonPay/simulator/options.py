"""The options of `amazonpay simulate`."""

from __future__ import annotations

from .._core.command_lines import Parser

DEFAULT_PORT = 8421
PROFILE_NAMES = ("default", "hostile", "lenient")
"""Those of `PROFILES`, which the start does not wait for."""
_ABOUT = "`python -m AmazonPay simulate`: the simulator as a process of this machine."


def parser() -> Parser:
    """Return the parser of the command line."""
    made = Parser(prog="amazonpay simulate", description=_ABOUT)
    made.add_argument(
        "--public-key",
        action="append",
        default=[],
        metavar="ID=FILE",
        help="a key id and its public key (PEM); repeatable. Options follow with"
        " commas: ID=FILE,region=eu,currency=GBP,environment=sandbox,account=A1,"
        "domain=shop.example. Without any, a key pair is made",
    )
    made.add_argument(
        "--port",
        type=int,
        help=f"a port; 0 is any free one (default: {DEFAULT_PORT}, or the next free)",
    )
    made.add_argument(
        "--db",
        metavar="FILE",
        help="keep the state in a file, which survives kill -9 (default: in memory)",
    )
    made.add_argument(
        "--state",
        metavar="DIR",
        help="keep all in a folder from run to run: state, certificate authority, token"
        " and the generated key",
    )
    scheme = made.add_mutually_exclusive_group()
    scheme.add_argument("--tls", action="store_true", help="serve TLS")
    scheme.add_argument(
        "--http", action="store_true", help="serve plain http: the default on loopback"
    )
    made.add_argument(
        "--bind",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="listen on this address in place of 127.0.0.1, over TLS; repeatable. Every"
        " control call needs the token then",
    )
    made.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help="a host by which clients reach it, for the certificate; repeatable. Serves"
        " TLS, and every control call needs the token then",
    )
    made.add_argument(
        "--public-url",
        metavar="URL",
        help="where a browser reaches it, such as https://localhost:8421, if clients"
        " use another address: links to pages begin so",
    )
    made.add_argument(
        "--ipn-url",
        type=str,
        metavar="URL",
        help="send notifications to a shop on this machine, such as"
        " http://localhost:8000/ipn (default: none is sent)",
    )
    made.add_argument(
        "--ipn-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a host beyond this machine to which --ipn-url may lead; repeatable",
    )
    made.add_argument(
        "--profile",
        choices=PROFILE_NAMES,
        default="default",
        help="lenient forgives what may be no error, hostile does the worst that the"
        " documentation leaves open (default: default)",
    )
    made.add_argument(
        "--stored-answers",
        choices=("2xx", "2xx+4xx", "all"),
        default="2xx",
        help="which first answers an idempotency key repeats (default: 2xx)",
    )
    made.add_argument(
        "--headroom",
        type=int,
        default=1,
        metavar="N",
        help="multiply what a permission may be charged and a charge refunded, so that"
        " no limit hides a second payment (default: 1)",
    )
    made.add_argument(
        "--throttling",
        action="store_true",
        help="answer 429 above Amazon's published quotas",
    )
    made.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="repeat a run: the same calls meet the same faults and get the same ids"
        " (default: a new one, which is told)",
    )
    made.add_argument(
        "--json", action="store_true", help="tell where it is as one JSON object"
    )
    made.add_argument(
        "--observed",
        metavar="FILE",
        help="what `amazonpay conformance --json` has found out stands in the place of"
        " guesses",
    )
    return made
