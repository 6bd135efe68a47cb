"""The time that records are dated by: the server's, where this machine's clock is ahead of it.

A server refuses what is dated far ahead of its own clock, and closes the connection over it. People
whose clock is wrong are honest all the same.
"""

from __future__ import annotations

from crdtchat.client.intents import Get, Operation
from crdtchat.document import schema
from crdtchat.document.records import read_comment
from crdtchat.document.replica import Write

_TOLERATED_MS = 10_000
"""So little is the way of the message; following it would only make the times uneven."""
TRUSTED_MS = schema.FUTURE_MS * 4 // 5
"""How far another's clock may be ahead for an answer to be dated after it."""
_TAKEN_MS = schema.FUTURE_MS - _TOLERATED_MS
"""How far ahead the server takes a time for certain."""
_TIMES = {
    schema.ANNOTATIONS: (1,),
    schema.COMMENTS: (1, 3),
    schema.STATUSES: (2,),
    schema.TOMBSTONES: (1,),
    schema.ANCHORS: (1,),
    schema.MODERATION: (2,),
}
"""Where the values of each root hold times."""


class ServerClock:
    """Milliseconds since 1970, from this machine's clock (`here`) and what welcomes say."""

    def __init__(self) -> None:
        self._ahead = 0
        self._last = 0

    def learn(self, server: int, here: int) -> None:
        """A welcome says what time it is on the server; 0: it does not say."""
        ahead = here - server if server else 0
        self._ahead = ahead if ahead > _TOLERATED_MS else 0

    def now(self, here: int) -> int:
        """The time there, if the clock here is ahead of it; else the time here."""
        return here - self._ahead

    def tick(self, here: int) -> int:
        """A time to date something by, never twice the same: what was written later stands behind,
        unless the clock was set right meanwhile."""
        now = self.now(here)
        again = now <= self._last < now + _TOLERATED_MS
        self._last = self._last + 1 if again else now
        return self._last


def redate(operation: Operation, get: Get, now: int) -> None:
    """Leave no time that the server would refuse: what was written before the clock was known to
    be ahead is dated now. `get`: what is written already; `now`: the server's time."""
    latest = now + _TAKEN_MS
    if any(at > latest for write in operation.intents for at in _times(write)):
        operation.redated = True
    operation.intents = tuple([_dated(write, get, now) for write in operation.intents])


def _times(write: Write) -> list[int]:
    root, _, value = write
    if not isinstance(value, tuple):
        return []
    return [int(value[place]) for place in _TIMES.get(root, ()) if place < len(value)]


def _dated(write: Write, get: Get, now: int) -> Write:
    root, key, value = write
    if not isinstance(value, tuple):
        return write
    parts = list(value)
    for place in _TIMES.get(root, ()):
        if place < len(parts) and int(parts[place]) > now + _TAKEN_MS:
            parts[place] = now
    before = read_comment(get(root, key)) if root == schema.COMMENTS else None
    if before is not None:
        parts[1] = before.created  # It was dated anew as well, and never changes.
    return root, key, tuple(parts)
