"""Reads annotations that `crdtchat.document.jsonld` wrote."""

from __future__ import annotations

from typing import Any

from crdtchat.document import schema
from crdtchat.document.foreign import Json, Surroundings, Unfit, objects, text_of, time_of
from crdtchat.document.portable import Deletion, Portable
from crdtchat.document.records import (
    AnchorRecord,
    AnnotationRecord,
    CommentRecord,
    ModerationRecord,
    StatusRecord,
    Target,
    TombstoneRecord,
    read_reactions,
)


def read_own(item: Json, around: Surroundings) -> Portable:
    """Read one annotation. Raises Unfit for one whose head is not whole.

    A comment, place or mark that is not whole is left out and tallied; the rest is taken.
    """
    return _Reader(item, around).read()


def read_deletion(item: Json, around: Surroundings) -> Deletion:
    """Read that an annotation was deleted."""
    by = next(iter(objects(item.get("deletedBy"))), {}).get("id")
    user = by if isinstance(by, str) and schema.is_user(by) else ""
    at = time_of(item["deleted"], around) or around.now
    target = next(iter(objects(item.get("target"))), {})
    return Deletion(text_of(target.get("source")), text_of(item["id"]), TombstoneRecord(user, at))


class _Reader:
    """One annotation."""

    def __init__(self, item: Json, around: Surroundings) -> None:
        self._item = item
        self._around = around
        self._aid = text_of(item.get("id"))
        self._names: dict[str, str] = {}

    def read(self) -> Portable:
        item = self._item
        target, page = _target(item.get("target"))
        made_on, _ = _target(item["madeOn"]) if "madeOn" in item else (None, "")
        author, created = self._signature(item)
        if target is None or author is None or created is None:
            raise Unfit("annotations without a target, creator or date")
        places = objects(item.get("comments"))
        comments, deleted = self._comments(places)
        for person in objects(item.get("people")):
            self._person(person)
        reactions = self._reactions(places, comments)
        undated = {cid for cid, one in comments.items() if one.created == self._around.now}
        if created == self._around.now:
            undated.add("")
        return Portable(
            page=page,
            aid=self._aid,
            head=AnnotationRecord(author, created, made_on or target),
            comments=comments,
            deleted=deleted,
            status=self._status(),
            anchor=self._anchor(target),
            reactions=reactions,
            relayed=frozenset(key for key in reactions if schema.is_imported(key[1])),
            withdrawn=self._withdrawn() - reactions.keys(),
            moderation=self._moderation(comments),
            names=self._names,
            undated=frozenset(undated),
        )

    def _comments(
        self, places: list[Json]
    ) -> tuple[dict[str, CommentRecord], dict[str, TombstoneRecord]]:
        found: dict[str, CommentRecord] = {}
        deleted: dict[str, TombstoneRecord] = {}
        for place in places:
            cid = text_of(place.get("id"))
            if not schema.is_id(cid):
                self._around.tally.leave_out("comments without an id", self._aid)
            elif "deleted" in place:
                at = time_of(place["deleted"], self._around)
                by = self._person(place.get("deletedBy")) or ""
                deleted[cid] = TombstoneRecord(by, at or self._around.now)
            else:
                author, created = self._signature(place)
                body = next(iter(objects(place.get("body"))), {})
                text = body.get("value")
                if author is None or created is None or not isinstance(text, str):
                    self._around.tally.leave_out("comments without text, creator or date", cid)
                    continue
                edited = time_of(place.get("modified"), self._around) or 0
                parent = text_of(place.get("parent"))
                found[cid] = CommentRecord(author, created, text_of(text), edited, parent)
        return _parents_first(found, deleted, self._around), deleted

    def _status(self) -> StatusRecord | None:
        for mark in objects(self._item.get("resolution")):
            by, at = self._signature(mark)
            if by is not None and at is not None:
                return StatusRecord(self._item.get("resolved") is True, by, at)
            self._around.tally.leave_out("states without a creator or date", self._aid)
        return None

    def _anchor(self, target: Target) -> AnchorRecord | None:
        for mark in objects(self._item.get("anchored")):
            by, at = self._signature(mark)
            if by is not None and at is not None:
                return AnchorRecord(by, at, target, mark.get("followed") is True)
            self._around.tally.leave_out("anchors without a creator or date", self._aid)
        return None

    def _moderation(self, comments: dict[str, CommentRecord]) -> dict[str, ModerationRecord]:
        found: dict[str, ModerationRecord] = {}
        for mark in objects(self._item.get("moderation")):
            name = text_of(mark.get("id"))
            by, at = self._signature(mark)
            whole = "id" not in mark
            if by is None or at is None or not (whole or name in comments):
                self._around.tally.leave_out("decisions without a creator, date or object", name)
                continue
            hidden, locked = mark.get("hidden") is True, whole and mark.get("locked") is True
            found["" if whole else name] = ModerationRecord(hidden, locked, by, at)
        return found

    def _reactions(
        self, places: list[Json], comments: dict[str, CommentRecord]
    ) -> dict[tuple[str, str], tuple[str, ...]]:
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for place in places:
            cid = text_of(place.get("id"))
            self._add_reactions(found, cid, place.get("reactions"), cid in comments)
        reacted = self._item.get("reacted")
        for name, given in reacted.items() if isinstance(reacted, dict) else ():
            # To a comment that is not in the file; whether it is there the verifier knows.
            self._add_reactions(found, name, given, schema.is_id(name))
        return found

    def _add_reactions(
        self,
        found: dict[tuple[str, str], tuple[str, ...]],
        cid: str,
        given: object,
        is_comment: bool,
    ) -> None:
        for emoji, users in given.items() if isinstance(given, dict) else ():
            for user in users if isinstance(users, list) else ():
                key = (cid, text_of(user))
                both = (*found.get(key, ()), *read_reactions(text_of(emoji)))
                text = " ".join(both)
                if is_comment and schema.is_user(key[1]) and 0 < len(text) <= schema.REACTION_CP:
                    found[key] = both
                else:
                    self._around.tally.leave_out("reactions that no comment can have", cid)

    def _withdrawn(self) -> frozenset[tuple[str, str]]:
        told = self._item.get("withdrawn")
        keys = [
            (cid, text_of(user))
            for cid, users in (told.items() if isinstance(told, dict) else ())
            for user in (users if isinstance(users, list) else ())
        ]
        return frozenset(key for key in keys if schema.is_id(key[0]) and schema.is_user(key[1]))

    def _signature(self, item: Json) -> tuple[str | None, int | None]:
        return self._person(item.get("creator")), time_of(item.get("created"), self._around)

    def _person(self, person: object) -> str | None:
        """The id of somebody, whose name is remembered; None if it is none. Empty is nobody's."""
        if not isinstance(person, dict):
            return None
        user = person.get("id")
        if not isinstance(user, str) or not (schema.is_user(user) or not user):
            return None
        name = text_of(person.get("name"))[: schema.NAME_CP]
        if name:
            self._names[user] = name
        return user


