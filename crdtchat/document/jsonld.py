"""Annotations as W3C Web Annotation JSON-LD (https://www.w3.org/TR/annotation-model/).

What the W3C's vocabulary has no term for stands under terms of our own (docs/exchange.md).
`crdtchat.document.jsonld_reader` reads all of it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from crdtchat.document import schema
from crdtchat.document.records import ModerationRecord, Target, TombstoneRecord, comment_key
from crdtchat.document.view import Annotation, Comment, Reaction

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
PROFILE = 'application/ld+json; profile="http://www.w3.org/ns/anno.jsonld"'
_NS = "urn:crdtchat:ns:"
OWN_CONTEXT: dict[str, Any] = {
    "@version": 1.1,
    "comments": {"@id": f"{_NS}comments", "@container": "@list"},
    "parent": {"@id": f"{_NS}parent", "@type": "@id"},
    "resolved": f"{_NS}resolved",
    "resolution": f"{_NS}resolution",
    "anchored": f"{_NS}anchored",
    "followed": f"{_NS}followed",
    "madeOn": f"{_NS}madeOn",
    "deleted": {"@id": f"{_NS}deleted", "@type": "http://www.w3.org/2001/XMLSchema#dateTime"},
    "deletedBy": f"{_NS}deletedBy",
    "reactions": {"@id": f"{_NS}reactions", "@type": "@json"},
    "reacted": {"@id": f"{_NS}reacted", "@type": "@json"},
    "withdrawn": {"@id": f"{_NS}withdrawn", "@type": "@json"},
    "people": f"{_NS}people",
    "hidden": f"{_NS}hidden",
    "locked": f"{_NS}locked",
    "moderation": f"{_NS}moderation",
    "kind": f"{_NS}kind",
    "part": f"{_NS}part",
    "version": f"{_NS}version",
}
"""Terms of our own, for the document that holds annotations."""
_DELETION = {"id", "target", "deleted", "deletedBy"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def annotation_json(annotation: Annotation, page: str) -> dict[str, Any]:
    """One annotation: its target (section 4), its opening comment as body, its thread beside it."""
    names = {**annotation.names, annotation.author: annotation.author_name}
    found: dict[str, Any] = {
        "@context": CONTEXT,
        "id": annotation.aid,
        "type": "Annotation",
        "motivation": "commenting",
        "creator": _person(annotation.author, names),
        "created": iso(annotation.created),
        "modified": iso(annotation.updated),
        "target": _target_json(annotation.target, page),
        "body": {"type": "TextualBody", "value": annotation.text, "format": "text/markdown"},
        "resolved": annotation.resolved,
    }
    opening = next(iter(annotation.comments), None)
    if opening is not None and opening.author not in ("", annotation.author):
        # Dated before those of who annotated, or alone: the body of theirs is not in their words.
        found["body"]["creator"] = _person(opening.author, {opening.author: opening.author_name})
    if annotation.hidden:
        found["hidden"] = True
    if annotation.locked:
        found["locked"] = True
    if annotation.status is not None:
        found["resolution"] = _signed(annotation.status.by, annotation.status.at, names)
    if annotation.anchor is not None and annotation.made_on is not None:
        found["anchored"] = _signed(annotation.anchor.by, annotation.anchor.at, names)
        if annotation.anchor.followed:
            found["anchored"]["followed"] = True
        found["madeOn"] = _target_json(annotation.made_on, page)
    found["comments"] = [comment_json(comment, names) for comment in annotation.comments]
    reacting = {
        user
        for comment in annotation.comments
        for reaction in comment.reactions
        for user in reaction.users
        if names.get(user)
    }
    if reacting:
        found["people"] = [_person(user, names) for user in sorted(reacting)]
    return found


def comment_json(comment: Comment, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One comment of a thread; a deleted one is its place and nothing else.

    `names`: attested names by user id, for those whom the comment does not name itself.
    """
    names = names or {}
    if comment.deleted is not None:
        return {"id": comment.cid, **_stone_json(comment.deleted, names)}
    found: dict[str, Any] = {
        "id": comment.cid,
        "type": "Annotation",
        "motivation": "replying",
        "creator": _person(comment.author, {comment.author: comment.author_name}),
        "created": iso(comment.created),
        "target": comment.parent or comment.aid,
        "body": {"type": "TextualBody", "value": comment.text, "format": "text/markdown"},
    }
    if comment.hidden:
        found["hidden"] = True
    if comment.edited:
        found["modified"] = iso(comment.edited)
    if comment.parent:
        found["parent"] = comment.parent
    if comment.reactions:
        found["reactions"] = {
            reaction.emoji: list(reaction.users) for reaction in comment.reactions
        }
    return found


