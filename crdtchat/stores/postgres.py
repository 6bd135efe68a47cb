"""The store of many nodes: one PostgreSQL database, any number of processes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from psycopg import Connection

from crdtchat.stores import postgres_audit as auditing
from crdtchat.stores import postgres_erase as erasing
from crdtchat.stores import postgres_tables as tables
from crdtchat.stores import postgres_versions as page_versions
from crdtchat.stores import postgres_write as writing
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
    StoreError,
    Token,
    Usage,
)
from crdtchat.stores.lane import Driver, Lane
from crdtchat.stores.postgres_connection import (
    PATIENCE,
    Impatient,
    Patience,
    Transactions,
    connect,
    is_usable,
    read,
)
from crdtchat.stores.postgres_counter import read_counter
from crdtchat.stores.postgres_errors import DATABASE_ERRORS, explain, place
from crdtchat.stores.postgres_hooking import PostgresHooking
from crdtchat.stores.postgres_read import LogReader, find_heads, find_tenants, list_pages
from crdtchat.stores.postgres_schema import migrate
from crdtchat.stores.postgres_write import LogWriter
from crdtchat.stores.text import deed_texts, require_text, token_texts, version_texts
from crdtchat.sync.effects import Deed

T = TypeVar("T")

_OTHERS = 4
"""Connections of a process beside the one that appends."""


class PostgresStore(PostgresHooking):
    """Keeps everything in the database at `url` (libpq's form: `postgresql://...`).

    1. Appends pass one connection of each process, one statement at a time: `append` of many
       documents is one round trip and one flush to disk. Everything else has connections beside
       it, so that it never waits for an append, nor an append for it.
    2. After any failure nothing of the call is stored and the same object works again as soon as
       the database does. A call whose connection is lost is tried again for ten seconds, and finds
       out what became of the first try: it happens once or not at all. (One exception, inherent:
       if the database cannot be asked by then, the refused entries may be found written. The log
       stays whole; who sends them again is told that they are there.)
    3. Cancelling a write before it is called prevents it; later, it runs to its end.
    """

    def __init__(self, url: str, patience: Patience = PATIENCE) -> None:
        """Raises `StoreError` (no retry) for what is no URL."""
        self._where = place(url)
        self._url = url
        self._open = False
        self._appender = Lane("crdtchat-append", 1, self._driver(patience.append))
        self._others = Lane("crdtchat-database", _OTHERS, self._driver(patience.other))
        self._reads = LogReader(self._where)
        self._log = LogWriter(self._appender.with_connection, patience)
        self._transactions = Transactions(self._others.with_connection, patience)

    def _driver(self, answer_s: float) -> Driver[Impatient]:
        return Driver(
            lambda: connect(self._url, answer_s),
            check=self._check,
            is_usable=is_usable,
            errors=DATABASE_ERRORS,
            explain=lambda error: explain(error, self._where),
        )

    def _check(self) -> None:
        if not self._open:
            raise StoreError("The store is not open.", retry=False)

    async def open(self) -> None:
        """See `Store`. Raises `StoreUnavailable`, `StoreCorrupt`, `StoreTooNew`; may be retried."""
        await self._others.call(self._prepare)

    def _prepare(self) -> None:
        with connect(self._url) as connection:
            connection.answer_s = None  # a migration takes what it takes
            migrate(connection, self._where)
        self._open = True

    async def close(self) -> None:
        """See `Store`."""
        await self._appender.close()
        await self._others.close()

    async def _write(self, job: Callable[[Connection], T]) -> T:
        return await self._others.call(lambda: self._transactions.write(job))

    async def _look(self, job: Callable[[Connection], T]) -> T:
        """For one statement."""
        return await self._others.read(job)

    async def load(self, key: DocumentKey, *, known: Head | None = None) -> Loaded:
        """See `Store`."""
        require_text(*key)
        return await self._look(
            lambda connection: read(connection, lambda one: self._reads.load(one, key, known))
        )

    async def since(self, key: DocumentKey, after: int) -> tuple[Entry, ...]:
        """See `Store`."""
        require_text(*key)
        return await self._look(
            lambda connection: read(connection, lambda one: self._reads.since(one, key, after))
        )

    async def append(self, appends: Sequence[Append]) -> list[int | Conflict]:
        """See `Store`."""
        return await self._appender.call(lambda: self._log.append(appends))

    def append_soon(
        self,
        appends: Sequence[Append],
        settle: Callable[[list[int | Conflict] | BaseException], None],
        soon: CallSoon,
    ) -> None:
        """See `PromptStore`."""
        self._appender.call_soon(lambda: self._log.append(appends), settle, soon)

    async def snapshot(self, key: DocumentKey, epoch: int, sequence: int, state: bytes) -> bool:
        """See `Store`."""
        require_text(*key)
        return await self._write(
            lambda connection: writing.snapshot(connection, key, epoch, sequence, state)
        )

    async def erase(self, erasure: Erasure) -> int | Conflict:
        """See `Store`."""
        require_text(*erasure.key)
        return await self._write(lambda connection: erasing.erase(connection, erasure))

    async def remove_user(self, tenant: str, user: str) -> int:
        """See `Store`."""
        require_text(tenant, user)
        return await self._write(lambda connection: tables.remove_user(connection, tenant, user))

    async def add_deeds(self, key: DocumentKey, deeds: Sequence[Deed]) -> None:
        """See `Store`."""
        require_text(*key, *deed_texts(deeds))
        await self._write(lambda connection: auditing.note(connection, key, deeds))

    async def deeds(
        self, tenant: str, *, page: str | None, first: int, last: int, after: int, most: int
    ) -> list[Audited]:
        """See `Store`."""
        require_text(tenant, page or "")
        return await self._look(
            lambda connection: auditing.find(connection, tenant, page, first, last, after, most)
        )

    async def pages_of_deeds(self, tenant: str, actions: Collection[str]) -> list[str]:
        """See `Store`."""
        require_text(tenant)
        return await self._look(lambda connection: auditing.find_pages(connection, tenant, actions))

    async def trim_deeds(self, tenant: str, before: int, held: Collection[str] = ()) -> int:
        """See `Store`."""
        require_text(tenant)
        return await self._write(lambda connection: auditing.trim(connection, tenant, before, held))

    async def add_report(self, tenant: str, report: Report) -> None:
        """See `Store`."""
        require_text(tenant, *report[:4])
        await self._write(lambda connection: auditing.add_report(connection, tenant, report))

    async def reports(self, tenant: str) -> list[Report]:
        """See `Store`."""
        require_text(tenant)
        return await self._look(lambda connection: auditing.list_reports(connection, tenant))

    async def remove_reports(self, key: DocumentKey, target: str) -> int:
        """See `Store`."""
        require_text(*key, target)
        return await self._write(
            lambda connection: auditing.remove_reports(connection, key, target)
        )

    async def scrub(self) -> None:
        """See `Store`. Needs about as much free disk as the tables have bytes."""

        def work(connection: Impatient) -> None:
            answer_s, connection.answer_s = connection.answer_s, None
            erasing.scrub(connection)
            connection.answer_s = answer_s

        await self._others.write(work)

    async def unscrubbed(self) -> bool:
        """See `Store`."""
        return await self._look(erasing.is_unscrubbed)

    async def heads(self, keys: Sequence[DocumentKey]) -> list[Head]:
        """See `Store`."""
        require_text(*(part for key in keys for part in key))
        return await self._look(lambda connection: find_heads(connection, keys))

    async def revision(self) -> int:
        """See `Store`."""
        return await self._look(lambda connection: read_counter(connection, "revision"))

    async def pages(
        self, tenant: str, *, after: Page | None = None, most: int | None = None
    ) -> list[Page]:
        """See `Store`."""
        require_text(tenant, *(after.key if after is not None else ()))
        return await self._look(lambda connection: list_pages(connection, tenant, after, most))

    async def tenants_of_pages(self) -> list[str]:
        """See `Store`."""
        return await self._look(find_tenants)

    async def add_token(self, token: Token) -> None:
        """See `Store`."""
        require_text(*token_texts(token))
        await self._write(lambda connection: tables.add_token(connection, token))

    async def token(self, digest: bytes) -> Token | None:
        """See `Store`."""
        return await self._look(lambda connection: tables.find_token(connection, digest))

    async def tokens(self, tenant: str) -> list[Token]:
        """See `Store`."""
        require_text(tenant)
        return await self._look(lambda connection: tables.list_tokens(connection, tenant))

    async def revoke_token(self, tenant: str, token_id: str) -> bool:
        """See `Store`."""
        require_text(tenant, token_id)
        return await self._write(
            lambda connection: tables.revoke_token(connection, tenant, token_id)
        )

    async def tenants(self) -> list[StoredTenant]:
        """See `Store`."""
        return await self._look(tables.list_tenants)

    async def put_tenant(self, tenant: StoredTenant, *, over: str | None = None) -> bool:
        """See `Store`."""
        require_text(tenant.name, tenant.description)
        return await self._write(lambda connection: tables.put_tenant(connection, tenant, over))

    async def remove_tenant(self, name: str) -> bool:
        """See `Store`."""
        require_text(name)
        return await self._write(lambda connection: tables.remove_tenant(connection, name))

    async def grants(self, tenant: str | None = None) -> list[Grant]:
        """See `Store`."""
        require_text(tenant or "")
        return await self._look(lambda connection: tables.list_grants(connection, tenant))

    async def put_grant(self, grant: Grant, *, first: bool = False) -> bool:
        """See `Store`."""
        require_text(grant.tenant, grant.user, grant.role)
        return await self._write(lambda connection: tables.put_grant(connection, grant, first))

    async def remove_grant(self, tenant: str, user: str, *, role: str | None = None) -> bool:
        """See `Store`."""
        require_text(tenant, user, role or "")
        return await self._write(
            lambda connection: tables.remove_grant(connection, tenant, user, role)
        )

    async def access_changes(self, after: int) -> tuple[int, frozenset[str]]:
        """See `Store`."""
        return await self._look(lambda connection: tables.list_changes(connection, after))

    async def add_usage(self, usages: Sequence[Usage]) -> None:
        """See `Store`."""
        for usage in usages:
            require_text(usage.tenant, usage.day, *usage.counts)
        await self._write(lambda connection: tables.add_usage(connection, usages))

    async def usage(self, tenant: str, first_day: str, last_day: str) -> list[Usage]:
        """See `Store`."""
        require_text(tenant, first_day, last_day)
        return await self._look(
            lambda connection: tables.list_usage(connection, tenant, first_day, last_day)
        )

    async def secret(self, name: str) -> bytes:
        """See `Store`."""
        require_text(name)
        found = await self._look(lambda connection: tables.find_secret(connection, name))
        if found is not None:
            return found
        return await self._write(lambda connection: tables.make_secret(connection, name))

    async def put_version(self, key: DocumentKey, version: PageVersion, most: int) -> Put:
        """See `Store`."""
        require_text(*key, *version_texts(version))
        return await self._write(
            lambda connection: page_versions.put(connection, key, version, most)
        )

    async def version(self, key: DocumentKey, name: str) -> PageVersion | None:
        """See `Store`."""
        require_text(*key, name)
        return await self._look(lambda connection: page_versions.find(connection, key, name))

    async def versions(self, key: DocumentKey) -> list[str]:
        """See `Store`."""
        require_text(*key)
        return await self._look(lambda connection: page_versions.names(connection, key))

    async def keep_versions(self, key: DocumentKey, names: Collection[str], before: int) -> int:
        """See `Store`."""
        require_text(*key)
        return await self._write(
            lambda connection: page_versions.keep(connection, key, names, before)
        )
