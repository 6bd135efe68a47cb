"""Two nodes on one log: rooms whose appends are conditional, and what is told between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

from crdtchat.document.replica import Replica
from crdtchat.document.schema import ROOTS
from crdtchat.sync import effects
from crdtchat.sync.leases import Lease
from crdtchat.sync.tuning import SPREAD, Moment, Tuning
from tests.client.world import Client, Clock, Content, Server


class Log:
    """What a store keeps of one page."""

    def __init__(self) -> None:
        self.entries: list[effects.LogEntry] = []
        self.leases: dict[int, Lease] = {}
        self.nonces = count(1)


class Node(Server):
    """A server process of several."""

    def __init__(self, clock: Clock, log: Log, *, spread: int = SPREAD) -> None:
        """`spread`: over so many ids leases are scattered; 0: it knows of no other nodes."""
        self.shared = log
        self.conflicts = 0
        self.settled: list[effects.Settled] = []
        super().__init__(clock, Tuning(spread_clients=spread))
        self.nonces = log.nonces

    def start(self) -> None:
        self.log, self.leases = list(self.shared.entries), dict(self.shared.leases)
        super().start()

    def perform(self, wanted: Iterable[effects.Effect]) -> None:
        wanted = list(wanted)
        self.settled += [one for one in wanted if isinstance(one, effects.Settled)]
        super().perform(wanted)

    def commit(self) -> None:
        """Append what is pending, if nobody was faster; else take in what others wrote."""
        append = self.pending
        if append is None:
            return
        self.pending = None
        if append.after == len(self.shared.entries):
            self.shared.entries += append.entries
            self.shared.leases.update({lease.client: lease for lease in append.leases})
            self.perform(self.room.committed(self.clock.moment()))
        else:
            self.conflicts += 1
            self.absorb()

    def hear(self) -> None:
        """What others wrote is told; while an append is under way, its end is waited for."""
        if self.pending is None and self.room.history.sequence < len(self.shared.entries):
            self.absorb()

    def look(self) -> None:
        """The log was looked at."""
        if self.pending is None and self.room.history.sequence < len(self.shared.entries):
            self.absorb()
        super().look()

    def absorb(self) -> None:
        news = self.shared.entries[self.room.history.sequence :]
        leases = list(self.shared.leases.values())
        self.perform(self.room.absorb(news, leases, self.clock.moment()))


def settle(nodes: Sequence[Node], clients: Iterable[Client]) -> None:
    """Connect everybody, and go on until nothing moves."""
    everybody = list(clients)
    for _ in range(10_000):
        moved = False
        for client in everybody:
            client.connect()
            while client.carry_up() or client.transmit() or client.carry_down():
                moved = True
            if client.wake_at and client.session is not None:
                client.server.clock.wall = max(client.server.clock.wall, client.wake_at)
                client.wake_at = 0
                client.perform(client.provider.receive_time(client.now()))
                moved = True
        for node in nodes:
            before = node.room.history.sequence
            node.perform(node.room.wake(Moment(float("inf"), node.clock.now())))
            moved = moved or node.pending is not None
            node.commit()
            node.hear()
            moved = moved or node.room.history.sequence != before
        if not moved and not any(client.up or client.down for client in everybody):
            return
    raise AssertionError("the world does not come to rest")


def fold_of(log: Log) -> Content:
    """A fresh fold of the log."""
    replica = Replica()
    for entry in log.entries:
        replica.apply(entry.update)
    return {root: replica.values(root) for root in ROOTS}
