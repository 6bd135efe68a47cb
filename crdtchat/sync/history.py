"""What is committed: the live document, its sequence number, and the newest operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crdtchat.sync.encode import EMPTY_UPDATE, join_updates
from crdtchat.sync.ledger import Operation
from crdtchat.sync.limits import OPERATION
from crdtchat.sync.message import Batch, Resync
from crdtchat.sync.ring import Ring
from crdtchat.sync.statevector import decode_state_vector, encode_state_vector

_CACHED_DIFFERENCES = 64


class Document(Protocol):
    """The live document as a room needs it: committed operations only."""

    def state(self) -> bytes:
        """The whole document as one update, computed once per version."""

    def difference(self, state_vector: bytes) -> bytes:
        """What is missing from a state vector."""


class History:
    """Grows by `advance` only, and answers those who join or fell behind."""

    def __init__(self, document: Document, epoch: int, sequence: int, ring_bytes: int) -> None:
        self.epoch = epoch
        self.sequence = sequence
        self._document = document
        self._ring = Ring(sequence, ring_bytes)
        self._clients: set[int] = set()
        self._differences: dict[bytes, bytes] = {}

    def advance(self, operations: Sequence[Operation]) -> tuple[int, bytes]:
        """Count in committed operations; answer the first sequence number and their joined update,
        which the document is given in time (`effects.Apply`)."""
        update = join_updates([operation.update for operation in operations])
        self._differences.clear()
        first = self.sequence + 1
        self.sequence += len(operations)
        for operation in operations:
            self._ring.push(operation.update, operation.size, operation.events, operation.entry.at)
        return first, update

    def forget(self, before: int) -> None:
        """Stop remembering operations from before this time (milliseconds since 1970)."""
        self._ring.forget(before)

    def state(self) -> bytes:
        """The whole document."""
        return self._document.state()

    def difference(self, state_vector: bytes) -> bytes:
        """What the vector misses, computed once per vector and version: a thousand clients that
        return at once cost one computation. Raises Malformed for a vector that is none."""
        # By the bytes as they came: those who have the same send the same, whatever their order,
        # and bytes that were answered before need not be read again.
        difference = self._differences.get(state_vector)
        if difference is None:
            wanted = decode_state_vector(state_vector, OPERATION)
            if not wanted:
                return self._document.state()
            if len(self._differences) >= _CACHED_DIFFERENCES:
                self._differences.clear()
            difference = self._document.difference(encode_state_vector(wanted))
            self._differences[state_vector] = difference
        return difference

    def since(self, after: int) -> Batch | None:
        """Everything after a sequence number, if it is still remembered."""
        if not self._ring.covers(after):
            return None
        update, news = self._ring.since(after)
        return Batch(after + 1, self.sequence, update, tuple(news))

    def answer(self, request: Resync) -> Batch:
        """What a client that joins or rejoins is missing. Raises Malformed."""
        if request.epoch == self.epoch and request.after:
            if request.after == self.sequence:
                return Batch(0, self.sequence, EMPTY_UPDATE, ())
            missed = self.since(request.after)
            if missed is not None:
                return missed
        if request.epoch in (0, self.epoch):
            return Batch(0, self.sequence, self.difference(request.state_vector), ())
        return Batch(0, self.sequence, self.state(), ())
