"""The newest operations of a room, kept for those who rejoin by sequence number."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

from crdtchat.sync.encode import join_updates
from crdtchat.sync.message import Event
from crdtchat.sync.update import Update


class Ring:
    """A bounded run of operations ending at the newest sequence number."""

    def __init__(self, last: int, limit_bytes: int) -> None:
        self._last = last
        self._limit = limit_bytes
        self._operations: deque[tuple[Update, int, tuple[Event, ...], int]] = deque()
        self._bytes = 0

    def push(self, update: Update, size: int, events: tuple[Event, ...], at: int) -> None:
        """Add the operation with the next sequence number; `size` is that of its update, `at` its
        time in milliseconds since 1970."""
        self._last += 1
        self._operations.append((update, size, events, at))
        self._bytes += size
        while self._bytes > self._limit and self._operations:
            self._bytes -= self._operations.popleft()[1]

    def forget(self, before: int) -> None:
        """Let go of operations that are older than this time: whoever lost a connection then is
        back, or comes back with a state vector."""
        while self._operations and self._operations[0][3] < before:
            self._bytes -= self._operations.popleft()[1]

    @property
    def first(self) -> int:
        """The sequence number of the oldest operation that is here, or would be the next."""
        return self._last - len(self._operations) + 1

    def after(self, after: int) -> list[Update]:
        """The operations after `after`, which must be covered."""
        count = self._last - after
        return [entry[0] for entry in islice(self._operations, len(self._operations) - count, None)]

    def covers(self, after: int) -> bool:
        """Whether everything after sequence `after` is here."""
        return self._last - len(self._operations) <= after <= self._last

    def since(self, after: int) -> tuple[bytes, Sequence[Event]]:
        """Join the operations after `after`, which must be covered, into one update."""
        count = self._last - after
        newest = list(self._operations)[len(self._operations) - count :]
        update = join_updates([entry[0] for entry in newest])
        return update, [event for entry in newest for event in entry[2]]
