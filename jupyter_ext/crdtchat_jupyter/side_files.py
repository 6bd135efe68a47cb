"""Side files: a discussion written beside its file, to travel with it in a repository."""

from __future__ import annotations

from collections import Counter
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
from crdtchat.document.portable import Deletion, Portable, imported_id
from crdtchat.document.records import (
    TombstoneRecord,
    comment_key,
    reaction_key,
    read_anchor,
    read_moderation,
    read_reactions,
    read_status,
)
from crdtchat.document.replica import Replica
from crdtchat.document.standing import Standing, Standings
from crdtchat.document.tally import Tally
from crdtchat.document.withdrawn import is_withdrawn
from crdtchat.host.exporting import Gone, exported
from crdtchat.host.hub import Hub
from crdtchat.host.importing import import_items, later_edit
from crdtchat.stores.base import DocumentKey
from crdtchat.sync.mirror import Mirror
from crdtchat_jupyter.principal import TENANT

SUFFIX = ".comments.jsonld"
_UNKNOWN, _NEWER = "comments that are not here", "newer changes"
_REACTIONS, _GONE = "reactions that are not here", "deletions that are not here"
_WITHDRAWN = "reactions less than are here"


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

        Raises HTTPError 409 if the side file holds what the discussion has not, or not as new, or
        what cannot be read: it would be lost; and what the contents manager raises. StoreError.
        """
        key = DocumentKey(TENANT, self.page)
        deletions: dict[str, TombstoneRecord] = {}
        withdrawn: set[str] = set()
        if await ensure_async(self.contents.file_exists(self.side)):
            around = Surroundings(Tally(), self.hub.sources.now().wall)
            found = list(portables(JsonItems(StringIO(await self._read()).read), around))
            async with self.hub.attend(key) as room:
                missing = _missing(room.replica, room.mirror, found)
            if around.tally.left_out:
                why = ", ".join(around.tally.left_out)
                raise HTTPError(
                    409, f"{self.side} cannot be read whole: mend or remove it first ({why})"
                )
            if what := " and ".join(f"{count} {kind}" for kind, count in missing.items()):
                raise HTTPError(409, f"{self.side} holds {what}: import it first")
            # Of what never was here, for those who have it.
            deletions = {one.aid: one.stone for one in found if isinstance(one, Deletion)}
            for one in found:
                if isinstance(one, Portable):
                    withdrawn |= {reaction_key(one.aid, *key) for key in one.withdrawn}
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
            gone=Gone(deletions, withdrawn),
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


def _missing(
    replica: Replica, mirror: Mirror, found: Iterable[Portable | Deletion]
) -> Counter[str]:
    """What a file has that a page neither has nor had, or has otherwise and older, by kind: it
    would be lost, and an import brings it."""
    stones = replica.values(schema.TOMBSTONES)
    annotations, comments = (replica.values(root) for root in (schema.ANNOTATIONS, schema.COMMENTS))
    standings = Standings(replica)
    missing: Counter[str] = Counter()
    for portable in found:
        if portable.aid in stones:
            continue
        if isinstance(portable, Deletion):
            missing[_GONE] += standings.of(portable.aid) is Standing.THEIRS
            continue
        keys = [comment_key(portable.aid, cid) for cid in portable.comments]
        missing[_UNKNOWN] += sum(key not in comments and key not in stones for key in keys)
        missing[_UNKNOWN] += not keys and portable.aid not in annotations
        if portable.aid in annotations:
            places = {comment_key(portable.aid, cid) for cid in portable.deleted} - stones.keys()
            ours = {key for key in places if standings.of_comment(key) is Standing.OURS}
            missing[_GONE] += len(places - ours)
            missing[_NEWER] += _newer(replica, portable)
            missing[_REACTIONS] += _reactions(replica, mirror, portable)
            missing[_WITHDRAWN] += _withdrawn(replica, portable)
    return +missing


def _reactions(replica: Replica, mirror: Mirror, portable: Portable) -> int:
    """How many people gave what is not here, and was not taken back here."""
    here, comments = replica.values(schema.REACTIONS), replica.values(schema.COMMENTS)
    count = 0
    for (cid, user), emoji in portable.reactions.items():
        names = {user, user.removeprefix(schema.IMPORT_PREFIX), imported_id(user)}
        keys = [reaction_key(portable.aid, cid, name) for name in names]
        key, relayed = reaction_key(portable.aid, cid, user), (cid, user) in portable.relayed
        if comment_key(portable.aid, cid) not in comments:
            continue
        if not any(one in here for one in keys):
            count += not is_withdrawn(mirror, key, relayed=relayed)
        elif all(schema.is_imported(one.rpartition("/")[2]) for one in keys if one in here):
            given = {each for one in keys for each in read_reactions(here.get(one))}
            count += not (given.issuperset(emoji) if relayed else given == set(emoji))
    return count


def _withdrawn(replica: Replica, portable: Portable) -> int:
    """How many people took back what stands here as imported."""
    here = replica.values(schema.REACTIONS)
    given = {(cid, imported_id(user)) for cid, user in portable.reactions}
    taken = {(cid, imported_id(user)) for cid, user in portable.withdrawn} - given
    return sum(reaction_key(portable.aid, *key) in here for key in taken)


def _newer(replica: Replica, portable: Portable) -> int:
    """Where a program followed an edit of the file it will again: that is nobody's decision."""
    get, aid = replica.get, portable.aid
    count = 0
    for cid, comment in portable.comments.items():
        key = comment_key(aid, cid)
        count += later_edit(comment, get(schema.COMMENTS, key)) is not None
    status, known = portable.status, read_status(get(schema.STATUSES, aid))
    if status is not None and (known is None or known.at < status.at):
        count += status.resolved != (known is not None and known.resolved)
    anchor, there = portable.anchor, read_anchor(get(schema.ANCHORS, aid))
    if anchor is not None and not anchor.followed and (there is None or there.at < anchor.at):
        count += there is None or there.target != anchor.target
    for cid, verdict in portable.moderation.items():
        key = comment_key(aid, cid) if cid else aid
        decided = read_moderation(get(schema.MODERATION, key))
        flags = (verdict.hidden, verdict.locked)
        if get(schema.TOMBSTONES, key) is not None:
            continue
        if decided is None:
            count += any(flags)
        elif decided.at < verdict.at:
            count += flags != (decided.hidden, decided.locked)
    return count
