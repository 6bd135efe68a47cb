"""Reads annotations as Hypothesis gives them out: rows of its API (https://h.readthedocs.io)."""

from __future__ import annotations

from crdtchat.document.foreign import (
    Json,
    Surroundings,
    Unfit,
    created_of,
    fit_target,
    from_utf16,
    objects,
    text_of,
    time_of,
    with_tags,
)
from crdtchat.document.gathered import Gathered, Note
from crdtchat.document.records import Target

SOURCE = "hypothesis"


def is_hypothesis(item: Json) -> bool:
    """Whether it is a row of that API."""
    return isinstance(item.get("uri"), str) and "user" in item and "target" in item


def read_hypothesis(item: Json, around: Surroundings, gathered: Gathered) -> None:
    """Take one row. Raises Unfit."""
    name, user = text_of(item.get("id")), text_of(item.get("user"))
    if not name or not user:
        raise Unfit("rows without an id or a user")
    readers = next((one.get("read") for one in objects(item.get("permissions"))), None)
    if isinstance(readers, list) and readers == [user]:
        raise Unfit("annotations that only their author may read")
    if item.get("hidden") is True:
        raise Unfit("annotations hidden by a moderator")
    if item.get("group") not in (None, "__world__"):
        around.tally.alter("annotations of a group: its readers are now the page's", name)
    info = next(iter(objects(item.get("user_info"))), {})
    created = created_of(item, around, "created", "updated")
    edited = time_of(item.get("updated"), around) or 0
    tags = item.get("tags")
    note = Note(
        source=SOURCE,
        name=name,
        author=user,
        author_name=text_of(info.get("display_name")) or user.removeprefix("acct:").split("@")[0],
        created=created,
        edited=edited if edited > created else 0,
        text=with_tags(text_of(item.get("text")), tags if isinstance(tags, list) else (), around),
    )
    above = item.get("references")
    if isinstance(above, list) and above:
        gathered.reply(note, text_of(above[-1]), root=text_of(above[0]))
        return
    target = _target(item, around, name)
    gathered.annotation(note, text_of(item["uri"]), fit_target(target, around, name))


def _target(item: Json, around: Surroundings, name: str) -> Target:
    """The first target's quote and position; a row without a quote is about the page."""
    targets = objects(item.get("target"))
    if len(targets) > 1:
        around.tally.alter("further targets: not kept", name)
    selectors = {
        text_of(selector.get("type")): selector
        for target in targets[:1]
        for selector in reversed(objects(target.get("selector")))
    }
    quote = selectors.pop("TextQuoteSelector", {})
    place = selectors.pop("TextPositionSelector", {})
    for kind in selectors:
        around.tally.alter(f"selectors of type {kind}: not kept", name)
    exact = text_of(quote.get("exact"))
    if not exact:
        return Target("", kind="page")
    prefix, suffix = text_of(quote.get("prefix")), text_of(quote.get("suffix"))
    start, end = place.get("start"), place.get("end")
    if type(start) is not int or type(end) is not int or not 0 <= start <= end:
        return Target(exact, prefix, suffix, 0, len(exact))
    return from_utf16(Target(exact, prefix, suffix, start, end), around, name)
