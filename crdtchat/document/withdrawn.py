"""Reactions that were taken back: nothing is left of them but that their keys held one.

An erasure rebuilds the document without such keys; from then on nobody knows here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from crdtchat.document import schema
from crdtchat.document.portable import imported_id
from crdtchat.document.records import comment_key, reaction_key
from crdtchat.document.view import Values
from crdtchat.sync.mirror import Mirror

Told = dict[str, dict[str, list[str]]]
"""Users by annotation and comment."""


def withdrawn_on(mirror: Mirror) -> frozenset[str]:
    """The keys of all reactions that were taken back on a page, and whose comments are there."""
    found = (one.key for one in mirror.records() if one.root == schema.REACTIONS and one.dead)
    return frozenset(key for key in found if not _is_deleted(mirror, key))


def is_withdrawn(mirror: Mirror, key: str, *, relayed: bool) -> bool:
    """Whether a reaction that a file has was taken back here: by somebody who signs in here, or,
    if whoever wrote the file had only heard of it (`relayed`), as an import has told since."""
    aid, cid, user = key.split("/", 2)
    ours = reaction_key(aid, cid, user.removeprefix(schema.IMPORT_PREFIX))
    records = [mirror.record(schema.REACTIONS, one) for one in ([ours, key] if relayed else [ours])]
    return any(record is not None and record.dead for record in records)


def told_of(gone: Collection[str], heard: Collection[str], page: Values) -> Told:
    """What a side file says was taken back: here, and what it said before of others, for those who
    have it still. Nothing of a reaction that stands here."""
    comments, standing = page.values(schema.COMMENTS), page.values(schema.REACTIONS)
    here = {_as_imported(key) for key in standing}
    known = {_as_imported(key) for key in gone}
    keys = {*gone, *(key for key in heard if _as_imported(key) not in known)}
    found: Told = defaultdict(lambda: defaultdict(list))
    for key in sorted(keys):
        aid, cid, user = key.split("/", 2)
        if comment_key(aid, cid) in comments and _as_imported(key) not in here:
            found[aid][cid].append(user)
    return found


def _as_imported(key: str) -> str:
    aid, cid, user = key.split("/", 2)
    return reaction_key(aid, cid, imported_id(user))


def _is_deleted(mirror: Mirror, key: str) -> bool:
    aid, cid, _ = key.split("/", 2)
    stones = (aid, comment_key(aid, cid))
    return any(mirror.facts(schema.TOMBSTONES, stone) is not None for stone in stones)