def export_json(
    annotation: Annotation,
    page: str,
    verdicts: Mapping[str, ModerationRecord],
    user: str | None = None,
) -> dict[str, Any] | None:
    """One annotation as an export has it: with what moderators decided, `verdicts` by the keys of
    root `m`; its context stands in the head of the file.

    user: only what this user wrote: their comments, reactions, resolving, re-attaching. The target
    of somebody else's annotation stays, so that their words have a place. None if there is nothing
    of theirs.
    """
    kept = annotation if user is None else _of_user(annotation, user)
    if kept is None:
        return None
    found = annotation_json(kept, page)
    del found["@context"]
    if kept.comments[:1] != annotation.comments[:1]:
        del found["body"]  # It would put their reply into the mouth of who annotated.
    if user is not None and (reacted := _reacted(annotation, user)):
        found["reacted"] = reacted
        found["people"] = [_person(user, annotation.names)]
    moderation = _moderation_json(kept, verdicts)
    if moderation:
        found["moderation"] = moderation
    return found


def deletion_json(aid: str, stone: TombstoneRecord, page: str) -> dict[str, Any]:
    """That an annotation was deleted: nothing else of it is left."""
    found: dict[str, Any] = {"id": aid, "target": {"type": "SpecificResource", "source": page}}
    return found | _stone_json(stone, {})


def is_deletion(item: Mapping[str, Any]) -> bool:
    """Whether it is what `deletion_json` wrote."""
    return "deleted" in item and item.keys() <= _DELETION and _has_id(item)


def iso(time: int) -> str:
    """Milliseconds since 1970 as an xsd:dateTime in UTC (section 3.3.1)."""
    moment = _EPOCH + timedelta(milliseconds=time)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moderation_json(
    annotation: Annotation, verdicts: Mapping[str, ModerationRecord]
) -> list[dict[str, Any]]:
    """Who hid, locked or let be, and when.

    An entry without an id is about the whole: a comment may have the annotation's own id.
    """
    keys = {annotation.aid: ""}
    keys |= {comment_key(annotation.aid, one.cid): one.cid for one in annotation.comments}
    return [
        {
            **({"id": name} if name else {}),
            "hidden": verdict.hidden,
            "locked": verdict.locked,
            **_signed(verdict.by, verdict.at, annotation.names),
        }
        for key, name in keys.items()
        if (verdict := verdicts.get(key)) is not None
    ]


def _of_user(annotation: Annotation, user: str) -> Annotation | None:
    """An annotation without what others wrote, but for its target; None if nothing is left."""
    comments = tuple(
        own for comment in annotation.comments if (own := _comment_of_user(comment, user))
    )
    status = annotation.status if annotation.status and annotation.status.by == user else None
    anchor = annotation.anchor if annotation.anchor and annotation.anchor.by == user else None
    made_on = annotation.made_on if anchor else None
    target = annotation.target if anchor else annotation.original
    reacted = _reacted(annotation, user)
    if annotation.author != user and not (comments or status or anchor or reacted):
        return None
    return replace(
        annotation, comments=comments, status=status, anchor=anchor, target=target, made_on=made_on
    )


def _reacted(annotation: Annotation, user: str) -> dict[str, dict[str, list[str]]]:
    """A user's reactions to what others wrote: by comment, in the shape of `reactions`."""
    found: dict[str, dict[str, list[str]]] = {}
    for comment in annotation.comments:
        for reaction in comment.reactions:
            if comment.author != user and user in reaction.users:
                found.setdefault(comment.cid, {})[reaction.emoji] = [user]
    return found


def _comment_of_user(comment: Comment, user: str) -> Comment | None:
    if comment.author != user:
        return None
    reactions = tuple(
        Reaction(reaction.emoji, (user,))
        for reaction in comment.reactions
        if user in reaction.users
    )
    return replace(comment, reactions=reactions)


def _target_json(target: Target, page: str) -> dict[str, Any]:
    selectors: list[dict[str, Any]] = []
    if target.exact or target.prefix or target.suffix:
        quote = {"exact": target.exact, "prefix": target.prefix, "suffix": target.suffix}
        selectors.append({"type": "TextQuoteSelector", **quote})
    if target.exact or target.end_cp:
        place = {"start": target.start_cp, "end": target.end_cp}
        selectors.append({"type": "TextPositionSelector", **place})
    described: dict[str, Any] = {"type": "SpecificResource", "source": page}
    if selectors:
        described["selector"] = selectors
    if target.kind != "text":
        described["kind"] = target.kind
    if target.part:
        described["part"] = target.part
    if target.version:
        described["version"] = target.version
    return described


def _signed(user: str, at: int, names: Mapping[str, str]) -> dict[str, Any]:
    return {"creator": _person(user, names), "created": iso(at)}


def _stone_json(stone: TombstoneRecord, names: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"deleted": iso(stone.at)}
    return found | ({"deletedBy": _person(stone.by, names)} if stone.by else {})


def _person(user: str, names: Mapping[str, str]) -> dict[str, str]:
    """A foaf:Person (section 3.3.2), with the name that the server attests."""
    name = names.get(user)
    return {"type": "Person", "id": user, "name": name} if name else {"type": "Person", "id": user}


def is_own(item: Mapping[str, Any]) -> bool:
    """Whether an annotation is one that `annotation_json` wrote."""
    return isinstance(item.get("comments"), list) and _has_id(item)


def _has_id(item: Mapping[str, Any]) -> bool:
    aid = item.get("id")
    return isinstance(aid, str) and schema.is_id(aid)
