"""Keeps a room up with what others append to its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from crdtchat.stores.base import Entry, Head, Lease, Loaded, PageTooNew, StoreError
from crdtchat.sync.codes import CloseCode

_HEARD = 64
"""News that wait for those before them; with more, the store is asked."""


@dataclass(frozen=True, slots=True)
class News:
    """Entries `first .. first + len(entries) - 1` of a page's log, and leases written with them."""

    epoch: int
    first: int
    entries: tuple[Entry, ...]
    leases: tuple[Lease, ...] = ()

    @property
    def last(self) -> int:
        """Sequence number of the last."""
        return self.first + len(self.entries) - 1


class Follower(Protocol):
    """A room, as far as it follows a log."""

    dropped: bool

    @property
    def head(self) -> Head:
        """The place in the log that it has come to."""

    @property
    def flying(self) -> bool:
        """Whether an append of its own is under way."""

    def absorb(self, entries: Sequence[Entry], leases: Sequence[Lease]) -> None:
        """Take in what others appended."""

    def failed(self, reason: str) -> None:
        """The append under way was not made, and what others wrote cannot be read now."""

    def assured(self) -> None:
        """It holds all that was in the log when there was a doubt."""

    def unsure(self, reason: str) -> None:
        """Whether there is more in the log cannot be seen now."""

    def drop(self, code: CloseCode, reason: str) -> None:
        """Give the room up."""


R = TypeVar("R", bound=Follower)


class Following(Generic[R]):
    """Hears of others' entries from neighbours, conflicts and looks at the store, in any order.

    1. They are taken in by sequence, without holes, each once; what is missing is read from the
       store, once at a time.
    2. Never while an append of the room is under way whose end is not known.
    3. A doubt ends when the room holds all that a read found which began after it.
    """

    def __init__(self, read_rest: Callable[[R], None]) -> None:
        """`read_rest` starts to read what a room misses, and answers by `loaded` or `failed`.

        The room comes with each call: held here, it would be held for ever.
        """
        self._read_rest = read_rest
        self._heard: list[News] = []
        self._refused = False
        """Whether the append under way met with a conflict."""
        self._reading = False
        self._read_at = 0
        """The room's sequence number when the newest read began."""
        self._doubted = False
        """Whether the log may be longer, and no read that began since is under way."""
        self._settles_doubt = False
        """Whether the read under way began after the doubt."""
        self._assured_at: int | None = None
        """The sequence number at which the doubt ends."""

    @property
    def is_doubtful(self) -> bool:
        """Whether a doubt waits for somebody to read: it was tried, and failed."""
        return self._doubted and not self._reading

    def doubt(self, room: R) -> None:
        """The log may be longer than the room knows: a client says so, or an append of which
        nobody knows whether it was made."""
        self._doubted = True
        self._ask(room)

    def hear(self, room: R, news: News) -> None:
        """Somebody says what was appended. It may be old, or have come before what precedes it."""
        head = room.head
        if news.epoch != head.epoch:
            self._ask(room)
        elif news.last > head.sequence:
            self._heard.append(news)
            self._take(room)

    def ask(self, room: R) -> None:
        """Somebody says that something was appended, in words that are not known here."""
        self._ask(room)

    def look(self, room: R, head: Head) -> None:
        """The store's log was seen to end there."""
        if head != room.head and not self._is_flying(room):
            self._ask(room)

    def conflict(self, room: R) -> None:
        """The append under way was not made: others were faster."""
        self._refused = True
        self._take(room)

    def settled(self, room: R) -> None:
        """The append under way was made, or was not."""
        if self._heard or self._refused or self._assured_at is not None:
            self._take(room)

    def loaded(self, room: R, loaded: Loaded) -> None:
        """The rest was read."""
        self._reading = False
        if room.dropped:
            return
        if self._settles_doubt:
            self._settles_doubt, self._assured_at = False, loaded.sequence
        if loaded.epoch != room.head.epoch:
            room.drop(CloseCode.UNAVAILABLE, "the page was rebuilt")
        elif loaded.sequence < self._read_at:
            # An older backup lies there. What is missing will never be there, and what the room
            # holds may be given other numbers by others.
            room.drop(CloseCode.UNAVAILABLE, "the page's log was set back")
        elif loaded.snapshot:
            room.drop(CloseCode.UNAVAILABLE, "the page's log was folded")
        elif self._refused and loaded.sequence == room.head.sequence:
            self._refused = False
            room.absorb((), loaded.leases)
        else:
            # What is said to be behind the log's end will be looked for when it is there.
            self._heard = [news for news in self._heard if news.first <= loaded.sequence + 1]
            first = loaded.snapshot_sequence + 1
            self._heard.append(News(loaded.epoch, first, loaded.entries, loaded.leases))
            self._take(room)
        if self._doubted and not room.dropped:
            self._ask(room)
        self._assure(room)

    def failed(self, room: R, error: StoreError) -> None:
        """The rest cannot be read now."""
        self._reading = False
        if room.dropped:
            return
        if isinstance(error, PageTooNew):
            room.drop(CloseCode.UNAVAILABLE, error.told)
            return
        if self._settles_doubt:
            self._settles_doubt, self._doubted = False, True
            room.unsure(error.told)
        if self._refused:
            self._refused = False
            room.failed(error.told)

    def _is_flying(self, room: R) -> bool:
        return room.flying and not self._refused

    def _take(self, room: R) -> None:
        """Take in what follows; ask the store if something is missing."""
        if self._is_flying(room):
            return
        entries: list[Entry] = []
        leases: list[Lease] = []
        sequence = room.head.sequence
        for news in sorted(self._heard, key=lambda news: news.first):
            if news.first <= sequence + 1 <= news.last:
                entries += news.entries[sequence + 1 - news.first :]
                leases += news.leases
                sequence = news.last
        self._heard = [news for news in self._heard if news.last > sequence]
        if entries:
            self._refused = False
            room.absorb(entries, leases)
        if room.dropped:
            return
        if self._refused or self._heard:
            if len(self._heard) > _HEARD:
                self._heard.clear()
            self._ask(room)
        self._assure(room)

    def _assure(self, room: R) -> None:
        at = self._assured_at
        if self._doubted or self._settles_doubt:
            return  # A later doubt: whoever waits may have come with it.
        if at is not None and room.head.sequence >= at and not room.dropped:
            self._assured_at = None
            room.assured()

    def _ask(self, room: R) -> None:
        if not self._reading:
            self._reading, self._read_at = True, room.head.sequence
            self._settles_doubt, self._doubted = self._doubted, False
            self._read_rest(room)
