"""The peers that run on Node: pinned releases, installed into a cache and nowhere else."""

from __future__ import annotations

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

_SOURCE = Path(__file__).parent / "peers"
_FILES = ("package.json", "package-lock.json", ".npmrc", "hocuspocus.mjs")
_PATIENCE = 1_800
"""Seconds: better-sqlite3 and its SQLite may have to be compiled."""
_READY = "ready"


class SetupFailed(Exception):
    """The peers cannot be installed; the text says why."""


def folder() -> Path:
    """Where they are or will be: a cache folder that is named after what is pinned."""
    digest = sha256()
    for name in _FILES:
        file = _SOURCE / name
        digest.update(file.read_bytes() if file.is_file() else b"")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "crdtchat-bench" / digest.hexdigest()[:12]


def installed() -> bool:
    """Whether `install` has ended well."""
    return (folder() / _READY).is_file()


def install() -> Path:
    """Install them, unless they are there; answer the folder. Raises SetupFailed."""
    target = folder()
    if installed():
        return target
    if not (_SOURCE / "package-lock.json").is_file():
        raise SetupFailed("the list of peers is in crdtchat's repository only, not in its wheel")
    if shutil.which("npm") is None:
        raise SetupFailed("npm is needed to install the peers: install Node.js 20 or newer")
    target.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copyfile(_SOURCE / name, target / name)
    try:
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"],
            cwd=target,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SetupFailed(f"npm did not end within {_PATIENCE} seconds in {target}") from None
    if done.returncode:
        raise SetupFailed(f"npm failed in {target}: {done.stderr.strip()[-500:]}")
    (target / _READY).touch()
    return target
