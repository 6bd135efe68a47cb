"""Side files: a discussion written beside its file, to travel with it in a repository."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from io import StringIO
from typing import Any, Protocol

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from crdtchat.access.principal import Principal
from crdtchat.access.roles import Action
from crdtchat.document import schema
from crdtchat.document.foreign import Surroundings
from crdtchat.document.importable import portables
from crdtchat.document.json_items import JsonItems
from crdtchat.document.portable import Portable
from crdtchat.document.records import comment_key
from crdtchat.document.replica import Replica
from crdtchat.document.tally import Tally
from crdtchat.host.exporting import exported
from crdtchat.host.hub import Hub
from crdtchat.host.importing import import_items
from crdtchat.stores.base import DocumentKey
from crdtchat_jupyter.principal import TENANT

SUFFIX = ".comments.jsonld"


class Contents(Protocol):
    """What Jupyter's contents managers do for us; each may answer with an awaitable."""

    def get(self, path: str, content: bool, type: str, format: str) -> Any:
        """The model of a file, with its content."""

    def file_exists(self, path: str) -> Any:
        """Whether a file lies there."""

    def save(self, model: dict[str, Any], path: str) -> Any:
        """Write a file."""


@dataclass(frozen=True, slots=True)
class SideFile:
    """The side file of one file, and the discussion that belongs in it."""

    path: str
    """Of the file that is discussed, below the server's root."""
    page: str
    contents: Contents
    hub: Hub

    @property
    def side(self) -> str:
        """Where the side file lies."""
        return self.path + SUFFIX

    async def write(self, principal: Principal) -> int:
        """Write the discussion, as this person sees it; answers how many annotations it has.

        Raises HTTPError 409 if the side file holds words that the discussion has not, or what
        cannot be read: it would be lost; and what the contents manager raises. StoreError.
        """
        key = DocumentKey(TENANT, self.page)
        if await ensure_async(self.contents.file_exists(self.side)):
            around = Surroundings(Tally(), self.hub.sources.now().wall)
            found = portables(JsonItems(StringIO(await self._read()).read), around)
            async with self.hub.attend(key) as room:
                unknown = _unknown(room.replica, found)
            if around.tally.left_out:
                why = ", ".join(around.tally.left_out)
                raise HTTPError(
                    409, f"{self.side} cannot be read whole: mend or remove it first ({why})"
                )
            if unknown:
                raise HTTPError(
                    409, f"{self.side} holds {unknown} comments that are not here: import it first"
                )
        count = 0

        def note(done: int) -> None:
            nonlocal count
            count = done

        parts = exported(
            self.hub.store,
            TENANT,
            page=self.page,
            source=self.path.rpartition("/")[2],  # beside it: a relative reference
            hidden=principal.may(Action.MODERATE),
            progress=note,
        )
        text = "".join([part async for part in parts])
        model = {"type": "file", "format": "text", "content": text}
        await ensure_async(self.contents.save(model, self.side))
        return count

    async def merge(self, principal: Principal) -> Tally:
        """Bring in what the discussion has not. Raises what the contents manager raises (404 where
        there is no side file), StoreError."""
        items = JsonItems(StringIO(await self._read()).read)
        peer = replace(principal.peer(), may_import=True)
        return await import_items(self.hub, TENANT, items, peer, page=self.page)

    async def _read(self) -> str:
        reading = self.contents.get(self.side, content=True, type="file", format="text")
        content: str = (await ensure_async(reading))["content"]
        return content


def _unknown(replica: Replica, found: Iterable[Portable]) -> int:
    """How many comments a file has, and highlights without one, that a page neither has nor had."""
    stones = replica.values(schema.TOMBSTONES)
    annotations, comments = (replica.values(root) for root in (schema.ANNOTATIONS, schema.COMMENTS))
    unknown = 0
    for portable in found:
        if portable.aid in stones:
            continue
        keys = [comment_key(portable.aid, cid) for cid in portable.comments]
        unknown += sum(key not in comments and key not in stones for key in keys)
        unknown += not keys and portable.aid not in annotations
    return unknown
