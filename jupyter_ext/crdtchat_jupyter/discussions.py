"""From a path to its discussion: recognise the file, remember it, name its page."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from jupyter_core.utils import ensure_async

from crdtchat_jupyter.files import Files
from crdtchat_jupyter.marks import marks_of
from crdtchat_jupyter.recognition import Known, Recognised, Seen, recognise


class Contents(Protocol):
    """What Jupyter's contents managers do for us; each may answer with an awaitable."""

    def get(self, path: str, content: bool) -> Any:
        """The model of a file."""

    def file_exists(self, path: str) -> Any:
        """Whether a file lies there."""


class FileIds(Protocol):
    """What jupyter-server-fileid's managers do for us."""

    def index(self, path: str) -> str | None:
        """The id of a file, given to it if it has none."""


@dataclass(frozen=True, slots=True)
class Discussion:
    """Where a file is discussed."""

    page: str
    similar: tuple[Known, ...]
    """Files it may be a copy of; empty once that was decided."""


class Discussions:
    """Knows the files of one Jupyter server."""

    def __init__(
        self,
        files: Files,
        contents: Contents,
        file_ids: Callable[[], FileIds | None],
        new_page: Callable[[str], str],
    ) -> None:
        self._files = files
        self._contents = contents
        self._file_ids = file_ids
        self._new_page = new_page

    async def of(self, path: str, *, continued: str = "") -> Discussion:
        """Find the discussion of a file, or begin one.

        continued: the page of another file whose discussion this one goes on with, as a person
            chose among `similar`; "new" for none of them.
        Raises tornado's HTTPError if the file cannot be read, sqlite3.Error.
        """
        path = path.strip("/")
        model = await ensure_async(self._contents.get(path, content=True))
        seen = Seen(path, self._file_id(path), marks_of(model))
        candidates = await self._files.candidates(seen)
        gone = {one.path for one in candidates if not await self._exists(one.path)}
        found = recognise(seen, candidates, gone)
        if continued and continued != "new":
            if continued not in {one.page for one in candidates}:
                raise LookupError("that discussion belongs to no file like this one")
            found = Recognised(continued)
        page = found.page
        if not page:
            page = self._new_page(path)
            if found.similar and continued != "new":
                # Not remembered before the person has said what this file is.
                return Discussion(page, found.similar)
        await self._files.keep(seen, page)
        return Discussion(page, ())

    async def renamed(self, old: str, new: str) -> None:
        """A file or folder got another path through Jupyter."""
        await self._files.moved(old.strip("/"), new.strip("/"))

    def _file_id(self, path: str) -> str:
        manager = self._file_ids()
        return (manager.index(path) or "") if manager is not None else ""

    async def _exists(self, path: str) -> bool:
        return bool(await ensure_async(self._contents.file_exists(path)))


def own_page(path: str) -> str:
    """A page id that is nobody else's, and says what it was about."""
    return f"jupyter/{secrets.token_urlsafe(9)}/{path}"


def shared_page(path: str) -> str:
    """The page id on which all Jupyter servers agree that have a file under the same path."""
    return f"jupyter/{path}"
