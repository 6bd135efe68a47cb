"""What is stored of a document, as a replica."""

from __future__ import annotations

from crdtchat.document.replica import Replica
from crdtchat.stores.base import Loaded


def replica_of(loaded: Loaded) -> Replica:
    """Fold a snapshot and the log behind it. Raises EngineFailure."""
    replica = Replica()
    if loaded.snapshot:
        replica.restore(loaded.snapshot)
    if loaded.entries:
        replica.apply_all(entry.update for entry in loaded.entries)
    return replica
