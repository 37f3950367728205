"""Write what is made from tables into the docs, or check that it is there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import diagrams

from AmazonPay import errors
from AmazonPay.lifecycles import LIFE_CYCLES, Kind
from AmazonPay.objects import allowed_actions
from AmazonPay.resources._table import as_markdown, rows

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from reference import faults  # noqa: E402 - a table that a test proves row by row

DOCS = ROOT / "docs"

# The member by which an object of each kind is known; others have no allowed actions.
_ID_OF: dict[Kind, str] = {
    "checkoutSession": "checkoutSessionId",
    "chargePermission": "chargePermissionId",
    "charge": "chargeId",
    "refund": "refundId",
}


def title_of(kind: Kind) -> str:
    """Return the name of a kind of object, as a title."""
    return re.sub("[A-Z]", lambda found: f" {found[0].lower()}", kind).capitalize()


def picture_of(kind: Kind) -> Path:
    """Return the file of a kind's diagram."""
    name = title_of(kind).lower().replace(" ", "-")
    return DOCS / "images" / f"life-cycle-{name}.svg"


def states() -> str:
    """List the states of each kind: its diagram, and what each state allows."""
    parts: list[str] = []
    for kind, arrows in LIFE_CYCLES.items():
        name, picture = title_of(kind), picture_of(kind).relative_to(DOCS)
        parts += [f"## {name}", "", f"![Life cycle of a {name.lower()}]({picture})", ""]
        columns = ["state", "it can become", "your client may"]
        columns = columns if kind in _ID_OF else columns[:2]
        parts += [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
        for state in diagrams.states_of(arrows)[1:]:
            nexts = dict.fromkeys(one.to for one in arrows if state in one.states)
            cells = [f"`{state}`", ", ".join(f"`{one}`" for one in nexts) or "final"]
            cells += [_actions(kind, state)] if kind in _ID_OF else []
            parts.append(f"| {' | '.join(cells)} |")
        parts.append("")
    return "\n".join(parts[:-1])


def _actions(kind: Kind, state: str) -> str:
    details = {"state": state, "lastUpdatedTimestamp": "20260101T000000Z"}
    seen = {_ID_OF[kind]: "S01-0000000-0000000", "statusDetails": details}
    return " ".join(f"`{name}`" for name in sorted(allowed_actions(seen)))


def life_cycles() -> str:
    """Draw the life cycle of each kind of object: one arrow a line."""
    parts: list[str] = []
    for kind, arrows in LIFE_CYCLES.items():
        parts += [f"### {title_of(kind)}", ""]
        parts += ["| from | when | to | reason |", "|---|---|---|---|"]
        for arrow in arrows:
            states = ", ".join(f"`{state}`" for state in arrow.states) or "new"
            reason = f"`{arrow.reason}`" if arrow.reason else ""
            parts.append(f"| {states} | {arrow.event} | `{arrow.to}` | {reason} |")
        parts.append("")
    return "\n".join(parts[:-1])


def filled(page: Path, name: str, text: str) -> str:
    """Put a text between the marks of its name on a page."""
    return re.sub(
        rf"(?s)(<!-- {name}: [^\n]* -->\n).*?(<!-- /{name} -->)",
        lambda found: f"{found[1]}\n{text}\n\n{found[2]}",
        page.read_text(encoding="utf-8"),
    )


def made() -> dict[Path, str]:
    """Make the pages with their tables."""
    table = as_markdown(rows())
    operations = DOCS / "operations.md"
    texts = {operations: filled(operations, "operations", table)}
    simulator = DOCS / "simulator.md"
    texts[simulator] = filled(simulator, "life cycles", life_cycles())
    page = DOCS / "errors.md"
    tree = re.findall(r"(?s)```text\n.*?```", errors.__doc__ or "")[0]
    texts[page] = filled(page, "errors", tree)
    page = DOCS / "signing.md"
    example = (ROOT / "examples" / "kms_signer.py").read_text(encoding="utf-8")
    texts[page] = filled(page, "kms", f"```python\n{example}```")
    page = DOCS / "containers.md"
    example = (ROOT / "examples" / "compose.yaml").read_text(encoding="utf-8")
    texts[page] = filled(page, "compose", f"```yaml\n{example}```")
    page = DOCS / "states.md"
    texts[page] = filled(page, "states", states())
    for kind, arrows in LIFE_CYCLES.items():
        title = f"Life cycle of a {title_of(kind).lower()}"
        texts[picture_of(kind)] = diagrams.drawn(title, arrows)
    reliability = DOCS / "reliability.md"
    texts[reliability] = filled(reliability, "faults", faults.as_markdown())
    return texts


def main() -> int:
    """Rewrite the files; with `--check` fail where one would change."""
    stale = 0
    for page, new in made().items():
        old = page.read_text(encoding="utf-8") if page.exists() else ""
        if new != old and "--check" in sys.argv:
            sys.stderr.write(f"{page.name} is stale: run `make operations`\n")
            stale = 1
        elif new != old:
            page.parent.mkdir(exist_ok=True)
            page.write_text(new, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
