"""Reading from the store takes time: what was read is what the log held a moment ago."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from crdtchat.stores.base import DocumentKey, Head, Loaded, StoreError
from crdtchat.testing.simulator.disk import Disk

Later = Callable[[float, Callable[[], None]], None]


class Reading:
    """Reads at one moment and hands over at a later one, if the process still lives then."""

    def __init__(self, disk: Disk, chance: Random, later: Later) -> None:
        """`later` does something in so many seconds, unless the process has died."""
        self._disk = disk
        self._chance = chance
        self._later = later

    def moment(self) -> float:
        """How long the store takes for a small thing."""
        return self._chance.uniform(0.0005, min(self._disk.pace, 0.3))

    def load(
        self,
        key: DocumentKey,
        known: Callable[[], Head | None],
        loaded: Callable[[Loaded], None],
        failed: Callable[[StoreError], None],
    ) -> None:
        """Load a document, or what follows the place that is `known` when reading begins."""

        def read() -> None:
            try:
                found = self._disk.load(key, known())
            except StoreError as error:
                failure = error
                self._later(self.moment(), lambda: failed(failure))
            else:
                self._later(self.moment(), lambda: loaded(found))

        self._later(self.moment(), read)
