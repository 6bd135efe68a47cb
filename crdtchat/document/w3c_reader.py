"""Reads W3C Web Annotations of other programs (https://www.w3.org/TR/annotation-model/)."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator

from crdtchat.document.foreign import (
    Json,
    Surroundings,
    Unfit,
    created_of,
    first_text,
    fit_target,
    objects,
    text_of,
    time_of,
    with_tags,
)
from crdtchat.document.gathered import Gathered, Note
from crdtchat.document.markup import plain_text
from crdtchat.document.records import Target

_KNOWN = frozenset(
    {
        *("@context", "@type", "id", "@id", "type", "motivation", "creator", "created", "modified"),
        *("target", "body", "bodyValue", "generator", "generated", "via", "canonical"),
    }
)
SOURCE = "w3c"


def is_w3c(item: Json) -> bool:
    """Whether it is an annotation of that model."""
    kinds = item.get("type", item.get("@type"))
    return "Annotation" in (kinds if isinstance(kinds, list) else [kinds])


def read_w3c(item: Json, around: Surroundings, gathered: Gathered) -> None:
    """Take one annotation. Raises Unfit."""
    name = text_of(item.get("id")) or text_of(item.get("@id"))
    if not name:
        name = json.dumps(item, sort_keys=True)
    for member in item.keys() - _KNOWN:
        around.tally.alter(f"members called {text_of(member)!r}: not kept", name)
    user, shown = _creator(item.get("creator"))
    created = created_of(item, around)
    edited = time_of(item.get("modified"), around) or 0
    note = Note(
        source=SOURCE,
        name=name,
        author=user,
        author_name=shown,
        created=created,
        edited=edited if edited > created else 0,
        text=_text(item, around, name),
    )
    parent = first_text(item.get("target"))
    targets = objects(item.get("target"))
    if _is_reply(item.get("motivation")):
        parent = parent or next((_source(one) for one in targets), "")
        gathered.reply(note, parent, root="")
        return
    if len(targets) > 1:
        around.tally.alter("further targets: not kept", name)
    if targets:
        target, page = _target(targets[0], around, name)
    elif parent:
        target, page = Target("", kind="page"), parent.partition("#")[0]
    else:
        raise Unfit("annotations without a target")
    gathered.annotation(note, page, fit_target(target, around, name))


def _creator(value: object) -> tuple[str, str]:
    """Id and name of whoever made it."""
    if isinstance(value, str):
        return text_of(value), ""
    for one in objects(value):
        name = first_text(one.get("name")) or first_text(one.get("nickname"))
        user = text_of(one.get("id")) or first_text(one.get("email")) or name
        if user:
            return user, name
    return "", ""


def _is_reply(motivation: object) -> bool:
    """Also by the whole name of the motivation, `http://www.w3.org/ns/oa#replying`."""
    said = motivation if isinstance(motivation, list) else [motivation]
    return any(re.split("[#:]", text_of(one))[-1] == "replying" for one in said)


def _source(value: Json) -> str:
    """The address of what a target is, or is a part of."""
    source = value.get("source", value.get("id"))
    return text_of(source.get("id")) if isinstance(source, dict) else text_of(source)


def _bodies(value: object, around: Surroundings, name: str) -> Iterator[object]:
    """Those that are to be read: all of a list, the first of a choice (section 3.2.7)."""
    waiting = [value]
    while waiting:
        body = waiting.pop()
        if isinstance(body, list):
            waiting += reversed(body)
        elif isinstance(body, dict) and isinstance(body.get("items"), list):
            items = body["items"]
            if body.get("type") == "Choice" and len(items) > 1:
                around.tally.alter("bodies to choose from: the first is kept", name)
                items = items[:1]
            waiting += reversed(items)
        elif isinstance(body, dict) and isinstance(body.get("source"), dict):
            waiting.append({"purpose": body.get("purpose"), **body["source"]})
        else:
            yield body


def _text(item: Json, around: Surroundings, name: str) -> str:
    texts: list[str] = [text_of(item.get("bodyValue"))]
    tags: list[str] = []
    for body in _bodies(item.get("body"), around, name):
        if isinstance(body, str):
            texts.append(text_of(body))
        elif isinstance(body, dict):
            value = text_of(body.get("value", body.get("chars")))
            if body.get("purpose") == "tagging":
                tags.append(value)
            elif body.get("format") == "text/html":
                around.tally.alter("HTML: turned into plain text", name)
                texts.append(plain_text(value))
            elif value:
                texts.append(value)
            else:
                link = text_of(body.get("id")) or text_of(body.get("source"))
                texts.append(link)
                kept = "their address is kept" if link else "not kept"
                around.tally.alter(f"bodies that are no text: {kept}", name)
    return with_tags("\n\n".join(text for text in texts if text), tags, around)


def _target(value: Json, around: Surroundings, name: str) -> tuple[Target, str]:
    quote: Json = {}
    place: Json = {}
    waiting = deque(objects(value.get("selector")))
    while waiting:
        selector = waiting.popleft()
        kind = selector.get("type")
        if kind == "TextQuoteSelector":
            quote = quote or selector
        elif kind == "TextPositionSelector":
            place = place or selector
        else:
            around.tally.alter(f"selectors of type {text_of(kind)}: not kept", name)
        waiting += objects(selector.get("refinedBy")) + objects(selector.get("items"))
    exact = text_of(quote.get("exact"))
    start, end = place.get("start"), place.get("end")
    if type(start) is not int or type(end) is not int or not 0 <= start <= end:
        start, end = 0, len(exact)
    text = around.text
    if not exact and place and text is not None and start < end <= len(text):
        exact = text[start:end]
    elif not exact and place:
        raise Unfit("positions without a quote, and without the page's text")
    prefix, suffix = text_of(quote.get("prefix")), text_of(quote.get("suffix"))
    target = Target(exact, prefix, suffix, start, end, "text" if exact else "page")
    return target, _source(value)
