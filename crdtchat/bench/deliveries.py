"""Counting what arrives: how many operations a frame carries, and how late they are.

The same frame goes to hundreds of readers: it is decoded once and remembered.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from crdtchat.sync.codes import Malformed
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.update import Id, decode_update

_REMEMBERED = 4_096


class Deliveries:
    """Operations by the id of their first struct, and every arrival of each.

    An operation counts once per arrival, however many were merged into a frame; structs that are
    no operation's first (its other writes, the server's additions) count nothing.
    """

    def __init__(self) -> None:
        self.sent: list[float] = []
        """When each operation was sent, in seconds."""
        self.arrivals = 0
        self.lateness = array("d")
        """Seconds from sending to arrival, one per arrival while `recording`."""
        self.recording = False
        self.first_recorded = 0
        """Operations before this one are not recorded."""
        self.recorded_until: int | None = None
        """Nor is this one or any later."""
        self.unreadable = 0
        """Frames that hold no update of the schema."""
        self._numbers: dict[Id, int] = {}
        self._decoded: dict[bytes, tuple[int, ...]] = {}

    def send(self, client: int, clock: int, now: float) -> None:
        """An operation whose first struct is `client:clock` goes out now."""
        self._numbers[client, clock] = len(self.sent)
        self.sent.append(now)

    def arrive(self, update: bytes, now: float, seen: bytearray) -> int:
        """An update arrived at a reader that has `seen` these operations (a byte for each).

        Answers how many it had not; only these count.
        """
        found = self._decoded.get(update)
        if found is None:
            found = self._operations(update)
        if len(seen) < len(self.sent):
            seen.extend(bytes(len(self.sent) + 1_024 - len(seen)))
        fresh = [number for number in found if not seen[number]]
        for number in fresh:
            seen[number] = 1
        self.arrivals += len(fresh)
        if self.recording:
            self._record(fresh, now)
        return len(fresh)

    def _record(self, numbers: Sequence[int], now: float) -> None:
        sent, first = self.sent, self.first_recorded
        last = self.recorded_until if self.recorded_until is not None else len(sent)
        self.lateness.extend([now - sent[number] for number in numbers if first <= number < last])

    def _operations(self, update: bytes) -> tuple[int, ...]:
        try:
            decoded = decode_update(update, TRUSTED)
        except Malformed:
            self.unreadable += 1
            return ()
        numbers = self._numbers
        found = tuple(
            numbers[section.client, item.clock]
            for section in decoded.sections
            for item in section.items
            if (section.client, item.clock) in numbers
        )
        if len(self._decoded) >= _REMEMBERED:
            self._decoded.clear()
        self._decoded[update] = found
        return found


def percentile(sorted_values: Sequence[float], share: float) -> float:
    """Nearest rank; 0 for nothing at all."""
    if not sorted_values:
        return 0.0
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]
