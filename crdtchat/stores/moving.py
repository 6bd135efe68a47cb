"""Moving everything from one database to another, and proving that it arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from crdtchat.stores.base import StoreError
from crdtchat.stores.contents import TABLES, Contents, Row, Table, key_of

_EVERY = 1_000
"""So many pages are looked at between two words about it."""


class _Tally:
    """How many rows, and the digest of what they hold."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256()

    def watch(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Pass rows on."""
        for row in rows:
            self.count += 1
            for value in row:
                if isinstance(value, int):
                    self._digest.update(b"i%d;" % value)
                else:
                    data = value.encode() if isinstance(value, str) else value
                    kind = b"s" if isinstance(value, str) else b"b"
                    self._digest.update(b"%s%d:" % (kind, len(data)))
                    self._digest.update(data)
            yield row

    @property
    def digest(self) -> bytes:
        return self._digest.digest()


def move(
    source: Contents, target: Contents, tell: Callable[[str], object] = lambda line: None
) -> dict[str, int]:
    """Copy everything into an empty database, and read it back; answers the rows of each table.

    Every table of the target must hold as many rows as the source's, with the same SHA-256 over
    all of them; and every page must load from both as the same log, with all checksums right.
    `tell` hears of the progress. Raises `StoreError`, then the target is not to be used:
    `StoreCorrupt` if the source is damaged.
    """
    tallies = {table.name: _copy(source, target, table, tell) for table in TABLES}
    target.put_numbers(source.numbers())
    if target.numbers() != source.numbers():
        raise _differs(source, target, "its numbers")
    for table in TABLES:
        found = _Tally()
        for _ in found.watch(target.rows(table)):
            pass
        sent = tallies[table.name]
        if (found.count, found.digest) != (sent.count, sent.digest):
            raise _differs(source, target, f"table {table.name}")
    _compare_pages(source, target, tallies["document"].count, tell)
    return {name: tally.count for name, tally in tallies.items()}


def _copy(
    source: Contents, target: Contents, table: Table, tell: Callable[[str], object]
) -> _Tally:
    tally = _Tally()
    target.put(table, tally.watch(source.rows(table)))
    tell(f"{table.name}: {tally.count} rows")
    return tally


def _compare_pages(
    source: Contents, target: Contents, count: int, tell: Callable[[str], object]
) -> None:
    documents = TABLES[0]
    for number, row in enumerate(source.rows(documents), 1):
        key = key_of(documents, row)
        if source.load(key) != target.load(key):
            raise _differs(source, target, f"page {key.page!r} of tenant {key.tenant!r}")
        if number % _EVERY == 0 or number == count:
            tell(f"{number} of {count} pages compared")


def _differs(source: Contents, target: Contents, what: str) -> StoreError:
    return StoreError(
        f"{what} is not the same in {target.where} as in {source.where}: nothing was kept; check "
        "disk and memory of both, and try again.",
        retry=False,
    )
