"""The documentation site: `sphinx-build -W docs docs/_build`. Warnings are errors in CI."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

from sphinx.application import Sphinx

from crdtchat.server.openapi.document import openapi_document

sys.path.insert(0, str(Path(__file__).parent))

from site_parts.http_reference import http_reference

project = "crdtchat"
author = "the crdtchat authors"
release = installed("crdtchat")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinxarg.ext"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "crdtchat"
html_copy_source = False

myst_heading_anchors = 3
"""Headings have the anchors that GitHub gives them: the pages are read there, too."""

suppress_warnings = ["myst.domains"]
"""The extension for commands knows no references of its own."""

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}


def add_http_reference(app: Sphinx, name: str, source: list[str]) -> None:
    """The reference is made from what the server itself answers."""
    if name == "reference/http":
        source[0] += http_reference(openapi_document())


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", add_http_reference)
