"""Settings of the documentation."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "Amazon Pay for Python"
project_copyright = "2026, the AmazonPayClient maintainers"
version = release = installed("AmazonPayClient")

extensions = ["myst_parser", "site_pages"]
source_suffix = {".md": "markdown"}
exclude_patterns: list[str] = []
myst_heading_anchors = 3
highlight_language = "text"  # a block that names no language is for a shell, or output

html_theme = "furo"
html_title = f"Amazon Pay for Python {version}"
