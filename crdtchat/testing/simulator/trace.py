"""What happened in a simulation, line by line, and one hash over all of it."""

from __future__ import annotations

import hashlib
from zlib import crc32

from crdtchat.sync.message import MessageType
from crdtchat.testing.simulator.timeline import Timeline

_NAMES = {kind.value: kind.name.lower() for kind in MessageType}
_STEPS = ("step1", "step2", "update")


class InvariantBroken(AssertionError):
    """A promise of DESIGN section 10 was not kept."""


class Trace:
    """Same seed, same lines: nothing in them comes from outside the simulation."""

    def __init__(self, timeline: Timeline) -> None:
        self.lines: list[str] = []
        self._timeline = timeline
        self._hash = hashlib.sha256()

    def note(self, who: str, what: str) -> None:
        """Write a line."""
        line = f"{self._timeline.steady:10.4f} {who:>14} {what}"
        self.lines.append(line)
        self._hash.update(line.encode() + b"\n")

    def fail(self, what: str) -> InvariantBroken:
        """The exception for a broken promise; its line ends the trace."""
        self.note("BROKEN", what)
        return InvariantBroken(what)

    @property
    def digest(self) -> str:
        """Hash over all lines."""
        return self._hash.hexdigest()


def describe(frame: bytes) -> str:
    """A frame in a few words; its checksum makes the trace depend on every byte."""
    kind = _NAMES.get(frame[0], f"type {frame[0]}") if frame else "nothing"
    if kind == "sync" and len(frame) > 1 and frame[1] < len(_STEPS):
        kind = _STEPS[frame[1]]
    return f"{kind} ({len(frame)} B, {crc32(frame):08x})"
