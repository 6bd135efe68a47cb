"""Inside a kernel: the notebook's page, found by asking the Jupyter server that runs the kernel.

Imports nothing of Jupyter's server, which may be installed elsewhere.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from jupyter_core.paths import jupyter_runtime_dir

from crdtchat.client.surroundings import Place
from crdtchat_jupyter.servers import Refused, Server, known_servers

_TOGETHER = "RTC:"
"""What jupyter-collaboration before 4 has before the paths of what is edited together."""
_REMEDY = "or give url= and page=, or set CRDTCHAT_URL"


def find(context: ssl.SSLContext | None) -> Place | None:
    """The page of the notebook that this kernel belongs to; None outside of Jupyter's kernels.

    Raises ValueError if it cannot be found, with what to do.
    """
    kernel = _kernel_id()
    parent = os.environ.get("JPY_PARENT_PID", "")
    if not kernel and not parent:
        return None
    troubles = []
    for server, is_parent in _servers(parent, context):
        try:
            path = _notebook(server, kernel)
            if not path and is_parent:
                path = _named_path(server)
            if path:
                return _place(server, path)
        except Refused as refused:
            troubles.append(f"{server.url}: {refused}")
    tried = "; ".join(troubles) or "none has a notebook with this kernel"
    raise ValueError(
        f"no Jupyter server found for this kernel ({tried}): run it in JupyterLab, {_REMEDY}"
    )


def _place(server: Server, path: str) -> Place:
    try:
        found = server.ask("crdtchat/api/discussion", {"path": path})
    except Refused as refused:
        if refused.status == 404 and not _has_extension(server):
            raise ValueError(
                f"the Jupyter server at {server.url} has no crdtchat: install crdtchat[jupyter] "
                f"where it runs and start it anew, {_REMEDY}"
            ) from None
        raise
    if found.get("replaces"):
        raise ValueError(
            f"{path} has nothing in common with the file of this name that was discussed: open it "
            f"in JupyterLab, which asks whether it goes on with that discussion, {_REMEDY}"
        )
    if found["similar"]:
        raise ValueError(
            f"{path} looks like a copy of {found['similar'][0]['path']}: open it in JupyterLab, "
            f"which asks whose discussion it goes on with, {_REMEDY}"
        )
    token = found["token"] or server.token
    # That of a central server is whole; its own it tells without its name, which we know.
    own = not urlsplit(found["url"]).netloc
    url = urljoin(server.url, found["url"])
    return Place(url, found["tenant"], found["page"], token, direct=own)


def _has_extension(server: Server) -> bool:
    """Whether the 404 was about the file: with us a body without a path is a bad request."""
    try:
        server.ask("crdtchat/api/discussion", {})
    except Refused as refused:
        return refused.status != 404
    return True


def _notebook(server: Server, kernel: str) -> str:
    """The path of the notebook that has this kernel now; empty if none on this server has. A
    console that shares the kernel has a path that is no file's."""
    sessions = server.ask("api/sessions")
    has = [one for one in sessions if (one.get("kernel") or {}).get("id") == kernel]
    has.sort(key=lambda one: one.get("type") != "notebook")
    return str(has[0]["path"]).removeprefix(_TOGETHER) if has else ""


def _named_path(server: Server) -> str:
    """What the kernel was started for, where that was a file of this server's."""
    name = os.environ.get("JPY_SESSION_NAME", "")
    try:
        path = Path(name).relative_to(Path(server.root).expanduser())
    except ValueError:
        return ""
    return path.as_posix() if name else ""


def _servers(parent: str, context: ssl.SSLContext | None) -> Iterator[tuple[Server, bool]]:
    """Servers to ask, the kernel's parent first, and whether it is that."""
    servers = known_servers(_runtime_folders(), context)
    for server in sorted(servers, key=lambda server: server.process != parent):
        is_parent = server.process == parent
        yield server.with_token_of_environment() if is_parent else server, is_parent
    hub = os.environ.get("JUPYTERHUB_SERVICE_URL", "")
    if hub:
        yield Server(hub, "", "", "", context).with_token_of_environment(), False


def _runtime_folders() -> set[Path]:
    folders = {Path(jupyter_runtime_dir())}
    connection = _connection_file()
    if connection is not None:
        folders.add(connection.parent)
    return folders


def _kernel_id() -> str:
    """As the server calls it: it is in the name of the connection file."""
    connection = _connection_file()
    found = re.fullmatch(r"kernel-(.+)", connection.stem) if connection is not None else None
    return found[1] if found else ""


def _connection_file() -> Path | None:
    module: Any = sys.modules.get("ipykernel.kernelapp")
    if module is None or not module.IPKernelApp.initialized():
        return None
    kernel = module.IPKernelApp.instance()
    folder, name = str(kernel.connection_dir), str(kernel.connection_file)
    return Path(folder, name)
