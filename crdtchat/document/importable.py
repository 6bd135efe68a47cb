"""From the items of a file to annotations that can be brought in, whatever format each is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crdtchat.document.foreign import Surroundings, Unfit
from crdtchat.document.gathered import Gathered
from crdtchat.document.hypothesis_reader import is_hypothesis, read_hypothesis
from crdtchat.document.json_items import BrokenFile, BrokenItem
from crdtchat.document.jsonld import is_deletion, is_own
from crdtchat.document.jsonld_reader import read_deletion, read_own
from crdtchat.document.portable import Deletion, Portable
from crdtchat.document.recogito_reader import is_recogito, read_recogito
from crdtchat.document.w3c_reader import is_w3c, read_w3c


def portables(items: Iterable[object], around: Surroundings) -> Iterator[Portable | Deletion]:
    """Read items, each in the format it is in; own ones come at once, foreign ones at the end.

    What cannot be read is tallied in `around`, and never raised: the good rest is given.
    """
    gathered = Gathered(around)
    for item in _whole(items, around):
        try:
            if not isinstance(item, dict):
                raise Unfit("values that are no annotation")
            if is_own(item):
                yield read_own(item, around)
            elif is_deletion(item):
                yield read_deletion(item, around)
            elif is_hypothesis(item):
                read_hypothesis(item, around, gathered)
            elif is_recogito(item):
                read_recogito(item, around, gathered)
            elif is_w3c(item):
                read_w3c(item, around, gathered)
            else:
                raise Unfit("objects in none of the formats known")
        except Unfit as unfit:
            name = item.get("id", "") if isinstance(item, dict) else ""
            around.tally.leave_out(str(unfit), name)
    yield from gathered.portables()


def _whole(items: Iterable[object], around: Surroundings) -> Iterator[object]:
    """The items up to where the file can no longer be read."""
    try:
        for item in items:
            if isinstance(item, BrokenItem):
                around.tally.leave_out(f"annotations that cannot be read: {item.reason}")
            else:
                yield item
    except BrokenFile as broken:
        around.tally.leave_out(f"the rest of the file: {broken}")
    except UnicodeDecodeError:
        around.tally.leave_out("the rest of the file: it is not UTF-8")
