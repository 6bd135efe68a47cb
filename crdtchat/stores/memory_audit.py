"""The audit log of a `MemoryStore`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from crdtchat.stores.auditing import Audited, Report
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.text import deed_texts
from crdtchat.sync.effects import Deed


@dataclass(slots=True)
class MemoryAudit:
    """Lines of all tenants, in order of number."""

    lines: list[tuple[str, Audited]] = field(default_factory=list)
    """Tenant and line."""
    last: int = 0
    reports: dict[tuple[str, str, str, str], Report] = field(default_factory=dict)
    """By tenant, page, target and user."""

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

    def pages(self, tenant: str, actions: Collection[str]) -> list[str]:
        """See `Store.pages_of_deeds`."""
        found = {
            line.page
            for owner, line in self.lines
            if owner == tenant and line.page and line.deed.action in actions
        }
        return sorted(found)

    def trim(self, tenant: str, before: int, held: Collection[str]) -> int:
        """See `Store.trim_deeds`."""
        old = self.lines
        self.lines = [
            (owner, line)
            for owner, line in old
            if owner != tenant or line.deed.at >= before or line.page in held
        ]
        return len(old) - len(self.lines)

    def list_reports(self, tenant: str) -> list[Report]:
        """See `Store.reports`."""
        found = [report for (owner, *_), report in self.reports.items() if owner == tenant]
        return sorted(found, key=lambda one: (one.at, *one[:3]))

    def remove_reports(self, tenant: str, **wanted: str) -> int:
        """Forget a tenant's reports whose fields are as given."""
        doomed = [
            key
            for key, report in self.reports.items()
            if key[0] == tenant
            and all(getattr(report, name) == value for name, value in wanted.items())
        ]
        for key in doomed:
            del self.reports[key]
        return len(doomed)


class MemoryAuditing(ABC):
    """A store's share of methods about it."""

    def __init__(self, audit: MemoryAudit) -> None:
        self._audit = audit

    @abstractmethod
    async def _enter(self, *texts: str) -> None:
        """Every call's single await."""

    async def add_deeds(self, key: DocumentKey, deeds: Sequence[Deed]) -> None:
        """See `Store`."""
        await self._enter(*key, *deed_texts(deeds))
        self._audit.note(key, deeds)

    async def deeds(
        self, tenant: str, *, page: str | None, first: int, last: int, after: int, most: int
    ) -> list[Audited]:
        """See `Store`."""
        await self._enter(tenant, page or "")
        return self._audit.find(tenant, page, first, last, after)[:most]

    async def pages_of_deeds(self, tenant: str, actions: Collection[str]) -> list[str]:
        """See `Store`."""
        await self._enter(tenant)
        return self._audit.pages(tenant, actions)

    async def trim_deeds(self, tenant: str, before: int, held: Collection[str] = ()) -> int:
        """See `Store`."""
        await self._enter(tenant)
        return self._audit.trim(tenant, before, held)

    async def add_report(self, tenant: str, report: Report) -> None:
        """See `Store`."""
        await self._enter(tenant, *report[:4])
        self._audit.reports[tenant, *report[:3]] = report

    async def reports(self, tenant: str) -> list[Report]:
        """See `Store`."""
        await self._enter(tenant)
        return self._audit.list_reports(tenant)

    async def remove_reports(self, key: DocumentKey, target: str) -> int:
        """See `Store`."""
        await self._enter(*key, target)
        return self._audit.remove_reports(key.tenant, page=key.page, target=target)
