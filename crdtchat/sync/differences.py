"""What was missing from state vectors a moment ago, for all who come soon after.

Computing a difference takes the engine long on a large page, and while much is written every one
would be new. One that was computed a moment ago is as good together with the operations since, and
so is one against a vector that is behind the asked one by little: it holds all that is missing, and
a little more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from weakref import ref

from crdtchat.sync import message

_KEPT = 64
_KEPT_BYTES = 16_777_216
"""Bytes of all that are kept, if they are several."""
_TRIED = 4
"""Of those against other vectors, the newest."""
_WASTE = 0.25
"""What may be sent without need, as a share of what is missing."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class Difference:
    """Everything up to operation `last` that is missing from `vector`; its frames are made once."""

    last: int
    update: bytes | memoryview
    vector: Mapping[int, int]
    """Without entries of 0."""
    clocks: int
    """How many clocks were missing."""
    end: bytes
    """The state vector of the page at `last`."""
    _frames: dict[str, bytes] = field(default_factory=dict)

    def as_step2(self) -> bytes:
        """For a stock client that asked."""
        return self._frame("step2", message.encode_sync_step2, 0)

    def as_update(self) -> bytes:
        """For a stock client that did not."""
        return self._frame("update", message.encode_sync_update, 0)

    def as_batch(self) -> bytes:
        """For crdtchat.v1."""
        return self._frame("batch", self._encode_batch, 1)

    def serves(self, vector: Mapping[int, int]) -> bool:
        """Whether it holds all that is missing from another vector, and little else."""
        mine = self.vector
        if len(mine) > len(vector):
            return False
        spare = sum(vector.values()) - sum(mine.values())
        return 0 <= spare <= self.clocks * _WASTE and all(
            vector.get(client, 0) >= clock for client, clock in mine.items()
        )

    def gain(self, vector: Mapping[int, int]) -> int:
        """How many clocks it brings who has this vector, which it `serves`."""
        return self.clocks - sum(vector.values()) + sum(self.vector.values())

    def _encode_batch(self, update: bytes | memoryview) -> bytes:
        return message.encode_batch(0, self.last, update, ())

    def _frame(
        self, kind: str, encode: Callable[[bytes | memoryview], bytes], behind: int
    ) -> bytes:
        """`behind`: how many bytes of the frame follow the update."""
        frame = self._frames.get(kind)
        if frame is None:
            frame = self._frames[kind] = encode(self.update)
            # It may be as large as the page: the frame has it, and nobody else needs a copy.
            end = len(frame) - behind
            self.update = memoryview(frame)[end - len(self.update) : end]
        return frame


class Differences:
    """Those of one page, by the vector's bytes as they came."""

    def __init__(self) -> None:
        self._kept: dict[bytes, Difference] = {}
        self._made: list[ref[Difference]] = []

    def find(self, asked: bytes) -> Difference | None:
        """That against these bytes: bytes that were answered before need not be read again."""
        return self._kept.get(asked)

    def near(self, asked: bytes, vector: Mapping[int, int]) -> Difference | None:
        """One against another vector that will do."""
        newest = list({id(one): one for one in self._kept.values()}.values())[-_TRIED:]
        for one in newest:
            if one.serves(vector):
                self._remember(asked, one)
                return one
        return None

    def under_way(self, vector: Mapping[int, int], missing: int, after: int) -> Difference | None:
        """One that somebody is still being sent and that brings a reader, who misses so many
        clocks and has all operations up to `after`, at least half of the way. Those who read
        slowly would else hold one of their own each, as large as all they miss."""
        held = [one for each in self._made if (one := each()) is not None]
        far = [
            one
            for one in held
            if one.last > after and one.serves(vector) and 2 * one.gain(vector) >= missing
        ]
        return max(far, key=lambda one: (one.last, one.gain(vector)), default=None)

    def keep(self, asked: bytes, difference: Difference) -> None:
        """Remember for a while."""
        self._remember(asked, difference)
        self._made = [each for each in self._made if each() is not None]
        self._made.append(ref(difference))

    def _remember(self, asked: bytes, difference: Difference) -> None:
        sizes = {id(one): len(one.update) for one in self._kept.values()}
        asked_bytes = sum(map(len, self._kept))  # Whoever asks says how many.
        if len(self._kept) >= _KEPT or sum(sizes.values()) + asked_bytes > _KEPT_BYTES:
            self._kept.clear()
        self._kept[asked] = difference

    def forget(self, before: int) -> None:
        """Let go of those that end before operation `before`."""
        if self._kept:
            self._kept = {asked: one for asked, one in self._kept.items() if one.last + 1 >= before}

    def clear(self) -> None:
        """Let go of all."""
        self._kept.clear()
