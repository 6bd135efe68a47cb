"""Who is connected to other nodes, as those say: bounds of connections are those of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

Who = tuple[str, str]
"""Tenant and user."""


class Elsewhere:
    """Counts by node. A node tells what changed, and everything now and then."""

    def __init__(self) -> None:
        self._nodes: dict[str, Counter[Who]] = {}
        self._by_user: Counter[Who] = Counter()
        self._by_tenant: Counter[str] = Counter()

    def of_tenant(self, tenant: str) -> int:
        """Connections of a tenant."""
        return self._by_tenant[tenant]

    def of_user(self, who: Who) -> int:
        """Connections of a user."""
        return self._by_user[who]

    def nodes(self) -> set[str]:
        """Those that said something."""
        return set(self._nodes)

    def hear(self, node: str, counts: Iterable[tuple[Who, int]], *, all_of_them: bool) -> None:
        """A node says how many connections users have there; `all_of_them`: nobody else has any."""
        if all_of_them:
            self.forget(node)
        here = self._nodes.setdefault(node, Counter())
        for who, count in counts:
            self._add(who, count - here[who])
            here[who] = count
            if not count:
                del here[who]

    def forget(self, node: str) -> None:
        """A node is gone, and all its connections with it."""
        for who, count in self._nodes.pop(node, Counter()).items():
            self._add(who, -count)

    def _add(self, who: Who, count: int) -> None:
        self._by_user[who] += count
        self._by_tenant[who[0]] += count
        if not self._by_user[who]:
            del self._by_user[who]
        if not self._by_tenant[who[0]]:
            del self._by_tenant[who[0]]
