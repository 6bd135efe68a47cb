"""A page's document written anew from its live records, without what is to be forgotten.

What goes leaves a tombstone: an id, a time and nobody's name. So an operation of an earlier day
that arrives late (its acknowledgement was lost, a stock client offers its whole replica) finds
its place deleted, and the erased words cannot come back under their id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from crdtchat.document import schema
from crdtchat.document.replica import Replica
from crdtchat.sync.encode import encode_write, join_updates
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.update import Value, decode_update

Content = dict[str, dict[str, Value]]
"""All values of a document: root, key, value."""


@dataclass(frozen=True, slots=True)
class Values:
    """Content where something that knows values by root is asked for."""

    content: Content

    def values(self, root: str) -> dict[str, Value]:
        """All values of a root, by key."""
        return self.content[root]


NOBODY = ""
"""Stands where an erased user's id stood: no session has it."""

_WHO = {
    schema.ANNOTATIONS: 0,
    schema.COMMENTS: 0,
    schema.STATUSES: 1,
    schema.TOMBSTONES: 0,
    schema.ANCHORS: 0,
    schema.MODERATION: 1,
}
"""Where a root's value names a user. (`r` has it in the key, `u` is about one.)"""


def read_content(replica: Replica) -> Content:
    """All values of a replica."""
    return {root: replica.values(root) for root in schema.ROOTS}


def encode_content(content: Mapping[str, Mapping[str, Value]], client: int) -> bytes:
    """Write a document that holds these values and has no past, under one client id."""
    records = [(root, key, value) for root in schema.ROOTS for key, value in content[root].items()]
    return join_updates(
        [
            decode_update(
                encode_write(client, clock, root=root, key=key, value=value, origin=None), TRUSTED
            )
            for clock, (root, key, value) in enumerate(records)
        ]
    )


def annotation_ids(content: Content) -> set[str]:
    """Ids of all annotations, deleted ones included."""
    deleted = {key for key in content[schema.TOMBSTONES] if "/" not in key}
    return deleted | set(content[schema.ANNOTATIONS])


def quotes(content: Content, aids: Collection[str]) -> set[str]:
    """The words that these annotations are about, or were made on."""
    found: set[str] = set()
    for root in (schema.ANNOTATIONS, schema.ANCHORS):
        found.update(str(value[2]) for aid, value in content[root].items() if aid in aids)
    return found - {""}


def users(content: Content) -> set[str]:
    """Ids of all users that records name."""
    found = {_user_of(key) for key in content[schema.REACTIONS]}
    for root, at in _WHO.items():
        found.update(str(value[at]) for value in content[root].values())
    return found


def forget_annotations(content: Content, aids: Collection[str], at: int) -> Content:
    """Take annotations out with their threads, at `at` (milliseconds since 1970)."""
    kept = _keep(content, lambda key: key.partition("/")[0] not in aids)
    kept[schema.TOMBSTONES].update(dict.fromkeys(aids, (NOBODY, at)))
    return _without_lost_names(kept)


def forget_user(content: Content, user: str, at: int) -> Content:
    """Take a user's comments, reactions and name out, and their id wherever it stands.

    An annotation of theirs goes whole if nobody else wrote under it; else the others' words keep
    their place, and the annotation is nobody's. What others wrote about the user stays as it is.
    """
    comments = content[schema.COMMENTS]
    others = {key.partition("/")[0] for key, value in comments.items() if value[0] != user}
    own = content[schema.ANNOTATIONS].items()
    aids = {aid for aid, value in own if value[0] == user and aid not in others}
    spoken = {key for key, value in comments.items() if value[0] == user}
    kept = _keep(content, lambda key: not _is_about(key, aids, spoken))
    kept[schema.REACTIONS] = {
        key: value for key, value in kept[schema.REACTIONS].items() if _user_of(key) != user
    }
    for root, place in _WHO.items():
        for key, value in kept[root].items():
            if value[place] == user:
                kept[root][key] = (*value[:place], NOBODY, *value[place + 1 :])
    stones = dict.fromkeys(aids, (NOBODY, at))
    stones |= {key: (NOBODY, at) for key in spoken if key.partition("/")[0] not in aids}
    kept[schema.TOMBSTONES].update(stones)
    return _without_lost_names(kept)


def _keep(content: Content, wanted: Callable[[str], bool]) -> Content:
    """The records whose keys are wanted. Names have keys of another kind and all stay."""
    return {
        root: {key: value for key, value in values.items() if root == schema.USERS or wanted(key)}
        for root, values in content.items()
    }


def _is_about(key: str, aids: Collection[str], comments: Collection[str]) -> bool:
    """Whether a key belongs to one of these annotations, or to one of these comments."""
    aid, _, rest = key.partition("/")
    return aid in aids or f"{aid}/{rest.partition('/')[0]}" in comments


def _without_lost_names(content: Content) -> Content:
    """Drop the attested names of those of whom nothing else is left."""
    named = users(content)
    left = {user: value for user, value in content[schema.USERS].items() if user in named}
    return {**content, schema.USERS: left}


def _user_of(reaction_key: str) -> str:
    return reaction_key.split("/", 2)[2]
