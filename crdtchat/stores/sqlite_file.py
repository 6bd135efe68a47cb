"""The database file: made privately, opened with every promise switched on, recognised again."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crdtchat.stores.base import DATABASE, StoreError, StoreUnavailable
from crdtchat.stores.sqlite_errors import DATABASE_ERRORS, explain_os

# After a burst the write-ahead log shrinks to this many bytes; four checkpoints' worth.
_WAL_BYTES = 16 * 1024 * 1024

_SETTINGS = (
    "busy_timeout={busy_ms}",
    # A commit is durable when it returns; fullfsync is what that means on macOS.
    "synchronous=FULL",
    "fullfsync=ON",
    "checkpoint_fullfsync=ON",
    # Deleted text is overwritten with zeros.
    "secure_delete=ON",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    # A truncated file is an error and not a SIGBUS, a full /tmp does not matter.
    "mmap_size=0",
    "temp_store=MEMORY",
    f"journal_size_limit={_WAL_BYTES}",
    # Three connections a process: the operating system caches the file for all of them.
    "cache_size=-512",
)


def connect(
    path: Path, busy_ms: int, mode: str = "rw", *, exclusive: bool = False
) -> sqlite3.Connection:
    """Open an existing file; transactions are begun and ended by hand.

    `busy_ms`: how long to wait for other processes' locks. Never creates the file: a running
    server whose file vanished must not go on with an empty one. `exclusive`: nobody else can open
    it until the connection is closed, and it is an error if somebody has.
    Raises `sqlite3.Error`, `StoreUnavailable` where write-ahead logging is impossible.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=busy_ms / 1000,
    )
    try:
        if exclusive:
            # Before the first access: only then is the whole file locked, and not its log alone.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting.format(busy_ms=busy_ms)}").fetchall()
        (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
        # Asked first: setting either writes to the file, and a reader that opens while another
        # process commits would wait for it.
        if journal != "wal":
            # Takes effect in a new file only. Compaction gives pages back in small steps; the
            # pointer maps cost nothing measurable per append, and cannot be added later.
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            (journal,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        if journal != "wal":
            raise StoreUnavailable(
                f"{path} cannot keep a write-ahead log ({journal}): "
                "put the data directory on a local, writable file system.",
                told=f"{DATABASE} cannot be used",
            )
    except (*DATABASE_ERRORS, StoreError):
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    """Run the block in one transaction: `kind` is IMMEDIATE to write, DEFERRED to read.

    Whatever leaves the block other than its end, or fails the commit, rolls back. Where even that
    fails the connection stays `in_transaction`, and its owner closes it.
    """
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        # Some errors (full disk, I/O) have rolled back already; others leave it to us.
        if connection.in_transaction:
            with suppress(*DATABASE_ERRORS):
                connection.execute("ROLLBACK")


class DatabaseFile:
    """The one file that a store works on.

    A file that was moved, deleted or replaced still accepts writes through an open connection, and
    all of them would be lost: `check` before every transaction costs a `stat` (about 1 us).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._identity: tuple[int, int] | None = None

    def create(self) -> None:
        """Make the directory (0700) and the file (0600) where missing. `StoreUnavailable`."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Only ever opened when it is new: closing a descriptor of a file drops every lock that
            # this process holds on it, also those of another connection.
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            raise explain_os(error, self.path) from error

    def accept(self) -> None:
        """Remember the file, whose content was looked over, as the one to work on."""
        self._identity = self._look()

    def check(self) -> None:
        """Raise `StoreUnavailable` if the path no longer names the accepted file."""
        if self._identity is None:
            raise StoreError("The store is not open.", retry=False)
        if self._look() != self._identity:
            raise StoreUnavailable(
                f"{self.path} was replaced while in use: put the original back "
                "or restart the server.",
                told=f"{DATABASE} was replaced while in use",
            )

    def _look(self) -> tuple[int, int]:
        try:
            status = os.stat(self.path)
        except OSError as error:
            raise explain_os(error, self.path) from error
        return status.st_dev, status.st_ino
