"""Import: annotations from elsewhere, through the verifier and the log like everything else.

What is there already stays as it is, so a second import changes nothing; also what went out from
here and comes back in the name of imported people. What its author edited elsewhere later takes the
place of what was imported before, and what was deleted or taken back elsewhere goes. Authors are
imported people (`import:` and their id) unless a backup is restored; see docs/exchange.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from secrets import token_bytes

import anyio
from anyio.to_thread import run_sync

from crdtchat.access.page_ids import is_page_id
from crdtchat.document import schema
from crdtchat.document.foreign import Surroundings
from crdtchat.document.ids import chance_of, new_broadcast_id
from crdtchat.document.importable import portables
from crdtchat.document.portable import Deletion, Portable, imported_id
from crdtchat.document.records import (
    CommentRecord,
    InvalidRecord,
    comment_value,
    reaction_key,
    reactions_value,
    read_anchor,
    read_annotation,
    read_comment,
    read_moderation,
    read_reactions,
    read_status,
)
from crdtchat.document.replica import Write
from crdtchat.document.standing import Standing, Standings
from crdtchat.document.tally import Tally
from crdtchat.document.withdrawn import is_withdrawn
from crdtchat.host.damage import Damage
from crdtchat.host.exporting import Progress
from crdtchat.host.gathering import Gathering
from crdtchat.host.hub import Hub
from crdtchat.stores.base import DocumentKey, StoreCorrupt, StoreError
from crdtchat.stores.rehearsal import RehearsalStore
from crdtchat.sync.codes import Refused
from crdtchat.sync.limits import OPERATION
from crdtchat.sync.session import Peer
from crdtchat.sync.update import Value

_TOGETHER = 32
"""Annotations that are looked at and written together."""
_BYTES = OPERATION.update_bytes * 3 // 4
_VALUES = OPERATION.values * 3 // 4
_STRUCTS = OPERATION.structs // 2
_TRIES = 20
_PAUSE_S = 0.05
_UNREAD = "annotations of pages that cannot be read back"
_THEIRS = "later edits of comments by people of here: only they can make them"
_THEIR_WORDS = "deletions of what people of here wrote: they, or a moderator, delete it here"

Get = Callable[[str, str], Value | None]

_KINDS = {
    schema.ANNOTATIONS: "annotations",
    schema.COMMENTS: "comments",
    schema.TOMBSTONES: "places of deleted comments",
    schema.STATUSES: "states",
    schema.ANCHORS: "anchors",
    schema.REACTIONS: "reactions",
    schema.USERS: "names",
    schema.MODERATION: "decisions of moderators",
}


async def import_items(  # noqa: PLR0913 - all by name, each a thing of its own
    hub: Hub,
    tenant: str,
    items: Iterable[object],
    peer: Peer,
    *,
    page: str | None = None,
    text: str | None = None,
    rehearse: bool = False,
    progress: Progress = lambda count: None,
    damage: Damage | None = None,
) -> Tally:
    """Write what is new of a file's items, whatever format each is in, as `peer`, which has
    `may_import` or `may_restore`. `items` is read in threads.

    page: the page that all of it goes to; None: the page that each annotation names. text: that
    page's text, if it is known. rehearse: do all of it on a copy, and answer what would have been.
    damage: hears of pages that cannot be read back; None: the first is an error. What is refused
    or has no page is tallied. Raises StoreError if the store cannot be written; what was written
    until then stays, and the next import goes on from there.
    """
    tally = Tally()
    found = portables(items, Surroundings(tally, hub.sources.now().wall, text))
    async with AsyncExitStack() as stack:
        if rehearse:
            store = RehearsalStore(hub.store)
            await store.open()
            hub = await stack.enter_async_context(Hub(store, sources=hub.sources))
        await bring_in(hub, tenant, found, peer, tally, page, progress, damage)
    return tally


async def bring_in(
    hub: Hub,
    tenant: str,
    found: Iterable[Portable | Deletion],
    peer: Peer,
    tally: Tally,
    page: str | None = None,
    progress: Progress = lambda count: None,
    damage: Damage | None = None,
) -> None:
    """The same of what was read already, tallied in `tally`. `found` is read in threads."""
    batches = _batches(tenant, page, found, tally)
    # A large file takes seconds to read: in a thread, so that others are served.
    while (batch := await run_sync(next, batches, None)) is not None:
        key, annotations = batch
        if not peer.may_restore:
            annotations = [annotation.renamed(imported_id) for annotation in annotations]
        try:
            await _Batch(hub, key, peer, annotations).bring_in(tally)
        except StoreCorrupt as error:
            if damage is None:
                raise
            damage.note(key, error)
            for annotation in annotations:
                tally.leave_out(_UNREAD, annotation.aid)
        progress(tally.total)


def _batches(
    tenant: str, page: str | None, found: Iterable[Portable | Deletion], tally: Tally
) -> Iterator[tuple[DocumentKey, list[Portable | Deletion]]]:
    """Neighbours of one page, a few at a time."""
    key = DocumentKey(tenant, "")
    batch: dict[str, Portable | Deletion] = {}
    for portable in found:
        name = page if page is not None else portable.page
        if not is_page_id(name):
            tally.leave_out("annotations that name no page: say which with --page", portable.aid)
            continue
        if batch and (name != key.page or len(batch) >= _TOGETHER or portable.aid in batch):
            yield key, list(batch.values())
            batch = {}
        key = DocumentKey(tenant, name)
        batch[portable.aid] = portable
    if batch:
        yield key, list(batch.values())


class _Batch:
    """Some annotations of one page, each an operation or a few; all are committed together."""

    def __init__(
        self, hub: Hub, key: DocumentKey, peer: Peer, batch: Sequence[Portable | Deletion]
    ) -> None:
        self._hub = hub
        self._key = key
        self._peer = peer
        self._batch = batch
        self._outcomes: dict[tuple[str, str], bool] = {}
        """By root and key: whether it is new (else it was there)."""
        self._edits: set[str] = set()
        """Comments that were there, and were edited elsewhere since."""
        self._deletions: set[str] = set()
        """What was there, and was deleted elsewhere since, by key."""
        self._refused: dict[tuple[str, str], None] = {}
        """Reasons and examples."""

    async def bring_in(self, tally: Tally) -> None:
        """Raises StoreError."""
        for tries in range(_TRIES):
            try:
                async with self._hub.attend(self._key) as room:
                    await self._write_what_is_new(room)
                break
            except StoreError as error:
                # Another process wrote on the page: look again at what is there.
                if not error.retry or tries == _TRIES - 1:
                    raise
                await anyio.sleep(_PAUSE_S)
        for (root, key), is_new in self._outcomes.items():
            kind = _KINDS[root]
            if root == schema.COMMENTS and key in self._edits:
                kind = "edits"
            elif root in (schema.TOMBSTONES, schema.REACTIONS) and key in self._deletions:
                kind = "deletions"
            (tally.added if is_new else tally.known)[kind] += 1
        for reason, example in self._refused:
            tally.leave_out(reason, example)

    async def _write_what_is_new(self, room: Gathering) -> None:
        gone = [one for one in self._batch if isinstance(one, Deletion)]
        standings = Standings(room.replica) if gone else None
        plans = [self._plan(room, annotation, standings) for annotation in self._batch]
        names = {
            key: (root, key, value)
            for annotation, writes in zip(self._batch, plans, strict=True)
            if writes
            for root, key, value in annotation.name_writes()
            if room.replica.get(root, key) is None
        }
        failures: list[StoreError] = []

        async def write(writes: Sequence[Write]) -> None:
            try:
                for part in _parts(writes):
                    await self._write(room, part)
            except StoreError as error:
                failures.append(error)

        # Names first: nobody sees words without one.
        await write(list(names.values()))
        async with anyio.create_task_group() as tasks:
            for plan in plans:
                tasks.start_soon(write, plan)
        if failures:
            raise failures[0]

    async def _write(self, room: Gathering, writes: Sequence[Write]) -> None:
        """Write all of it, or what of it is not refused. Raises StoreError."""
        try:
            await room.write(self._peer, writes, new_broadcast_id(token_bytes))
        except Refused as refused:
            if len(writes) > 1:
                for write in writes:
                    await self._write(room, [write])
            else:
                self._refuse(f"refused ({refused.code}): {refused.reason}", writes[0][1])
            return
        self._outcomes.update(((root, key), True) for root, key, _ in writes)

    def _plan(
        self, room: Gathering, annotation: Portable | Deletion, standings: Standings | None
    ) -> list[Write]:
        """What the page has not of an annotation. `standings`: where something is deleted."""
        get = room.replica.get
        if isinstance(annotation, Deletion):
            return self._plan_deletion(annotation, standings) if standings else []
        if get(schema.TOMBSTONES, annotation.aid) is not None:
            self._refuse("annotations that were deleted on this page", annotation.aid)
            return []
        there = read_annotation(get(schema.ANNOTATIONS, annotation.aid))
        annotation = _as_dated_before(room, annotation)
        head = annotation.head
        if there and not (_is_same(there.author, head.author) and there.created == head.created):
            self._refuse("annotations whose id another one has on this page", annotation.aid)
            return []
        plan: list[Write] = []
        try:
            for root, key, value in annotation.writes():
                if root != schema.REACTIONS or self._peer.may_restore:
                    self._add(plan, get, (root, key, value))
            if not self._peer.may_restore:
                self._add_reactions(plan, room, annotation)
        except InvalidRecord as error:
            self._refuse(str(error), annotation.aid)
            return []
        return plan

    def _add_reactions(self, plan: list[Write], room: Gathering, annotation: Portable) -> None:
        """Nobody dates reactions: a file of where somebody signs in says all that they gave, one
        that has only heard of it adds to that. What people of here took back comes not again."""
        get, mirror = room.replica.get, room.mirror
        for (cid, user), emoji in annotation.reactions.items():
            key = reaction_key(annotation.aid, cid, user)
            relayed = (cid, user) in annotation.relayed
            present = get(schema.REACTIONS, key)
            if is_withdrawn(mirror, key, relayed=relayed and present is None):
                continue
            if relayed:
                emoji = tuple(dict.fromkeys((*read_reactions(present), *emoji)))
            self._add(plan, get, (schema.REACTIONS, key, reactions_value(emoji)))
        for cid, user in annotation.withdrawn - annotation.reactions.keys():
            key = reaction_key(annotation.aid, cid, user)
            if schema.is_imported(user) and get(schema.REACTIONS, key) is not None:
                self._deletions.add(key)
                plan.append((schema.REACTIONS, key, None))

    def _plan_deletion(self, deletion: Deletion, standings: Standings) -> list[Write]:
        standing = standings.of(deletion.aid)
        if standing is Standing.OURS:
            self._refuse(_THEIR_WORDS, deletion.aid)
        elif standing is Standing.THEIRS:
            self._deletions.add(deletion.aid)
            return list(deletion.writes())
        elif deletion.aid in standings.deleted:
            self._deletions.add(deletion.aid)
            self._outcomes[schema.TOMBSTONES, deletion.aid] = False
        return []

    def _add(self, plan: list[Write], get: Get, write: Write) -> None:
        root, key, value = write
        aid, _, rest = key.partition("/")
        comment = f"{aid}/{rest.partition('/')[0]}"
        present = get(root, key)
        if root == schema.REACTIONS and present is None:
            # Perhaps of somebody who lives here: their reaction went out, and comes back.
            path, _, user = key.rpartition("/")
            theirs = get(root, f"{path}/{user.removeprefix(schema.IMPORT_PREFIX)}")
            present = None if theirs is None else value
        if root == schema.COMMENTS and (edited := later_edit(read_comment(value), present)):
            if not (self._peer.may_restore or schema.is_imported(edited.author)):
                self._refuse(_THEIRS, key)
                return
            self._edits.add(key)
            write, is_new = (root, key, comment_value(edited)), True
        elif root == schema.STATUSES:
            ours, mark = read_status(value), read_status(present)
            is_new = mark is None or (ours is not None and ours.at > mark.at)
        elif root == schema.MODERATION:
            verdict, decided = read_moderation(value), read_moderation(present)
            is_new = decided is None or (verdict is not None and verdict.at > decided.at)
        elif root == schema.ANCHORS:
            mine, found = read_anchor(value), read_anchor(present)
            is_new = found is None or (mine is not None and mine.at > found.at)
        elif root == schema.REACTIONS and not self._peer.may_restore:
            is_new = set(read_reactions(present)) != set(read_reactions(value))
        else:
            is_new = present is None
        if not is_new:
            self._outcomes.setdefault((root, key), False)
        elif rest and root != schema.TOMBSTONES and get(schema.TOMBSTONES, comment) is not None:
            self._refuse("comments and reactions of comments deleted on this page", key)
        elif root == schema.TOMBSTONES and (there := read_comment(get(schema.COMMENTS, key))):
            if not schema.is_imported(there.author):
                self._refuse(_THEIR_WORDS, key)
                return
            self._deletions.add(key)
            plan.append(write)
        else:
            plan.append(write)

    def _refuse(self, reason: str, example: str) -> None:
        self._refused[reason, example] = None


def _as_dated_before(room: Gathering, annotation: Portable) -> Portable:
    """With the dates that an earlier import gave to what has none. A comment's id begins with its
    time: one that is dated anew would be another comment."""
    if not annotation.undated:
        return annotation
    get = room.replica.get
    there = read_annotation(get(schema.ANNOTATIONS, annotation.aid))
    undated = {chance_of(cid): cid for cid in annotation.undated if cid}
    before: dict[str, tuple[str, int]] = {}
    for record in room.mirror.group(annotation.aid):
        known = record.key.partition("/")[2]
        cid = undated.get(chance_of(known))
        if cid is not None and record.root in (schema.COMMENTS, schema.TOMBSTONES):
            comment = read_comment(get(schema.COMMENTS, record.key)) or annotation.comments[cid]
            before[cid] = known, comment.created
    return annotation.dated(there.created if there and "" in annotation.undated else None, before)


def later_edit(mine: CommentRecord | None, present: Value | None) -> CommentRecord | None:
    """A comment that is there, as its author edited it later than it was edited here, if a file has
    that."""
    found = read_comment(present)
    if mine is None or found is None or mine.text == found.text or mine.edited <= found.edited:
        return None
    if not _is_same(found.author, imported_id(mine.author)) or mine.created != found.created:
        return None
    return replace(found, text=mine.text, edited=mine.edited)


def _is_same(there: str, coming: str) -> bool:
    """Whether an author here is who wrote in a file, perhaps after being imported elsewhere."""
    return coming in (there, imported_id(there))


def _parts(writes: Sequence[Write]) -> Iterator[list[Write]]:
    """Split writes into operations within the limits."""
    part: list[Write] = []
    size = values = 0
    for write in writes:
        more, count = _cost(write)
        if part and (size + more > _BYTES or values + count > _VALUES or len(part) >= _STRUCTS):
            yield part
            part, size, values = [], 0, 0
        part.append(write)
        size, values = size + more, values + count
    if part:
        yield part


def _cost(write: Write) -> tuple[int, int]:
    """Upper bound of a write's bytes, and its values."""
    root, key, value = write
    parts = value if isinstance(value, tuple) else (value or "",)
    texts = sum(len(part.encode()) for part in parts if isinstance(part, str))
    return 64 + len(root) + len(key.encode()) + texts + 12 * len(parts), len(parts) + 1
