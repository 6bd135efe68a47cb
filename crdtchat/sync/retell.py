"""The events of operations in the log, told again to those who missed them."""

from __future__ import annotations

from collections.abc import Iterator

from crdtchat.sync.effects import LogEntry
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.message import BROADCAST_ID_BYTES, NO_BROADCAST_ID, Event
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.rules import RuleTable
from crdtchat.sync.update import Update, decode_update
from crdtchat.sync.verifier import events


def retell(entry: LogEntry, mirror: Mirror, rules: RuleTable) -> tuple[Event, ...]:
    """The events of one log entry; `mirror` must hold it, and may hold more.

    They are those that were told when it was written. (One exception: an update that repeats
    deletions older than itself, as stock clients send when they come back, counts them again.)
    """
    if not entry.principal:
        return ()  # the server's own additions are no news
    update = decode_update(entry.update, TRUSTED)
    broadcast_id = entry.broadcast_id
    if len(broadcast_id) != BROADCAST_ID_BYTES:
        broadcast_id = NO_BROADCAST_ID
    return tuple(
        Event(kind, broadcast_id, aid, cid, entry.principal, entry.at)
        for kind, aid, cid in events(list(_places(update, mirror)), rules)
    )


def _places(update: Update, mirror: Mirror) -> Iterator[tuple[str, str]]:
    """Root and key of all that it writes or removes."""
    for section in update.sections:
        for item in section.items:
            record = mirror.locate((section.client, item.clock))
            if record is not None:
                yield record.root, record.key
    for client, ranges in update.deletes:
        for first, end in ranges:
            for clock in range(first, end):
                record = mirror.locate((client, clock))
                if record is not None:
                    yield record.root, record.key
