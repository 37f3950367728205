"""Break signing, the exchange, the decision tables and money, line by line.

`make mutants` runs mutmut over the modules of `[tool.mutmut]` and then this: it gives
the score of each module and lists every change that no test has noticed. A change of
prose alone, a text for people in an error or a log, is counted apart: such texts are
not promised. What changes nothing that can be seen is explained in `mutants.toml`.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "mutants"
EXPLAINED = Path(__file__).with_suffix(".toml")

_SURVIVED = 0
_UNCHECKED = {None, 33, 34}
"""Not run, covered by no test, or skipped: mutmut's own codes."""
_PROSE = re.compile(r"\w,? [\w(]")
_NAME = re.compile(r"(?:x_|xǁ(?P<owner>\w+)ǁ)(?P<name>\w+)__mutmut_(?P<number>\w+)")


class _WithoutProse(ast.NodeTransformer):
    """Take the texts for people out of a function."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return ast.Constant("") if _is_prose(node) else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if _is_prose(node) else node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call) and node.exc.args:
            node.exc.args[0] = ast.Constant("")
        return self.generic_visit(node)


def _is_prose(node: ast.expr) -> bool:
    pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [
        piece.value
        for piece in pieces
        if isinstance(piece, ast.Constant) and isinstance(piece.value, str)
    ]
    return any(_PROSE.search(text) for text in texts)


def _without_prose(function: ast.AST) -> str:
    return ast.unparse(_WithoutProse().visit(ast.parse(ast.unparse(function))))


def functions(path: Path) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """Read all variants of all functions that mutmut has written."""
    return {
        node.name: node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def change(
    original: ast.FunctionDef | ast.AsyncFunctionDef,
    mutant: ast.FunctionDef | ast.AsyncFunctionDef,
) -> tuple[list[str], bool]:
    """Tell what a mutant changes, and whether that is prose alone."""
    mutant.name = original.name
    before, after = ast.unparse(original), ast.unparse(mutant)
    lines = [
        line.strip()
        for line in difflib.ndiff(before.splitlines(), after.splitlines())
        if line[:2] in {"- ", "+ "}
    ]
    return lines, _without_prose(original) == _without_prose(mutant)


def main() -> int:
    """Print the scores and the survivors; fail if one is not explained."""
    explained = tomllib.loads(EXPLAINED.read_text(encoding="utf-8"))["explained"]
    open_ones = 0
    for meta in sorted(FOLDER.glob("src/**/*.py.meta")):
        source = meta.with_suffix("")
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        variants = functions(source)
        killed = prose = equivalent = 0
        survivors: list[str] = []
        for key, code in codes.items():
            if code != _SURVIVED and code not in _UNCHECKED:
                killed += 1
                continue
            variant = key.rpartition(".")[2]
            found = _NAME.fullmatch(variant)
            if found is None:
                survivors.append(key)
                continue
            original = variants[variant.rpartition("_")[0] + "_orig"]
            lines, is_prose = change(original, variants[variant])
            place = f"{source.stem}.{found['name']}"
            if is_prose:
                prose += 1
            elif any(
                one["place"] == place and one["change"] in "\n".join(lines)
                for one in explained
            ):
                equivalent += 1
            else:
                survivors.append("\n    ".join([place, *lines]))
        counted = killed + len(survivors)
        score = 100 * killed / counted if counted else 100.0
        sys.stdout.write(
            f"{source.stem}: {score:.1f} % of {counted} killed"
            f" ({prose} of prose, {equivalent} explained)\n"
        )
        for survivor in survivors:
            sys.stdout.write(f"  {survivor}\n")
        open_ones += len(survivors)
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
