"""A package of an extra that is not installed is named, with the way to install it."""

from __future__ import annotations

import subprocess
import sys

import pytest

NEEDS = {
    "AmazonPay.contrib.flask": ("flask", "flask"),
    "AmazonPay.contrib.starlette": ("starlette", "starlette"),
    "AmazonPay.contrib.sqlalchemy": ("sqlalchemy", "sqlalchemy"),
    "AmazonPay.simulator.simulator": ("jinja2", "simulator"),
}
CODE = """\
import sys
from importlib import import_module
for name, package in {needs}.items():
    sys.modules[package] = None
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        print(error)
"""


@pytest.mark.slow
def test_a_module_says_which_extra_it_needs() -> None:
    code = CODE.format(needs={name: package for name, (package, _) in NEEDS.items()})
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    told = done.stdout.splitlines()
    for (package, extra), line in zip(NEEDS.values(), told, strict=True):
        assert line.startswith(f"{package} is missing: pip install '.[{extra}]'")
        assert "AmazonPayClient" not in line
