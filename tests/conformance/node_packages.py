"""Node packages that tests need: what conformance is measured against, first of all."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

NODE = Path(__file__).parent / "node"


def install(folder: Path = NODE) -> Path:
    """Install what a folder's lock file names, with `npm ci`, where it is missing or older than
    that; answers the folder. Raises if Node is missing."""
    stamp = folder / "node_modules" / ".package-lock.json"
    lock = folder / "package-lock.json"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # stages of the tests run side by side
        if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
            npm = shutil.which("npm")
            assert npm is not None, "these tests need Node 20 or newer, with npm"
            command = [npm, "ci", "--no-audit", "--no-fund", "--silent"]
            subprocess.run(command, cwd=folder, check=True)
            stamp.touch()
    return folder
