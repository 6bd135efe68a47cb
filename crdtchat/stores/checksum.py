"""Checksums of stored rows.

A flipped bit in a comment is a valid comment, and SQLite does not notice it. Each row therefore
carries a CRC-32 over its content, seeded with its document's key and epoch: a row that changed, or
that an index reaches from the wrong document, is recognised. About 1 us per entry. It is no
signature: whoever can write the file can write the checksum.
"""

from __future__ import annotations

from zlib import crc32

from crdtchat.stores.base import DocumentKey, Entry, Lease


def document_seed(key: DocumentKey, epoch: int) -> int:
    """Where every checksum of the document begins."""
    return crc32("\0".join((*key, str(epoch))).encode())


def entry_checksum(seed: int, sequence: int, entry: Entry) -> int:
    """Checksum of one log entry; `seed` is its `document_seed`."""
    head = f"entry {sequence} {entry.at} {len(entry.broadcast_id)} {entry.principal}\0"
    return crc32(entry.update, crc32(entry.broadcast_id, crc32(head.encode(), seed)))


def snapshot_checksum(seed: int, sequence: int, state: bytes) -> int:
    """Checksum of a snapshot: 1 ms per 3 MB or so."""
    return crc32(state, crc32(b"snapshot %d\0" % sequence, seed))


def lease_checksum(seed: int, lease: Lease) -> int:
    """Checksum of one lease."""
    return crc32(f"lease {lease.client}\0{lease.user}\0{lease.nonce}".encode(), seed)
