"""The TypeScript twin as a command for Node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

WIDGET = Path(__file__).parents[2] / "crdtchat" / "widget"


def bundle(folder: Path) -> Path:
    """Bundles `cli.ts` into a folder; installs the widget's packages first if they are missing."""
    npm, npx = shutil.which("npm"), shutil.which("npx")
    assert npm is not None, "the TypeScript twin needs Node 20 or newer, with npm"
    assert npx is not None, "the TypeScript twin needs npx, which comes with npm"
    if not (WIDGET / "node_modules").is_dir():
        subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--silent"], cwd=WIDGET, check=True)
    made = folder / "anchoring.mjs"
    subprocess.run(
        [npx, "esbuild", "src/anchoring/cli.ts", "--bundle", "--platform=node", "--format=esm",
         "--log-level=warning", f"--outfile={made}"],
        cwd=WIDGET,
        check=True,
    )  # fmt: skip
    return made
