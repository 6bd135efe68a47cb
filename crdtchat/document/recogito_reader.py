"""Reads annotations of Recogito's text annotator (https://github.com/recogito/text-annotator-js)."""

from __future__ import annotations

from crdtchat.document.foreign import (
    Json,
    Surroundings,
    Unfit,
    created_of,
    first_text,
    fit_target,
    from_utf16,
    objects,
    text_of,
    time_of,
    with_tags,
)
from crdtchat.document.gathered import Gathered, Note
from crdtchat.document.records import Target

SOURCE = "recogito"


def is_recogito(item: Json) -> bool:
    """Whether it is an annotation of that program's own model."""
    return isinstance(item.get("bodies"), list) and isinstance(item.get("target"), dict)


def read_recogito(item: Json, around: Surroundings, gathered: Gathered) -> None:
    """Take one annotation: its first text opens the thread, the other texts reply. Raises Unfit."""
    name = text_of(item.get("id"))
    place: Json = item["target"]
    selectors = [one for one in objects(place.get("selector")) if text_of(one.get("quote"))]
    if not name or not selectors:
        raise Unfit("annotations without an id or a quote")
    if len(selectors) > 1:
        around.tally.alter("further passages of one annotation: not kept", name)
    tags = [
        body.get("value") for body in objects(item["bodies"]) if body.get("purpose") == "tagging"
    ]
    texts = [body for body in objects(item["bodies"]) if body.get("purpose") != "tagging"]
    shown = [body for body in texts if text_of(body.get("value")).strip()]
    for _ in range(len(texts) - len(shown)):
        around.tally.leave_out("bodies that are no text", name)
    opening = shown[0] if shown else {}
    maker = opening if "creator" in opening else place
    text = with_tags(text_of(opening.get("value")), tags, around)
    note = _note(name, text, {**place, **opening, "creator": maker.get("creator")}, around)
    target = fit_target(_target(selectors[0], around, name), around, name)
    gathered.annotation(note, text_of(place.get("source")), target)
    for number, body in enumerate(shown[1:], 1):
        reply = text_of(body.get("id")) or f"{name}#{number}"
        gathered.reply(_note(reply, text_of(body["value"]), body, around), name, root=name)


def _note(name: str, text: str, item: Json, around: Surroundings) -> Note:
    creator = next(iter(objects(item.get("creator"))), {})
    shown = first_text(creator.get("name"))
    created = created_of(item, around, "created", "updated")
    edited = time_of(item.get("updated"), around) or 0
    return Note(
        source=SOURCE,
        name=name,
        author=text_of(creator.get("id")) or shown,
        author_name=shown,
        created=created,
        edited=edited if edited > created else 0,
        text=text,
    )


def _target(selector: Json, around: Surroundings, name: str) -> Target:
    exact = text_of(selector["quote"])
    prefix, suffix = text_of(selector.get("quotePrefix")), text_of(selector.get("quoteSuffix"))
    start, end = selector.get("start"), selector.get("end")
    if type(start) is not int or type(end) is not int or not 0 <= start <= end:
        return Target(exact, prefix, suffix, 0, len(exact))
    return from_utf16(Target(exact, prefix, suffix, start, end), around, name)
