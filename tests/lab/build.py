"""The built lab extension, never older than its sources."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
WIDGET = ROOT / "crdtchat" / "widget"
UI = ROOT / "jupyter_ext" / "ui"


def built_lab_extension() -> Path:
    """Build it if it has to be; the folder that JupyterLab loads it from."""
    built = ROOT / "jupyter_ext" / "crdtchat_jupyter" / "labextension"
    made = built / "package.json"
    folders = (WIDGET / "src", UI / "src", UI / "style", UI / "schema")
    sources = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    newest = max(path.stat().st_mtime for path in [*sources, UI / "build.mjs"])
    if not made.is_file() or made.stat().st_mtime < newest:
        for folder in (WIDGET, UI):
            if not (folder / "node_modules").is_dir():
                subprocess.run(["npm", "ci", "--no-fund", "--no-audit"], cwd=folder, check=True)
        subprocess.run(["npm", "run", "build"], cwd=UI, check=True)
    return built