def _parents_first(
    comments: dict[str, CommentRecord], deleted: dict[str, TombstoneRecord], around: Surroundings
) -> dict[str, CommentRecord]:
    """Order comments so that nobody replies to what comes later; drop parents that are nowhere."""
    ordered: dict[str, CommentRecord] = {}
    waiting = dict(comments)
    while waiting:
        ready = [
            cid
            for cid, comment in waiting.items()
            if not comment.parent or comment.parent in ordered or comment.parent in deleted
        ]
        if not ready:
            for cid, comment in waiting.items():
                around.tally.alter("replies to unknown comments: placed under the annotation", cid)
                bare = CommentRecord(comment.author, comment.created, comment.text, comment.edited)
                ordered[cid] = bare
            break
        ordered.update((cid, waiting.pop(cid)) for cid in ready)
    return ordered


def _target(value: Any) -> tuple[Target | None, str]:
    """A target and its page's id; None for what is no target."""
    if not isinstance(value, dict):
        return None, ""
    fields: Json = {}
    for selector in objects(value.get("selector")):
        fields.update(selector)
    exact, prefix, suffix = (text_of(fields.get(name)) for name in ("exact", "prefix", "suffix"))
    start, end = fields.get("start", 0), fields.get("end", len(exact))
    if type(start) is not int or type(end) is not int or not 0 <= start <= end:
        return None, ""
    kind, part, version = (text_of(value.get(name)) for name in ("kind", "part", "version"))
    target = Target(exact, prefix, suffix, start, end, kind or "text", part, version)
    fits = (
        target.kind in schema.TARGET_KINDS
        and (exact or target.kind in schema.WHOLE_KINDS)
        and len(exact) <= schema.EXACT_CP
        and max(len(prefix), len(suffix)) <= schema.CONTEXT_CP
        and len(part) <= schema.PART_CP
        and len(version) <= schema.VERSION_CP
    )
    return (target if fits else None), text_of(value.get("source"))
