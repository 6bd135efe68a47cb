"""Something that receives webhooks: a real HTTP server, and what it got, request by request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread
from typing import Any

from anyio.to_thread import run_sync
from standardwebhooks.webhooks import Webhook

NETWORK = "127.0.0.0/8"


@dataclass
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["data"]
        return found

    def verify(self, secret: str) -> Any:
        """Check the signature as the specification's own library does."""
        return Webhook(secret).verify(self.body, self.headers)


Answer = Callable[[Got], int | bytes]
"""The status to answer, or the bytes of the whole answer."""


class Receiver:
    """Answers 204 unless `answer` says otherwise. What it took in stands in `got`."""

    def __init__(self) -> None:
        self.url = ""
        self.answer: Answer = lambda got: 204
        self.got: SimpleQueue[Got] = SimpleQueue()

    async def next(self) -> Got:
        """Wait for the next request."""
        return await run_sync(self.got.get)

    @contextmanager
    def listening(self, port: int = 0) -> Iterator[int]:
        """Listen for the length of a block, on a free port or on one of before; lends the port."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                got = Got(self.path, headers, body)
                answer = receiver.answer(got)
                # Before the answer, behind which the next request may come in another thread.
                receiver.got.put(got)
                if isinstance(answer, bytes):
                    self.wfile.write(answer)
                else:
                    self.send_response(answer)
                    if 300 <= answer < 400:
                        self.send_header("location", f"{receiver.url}elsewhere")
                    self.send_header("content-length", "0")
                    self.end_headers()
                self.wfile.flush()

            def log_message(self, *arguments: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """One for the length of a block."""
    receiver = Receiver()
    with receiver.listening():
        yield receiver
