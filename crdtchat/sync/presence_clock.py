"""When a room tells its viewers who is here."""

from __future__ import annotations

from crdtchat.sync.tuning import Moment, Tuning

NEVER = float("inf")


class PresenceClock:
    """Changes are gathered for a tick, and told after a pause that grows with the page; stock
    clients need renewals."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._told_at = -NEVER
        self._changes_at = NEVER
        self._renewal_at = NEVER
        self.wake_at = NEVER
        """Steady time of the next of both; infinity for never."""

    def changed(self, viewers: int, now: Moment) -> None:
        """Something changed that `viewers` people want to know."""
        if self._changes_at == NEVER:
            tuning = self._tuning
            pause = min(tuning.presence_pause_per_session * viewers, tuning.longest_presence_pause)
            self._changes_at = max(now.steady + tuning.presence_tick, self._told_at + pause)
            self.wake_at = min(self.wake_at, self._changes_at)

    def renew(self, now: Moment) -> None:
        """A stock client is here: renew its neighbours' states from time to time."""
        if self._renewal_at == NEVER:
            self._renewal_at = now.steady + self._tuning.renewal
            self.wake_at = min(self.wake_at, self._renewal_at)

    def changes_due(self, now: Moment) -> bool:
        """Whether to send the changes now; if so, the tick ends."""
        due = self._changes_at <= now.steady and self._changes_at < NEVER
        if due:
            self._told_at = now.steady
            self._changes_at, self.wake_at = NEVER, self._renewal_at
        return due

    def renewal_due(self, now: Moment) -> bool:
        """Whether to renew now; if so, `renew` has to be called again."""
        due = self._renewal_at <= now.steady and self._renewal_at < NEVER
        if due:
            self._renewal_at, self.wake_at = NEVER, self._changes_at
        return due
