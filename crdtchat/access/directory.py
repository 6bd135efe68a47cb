"""All tenants: those of the configuration and those kept in the store, with what changed of them.

A tenant that the configuration describes is described there alone; a stored one of the same name
is not looked at. Everything here is a copy in memory, so that nobody waits to be let in; `refresh`
brings it up to date.
"""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from anyio.to_thread import run_sync

from crdtchat.access.description import BadTenant, read_stored
from crdtchat.access.keys import BadKey, Key, read_key_set
from crdtchat.access.roles import Role
from crdtchat.access.tenants import Tenant, Tenants
from crdtchat.stores.base import Store

logger = logging.getLogger("crdtchat.access")

_Seen = tuple[int, int, int]
"""Inode, size and time of change of a file."""


class Directory:
    """Looked up by everybody, brought up to date by one."""

    def __init__(self, configured: Tenants, store: Store) -> None:
        self.generation = 0
        """Counts the changes taken in: who decided by an older one has to look again."""
        self._configured = configured
        self._store = store
        self._stored: dict[str, Tenant] = {}
        self._roles: Mapping[str, Mapping[str, Role]] = {}
        self._change = -1
        self._key_sets: dict[str, tuple[Key, ...]] = {}
        self._seen: dict[str, _Seen | None] = {}

    def __iter__(self) -> Iterator[Tenant]:
        return iter([*self._configured.values(), *self._stored.values()])

    def find(self, name: str) -> Tenant | None:
        """A tenant by its name."""
        return self._configured.get(name) or self._stored.get(name)

    def role(self, tenant: str, user: str) -> Role | None:
        """The role that an operator or a moderator gave a user; None for none. Beside what their
        token says it counts as `roles.binding` tells."""
        return self._roles.get(tenant, {}).get(user)

    def keys(self, tenant: Tenant) -> tuple[Key, ...]:
        """All keys of its sign-in tokens."""
        return (*tenant.keys, *self._key_sets.get(tenant.key_set, ()))

    async def refresh(self) -> set[str]:
        """Take in what changed since; answers the names of the tenants it touches.

        Raises StoreError.
        """
        changed = await self._refresh_tenants()
        files = {tenant.key_set for tenant in self if tenant.key_set}
        changed_files = await run_sync(self._refresh_key_sets, files) if files else set()
        changed |= {tenant.id for tenant in self if tenant.key_set in changed_files}
        self.generation += bool(changed)
        return set(changed)

    async def _refresh_tenants(self) -> set[str]:
        change, changed = await self._store.access_changes(self._change)
        was_set_back = change < self._change  # by a backup, or a replica that had not got all
        if not (changed or was_set_back) and self._change >= 0:
            return set()
        stored: dict[str, Tenant] = {}
        for row in await self._store.tenants():
            if row.name in self._configured:
                if self._change < 0:
                    logger.warning("tenant %s: the configuration stands", row.name)
                continue
            try:
                stored[row.name] = read_stored(row.name, row.description)
            except BadTenant as error:
                logger.error("a stored tenant cannot be served: %s", error)
        roles: dict[str, dict[str, Role]] = defaultdict(dict)
        for grant in await self._store.grants():
            roles[grant.tenant][grant.user] = Role(grant.role)
        self._roles = roles
        if was_set_back:
            changed = changed.union(self._configured, self._stored, stored)
        self._stored, self._change = stored, change
        return set(changed)

    def _refresh_key_sets(self, files: set[str]) -> set[str]:
        """Read the files that changed; one that cannot be read leaves the keys as they were."""
        changed = set()
        for file in files:
            seen = _look(file)
            if file in self._seen and seen == self._seen[file]:
                continue
            self._seen[file] = seen
            try:
                keys = read_key_set(Path(file))
            except BadKey as error:
                logger.error("the keys known stay in use: %s", error)
                continue
            self._key_sets[file] = keys
            changed.add(file)
        return set(changed)


def _look(file: str) -> _Seen | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
