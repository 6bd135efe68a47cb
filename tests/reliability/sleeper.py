"""Readers that can say what they have, whether they fall asleep or only behind."""

from __future__ import annotations

from bisect import bisect_right

from crdtchat.bench.client import EMPTY_VECTOR, BenchClient
from crdtchat.bench.deliveries import Deliveries
from crdtchat.bench.door import Door
from crdtchat.document.replica import Replica
from crdtchat.sync.tuning import Tuning


class Kept(Deliveries):
    """Keeps what arrives, and looks at none of it. Those who got the same bytes share them."""

    def __init__(self, shared: dict[bytes, bytes]) -> None:
        super().__init__()
        self.updates: list[bytes] = []
        self.differences = 0
        """Updates that are larger than all operations that a server remembers."""
        self._shared = shared

    def arrive(self, update: bytes, now: float, seen: bytearray) -> int:
        """See `Deliveries`."""
        self.updates.append(self._shared.setdefault(update, update))
        self.differences += len(update) > Tuning().ring_bytes
        return 0


class Sleeper(BenchClient):
    """Makes a document of what it was sent when it is asked what it has, and not before."""

    def __init__(self, door: Door, kept: Kept, vector: bytes) -> None:
        super().__init__(door, kept, vector)
        self._kept = kept
        self._replica = Replica()

    @property
    def differences(self) -> int:
        """How many it was sent in place of what it missed."""
        return self._kept.differences

    def held(self) -> bytes:
        """See `BenchClient`."""
        for update in self._kept.updates:
            self._replica.apply(update)
        self._kept.updates.clear()
        return self._replica.state_vector()


class Awake(BenchClient):
    """Keeps nothing, and says what it has by the notes of one that got the same."""

    notes: Notes

    def held(self) -> bytes:
        """See `BenchClient`."""
        return self.notes.before(self.last)


class Notes:
    """What a reader of crdtchat.v1 had at some sequence numbers."""

    def __init__(self, scribe: Sleeper) -> None:
        self._scribe = scribe
        self._numbers = [0]
        self._vectors = [EMPTY_VECTOR]

    def take(self) -> None:
        """Note what the scribe has now."""
        self._numbers.append(self._scribe.last)
        self._vectors.append(self._scribe.held())

    def before(self, number: int) -> bytes:
        """What everybody has who has all operations up to a number."""
        return self._vectors[bisect_right(self._numbers, number) - 1]
