"""The committing thread of a simulated process: `crdtchat.host.committer` in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from crdtchat.host.committer import Committer, Outcome
from crdtchat.stores.base import Append, StoreError
from crdtchat.testing.simulator.disk import Disk
from crdtchat.testing.simulator.timeline import Timeline
from crdtchat.testing.simulator.trace import Trace

_Settle = Callable[[Outcome], None]


class CommittingThread(Committer):
    """While one transaction runs, the next gathers. A transaction takes time, is on disk at one
    moment, and is settled at a later one: the process may die before, between or behind them."""

    def __init__(
        self,
        timeline: Timeline,
        disk: Disk,
        trace: Trace,
        chance: Random,
        settled: Callable[[], None],
    ) -> None:
        self._timeline = timeline
        self._disk = disk
        self._trace = trace
        self._chance = chance
        self._settled = settled
        self._alive = True
        self._gathering: list[tuple[Append, _Settle]] = []
        self._running: list[tuple[Append, _Settle]] = []
        self._outcomes: list[Outcome] | None = None
        """Of the running transaction, once it is on disk or has failed."""

    def submit(self, append: Append, settle: _Settle) -> None:
        """See `Committer`."""
        self._gathering.append((append, settle))
        if not self._running:
            self._later(0.0, self._begin)

    def write_down(self) -> None:
        """The running transaction gets on disk now, or fails, if it has not yet."""
        if self._outcomes is not None or not self._running:
            return
        appends = [append for append, _ in self._running]
        try:
            self._outcomes = list(self._disk.append(appends))
        except StoreError as error:
            self._outcomes = [error] * len(appends)

    async def flush(self) -> None:
        """Not in virtual time: see `flush_now`."""
        raise NotImplementedError

    def flush_now(self) -> None:
        """Commit all that waits, without letting time pass."""
        while self._running or self._gathering:
            if not self._running:
                self._running, self._gathering = self._gathering, []
            self.write_down()
            self._settle()

    def stop(self) -> None:
        """The process is gone."""
        self._alive = False

    def _begin(self) -> None:
        if self._gathering and not self._running:
            self._running, self._gathering = self._gathering, []
            pause = self._chance.uniform(0.0005, self._disk.pace)
            self._later(pause, self.write_down)
            self._later(pause + self._chance.uniform(0.0005, 0.01), self._settle)

    def _settle(self) -> None:
        if self._outcomes is None:
            return
        outcomes, self._outcomes = self._outcomes, None
        running, self._running = self._running, []
        for (append, settle), outcome in zip(running, outcomes, strict=True):
            what = outcome if isinstance(outcome, int) else type(outcome).__name__
            self._trace.note("disk", f"{append.key.tenant}: {len(append.entries)} -> {what}")
            settle(outcome)
        self._settled()
        if self._gathering:
            self._later(0.0, self._begin)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        def act() -> None:
            if self._alive:
                action()

        self._timeline.after(seconds, act)
