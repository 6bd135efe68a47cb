"""A session's bounded queue of frames to be sent.

Invariants (tests cite the numbers):

O1. Droppable frames never hold more than `limit` bytes together.
O2. Frames leave in the order they came in; none is sent twice.
O3. After an overflow nothing droppable is queued until `caught_up`: the owner then sends one
    difference instead of all that was dropped.
"""

from __future__ import annotations

from collections import deque


class Outbox:
    """Frames of one session. Operations are droppable; answers (acks, sync replies) are not."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._frames: deque[tuple[bytes, bool]] = deque()
        self._droppable = 0
        self._kept = 0
        self.behind = False
        """Whether droppable frames were dropped: the session is owed a difference."""

    def push(self, frame: bytes) -> None:
        """Queue a droppable frame, unless the session is behind or becomes so by it."""
        if self.behind:
            return
        if self._droppable + len(frame) > self._limit:
            self._frames = deque(entry for entry in self._frames if not entry[1])
            self._droppable = 0
            self.behind = True
            return
        self._frames.append((frame, True))
        self._droppable += len(frame)

    def answer(self, frame: bytes) -> None:
        """Queue a frame that must arrive."""
        self._frames.append((frame, False))
        self._kept += len(frame)

    @property
    def answers_bytes(self) -> int:
        """Bytes of answers that wait; the owner ends a session that lets them grow."""
        return self._kept

    def caught_up(self) -> None:
        """The difference was queued: go on with droppable frames."""
        self.behind = False

    def take(self) -> list[bytes]:
        """Take all frames, oldest first."""
        frames = [frame for frame, _ in self._frames]
        self._frames.clear()
        self._droppable = self._kept = 0
        return frames

    def __bool__(self) -> bool:
        return bool(self._frames)
