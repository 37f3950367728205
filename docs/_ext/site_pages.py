"""The extension: it writes the API reference before, and the twins after the build."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import api_pages
import cells
import twins

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config


def _write_reference(app: Sphinx, config: Config) -> None:
    del config
    api_pages.write(Path(app.srcdir) / "api")


def _link_twin(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Name a page's twin in its head, where programs look for it."""
    del template
    if doctree is not None and app.builder.name == "html":
        name = page.rpartition("/")[2]
        link = f'<link rel="alternate" type="text/markdown" href="{name}.md">'
        context["metatags"] = f"{context.get('metatags', '')}{link}"


def _wrap_names(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    del app, page, template
    if doctree is not None:
        context["body"] = cells.with_breaks(context["body"])
        context["metatags"] = f"{context.get('metatags', '')}{cells.STYLE}"


def _write_twins(app: Sphinx, failure: Exception | None) -> None:
    if failure is None and app.builder.name == "html":
        documents = sorted(app.env.found_docs)
        twins.write(Path(app.srcdir), Path(app.outdir), documents)
        place = Path("api") / api_pages.OPENAPI
        shutil.copyfile(Path(app.srcdir) / place, Path(app.outdir) / place)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the build."""
    app.connect("config-inited", _write_reference)
    app.connect("html-page-context", _link_twin)
    app.connect("html-page-context", _wrap_names)
    app.connect("build-finished", _write_twins)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
