"""The store of a simulation: what outlives the processes, without an event loop.

Keeps the promises of `crdtchat.stores.base.Store` for loads, appends, snapshots and erasures, on
the same data as `MemoryStore`. Appends of one transaction are all kept or all lost; whoever asked
for them may hear of it or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from crdtchat.stores.base import (
    Append,
    Conflict,
    DocumentKey,
    Entry,
    Erasure,
    Head,
    Loaded,
    StoreUnavailable,
)
from crdtchat.stores.memory import MemoryData
from crdtchat.stores.memory_document import MemoryDocument

OnCommit = Callable[[DocumentKey, Sequence[Entry]], None]
OnRebuilt = Callable[[DocumentKey, bytes, int], None]


class Disk:
    """All nodes' store, and everything that may be wrong with it."""

    def __init__(self, chance: Random, on_commit: OnCommit, on_rebuilt: OnRebuilt) -> None:
        """`on_commit` hears of every entry when it becomes durable, `on_rebuilt` of every new
        epoch's state and first sequence number."""
        self.available = True
        """False while it can be neither read nor written."""
        self.full = False
        """True while it can be read and not written."""
        self.refusing = 0.0
        """Share of all calls that fail with nothing done."""
        self.losing = 0.0
        """Share of transactions that are kept, and said to have failed."""
        self.pace = 0.02
        """Seconds that a transaction takes at most."""
        self.data = MemoryData()
        self._chance = chance
        self._on_commit = on_commit
        self._on_rebuilt = on_rebuilt

    def heal(self) -> None:
        """Nothing is wrong any more."""
        self.available, self.full = True, False
        self.refusing = self.losing = 0.0
        self.pace = 0.02

    def load(self, key: DocumentKey, known: Head | None = None) -> Loaded:
        """Read a document, or what follows the place that is known. Raises StoreUnavailable."""
        self._require()
        document = self.data.documents.get(key, MemoryDocument())
        start, snapshot = document.snapshot_sequence, document.snapshot
        if known and known.epoch == document.epoch and start <= known.sequence <= document.sequence:
            start, snapshot = known.sequence, b""
        return Loaded(
            epoch=document.epoch,
            sequence=document.sequence,
            snapshot=snapshot,
            snapshot_sequence=start,
            entries=tuple(document.entries[start - document.snapshot_sequence :]),
            leases=tuple(document.leases[client] for client in sorted(document.leases)),
        )

    def head(self, key: DocumentKey) -> Head:
        """Where a document's log ends. Raises StoreUnavailable."""
        self._require()
        document = self.data.documents.get(key, MemoryDocument())
        return Head(document.epoch, document.sequence)

    def revision(self) -> int:
        """Grows with every erasure. Raises StoreUnavailable."""
        self._require()
        return self.data.revision

    def append(self, appends: Sequence[Append]) -> list[int | Conflict]:
        """Commit a transaction. Raises StoreUnavailable, also if it was kept."""
        self._require(writing=True)
        outcomes = [self._append(append) for append in appends]
        self._answer()
        return outcomes

    def snapshot(self, key: DocumentKey, epoch: int, sequence: int, state: bytes) -> None:
        """Fold the entries up to `sequence` into a snapshot. Raises StoreUnavailable."""
        self._require(writing=True)
        document = self.data.documents.get(key)
        if document is None or document.epoch != epoch:
            return
        if document.snapshot_sequence < sequence <= document.sequence:
            del document.entries[: sequence - document.snapshot_sequence]
            document.snapshot, document.snapshot_sequence = state, sequence

    def erase(self, erasure: Erasure) -> int | Conflict:
        """Begin a new epoch; answers its number. Raises StoreUnavailable."""
        self._require(writing=True)
        document = self.data.documents.get(erasure.key)
        if document is None:
            return Conflict(1, 0)
        if (erasure.epoch, erasure.sequence) != (document.epoch, document.sequence):
            return Conflict(document.epoch, document.sequence)
        document.epoch = erasure.next_epoch or document.epoch + 1
        document.sequence += 1
        document.snapshot, document.snapshot_sequence = erasure.state, document.sequence
        document.entries.clear()
        document.leases.clear()
        self.data.count_revision()
        self._on_rebuilt(erasure.key, erasure.state, document.sequence)
        self._answer()
        return document.epoch

    def _append(self, append: Append) -> int | Conflict:
        document = self.data.documents.setdefault(append.key, MemoryDocument())
        if (append.epoch, append.after) != (document.epoch, document.sequence):
            return Conflict(document.epoch, document.sequence)
        document.entries.extend(append.entries)
        document.sequence += len(append.entries)
        document.leases.update((lease.client, lease) for lease in append.leases)
        self._on_commit(append.key, append.entries)
        return document.sequence

    def _require(self, *, writing: bool = False) -> None:
        if not self.available:
            raise StoreUnavailable("the simulated disk is gone")
        if writing and self.full:
            raise StoreUnavailable("the simulated disk is full")
        if self.refusing and self._chance.random() < self.refusing:
            raise StoreUnavailable("the simulated disk stumbles")

    def _answer(self) -> None:
        if self.losing and self._chance.random() < self.losing:
            raise StoreUnavailable("the simulated disk did it and does not say so")
