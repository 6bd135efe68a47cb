"""One document in a `MemoryStore`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from crdtchat.stores.base import DocumentKey, Entry, Lease, Page, PageVersion


@dataclass(slots=True)
class MemoryDocument:
    """One document's log and what belongs to it."""

    epoch: int = 1
    sequence: int = 0
    updated: int = 0
    snapshot: bytes = b""
    snapshot_sequence: int = 0
    entries: list[Entry] = field(default_factory=list)
    """Entries `snapshot_sequence + 1 .. sequence`."""
    leases: dict[int, Lease] = field(default_factory=dict)
    versions: dict[str, PageVersion] = field(default_factory=dict)
    """In order of arrival."""

    def forget_user(self, user: str) -> None:
        """Nobody knows any more that they brought page versions."""
        for name, version in self.versions.items():
            if version.by == user:
                self.versions[name] = replace(version, by="")


def place_of(page: Page) -> tuple[int, DocumentKey]:
    """What a tenant's pages are listed in the order of."""
    return -page.updated, page.key
