"""What stands on a page, as deletions that were made elsewhere find it."""

from __future__ import annotations

from collections import defaultdict
from enum import Enum, auto

from crdtchat.document import schema
from crdtchat.document.records import TombstoneRecord, read_annotation, read_comment, read_tombstone
from crdtchat.document.view import Values


class Standing(Enum):
    """Whose it is."""

    GONE = auto()
    """Nobody's: it is not here, or was deleted here as well."""
    THEIRS = auto()
    """All of it was imported."""
    OURS = auto()
    """Somebody who signs in here wrote it, or in it."""


class Standings:
    """Of one page, at one moment."""

    def __init__(self, page: Values) -> None:
        self.deleted: dict[str, TombstoneRecord] = {}
        """Annotations, by id: those whose comments were all deleted, too."""
        self.places: dict[str, dict[str, TombstoneRecord]] = defaultdict(dict)
        """Deleted comments of all annotations, by annotation id and comment id."""
        for key, value in page.values(schema.TOMBSTONES).items():
            stone = read_tombstone(value)
            aid, _, cid = key.partition("/")
            if stone is not None and cid:
                self.places[aid][cid] = stone
            elif stone is not None:
                self.deleted[aid] = stone
        self._authors: dict[str, str] = {}
        within: dict[str, set[str]] = defaultdict(set)
        for key, value in page.values(schema.COMMENTS).items():
            aid, _, cid = key.partition("/")
            comment = read_comment(value)
            if comment is None or aid in self.deleted or cid in self.places.get(aid, ()):
                continue
            self._authors[key] = comment.author
            within[aid].add(comment.author)
        self._within: dict[str, set[str]] = {}
        for aid, value in page.values(schema.ANNOTATIONS).items():
            head = read_annotation(value)
            if head is None or aid in self.deleted:
                continue
            if aid in within or aid not in self.places:
                self._within[aid] = {head.author, *within.get(aid, ())}
            else:
                stones = self.places[aid].values()
                self.deleted[aid] = max(stones, key=lambda stone: (stone.at, stone.by))

    def of(self, aid: str) -> Standing:
        """An annotation with all that is in it."""
        return _standing(self._within.get(aid, set()))

    def of_comment(self, key: str) -> Standing:
        """A comment, by its key."""
        return _standing({self._authors[key]} if key in self._authors else set())


def _standing(authors: set[str]) -> Standing:
    if not authors:
        return Standing.GONE
    return Standing.THEIRS if all(map(schema.is_imported, authors)) else Standing.OURS
