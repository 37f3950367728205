"""Every Python sample of our docs, run as printed; the README is a guide."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from keys import KEY
from redis_server import redis_server, socket_path
from shop import Shop, amazon
from unmeasured import unmeasured

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "reasons").glob("*.md")),
]
BLOCK = re.compile(
    r"(?<!-->\n)(?:<!-- sample: (\w+) -->\n)?```python\n(.*?)```", re.DOTALL
)

# Examples have tests of their own.
EXAMPLES = {path.read_text("utf-8") for path in (ROOT / "examples").glob("*.py")}

FOUND = [
    (page.name, name, code)
    for page in PAGES
    for name, code in BLOCK.findall(page.read_text(encoding="utf-8"))
    if code not in EXAMPLES
]
# A sample that is a test is run by pytest; those of one name make one file.
TESTS: dict[str, str] = {}
for _, found, part in FOUND:
    if found.startswith("test_"):
        TESTS[found] = f"{TESTS[found]}\n\n{part}" if found in TESTS else part
SAMPLES = [
    pytest.param(name, code, id=f"{page}:{name}")
    for page, name, code in FOUND
    if name not in TESTS
]

# What a sample prints; Amazon knows the shop's key, and no charge yet.
PRINTS = {
    "configuration": "",
    "charge": r"404 ResourceNotFound False\n",
    "options": r"404 ResourceNotFound\n",
    "async": r"404 ResourceNotFound\n",
    "button": "",
    "checkout_button": r"<div id=.AmazonPayButton.></div>\n(<script nonce=.*\n){2}\n",
    "sign_in_button": r"\['payloadJSON', 'signature', 'publicKeyId', 'algorithm'\]\n",
    "session_button": r"\{'url': '/pay/create-session'\}\n",
    "explain": r"Amazon holds another public key .*\n",
    "explain_button": r"body_white_space True\nfirst difference at byte 11 .*\n",
    "profile": r"201 3\n",
    "pacing": r"(404\n){6}",
    "redis": r"404\n",
    "breaker": r"201\n",
    "once": r"not paid: ResourceNotFound\n",
    "database": r"\[\]\n",
    "abandon": "",
    "views": r"True \['create_refund', 'get_charge'\]\n",
    "served": r"Completed\n",
    "outcomes": r"502\n",
    "frameworks_times": r"404\n",
    "namespace": r"shop/sandbox\n",
    "types": r"\{'chargeId': '.*', 'currencyCode': 'USD'\}\}\nResourceNotFound\n",
    "states": r"Captured\nUnknown\n",
    "settlement": r"2026-05-17T15:48:50 \+0000\n\(.*\)\nCapture 1234.00\nTrans.*\n",
    "receive": r"\[\]\n",
    "process": r"\[\]\n",
    "authority": r"S01-0000000-0000000-C000000\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path, KEY)
    shop.prepare()
    return shop


@pytest.mark.parametrize(("name", "code"), SAMPLES)
def test_a_sample_runs_as_printed(name: str, code: str, shop: Shop) -> None:
    with contextlib.ExitStack() as stack:
        if name == "redis":
            path = stack.enter_context(socket_path())
            stack.enter_context(redis_server(path))
            code = code.replace("redis://localhost:6379", f"unix://{path}")
        if "from_env" in code:
            env = stack.enter_context(shop.served())
        else:
            env = stack.enter_context(amazon(shop.simulator(), shop.folder))
        done = shop.run(code, env)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(PRINTS[name], done.stdout)


def test_samples_that_are_tests_pass(tmp_path: Path) -> None:
    for name, code in TESTS.items():
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "--strict-markers"],
        cwd=tmp_path,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    written = sum(len(re.findall(r"\bdef test_", code)) for code in TESTS.values())
    counted = re.search(r"^(\d+) passed in", done.stdout, re.MULTILINE)
    assert counted is not None
    assert int(counted[1]) >= written  # one with parameters counts more than once
