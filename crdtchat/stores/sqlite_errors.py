"""What SQLite's and the system's errors mean to the operator: one sentence, with the remedy."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from crdtchat.stores.base import DATABASE, StoreCorrupt, StoreError, StoreUnavailable

_UNAVAILABLE = {
    sqlite3.SQLITE_FULL: "The disk of {path} is full: free some space, then writing resumes.",
    sqlite3.SQLITE_READONLY: (
        "{path} is read-only: make the file, its directory and the file system writable for this "
        "user, then writing resumes."
    ),
    sqlite3.SQLITE_BUSY: (
        "{path} is locked by another process: stop that process or wait for it, "
        "then writing resumes."
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk failed to read or write {path} ({name}): check the disk, its quota and the file "
        "size limit, then the store resumes."
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "{path} cannot be opened ({name}): check that it and its directory exist and that this "
        "user may read and write them."
    ),
}
_UNAVAILABLE[sqlite3.SQLITE_LOCKED] = _UNAVAILABLE[sqlite3.SQLITE_BUSY]
_UNAVAILABLE[sqlite3.SQLITE_PROTOCOL] = _UNAVAILABLE[sqlite3.SQLITE_BUSY]
_UNAVAILABLE[sqlite3.SQLITE_PERM] = _UNAVAILABLE[sqlite3.SQLITE_READONLY]

# The disk works, what it returned is wrong: no later attempt will read anything better.
_DAMAGED_READS = {sqlite3.SQLITE_IOERR_CORRUPTFS}

_REFUSED = {
    sqlite3.SQLITE_CONSTRAINT: "{path} already holds something with the same id ({name}).",
    sqlite3.SQLITE_TOOBIG: "A value is too big for {path}: limit what is accepted.",
}


# Python decodes SQLite's messages strictly, and those about a damaged schema quote it.
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What a statement on a possibly damaged file raises."""


def explain(error: Exception, path: Path) -> StoreError:
    """Translate one of `DATABASE_ERRORS`. The caller raises the answer from it."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", "undecodable text")
    primary = sqlite3.SQLITE_ERROR if code is None else code & 0xFF
    if primary in _UNAVAILABLE and code not in _DAMAGED_READS:
        words = _UNAVAILABLE[primary]
        told = words.format(path=DATABASE, name=name)
        return StoreUnavailable(words.format(path=path, name=name), told=told)
    if primary in _REFUSED:
        words = _REFUSED[primary]
        told = words.format(path=DATABASE, name=name)
        return StoreError(words.format(path=path, name=name), retry=False, told=told)
    return damaged(path, f"{name}: {error}")


def damaged(path: Path, what: str) -> StoreCorrupt:
    """Make the error for content that cannot be what was written."""
    return StoreCorrupt(
        f"{path} is damaged ({what}): keep a copy of it for recovery and restore a backup.",
        told=f"{DATABASE} is damaged",
    )


def explain_os(error: OSError, path: Path) -> StoreUnavailable:
    """Translate a failure to make or look at `path`."""
    if isinstance(error, PermissionError):
        remedy = (
            "run as the user that owns the data directory, or choose one that this user may write."
        )
    else:
        remedy = "choose a data directory that exists or can be made, and that this user may write."
    return StoreUnavailable(
        f"{path} cannot be used ({error.strerror}): {remedy}", told=f"{DATABASE} cannot be used"
    )
