"""The mirror: what the verifier knows of a document without asking the engine.

For every item ever integrated it knows the key, and for every key the order in which Yjs holds its
items. In a Map the last item of that order is the value, or nothing if it is deleted; all others
are deleted. So the mirror predicts the engine exactly (tests compare them), and "which ids exist",
"who owns the key" and "is it alive" are look-ups.

Size: 4 bytes an item and about 250 bytes a key.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from crdtchat.sync.rules import Facts, group
from crdtchat.sync.statevector import encode_state_vector
from crdtchat.sync.update import Id

_NONE = -1
"""Client of "no origin" in a chain."""
_NO_ORIGIN = (_NONE, 0)
_WIDTH = 4
"""A chain holds client, clock, origin's client, origin's clock of each item."""


class Record:
    """One key: its items in Yjs's order, and what is known of its value."""

    __slots__ = ("chain", "dead", "facts", "key", "number", "root")

    def __init__(self, root: str, key: str, number: int) -> None:
        self.root = root
        self.key = key
        self.number = number
        """Its place in the key table, or -1 while the update that makes it is judged."""
        self.chain = array("q")
        self.dead = True
        """Whether the last item is deleted: the key holds nothing."""
        self.facts: Facts = ()

    def copy(self) -> Record:
        """A copy to try an update on."""
        twin = Record(self.root, self.key, self.number)
        twin.chain = self.chain[:]
        twin.dead = self.dead
        twin.facts = self.facts
        return twin

    @property
    def last(self) -> Id | None:
        """The item that holds the value, or held it when it was deleted."""
        if not self.chain:
            return None
        return self.chain[-4], self.chain[-3]

    def ends_with(self, client: int, clock: int) -> bool:
        """Whether that item is the last."""
        chain = self.chain
        return len(chain) > 0 and chain[-3] == clock and chain[-4] == client

    def insert(self, client: int, clock: int, origin: Id | None) -> bool:
        """Integrate an item; answer whether it is the last now, that is, the value.

        The order is YATA's without right origins, as in yjs `Item.integrate`: among items with the
        same origin the higher client id stands further right.
        """
        chain = self.chain
        origin_client, origin_clock = origin or _NO_ORIGIN
        if not chain or (chain[-4] == origin_client and chain[-3] == origin_clock):
            chain.extend((client, clock, origin_client, origin_clock))
            return True
        return self._insert_concurrent(client, clock, origin_client, origin_clock)

    def _insert_concurrent(
        self, client: int, clock: int, origin_client: int, origin_clock: int
    ) -> bool:
        chain = self.chain
        left = -_WIDTH if origin_client == _NONE else self._find(origin_client, origin_clock)
        before_origin: set[Id] = set()
        conflicting: set[Id] = set()
        at = left + _WIDTH
        while at < len(chain):
            other = (chain[at], chain[at + 1])
            before_origin.add(other)
            conflicting.add(other)
            other_origin = (chain[at + 2], chain[at + 3])
            if other_origin == (origin_client, origin_clock):
                if other[0] < client:
                    left = at
                    conflicting.clear()
                else:
                    break  # same origins, no right origins: the new item stands before
            elif other_origin in before_origin:
                if other_origin not in conflicting:
                    left = at
                    conflicting.clear()
            else:
                break
            at += _WIDTH
        at = left + _WIDTH
        chain[at:at] = array("q", (client, clock, origin_client, origin_clock))
        return at == len(chain) - _WIDTH

    def _find(self, client: int, clock: int) -> int:
        chain = self.chain
        for at in range(len(chain) - _WIDTH, -1, -_WIDTH):
            if chain[at + 1] == clock and chain[at] == client:
                return at
        raise LookupError(f"item {client}:{clock} is not in the chain of {self.root}/{self.key}")

    def behind(self, origin: Id | None, most: int) -> int:
        """How many items stand behind `origin` (None: the start of the chain), which is there;
        more than `most` if it is that many or any more."""
        chain = self.chain
        if origin is None:
            return len(chain) // _WIDTH
        last = len(chain) - _WIDTH
        for at in range(last, max(-1, last - (most + 1) * _WIDTH), -_WIDTH):
            if chain[at + 1] == origin[1] and chain[at] == origin[0]:
                return (last - at) // _WIDTH
        return most + 1

    def items(self) -> Iterator[Id]:
        """The ids in order."""
        for at in range(0, len(self.chain), _WIDTH):
            yield self.chain[at], self.chain[at + 1]


class Undo(NamedTuple):
    """What a mirror was before something was integrated."""

    made: int
    """Records that came with it."""
    changed: list[tuple[Record, array[int], bool, Facts]]
    """Records that it changed, with their chain, whether they were dead, and their facts."""
    clocks: dict[int, int]
    """Next clocks of the client ids it was written under."""


