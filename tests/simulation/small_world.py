"""Two server processes, two clients and one log, moved by hand: a model small enough to try all.

Rooms, providers, verifier and `Gathering` are the real ones. What is modelled is what the world
decides: who is heard first, when a transaction commits and when that is noticed, which process
dies, and where its clients go. Time stands still, so that two ways to one state give one state.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from crdtchat.client.actions import Actions
from crdtchat.client.effects import Effect, Hangup, Send
from crdtchat.client.intents import Operation
from crdtchat.client.provider import NORMAL, Phase, Provider
from crdtchat.document.replica import Replica
from crdtchat.document.rules import RULES
from crdtchat.document.schema import ROOTS
from crdtchat.host.attendance import Attendance
from crdtchat.host.committer import Committer, Outcome
from crdtchat.host.counters import Counters
from crdtchat.host.following import News
from crdtchat.host.gathering import Gathering
from crdtchat.host.hook_list import HookList
from crdtchat.host.sources import Sources
from crdtchat.stores.base import Append, Conflict, DocumentKey, Entry, Lease, Loaded
from crdtchat.sync import message
from crdtchat.sync.fold import fold
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment, Tuning
from crdtchat.sync.update import decode_update

KEY = DocumentKey("demo", "page")
NOW = Moment(1_000.0, 1_800_000_000_000)


class Still(Sources):
    """No time passes. Nonces are those that `World` sets."""

    nonces = ""

    def now(self) -> Moment:
        return NOW

    def nonce(self) -> str:
        return self.nonces


@dataclass
class Log:
    """What is on disk."""

    entries: list[Entry] = field(default_factory=list)
    leases: dict[int, Lease] = field(default_factory=dict)
    mirror: Mirror = field(default_factory=Mirror)

    def append(self, append: Append) -> int | Conflict:
        if append.after != len(self.entries):
            return Conflict(1, len(self.entries))
        self.entries += append.entries
        self.leases |= {lease.client: lease for lease in append.leases}
        for entry in append.entries:
            fold(entry.update, self.mirror, RULES)
        return len(self.entries)

    def load(self) -> Loaded:
        """All of it."""
        leases = tuple(self.leases[client] for client in sorted(self.leases))
        return Loaded(sequence=len(self.entries), entries=tuple(self.entries), leases=leases)

    def ids(self) -> list[bytes]:
        return [entry.broadcast_id for entry in self.entries if entry.principal]

    def require(self, frame: bytes) -> None:
        """Invariant 2: nobody is sent or told what is not here."""
        match message.decode_from_server(frame):
            case message.Batch(_, _, update, events):
                for section in decode_update(update, TRUSTED).sections:
                    assert section.end <= self.mirror.next_clock(section.client), "not committed"
                assert {event.broadcast_id for event in events} <= set(self.ids())
            case message.Ack(_, _, ids):
                assert set(ids) <= set(self.ids()), "acknowledged and not committed"


class Node(Committer):
    """One server process. A transaction is on disk in one step and noticed in a later one; so is
    what the process reads, and what it hears from others."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.neighbour: Node | None = None
        """Who hears what it appends; None: nobody, as when the broker is down."""
        self.counters = Counters()
        self.sources = Still()
        self.crash()

    def crash(self) -> None:
        self.room: Gathering | None = None
        self.waiting_appends: deque[tuple[Append, Callable[[Outcome], None]]] = deque()
        self.outcomes: deque[tuple[Callable[[Outcome], None], Outcome]] = deque()
        self.reads: deque[Gathering] = deque()
        self.news: deque[News] = deque()

    def submit(self, append: Append, settle: Callable[[Outcome], None]) -> None:
        self.waiting_appends.append((append, settle))

    def commit(self) -> None:
        append, settle = self.waiting_appends.popleft()
        self.outcomes.append((settle, self.log.append(append)))

    def notice(self) -> None:
        settle, outcome = self.outcomes.popleft()
        settle(outcome)

    def read(self) -> None:
        room = self.reads.popleft()
        room.following.loaded(room, self.log.load())

    def hear(self) -> None:
        news = self.news.popleft()
        if self.room is not None and not self.room.dropped:
            self.room.following.hear(self.room, news)

    def changed(self, room: Gathering) -> None:
        """See `Keeper`."""

    def read_rest(self, room: Gathering) -> None:
        """See `Keeper`."""
        self.reads.append(room)

    def tell(self, room: Gathering, append: Append) -> None:
        """See `Keeper`."""
        if self.neighbour is not None:
            news = News(append.epoch, append.after + 1, append.entries, append.leases)
            self.neighbour.news.append(news)

    def open(self) -> Gathering:
        if self.room is None or self.room.dropped:
            self.room = Gathering(
                KEY,
                self.log.load(),
                committer=self,
                counters=self.counters,
                sources=self.sources,
                tuning=Tuning(longest_tick=0.0),  # time that stands still brings no tick
                hooks=HookList(),
                keeper=self,
            )
        return self.room


