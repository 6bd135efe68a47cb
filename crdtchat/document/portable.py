"""An annotation with everything recorded of it, on its way between a document and elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from crdtchat.document import schema
from crdtchat.document.ids import new_annotation_id
from crdtchat.document.records import (
    AnchorRecord,
    AnnotationRecord,
    CommentRecord,
    ModerationRecord,
    StatusRecord,
    TombstoneRecord,
    anchor_value,
    annotation_value,
    comment_key,
    comment_value,
    moderation_value,
    reaction_key,
    reactions_value,
    status_value,
    tombstone_value,
)
from crdtchat.document.replica import Write

_READABLE = 100
"""Letters of a long foreign user id that are kept as they are."""


@dataclass(frozen=True, slots=True)
class Portable:
    """One annotation's records."""

    page: str
    """Id of the page, as the source says."""
    aid: str
    head: AnnotationRecord
    comments: dict[str, CommentRecord] = field(default_factory=dict)
    """By comment id, parents before those who reply to them."""
    deleted: dict[str, TombstoneRecord] = field(default_factory=dict)
    """Places of deleted comments."""
    status: StatusRecord | None = None
    anchor: AnchorRecord | None = None
    reactions: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Emoji by comment id and user."""
    relayed: frozenset[tuple[str, str]] = frozenset()
    """Those of these that the source has only heard of, from elsewhere."""
    withdrawn: frozenset[tuple[str, str]] = frozenset()
    """Comment id and user of reactions that were taken back."""
    moderation: dict[str, ModerationRecord] = field(default_factory=dict)
    """What moderators decided, by comment id; under the empty id of the whole."""
    names: dict[str, str] = field(default_factory=dict)
    """By user id."""
    undated: frozenset[str] = frozenset()
    """Comments that came without a date, or with one ahead, and are dated now; the empty id: the
    annotation."""

    @property
    def users(self) -> set[str]:
        """Everybody who wrote in it."""
        marks = (self.status, self.anchor)
        found = {self.head.author, *(user for _, user in self.reactions)}
        found.update(comment.author for comment in self.comments.values())
        found.update(stone.by for stone in self.deleted.values())
        found.update(verdict.by for verdict in self.moderation.values())
        found.update(mark.by for mark in marks if mark is not None)
        return found - {""}

    def writes(self) -> Iterator[Write]:
        """What makes it in a document that has none of it, in an order that the rules accept.

        Raises InvalidRecord.
        """
        yield schema.ANNOTATIONS, self.aid, annotation_value(self.head)
        for cid, stone in self.deleted.items():
            yield schema.TOMBSTONES, comment_key(self.aid, cid), tombstone_value(stone)
        for cid, comment in self.comments.items():
            yield schema.COMMENTS, comment_key(self.aid, cid), comment_value(comment)
        if self.status is not None:
            yield schema.STATUSES, self.aid, status_value(self.status)
        if self.anchor is not None:
            yield schema.ANCHORS, self.aid, anchor_value(self.anchor)
        for (cid, user), emoji in self.reactions.items():
            yield schema.REACTIONS, reaction_key(self.aid, cid, user), reactions_value(emoji)
        for cid, verdict in self.moderation.items():
            key = comment_key(self.aid, cid) if cid else self.aid
            yield schema.MODERATION, key, moderation_value(verdict)

    def name_writes(self) -> Iterator[Write]:
        """The names of those who wrote in it."""
        for user in sorted(self.users & self.names.keys()):
            yield schema.USERS, user, (self.names[user],)

    def dated(self, created: int | None, before: Mapping[str, tuple[str, int]]) -> Portable:
        """The same with the dates of an earlier import: of the annotation, where it had none, and,
        by comment id, the ids and dates that comments have been given."""
        head = self.head if created is None else replace(self.head, created=created)
        ids = {cid: before[cid][0] if cid in before else cid for cid in self.comments}
        comments = {
            ids[cid]: replace(
                comment,
                created=before[cid][1] if cid in before else comment.created,
                parent=ids.get(comment.parent, comment.parent),
            )
            for cid, comment in self.comments.items()
        }
        return replace(self, head=head, comments=comments)

    def renamed(self, rename: Callable[[str], str]) -> Portable:
        """The same under other user ids."""
        return replace(
            self,
            head=replace(self.head, author=rename(self.head.author)),
            comments={
                cid: replace(comment, author=rename(comment.author))
                for cid, comment in self.comments.items()
            },
            deleted={
                cid: replace(stone, by=rename(stone.by)) for cid, stone in self.deleted.items()
            },
            status=self.status and replace(self.status, by=rename(self.status.by)),
            anchor=self.anchor and replace(self.anchor, by=rename(self.anchor.by)),
            reactions={(cid, rename(user)): emoji for (cid, user), emoji in self.reactions.items()},
            relayed=frozenset((cid, rename(user)) for cid, user in self.relayed),
            withdrawn=frozenset((cid, rename(user)) for cid, user in self.withdrawn),
            moderation={
                cid: replace(verdict, by=rename(verdict.by))
                for cid, verdict in self.moderation.items()
            },
            names={rename(user): name for user, name in self.names.items()},
        )


@dataclass(frozen=True, slots=True)
class Deletion:
    """That an annotation was deleted elsewhere, with all that was in it."""

    page: str
    """Id of the page, as the source says."""
    aid: str
    stone: TombstoneRecord

    def writes(self) -> Iterator[Write]:
        """What deletes it where it stands."""
        yield schema.TOMBSTONES, self.aid, tombstone_value(self.stone)

    def name_writes(self) -> Iterator[Write]:
        """Nobody's words come with it."""
        return iter(())

    def renamed(self, rename: Callable[[str], str]) -> Deletion:
        """The same under another user id."""
        return replace(self, stone=replace(self.stone, by=rename(self.stone.by)))


def imported_id(user: str) -> str:
    """The id under which somebody's words are imported: `import:` and their id elsewhere.

    No living user has such an id, and everybody can see by it what was imported. It stays as it is
    when it is exported and imported again. What an id may not hold is percent-encoded; long ones
    end in a hash.
    """
    if not user or (schema.is_imported(user) and schema.is_user(user)):
        return user
    plain = schema.IMPORT_PREFIX + user
    if schema.is_user(plain):
        return plain
    coded = "".join(
        f"%{byte:02X}" if byte < 0x80 and not _is_plain(chr(byte)) else chr(byte)
        for byte in user.encode("utf-8", "replace")
        if byte < 0x80
    )
    if len(coded) > _READABLE or not user.isascii():
        digest = sha256(user.encode("utf-8", "replace")).hexdigest()[:16]
        coded = f"{coded[:_READABLE]}~{digest}"
    return schema.IMPORT_PREFIX + coded


def foreign_id(source: str, name: str) -> str:
    """The annotation id for what is called `name` elsewhere: the same each time."""
    digest = sha256(f"{source}\0{name}".encode("utf-8", "replace")).digest()
    return new_annotation_id(lambda count: digest[:count])


def _is_plain(letter: str) -> bool:
    return letter.isprintable() and letter not in "/%"
