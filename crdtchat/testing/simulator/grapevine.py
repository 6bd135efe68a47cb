"""What nodes tell each other in a simulation: a broker that may lose, repeat and reorder it all."""

from __future__ import annotations

from random import Random
from typing import Protocol

from crdtchat.host.telling import Kind
from crdtchat.stores.base import DocumentKey
from crdtchat.testing.simulator.timeline import Timeline


class Hearer(Protocol):
    """A node."""

    def hear(self, key: DocumentKey | None, kind: Kind, body: bytes) -> None:
        """Somebody tells it of a page, or (None) of themselves."""


class Grapevine:
    """Carries what each node says in its order as long as it is well (so does a connection to
    Redis); else every message on its own, so that a later one may overtake an earlier one."""

    def __init__(self, timeline: Timeline, chance: Random) -> None:
        self.nodes: list[Hearer] = []
        self.losing = 0.0
        """Share of messages that never arrive."""
        self.repeating = 0.0
        """Share that arrives twice."""
        self.slow = 0.01
        """Seconds that one takes at most."""
        self.well = True
        self._latest: dict[tuple[Hearer, Hearer], float] = {}
        """When what was said in order by one to the other arrives."""
        self._timeline = timeline
        self._chance = chance

    def heal(self) -> None:
        """Nothing is lost any more."""
        self.losing = self.repeating = 0.0
        self.slow = 0.01
        self.well = True

    def publish(self, sender: Hearer, key: DocumentKey | None, kind: Kind, body: bytes) -> None:
        """Tell all others."""
        for node in self.nodes:
            if node is sender:
                continue
            for _ in range(self._times()):
                at = self._timeline.steady + self._chance.uniform(0.0005, self.slow)
                if self.well:
                    at = max(at, self._latest.get((sender, node), 0.0))
                    self._latest[sender, node] = at
                self._timeline.at(at, lambda node=node: node.hear(key, kind, body))  # type: ignore[misc]

    def _times(self) -> int:
        if self.losing and self._chance.random() < self.losing:
            return 0
        return 2 if self.repeating and self._chance.random() < self.repeating else 1
