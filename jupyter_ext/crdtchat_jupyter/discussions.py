"""From a path to its discussion: recognise the file, remember it, name its page."""

from __future__ import annotations

import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import anyio
from anyio.to_thread import run_sync
from jupyter_core.utils import ensure_async

from crdtchat_jupyter.files import Files
from crdtchat_jupyter.marks import marks_of, stands_in, text_of
from crdtchat_jupyter.reading import Contents, Reader
from crdtchat_jupyter.recognition import Known, Recognised, Seen, is_other, recognise

_MOMENT_S = 0.3


class FileIds(Protocol):
    """What jupyter-server-fileid's managers do for us."""

    def index(self, path: str) -> str | None:
        """The id of a file, given to it if it has none."""


@dataclass(frozen=True, slots=True)
class Discussion:
    """Where a file is discussed."""

    page: str
    similar: tuple[Known, ...]
    """Files it may be, or be a copy of, and that are discussed; empty once that was decided."""
    replaces: bool = False
    """The first of them was at this path before, and has nothing in common with this file."""


class Discussions:
    """Knows the files of one Jupyter server."""

    def __init__(
        self,
        files: Files,
        contents: Contents,
        file_ids: Callable[[], FileIds | None],
        new_page: Callable[[str], str],
        root: Path | None,
        kept: Callable[[], Awaitable[Sequence[Known]]],
        quotes: Callable[[str], Awaitable[Sequence[str] | None]],
    ) -> None:
        """`root`: the folder whose files the server shows; None for contents in no folder. `kept`
        answers which discussions there are, if the table of files does not know. `quotes` answers
        the words that are discussed on a page; None if nobody can tell here."""
        self._files = files
        self._contents = contents
        self._reader = Reader(contents, root)
        self._file_ids = file_ids
        self._new_page = new_page
        self._root = root
        self._kept = kept
        self._quotes = quotes

    async def of(self, path: str, *, continued: str = "", again: bool = False) -> Discussion:
        """Find the discussion of a file, or begin one.

        continued: the page of another file whose discussion this one goes on with, as a person
            chose among `similar`; "new" for none of them. Passed over for a file that has one.
        again: it was asked about a moment ago, and is to be asked about once more.
        Raises IsADirectoryError, tornado's HTTPError if the file cannot be read, sqlite3.Error, and
        StoreError if it has to be looked up which discussions there are.
        """
        path = path.strip("/")
        model = await self._reader.read(path)
        place = self._place(path)
        seen = Seen(place, self._file_id(path), marks_of(model), await self._real(place))
        if await self._files.is_new():
            await self._files.begin(await self._kept())
        candidates = await self._files.candidates(seen)
        seen = await self._linked(seen, candidates)
        known = [one.path for one in candidates if not one.lost and not one.past]
        gone = {path for path in known if not await self._exists(path)}
        found = recognise(seen, candidates, gone)
        if found.similar and not continued:
            found = await self._without_asking(found.similar, seen, text_of(model))
        if found.page:
            await self._files.keep(seen, found.page, found.moved)
            return Discussion(found.page, ())
        page = continued
        if continued in ("", "new"):
            page = self._new_page(path)
            if found.similar and not continued:
                if not again:  # what is being saved has for a moment nothing of what it was
                    await anyio.sleep(_MOMENT_S)
                    return await self.of(path, again=True)
                # Not remembered before the person has said what this file is.
                shown = tuple(self._shown(one) for one in found.similar)
                return Discussion(page, shown, found.similar[0].is_at(seen.path))
        elif continued not in {one.page for one in candidates}:
            raise LookupError("that discussion belongs to no file like this one")
        return Discussion(await self._files.settle(seen, page), ())

    async def _without_asking(self, similar: Sequence[Known], seen: Seen, text: str) -> Recognised:
        """What a person has to be asked about: discussions that there are, each once. A file whose
        words were replaced as a whole is the same while words that are discussed are in it."""
        asked: dict[str, Known] = {}
        for one in similar:
            quotes = await self._quotes(one.page)
            if one.is_at(seen.path) and (
                not quotes or any(stands_in(quote, text) for quote in quotes)
            ):
                return Recognised(one.page)
            if quotes is None or quotes:
                asked.setdefault(one.page, one)
        return Recognised("", tuple(asked.values()))

    async def saved(self, path: str, marks: frozenset[str]) -> None:
        """A file was saved through Jupyter, as what has these marks."""
        place = self._place(path.strip("/"))
        for one in {place, await self._real(place) or place}:
            await self._files.renew(one, marks)

    async def deleted(self, path: str) -> None:
        """A file or folder was deleted through Jupyter."""
        await self._files.deleted(self._place(path.strip("/")))

    async def renamed(self, old: str, new: str) -> None:
        """A file or folder got another path through Jupyter."""
        await self._files.moved(self._place(old.strip("/")), self._place(new.strip("/")))

    def _file_id(self, path: str) -> str:
        manager = self._file_ids()
        return (manager.index(path) or "") if manager is not None else ""

    def _place(self, path: str) -> str:
        """Where a file lies, whichever folder the server shows: servers of several folders share
        one table. Contents that lie in no folder have but their path."""
        return (self._root / path).as_posix() if self._root is not None else path

    async def _exists(self, place: str) -> bool:
        if self._root is None:
            return bool(await ensure_async(self._contents.file_exists(place)))
        return await run_sync(_lies_at, place)

    async def _real(self, place: str) -> str:
        """Where a file lies behind links; empty for contents that lie in no folder."""
        return await run_sync(os.path.realpath, place) if self._root is not None else ""

    async def _linked(self, seen: Seen, known: Sequence[Known]) -> Seen:
        """A file as the known one that it is, where a link leads to it, or from it. What is known
        under the very path counts more: a person may have said that it begins its own."""
        there = [one for one in known if not one.lost and not one.past]
        here = next((one for one in there if one.path == seen.path), None)
        if not seen.real or (here is not None and not is_other(here.marks, seen.marks)):
            return seen
        for one in there:
            if one is not here and await self._real(one.path) == seen.real:
                # Some give ids to links, too.
                return replace(seen, path=one.path, file_id=one.file_id)
        return seen

    def _shown(self, known: Known) -> Known:
        """Under the path that the server's users see, if it is below its folder."""
        if self._root is None or known.lost or not Path(known.path).is_relative_to(self._root):
            return known
        return replace(known, path=Path(known.path).relative_to(self._root).as_posix())


def _lies_at(place: str) -> bool:
    """Whether a file lies there, or nobody can say: in a folder that is closed, on a disk that does
    not answer. What is gone gives its discussion away without a question."""
    try:
        return Path(place).is_file()
    except OSError:
        return True


def own_page(path: str) -> str:
    """A page id that is nobody else's, and says what it was about."""
    return f"jupyter/{secrets.token_urlsafe(9)}/{path}"


def path_of(page: str) -> str:
    """The path that an own page was begun for; empty for a page of others."""
    return "/".join(page.split("/")[2:])


def shared_page(path: str) -> str:
    """The page id on which all Jupyter servers agree that have a file under the same path."""
    return f"jupyter/{path}"
