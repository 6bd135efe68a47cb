"""A store that keeps everything in the process: for tests and the simulator."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from anyio.lowlevel import checkpoint

from crdtchat.stores.base import (
    CONVERSATIONS,
    Append,
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
    usage_day,
)
from crdtchat.stores.memory_audit import MemoryAudit, MemoryAuditing
from crdtchat.stores.memory_document import MemoryDocument, place_of
from crdtchat.stores.memory_hooks import MemoryHooking, MemoryHooks
from crdtchat.stores.text import (
    require_append_text,
    require_text,
    token_texts,
    version_texts,
)


@dataclass(slots=True)
class MemoryData:
    """What outlives a `MemoryStore`, as a disk outlives a process.

    Several stores may share one. `random_bytes(n)` makes secrets; a simulator gives a seeded one.
    """

    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    documents: dict[DocumentKey, MemoryDocument] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    usage: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict)
    revision: int = 0
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    hooks: MemoryHooks = field(default_factory=MemoryHooks)
    tenants: dict[str, str] = field(default_factory=dict)
    grants: dict[tuple[str, str], str] = field(default_factory=dict)
    access_changes: dict[str, int] = field(default_factory=dict)

    def note_change(self, tenant: str) -> None:
        """A tenant's access is another now."""
        self.access_changes[tenant] = max([0, *self.access_changes.values()]) + 1

    def count_revision(self) -> None:
        """Something was erased, or a webhook is another now."""
        self.revision += 1


