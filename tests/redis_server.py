"""A Redis server of the tests' own, from Debian's package, in a directory."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_DEADLINE_S = 60.0


class RedisServer:
    """Runs until `stop`, and may be stopped and started again in between, on the same port."""

    def __init__(self, directory: Path, options: Sequence[str] = (), config: str = "") -> None:
        """`options`: of the command, beside those that every server here has. `config`: lines of
        a file that the server may write to."""
        self._directory = directory
        self._options = options
        self._config = directory / "redis.conf"
        self._config.write_text(config)
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    @property
    def url(self) -> str:
        """What a broker connects to."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until it answers."""
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if program is None:
            raise RuntimeError("these tests need Redis: install Debian's package redis-server")
        self._process = subprocess.Popen(
            [
                *(program, str(self._config), "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self._directory)),
                *self._options,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _DEADLINE_S
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as one:
                one.sendall(b"PING\r\n")
                if one.recv(16).startswith((b"+PONG", b"-NOAUTH")):
                    return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the Redis server does not start")
            time.sleep(0.05)

    def stop(self) -> None:
        """End at once, as by a crash."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextmanager
def running_redis(*options: str, config: str = "") -> Iterator[RedisServer]:
    """A server for the length of a block."""
    directory = Path(tempfile.mkdtemp(prefix="crdtchat-redis-"))
    server = RedisServer(directory, options, config)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory)
