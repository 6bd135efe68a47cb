"""The servers that are measured, each a process of its own on a free port of this machine."""

from __future__ import annotations

import os
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from crdtchat.bench import node_peers
from crdtchat.bench.door import Door

PATIENCE = 90.0
"""Seconds a server may take to say where it listens, and to end."""
USER = "bench"
HOST = "127.0.0.1"
CRDTCHAT, CRDTCHAT_V1 = "crdtchat", "crdtchat.v1"
"""One server; the load's readers speak the y-websocket protocol, or our own."""
Y_WEBSOCKET = "@y/websocket-server"
Y_LEVELDB = "@y/websocket-server + y-leveldb"
HOCUSPOCUS = "Hocuspocus + SQLite"
PYCRDT = "pycrdt-websocket + SQLite"
OURS = (CRDTCHAT, CRDTCHAT_V1)
PEERS = (Y_WEBSOCKET, HOCUSPOCUS, PYCRDT)
NAMES = (*OURS, Y_WEBSOCKET, Y_LEVELDB, HOCUSPOCUS, PYCRDT)
_ALL_FROM_HERE = {"CRDTCHAT_CONNECTIONS_PER_ADDRESS": "100000"}
"""The load comes from one address."""
_LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)|running at '127\.0\.0\.1' on")
LOG = "server.log"


class CannotStart(Exception):
    """A server did not start, or is not installed; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens on loopback."""

    name: str
    pid: int
    port: int
    token: str = ""
    """Empty for peers, which know no users."""

    def door(self, page: str) -> Door:
        """How a page is reached."""
        name = quote(page, safe="")
        path = f"/sync/demo/{name}?token={self.token}" if self.token else f"/{name}"
        document = page if self.name == HOCUSPOCUS else ""
        return Door(HOST, self.port, path, self.name == CRDTCHAT_V1, document)

    def hand(self, page: str) -> Door:
        """The same for who writes: always a stock client of the y-websocket protocol, so that the
        same bytes go to all servers."""
        door = self.door(page)
        return Door(door.host, door.port, door.path, False, door.document)


@dataclass(frozen=True, slots=True)
class _Start:
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    """Where it will listen, if it does not say."""
    token: str = ""


@contextmanager
def running(name: str, folder: Path) -> Iterator[Running]:
    """Start a server that keeps its data under `folder`; end it with the block, in good order.

    Raises CannotStart.
    """
    require(name)
    # What the one before left to the disk (much is being deleted) is not to be counted against it:
    # it kept our fsync waiting for up to 0.4 s.
    os.sync()
    start = _start(name, folder)
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            start.command,
            stdout=subprocess.PIPE,
            stderr=log,
            env=os.environ | _ALL_FROM_HERE | start.environment,
        )
        try:
            port = _wait_for_port(process, folder / LOG) or start.port
            yield Running(name, process.pid, port, start.token)
        finally:
            _end(process)


def require(name: str) -> None:
    """Raise CannotStart with the remedy if a peer is not installed."""
    if name in (Y_WEBSOCKET, Y_LEVELDB, HOCUSPOCUS) and not node_peers.installed():
        raise CannotStart(
            f"{name} is not installed, it is needed for the comparison only: "
            "python -m crdtchat.bench setup, or choose --servers crdtchat"
        )
    if name == PYCRDT and not has_pycrdt_websocket():
        raise CannotStart(
            "pycrdt-websocket is not installed, it is needed for the comparison only: "
            "pip install 'pycrdt-websocket>=0.16.5,<0.17', or choose --servers crdtchat"
        )


def has_pycrdt_websocket() -> bool:
    """Whether it is installed."""
    try:
        return find_spec("pycrdt.websocket") is not None
    except ModuleNotFoundError:
        return False


def _start(name: str, folder: Path) -> _Start:
    node = node_peers.folder()
    if name == HOCUSPOCUS:
        return _Start(["node", str(node / "hocuspocus.mjs"), str(folder / "pages.sqlite")])
    if name in (Y_WEBSOCKET, Y_LEVELDB):
        port = _free_port()
        environment = {"HOST": HOST, "PORT": str(port)}
        if name == Y_LEVELDB:
            environment["YPERSISTENCE"] = str(folder / "leveldb")
        script = node / "node_modules/@y/websocket-server/src/server.js"
        return _Start(["node", str(script)], environment, port)
    if name == PYCRDT:
        store = str(folder / "ystore.db")
        return _Start([sys.executable, "-m", "crdtchat.bench.peer", "--store", store])
    data = ["--data", str(folder)]
    command = [sys.executable, "-m", "crdtchat", "serve", "--port", "0", *data]
    return _Start(command, token=_create_token(data))


def _create_token(data: Sequence[str]) -> str:
    flags = ["--tenant", "demo", "--role", "commenter", "--user", USER, "--name", "Bench"]
    return run_command("token", "create", *flags, *data).strip()


def compact(folder: Path) -> None:
    """Fold the logs of our server's pages, as its operator does; it must have ended."""
    run_command("compact", "--tenant", "demo", "--data", str(folder))


def run_command(*words: str) -> str:
    """Run a command of crdtchat; answer what it prints. Raises CannotStart."""
    done = subprocess.run(
        [sys.executable, "-m", "crdtchat", *words],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    if done.returncode:
        raise CannotStart(f"crdtchat {words[0]} failed: {done.stderr.strip()}")
    return done.stdout


def _free_port() -> int:
    """A port for a server that cannot choose one itself."""
    with socket.create_server((HOST, 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def _wait_for_port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait until it listens; answer the port it names, or 0."""
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
                return int(match[1] or 0)
            if not chunk:
                break
    tail = log.read_text(errors="replace")[-500:]
    raise CannotStart(f"the server did not start: {tail or 'it said nothing'}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
    if process.stdout is not None:
        process.stdout.close()
