"""Sections of several client ids, in an order in which each item finds what it stands on.

A stock client that came and went offline has an id of each visit. Their items name what they stand
behind, but not that a deletion came after what another visit wrote there. (For what is missing
when an item is judged see `crdtchat.sync.hindsight`.)

Invariants (tests cite the numbers):

I1. An item is judged behind those of its section before it, and behind its origin.
I2. One that deletes waits until nothing else can go on; then the oldest by its own date goes first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import NamedTuple

from crdtchat.sync.codes import Refused, RejectCode
from crdtchat.sync.update import Id, Item, Section


class _Part(NamedTuple):
    """The rest of a section, from an item on."""

    section: Section
    first: int


class Interleaving:
    """One update's sections on their way."""

    def __init__(
        self,
        is_known: Callable[[Id], bool],
        deletes: Callable[[Item], bool],
        judge: Callable[[int, Item], None],
    ) -> None:
        """`judge(client, item)` judges and places one item; raises Refused."""
        self._is_known = is_known
        self._deletes = deletes
        self._judge = judge
        self._blocked: dict[Id, list[_Part]] = {}
        """Parts by the item that they stand behind, which is not there."""
        self._deleting: list[tuple[int, int, _Part]] = []
        """A heap, by date."""
        self._ready: list[_Part] = []

    def judge(self, sections: Sequence[Section]) -> None:
        """See the invariants above. Raises Refused."""
        self._ready = [_Part(section, 0) for section in sections]
        while self._ready or self._deleting:
            if self._ready:
                self._go_on(self._ready.pop())
            else:
                _, _, part = heapq.heappop(self._deleting)
                self._place(part)
                self._ready.append(part._replace(first=part.first + 1))
        if self._blocked:
            raise Refused(RejectCode.UNKNOWN_ORIGIN, "items behind unknown items")

    def _go_on(self, part: _Part) -> None:
        section, index = part
        while index < len(section.items):
            item, part = section.items[index], _Part(section, index)
            if item.origin is not None and not self._is_known(item.origin):
                self._blocked.setdefault(item.origin, []).append(part)
                return
            if self._deletes(item):
                heapq.heappush(self._deleting, (_date(item), section.client, part))
                return
            self._place(part)
            index += 1

    def _place(self, part: _Part) -> None:
        client, item = part.section.client, part.section.items[part.first]
        self._judge(client, item)
        for clock in range(item.clock, item.clock + item.length):
            self._ready += self._blocked.pop((client, clock), ())


def _date(item: Item) -> int:
    """When somebody deleted, by their own clock; 0 for what is no tombstone after all."""
    match item.values:
        case ((_, int(at), *_), *_):
            return at
    return 0
