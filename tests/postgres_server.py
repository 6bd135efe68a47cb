"""A PostgreSQL server of the tests' own, from Debian's packages: on a socket, in a directory."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

_DEADLINE_S = 60.0


def _binaries() -> Path:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if not versions:
        raise RuntimeError("these tests need PostgreSQL: install Debian's package postgresql")
    return versions[-1].parent


class PostgresServer:
    """Runs until `stop`, and may be killed and started again in between."""

    def __init__(self, directory: Path, *, port: int = 0) -> None:
        """`directory` must be short, for the socket's sake. `port`: also listen there."""
        self._directory = directory
        self._port = port
        self._binaries = _binaries()
        self._process: subprocess.Popen[bytes] | None = None
        self._schemas = count(1)
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            shutil.chown(directory, self._user)
        self._run(
            *("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"),
            *("--locale=C.UTF-8", "--no-instructions"),
        )

    @property
    def socket(self) -> str:
        """Path of the socket it listens on."""
        return str(self._directory / f".s.PGSQL.{self._port or 5432}")

    @property
    def pid(self) -> int:
        """Of the server's first process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until it answers."""
        listen = "127.0.0.1" if self._port else ""
        self._process = subprocess.Popen(
            [
                *(self._binaries / "postgres", "-D", "data", "-k", self._directory),
                *("-c", f"listen_addresses={listen}", "-p", str(self._port or 5432)),
                # A test kills processes, never the machine.
                *("-c", "fsync=off", "-c", "max_connections=200"),
            ],
            cwd=self._directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._as_user(),
        )
        deadline = time.monotonic() + _DEADLINE_S
        while True:
            try:
                psycopg.connect(self.url()).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """End at once, as by a crash: the next start recovers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """All its processes stand still for the length of a block: it accepts, and says nothing."""
        # The first one first: stopped, it starts no others.
        stopped = [self.pid]
        os.kill(self.pid, signal.SIGSTOP)
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        for child in map(int, children):
            os.kill(child, signal.SIGSTOP)
            stopped.append(child)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    def url(self, schema: str = "public", relay: int = 0) -> str:
        """What a store opens; `relay`: port of this machine to go through."""
        host = "127.0.0.1" if relay else quote(str(self._directory), safe="")
        options = quote(f"-csearch_path={schema}", safe="")
        port = relay or self._port or 5432
        return f"postgresql://postgres@/postgres?host={host}&port={port}&options={options}"

    def fresh(self) -> str:
        """Make an empty schema, which nobody else has; answers its name."""
        schema = f"data{next(self._schemas)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}".encode())
        return schema

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, *arguments],
            cwd=self._directory,
            check=True,
            capture_output=True,
            **self._as_user(),
        )

    def _as_user(self) -> dict[str, Any]:
        return {"user": self._user, "group": self._user} if os.getuid() == 0 else {}


@contextmanager
def running_postgres(*, port: int = 0) -> Iterator[PostgresServer]:
    """A server for the length of a block."""
    directory = Path(tempfile.mkdtemp(prefix="crdtchat-pg-"))
    server = PostgresServer(directory, port=port)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory)
