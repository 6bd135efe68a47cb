"""What is committed: the live document, its sequence number, and the newest operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crdtchat.sync.differences import Difference, Differences
from crdtchat.sync.encode import EMPTY_UPDATE, join_updates
from crdtchat.sync.ledger import Operation
from crdtchat.sync.limits import OPERATION, TRUSTED
from crdtchat.sync.message import Resync, encode_batch
from crdtchat.sync.ring import Ring
from crdtchat.sync.run import Run
from crdtchat.sync.statevector import decode_state_vector, encode_state_vector

NOTHING = b"\x00"
"""The state vector of who has nothing."""


class Document(Protocol):
    """The live document as a room needs it: committed operations only."""

    def state(self) -> bytes:
        """The whole document as one update, computed once per version."""

    def state_vector(self) -> bytes:
        """What it has."""

    def difference(self, state_vector: bytes) -> bytes:
        """What is missing from a state vector."""


class History:
    """Grows by `advance` only, and answers those who join or fell behind."""

    def __init__(self, document: Document, epoch: int, sequence: int, ring_bytes: int) -> None:
        self.epoch = epoch
        self.sequence = sequence
        self._document = document
        self._ring = Ring(sequence, ring_bytes)
        self._differences = Differences()
        self._runs: dict[int, Run] = {}

    def advance(self, operations: Sequence[Operation]) -> tuple[int, bytes]:
        """Count in committed operations; answer the first sequence number and their joined update,
        which the document is given in time (`effects.Apply`)."""
        if len(operations) == 1:
            update = operations[0].entry.update
        else:
            update = join_updates([operation.update for operation in operations])
        first = self.sequence + 1
        self.sequence += len(operations)
        for operation in operations:
            self._ring.push(operation.update, operation.size, operation.events, operation.entry.at)
        self._runs.clear()
        self._differences.forget(self._ring.first)
        return first, update

    def forget(self, before: int) -> None:
        """Stop remembering operations from before this time (milliseconds since 1970)."""
        self._ring.forget(before)
        self._runs.clear()
        self._differences.clear()

    def difference(self, state_vector: bytes, after: int | None = None) -> Difference:
        """What the vector misses, or missed a moment ago: the operations after `Difference.last`
        are remembered. A thousand clients that return at once cost one computation, also while
        others write. Raises Malformed for a vector that is none.

        `after`: who asks has all operations up to there, and is content with half of what is
        missing if that is being sent to others: what comes after it need not be remembered.
        """
        # By the bytes as they came: those who have the same send the same, whatever their order.
        found = self._differences.find(state_vector)
        if found is not None:
            return found
        asked = decode_state_vector(state_vector, OPERATION)
        wanted = {client: clock for client, clock in asked.items() if clock}
        found = self._differences.near(state_vector, wanted)
        if found is None and after is not None:
            found = self._differences.under_way(wanted, self._count_missing(wanted), after)
        if found is None:
            found = self._compute(wanted)
            self._differences.keep(state_vector, found)
        return found

    def since(self, after: int) -> Run | None:
        """Everything after a sequence number, if it is still remembered."""
        run = self._runs.get(after)
        if run is None and self._ring.covers(after):
            update, news = self._ring.since(after)
            run = self._runs[after] = Run(after + 1, self.sequence, update, news)
        return run

    def held(self, after: int) -> bytes:
        """A state vector that everybody has reached who holds all operations up to `after`: that
        of nothing if it is not remembered."""
        if not self._ring.covers(after):
            return NOTHING
        vector = decode_state_vector(self._document.state_vector(), TRUSTED)
        for update in self._ring.after(after):
            for section in update.sections:
                if vector.get(section.client, 0) > section.clock:
                    vector[section.client] = section.clock
        return encode_state_vector({client: clock for client, clock in vector.items() if clock})

    def recent(self, request: Resync) -> bytes | None:
        """The frame with all that a client is missing, if that is remembered: from 0 on for one
        that found the page empty. Raises Malformed for a vector that is none, needed or not."""
        if request.epoch != self.epoch:
            return None
        decode_state_vector(request.state_vector, OPERATION)
        if request.after == self.sequence:
            return encode_batch(0, self.sequence, EMPTY_UPDATE, ())
        missed = self.since(request.after)
        return None if missed is None else missed.as_batch()

    def answer(self, request: Resync) -> bytes:
        """The frame with all that a client that joins or rejoins is missing. Raises Malformed."""
        known = request.state_vector if request.epoch in (0, self.epoch) else NOTHING
        return self.recent(request) or self.missing(known).as_batch()

    def missing(self, state_vector: bytes) -> Difference:
        """All that the vector misses now: whoever joins goes on from its answer, which is one
        frame. Raises Malformed."""
        difference = self.difference(state_vector)
        if difference.last != self.sequence:
            wanted = decode_state_vector(state_vector, OPERATION)
            difference = self._compute({client: clock for client, clock in wanted.items() if clock})
            self._differences.keep(state_vector, difference)
        return difference

    def _compute(self, wanted: dict[int, int]) -> Difference:
        document = self._document
        update = document.difference(encode_state_vector(wanted)) if wanted else document.state()
        missing = self._count_missing(wanted)
        return Difference(self.sequence, update, wanted, missing, document.state_vector())

    def _count_missing(self, wanted: dict[int, int]) -> int:
        whole = decode_state_vector(self._document.state_vector(), TRUSTED)
        return sum(max(0, clock - wanted.get(client, 0)) for client, clock in whole.items())
