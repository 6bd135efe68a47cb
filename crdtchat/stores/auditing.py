"""What owners and moderators look up: the audit log, and what readers reported. Part of `Store`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from crdtchat.stores.document_key import DocumentKey
from crdtchat.sync.effects import Deed


class Audited(NamedTuple):
    """A line of the audit log."""

    number: int
    """Grows from line to line, with holes."""
    page: str
    """Empty for what concerns a whole tenant."""
    deed: Deed


class Report(NamedTuple):
    """A reader asks the moderators to look at something. Ids and a reason's name, no words."""

    page: str
    target: str
    """An annotation, or annotation/comment."""
    by: str
    reason: str
    at: int
    """Milliseconds since 1970."""


class Auditing(Protocol):
    """See `crdtchat.stores.base.Store`, whose promises hold here too."""

    async def add_deeds(self, key: DocumentKey, deeds: Sequence[Deed]) -> None:
        """Write lines of the audit log that belong to no append: about a page, or with an empty
        page about a tenant."""

    async def deeds(
        self, tenant: str, *, page: str | None, first: int, last: int, after: int, most: int
    ) -> list[Audited]:
        """Read a tenant's audit log in order of number: lines with `first <= at <= last`, in
        milliseconds since 1970, and numbers above `after`; `most` at most, of one page if one is
        named."""

    async def pages_of_deeds(self, tenant: str, actions: Collection[str]) -> list[str]:
        """The pages on which one of these was done, as far as the log reaches back; in order."""

    async def trim_deeds(self, tenant: str, before: int, held: Collection[str] = ()) -> int:
        """Drop the lines of a tenant's audit log from before a time, but of pages that are `held`;
        answers how many."""

    async def add_report(self, tenant: str, report: Report) -> None:
        """Keep a report, in place of one that the same user made of the same."""

    async def reports(self, tenant: str) -> list[Report]:
        """List a tenant's reports, oldest first."""

    async def remove_reports(self, key: DocumentKey, target: str) -> int:
        """Forget the reports of something: it was dealt with. Answers how many there were."""
