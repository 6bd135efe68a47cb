"""The ordered pipe to one peer, whatever carries it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class ChannelClosed(Exception):
    """The peer is gone, or the pipe broke: nothing more can be sent or received."""


class Channel(Protocol):
    """Binary messages in order. Both methods raise `ChannelClosed`."""

    async def receive(self) -> bytes:
        """Wait for the next message."""

    async def send(self, frame: bytes) -> None:
        """Send one message; waits while the peer does not read."""

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye. Never raises for a peer that is gone."""


class Direct(Protocol):
    """The way past the tasks, where there is one: messages pass in the same breath.

    A tick of a page with hundreds of readers then wakes nobody: measured at half the cost.
    """

    def listen(self, take: Callable[[bytes], bool] | None) -> None:
        """Offer each message to `take` as it comes. What it answers False to is for
        `Channel.receive`, and so is everything behind it until that was received."""

    @property
    def ready(self) -> bool:
        """Whether it takes frames now: it is open, and the peer reads what it gets."""

    def write_frames(self, frames: Sequence[bytes]) -> None:
        """Send messages, in order, without waiting. Only while `ready`."""
