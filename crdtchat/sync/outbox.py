"""A session's bounded queue of frames to be sent.

Invariants (tests cite the numbers):

O1. Droppable frames never hold more than `limit` bytes together.
O2. Frames leave in the order they came in; none is sent twice.
O3. After an overflow nothing droppable is queued until `caught_up`: the owner then sends one
    difference instead of all that was dropped.
O4. What a frame was made of is held until the frame is sent, so that others find it.
"""

from __future__ import annotations


class Outbox:
    """Frames of one session. Batches and presence are droppable; answers (acks, sync replies) are
    not."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._frames: list[tuple[bytes, int | None]] = []
        self._droppable = 0
        self._kept = 0
        self._largest = 0
        self.behind = False
        """Whether droppable frames were dropped: the session is owed a difference."""
        self._sources: tuple[object, ...] = ()
        self._leaving: tuple[object, ...] = ()
        self.since = 0
        """If behind: the sequence number up to which nothing is missing."""

    def push(self, frame: bytes, held: int) -> None:
        """Queue a droppable frame, unless the session is behind or becomes so by it.

        `held`: the sequence number that the session has once all earlier frames are sent.
        """
        if self.behind:
            return
        if self._droppable + len(frame) > self._limit:
            marks = (mark for _, mark in self._frames if mark is not None)
            self.since = next(marks, held)
            self._frames = [entry for entry in self._frames if entry[1] is None]
            self._droppable = 0
            self.behind = True
            return
        self._frames.append((frame, held))
        self._droppable += len(frame)

    def answer(self, frame: bytes, source: object | None = None) -> None:
        """Queue a frame that must arrive, made of `source`."""
        if source is not None:
            self._sources += (source,)
        self._frames.append((frame, None))
        self._kept += len(frame)
        self._largest = max(self._largest, len(frame))

    @property
    def droppable_bytes(self) -> int:
        """Bytes of droppable frames that wait: at most `limit` (O1)."""
        return self._droppable

    @property
    def answers_bytes(self) -> int:
        """Bytes of answers that wait beside the largest of them, which may be a whole page; the
        owner ends a session that lets them grow."""
        return self._kept - self._largest

    def owe(self, since: int) -> None:
        """What was queued brings the session to this sequence number only: the next difference is
        due once it is sent, and nothing droppable is queued until then."""
        self.behind = True
        self.since = since

    def caught_up(self) -> None:
        """The difference was queued: go on with droppable frames."""
        self.behind = False

    def take(self) -> list[bytes]:
        """Take all frames, oldest first."""
        frames = [frame for frame, _ in self._frames]
        self._frames.clear()
        self._droppable = self._kept = self._largest = 0
        self._leaving, self._sources = self._sources, ()
        return frames

    def sent(self) -> None:
        """The frames that were taken are on their way."""
        self._leaving = ()

    def take_at_once(self, most: int) -> list[bytes]:
        """The same if nothing was dropped and no answer is larger than `most` bytes, else none."""
        if self.behind or self._largest > most:
            return []
        return self.take()

    def __bool__(self) -> bool:
        return bool(self._frames)
