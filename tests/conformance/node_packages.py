"""The Node packages that conformance is measured against.

Installed from the lock file when they are missing or older than it.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

NODE = Path(__file__).parent / "node"


def install() -> Path:
    """Install with `npm ci` if need be; answers the directory. Raises if Node is missing."""
    stamp = NODE / "node_modules" / ".package-lock.json"
    lock = NODE / "package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        npm = shutil.which("npm")
        assert npm is not None, "the conformance tests need Node 20 or newer, with npm"
        subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--silent"], cwd=NODE, check=True)
        stamp.touch()
    return NODE
