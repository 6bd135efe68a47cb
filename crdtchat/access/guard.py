"""The guard: what the gate let in is let in only as long as it would be let in again.

Revoked and expired tokens, roles that change, tenants that close or change their keys: whoever is
connected by them is sent away within a second. One look at the store serves all connections.
"""

from __future__ import annotations

import heapq
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio
from anyio.lowlevel import checkpoint

from crdtchat.access.elsewhere import Elsewhere, Who
from crdtchat.access.gate import Admission, Gate, NoTenant, check
from crdtchat.access.origins import PROGRAM, From
from crdtchat.access.principal import Denied, Principal
from crdtchat.access.roles import Action
from crdtchat.access.tenants import NO_LIMITS
from crdtchat.stores.base import StoreError
from crdtchat.stores.outage import Outage
from crdtchat.sync.codes import CloseCode, close_reason

logger = logging.getLogger("crdtchat.access")

INTERVAL_S = 0.25
"""Between two looks. One costs about 0.1 ms of CPU."""

End = Callable[[CloseCode, str], None]
"""Ends a connection, with the reason for the other side."""


class TooManyConnections(Exception):
    """The tenant, or the user, has as many open as allowed."""


@dataclass(eq=False, slots=True)
class Guarded:
    """One connection under guard."""

    admission: Admission
    page: str
    sender: From
    inside: bool = True
    _end: End | None = None
    _verdict: tuple[CloseCode, str] | None = None

    def attach(self, end: End) -> None:
        """Say how the connection is ended, which it is at once if that was decided already."""
        self._end = end
        if self._verdict is not None:
            end(*self._verdict)

    def end(self, code: CloseCode, reason: str) -> None:
        """End it, once, unless it ended by itself."""
        if self._verdict is None and self.inside:
            self._verdict = (code, reason)
            if self._end is not None:
                self._end(code, reason)


