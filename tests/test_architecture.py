"""What import-linter cannot see: what is loaded at run time, and how large things grow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TO_BE_SPLIT: tuple[str, ...] = ()
"""Too long today; the list may only shrink."""
IO_MODULES = ("anyio", "asyncio", "jwt", "pycrdt", "socket", "sqlite3", "ssl", "starlette", "trio")


def loaded_by(statement: str) -> set[str]:
    """Names of all modules that a fresh interpreter holds after a statement."""
    code = f"{statement}; import sys; print('\\n'.join(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ran.stdout.split())


def test_sync_is_pure() -> None:
    """Decides, never does: no module of I/O is loaded with the core."""
    modules = [path.stem for path in (ROOT / "crdtchat" / "sync").glob("*.py")]
    statement = "; ".join(f"import crdtchat.sync.{name}" for name in sorted(modules))
    assert not loaded_by(statement) & set(IO_MODULES)


def test_importing_crdtchat_loads_nothing() -> None:
    loaded = loaded_by("import crdtchat")
    assert not loaded & {*IO_MODULES, "crdtchat.sync", "crdtchat.client", "crdtchat.document"}
    assert "jupyter_server" not in loaded_by("from crdtchat import connect, connect_blocking")


@pytest.mark.parametrize("folder", ["crdtchat", "jupyter_ext", "tests", "notebooks"])
def test_files_stay_small(folder: str) -> None:
    """At most 400 lines: one noun a file."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    code = [ROOT / name for name in listed if name.endswith((".py", ".ts", ".tsx", ".mjs"))]
    code = [path for path in code if path.exists()]
    assert code
    long = {
        str(path.relative_to(ROOT)): lines
        for path in code
        if (lines := path.read_text(encoding="utf-8").count("\n")) > 400
        and "table" not in path.stem  # data, not code
        and path.name not in TO_BE_SPLIT
    }
    assert not long
