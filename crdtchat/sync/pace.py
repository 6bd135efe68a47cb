"""When the operations that wait on a page go out."""

from __future__ import annotations


class Pace:
    """Who writes seldom is not held up; what comes faster than its readers can be written to is
    gathered.

    Waiting pays where it brings company. An append of one operation had none, and costs half a
    tick; one of more costs a tick. A tick is on credit, so that two who write in the same moment,
    or a little faster than usual, do not wait either.

    P1. No operation waits longer than a tick after the append before it began.
    P2. In the long run there is one append of several operations for each tick, or two of one.
    """

    __slots__ = ("_spent",)

    def __init__(self, now: float) -> None:
        """`now` and all times: steady seconds."""
        self._spent = now

    def next_after(self, operations: int, tick: float, now: float) -> float:
        """An append of so many operations begins: when may the next?"""
        price = tick if operations > 1 else tick / 2
        self._spent = min(max(self._spent, now) + price, now + 2 * tick)
        return self._spent - tick
