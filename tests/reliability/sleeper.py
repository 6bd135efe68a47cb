"""A reader that may fall asleep, and can say in the end whether it has everything."""

from __future__ import annotations

from crdtchat.bench.client import BenchClient
from crdtchat.bench.deliveries import Deliveries
from crdtchat.bench.door import Door
from crdtchat.document.replica import Replica


class Kept(Deliveries):
    """Keeps what arrives, and looks at none of it. Those who got the same bytes share them."""

    def __init__(self, shared: dict[bytes, bytes]) -> None:
        super().__init__()
        self.updates: list[bytes] = []
        self._shared = shared

    def arrive(self, update: bytes, now: float, seen: bytearray) -> int:
        """See `Deliveries`."""
        self.updates.append(self._shared.setdefault(update, update))
        return 0


class Sleeper(BenchClient):
    """Makes a document of what it was sent when it is asked what it has, and not before."""

    def __init__(self, door: Door, kept: Kept, vector: bytes) -> None:
        super().__init__(door, kept, vector)
        self._kept = kept
        self._replica = Replica()

    def held(self) -> bytes:
        """See `BenchClient`."""
        for update in self._kept.updates:
            self._replica.apply(update)
        self._kept.updates.clear()
        return self._replica.state_vector()
