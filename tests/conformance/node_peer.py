"""A stock y-websocket client in a Node process (`node/peer.mjs`)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crdtchat.document.schema import ROOTS
from crdtchat.sync.update import Value

Content = dict[str, dict[str, Value]]


class NodePeer:
    """Waits for events only, never for time to pass."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, command: str, **arguments: object) -> Any:
        """Carry out a command and return its reply."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._process.stdin.flush()
        while True:
            message = self._next()
            if "reply" in message:
                return message["reply"]

    def wait(self, condition: Callable[[Any], object]) -> Any:
        """Look until the condition holds, after every event; answers what was seen."""
        while not condition(seen := self.ask("look")):
            self._next()
        return seen

    def write(self, *entries: tuple[str, str, Value | None]) -> None:
        """Write in one transaction."""
        self.ask("write", entries=entries)

    def content(self) -> Content:
        """The document, in Python's terms."""
        return content(self.ask("look"))

    def _next(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError("the Node peer ended")
        return json.loads(line)


def content(seen: Any) -> Content:
    """The values of a look, with lists as tuples."""
    return {
        root: {
            key: value if isinstance(value, str) else tuple(value)
            for key, value in seen["values"][root].items()
        }
        for root in ROOTS
    }


@contextmanager
def node_peer(
    node: Path, url: str, page: str, token: str, *, client: int | None = None
) -> Iterator[NodePeer]:
    """A peer with an open document that is not connected yet. `url`: `ws://host:port`."""
    process = subprocess.Popen(
        ["node", "peer.mjs", ",".join(ROOTS)],
        cwd=node,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    peer = NodePeer(process)
    arguments: dict[str, object] = {} if client is None else {"client": client}
    peer.ask("open", url=f"{url}/sync/demo", page=page, params={"token": token}, **arguments)
    try:
        yield peer
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        process.wait()


def annotation(user: str, aid: str, text: str, at: int) -> Sequence[tuple[str, str, Value]]:
    """The records of a new annotation."""
    return (
        ("a", aid, (user, at, "words", "before ", " after", 7, 12)),
        ("c", f"{aid}/open", (user, at, text)),
    )
