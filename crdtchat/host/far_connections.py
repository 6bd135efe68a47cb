"""Tells other nodes how many connections users have here, and hears it of them."""

from __future__ import annotations

import json
from collections.abc import Callable

from crdtchat.access.guard import Guard
from crdtchat.host.telling import Kind
from crdtchat.sync.codes import Malformed

_RENEW_S = 15.0
_AT_ONCE = 5_000
"""Users in one message."""

Publish = Callable[[Kind, bytes], None]
"""Tells all nodes."""


class FarConnections:
    """Changes are told at each tick, everything every `_RENEW_S`, which heals what was lost."""

    def __init__(
        self, node: str, guard: Guard, publish: Publish, steady: Callable[[], float]
    ) -> None:
        self._node = node
        self._guard = guard
        self._publish = publish
        self._steady = steady
        self._renew_at = 0.0
        guard.changes = set()

    def tick(self, alive: set[str]) -> None:
        """To be called every half second, with the nodes that live."""
        for node in self._guard.elsewhere.nodes() - alive:
            self._guard.elsewhere.forget(node)
        now = self._steady()
        whole = now >= self._renew_at
        changes = self._guard.take_changes()
        if whole:
            self._renew_at = now + _RENEW_S
            changes = self._guard.counts()
        for start in range(0, len(changes) or int(whole), _AT_ONCE):
            some = [[*who, count] for who, count in changes[start : start + _AT_ONCE]]
            told = [self._node, whole and start == 0, some]
            self._publish(Kind.CONNECTIONS, json.dumps(told, ensure_ascii=False).encode())

    def renew(self) -> None:
        """Messages pass again, or somebody is new: tell everything at the next tick."""
        self._renew_at = 0.0

    def receive(self, body: bytes) -> None:
        """A message of another node. Raises Malformed."""
        try:
            node, whole, counts = json.loads(body)
            told = [((str(tenant), str(user)), int(count)) for tenant, user, count in counts]
        except (ValueError, TypeError) as error:
            raise Malformed(f"not about connections: {error}") from None
        self._guard.elsewhere.hear(str(node), told, all_of_them=bool(whole))
