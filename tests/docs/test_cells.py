"""Long names in the tables of the site may be wrapped."""

from __future__ import annotations

from cells import with_breaks


def cell(name: str) -> str:
    return f'<td><p><code><span class="pre">{name}</span></code></p></td>'


def test_a_name_in_a_cell_may_be_wrapped_between_its_words() -> None:
    assert with_breaks(cell("get_charge")) == cell("get_<wbr>charge")
    assert with_breaks(cell("chargeId")) == cell("charge<wbr>Id")
    assert with_breaks(cell("/charges/{id}")) == cell("/<wbr>charges/<wbr>{id}")


def test_a_name_beside_a_table_is_left_alone() -> None:
    text = '<p><code><span class="pre">get_charge</span></code></p>'
    assert with_breaks(text) == text
