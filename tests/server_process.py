"""A real server process for tests: started, stopped, killed and restarted on one data directory."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Self

from crdtchat.server.cli import main
from tests.fork_server import Forked, forked

LISTENING = "crdtchat listening on "


class ServerProcess:
    """`crdtchat serve` on a free port. The port stays the same over restarts."""

    def __init__(
        self,
        data: Path,
        arguments: Sequence[str] = (),
        *,
        environment: Mapping[str, str] | None = None,
        cold: bool = False,
        module: str = "crdtchat",
        program: Path | None = None,
    ) -> None:
        """`environment`: of the server, in place of this process's. `cold`: with an interpreter of
        its own, as a user starts it, and not forked off one that has loaded the product. `module`:
        another that has the same command. `program`: that interpreter."""
        self.data = data
        self.url = ""
        self.log = data.parent / f"{data.name}.log"
        self._arguments = list(arguments)
        self._environment = environment
        self._port = 0
        self._cold = cold or environment is not None
        self._program = program or Path(sys.executable)
        self._module = module
        self._process: subprocess.Popen[str] | Forked | None = None

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None
        return self._process.pid

    @property
    def socket_url(self) -> str:
        """`ws://host:port`."""
        return self.url.replace("http", "ws", 1)

    def start(self) -> Self:
        """Start, and return once it listens."""
        with self.log.open("a") as errors:
            command = ["serve", "--port", str(self._port), "--data", str(self.data)]
            command += self._arguments
            if self._cold:
                self._process = subprocess.Popen(
                    [self._program, "-m", self._module, *command],
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    env=self._environment,
                )
            else:
                self._process = forked(self._module, command, stderr=errors)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(LISTENING):
            self._process.wait()
            raise AssertionError(f"the server did not start: {self.log.read_text()}")
        self.url = line.removeprefix(LISTENING).strip()
        self._port = int(self.url.rpartition(":")[2])
        return self

    def ended(self) -> int:
        """Wait until it ends by itself; answers the exit status."""
        return self._end(None)

    def stop(self) -> int:
        """Stop gracefully; answers the exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stands still for the length of a block; what is sent to it waits in its sockets."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Start again on the same data and port."""
        self.start()

    def token(
        self, user: str, role: str = "commenter", *, tenant: str = "demo", page: str = "*"
    ) -> str:
        """Make an API token for a user."""
        who = ["--role", role, "--user", user, "--name", user.title(), "--page", page]
        return self.run("token", "create", "--tenant", tenant, *who).strip()

    def run(self, *command: str) -> str:
        """Run a `crdtchat` command on the same data; answers what it printed.

        In this process, where all that it imports is there already, and in a thread, as it has an
        event loop of its own. That commands start at all is tested with processes of their own, as
        in tests/conformance/test_epochs.py.
        """
        printed, said = StringIO(), StringIO()

        def work() -> int:
            with redirect_stdout(printed), redirect_stderr(said):
                return main([*command, "--data", str(self.data)])

        with ThreadPoolExecutor(1) as thread:
            status = thread.submit(work).result()
        assert status == 0, f"crdtchat {shlex.join(command)}: {said.getvalue()}"
        return printed.getvalue()

    def memory(self) -> int:
        """Resident bytes now."""
        fields = Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def _end(self, number: signal.Signals | None) -> int:
        process = self._process
        if process is None:
            return 0
        self._process = None
        if number is not None:
            process.send_signal(number)
        status = process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()
        return status


@contextmanager
def running_server(
    data: Path, arguments: Sequence[str] = (), *, cold: bool = False
) -> Iterator[ServerProcess]:
    """A server for the length of a block; killed at its end if it still runs. `cold`: as above."""
    server = ServerProcess(data, arguments, cold=cold).start()
    try:
        yield server
    finally:
        server.kill()
