"""All that a store keeps, table by table, in words that SQLite and PostgreSQL share.

Moving a store from one to the other (`crdtchat.stores.moving`) goes by this list. Whoever adds a
table or a column adds it here: a test compares the list with both databases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from crdtchat.stores.base import DocumentKey, Loaded

Value = int | str | bytes
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table. Columns have the names that SQLite's have."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    """By these rows are told apart, and put in order: text by its bytes in UTF-8."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """What PostgreSQL calls a column otherwise: some names are words of its SQL."""
    digests: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that PostgreSQL alone has: SHA-256 of others."""
    is_named: bool = False
    """Whether the key is text and not numbers."""
    flags: frozenset[str] = frozenset()
    """Columns that hold 0 or 1 here, and truth values in PostgreSQL."""

    packed: str = ""
    """The column that SQLite may hold compressed (`crdtchat.stores.packing`), as its own column
    `packed` says. Here it is as it was before."""

    def postgres(self, column: str) -> str:
        """What PostgreSQL calls a column."""
        return self.renamed.get(column, column)


def _table(
    name: str,
    columns: str,
    key: str,
    *,
    renamed: Mapping[str, str] | None = None,
    digests: Mapping[str, tuple[str, ...]] | None = None,
    is_named: bool = False,
    flags: str = "",
    packed: str = "",
) -> Table:
    return Table(
        name,
        tuple(columns.split()),
        tuple(key.split()),
        renamed or {},
        digests or {},
        is_named,
        frozenset(flags.split()),
        packed,
    )


TABLES = (
    _table(
        "document",
        "id epoch sequence updated tenant page scope",
        "id",
        digests={"digest": ("tenant", "page", "scope")},
    ),
    _table(
        "entry",
        "document_id sequence principal at broadcast_id update checksum",
        "document_id sequence",
        renamed={"update": "change"},
    ),
    _table("snapshot", "document_id sequence state checksum", "document_id", packed="state"),
    _table(
        "lease",
        "document_id client user nonce checksum",
        "document_id client",
        renamed={"user": "holder"},
    ),
    _table(
        "page_version",
        "id document_id name digest by at size data",
        "id",
        renamed={"by": "brought_by"},
    ),
    _table(
        "token",
        "id digest tenant role user name pages expires created revoked",
        "id",
        renamed={"user": "holder"},
        is_named=True,
        flags="revoked",
    ),
    _table("usage", "tenant day counter count", "tenant day counter", is_named=True),
    _table("secret", "name value", "name", is_named=True),
    _table("tenant", "name description", "name", is_named=True),
    _table(
        "role_grant",
        "tenant user role",
        "tenant user",
        renamed={"user": "holder"},
        is_named=True,
    ),
    _table("access_change", "tenant number", "tenant", is_named=True),
    _table("audit", "id tenant page who role action target at via count", "id"),
    _table(
        "report",
        "tenant page target by reason at",
        "tenant page target by",
        renamed={"by": "reporter"},
        digests={"digest": ("tenant", "page", "target", "by")},
        is_named=True,
    ),
    _table(
        "webhook",
        "id tenant url secrets events pages active created",
        "id",
        is_named=True,
        flags="active",
    ),
    _table(
        "webhook_delivery",
        "number webhook page event_id kind broadcast_id aid cid by at error aside",
        "number",
        renamed={"by": "caused_by"},
        digests={"page_digest": ("page",)},
    ),
    # PostgreSQL keeps no page here: it stands in the deliveries that the lane is for.
    _table(
        "webhook_lane",
        "webhook page due attempts",
        "webhook page",
        digests={"page_digest": ("page",)},
        is_named=True,
    ),
)
"""In an order in which rows come after those that they refer to."""


class Numbers(NamedTuple):
    """The highest numbers ever given, which no later row may have again, and what is counted."""

    document: int
    page_version: int
    webhook_delivery: int
    audit: int
    access: int
    revision: int
    unscrubbed: int
    """1: something was erased that is still on the disk. A copy holds nothing of it."""


class Contents(Protocol):
    """An open database, all of it. Nobody else writes meanwhile. Raises `StoreError`."""

    @property
    def where(self) -> str:
        """Which database, for people; no password."""

    def rows(self, table: Table) -> Iterator[Row]:
        """All rows, in order of the key."""

    def put(self, table: Table, rows: Iterator[Row]) -> None:
        """Add rows."""

    def numbers(self) -> Numbers:
        """Read the numbers."""

    def put_numbers(self, numbers: Numbers) -> None:
        """Go on from these numbers."""

    def load(self, key: DocumentKey) -> Loaded:
        """See `Store.load`: what is read proves itself, or `StoreCorrupt` is raised."""


def key_of(table: Table, row: Sequence[Value]) -> DocumentKey:
    """The key of a row of the table `document`."""
    named = dict(zip(table.columns, row, strict=True))
    return DocumentKey(str(named["tenant"]), str(named["page"]), str(named["scope"]))
