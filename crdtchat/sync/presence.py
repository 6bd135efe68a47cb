"""Who is here: the server knows it from its sessions, clients only say what they do.

Invariants (tests cite the numbers):

P1. Counts are those of the open sessions, here and on other nodes; nothing a client says changes
    them.
P2. Identity is the session's; what a client says of it is dropped.
P3. At most `NAMED` people are named, and while others are here, a message names `_NAMED_ANEW` more
    at most: it costs each viewer a bounded number of bytes, however many come and go.
P4. Where all can be named, the next message names them all.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from crdtchat.sync.awareness import AwarenessState, encode_awareness

NAMED = 50
"""How many connections of a page are named; all are counted."""
_NAMED_ANEW = 8
"""So many take the places of named people who left, in one message to a page of more than `NAMED`
connections. Where hundreds leave a second, all names would else be told anew every time, to
everybody."""
_LATEST = 2**32 - 2**20
"""Awareness clocks beyond this are not believed: behind the largest, nobody could follow."""
_MARGIN = 16
"""So many of its own clocks, told to others by the server, a stock client may have missed."""
_TOLD = 4
"""So many states of a stock client that the server told of are known again when they come back."""
_REMEMBERED = 1_024
_FAR = 2**40
"""Connections of other nodes are numbered from here."""


class Far(NamedTuple):
    """The people of one node, as it tells the others."""

    named: list[tuple[int, str, str, dict[str, object], int]]
    """Number there, user, name, state, awareness client id: `NAMED` at most."""
    others: dict[str, int]
    """Users of all other connections, and how many each has."""


@dataclass(slots=True)
class Person:
    """One connection."""

    number: int
    user: str
    name: str
    client: int
    """Client id its awareness state stands under; 0 while unknown."""
    leased: int = 0
    """Client id a v1 session writes under, and may send awareness under."""
    state: dict[str, object] = field(default_factory=dict)
    clock: int = 1
    told: list[tuple[int, int, dict[str, object]]] = field(default_factory=list)
    """What others were told of a stock client, the newest: first and last clock, and state."""

    def line(self) -> list[object]:
        """As a presence message lists it."""
        return [self.number, self.user, self.name, self.state]

    def awareness(self) -> AwarenessState:
        """As stock clients see it, stamped."""
        if self.told and self.told[-1][2] is self.state:
            self.told[-1] = (self.told[-1][0], self.clock, self.state)
        elif not self.leased:
            self.told = [*self.told[1 - _TOLD :], (self.clock, self.clock, self.state)]
        user = {"id": self.user, "name": self.name, "color": color(self.user)}
        return AwarenessState(self.client, self.clock, {**self.state, "user": user})

    def is_echo(self, clock: int, state: dict[str, object]) -> bool:
        """Whether it is what was told of this person, with its clock.

        A stock client takes over what it hears of itself, and says it again: also what it has said
        something newer than, which is on its way.
        """
        return any(first <= clock <= last and state == told for first, last, told in self.told)


class _FarPerson(NamedTuple):
    """A connection of another node."""

    ours: int
    """Our number for it."""
    user: str
    name: str
    client: int
    """Awareness client id, as it is told there."""


class Presence:
    """The people of one room, and what changed since the last message."""

    def __init__(self) -> None:
        self._people: dict[int, Person] = {}
        self._users: dict[str, int] = {}
        self._clients: dict[int, int] = {}
        """Awareness client id to session, so that nobody takes another's."""
        self._past: dict[int, int] = {}
        """Clocks of awareness client ids that left."""
        self._named: dict[int, None] = {}
        self._changed: dict[int, None] = {}
        self._gone: list[Person] = []
        self._far: dict[str, tuple[dict[int, _FarPerson], dict[str, int]]] = {}
        """Of other nodes: whom they name, by their number there, and the others they count."""
        self._far_numbers = _FAR
        self._renewal = b""
        """The newest; empty if something changed since."""
        self.dirty = False
        self.changes = 0
        """Grows with all that other nodes should know."""

    @property
    def people(self) -> int:
        """Number of different users."""
        return len(self._users)

    @property
    def connections(self) -> int:
        """Number of open sessions."""
        others = sum(sum(others.values()) for _, others in self._far.values())
        return len(self._people) + others

    def connections_of(self, user: str) -> int:
        """Number of sessions of a user, wherever they are."""
        return self._users.get(user, 0)

    @property
    def named(self) -> tuple[Person, ...]:
        """Those that messages name, at most `NAMED`."""
        return tuple(self._people[number] for number in self._named)

    def join(self, number: int, user: str, name: str, *, leased: int = 0, client: int = 0) -> None:
        """A session opened. `client`: what its awareness stands under, from `awareness_client`, or
        0 if a stock client is to choose it."""
        self.changes += number < _FAR
        while client in self._clients:
            client += 1
        # Stock clients take nothing for an id that they have heard of with a higher clock: neither
        # who comes back under it, by way of another node, nor that they have left.
        clock = self._past.pop(client, 0) + 1
        self._people[number] = Person(number, user, name, client, leased, clock=clock)
        self._count(user, 1)
        if client:
            self._clients[client] = number
        if len(self._people) <= NAMED:
            self._name(number)
        self.dirty = True

    def leave(self, number: int) -> None:
        """A session closed."""
        self._renewal = b""
        self.changes += number < _FAR
        person = self._people.pop(number)
        if person.client:
            del self._clients[person.client]
            self._past[person.client] = person.clock + 1
            if len(self._past) > _REMEMBERED:
                del self._past[next(iter(self._past))]
        self._count(person.user, -1)
        self._changed.pop(number, None)
        if number in self._named:
            del self._named[number]
            self._gone.append(person)
        self.dirty = True

    def update(self, number: int, state: dict[str, object]) -> None:
        """A session says what it does."""
        person = self._people[number]
        if state == person.state:
            return
        self._renewal = b""
        person.state = state
        person.clock += 1
        self.changes += number < _FAR
        if number in self._named:
            self._changed[number] = None
            self.dirty = True

    def awareness(self, number: int, states: Iterable[AwarenessState], seconds: int) -> int:
        """A session sent awareness: its own state counts; others' come back as echoes. Answers the
        client id that its state stands under, or 0.

        `seconds` since 1970: a stock client that comes back under an id that others know must not
        begin with an older clock than they saw, not even after a restart of the server.
        """
        self._renewal = b""
        person = self._people[number]
        for entry in states:
            clock = entry.clock if entry.clock <= _LATEST else 0
            free = entry.client and entry.client not in self._clients
            if not person.client and entry.state is not None and free:
                person.client = entry.client
                past = self._past.pop(entry.client, 0)
                person.clock = max(clock + _MARGIN, seconds, past) + 1
                self._clients[person.client] = number
                self.changes += 1
                self._mark(person)
            if entry.client and entry.client in (person.client, person.leased):
                state = dict(entry.state or {})
                state.pop("user", None)
                if person.is_echo(clock, state):
                    continue
                if not person.leased:
                    person.clock = max(person.clock, clock)
                self.update(number, state)
        return person.client

    def _mark(self, person: Person) -> None:
        if person.number in self._named:
            self._changed[person.number] = None
            self.dirty = True

    def flush(self) -> tuple[dict[str, object], bytes]:
        """What changed, as presence message and as awareness update; then it is forgotten.

        It is `dirty` again at once while there are more to be named.
        """
        self._renewal = b""
        self._name_more()
        changed = [self._people[number] for number in self._changed]
        info = self._info(changed, [person.number for person in self._gone])
        states = [person.awareness() for person in changed if person.client]
        states += [
            AwarenessState(person.client, person.clock + 1, None)
            for person in self._gone
            if person.client and person.client not in self._clients
        ]
        self._changed.clear()
        self._gone.clear()
        self.dirty = len(self._named) < min(NAMED, len(self._people))
        return info, encode_awareness(states) if states else b""

    def near(self) -> Far:
        """The people of this node."""
        own = [person for number, person in self._people.items() if number < _FAR]
        named = [
            (person.number, person.user, person.name, person.state, person.client)
            for person in own[:NAMED]
        ]
        return Far(named, dict(Counter(person.user for person in own[NAMED:])))

    def hear(self, node: str, far: Far) -> None:
        """Another node tells who is there now; nobody: it is gone, or has nobody here any more."""
        known, counted = self._far.pop(node, ({}, {}))
        there: dict[int, _FarPerson] = {}
        for number, user, name, _, client in far.named[:NAMED]:
            person = known.get(number)
            # Else it is another: a room that is opened anew counts from 1 again.
            if person is not None and person[1:] == (user, name, client):
                there[number] = person
        for number, person in known.items():
            if number not in there:
                self.leave(person.ours)
        for number, user, name, state, client in far.named[:NAMED]:
            if number not in there:
                self._far_numbers += 1
                there[number] = _FarPerson(self._far_numbers, user, name, client)
                self.join(self._far_numbers, user, name, client=client)
            self.update(there[number].ours, state)
        for user, count in counted.items():
            self._count(user, -count)
        for user, count in far.others.items():
            self._count(user, count)
        self.dirty = self.dirty or counted != far.others
        if there or far.others:
            self._far[node] = (there, far.others)

    def nodes(self) -> list[str]:
        """The other nodes that have people here."""
        return list(self._far)

    def _count(self, user: str, more: int) -> None:
        self._users[user] = self._users.get(user, 0) + more
        if not self._users[user]:
            del self._users[user]

    def snapshot(self, number: int) -> dict[str, object]:
        """Everything a newcomer needs to know."""
        info = self._info([self._people[named] for named in self._named], [])
        return {**info, "me": number, "full": True}

    def renewal(self) -> bytes:
        """All named states with new clocks: stock clients forget states of 30 seconds' age."""
        states = []
        for number in self._named:
            person = self._people[number]
            if person.client:
                person.clock += 1
                states.append(person.awareness())
        self._renewal = encode_awareness(states)
        return self._renewal

    def latest(self) -> bytes:
        """All named states for stock clients that may have missed some: with new clocks only if
        something changed since the last renewal, as many fall behind at once or none."""
        return self._renewal or self.renewal()

    def _info(self, here: list[Person], gone: list[int]) -> dict[str, object]:
        info: dict[str, object] = {"people": self.people, "connections": self.connections}
        if here:
            info["here"] = [person.line() for person in here]
        if gone:
            info["gone"] = gone
        return info

    def _name_more(self) -> None:
        """Those who have been here longest take the places of named people who left."""
        wanted = min(NAMED, len(self._people))
        if len(self._people) > NAMED:
            wanted = min(wanted, len(self._named) + _NAMED_ANEW)
        for number in self._people:
            if len(self._named) >= wanted:
                return
            if number not in self._named:
                self._name(number)

    def _name(self, number: int) -> None:
        self._renewal = b""
        self._named[number] = None
        self._changed[number] = None


def awareness_client(nonce: str) -> int:
    """An awareness client id of one v1 session, made of its unguessable nonce.

    Stock clients never forget the clock of an id, so no id comes back with a clock of 1: neither
    that of a lease that is continued, nor after a restart. Yjs chooses ids below 2^32.
    """
    return 2**32 + zlib.crc32(nonce.encode())


def activity(info: dict[str, object]) -> dict[str, object]:
    """What a v1 client may say of itself; anything else is dropped (P2)."""
    state: dict[str, object] = {}
    typing = info.get("typing")
    if isinstance(typing, str):
        state["typing"] = typing[:64]
    selection = info.get("selection")
    if (
        isinstance(selection, list)
        and len(selection) == 2
        and all(type(offset) is int for offset in selection)
    ):
        state["selection"] = selection
    return state


def color(user: str) -> str:
    """A colour of a user's own, the same everywhere: `#rrggbb`, dark enough for white letters."""
    seed = zlib.crc32(user.encode())
    channels = [(seed >> shift & 0x7F) + 0x20 for shift in (0, 8, 16)]
    return "#" + "".join(f"{channel:02x}" for channel in channels)
