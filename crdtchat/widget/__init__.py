"""The browser half. Python knows of it only where its built files are."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
DIST = HERE / "dist"
DEMO = HERE / "demo"


def bundle_path() -> Path | None:
    """The script that `/crdtchat.js` is, or None in an installation built without the widget."""
    path = DIST / "crdtchat.js"
    return path if path.is_file() else None


def asset(name: str) -> Path | None:
    """A file of the demo page, or None. `name` is one path segment."""
    path = DEMO / name
    inside = name and not name.startswith(".") and "/" not in name and "\\" not in name
    return path if inside and path.is_file() else None
