"""The store of a simulation: what outlives the process, without an event loop.

Keeps the promises of `crdtchat.stores.base.Store` for loads, appends and snapshots, on the same
data as `MemoryStore`. Appends of one transaction are all kept or all lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crdtchat.stores.base import (
    Append,
    Conflict,
    DocumentKey,
    Entry,
    Loaded,
    StoreUnavailable,
)
from crdtchat.stores.memory import MemoryData
from crdtchat.stores.memory_document import MemoryDocument

OnCommit = Callable[[DocumentKey, Sequence[Entry]], None]


class Disk:
    """`available` is False while it can be neither read nor written."""

    def __init__(self, on_commit: OnCommit) -> None:
        """`on_commit` hears of every entry when it becomes durable."""
        self.available = True
        self.pace = 0.02
        """Seconds that a transaction takes at most."""
        self.data = MemoryData()
        self._on_commit = on_commit

    def load(self, key: DocumentKey) -> Loaded:
        """Read a document. Raises StoreUnavailable."""
        self._require()
        document = self.data.documents.get(key, MemoryDocument())
        return Loaded(
            epoch=document.epoch,
            sequence=document.sequence,
            snapshot=document.snapshot,
            snapshot_sequence=document.snapshot_sequence,
            entries=tuple(document.entries),
            leases=tuple(document.leases[client] for client in sorted(document.leases)),
        )

    def append(self, appends: Sequence[Append]) -> list[int | Conflict]:
        """Commit a transaction. Raises StoreUnavailable."""
        self._require()
        return [self._append(append) for append in appends]

    def snapshot(self, key: DocumentKey, sequence: int, state: bytes) -> None:
        """Fold the entries up to `sequence` into a snapshot. Raises StoreUnavailable."""
        self._require()
        document = self.data.documents.get(key)
        if document is not None and document.snapshot_sequence < sequence <= document.sequence:
            del document.entries[: sequence - document.snapshot_sequence]
            document.snapshot, document.snapshot_sequence = state, sequence

    def _append(self, append: Append) -> int | Conflict:
        document = self.data.documents.setdefault(append.key, MemoryDocument())
        if (append.epoch, append.after) != (document.epoch, document.sequence):
            return Conflict(document.epoch, document.sequence)
        document.entries.extend(append.entries)
        document.sequence += len(append.entries)
        document.leases.update((lease.client, lease) for lease in append.leases)
        self._on_commit(append.key, append.entries)
        return document.sequence

    def _require(self) -> None:
        if not self.available:
            raise StoreUnavailable("the simulated disk is gone")
