"""A crdtchat server for the length of a notebook, with its data in a temporary folder."""

from __future__ import annotations

import atexit
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory


class LocalServer:
    """`crdtchat serve` as a process of its own, which may be killed and started again."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(ignore_cleanup_errors=True)
        self.data = Path(self._folder.name)
        """Where its database lies."""
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self.start()
        atexit.register(self.stop)  # also of a program that ends by an error

    def start(self) -> None:
        """Start it; again after `kill`, with the same data, at the same address."""
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "crdtchat", "serve", "--port", port]
        self._process = subprocess.Popen(
            [*command, "--data", str(self.data)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        # It says: crdtchat listening on http://127.0.0.1:40123
        self.url = self._process.stdout.readline().split()[-1]

    def kill(self) -> None:
        """End it as a power cut does (kill -9): it has no time to save anything."""
        assert self._process is not None and self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def stop(self) -> None:
        """End it for good, and forget its data."""
        self.kill()
        self._folder.cleanup()
