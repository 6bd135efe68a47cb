"""Sections of several client ids, in an order in which each item finds what it stands on.

A stock client that came and went offline has an id of each visit. Their items name what they stand
behind, but not that a comment belongs to an annotation of another visit, or that a deletion came
after it.

Invariants (tests cite the numbers):

I1. An item is judged behind those of its section before it, and behind its origin.
I2. One that lacks an annotation or comment waits for what others bring.
I3. One that deletes waits until nothing else can go on; then the oldest by its own date goes first.
I4. If nothing can go on, the first refusal stands; so it does after _TRIES in vain.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import NamedTuple

from crdtchat.sync.codes import Refused, RejectCode
from crdtchat.sync.update import Id, Item, Section

_LACKING = (RejectCode.UNKNOWN_ANNOTATION, RejectCode.UNKNOWN_COMMENT)
_TRIES = 4_096


class _Part(NamedTuple):
    """The rest of a section, from an item on."""

    section: Section
    at: int


class Interleaving:
    """One update's sections on their way."""

    def __init__(
        self,
        is_known: Callable[[Id], bool],
        deletes: Callable[[Item], bool],
        judge: Callable[[int, Item], None],
    ) -> None:
        """`judge(client, item)` judges and places one item; raises Refused, and then a single
        item changed nothing."""
        self._is_known = is_known
        self._deletes = deletes
        self._judge = judge
        self._blocked: dict[Id, list[_Part]] = {}
        """Parts by the item that they stand behind, which is not there."""
        self._lacking: list[tuple[_Part, Refused]] = []
        self._deleting: list[tuple[int, int, _Part]] = []
        """A heap, by date."""
        self._ready: list[_Part] = []
        self._progress = False

    def judge(self, sections: Sequence[Section]) -> None:
        """See the invariants above. Raises Refused."""
        self._ready = [_Part(section, 0) for section in sections]
        tries = _TRIES
        while True:
            while self._ready:
                self._go_on(self._ready.pop())
            if self._lacking and self._progress and tries > 0:
                tries -= len(self._lacking)
                self._progress = False
                self._ready, self._lacking = [part for part, _ in self._lacking], []
            elif self._deleting:
                _, _, part = heapq.heappop(self._deleting)
                self._place(part)
                self._ready.append(part._replace(at=part.at + 1))
            else:
                break
        if self._blocked:
            raise Refused(RejectCode.UNKNOWN_ORIGIN, "items behind unknown items")
        for _, refused in self._lacking:
            raise refused

    def _go_on(self, part: _Part) -> None:
        section, at = part
        while at < len(section.items):
            item, part = section.items[at], _Part(section, at)
            if item.origin is not None and not self._is_known(item.origin):
                self._blocked.setdefault(item.origin, []).append(part)
                return
            if self._deletes(item):
                heapq.heappush(self._deleting, (_date(item), section.client, part))
                return
            try:
                self._place(part)
            except Refused as refused:
                if item.length > 1 or refused.code not in _LACKING:
                    raise
                self._lacking.append((part, refused))
                return
            at += 1

    def _place(self, part: _Part) -> None:
        client, item = part.section.client, part.section.items[part.at]
        self._judge(client, item)
        self._progress = True
        for clock in range(item.clock, item.clock + item.length):
            self._ready += self._blocked.pop((client, clock), ())


def _date(item: Item) -> int:
    """When somebody deleted, by their own clock; 0 for what is no tombstone after all."""
    match item.values:
        case ((_, int(at), *_), *_):
            return at
    return 0
