"""Refused attempts, on their way into the audit log: counted together, and never more lines than
a tenant's owners can read, whatever an attacker does."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import NamedTuple

import anyio

from crdtchat.access.principal import Denied
from crdtchat.host.sources import Sources
from crdtchat.stores.base import DocumentKey, Store, StoreError
from crdtchat.stores.outage import Outage
from crdtchat.sync.effects import Deed

logger = logging.getLogger("crdtchat.host")

REFUSED = "refused"
"""What such a line's action is; its target is the code of what was wrong."""
OTHERS = "(others)"
"""The target of the line that counts what has no line of its own."""
LINES_PER_HOUR = 100
"""Of one tenant, beside that of the others."""
PERIOD_S = 10.0
"""Between two writes, and what a killed process loses at most."""
_PAGE_CHARACTERS = 256
_HOUR_MS = 3_600_000


class _What(NamedTuple):
    """What is counted together."""

    page: str
    who: str
    role: str
    code: str
    via: str


_OTHERS = _What("", "", "", OTHERS, "server")


class Refusals:
    """Counts attempts; `run` carries them into the store.

    1. What was counted is written exactly once: it stays here until the store has it.
    2. In an hour a tenant gets at most LINES_PER_HOUR lines, and one for all others.
    3. No text of whoever was refused is kept but ids that are known, and codes.
    """

    def __init__(self) -> None:
        self._hour = 0
        self._counted: dict[str, dict[_What, tuple[int, int]]] = defaultdict(dict)
        """By tenant: how often, and when last."""
        self._written: dict[str, int] = defaultdict(int)
        """Lines of this hour, by tenant."""
        self._lock = anyio.Lock()
        self._outage = Outage(logger, "refusals cannot be written and are kept")

    def note(
        self, key: DocumentKey, code: str, now: int, *, who: str = "", role: str = "", via: str
    ) -> None:
        """Somebody was refused; `who` is empty where nobody knows them. The tenant exists. `now`,
        here and below, in milliseconds since 1970."""
        # Strangers choose what page they name: it says nothing, and each would be a line.
        page = key.page if who and len(key.page) <= _PAGE_CHARACTERS else ""
        what = _What(page, who, role, code, via)
        counted = self._counted[key.tenant]
        if what not in counted and len(counted) >= self._left(key.tenant, now):
            what = _OTHERS
        count, _ = counted.get(what, (0, 0))
        counted[what] = (count + 1, now)

    def note_denied(self, key: DocumentKey, denied: Denied, now: int, via: str) -> None:
        """The gate kept somebody out; not counted if they showed nothing."""
        if denied.missing:
            return
        code = "forbidden" if denied.forbidden else "sign-in"
        who, role = (denied.who.user, str(denied.who.role)) if denied.who else ("", "")
        self.note(key, code, now, who=who, role=role, via=via)

    async def run(self, store: Store, sources: Sources) -> None:
        """Serve until cancelled."""
        while True:
            await anyio.sleep(PERIOD_S)
            try:
                await self.flush(store, sources.now().wall)
            except StoreError as error:
                self._outage.goes_on(error)
            else:
                self._outage.is_over()

    async def flush(self, store: Store, now: int, *, last: bool = False) -> None:
        """Write what was counted until now; `last`: and what waits for its hour to end.

        Raises StoreError; then it is kept.
        """
        async with self._lock:
            for tenant, counted in list(self._counted.items()):
                self._left(tenant, now)
                due = [
                    what
                    for what, (_, at) in counted.items()
                    if what != _OTHERS or last or at // _HOUR_MS != self._hour
                ]
                for what in due:
                    count, at = counted[what]
                    line = Deed(what.who, what.role, REFUSED, what.code, at, what.via, count)
                    with anyio.CancelScope(shield=True):
                        await store.add_deeds(DocumentKey(tenant, what.page), [line])
                    more, _ = counted[what]
                    if more == count:
                        del counted[what]
                    else:
                        counted[what] = (more - count, now)
                    self._written[tenant] += what != _OTHERS

    def _left(self, tenant: str, now: int) -> int:
        """How many lines the tenant may still get in this hour."""
        if now // _HOUR_MS != self._hour:
            self._hour = now // _HOUR_MS
            self._written.clear()
        return LINES_PER_HOUR - self._written[tenant]
