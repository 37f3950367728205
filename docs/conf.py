"""Settings of the documentation."""

from importlib.metadata import version as installed

project = "Amazon Pay for Python"
project_copyright = "2026, the AmazonPayClient maintainers"
version = release = installed("AmazonPayClient")

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns: list[str] = []
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Amazon Pay for Python {version}"
