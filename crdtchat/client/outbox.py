"""What this client wrote and the server has not answered yet.

Invariants (tests cite the numbers):

B1. An operation is in exactly one of `waiting` (intents only) and `written` (bytes in the replica)
    until it is settled: acknowledged, overtaken, or refused.
B2. Both keep the order in which the operations were made; `written` comes before `waiting`.
B3. The updates in `written` follow each other without a gap under one leased id.
B4. Nothing that may be in the log under that id lies at or above `reached` but `written` itself:
    what was acknowledged, and what was sent on a connection that ended before the answer.
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
        self.reached = 0
        """A clock of the leased id below which nothing may be written: there is something, or
        nobody here knows whether there is."""

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
                    self._reach(operation)
                    return operation
        return None

    def doubt(self) -> None:
        """The connection ended: what was sent and not answered may be in the log or not."""
        for operation in self.written:
            self._reach(operation)

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
        self.doubt()
        self._unwrite(0)

    def _reach(self, operation: Operation) -> None:
        if operation.update:
            self.reached = max(self.reached, operation.end)

    def _unwrite(self, index: int) -> None:
        later = self.written[index:]
        del self.written[index:]
        for operation in later:
            operation.update = b""
        self.waiting.extendleft(reversed(later))
