"""Budgets of tenants and users, shared by all nodes: each has its part, and borrows of the others.

1. What is lent has left the lender before it is sent: lost on its way, it is lost to all, for the
   minute in which it comes back.
2. While messages do not pass, each node has its part of what it last knew to be the nodes.
3. A node that begins is counted by the others within a second or two; until then it may give its
   part in addition.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from crdtchat.access.gate import Gate
from crdtchat.access.limits import Loan
from crdtchat.host.telling import Kind
from crdtchat.sync.codes import Malformed

_QUESTIONS = 200
"""That a node asks the others in a second, however many users are at their limits."""

Publish = Callable[[Kind, bytes], None]
"""Tells all nodes."""


class Lending:
    """Speaks for the budgets of this node."""

    def __init__(
        self, node: str, gate: Gate, publish: Publish, steady: Callable[[], float]
    ) -> None:
        self._node = node
        self._gate = gate
        self._publish = publish
        self._steady = steady
        gate.budgets.ask = self._ask
        self._second = 0
        self._asked = 0

    def share(self, nodes: int) -> None:
        """Messages pass between so many nodes."""
        self._gate.budgets.nodes = nodes

    def receive(self, kind: int, body: bytes) -> None:
        """A message of another node. Raises Malformed."""
        try:
            node, name, budget, *loan = json.loads(body)
            tenant = self._gate.directory.find(str(name))
            amounts = [float(amount) for amount in loan]
        except (ValueError, TypeError) as error:
            raise Malformed(f"not about a budget: {error}") from None
        if tenant is None:
            return
        budgets, now = self._gate.budgets, self._steady()
        if kind == Kind.LOW:
            given = budgets.lend(tenant, str(budget), now)
            if any(given):
                self._publish(Kind.LOAN, _encode(node, tenant.id, budget, *given))
        elif node == self._node and len(amounts) == 2:
            budgets.borrow(tenant, str(budget), Loan(*amounts), now)

    def _ask(self, tenant: str, budget: str) -> None:
        second = int(self._steady())
        if second != self._second:
            self._second, self._asked = second, 0
        if self._asked < _QUESTIONS:
            self._asked += 1
            self._publish(Kind.LOW, _encode(self._node, tenant, budget))


def _encode(*parts: object) -> bytes:
    return json.dumps(parts, ensure_ascii=False).encode()
