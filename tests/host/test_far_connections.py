"""Bounds of connections over nodes that hear each other."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack

import pytest

from crdtchat.access.directory import Directory
from crdtchat.access.gate import Admission, Gate
from crdtchat.access.guard import Guard, TooManyConnections
from crdtchat.access.principal import Principal
from crdtchat.access.roles import Role
from crdtchat.access.tenants import Limits, Tenant
from crdtchat.host.far_connections import FarConnections
from crdtchat.host.telling import Kind
from crdtchat.stores.memory import MemoryStore
from crdtchat.sync.codes import Malformed

DOCS = Tenant("docs", limits=Limits(connections=5, user_connections=3))
NAMES = ("one", "two")


class Nodes:
    """Two of them, and the messages between them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waiting: deque[tuple[str, bytes]] = deque()
        self.guards: dict[str, Guard] = {}
        self.far: dict[str, FarConnections] = {}
        for name in NAMES:
            store = MemoryStore()
            guard = Guard(Gate(Directory({"docs": DOCS}, store), store), lambda: 0)
            self.guards[name] = guard
            self.far[name] = FarConnections(name, guard, self._publisher(name), lambda: self.now)

    def tick(self, *, lose: bool = False, alive: frozenset[str] = frozenset(NAMES)) -> None:
        """Half a second passes."""
        self.now += 0.5
        for far in self.far.values():
            far.tick(set(alive))
        while self.waiting:
            sender, body = self.waiting.popleft()
            for name, far in self.far.items():
                if name != sender and not lose:
                    far.receive(body)

    def connect(self, node: str, user: str, stack: ExitStack) -> None:
        """Raises TooManyConnections."""
        principal = Principal("docs", user, user.title(), Role.COMMENTER)
        admission = Admission(principal, "token", False, 0, 0, DOCS.terms)
        stack.enter_context(self.guards[node].guarding(admission, "p"))

    def _publisher(self, sender: str):  # type: ignore[no-untyped-def]
        def publish(kind: Kind, body: bytes) -> None:
            assert kind is Kind.CONNECTIONS
            self.waiting.append((sender, body))

        return publish


def test_a_user_and_a_tenant_on_two_nodes() -> None:
    nodes = Nodes()
    with ExitStack() as anns, ExitStack() as stack:
        for node in ("one", "one", "two"):
            nodes.connect(node, "ann", anns)
        nodes.tick()
        for node in NAMES:
            with pytest.raises(TooManyConnections, match="you have 3"):
                nodes.connect(node, "ann", stack)
        nodes.connect("two", "bob", stack)
        nodes.connect("two", "cid", stack)
        nodes.tick()
        with pytest.raises(TooManyConnections, match="docs has 5"):
            nodes.connect("one", "dan", stack)
        anns.close()
        nodes.tick()
        for _ in range(3):
            nodes.connect("two", "ann", stack)


def test_what_was_lost_is_told_again() -> None:
    nodes = Nodes()
    with ExitStack() as stack:
        nodes.tick()
        for _ in range(3):
            nodes.connect("one", "ann", stack)
        nodes.tick(lose=True)
        with ExitStack() as unheard:
            nodes.connect("two", "ann", unheard)
        for _ in range(40):
            nodes.tick()
        with pytest.raises(TooManyConnections):
            nodes.connect("two", "ann", stack)


def test_a_dead_nodes_connections_are_gone() -> None:
    nodes = Nodes()
    with ExitStack() as stack:
        for _ in range(3):
            nodes.connect("one", "ann", stack)
        nodes.tick()
        nodes.tick(alive=frozenset({"two"}))
        nodes.connect("two", "ann", stack)


def test_a_server_that_is_alone_remembers_no_changes() -> None:
    store = MemoryStore()
    guard = Guard(Gate(Directory({"docs": DOCS}, store), store), lambda: 0)
    with guard.guarding(
        Admission(
            Principal("docs", "ann", "Ann", Role.COMMENTER), "token", False, 0, 0, DOCS.terms
        ),
        "p",
    ):
        assert guard.changes is None


@pytest.mark.parametrize("body", [b"", b"[]", b'["one", true, [["docs", "ann"]]]', b"[1, 2, 3]"])
def test_what_is_not_about_connections(body: bytes) -> None:
    with pytest.raises(Malformed):
        Nodes().far["one"].receive(body)
