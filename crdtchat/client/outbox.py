"""What this client wrote and the server has not answered yet.

Invariants (tests cite the numbers):

B1. An operation is in exactly one of `waiting` (intents only) and `written` (bytes in the replica)
    until it is settled: acknowledged, overtaken, or refused.
B2. Both keep the order in which the operations were made; `written` comes before `waiting`.
B3. The updates in `written` follow each other without a gap under one leased id.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from crdtchat.client.intents import Operation


class Outbox:
    """See the invariants above."""

    def __init__(self) -> None:
        self.waiting: deque[Operation] = deque()
        self.written: list[Operation] = []

    def __len__(self) -> int:
        return len(self.waiting) + len(self.written)

    def __iter__(self) -> Iterator[Operation]:
        yield from self.written
        yield from self.waiting

    def __contains__(self, broadcast_id: bytes) -> bool:
        return any(operation.broadcast_id == broadcast_id for operation in self)

    def settle(self, broadcast_id: bytes) -> Operation | None:
        """Take out an operation that was answered; None if it is not here."""
        for place in (self.written, self.waiting):
            for operation in place:
                if operation.broadcast_id == broadcast_id:
                    place.remove(operation)
                    return operation
        return None

    def refuse(self, broadcast_id: bytes) -> Operation | None:
        """Take out a refused operation; those written after it wait again, to be replayed."""
        for index, operation in enumerate(self.written):
            if operation.broadcast_id == broadcast_id:
                self._unwrite(index + 1)
                self.written.pop()
                return operation
        return None

    def unwrite(self) -> None:
        """All bytes are worthless (another lease, a new epoch): everything waits again."""
        self._unwrite(0)

    def _unwrite(self, index: int) -> None:
        later = self.written[index:]
        del self.written[index:]
        for operation in later:
            operation.update = b""
        self.waiting.extendleft(reversed(later))
