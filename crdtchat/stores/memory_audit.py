"""The audit log of a `MemoryStore`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from crdtchat.stores.base import Audited, DocumentKey
from crdtchat.sync.effects import Deed


@dataclass(slots=True)
class MemoryAudit:
    """Lines of all tenants, in order of number."""

    lines: list[tuple[str, Audited]] = field(default_factory=list)
    """Tenant and line."""
    last: int = 0

    def note(self, key: DocumentKey, deeds: Sequence[Deed]) -> None:
        """See `Store.add_deeds`."""
        for deed in deeds:
            self.last += 1
            self.lines.append((key.tenant, Audited(self.last, key.page, deed)))

    def find(
        self, tenant: str, page: str | None, first: int, last: int, after: int
    ) -> list[Audited]:
        """See `Store.deeds`."""
        return [
            line
            for owner, line in self.lines
            if owner == tenant
            and page in (None, line.page)
            and first <= line.deed.at <= last
            and line.number > after
        ]

    def trim(self, tenant: str, before: int) -> int:
        """See `Store.trim_deeds`."""
        old = self.lines
        self.lines = [row for row in old if row[0] != tenant or row[1].deed.at >= before]
        return len(old) - len(self.lines)
