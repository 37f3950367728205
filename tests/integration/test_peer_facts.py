"""What the README says of other clients, read in their source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PEERS = ROOT / ".venv-peer" / "lib"
NODE = ROOT / "tests" / "support" / "node" / "node_modules" / "@amazonpay"


def source(pattern: str, below: Path = PEERS) -> str:
    (found,) = below.glob(pattern)
    return found.read_text(encoding="utf-8")


def row(first: str) -> list[str]:
    """Return the cells of a row of the README's comparison."""
    found = re.search(rf"^\| {re.escape(first)} \|(.*)\|$", README, re.MULTILINE)
    assert found is not None
    return [cell.strip() for cell in found[1].split("|")]


def calls_of(text: str, sender: str) -> list[str]:
    """Return the public methods that send a request of their own."""
    return [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and re.search(rf"self\.{sender}\(", ast.unparse(node))
    ]


@pytest.mark.parametrize(
    ("column", "pattern", "sender"),
    [
        (1, "*/site-packages/AmazonPay/client.py", "request"),
        (2, "*/site-packages/amazon_pay_v2/api.py", "_call"),
    ],
    ids=["AmazonPayClient", "amazon-pay-v2"],
)
def test_the_operations_of_the_others_are_counted(
    column: int, pattern: str, sender: str
) -> None:
    text = source(pattern)
    assert row("operations")[column].startswith(f"{len(calls_of(text, sender))},")
    for word in ("timeout", "async def", "SigningCertURL"):
        assert word not in text


def test_amazonpayclient_makes_a_key_in_each_call_at_the_line_that_is_named() -> None:
    lines = source("*/site-packages/AmazonPay/client.py").splitlines()
    cell = row("a repeat after a lost answer")[1]
    (line,) = map(int, re.findall(r"line (\d+)", cell))
    assert "uuid.uuid4()" in "".join(lines[line - 1 : line + 1])
    (sent,) = map(int, re.findall(r"line (\d+)", row("time-outs")[1]))
    assert "requests.request(" in lines[sent - 1]


def test_the_operations_of_amazons_sdk_for_node_are_counted() -> None:
    text = source("*/src/client.js", NODE)
    method = re.compile(r"^ +(?:async )?(\w+)\s*\([^)]*\)\s*\{", re.MULTILINE)
    methods = set(method.findall(text)) - {"constructor", "if"}
    methods -= {"apiCall", "getSignedHeaders", "generateButtonSignature"}
    assert row("operations")[3].startswith(f"{len(methods)}:")
    assert not [one for one in methods if re.search("disburse|store", one.lower())]
    assert "SigningCertURL" not in text
