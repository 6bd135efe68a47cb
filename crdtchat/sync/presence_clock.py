"""When a room tells its viewers who is here."""

from __future__ import annotations

from crdtchat.sync.tuning import Moment, Tuning


class PresenceClock:
    """Changes are gathered for a tick that grows with the page; stock clients need renewals."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._changes_at = 0.0
        self._renewal_at = 0.0

    def changed(self, viewers: int, now: Moment) -> None:
        """Something changed that `viewers` people want to know."""
        if not self._changes_at:
            tuning = self._tuning
            tick = tuning.presence_tick + tuning.presence_tick_per_session * viewers
            self._changes_at = now.steady + min(tick, tuning.longest_presence_tick)

    def renew(self, now: Moment) -> None:
        """A stock client is here: renew its neighbours' states from time to time."""
        self._renewal_at = self._renewal_at or now.steady + self._tuning.renewal

    def changes_due(self, now: Moment) -> bool:
        """Whether to send the changes now; if so, the tick ends."""
        due = 0.0 < self._changes_at <= now.steady
        if due:
            self._changes_at = 0.0
        return due

    def renewal_due(self, now: Moment) -> bool:
        """Whether to renew now; if so, `renew` has to be called again."""
        due = 0.0 < self._renewal_at <= now.steady
        if due:
            self._renewal_at = 0.0
        return due

    @property
    def wake_at(self) -> float:
        """Steady time of the next of both; infinity for never."""
        times = [time for time in (self._changes_at, self._renewal_at) if time]
        return min(times, default=float("inf"))
