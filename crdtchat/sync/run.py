"""Operations in a row, for all who miss just these."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from crdtchat.sync import message


class Run:
    """Operations `first .. last` of the log, merged; their frames are made once."""

    def __init__(
        self, first: int, last: int, update: bytes, events: Sequence[message.Event]
    ) -> None:
        self.first = first
        self.last = last
        self._update = update
        self._events = events

    def as_batch(self) -> bytes:
        """For crdtchat.v1."""
        return self._batch

    def as_update(self) -> bytes:
        """For a stock client."""
        return self._sync_update

    @cached_property
    def _batch(self) -> bytes:
        return message.encode_batch(self.first, self.last, self._update, self._events)

    @cached_property
    def _sync_update(self) -> bytes:
        return message.encode_sync_update(self._update)
