"""Long names in the tables of the site may be wrapped."""

from __future__ import annotations

from cells import with_breaks


def cell(name: str) -> str:
    return f'<td><p><code><span class="pre">{name}</span></code></p></td>'


def test_a_name_in_a_cell_may_be_wrapped_between_its_words() -> None:
    assert with_breaks(cell("get_charge")) == cell("get_<wbr>charge")
    assert with_breaks(cell("chargeId")) == cell("charge<wbr>Id")
    assert with_breaks(cell("/charges/{id}")) == cell("/<wbr>charges/<wbr>{id}")


def test_code_in_a_cell_may_be_wrapped_behind_its_marks() -> None:
    code = "client.get(id=7)[&quot;a.b&quot;]"
    wrapped = "client.<wbr>get(<wbr>id=<wbr>7)[&quot;a.<wbr>b&quot;]"
    assert with_breaks(cell(code)) == cell(wrapped)
    assert with_breaks(cell("charge[7]")) == cell("charge<wbr>[7]")
    assert with_breaks(cell("a\\b")) == cell("a\\<wbr>b")


def test_a_name_beside_a_table_is_left_alone() -> None:
    text = '<p><code><span class="pre">get_charge</span></code></p>'
    assert with_breaks(text) == text
