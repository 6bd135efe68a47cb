"""`jupyter crdtchat`: a file's discussion out of its Jupyter server and in, by its side file."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crdtchat_jupyter.servers import Refused, known_servers

_PATIENCE_S = 600.0
"""For thousands of annotations, each of which the server verifies."""


class Failed(Exception):
    """A sentence with the remedy."""


def main() -> None:
    """The command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Carry a command line out; answers 0, or 1 if something failed or was left out."""
    parser = argparse.ArgumentParser(
        "jupyter crdtchat",
        description="Write discussions beside their files (FILE.comments.jsonld), or merge them "
        "from there, by way of the running Jupyter server that shows the files.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("export", "write the discussion of a file beside it"),
        ("import", "merge what lies beside a file into its discussion"),
    ):
        command = commands.add_parser(name, help=what, description=what)
        command.add_argument("files", metavar="FILE", nargs="+", type=Path)
    flags = parser.parse_args(arguments)
    status = 0
    for file in flags.files:
        try:
            told = _ask(f"crdtchat/api/{flags.command}", file)
        except Failed as failed:
            sys.stderr.write(f"jupyter crdtchat: {file}: {failed}\n")
            status = 1
            continue
        if flags.command == "export":
            sys.stdout.write(f"{told['path']}: {told['annotations']} annotations\n")
        else:
            sys.stdout.write("".join(f"{file}: {line}\n" for line in told["report"]))
            status = status or int(told["left_out"] > 0)
    return status


def _ask(what: str, file: Path) -> Any:
    """Ask the server that shows the file, the one of the deepest folder first. Raises Failed."""
    servers = known_servers([_runtime_folder()], None)
    trouble = ""
    showing = [(one, path) for one in servers if (path := _below(file, Path(one.root)))]
    for server, path in sorted(showing, key=lambda one: -len(one[0].root)):
        try:
            asked = server.with_token_of_environment()
            return asked.ask(what, {"path": path}, patience_s=_PATIENCE_S)
        except Refused as refused:
            if refused.status:
                raise Failed(str(refused)) from None
            if not refused.gone:
                where = f"the Jupyter server at {server.url}, which shows it, cannot be asked"
                trouble = trouble or f"{where}: {refused}"
    none = "no running Jupyter server shows it: start one in its folder, or above"
    raise Failed(trouble or none)


def _below(file: Path, root: Path) -> str:
    """The path of a file as the server of a folder shows it; empty if it does not. A link below the
    folder is shown there, wherever it leads."""
    named, real = Path(os.path.abspath(file)), root.resolve()
    for place, folder in ((named, root), (named, real), (named.resolve(), real)):
        if place.is_relative_to(folder):
            return place.relative_to(folder).as_posix()
    return ""


def _runtime_folder() -> Path:
    """Where Jupyter servers say where they are. Raises Failed."""
    try:
        from jupyter_core.paths import jupyter_runtime_dir
    except ModuleNotFoundError:
        raise Failed(
            'this environment has no Jupyter: run it where Jupyter is, or pip install "crdtchat'
            '[jupyter]"'
        ) from None
    return Path(jupyter_runtime_dir())
