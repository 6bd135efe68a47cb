"""Values that lack something when they are judged, which the rest of their update may bring.

A stock client that was offline tells of a comment that was edited since as an item without a value,
with its words behind all that was said of it meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from crdtchat.sync.codes import Refused, RejectCode
from crdtchat.sync.rules import Actor, Facts, Rule, RuleTable, View
from crdtchat.sync.update import Value

_LACKING = (RejectCode.UNKNOWN_ANNOTATION, RejectCode.UNKNOWN_COMMENT)
Place = tuple[str, str]
"""Root and key."""


class _Waiting(NamedTuple):
    """A value, and what its key held before it."""

    place: Place
    value: Value
    before: Facts | None
    position: int
    """How many values were written before it."""


class _Then:
    """All that an update brings, but of the value's own key and of deletions only what was there
    when it was written."""

    def __init__(
        self,
        view: View,
        mirror: View,
        rules: RuleTable,
        waiting: _Waiting,
        positions: Mapping[Place, int],
    ) -> None:
        self._view = view
        self._mirror = mirror
        self._rules = rules
        self._waiting = waiting
        self._positions = positions

    def facts(self, root: str, key: str) -> Facts | None:
        """See `View`."""
        if (root, key) == self._waiting.place:
            return self._waiting.before
        if self._rules[root].is_tombstone:
            position = self._positions.get((root, key), -1)
            if position > self._waiting.position:
                return self._mirror.facts(root, key)
        return self._view.facts(root, key)


class Hindsight:
    """One update's values that wait."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    def defer(
        self, refused: Refused, view: View, rule: Rule, place: Place, value: Value, position: int
    ) -> Facts:
        """Have the value judged again if it lacked something; answers its facts. Raises Refused."""
        if refused.code not in _LACKING:
            raise refused
        self._waiting.append(_Waiting(place, value, view.facts(*place), position))
        return rule.facts(place[1], value)

    def judge(
        self, view: View, mirror: View, rules: RuleTable, actor: Actor, written: Sequence[Place]
    ) -> None:
        """All of the update is in `view`, in the order of `written`. Raises Refused."""
        positions = {place: position for position, place in enumerate(written)}
        for waiting in self._waiting:
            root, key = waiting.place
            then = _Then(view, mirror, rules, waiting, positions)
            rules[root].write(then, actor, key, waiting.value)
