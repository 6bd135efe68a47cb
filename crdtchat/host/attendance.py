"""A session as its connection sees it."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from crdtchat.host.channel import Direct
from crdtchat.host.counters import Meter
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.outbox import Outbox

AT_ONCE_BYTES = 65_536
"""Answers larger than that are for the connection's writer, which sends them in parts."""


class Attendance:
    """One session as its connection sees it: what to send, and whether to end."""

    def __init__(self, outbox: Outbox, meter: Meter, direct: Direct | None = None) -> None:
        self.outbox = outbox
        self.wanted = anyio.Event()
        self.ending: tuple[CloseCode, str] | None = None
        self.idle = True
        """Whether the connection's writer has nothing in hand that must go first."""
        self.reading = False
        """Whether its reader has a frame in hand that must go first."""
        self._meter = meter
        self._direct = direct

    def wake(self) -> None:
        """There is something to do: send it at once if possible, else wake the writer."""
        direct = self._direct
        if (
            direct is not None
            and self.idle
            and self.ending is None
            and direct.ready
            and (frames := self.outbox.take_at_once(AT_ONCE_BYTES))
        ):
            direct.write_frames(frames)
            self.outbox.sent()
            self.count(frames)
        else:
            self.wanted.set()

    def count(self, frames: Sequence[bytes]) -> None:
        """These were written to the socket."""
        meter = self._meter
        for frame in frames:
            meter.messages_sent += 1
            meter.bytes_sent += len(frame)
