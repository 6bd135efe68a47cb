"""Folding what was verified before, snapshots and log entries, into a mirror."""

from __future__ import annotations

from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.mirror import Mirror, Record
from crdtchat.sync.rules import RuleTable
from crdtchat.sync.update import Item, Section, decode_update


class FoldError(Exception):
    """Stored bytes do not fit the document they are stored for: the document must be refused."""


def fold(data: bytes, mirror: Mirror, rules: RuleTable) -> None:
    """Take a stored update into the mirror; what the mirror knows already is passed over.

    Raises Malformed or FoldError if the bytes are not what a verifier let through.
    """
    update = decode_update(data, TRUSTED)
    waiting: dict[int, tuple[Section, int]] = {}
    for section in update.sections:
        known = mirror.next_clock(section.client)
        if section.clock > known:
            raise FoldError(
                f"clock {section.clock} of client {section.client} where {known} is next"
            )
        waiting[section.client] = (section, 0)
    while waiting:
        progress = False
        for client, (section, done) in list(waiting.items()):
            begin = done
            while done < len(section.items) and _place(client, section.items[done], mirror, rules):
                done += 1
            progress = progress or done > begin
            if done == len(section.items):
                del waiting[client]
                progress = True
            else:
                waiting[client] = (section, done)
        if not progress:
            raise FoldError("items behind unknown items")
    for client, ranges in update.deletes:
        for first, end in ranges:
            if end > mirror.next_clock(client):
                raise FoldError(f"deletes unknown items of client {client}")
            for clock in range(first, end):
                record = mirror.locate((client, clock))
                if record is not None and record.last == (client, clock):
                    record.dead = True
    mirror.count_alive()


def _place(client: int, item: Item, mirror: Mirror, rules: RuleTable) -> bool:
    """Integrate an item; False if what it stands behind is not there yet."""
    clock, length, origin, root, key, values, _ = item
    known = mirror.next_clock(client)
    if clock + length <= known:
        return True
    if clock < known:
        raise FoldError("an item known in part")
    if origin is None:
        if root not in rules:
            raise FoldError(f"no root {root!r}")
        record = mirror.find((root, key)) or Record(root, key, -1)
    else:
        found = mirror.locate(origin)
        if found is None:
            return False
        record = found
    rule = rules[record.root]
    for step in range(length):
        if record.insert(client, clock, origin):
            record.dead = values is None
            if values is not None:
                record.facts = rule.facts(record.key, values[step])
        origin = (client, clock)
        clock += 1
    mirror.place(record, client, length)
    return True
