"""What an engine holds, read from its own encoded state: the yardstick for the mirror."""

from __future__ import annotations

from dataclasses import dataclass

from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.update import Id, decode_update


@dataclass(frozen=True, slots=True)
class EngineView:
    """All that two replicas must agree on, below the values."""

    state_vector: dict[int, int]
    dead: frozenset[Id]


def view_of_state(state: bytes) -> EngineView:
    """Read a full state as an engine encodes it."""
    update = decode_update(state, TRUSTED)
    vector = {section.client: section.end for section in update.sections}
    dead = {
        (client, clock)
        for client, ranges in update.deletes
        for first, end in ranges
        for clock in range(first, end)
    }
    return EngineView(vector, frozenset(dead))


def view_of_mirror(mirror: Mirror) -> EngineView:
    """What the mirror predicts that the engine holds."""
    return EngineView(mirror.state_vector(), frozenset(mirror.dead_ids()))
