"""The embedded store: one SQLite file, no server, every commit durable."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from pathlib import Path

from crdtchat.stores import sqlite_access as access
from crdtchat.stores import sqlite_audit as auditing
from crdtchat.stores import sqlite_erase as erasing
from crdtchat.stores import sqlite_tables as tables
from crdtchat.stores import sqlite_versions as page_versions
from crdtchat.stores.auditing import Audited, Report
from crdtchat.stores.base import (
    Append,
    CallSoon,
    Conflict,
    DocumentKey,
    Entry,
    Erasure,
    Grant,
    Head,
    Loaded,
    Page,
    PageVersion,
    Put,
    StoredTenant,
    Token,
    Usage,
)
from crdtchat.stores.lane import Driver, Lane
from crdtchat.stores.sqlite_errors import DATABASE_ERRORS, explain
from crdtchat.stores.sqlite_file import DatabaseFile, connect
from crdtchat.stores.sqlite_hooking import SqliteHooking
from crdtchat.stores.sqlite_read import LogReader, find_tenants
from crdtchat.stores.sqlite_room import make_room
from crdtchat.stores.sqlite_schema import migrate
from crdtchat.stores.sqlite_write import LogWriter
from crdtchat.stores.text import deed_texts, require_text, token_texts, version_texts
from crdtchat.sync.effects import Deed

# Two, so that a small load need not wait for the end of a big one. More would only share the GIL.
_READERS = 2


class SqliteStore(SqliteHooking):
    """Keeps everything in the file `path`, whose directory is made private (0700, file 0600).

    1. All writes pass one thread, one transaction at a time: `append` of many documents is one
       fsync. Other processes may write too; `busy_ms` is how long one waits for another's
       transaction before it raises `StoreUnavailable`.
    2. Reads have connections and threads of their own (write-ahead log): they see one moment and
       never wait for a commit.
    3. After any failure nothing of the call is stored and the same object works again as soon as
       the disk does. (One exception, inherent: if the disk fails during the fsync of a commit and
       the machine loses power before the next commit, the refused entries may be found written.
       Nobody was told that they were; the log stays whole.)
    4. Cancelling an append before it is called prevents it; later, it runs to its end.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_ms: int = 5_000) -> None:
        self._busy_ms = busy_ms
        self._file = DatabaseFile(Path(path))
        self._reads = LogReader(self._file.path)
        self._writes = LogWriter()
        self._has_room = True
        """Whether the write-ahead log has been given room, or is not written to."""
        self._writer = Lane("crdtchat-write", 1, self._driver(self._connect_to_write))
        self._reader = Lane("crdtchat-read", _READERS, self._driver(self._connect_to_read))

    def _driver(self, connect: Callable[[], sqlite3.Connection]) -> Driver[sqlite3.Connection]:
        return Driver(
            connect,
            check=self._file.check,
            is_usable=lambda connection: not connection.in_transaction,
            errors=DATABASE_ERRORS,
            explain=lambda error: explain(error, self._file.path),
        )

    def _connect(self) -> sqlite3.Connection:
        return connect(self._file.path, self._busy_ms)

    def _connect_to_write(self) -> sqlite3.Connection:
        self._has_room = False
        return self._connect()

    def _connect_to_read(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("PRAGMA query_only=ON")
        return connection

    async def open(self) -> None:
        """See `Store`. Raises `StoreUnavailable`, `StoreCorrupt`, `StoreTooNew`; may be retried."""
        await self._writer.call(self._prepare)

    def _prepare(self) -> None:
        self._file.create()
        with closing(self._connect()) as connection:
            migrate(connection, self._file.path)
        # Last: until then every other call is refused, also on a file that is damaged or too new.
        self._file.accept()

    async def close(self) -> None:
        """See `Store`."""
        await self._reader.close()
        # Last, because the last connection to close folds the write-ahead log into the file.
        await self._writer.close()

    async def load(self, key: DocumentKey, *, known: Head | None = None) -> Loaded:
        """See `Store`."""
        require_text(*key)
        return await self._reader.read(lambda connection: self._reads.load(connection, key, known))

    async def since(self, key: DocumentKey, after: int) -> tuple[Entry, ...]:
        """See `Store`."""
        require_text(*key)
        return await self._reader.read(lambda connection: self._reads.since(connection, key, after))

    async def append(self, appends: Sequence[Append]) -> list[int | Conflict]:
        """See `Store`."""
        outcomes = await self._writer.write(
            lambda connection: self._writes.append(connection, appends)
        )
        self._make_room()
        return outcomes

    def append_soon(
        self,
        appends: Sequence[Append],
        settle: Callable[[list[int | Conflict] | BaseException], None],
        soon: CallSoon,
    ) -> None:
        """See `PromptStore`."""
        self._writer.call_soon(
            lambda: self._writer.with_connection(
                lambda connection: self._writes.append(connection, appends)
            ),
            settle,
            soon,
        )
        self._make_room()

    def _make_room(self) -> None:
        """Once for each connection that appends, when nobody waits for it."""
        if not self._has_room:
            self._has_room = True
            self._writer.put(lambda connection: make_room(connection, self._file.path))

    async def snapshot(self, key: DocumentKey, epoch: int, sequence: int, state: bytes) -> bool:
        """See `Store`."""
        require_text(*key)
        return await self._writer.write(
            lambda connection: self._writes.snapshot(connection, key, epoch, sequence, state)
        )

    async def erase(self, erasure: Erasure) -> int | Conflict:
        """See `Store`."""
        require_text(*erasure.key)
        return await self._writer.write(lambda connection: erasing.erase(connection, erasure))

    async def remove_user(self, tenant: str, user: str) -> int:
        """See `Store`."""
        require_text(tenant, user)
        return await self._writer.write(
            lambda connection: erasing.remove_user(connection, tenant, user)
        )

    async def add_deeds(self, key: DocumentKey, deeds: Sequence[Deed]) -> None:
        """See `Store`."""
        require_text(*key, *deed_texts(deeds))
        await self._writer.write(lambda connection: auditing.add(connection, key, deeds))

    async def deeds(
        self, tenant: str, *, page: str | None, first: int, last: int, after: int, most: int
    ) -> list[Audited]:
        """See `Store`."""
        require_text(tenant, page or "")
        return await self._reader.read(
            lambda connection: auditing.find(connection, tenant, page, first, last, after, most)
        )

    async def pages_of_deeds(self, tenant: str, actions: Collection[str]) -> list[str]:
        """See `Store`."""
        require_text(tenant)
        return await self._reader.read(
            lambda connection: auditing.find_pages(connection, tenant, actions)
        )

    async def trim_deeds(self, tenant: str, before: int, held: Collection[str] = ()) -> int:
        """See `Store`."""
        require_text(tenant)
        return await self._writer.write(
            lambda connection: auditing.trim(connection, tenant, before, held)
        )

    async def add_report(self, tenant: str, report: Report) -> None:
        """See `Store`."""
        require_text(tenant, *report[:4])
        await self._writer.write(lambda connection: auditing.add_report(connection, tenant, report))

    async def reports(self, tenant: str) -> list[Report]:
        """See `Store`."""
        require_text(tenant)
        return await self._reader.read(lambda connection: auditing.list_reports(connection, tenant))

    async def remove_reports(self, key: DocumentKey, target: str) -> int:
        """See `Store`."""
        require_text(*key, target)
        return await self._writer.write(
            lambda connection: auditing.remove_reports(connection, key, target)
        )

    async def scrub(self) -> None:
        """See `Store`. Needs about as much memory as the file has bytes."""
        await self._writer.write(lambda connection: erasing.scrub(connection, self._busy_ms))
        self._has_room = False

    async def unscrubbed(self) -> bool:
        """See `Store`."""
        return await self._reader.read(erasing.is_unscrubbed)

    async def heads(self, keys: Sequence[DocumentKey]) -> list[Head]:
        """See `Store`."""
        require_text(*(part for key in keys for part in key))
        return await self._reader.read(lambda connection: erasing.find_heads(connection, keys))

    async def revision(self) -> int:
        """See `Store`."""
        return await self._reader.read(erasing.find_revision)

    async def pages(
        self, tenant: str, *, after: Page | None = None, most: int | None = None
    ) -> list[Page]:
        """See `Store`."""
        require_text(tenant, *(after.key if after is not None else ()))
        return await self._reader.read(
            lambda connection: self._reads.pages(connection, tenant, after, most)
        )

    async def tenants_of_pages(self) -> list[str]:
        """See `Store`."""
        return await self._reader.read(find_tenants)

    async def add_token(self, token: Token) -> None:
        """See `Store`."""
        require_text(*token_texts(token))
        await self._writer.write(lambda connection: tables.add_token(connection, token))

    async def token(self, digest: bytes) -> Token | None:
        """See `Store`."""
        return await self._reader.read(lambda connection: tables.find_token(connection, digest))

    async def tokens(self, tenant: str) -> list[Token]:
        """See `Store`."""
        require_text(tenant)
        return await self._reader.read(lambda connection: tables.list_tokens(connection, tenant))

    async def revoke_token(self, tenant: str, token_id: str) -> bool:
        """See `Store`."""
        require_text(tenant, token_id)
        return await self._writer.write(
            lambda connection: tables.revoke_token(connection, tenant, token_id)
        )

    async def tenants(self) -> list[StoredTenant]:
        """See `Store`."""
        return await self._reader.read(access.list_tenants)

    async def put_tenant(self, tenant: StoredTenant, *, over: str | None = None) -> bool:
        """See `Store`."""
        require_text(tenant.name, tenant.description)
        return await self._writer.write(
            lambda connection: access.put_tenant(connection, tenant, over)
        )

    async def remove_tenant(self, name: str) -> bool:
        """See `Store`."""
        require_text(name)
        return await self._writer.write(lambda connection: access.remove_tenant(connection, name))

    async def grants(self, tenant: str | None = None) -> list[Grant]:
        """See `Store`."""
        require_text(tenant or "")
        return await self._reader.read(lambda connection: access.list_grants(connection, tenant))

    async def put_grant(self, grant: Grant, *, first: bool = False) -> bool:
        """See `Store`."""
        require_text(grant.tenant, grant.user, grant.role)
        return await self._writer.write(
            lambda connection: access.put_grant(connection, grant, first)
        )

    async def remove_grant(self, tenant: str, user: str, *, role: str | None = None) -> bool:
        """See `Store`."""
        require_text(tenant, user, role or "")
        return await self._writer.write(
            lambda connection: access.remove_grant(connection, tenant, user, role)
        )

    async def access_changes(self, after: int) -> tuple[int, frozenset[str]]:
        """See `Store`."""
        return await self._reader.read(lambda connection: access.list_changes(connection, after))

    async def add_usage(self, usages: Sequence[Usage]) -> None:
        """See `Store`."""
        for usage in usages:
            require_text(usage.tenant, usage.day, *usage.counts)
        await self._writer.write(lambda connection: tables.add_usage(connection, usages))

    async def usage(self, tenant: str, first_day: str, last_day: str) -> list[Usage]:
        """See `Store`."""
        require_text(tenant, first_day, last_day)
        return await self._reader.read(
            lambda connection: tables.list_usage(connection, tenant, first_day, last_day)
        )

    async def secret(self, name: str) -> bytes:
        """See `Store`."""
        require_text(name)
        found = await self._reader.read(lambda connection: tables.find_secret(connection, name))
        if found is not None:
            return found
        return await self._writer.write(lambda connection: tables.make_secret(connection, name))

    async def put_version(self, key: DocumentKey, version: PageVersion, most: int) -> Put:
        """See `Store`."""
        require_text(*key, *version_texts(version))
        return await self._writer.write(
            lambda connection: page_versions.put(connection, key, version, most)
        )

    async def version(self, key: DocumentKey, name: str) -> PageVersion | None:
        """See `Store`."""
        require_text(*key, name)
        return await self._reader.read(lambda connection: page_versions.find(connection, key, name))

    async def versions(self, key: DocumentKey) -> list[str]:
        """See `Store`."""
        require_text(*key)
        return await self._reader.read(lambda connection: page_versions.names(connection, key))

    async def keep_versions(self, key: DocumentKey, names: Collection[str], before: int) -> int:
        """See `Store`."""
        require_text(*key)
        return await self._writer.write(
            lambda connection: page_versions.keep(connection, key, names, before)
        )
