"""Pages that cannot be read back: in the way of no others, and told of."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from crdtchat.host.counters import Counters
from crdtchat.stores.base import DocumentKey, StoreCorrupt

logger = logging.getLogger("crdtchat.host")


def unreadable(key: DocumentKey) -> StoreCorrupt:
    """What to raise where the engine, or the rules, refuse what is stored of a page."""
    told = "this page's stored document cannot be read back"
    where = f"page {key.page!r} of tenant {key.tenant!r}"
    return StoreCorrupt(f"the document of {where} cannot be read back", told=told)


class Damage:
    """What was found of it, going through all pages."""

    def __init__(self) -> None:
        self._found: dict[DocumentKey, str] = {}

    @contextmanager
    def passed_over(self, key: DocumentKey) -> Iterator[None]:
        """Leave a page as it is if it cannot be read back."""
        try:
            yield
        except StoreCorrupt as error:
            self.note(key, error)

    def note(self, key: DocumentKey, error: StoreCorrupt) -> None:
        """A page cannot be read back."""
        self._found.setdefault(key, str(error))

    @property
    def pages(self) -> list[str]:
        """Where."""
        return [key.page for key in self._found]

    def report(self) -> None:
        """When all others are done. Raises StoreCorrupt if there was any."""
        if self._found:
            first, *more = self._found.values()
            others = f" The same is true of others: {len(more)} more pages." if more else ""
            raise StoreCorrupt(f"{first}{others}")


class DamagedPages:
    """Those that were asked for in vain. The operator has to know, and hears it once of each, as
    who wants to read one tries again and again."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._told: set[DocumentKey] = set()

    def note(self, key: DocumentKey, error: Exception) -> None:
        """It could not be read back."""
        self._counters.add("loads_failed")
        if key not in self._told:
            self._told.add(key)
            where = f"page {key.page!r} of tenant {key.tenant!r}"
            logger.error("%s cannot be read back, and is refused: %s", where, error)

    def forget(self, key: DocumentKey) -> None:
        """It could be read."""
        self._told.discard(key)
