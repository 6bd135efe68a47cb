"""Who is here, as the server tells it: exact counts and a bounded sample of names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crdtchat.sync.codes import Malformed


@dataclass(frozen=True, slots=True)
class Person:
    """One connection to the page. A person may have several."""

    connection: int
    user: str
    name: str
    typing: str | None = None
    """Id of the annotation in whose thread they type."""
    selection_cp: tuple[int, int] | None = None
    """What they selected, as offsets into the page's text in code points."""


class Presence:
    """The people of one page."""

    def __init__(self) -> None:
        self.people = 0
        """Number of different users here."""
        self.connections = 0
        """Number of open connections."""
        self.me = 0
        """Number of this connection; 0 while unknown."""
        self._here: dict[int, Person] = {}

    @property
    def here(self) -> tuple[Person, ...]:
        """Those whom the server names (at most 50 a page), in order of arrival."""
        return tuple(self._here[number] for number in sorted(self._here))

    def clear(self) -> None:
        """The connection is gone: nothing is known."""
        self.people = self.connections = self.me = 0
        self._here.clear()

    def receive(self, info: Mapping[str, object]) -> None:
        """Take in a presence message. Raises Malformed."""
        people, connections = info.get("people"), info.get("connections")
        here, gone = info.get("here", []), info.get("gone", [])
        me = info.get("me", self.me)
        if not (
            isinstance(people, int)
            and isinstance(connections, int)
            and isinstance(me, int)
            and isinstance(here, list)
            and isinstance(gone, list)
            and all(isinstance(number, int) for number in gone)
        ):
            raise Malformed("not a presence message")
        named = [_person(line) for line in here]
        if info.get("full") is True:
            self._here.clear()
        self.people, self.connections, self.me = people, connections, me
        for number in gone:
            self._here.pop(number, None)
        for person in named:
            self._here[person.connection] = person


def _person(line: object) -> Person:
    match line:
        case [int(number), str(user), str(name), dict(state), *_]:
            typing = state.get("typing")
            return Person(
                number,
                user,
                name,
                typing if isinstance(typing, str) else None,
                _span(state.get("selection")),
            )
    raise Malformed("not a line of a presence message")


def _span(value: object) -> tuple[int, int] | None:
    match value:
        case [int(start), int(end)]:
            return start, end
    return None
