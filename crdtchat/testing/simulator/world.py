"""A whole simulated world: server processes, their disk and broker, and clients on three pages.

Everything is driven by the methods below and by virtual time; chance (latencies, ids, who notices
what when) comes from the seed. `story.py` chooses what happens from the same seed, Hypothesis
chooses by itself.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from random import Random

from crdtchat.document.ids import new_broadcast_id
from crdtchat.document.rebuild import Content, forget_annotations
from crdtchat.host.erasing import rewrite
from crdtchat.host.gathering import Gathering
from crdtchat.stores.base import DocumentKey, Erasure, Loaded, StoreError
from crdtchat.sync.codes import Refused
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Tuning
from crdtchat.testing.simulator.author import Author
from crdtchat.testing.simulator.deeds import Deeds
from crdtchat.testing.simulator.disk import Disk
from crdtchat.testing.simulator.grapevine import Grapevine
from crdtchat.testing.simulator.intruder import Intruder
from crdtchat.testing.simulator.node import Node
from crdtchat.testing.simulator.tab import Tab
from crdtchat.testing.simulator.timeline import Timeline
from crdtchat.testing.simulator.trace import Trace
from crdtchat.testing.simulator.visitor import Surroundings, Visitor
from crdtchat.testing.simulator.witness import Witness

PAGES = {
    DocumentKey("north", "page"): b"northgate",
    DocumentKey("south", "page"): b"southmole",
    DocumentKey("north", "page", "scope"): b"eastfield",
}
"""Pages, and what occurs in their texts and names and nowhere else."""
TIGHT = Tuning(
    batch=3,
    early=6,
    in_flight=8,
    outbox_bytes=1_500,
    answers_bytes=65_536,
    ring_bytes=1_200,
)
"""Bounds so narrow that a simulation meets all of them."""
_FEW_CLIENTS = 3
"""Nodes scatter leases over so few ids that they take each other's all the time."""
_TRIES = 5
"""Of a rebuild that others are faster than."""
_ROLES = (("ann", True, False), ("bob", True, False), ("eve", True, False), ("mod", True, True))


