"""The shop of `docs/frameworks.md`, served as the page says, beside a simulator."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console_samples import files_of
from keys import KEY
from shop import Shop

PAGE = (Path(__file__).parents[2] / "docs" / "frameworks.md").read_text("utf-8")
FLASK = re.findall(r"<!-- sample: test_flask -->\n```python\n(.*?)```", PAGE, re.DOTALL)
# What `flask --app wsgi run` serves, asked for without a port.
ASK = "import wsgi; print(wsgi.app.test_client().get('/').text)"


@pytest.mark.process
def test_the_shop_in_flask_shows_a_button_of_the_simulator(tmp_path: Path) -> None:
    shop = Shop(tmp_path, KEY)
    shop.prepare()
    (tmp_path / "test_shop.py").write_text("".join(FLASK), encoding="utf-8")
    for name, text in files_of(PAGE).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with shop.served() as env:
        done = shop.run(ASK, env)
    assert (done.returncode, done.stderr) == (0, "")
    assert f'src="{env["AMAZON_PAY_ENDPOINT_URL"]}/checkout.js"' in done.stdout
    assert "http://localhost:5000/review" in done.stdout
