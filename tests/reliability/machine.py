"""A server on a machine that misbehaves when it is told to: see `shim.c`."""

from __future__ import annotations

import os
import resource
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.server_process import ServerProcess

_SOURCE = Path(__file__).with_name("shim.c")


class Shim:
    """What stands between a process and its system."""

    def __init__(self, folder: Path) -> None:
        """Raises CalledProcessError without a C compiler."""
        library, self._wanted = folder / "shim.so", folder / "wanted"
        self.set()
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE), "-ldl"]
        subprocess.run(command, check=True)
        self.environment = os.environ | {
            "LD_PRELOAD": str(library),
            "CRDTCHAT_SHIM": str(self._wanted),
        }

    def set(self, *, fsync_ms: int = 0, clock_ms: int = 0, read_only: bool = False) -> None:
        """From now on this, and nothing else, is wrong with the system."""
        data = struct.pack("=3q", fsync_ms, clock_ms, read_only)
        if not self._wanted.exists():
            self._wanted.write_bytes(data)
        with self._wanted.open("r+b") as file:
            file.write(data)


class Machine:
    """Each fault lasts as long as its block."""

    def __init__(self, folder: Path, arguments: Sequence[str] = ()) -> None:
        """Raises CalledProcessError without a C compiler."""
        self._shim = Shim(folder)
        environment = self._shim.environment
        self.server = ServerProcess(folder / "data", arguments, environment=environment)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """SIGSTOP, SIGCONT."""
        with self.server.paused():
            yield

    @contextmanager
    def killed(self) -> Iterator[None]:
        """kill -9; started again at the end."""
        self.server.kill()
        yield
        self.server.restart()

    @contextmanager
    def disk_full(self) -> Iterator[None]:
        """No file grows."""
        soft, hard = resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE, (1, hard))
        yield
        resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE, (soft, hard))

    @contextmanager
    def disk_read_only(self) -> Iterator[None]:
        """The system has turned the file system read-only: writing answers EROFS."""
        self._shim.set(read_only=True)
        yield
        self._shim.set()

    @contextmanager
    def disk_slow(self) -> Iterator[None]:
        """Every fsync takes half a second."""
        self._shim.set(fsync_ms=500)
        yield
        self._shim.set()

    @contextmanager
    def clock_back(self) -> Iterator[None]:
        """The server's wall clock is an hour behind, and jumps forward again."""
        self.set_clock(-3_600_000)
        yield
        self.set_clock(0)

    def set_clock(self, milliseconds: int) -> None:
        """The wall clock is so far off from now on."""
        self._shim.set(clock_ms=milliseconds)
