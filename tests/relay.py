"""A TCP relay that loses what a test wants lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

Address = tuple[str, int] | str
"""Host and port, or the path of a socket."""


class Relay:
    """`with Relay(target) as relay`: listens on `relay.port` of this machine and passes on."""

    def __init__(self, *targets: Address) -> None:
        """Of several targets each connection takes another, and the next one if it is refused."""
        self._targets = list(targets)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: set[_Pair] = set()
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._open.set()
        self._on_request: Callable[[_Pair, bytes], bool] | None = None
        self._on_answer: Callable[[_Pair, bytes], bool] | None = None
        self._held: list[tuple[_Pair, bytes]] = []
        self.acted = threading.Event()
        """Set when what was asked for has happened."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()
        self._open.set()
        self.cut()

    def cut(self) -> None:
        """End all connections."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            pair.cut()

    def freeze(self) -> None:
        """Pass nothing on, and say nothing, until `thaw`: as a network that is gone."""
        self._open.clear()

    def thaw(self) -> None:
        """Pass on what has come meanwhile."""
        self._open.set()

    def lose_nothing(self) -> None:
        """Take back what was asked for, if it has not happened."""
        self._on_request = self._on_answer = None

    def lose_next_answer(self, *, behind: int = 0) -> None:
        """Cut the connection whose peer answers next, in place of the answer; `behind`: so many
        answers before it pass."""
        self.acted.clear()
        passing = iter(range(behind))

        def lose(pair: _Pair, data: bytes) -> bool:
            if next(passing, None) is not None:
                return True
            self._on_answer = None
            self.acted.set()
            pair.cut()
            return False

        self._on_answer = lose

    def lose_next_request(self) -> None:
        """Cut the connection on which the next request comes, in place of passing it on."""
        self.acted.clear()

        def lose(pair: _Pair, data: bytes) -> bool:
            self._on_request = None
            self.acted.set()
            pair.cut()
            return False

        self._on_request = lose

    def hold_next_request(self) -> None:
        """Cut off whom the next request is from, but keep the request for `release`."""
        self.acted.clear()

        def hold(pair: _Pair, data: bytes) -> bool:
            self._on_request = None
            self._held.append((pair, data))
            self.acted.set()
            pair.cut_client()
            return False

        self._on_request = hold

    def release(self) -> None:
        """Pass on what was held, though nobody waits for the answer; returns when it is there."""
        for pair, data in self._held:
            pair.deliver(data)
        self._held.clear()

    def request(self, pair: _Pair, data: bytes) -> bool:
        """Whether to pass on what a client sent."""
        self._open.wait()
        return self._on_request is None or self._on_request(pair, data)

    def answer(self, pair: _Pair, data: bytes) -> bool:
        """Whether to pass on what the target sent."""
        self._open.wait()
        return self._on_answer is None or self._on_answer(pair, data)

    def forget(self, pair: _Pair) -> None:
        """A connection ended."""
        with self._lock:
            self._pairs.discard(pair)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.wait()
                server = self._connect()
                if server is None:
                    client.close()
                    continue
                pair = _Pair(self, client, server)
                with self._lock:
                    self._pairs.add(pair)
                pair.start()

    def _connect(self) -> socket.socket | None:
        for _ in self._targets:
            target = self._targets.pop(0)
            self._targets.append(target)
            with suppress(OSError):
                return _connect(target)
        return None


class _Pair:
    """One connection on both sides."""

    def __init__(self, relay: Relay, client: socket.socket, server: socket.socket) -> None:
        self._relay = relay
        self._client = client
        self._server = server
        self._is_held = False
        self._pumps = [
            threading.Thread(target=pump, daemon=True) for pump in (self._requests, self._answers)
        ]

    def start(self) -> None:
        for pump in self._pumps:
            pump.start()

    def cut(self) -> None:
        for one in (self._client, self._server):
            _end(one)
        self._relay.forget(self)

    def cut_client(self) -> None:
        self._is_held = True
        _end(self._client)

    def deliver(self, data: bytes) -> None:
        """Send what was held, and wait until the target, which hears no more, hangs up."""
        self._server.sendall(data)
        self._server.shutdown(socket.SHUT_WR)
        self._pumps[1].join()

    def _requests(self) -> None:
        with suppress(OSError):
            while data := self._client.recv(65_536):
                if self._relay.request(self, data):
                    self._server.sendall(data)
        if not self._is_held:
            self.cut()

    def _answers(self) -> None:
        with suppress(OSError):
            while data := self._server.recv(65_536):
                if not self._is_held and self._relay.answer(self, data):
                    self._client.sendall(data)
        self.cut()


def _connect(target: Address) -> socket.socket:
    if isinstance(target, tuple):
        return socket.create_connection(target)
    server = socket.socket(socket.AF_UNIX)
    server.connect(target)
    return server


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
