"""Annotations as W3C Web Annotation JSON-LD (https://www.w3.org/TR/annotation-model/)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crdtchat.document.view import Annotation, Comment

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
PROFILE = 'application/ld+json; profile="http://www.w3.org/ns/anno.jsonld"'


def annotation_json(annotation: Annotation, page: str) -> dict[str, Any]:
    """One annotation: its target (section 4), its opening comment as body, its thread beside it."""
    target = annotation.target
    selectors: list[dict[str, Any]] = []
    if target.exact:
        selectors = [
            {
                "type": "TextQuoteSelector",
                "exact": target.exact,
                "prefix": target.prefix,
                "suffix": target.suffix,
            },
            {"type": "TextPositionSelector", "start": target.start_cp, "end": target.end_cp},
        ]
    described: dict[str, Any] = {"type": "SpecificResource", "source": page}
    if selectors:
        described["selector"] = selectors
    if target.kind != "text":
        described["kind"] = target.kind
    if target.part:
        described["part"] = target.part
    return {
        "@context": CONTEXT,
        "id": annotation.aid,
        "type": "Annotation",
        "motivation": "commenting",
        "creator": _creator(annotation.author, annotation.author_name),
        "created": iso(annotation.created),
        "modified": iso(annotation.updated),
        "target": described,
        "body": {"type": "TextualBody", "value": annotation.text, "format": "text/markdown"},
        "resolved": annotation.resolved,
        "comments": [comment_json(comment) for comment in annotation.comments],
    }


def comment_json(comment: Comment) -> dict[str, Any]:
    """One comment of a thread; a deleted one is its place and nothing else."""
    if comment.deleted is not None:
        return {"id": comment.cid, "deleted": iso(comment.deleted.at)}
    found: dict[str, Any] = {
        "id": comment.cid,
        "creator": _creator(comment.author, comment.author_name),
        "created": iso(comment.created),
        "body": {"type": "TextualBody", "value": comment.text, "format": "text/markdown"},
    }
    if comment.edited:
        found["modified"] = iso(comment.edited)
    if comment.parent:
        found["parent"] = comment.parent
    if comment.reactions:
        found["reactions"] = {
            reaction.emoji: list(reaction.users) for reaction in comment.reactions
        }
    return found


def iso(time: int) -> str:
    """Milliseconds since 1970 as an xsd:dateTime in UTC (section 3.3.1)."""
    moment = datetime.fromtimestamp(time / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _creator(user: str, name: str) -> dict[str, str]:
    return {"type": "Person", "id": user, "name": name or user}
