"""Operations that may be sent once more, known by their author and broadcastId.

Whoever loses a connection sends again what was not answered, under another client id where the old
one cannot be continued. Were both sendings taken, they would stand side by side: of the two the one
under the higher id counts, over all that its author wrote behind the other.

Invariants (tests cite the numbers):

S1. What is on its way is known until it is on disk or given up.
S2. What is on disk is known for HOLD_SECONDS if a session of its author may not have read it, or
    may send it again: one that was there at that moment, or had left within HOLD_SECONDS and goes
    on, under the same client id, with what it sent. Whoever else comes gets a state that holds it.
S3. Of what is on disk no more than KEPT are known, and of those who left no more than KEPT.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from crdtchat.sync.message import NO_BROADCAST_ID

HOLD_SECONDS = 120.0
"""A session that has not read for so long was ended before."""
KEPT = 4_096
"""At most 1 MB."""

Name = tuple[str, bytes]
"""Author and broadcastId: who else sends the same broadcastId sends something else."""
T = TypeVar("T")


class _Generations(Generic[T]):
    """What was added since the last turn, and between the two before."""

    def __init__(self) -> None:
        self._young: set[T] = set()
        self._old: set[T] = set()

    def __contains__(self, one: T) -> bool:
        return one in self._young or one in self._old

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def add(self, one: T) -> bool:
        """Add it; answers whether the older half had to go for want of room."""
        self._young.add(one)
        is_full = len(self._young) >= KEPT // 2
        if is_full:
            self.turn()
        return is_full

    def turn(self) -> None:
        """Let go of the older half."""
        self._old, self._young = self._young, set()


class Sendings:
    """See the invariants above."""

    def __init__(self, connections: Callable[[str], int]) -> None:
        """`connections`: how many of a user are here, on whatever node."""
        self._connections = connections
        self._pending: set[Name] = set()
        self._landed = _Generations[Name]()
        self._left = _Generations[str]()
        self._since: float | None = None
        """When what is young began to be gathered; None: when it is tidied up next."""

    def __contains__(self, name: Name) -> bool:
        return name in self._pending or name in self._landed

    def __len__(self) -> int:
        return len(self._pending) + len(self._landed)

    def begin(self, name: Name) -> None:
        """An operation was accepted."""
        if name[1] != NO_BROADCAST_ID:
            self._pending.add(name)

    def land(self, name: Name, own: bool) -> None:
        """It is on disk; `own`: the session that sent it is still there."""
        if name in self._pending:
            self._pending.remove(name)
            self._keep(name, own)

    def hear(self, name: Name) -> None:
        """Somebody put an operation into the log elsewhere."""
        if name[1] != NO_BROADCAST_ID:
            self._keep(name, False)

    def give_up(self, name: Name) -> None:
        """It will not be on disk."""
        self._pending.discard(name)

    def give_up_all(self) -> None:
        """Nothing that is on its way will be."""
        self._pending.clear()

    def leave(self, user: str) -> None:
        """A session of this user has ended whose client id can be continued."""
        if self._left.add(user):
            self._since = None

    def tidy(self, steady: float) -> None:
        """Let go of what is too old."""
        if self._since is None:
            self._since = steady
        elif steady - self._since >= HOLD_SECONDS:
            self._landed.turn()
            self._left.turn()
            self._since = steady

    def _keep(self, name: Name, own: bool) -> None:
        author = name[0]
        may_come_again = self._connections(author) > own or author in self._left
        if may_come_again and self._landed.add(name):
            self._since = None