class Client:
    """A provider, its connection to a node, and the pipe to it."""

    def __init__(self, user: str, role: str = "commenter") -> None:
        self.user = user
        self.peer = Peer(user, user.title(), role, True, role == "moderator")
        self.provider = Provider()
        self.actions = Actions(self.provider, random.Random(user).randbytes)
        self.submitted: list[Operation] = []
        self.up: deque[bytes] = deque()
        self.room: Gathering | None = None
        self.number = 0
        self.joins = 0
        self.attendance: Attendance | None = None

    def connect(self, node: Node) -> None:
        self.room = node.open()
        self.joins += 1
        client, _, nonce = self.provider.lease.partition("-")
        self.number, wanted = self.room.room.join(
            self.peer,
            v1=True,
            nonce=f"{self.user}{self.joins}",
            now=NOW,
            resume=(int(client), nonce) if nonce else None,
        )
        self.attendance = self.room.attend(self.number)
        self.room.perform(wanted)
        self._perform(self.provider.receive_opened())

    def submit(self, operation: Operation) -> None:
        self.submitted.append(operation)
        self._perform(self.provider.submit(operation, NOW.wall))

    def carry_up(self) -> None:
        assert self.room is not None
        self.room.receive(self.number, self.up.popleft())

    @property
    def may_carry_down(self) -> bool:
        attendance = self.attendance
        return attendance is not None and (bool(attendance.outbox) or bool(attendance.ending))

    def carry_down(self, log: Log) -> None:
        """All that the server has for it; then the end of the connection, if there is one."""
        assert self.attendance is not None
        for frame in self.attendance.outbox.take():
            log.require(frame)
            self._perform(self.provider.receive_frame(frame, NOW.wall))
        if self.attendance.ending is not None:
            self.cut(int(self.attendance.ending[0]))

    def cut(self, code: int = 1006, *, process_lives: bool = True) -> None:
        if self.room is not None and process_lives:
            self.room.leave(self.number)
        self.room = self.attendance = None
        self.up.clear()
        self.provider.receive_closed(code, "")

    def content(self) -> dict[str, object]:
        return {root: self.provider.values(root) for root in ROOTS}

    def _perform(self, wanted: Iterable[Effect]) -> None:
        for effect in wanted:
            if isinstance(effect, Hangup):
                assert effect.code == NORMAL, effect
                self.cut(effect.code)
            if isinstance(effect, Send):
                self.up.append(effect.frame)


Step = tuple[str, int, int]
"""What happens, to whom, and (of a connection) where."""


