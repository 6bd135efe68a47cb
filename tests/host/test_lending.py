"""Budgets shared by nodes that hear each other."""

from __future__ import annotations

from collections import deque

import pytest

from crdtchat.access.directory import Directory
from crdtchat.access.gate import Gate
from crdtchat.access.tenants import Limits, Tenant
from crdtchat.host.lending import Lending
from crdtchat.host.telling import Kind
from crdtchat.stores.memory import MemoryStore
from crdtchat.sync.codes import Malformed

LIMITS = Limits(operations_per_minute=600, user_operations_per_minute=60)
DOCS = Tenant("docs", limits=LIMITS)


class Nodes:
    """Three of them, and the messages between them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waiting: deque[tuple[int, Kind, bytes]] = deque()
        self.gates: list[Gate] = []
        self.lending: list[Lending] = []
        for number in range(3):
            store = MemoryStore()
            gate = Gate(Directory({"docs": DOCS}, store), store)
            self.gates.append(gate)
            lending = Lending(f"node{number}", gate, self._publisher(number), lambda: self.now)
            lending.share(3)
            self.lending.append(lending)

    def take(self, number: int, user: str = "ann") -> bool:
        """Whether a node lets an operation pass."""
        return not self.gates[number].budgets.take(DOCS, user, 1, self.now)

    def deliver(self) -> None:
        """Let all messages arrive."""
        while self.waiting:
            sender, kind, body = self.waiting.popleft()
            for number, lending in enumerate(self.lending):
                if number != sender:
                    lending.receive(kind, body)

    def _publisher(self, number: int):  # type: ignore[no-untyped-def]
        return lambda kind, body: self.waiting.append((number, kind, body))


def test_who_is_on_one_node_has_almost_all_of_it_there() -> None:
    nodes = Nodes()
    taken = 0
    for _ in range(100):
        taken += nodes.take(0)
        nodes.deliver()
        nodes.now += 0.01  # 100 of them in one second, in which one comes back
    assert 50 <= taken <= 61


def test_on_all_nodes_at_once_there_is_no_more_than_on_one() -> None:
    nodes = Nodes()
    taken = 0
    for _ in range(100):
        taken += sum(nodes.take(number) for number in range(3))
        nodes.deliver()
        nodes.now += 0.01
    assert 50 <= taken <= 61


def test_while_no_messages_pass_each_has_its_part() -> None:
    nodes = Nodes()
    assert sum(nodes.take(0) for _ in range(100)) == 20
    assert sum(nodes.take(1) for _ in range(100)) == 20


def test_however_many_are_at_their_limits_questions_are_bounded() -> None:
    nodes = Nodes()
    for number in range(1_000):
        for _ in range(15):
            nodes.take(0, f"user{number}")
    assert len(nodes.waiting) <= 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'["node0", "docs", "ann", "much", 1]'])
def test_what_is_not_about_a_budget(body: bytes) -> None:
    with pytest.raises(Malformed):
        Nodes().lending[0].receive(Kind.LOW, body)