@dataclass(slots=True)
class Guard:
    """Holds all open connections of a process; `run` watches over them."""

    gate: Gate
    wall: Callable[[], int]
    """Milliseconds since 1970, now."""
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    changes: set[Who] | None = None
    """Users whose number of connections changed, where somebody takes them to tell it elsewhere."""
    _inside: dict[str, set[Guarded]] = field(default_factory=lambda: defaultdict(set))
    _by_user: Counter[tuple[str, str]] = field(default_factory=Counter)
    _expiring: list[tuple[int, int, Guarded]] = field(default_factory=list)
    _doubtful: set[Guarded] = field(default_factory=set)
    """Let in by what was known before a change that was taken in since."""
    _outage: Outage = field(default_factory=lambda: Outage(logger, "revocations cannot be read"))
    _count: int = 0
    _tidy_at: int = 1_000
    """So many rows of `_expiring` are looked through for those of connections that left."""

    @contextmanager
    def guarding(
        self, admission: Admission, page: str, sender: From = PROGRAM
    ) -> Iterator[Guarded]:
        """Guard a connection for the length of a block. Raises TooManyConnections."""
        guarded = Guarded(admission, page, sender)
        who = admission.principal
        inside = self._inside[who.tenant]
        self._check_space(who, len(inside))
        inside.add(guarded)
        self._by_user[who.tenant, who.user] += 1
        self._note_change(who)
        if admission.generation != self.gate.directory.generation:
            self._doubtful.add(guarded)
        if admission.expires:
            self._count += 1
            heapq.heappush(self._expiring, (admission.expires, self._count, guarded))
            if len(self._expiring) > self._tidy_at:
                self._expiring = [row for row in self._expiring if row[2].inside]
                heapq.heapify(self._expiring)
                self._tidy_at = 2 * len(self._expiring) + 1_000
        try:
            yield guarded
        finally:
            guarded.inside = False
            self._by_user[who.tenant, who.user] -= 1
            self._note_change(who)
            if not self._by_user[who.tenant, who.user]:
                del self._by_user[who.tenant, who.user]
            inside.discard(guarded)
            self._doubtful.discard(guarded)

    def take_changes(self) -> list[tuple[Who, int]]:
        """How many connections users have here whose number changed since the last call, of tenants
        that bound it."""
        changed, self.changes = self.changes or set(), set()
        return [(who, self._by_user[who]) for who in changed if self._is_bounded(who[0])]

    def _note_change(self, who: Principal) -> None:
        if self.changes is not None:
            self.changes.add((who.tenant, who.user))

    def counts(self) -> list[tuple[Who, int]]:
        """The same of all users."""
        return [(who, count) for who, count in self._by_user.items() if self._is_bounded(who[0])]

    def _is_bounded(self, name: str) -> bool:
        tenant = self.gate.directory.find(name)
        limits = tenant.limits if tenant is not None else NO_LIMITS
        return bool(limits.connections or limits.user_connections)

    def _check_space(self, who: Principal, inside: int) -> None:
        inside += self.elsewhere.of_tenant(who.tenant)
        tenant = self.gate.directory.find(who.tenant)
        limits = tenant.limits if tenant is not None else NO_LIMITS
        if limits.connections and inside >= limits.connections:
            raise TooManyConnections(f"{who.tenant} has {inside} connections open, as allowed")
        own = self._by_user[who.tenant, who.user]
        own += self.elsewhere.of_user((who.tenant, who.user))
        if limits.user_connections and own >= limits.user_connections:
            raise TooManyConnections(f"you have {own} connections open, as allowed")

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await anyio.sleep(INTERVAL_S)
            try:
                await self.look()
            except StoreError as error:
                self._outage.goes_on(error)
            else:
                self._outage.is_over()

    async def look(self) -> None:
        """Take in what changed, and end what may not go on. Raises StoreError."""
        now = self.wall()
        while self._expiring and self._expiring[0][0] <= now:
            _, _, guarded = heapq.heappop(self._expiring)
            guarded.end(CloseCode.SIGN_IN, "the token has expired")
        changed = await self.gate.directory.refresh()
        doubtful, self._doubtful = self._doubtful, set()
        for name in changed:
            doubtful |= self._inside[name]
        by_token: dict[tuple[str, str, Principal | None], list[Guarded]] = defaultdict(list)
        for guarded in doubtful:
            admission = guarded.admission
            by_token[admission.principal.tenant, admission.token, admission.attested].append(
                guarded
            )
        for same in by_token.values():
            try:
                await self._look_again(same)
            except StoreError:
                self._doubtful |= {guarded for guarded in doubtful if guarded.inside}
                raise
            await checkpoint()

    async def _look_again(self, same: Sequence[Guarded]) -> None:
        """Ask the gate once more about those who came in by the same, and end those who would not
        come in, or as somebody else, or on other terms."""
        try:
            again = await self._admit_again(same[0].admission)
        except NoTenant:
            for guarded in same:
                guarded.end(CloseCode.NO_TENANT, "there is no such tenant any more")
            return
        except Denied as denied:
            code = CloseCode.FORBIDDEN if denied.forbidden else CloseCode.SIGN_IN
            for guarded in same:
                guarded.end(code, denied.reason)
            return
        tenant = self.gate.directory.find(again.principal.tenant)
        for guarded in same:
            if tenant is not None and not tenant.allows_origin(*guarded.sender):
                words = f"pages of {guarded.sender.origin} may not use this tenant any more"
                guarded.end(CloseCode.FORBIDDEN, close_reason(words))
                continue
            try:
                check(again.principal, guarded.page, Action.READ)
            except Denied as denied:
                guarded.end(CloseCode.FORBIDDEN, denied.reason)
                continue
            before = guarded.admission
            if again.principal != before.principal:
                guarded.end(CloseCode.CHANGED, "your role or name changed: come in again")
            elif again.terms != before.terms:
                guarded.end(CloseCode.CHANGED, "the tenant's limits changed: come in again")

    async def _admit_again(self, before: Admission) -> Admission:
        if before.attested is not None:
            return self.gate.admit_attested(before.attested)
        tenant = self.gate.tenant(before.principal.tenant)
        return await self.gate.admit(tenant, token=before.token, name="", now=self.wall())