class World:
    """See the module. `crashes`: how many times a process may die; `broker`: whether they hear of
    each other."""

    def __init__(self, crashes: int, *, broker: bool) -> None:
        self.log = Log()
        self.nodes = [Node(self.log), Node(self.log)]
        if broker:
            for node, other in zip(self.nodes, reversed(self.nodes), strict=True):
                node.neighbour = other
        self.clients = [Client("ann", "moderator"), Client("bob")]
        self.crashes = crashes

    def steps(self) -> list[Step]:
        """What may happen now."""
        found: list[Step] = []
        for number, client in enumerate(self.clients):
            if client.room is None:
                if client.provider.phase is not Phase.STOPPED:
                    found += [("connect", number, node) for node in range(len(self.nodes))]
                continue
            if client.up and not client.room.dropped:
                found.append(("up", number, 0))
            if client.may_carry_down:
                found.append(("down", number, 0))
        for number, node in enumerate(self.nodes):
            if node.waiting_appends:
                found.append(("commit", number, 0))
            if node.outcomes:
                found.append(("notice", number, 0))
            if node.reads:
                found.append(("read", number, 0))
            if node.news:
                found.append(("hear", number, 0))
            if self.crashes and (node.waiting_appends or node.outcomes):
                found.append(("crash", number, 0))
        return found

    def do(self, step: Step) -> None:
        kind, number, place = step
        match kind:
            case "up":
                self.clients[number].carry_up()
            case "down":
                self.clients[number].carry_down(self.log)
            case "connect":
                self.clients[number].connect(self.nodes[place])
            case "commit":
                self.nodes[number].commit()
            case "notice":
                self.nodes[number].notice()
            case "read":
                self.nodes[number].read()
            case "hear":
                self.nodes[number].hear()
            case "crash":
                self.crashes -= 1
                dead = self.nodes[number].room
                self.nodes[number].crash()
                for client in self.clients:
                    if client.room is not None and client.room is dead:
                        client.cut(process_lives=False)

    def fingerprint(self) -> tuple[object, ...]:
        """Equal for states that go on equally."""
        nodes = []
        for node in self.nodes:
            room = node.room
            nodes.append(
                (
                    [(append.after, append.entries) for append, _ in node.waiting_appends],
                    [outcome for _, outcome in node.outcomes],
                    [reading is room for reading in node.reads],
                    list(node.news),
                    room
                    and (
                        room.dropped,
                        room.room.history.sequence,
                        sorted(room.room.ledger.mirror.state_vector().items()),
                        len(room.room.ledger.waiting),
                        len(room.room.ledger.flying),
                        room.replica.state(),
                        vars(room.following) | {"_read_rest": None},
                    ),
                )
            )
        clients = [
            (
                client.provider.phase,
                client.provider.lease,
                client.provider.state(),
                [operation.broadcast_id for operation in client.provider.outbox],
                len(client.provider.outbox.written),
                client.provider.drafts,
                list(client.up),
                [node.room is client.room for node in self.nodes] if client.room else [],
                client.joins,
                client.attendance
                and (client.attendance.ending, list(client.attendance.outbox._frames)),
            )
            for client in self.clients
        ]
        return (repr(nodes), repr(clients), tuple(self.log.ids()), self.crashes)

    def rest(self) -> None:
        """Nothing more happens by itself: everybody has been answered. Then all come to a new
        process, and everything that waits is done."""
        for client in self.clients:
            assert client.provider.phase is Phase.LIVE
            assert not client.provider.outbox, "never answered"
        for node in self.nodes:
            node.crash()
        last = Node(self.log)
        for client in self.clients:
            if client.room is not None:
                client.cut(process_lives=False)
            client.connect(last)
        for _ in range(200):
            busy = False
            for client in self.clients:
                if client.room is None and client.provider.phase is not Phase.STOPPED:
                    client.connect(last)
                while client.room is not None and (client.up or client.may_carry_down):
                    busy = True
                    if client.up:
                        client.carry_up()
                    if client.may_carry_down:
                        client.carry_down(self.log)
            while last.waiting_appends:
                busy = True
                last.commit()
                last.notice()
            assert not last.reads
            if not busy:
                break
        self.check(last)

    def check(self, last: Node) -> None:
        """Invariants 1, 2 and 8 of the design."""
        again = Replica()
        for entry in self.log.entries:
            again.apply(entry.update)
        truth = {root: again.values(root) for root in ROOTS}
        room = last.open()
        assert {root: room.replica.values(root) for root in ROOTS} == truth
        assert room.room.ledger.mirror.live_ids() == self.log.mirror.live_ids()
        for deleted in truth["d"]:
            behind = [key for root in "ac" for key in truth[root] if key.startswith(deleted)]
            assert not behind, "written after the deletion that another process had committed"
        ids = self.log.ids()
        assert len(ids) == len(set(ids)), "committed twice"
        for client in self.clients:
            provider = client.provider
            assert provider.phase is Phase.LIVE
            assert not provider.outbox
            assert client.content() == truth
            drafts = [draft.broadcast_id for draft in provider.drafts]
            for operation in client.submitted:
                told = drafts.count(operation.broadcast_id)
                if operation.broadcast_id not in ids:
                    assert told == 1, "neither in the log nor with its author"
                elif told:
                    # Its ack was lost, and somebody has deleted it by the time its author asks.
                    assert told == 1
                    assert not any(key in truth[root] for root, key, _ in operation.intents)
