"""Kernels that a Jupyter server runs for a notebook, used as JupyterLab uses them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
from websockets.sync.client import ClientConnection, connect


class Kernel:
    """A running kernel."""

    def __init__(self, socket: ClientConnection, session: dict[str, Any]) -> None:
        self._socket = socket
        self.session = session
        """As the server describes it."""

    def run(self, code: str) -> str:
        """Run a cell; answers what it printed, or how its traceback ends."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
        }
        number = uuid4().hex
        header = {"msg_id": number, "msg_type": "execute_request", "version": "5.3"}
        header |= {"session": number, "username": ""}
        asked = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self._socket.send(json.dumps(asked | {"channel": "shell", "buffers": []}))
        said: list[str] = []
        wanted = {"execute_reply", "idle"}
        while wanted:
            message = json.loads(self._socket.recv())
            if message["parent_header"].get("msg_id") != number:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                said.append(content["text"])
            elif kind == "error":
                said.append(f"{content['ename']}: {content['evalue']}")
            wanted.discard(content["execution_state"] if kind == "status" else kind)
        return "".join(said).strip()


@contextmanager
def running_kernel(client: httpx.Client, path: str) -> Iterator[Kernel]:
    """The kernel of a notebook, started through the Jupyter server that the client asks."""
    asked = {"path": path, "type": "notebook", "name": "", "kernel": {"name": "python3"}}
    session = client.post("api/sessions", json=asked).raise_for_status().json()
    address = str(client.base_url).replace("http", "ws", 1)
    with connect(
        f"{address}api/kernels/{session['kernel']['id']}/channels",
        additional_headers={"Authorization": client.headers["Authorization"]},
        open_timeout=None,
        close_timeout=None,
        max_size=None,
    ) as socket:
        yield Kernel(socket, session)
    client.delete(f"api/sessions/{session['id']}").raise_for_status()
