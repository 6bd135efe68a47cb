"""Foreign annotations on their way: replies find what they reply to, in whatever order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crdtchat.document.foreign import Surroundings, comments_of
from crdtchat.document.portable import Portable, foreign_id, imported_id
from crdtchat.document.records import AnnotationRecord, CommentRecord, Target
from crdtchat.document.schema import NAME_CP

ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote elsewhere."""

    source: str
    """The format it came in: ids of two formats are never the same."""
    name: str
    """Its id there."""
    author: str
    author_name: str
    created: int
    text: str
    edited: int = 0


class Gathered:
    """Holds foreign annotations until all were read."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._heads: dict[str, tuple[Note, str, Target]] = {}
        self._replies: dict[str, tuple[Note, str, str]] = {}

    def annotation(self, note: Note, page: str, target: Target) -> None:
        """An annotation of a page."""
        self._heads[note.name] = (note, page, target)

    def reply(self, note: Note, parent: str, root: str) -> None:
        """A reply to what is called `parent`, in the thread of `root` (empty: not known)."""
        self._replies[note.name] = (note, parent, root)

    def portables(self) -> Iterator[Portable]:
        """All annotations with their threads, in the order in which they came."""
        threads: dict[str, list[tuple[Note, str]]] = {}
        for note, parent, root in sorted(
            self._replies.values(), key=lambda reply: (reply[0].created, reply[0].name)
        ):
            root = self._root(root or parent)
            if root in self._heads:
                threads.setdefault(root, []).append((note, parent))
            else:
                self._around.tally.leave_out(
                    "replies to annotations that are not in the file", note.name
                )
        for name, (note, page, target) in self._heads.items():
            yield self._portable(note, page, target, threads.get(name, []))

    def _root(self, name: str) -> str:
        """Follow replies up to what they are all about."""
        seen: set[str] = set()
        while name in self._replies and name not in seen:
            seen.add(name)
            name = self._replies[name][2] or self._replies[name][1]
        return name

    def _portable(
        self, note: Note, page: str, target: Target, replies: list[tuple[Note, str]]
    ) -> Portable:
        aid = foreign_id(note.source, note.name)
        names: dict[str, str] = {}
        comments: dict[str, CommentRecord] = {}
        first: dict[str, str] = {}
        """The first comment that each note became."""
        undated = {""} if note.created == self._around.now else set()
        own = [(note, "")] if note.text.strip() else []
        for one, parent in own + replies:
            if not one.text.strip():
                self._around.tally.leave_out("replies without text", one.name)
                continue
            record = CommentRecord(_author(one, names), one.created, one.text, one.edited)
            made = comments_of(aid, record, one.name, self._around)
            first[one.name] = next(iter(made))
            answered = first.get(parent, "") if parent != note.name else ""
            if one.created == self._around.now:
                undated |= made.keys()
            for cid, comment in made.items():
                comments[cid] = CommentRecord(
                    *(comment.author, comment.created, comment.text, comment.edited, answered)
                )
        head = AnnotationRecord(_author(note, names), note.created, target)
        return Portable(
            page=page,
            aid=aid,
            head=head,
            comments=comments,
            names=names,
            undated=frozenset(undated),
        )


def _author(note: Note, names: dict[str, str]) -> str:
    user = imported_id(note.author or ANONYMOUS)
    name = " ".join(note.author_name.split())[:NAME_CP]
    names[user] = name or names.get(user) or user.partition(":")[2]
    return user
