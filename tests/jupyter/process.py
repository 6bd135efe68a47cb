"""A real Jupyter server process for tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

import httpx

from tests.fork_server import JUPYTER, Forked, forked

ROOT = Path(__file__).parents[2]
PYTHONPATH = os.pathsep.join(str(ROOT / part) for part in ("", "jupyter_ext", "tests/quick"))
"""Of all Jupyter processes under test."""
CONFIG = """
from tests.jupyter.server_config import configure
configure(get_config())
"""


class JupyterProcess:
    """One server over a folder of files. Users are those of `server_config`, unless `config` says
    otherwise."""

    def __init__(
        self, home: Path, arguments: Sequence[str], application: str, config: str = CONFIG
    ) -> None:
        self.home = home
        self.files = home / "files"
        self.data = home / "data" / "crdtchat"
        self.url = ""
        self.log = home / "server.log"
        self._arguments = arguments
        self._application = application
        self._port = 0
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self._reader = Thread()
        self._shown = ""
        self._packages: Path | None = None
        self.files.mkdir(parents=True, exist_ok=True)
        (home / "config").mkdir(exist_ok=True)
        (home / "config" / "jupyter_server_config.py").write_text(config)

    def add_lab_extension(self, built: Path) -> None:
        """Let JupyterLab find an extension where it was built. Call before `start`."""
        link = self.home / "path" / "labextensions" / "@crdtchat" / "lab"
        link.parent.mkdir(parents=True)
        link.symlink_to(built)

    def add_packages(self, folder: Path) -> None:
        """Let it find packages, and what they configure, in a folder. Call before `start`."""
        self._packages = folder

    @property
    def socket_url(self) -> str:
        """Where pages' sockets are, as the raw client wants it."""
        return f"{self.url.replace('http', 'ws', 1)}crdtchat"

    def start(self) -> None:
        """Start, and return once it answers. The port stays the same over restarts."""
        environment = os.environ | {
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "JUPYTER_PATH": str(self.home / "path"),
            "PYTHONPATH": PYTHONPATH,
            "PYTHONUNBUFFERED": "1",
        }
        if self._packages is not None:
            environment["PYTHONPATH"] += f"{os.pathsep}{self._packages}"
            environment["JUPYTER_PATH"] += f"{os.pathsep}{self._packages / 'share' / 'jupyter'}"
            environment["JUPYTER_CONFIG_PATH"] = str(self._packages / "etc" / "jupyter")
        module, *command = *self._application.split(), "--allow-root"
        command += ["--no-browser", "--ServerApp.port_retries=0", f"--port={self._port}"]
        command += ["--ip=127.0.0.1"]
        command += [f"--ServerApp.root_dir={self.files}", *self._arguments]
        ours, theirs = os.pipe()
        if self._packages is not None:
            command = [sys.executable, "-m", module, *command]
            self._process = subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=theirs, cwd=self.home
            )
        else:
            self._process = forked(
                *(module, command),
                stdout=subprocess.DEVNULL,
                stderr=theirs,
                environment=environment,
                folder=self.home,  # extensions write where they are started
                loaded=JUPYTER,
            )
        os.close(theirs)
        listening = Event()
        self._reader = Thread(target=self._read, args=(ours, listening))
        self._reader.start()
        listening.wait()
        shown = re.search(r"(http://127\.0\.0\.1:(\d+)/\S*?)(lab|tree)?(\?\S*)?\s*$", self._shown)
        if shown is None:
            self._end(signal.SIGKILL)
            raise AssertionError(f"Jupyter did not start: {self.log.read_text()}")
        self.url, self._port = shown[1], int(shown[2])
        # Jupyter says so a moment before it listens.
        with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as client:
            client.get(f"{self.url}api")

    def stop(self) -> None:
        """Stop gracefully."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    @contextmanager
    def away(self) -> Iterator[None]:
        """kill -9, and a start at the end of the block, whatever happens in it."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    def client(self, user: str) -> httpx.Client:
        """An HTTP client of a user."""
        headers = {"Authorization": f"token {user}-token"} if user else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def discussion(self, user: str, path: str, **more: str) -> dict[str, Any]:
        """Where a file is discussed."""
        with self.client(user) as client:
            body = {"path": path, **more}
            answer = client.post("crdtchat/api/discussion", json=body)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

    def comment(self, page: str, words: str = "words", part: str = "") -> None:
        """Let Ann comment on words of a page."""
        target = {"exact": words, "start": 0, "kind": "source", "part": part}
        with self.client("ann") as client:
            body = {"target": target, "body": f"About {words}."}
            where = "crdtchat/api/v1/jupyter/annotations"
            client.post(where, params={"page": page}, json=body).raise_for_status()

    def rename(self, old: str, new: str) -> None:
        """Rename a file through Jupyter."""
        with self.client("ann") as client:
            answer = client.patch(f"api/contents/{quote(old)}", json={"path": new})
            assert answer.status_code == 200, answer.text

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.wait(timeout=30)
        self._reader.join()

    def _read(self, errors: int, listening: Event) -> None:
        """Keep the log, and tell when the server listens or has ended."""
        with open(errors, "rb") as lines, self.log.open("ab") as log:
            for line in lines:
                log.write(line)
                log.flush()
                if b"http://127.0.0.1:" in line:
                    self._shown = line.decode()
                    listening.set()
        listening.set()


@contextmanager
def running_jupyter(
    home: Path,
    arguments: Sequence[str] = (),
    *,
    application: str = "jupyter_server",
    lab_extension: Path | None = None,
    config: str = CONFIG,
) -> Iterator[JupyterProcess]:
    """A server for the length of a block."""
    server = JupyterProcess(home, arguments, application, config)
    if lab_extension is not None:
        server.add_lab_extension(lab_extension)
    server.start()
    try:
        yield server
    finally:
        server.kill()
