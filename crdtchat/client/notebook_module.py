"""Where the browser's half of the notebook widget is, once the package is built."""

from __future__ import annotations

from pathlib import Path

MODULE = Path(__file__).parents[1] / "widget" / "dist" / "notebook.js"
