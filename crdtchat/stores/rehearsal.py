"""A store to try something out on: it begins as another one is, and keeps to itself what is
written."""

from __future__ import annotations

from crdtchat.stores.base import DocumentKey, Head, Loaded, Store
from crdtchat.stores.memory import MemoryData, MemoryStore
from crdtchat.stores.memory_document import MemoryDocument


class RehearsalStore(MemoryStore):
    """Reads a document from the other store when it is first asked for; nothing goes back."""

    def __init__(self, real: Store) -> None:
        """`real` is open, and stays open as long as this one."""
        self._copies = MemoryData()
        super().__init__(self._copies)
        self._real = real

    async def load(self, key: DocumentKey, *, known: Head | None = None) -> Loaded:
        """See `Store`."""
        if key not in self._copies.documents:
            found = await self._real.load(key)
            if found.sequence:
                self._copies.documents[key] = MemoryDocument(
                    epoch=found.epoch,
                    sequence=found.sequence,
                    snapshot=found.snapshot,
                    snapshot_sequence=found.snapshot_sequence,
                    entries=list(found.entries),
                    leases={lease.client: lease for lease in found.leases},
                )
        return await super().load(key, known=known)
