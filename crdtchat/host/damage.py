"""Going through all pages, where one that cannot be read back is not in the way of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crdtchat.stores.base import DocumentKey, StoreCorrupt


class Damage:
    """What was found of it."""

    def __init__(self) -> None:
        self._found: dict[DocumentKey, str] = {}

    @contextmanager
    def passed_over(self, key: DocumentKey) -> Iterator[None]:
        """Leave a page as it is if it cannot be read back."""
        try:
            yield
        except StoreCorrupt as error:
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