class Mirror:
    """All records of one document, and the next clock of every client id."""

    def __init__(self) -> None:
        self._keys: dict[int, array[int]] = {}
        self._table: list[Record] = []
        self._index: dict[tuple[str, str], Record] = {}
        self._groups: dict[str, list[Record]] = {}
        self._alive: dict[str, int] = {}
        self._vector: bytes | None = None
        self.find: Callable[[tuple[str, str]], Record | None] = self._index.get
        """The record of a (root, key), alive or not."""

    def next_clock(self, client: int) -> int:
        """The clock that the next item of `client` must have."""
        keys = self._keys.get(client)
        return len(keys) if keys is not None else 0

    def state_vector(self) -> dict[int, int]:
        """Next clock per client id."""
        return {client: len(keys) for client, keys in self._keys.items()}

    def encoded_vector(self) -> bytes:
        """The same for the wire, made once per version: a thousand may ask for it at once."""
        if self._vector is None:
            self._vector = encode_state_vector(self.state_vector())
        return self._vector

    def locate(self, item: Id) -> Record | None:
        """The record an item belongs to; None if there is no such item."""
        keys = self._keys.get(item[0])
        if keys is None or item[1] >= len(keys):
            return None
        return self._table[keys[item[1]]]

    def record(self, root: str, key: str) -> Record | None:
        """The record of a key, alive or not."""
        return self._index.get((root, key))

    def facts(self, root: str, key: str) -> Facts | None:
        """Facts of a key that holds a value now."""
        record = self._index.get((root, key))
        return None if record is None or record.dead else record.facts

    def group(self, key: str) -> list[Record]:
        """All records whose keys share the first part of `key`."""
        return self._groups.get(group(key), [])

    def records(self) -> Iterable[Record]:
        """All records, in the order of their making."""
        return self._table

    def alive(self, root: str) -> int:
        """How many keys of a root hold a value."""
        return self._alive.get(root, 0)

    def count_alive(self) -> None:
        """Count anew what `alive` tells, after records were changed where they stand."""
        self._alive = dict(Counter(record.root for record in self._table if not record.dead))

    def before(self, changed: Iterable[Record], clocks: Iterable[int]) -> Undo:
        """Remember what `integrate` is about to change: costs what it costs."""
        olds = [self._table[record.number] for record in changed if record.number >= 0]
        made = sum(record.number < 0 for record in changed)
        kept = [(old, old.chain, old.dead, old.facts) for old in olds]
        return Undo(made, kept, {client: self.next_clock(client) for client in clocks})

    def undo(self, undo: Undo) -> None:
        """Take back what was integrated last, and not taken back yet."""
        self._vector = None
        for _ in range(undo.made):
            record = self._table.pop()
            del self._index[record.root, record.key]
            others = self._groups[name := group(record.key)]
            others.remove(record)
            if not others:
                del self._groups[name]
            self._alive[record.root] = self._alive.get(record.root, 0) - (not record.dead)
        for old, chain, dead, facts in undo.changed:
            if old.dead != dead:
                self._alive[old.root] = self._alive.get(old.root, 0) + (-1 if dead else 1)
            old.chain, old.dead, old.facts = chain, dead, facts
        for client, clock in undo.clocks.items():
            del self._keys[client][clock:]
            if not clock:
                del self._keys[client]

    def integrate(self, changed: Iterable[Record], clocks: Mapping[int, list[Record]]) -> None:
        """Take over what was judged: the changed records, and per client the record of each new
        clock, in order from its next clock."""
        self._vector = None
        for record in changed:
            if record.number < 0:
                if not record.dead:
                    self._alive[record.root] = self._alive.get(record.root, 0) + 1
                self._enter(record)
            else:
                old = self._table[record.number]
                if old.dead != record.dead:
                    self._alive[record.root] = self._alive.get(record.root, 0) + (
                        -1 if record.dead else 1
                    )
                old.chain = record.chain
                old.dead = record.dead
                old.facts = record.facts
        for client, records in clocks.items():
            keys = self._keys.get(client)
            if keys is None:
                keys = self._keys[client] = array("I")
            keys.extend([record.number for record in records])

    def place(self, record: Record, client: int, length: int) -> None:
        """Take over stored items: the next `length` of `client` are of `record`, which is new or
        was changed where it stands. Once all are there, `count_alive` is to be called."""
        self._vector = None
        if record.number < 0:
            self._enter(record)
        keys = self._keys.get(client)
        if keys is None:
            keys = self._keys[client] = array("I")
        for _ in range(length):
            keys.append(record.number)

    def _enter(self, record: Record) -> None:
        """Give a new record its place in the tables."""
        record.number = len(self._table)
        self._table.append(record)
        self._index[record.root, record.key] = record
        others = self._groups.get(name := group(record.key))
        if others is None:
            self._groups[name] = [record]
        else:
            others.append(record)

    def live_ids(self) -> dict[tuple[str, str], Id]:
        """The item behind every value: what a digest of the document is made of."""
        return {
            (record.root, record.key): record.last
            for record in self._table
            if not record.dead and record.last is not None
        }

    def dead_ids(self) -> set[Id]:
        """Every deleted item, for comparison with an engine's delete set."""
        dead: set[Id] = set()
        for record in self._table:
            ids = list(record.items())
            dead.update(ids if record.dead else ids[:-1])
        return dead
