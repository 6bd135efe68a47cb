"""Page versions at work: taken from those whose records name them, kept while a record does."""

from __future__ import annotations

import zlib
from hashlib import sha256

from anyio.to_thread import run_sync

from crdtchat.document.page_version import (
    VERSION_BYTES,
    VERSIONS_PER_PAGE,
    name_of_digest,
    named_versions,
)
from crdtchat.host.hub import Hub
from crdtchat.host.newest import newest
from crdtchat.host.version_tidying import tidy
from crdtchat.stores.base import DocumentKey, PageVersion, Put, Store, StoreCorrupt


class WrongName(ValueError):
    """The text is not the one that the name stands for, or no text."""


async def names(hub: Hub, key: DocumentKey, user: str, name: str) -> bool:
    """Whether a living record that this user wrote names the version. Raises StoreError."""
    async with newest(hub, key) as room:
        return user in named_versions(room.replica).get(name, ())


async def put(hub: Hub, key: DocumentKey, user: str, name: str, text: bytes) -> Put:
    """Keep a text of at most `VERSION_BYTES` bytes for a user whose record names it.

    Raises WrongName, StoreError.
    """
    now = hub.sources.now().wall
    version = await run_sync(_compress, name, user, now, text)
    outcome = await hub.store.put_version(key, version, VERSIONS_PER_PAGE)
    if outcome is Put.FULL:
        async with hub.attend(key) as room:
            if await tidy(hub.store, key, room.replica, now):
                outcome = await hub.store.put_version(key, version, VERSIONS_PER_PAGE)
    hub.counters.add(f"versions_{outcome}")
    return outcome


async def get(store: Store, key: DocumentKey, name: str) -> bytes | None:
    """The text of a version in UTF-8; None if there is none. Raises StoreError."""
    version = await store.version(key, name)
    return None if version is None else await run_sync(_decompress, version)


def _compress(name: str, user: str, now: int, text: bytes) -> PageVersion:
    digest = sha256(text).digest()
    if name_of_digest(digest) != name:
        raise WrongName("the text has another hash than the one it was sent under")
    try:
        text.decode()
    except UnicodeDecodeError:
        raise WrongName("the text is not UTF-8") from None
    return PageVersion(name, digest, user, now, len(text), zlib.compress(text))


def _decompress(version: PageVersion) -> bytes:
    try:
        text = zlib.decompressobj().decompress(version.data, VERSION_BYTES)
    except zlib.error:
        text = b""
    if sha256(text).digest() != version.digest:
        raise StoreCorrupt("a stored page version cannot be read back")
    return text
