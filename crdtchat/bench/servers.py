"""The servers that are measured, each a process of its own on a free port of this machine."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

PATIENCE = 30.0
"""Seconds a server may take to say where it listens."""
USER = "bench"
CRDTCHAT, CRDTCHAT_V1 = "crdtchat", "crdtchat.v1"
PEER, PEER_STORE = "pycrdt-websocket", "pycrdt-websocket + SQLiteYStore"
NAMES = (CRDTCHAT, CRDTCHAT_V1, PEER, PEER_STORE)
_ALL_FROM_HERE = {"CRDTCHAT_CONNECTIONS_PER_ADDRESS": "100000"}
"""The load comes from one address."""
_LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")


class CannotStart(Exception):
    """A server did not start, or the peer is not installed; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens on loopback."""

    name: str
    pid: int
    port: int
    token: str
    """Empty for the peer, which knows no users."""

    @property
    def v1(self) -> bool:
        """Whether its readers speak crdtchat.v1."""
        return self.name == CRDTCHAT_V1

    def path(self, page: str) -> str:
        """Path and query of a page's WebSocket."""
        if self.token:
            return f"/sync/demo/{quote(page, safe='')}?token={self.token}"
        return f"/{quote(page, safe='')}"


@contextmanager
def running(name: str, folder: Path) -> Iterator[Running]:
    """Start a server that keeps its data under `folder`; end it with the block.

    Raises CannotStart.
    """
    token = ""
    if name in (CRDTCHAT, CRDTCHAT_V1):
        data = ["--data", str(folder)]
        token = _create_token(data)
        command = ["-m", "crdtchat", "serve", "--port", "0", *data]
    else:
        require_peer()
        command = ["-m", "crdtchat.bench.peer"]
        if name == PEER_STORE:
            command += ["--store", str(folder / "ystore.db")]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=log,
            env=os.environ | _ALL_FROM_HERE,
        )
        try:
            yield Running(name, process.pid, _port(process, folder / "server.log"), token)
        finally:
            _end(process)


def require_peer() -> None:
    """Raise CannotStart with the remedy if pycrdt-websocket is missing."""
    try:
        found = find_spec("pycrdt.websocket")
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise CannotStart(
            "pycrdt-websocket is not installed, it is needed for the comparison only: "
            "pip install 'pycrdt-websocket>=0.16.5,<0.17', or choose --servers crdtchat"
        )


def _create_token(data: Sequence[str]) -> str:
    flags = ["--tenant", "demo", "--role", "commenter", "--user", USER, "--name", "Bench"]
    done = subprocess.run(
        [sys.executable, "-m", "crdtchat", "token", "create", *flags, *data],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        raise CannotStart(f"no token could be made: {done.stderr.strip()}")
    return done.stdout.strip()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    assert process.stdout is not None
    deadline = time.monotonic() + PATIENCE
    seen = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            if not selector.select(0.2):
                continue
            chunk = os.read(process.stdout.fileno(), 4_096)
            seen += chunk
            match = _LISTENING.search(seen.decode(errors="replace"))
            if match:
                return int(match[1])
            if not chunk:
                break
    tail = log.read_text(errors="replace")[-500:]
    raise CannotStart(f"the server did not start: {tail or 'it said nothing'}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
    if process.stdout is not None:
        process.stdout.close()
