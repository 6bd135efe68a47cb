"""Processes that start fast: forked off one that has loaded the product and done nothing since.

Loading its 700 modules is nearly all that a short command costs, and most of a server's start. A
process that is forked is as real as any other: it has its own memory, files and signals, and may be
killed. That commands start from nothing, too, is seen by tests that take `sys.executable`.

`python -m tests.fork_server SOCKET MODULE...` is the one that is forked, which `forked` starts when
it is needed.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, NoReturn

CRDTCHAT = (
    *("crdtchat.server.cli", "crdtchat.server.serve", "crdtchat.server.doctor"),
    *("crdtchat.server.exchange", "crdtchat.server.erase", "crdtchat.server.upkeep"),
    *("crdtchat.stores.postgres", "crdtchat.brokers.redis", "redis.asyncio", "psycopg"),
    *("crdtchat.testing.store_contract", "trio", "anyio._backends._trio"),
    *("uvloop", "uvicorn.loops.auto", "uvicorn.lifespan.on", "anyio._backends._asyncio"),
)
"""Modules that a server of ours, or a command, loads."""
JUPYTER = (
    *("jupyter_server.serverapp", "jupyterlab_server.app", "crdtchat_jupyter.app"),
    *("jupyter_server_terminals.app", "jupyter_lsp.manager", "jupyterlab.commands"),
    *("jupyterlab.extensions.manager", "jupyterlab.handlers.announcements"),
    *("IPython.paths", "tornado.platform.asyncio"),
)
"""Modules that a Jupyter server loads; not those that settle where their files lie as they are
loaded: jupyterlab.labapp, notebook.app, jupyter_server_fileid."""
_LENGTH = 8


class Forked:
    """One of them; of what `subprocess.Popen` has, as much as tests need."""

    def __init__(self, pid: int, said: int, stdout: IO[str] | None) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout = stdout
        self._said = said

    def poll(self) -> int | None:
        """Its exit status, or None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; answers the exit status. Raises TimeoutError."""
        status = self._look(timeout)
        if status is None:
            raise TimeoutError(f"process {self.pid} has not ended after {timeout} s")
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Nothing, if it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            heard = select.poll()  # and not select, which knows no numbers above 1,023
            heard.register(self._said, select.POLLIN)
            if heard.poll(None if timeout is None else timeout * 1_000):
                self.returncode = _read_number(self._said)
                os.close(self._said)
        return self.returncode


def forked(
    module: str,
    arguments: Sequence[str],
    *,
    stdin: int | IO[str] = subprocess.DEVNULL,
    stdout: int | IO[str] = subprocess.PIPE,
    stderr: int | IO[str] = 2,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    loaded: tuple[str, ...] = CRDTCHAT,
) -> Forked:
    """Start `python -m MODULE ARGUMENTS`, off a process that has `loaded` modules.

    `stdout`: PIPE, or what else it writes to. `folder`: it works there.
    """
    ours, theirs = os.pipe()
    said, status = os.pipe()
    with open(os.devnull, "r+") as nothing:
        special = {subprocess.DEVNULL: nothing.fileno(), subprocess.PIPE: theirs}
        files = [
            *(special.get(one, one) for one in map(_number, (stdin, stdout, stderr))),
            status,
        ]
        request = {
            "argv": [module, *arguments],
            "environment": dict(os.environ if environment is None else environment),
            "folder": str(folder or Path.cwd()),
        }
        _mother(loaded).ask(json.dumps(request).encode(), files)
    for number in (theirs, status):
        os.close(number)
    pid = _read_number(said)
    if stdout != subprocess.PIPE:
        os.close(ours)
        return Forked(pid, said, None)
    return Forked(pid, said, open(ours, encoding="utf-8"))


def run_crdtchat(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a `crdtchat` command as a process to its end, without anybody's standard input."""
    command = [str(argument) for argument in arguments]
    with TemporaryFile("w+", encoding="utf-8") as errors:
        process = forked("crdtchat", command, stderr=errors)
        assert process.stdout is not None
        with process.stdout:
            printed = process.stdout.read()
        status = process.wait()
        errors.seek(0)
        return subprocess.CompletedProcess(command, status, printed, errors.read())


def _say_number(where: int, number: int) -> None:
    os.write(where, number.to_bytes(_LENGTH, "big", signed=True))


def _read_number(where: int) -> int:
    said = os.read(where, _LENGTH)
    if not said:
        raise RuntimeError("the process that others are forked off has ended")
    return int.from_bytes(said, "big", signed=True)


def _number(file: int | IO[str]) -> int:
    return file if isinstance(file, int) else file.fileno()


class _Mother:
    """The process that others are forked off, as seen from here."""

    def __init__(self, loaded: tuple[str, ...]) -> None:
        self._socket, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", str(theirs.fileno()), *loaded],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            cwd=Path(__file__).parents[1],
        )
        theirs.close()
        self._turn = Lock()
        atexit.register(self._end)

    def ask(self, request: bytes, files: list[int]) -> None:
        """Have it fork; `files`: standard input, output and error, and where it says what comes."""
        with self._turn:
            socket.send_fds(self._socket, [len(request).to_bytes(_LENGTH, "big")], files)
            self._socket.sendall(request)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def _mother(loaded: tuple[str, ...]) -> _Mother:
    return _Mother(loaded)


def _asked(control: socket.socket) -> tuple[bytes, list[int]] | None:
    """The next request, or None where nobody is left who could make one."""
    data, files, _, _ = socket.recv_fds(control, _LENGTH, 4)
    if not data:
        return None
    return control.recv(int.from_bytes(data, "big"), socket.MSG_WAITALL), files


def _serve(control: socket.socket) -> dict[str, object]:
    """Fork on request. Returns only in a process that was forked, with what it was asked for."""
    ended, wakes = socket.socketpair()
    for end in (ended, wakes):
        end.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's is for those who have work
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([control, ended], [], [])
        if ended in ready:
            ended.recv(4096)
            _bury(running)
        if control not in ready:
            continue
        asked = _asked(control)
        if asked is None:
            raise SystemExit
        request, files = asked
        pid = os.fork()
        if pid:
            _say_number(files[3], pid)
            running[pid] = files[3]
            for number in files[:3]:
                os.close(number)
            continue
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for one in (control, ended, wakes):
            one.close()
        for number in (*running.values(), files[3]):
            os.close(number)
        for place, number in enumerate(files[:3]):
            os.dup2(number, place)
            os.close(number)
        found: dict[str, object] = json.loads(request)
        return found


def _bury(running: dict[int, int]) -> None:
    """Say of all that have ended how they did."""
    for pid in list(running):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            said = running.pop(pid)
            _say_number(said, os.waitstatus_to_exitcode(status))
            os.close(said)


def _become(argv: list[str], environment: dict[str, str], folder: str) -> NoReturn:
    """Be `python -m ARGV`, to the end."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    # Made anew, as a terminal's are not like a file's.
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    sys.argv = argv
    runpy.run_module(argv[0], run_name="__main__", alter_sys=True)
    raise SystemExit


if __name__ == "__main__":
    for name in sys.argv[2:]:
        import_module(name)
    gc.collect()
    gc.freeze()  # nobody walks through the modules, which would copy the memory they are in
    _become(**_serve(socket.socket(fileno=int(sys.argv[1]))))  # type: ignore[arg-type]
