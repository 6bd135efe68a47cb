"""What one of several processes on a port is told, and knows."""

from __future__ import annotations

from dataclasses import dataclass

from crdtchat.brokers.local import LocalBroker
from crdtchat.server.settings import Settings


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is told."""

    settings: Settings
    """With the port that all share."""
    number: int
    """From 1."""
    count: int
    news: int
    """Descriptor of the socket by which workers tell what was written."""
    figures: int
    """The same for what they count."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What the server knows of being one of several."""

    number: int
    count: int
    news: LocalBroker
    figures: LocalBroker