class World:
    """See above. Raises InvariantBroken as soon as a promise is broken."""

    def __init__(self, seed: int, nodes: int = 1, tuning: Tuning = TIGHT) -> None:
        self.tuning = tuning
        if nodes > 1:
            self.tuning = replace(tuning, spread_clients=_FEW_CLIENTS)
        self.chance = Random(seed)
        self.timeline = Timeline()
        self.trace = Trace(self.timeline)
        self.witness = Witness(self.trace, PAGES)
        self.disk = Disk(
            self.chance,
            lambda key, entries: self.witness.committed(key, list(entries)),
            self.witness.rebuilt,
        )
        self.grapevine = Grapevine(self.timeline, self.chance) if nodes > 1 else None
        self.nodes = [
            Node(
                number,
                self.timeline,
                self.disk,
                self.grapevine,
                self.trace,
                self.witness,
                self.chance,
                self.tuning,
            )
            for number in range(1, nodes + 1)
        ]
        self.around = Surroundings(
            self.timeline, self.nodes, self.trace, self.witness, self.chance, count(1)
        )
        self._gossiped = False
        """Whether the broker has lost anything."""
        self.authors: list[Author] = []
        self.tabs: list[Tab] = []
        self.intruders: list[Intruder] = []
        self._deeds: dict[str, Deeds] = {}
        self._names = count(1)
        self._siblings: dict[tuple[DocumentKey, str], list[Tab]] = {}
        for key, mark in PAGES.items():
            for user, may_comment, may_moderate in (*_ROLES, ("vic", False, False)):
                self._introduce(key, mark, user, may_comment, may_moderate)
        self.timeline.on_step(self._look)

    def _introduce(
        self, key: DocumentKey, mark: bytes, user: str, may_comment: bool, may_moderate: bool
    ) -> None:
        role = "moderator" if may_moderate else "commenter" if may_comment else "viewer"
        name = f"{user} of {mark.decode()}"
        self.witness.peers[key][user] = Peer(user, name, role, may_comment, may_moderate)

    # ---- who is there

    def peer(self, key: DocumentKey, user: str) -> Peer:
        """A user of a page, as a session gets them."""
        return replace(self.witness.peers[key][user])

    def add_author(self, key: DocumentKey, user: str) -> Author:
        """An honest client of `crdtchat.v1` opens the page."""
        author = Author(self.around, self._name("v1", user), key, self.peer(key, user))
        self.authors.append(author)
        self._deeds[author.who] = Deeds(
            author.provider, author.peer, PAGES[key].decode(), self.chance.randbytes
        )
        return author

    def add_tab(self, key: DocumentKey, user: str) -> Tab:
        """An honest stock client opens the page in a tab of its own."""
        siblings = self._siblings.setdefault((key, user), [])
        tab = Tab(self.around, self._name("tab", user), key, self.peer(key, user), siblings)
        self.tabs.append(tab)
        self._deeds[tab.who] = Deeds(tab, tab.peer, PAGES[key].decode(), self.chance.randbytes)
        return tab

    def add_intruder(self, key: DocumentKey, user: str, *, v1: bool) -> Intruder:
        """A hostile client opens the page."""
        who = self._name("bad", user)
        intruder = Intruder(self.around, who, key, self.peer(key, user), v1=v1)
        self.intruders.append(intruder)
        return intruder

    @property
    def honest(self) -> list[Author | Tab]:
        """The honest clients that are still there."""
        authors = [author for author in self.authors if author.present]
        return [*authors, *(tab for tab in self.tabs if tab.present)]

    @property
    def visitors(self) -> list[Visitor]:
        """All clients that are still there."""
        return [*self.honest, *(one for one in self.intruders if one.present)]

    def _name(self, kind: str, user: str) -> str:
        return f"{kind}-{user}-{next(self._names)}"

    # ---- what happens

    def do(self, who: Author | Tab, kind: str, a: int, b: int) -> None:
        """An honest client writes something, online or not."""
        if isinstance(who, Tab) and not who.peer.may_comment:
            return
        operation = self._deeds[who.who].make(kind, a, b, self.timeline.wall)
        self.trace.note(who.who, f"does {kind} {operation.broadcast_id.hex()[:8]}")
        who.do(operation)

    def write(self, key: DocumentKey, user: str, kind: str, a: int, b: int) -> None:
        """Somebody writes over REST."""
        node = self.around.some_node()
        if not node.up:
            return
        peer = self.peer(key, user)
        broadcast_id = new_broadcast_id(self.chance.randbytes)
        self.trace.note("rest", f"{kind} by {user} {broadcast_id.hex()[:8]}")
        archive = self.witness.archives[key]

        def settle(sequence: int) -> None:
            self.trace.note("rest", f"{broadcast_id.hex()[:8]} is {sequence}")
            if sequence > archive.sequence:
                raise self.trace.fail("a REST write is answered before its commit")

        def refused(error: StoreError | Refused) -> None:
            self.trace.note("rest", f"refused: {error}")

        def opened(room: Gathering) -> None:
            page = _RestPage(room, user)
            deeds = Deeds(page, peer, PAGES[key].decode(), self.chance.randbytes)
            try:
                intents = deeds.make(kind, a, b, self.timeline.wall).intents
                node.write(room, peer, intents, broadcast_id, settle)
            except Refused as error:
                refused(error)

        node.open(key, opened, refused)

    def erase(self, key: DocumentKey, number: int) -> None:
        """An operator erases an annotation of a page for good, as `crdtchat erase` does."""
        there = sorted(self.witness.archives[key].annotations)
        if not there:
            return
        aid = there[number % len(there)]
        self.trace.note("erase", f"{aid} of {key.tenant}")
        self._rebuild(key, aid, _TRIES)

    def _rebuild(self, key: DocumentKey, aid: str, tries: int) -> None:
        """Read at one moment, write at a later one, again if somebody was faster."""
        now = self.timeline.wall

        def change(content: Content, loaded: Loaded) -> Content:
            return forget_annotations(content, {aid}, now)

        try:
            loaded = self.disk.load(key)
        except StoreError as error:
            self.trace.note("erase", f"cannot: {error}")
            return
        rewritten = rewrite(loaded, change)
        if not isinstance(rewritten, tuple):
            raise self.trace.fail(f"{key} cannot be rebuilt: {rewritten}")

        def write() -> None:
            erasure = Erasure(key, loaded.epoch, loaded.sequence, rewritten[1])
            try:
                outcome = self.disk.erase(erasure)
            except StoreError as error:
                self.trace.note("erase", f"cannot: {error}")
                return
            if isinstance(outcome, int):
                self.trace.note("erase", f"{key.tenant} is in epoch {outcome}")
            elif tries > 1:
                self._rebuild(key, aid, tries - 1)

        self.timeline.after(self.chance.uniform(0.001, 0.1), write)

    def crash(self, node: Node, *, kept: bool) -> None:
        """A process dies and comes back after a moment."""
        if node.up:
            node.crash(kept=kept)
            self.timeline.after(0.2, node.start)

    def restart(self, node: Node) -> None:
        """A process is stopped in good order and comes back after a moment."""
        if node.up:
            node.stop()
            self.timeline.after(0.2, node.start)

    def set_disk(self, *, available: bool, full: bool = False) -> None:
        """The disk goes, is full, or is in order again."""
        state = "is full" if full else "is back" if available else "is gone"
        if (self.disk.available, self.disk.full) != (available, full):
            self.trace.note("disk", state)
            self.disk.available, self.disk.full = available, full

    def set_stumbling(self, refusing: float, losing: float) -> None:
        """The disk fails now and then, before it does what is asked for or behind that."""
        self.trace.note("disk", f"refuses {refusing:.1f}, does not answer {losing:.1f}")
        self.disk.refusing, self.disk.losing = refusing, losing

    def set_gossip(self, losing: float, repeating: float, slow: float) -> None:
        """The broker loses, repeats and reorders."""
        if self.grapevine is not None:
            self._gossiped = True
            self.trace.note("broker", f"loses {losing:.1f}, repeats {repeating:.1f}, {slow} s")
            self.grapevine.losing, self.grapevine.repeating = losing, repeating
            self.grapevine.slow, self.grapevine.well = slow, False

    def set_pace(self, seconds: float) -> None:
        """Transactions take so long at most."""
        self.disk.pace = seconds

    def set_skew(self, milliseconds: int, node: Node | None = None) -> None:
        """The wall clock jumps: of all clients and servers, or of one node. Within the five
        minutes that records may be ahead of it."""
        self.trace.note("clock", f"jumps to {milliseconds} ms off, {node.name if node else 'all'}")
        if node is None:
            self.timeline.set_skew(milliseconds)
        else:
            node.skew_ms = milliseconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.timeline.run_for(seconds)

    def calm(self) -> None:
        """End all faults and let everybody come to rest."""
        self.trace.note("world", "calms down")
        self.disk.heal()
        if self.grapevine is not None:
            self.grapevine.heal()
        for visitor in self.visitors:
            if not visitor.network:
                visitor.go_online()
            visitor.stall(False)
        for tab in self.tabs:
            # It may hold what a tab that was closed meanwhile told it alone. The server learns of
            # that when this one comes back.
            if tab.present and not all(sibling.present for sibling in tab.siblings):
                tab.hang_up(1001)
        for _ in range(60):
            self.timeline.run_for(2.0)
            if self._resting():
                break
        # Long enough for presence to be renewed, as nodes and stock clients may need; to be
        # forgotten, where that was lost.
        renewed = 17.0 if self.grapevine is not None or self.tabs else 7.0
        self.timeline.run_for(45.0 if self._gossiped else renewed)

    def _resting(self) -> bool:
        return (
            all(author.quiet for author in self.authors if author.present)
            and all(tab.connection and tab.answered for tab in self.tabs if tab.present)
            and not any(room.room.busy for node in self.nodes for room in node.rooms.values())
        )

    def _look(self) -> None:
        for node in self.nodes:
            if node.touched:
                self.witness.looks_at(node, self.tuning)
                node.touched.clear()


class _RestPage:
    """What REST shows a user: the live document."""

    def __init__(self, room: Gathering, user: str) -> None:
        self.user = user
        self.get = room.replica.get
        self.values = room.replica.values