class MemoryStore(MemoryAuditing, MemoryHooking):
    """Keeps its promises until `data` is dropped.

    Every method passes one checkpoint first and then runs to its end without awaiting, so a call
    either happened entirely or was cancelled before it began. No threads, no clock, no random but
    the data's own.
    """

    def __init__(self, data: MemoryData | None = None) -> None:
        self._data = MemoryData() if data is None else data
        MemoryAuditing.__init__(self, self._data.audit)
        MemoryHooking.__init__(self, self._data.hooks, self._data.count_revision)
        self._open = False

    async def open(self) -> None:
        """See `Store`."""
        await checkpoint()
        self._open = True

    async def close(self) -> None:
        """See `Store`."""
        await checkpoint()
        self._open = False

    async def load(self, key: DocumentKey, *, known: Head | None = None) -> Loaded:
        """See `Store`."""
        await self._enter(*key)
        document = self._data.documents.get(key)
        if document is None:
            return Loaded()
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

    async def since(self, key: DocumentKey, after: int) -> tuple[Entry, ...]:
        """See `Store`."""
        await self._enter(*key)
        document = self._data.documents.get(key, MemoryDocument())
        if after < document.snapshot_sequence:
            raise StoreError(
                f"Entries after {after} are folded into the snapshot at "
                f"{document.snapshot_sequence}: load the document.",
                retry=False,
            )
        return tuple(document.entries[after - document.snapshot_sequence :])

    async def append(self, appends: Sequence[Append]) -> list[int | Conflict]:
        """See `Store`."""
        await self._enter()
        for append in appends:
            require_append_text(append)
        return [self._append(append) for append in appends]

    def _append(self, append: Append) -> int | Conflict:
        document = self._data.documents.get(append.key) or MemoryDocument()
        if (append.epoch, append.after) != (document.epoch, document.sequence):
            return Conflict(document.epoch, document.sequence)
        self._data.documents[append.key] = document
        document.entries.extend(append.entries)
        document.sequence += len(append.entries)
        if append.entries:
            document.updated = append.entries[-1].at
        document.leases.update((lease.client, lease) for lease in append.leases)
        if append.conversations:
            day = usage_day(append.entries[-1].at)
            self._count(append.key.tenant, day, {CONVERSATIONS: append.conversations})
        self._data.audit.note(append.key, append.deeds)
        self._data.hooks.queue(append.key, append.notices)
        return document.sequence

    async def snapshot(self, key: DocumentKey, epoch: int, sequence: int, state: bytes) -> bool:
        """See `Store`."""
        await self._enter(*key)
        document = self._data.documents.get(key)
        if (
            document is None
            or epoch != document.epoch
            or not max(1, document.snapshot_sequence) <= sequence <= document.sequence
        ):
            return False
        del document.entries[: sequence - document.snapshot_sequence]
        document.snapshot, document.snapshot_sequence = state, sequence
        return True

    async def erase(self, erasure: Erasure) -> int | Conflict:
        """See `Store`."""
        await self._enter(*erasure.key)
        document = self._data.documents.get(erasure.key)
        if document is None:
            return Conflict(1, 0)
        if (erasure.epoch, erasure.sequence) != (document.epoch, document.sequence):
            return Conflict(document.epoch, document.sequence)
        document.epoch = erasure.next_epoch or document.epoch + 1
        document.sequence += 1
        document.snapshot, document.snapshot_sequence = erasure.state, document.sequence
        document.entries.clear()
        document.leases.clear()
        if erasure.versions is not None:
            for name in document.versions.keys() - erasure.versions:
                del document.versions[name]
        self._data.audit.note(erasure.key, erasure.deeds)
        self._data.count_revision()
        return document.epoch

    async def remove_user(self, tenant: str, user: str) -> int:
        """See `Store`."""
        await self._enter(tenant, user)
        tokens = self._data.tokens
        removed = [one.id for one in tokens.values() if (one.tenant, one.user) == (tenant, user)]
        for token_id in removed:
            del tokens[token_id]
        self._data.grants.pop((tenant, user), None)
        self._data.audit.remove_reports(tenant, by=user)
        for key, document in self._data.documents.items():
            if key.tenant == tenant:
                document.forget_user(user)
        self._data.hooks.forget_user(tenant, user)
        self._data.note_change(tenant)
        self._data.count_revision()
        return len(removed)

    async def scrub(self) -> None:
        """See `Store`. What is dropped here is on no disk."""
        await self._enter()

    async def unscrubbed(self) -> bool:
        """See `Store`."""
        await self._enter()
        return False

    async def heads(self, keys: Sequence[DocumentKey]) -> list[Head]:
        """See `Store`."""
        await self._enter(*(part for key in keys for part in key))
        found = [self._data.documents.get(key, MemoryDocument()) for key in keys]
        return [Head(document.epoch, document.sequence) for document in found]

    async def revision(self) -> int:
        """See `Store`."""
        await self._enter()
        return self._data.revision

    async def pages(
        self, tenant: str, *, after: Page | None = None, most: int | None = None
    ) -> list[Page]:
        """See `Store`."""
        await self._enter(tenant)
        pages = [
            Page(key, document.epoch, document.sequence, document.updated)
            for key, document in self._data.documents.items()
            if key.tenant == tenant and document.sequence
        ]
        behind = [page for page in pages if after is None or place_of(page) > place_of(after)]
        return sorted(behind, key=place_of)[:most]

    async def tenants_of_pages(self) -> list[str]:
        """See `Store`."""
        await self._enter()
        documents = self._data.documents.items()
        return sorted({key.tenant for key, document in documents if document.sequence})

    async def add_token(self, token: Token) -> None:
        """See `Store`."""
        await self._enter(*token_texts(token))
        taken = (stored.digest for stored in self._data.tokens.values())
        if token.id in self._data.tokens or token.digest in taken:
            raise StoreError(f"There already is a token {token.id} or its digest.", retry=False)
        self._data.tokens[token.id] = token

    async def token(self, digest: bytes) -> Token | None:
        """See `Store`."""
        await self._enter()
        found = (token for token in self._data.tokens.values() if token.digest == digest)
        return next(found, None)

    async def tokens(self, tenant: str) -> list[Token]:
        """See `Store`."""
        await self._enter(tenant)
        tokens = [token for token in self._data.tokens.values() if token.tenant == tenant]
        return sorted(tokens, key=lambda token: (-token.created, token.id))

    async def revoke_token(self, tenant: str, token_id: str) -> bool:
        """See `Store`."""
        await self._enter(tenant, token_id)
        token = self._data.tokens.get(token_id)
        if token is None or token.tenant != tenant:
            return False
        self._data.tokens[token_id] = replace(token, revoked=True)
        self._data.note_change(tenant)
        return True

    async def tenants(self) -> list[StoredTenant]:
        """See `Store`."""
        await self._enter()
        return [StoredTenant(name, text) for name, text in sorted(self._data.tenants.items())]

    async def put_tenant(self, tenant: StoredTenant, *, over: str | None = None) -> bool:
        """See `Store`."""
        await self._enter(tenant.name, tenant.description)
        if over not in (None, self._data.tenants.get(tenant.name, "")):
            return False
        self._data.tenants[tenant.name] = tenant.description
        self._data.note_change(tenant.name)
        return True

    async def remove_tenant(self, name: str) -> bool:
        """See `Store`."""
        await self._enter(name)
        data = self._data
        if data.tenants.pop(name, None) is None:
            return False
        data.tokens = {key: token for key, token in data.tokens.items() if token.tenant != name}
        data.grants = {key: role for key, role in data.grants.items() if key[0] != name}
        data.hooks.remove([one.id for one in data.hooks.webhooks.values() if one.tenant == name])
        data.note_change(name)
        data.count_revision()
        return True

    async def grants(self, tenant: str | None = None) -> list[Grant]:
        """See `Store`."""
        await self._enter(tenant or "")
        return [
            Grant(owner, user, role)
            for (owner, user), role in sorted(self._data.grants.items())
            if tenant in (None, owner)
        ]

    async def put_grant(self, grant: Grant, *, first: bool = False) -> bool:
        """See `Store`."""
        await self._enter(grant.tenant, grant.user, grant.role)
        if first and (grant.tenant, grant.user) in self._data.grants:
            return False
        self._data.grants[grant.tenant, grant.user] = grant.role
        self._data.note_change(grant.tenant)
        return True

    async def remove_grant(self, tenant: str, user: str, *, role: str | None = None) -> bool:
        """See `Store`."""
        await self._enter(tenant, user, role or "")
        found = self._data.grants.get((tenant, user))
        if found is None or role not in (None, found):
            return False
        del self._data.grants[tenant, user]
        self._data.note_change(tenant)
        return True

    async def access_changes(self, after: int) -> tuple[int, frozenset[str]]:
        """See `Store`."""
        await self._enter()
        changes = self._data.access_changes
        newest = max([0, *changes.values()])
        return newest, frozenset(name for name, number in changes.items() if number > after)

    async def add_usage(self, usages: Sequence[Usage]) -> None:
        """See `Store`."""
        await self._enter()
        for usage in usages:
            require_text(usage.tenant, usage.day, *usage.counts)
        for usage in usages:
            self._count(usage.tenant, usage.day, usage.counts)

    def _count(self, tenant: str, day: str, counts: Mapping[str, int]) -> None:
        stored = self._data.usage.setdefault((tenant, day), {})
        for name, count in counts.items():
            stored[name] = stored.get(name, 0) + count

    async def usage(self, tenant: str, first_day: str, last_day: str) -> list[Usage]:
        """See `Store`."""
        await self._enter(tenant, first_day, last_day)
        return [
            Usage(owner, day, dict(sorted(counts.items())))
            for (owner, day), counts in sorted(self._data.usage.items())
            if owner == tenant and first_day <= day <= last_day and counts
        ]

    async def secret(self, name: str) -> bytes:
        """See `Store`."""
        await self._enter(name)
        if name not in self._data.secrets:
            self._data.secrets[name] = self._data.random_bytes(32)
        return self._data.secrets[name]

    async def put_version(self, key: DocumentKey, version: PageVersion, most: int) -> Put:
        """See `Store`."""
        await self._enter(*key, *version_texts(version))
        document = self._data.documents.get(key)
        if document is None:
            return Put.UNWRITTEN
        known = document.versions.get(version.name)
        if known is not None:
            return Put.KNOWN if known.digest == version.digest else Put.TAKEN
        if len(document.versions) >= most:
            return Put.FULL
        document.versions[version.name] = version
        return Put.STORED

    async def version(self, key: DocumentKey, name: str) -> PageVersion | None:
        """See `Store`."""
        await self._enter(*key, name)
        return self._data.documents.get(key, MemoryDocument()).versions.get(name)

    async def versions(self, key: DocumentKey) -> list[str]:
        """See `Store`."""
        await self._enter(*key)
        return list(self._data.documents.get(key, MemoryDocument()).versions)

    async def keep_versions(self, key: DocumentKey, names: Collection[str], before: int) -> int:
        """See `Store`."""
        await self._enter(*key)
        versions = self._data.documents.get(key, MemoryDocument()).versions
        doomed = [
            one.name for one in versions.values() if one.at < before and one.name not in names
        ]
        for name in doomed:
            del versions[name]
        return len(doomed)

    async def _enter(self, *texts: str) -> None:
        """Every call's single await: a checkpoint, so that tests meet the same interleavings."""
        await checkpoint()
        if not self._open:
            raise StoreError("The store is not open.", retry=False)
        require_text(*texts)
