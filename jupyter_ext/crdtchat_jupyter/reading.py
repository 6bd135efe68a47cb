"""What a file holds, read while others may be writing it.

Jupyter empties a file before it writes it, and whoever reads a notebook through it just then makes
it put the file aside as damaged and take back the version of before: what was being saved would be
lost. So notebooks in folders are read here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import anyio
from anyio.to_thread import run_sync
from jupyter_core.utils import ensure_async
from nbformat import ValidationError, convert, reader
from tornado.web import HTTPError

_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Between looks at what cannot be read."""


class Contents(Protocol):
    """What Jupyter's contents managers do for us; each may answer with an awaitable."""

    def get(self, path: str, content: bool) -> Any:
        """The model of a file."""

    def file_exists(self, path: str) -> Any:
        """Whether a file lies there."""


class Reader:
    """Reads through Jupyter, which decides what there is and who may see it."""

    def __init__(self, contents: Contents, root: Path | None) -> None:
        """`root`: the folder whose files the contents are; None for contents in no folder."""
        self._contents = contents
        self._root = root

    async def read(self, path: str) -> dict[str, Any]:
        """The contents-service model of a file, with its content.

        Raises IsADirectoryError, tornado's HTTPError: what Jupyter answers, and 503 for a notebook
        that cannot be read for now.
        """
        for pause in _PAUSES_S:
            if (model := await self._look(path)) is not None:
                return model
            await anyio.sleep(pause)
        raise HTTPError(503, f"{path} is no notebook, or is being written for very long")

    async def _look(self, path: str) -> dict[str, Any] | None:
        apart = self._root is not None and path.endswith(".ipynb")
        model: dict[str, Any] = await ensure_async(self._contents.get(path, content=not apart))
        if model["type"] == "directory":
            raise IsADirectoryError(f"{path} is a folder: name a file in it")
        if self._root is None or not apart:
            return model
        notebook = await run_sync(_notebook, self._root / path)
        return None if notebook is None else model | {"content": notebook, "format": "json"}


def _notebook(place: Path) -> dict[str, Any] | None:
    """None if it is none, or not yet, or not there any more."""
    try:
        return dict(convert(reader.reads(place.read_text("utf-8")), 4))  # type: ignore[no-untyped-call]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ValidationError):
        return None
