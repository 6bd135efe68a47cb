"""The ordered pipe to one peer, whatever carries it."""

from __future__ import annotations

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
