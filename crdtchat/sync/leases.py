"""Client ids of a document: leased to sessions, or bound to users of stock clients.

The engine slows with the number of client ids that ever wrote, so ids are used again. The author
of a record is a verified field and never derived from the id, so that is safe; a returning client
that finds its id given away (its nonce is void) writes its unsent operations anew.
"""

from __future__ import annotations

import heapq
import zlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from hmac import compare_digest

from crdtchat.sync.rules import is_server_client

HOLD_SECONDS = 600.0
"""How long an id that wrote is kept for the session that held it."""
_ANNOUNCED = 4_096
_AT_ONCE = float("-inf")
_SOMEBODY = ("", "at another node")
"""User and nonce of who holds an id by a lease that was not read yet: nobody can go on with it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A client id and who may write under it; no nonce: bound to a stock client's user."""

    client: int
    user: str
    nonce: str


class LeaseBook:
    """Who may write under which client id. Not written to disk until an id is used."""

    def __init__(self, stored: Iterable[Lease], now: float, *, spread: int = 0) -> None:
        """`spread`: others lease ids of the document at the same time; new ones are scattered over
        so many, so that two seldom take the same. 0: there are no others."""
        self._spread = spread
        self._leases = {lease.client: lease for lease in stored}
        self._held: set[int] = set()
        self._unsaved: set[int] = set()
        self._announced: dict[int, str] = {}
        """Users of stock clients that told everybody their id before they wrote under it."""
        self._free: dict[int, float] = {}
        """Ids that nobody holds, and when they may be leased anew. What the queues below say else
        is out of date: the id was taken up again meanwhile."""
        self._free_unused: list[int] = []
        self._free_used: deque[tuple[float, int]] = deque()
        for client in sorted(self._leases):
            if self._leases[client].nonce:
                self.release(client, used=True, now=now)
        self._next = 2

    def lease(self, user: str, nonce: str, now: float) -> Lease:
        """Lease an id that nobody holds to a session of `user`."""
        client = self._pick(nonce, now)
        lease = Lease(client, user, nonce)
        self._leases[client] = lease
        self._held.add(client)
        self._unsaved.add(client)
        return lease

    def resume(self, client: int, nonce: str, user: str) -> Lease | None:
        """Continue a lease, if it is still this user's and nobody holds it."""
        lease = self._leases.get(client)
        if lease is None or not nonce or lease.user != user:
            return None
        if not compare_digest(lease.nonce.encode(), nonce.encode()):
            return None
        if client in self._held:
            return None
        self._free.pop(client, None)
        self._held.add(client)
        return lease

    def give_back(self, lease: Lease, *, used: bool, now: float) -> None:
        """The session that held it ended. It may be another's by now, who goes on holding it."""
        if self._leases.get(lease.client) == lease:
            self.release(lease.client, used=used, now=now)

    def release(self, client: int, *, used: bool, now: float) -> None:
        """Nobody holds an id any more: it may be leased anew, later if it was used."""
        self._held.discard(client)
        if used:
            self._free[client] = now + HOLD_SECONDS
            self._free_used.append((now + HOLD_SECONDS, client))
        else:
            self._free[client] = _AT_ONCE
            heapq.heappush(self._free_unused, client)

    def may_bind(self, client: int, user: str) -> bool:
        """Whether a stock client of `user` may write under an id: free, or bound to that user."""
        if is_server_client(client):
            return False
        lease = self._leases.get(client)
        if lease is None:
            return self._announced.get(client, user) == user
        return not lease.nonce and lease.user == user

    def announce(self, client: int, user: str) -> None:
        """Keep an id that all can see for its user, until it is bound: else another might bind it
        first, and lock the user out."""
        if client not in self._leases:
            self._announced.setdefault(client, user)
            if len(self._announced) > _ANNOUNCED:
                del self._announced[next(iter(self._announced))]

    def bind(self, clients: Iterable[int], user: str) -> None:
        """Bind ids for good; to be called when they are first written under."""
        for client in clients:
            if client not in self._leases:
                self._leases[client] = Lease(client, user, "")
                self._unsaved.add(client)

    def take_unsaved(self, clients: Iterable[int]) -> tuple[Lease, ...]:
        """Leases of these ids that the store does not hold yet; counted as held from now on."""
        fresh = [client for client in clients if client in self._unsaved]
        self._unsaved.difference_update(fresh)
        return tuple(self._leases[client] for client in fresh)

    def not_saved(self, leases: Iterable[Lease]) -> None:
        """What `take_unsaved` gave was not written after all."""
        self._unsaved.update(lease.client for lease in leases)

    def adopt(self, leases: Iterable[Lease], now: float) -> set[int]:
        """The store has these; answers the ids that others were thought to have here."""
        taken = set()
        for lease in leases:
            client = lease.client
            self._unsaved.discard(client)
            if self._leases.get(client) == lease:
                continue
            if client in self._leases:
                taken.add(client)
            self._leases[client] = lease
            self._announced.pop(client, None)
            self._held.discard(client)
            if lease.nonce:
                self.release(client, used=True, now=now)
            else:
                self._free.pop(client, None)
        return taken

    def saw(self, clients: Iterable[int], now: float) -> set[int]:
        """Others wrote under these ids: whoever holds them goes on holding them. Answers those
        that were leased here since, which the store does not know of: they are the others'."""
        taken = self._unsaved.intersection(clients)
        for client in taken:
            self._unsaved.discard(client)
            self._held.discard(client)
            self._leases[client] = Lease(client, *_SOMEBODY)
            self.release(client, used=True, now=now)
        for client in clients:
            if client in self._free:
                self.release(client, used=True, now=now)
        return taken

    def _pick(self, nonce: str, now: float) -> int:
        while self._free_used and self._free_used[0][0] <= now:
            at, client = self._free_used.popleft()
            if self._free.get(client) == at:
                del self._free[client]
                return client
        while self._free_unused:
            client = heapq.heappop(self._free_unused)
            if self._free.get(client) == _AT_ONCE:
                del self._free[client]
                return client
        if self._spread:
            self._next = 2 + zlib.crc32(nonce.encode()) % self._spread
        while self._next in self._leases or self._next in self._announced:
            self._next += 1
        self._next += 1
        return self._next - 1
