"""What PostgreSQL's errors mean to the operator: one sentence, with the remedy."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict

from crdtchat.stores.base import DATABASE, StoreCorrupt, StoreError, StoreUnavailable

_UNAVAILABLE = {
    "53100": "The disk of {where} is full: free some space, then writing resumes.",
    "53": "{where} is short of resources ({name}): give it more, then the store resumes.",
    "57014": (
        "{where} broke a statement off ({name}): raise its statement_timeout for this user if that "
        "happens again."
    ),
    "25P04": (
        "{where} broke a transaction off ({name}): raise its transaction_timeout for this user if "
        "that happens again."
    ),
    "57": "{where} is stopping or starting ({name}): the store resumes when it is up.",
    "25006": "{where} is read-only: name the primary server, then writing resumes.",
    "55": "{where} is locked by another session ({name}): the store resumes when that ends.",
    "40": "{where} gave up a transaction in favour of another ({name}): try again.",
    "08": "The connection to {where} was lost: the store resumes when it is back.",
    "42501": "{where} does not allow it: grant this user all rights on the database.",
    "58": "{where} failed to read or write its files ({name}): check its disk.",
}
_UNREADABLE = (
    "the store's URL cannot be read: write postgresql://user:password@host/database, and options "
    "of libpq's behind it (?sslmode=require); in user and password write %25 for %, %2F for /, %3A "
    "for :, %40 for @, %3F for ?."
)
_REFUSED = {
    "23": "{where} already holds something with the same id ({name}).",
    "54": "A value is too big for {where} ({name}): limit what is accepted.",
    "22": "A value cannot be kept by {where} ({name}): refuse it where it comes in.",
}


# A server does not look again at the texts that it stored, and a disk may have damaged them.
DATABASE_ERRORS = (psycopg.Error, UnicodeDecodeError)
"""What a statement raises."""


def place(url: str) -> str:
    """Name a database without its password. Raises `StoreError` (no retry) for no URL."""
    # What libpq says of one quotes it, and a slash in a password makes the rest the database's
    # name: neither is for a log.
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise _refused(_UNREADABLE) from None
    if "@" in url.partition("://")[2].partition("/")[2].partition("?")[0]:
        raise _refused(_UNREADABLE)
    host = parts.get("host") or parts.get("hostaddr") or "this machine"
    return f"The database {parts.get('dbname') or parts.get('user') or ''!r} at {host}"


def explain(error: Exception, where: str) -> StoreError:
    """Translate one of `DATABASE_ERRORS`. The caller raises the answer from it."""
    state = getattr(error, "sqlstate", None) or ""
    name = type(error).__name__
    for table, make in ((_UNAVAILABLE, StoreUnavailable), (_REFUSED, _refused)):
        for key in (state, state[:2]):
            if key in table:
                words = table[key]
                told = words.format(where=DATABASE, name=name)
                return make(words.format(where=where, name=name), told=told)
    if not state and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        reason = " ".join(str(error).split())
        return StoreUnavailable(
            f"{where} cannot be reached ({reason}): check that PostgreSQL runs and that the URL is "
            "right.",
            told=f"{DATABASE} cannot be reached",
        )
    return damaged(where, f"{name}: {error}")


def _refused(message: str, *, told: str = "") -> StoreError:
    return StoreError(message, retry=False, told=told)


def damaged(where: str, what: str) -> StoreCorrupt:
    """Make the error for content that cannot be what was written."""
    return StoreCorrupt(
        f"{where} is damaged ({what}): keep a copy of it and restore a backup.",
        told=f"{DATABASE} is damaged",
    )


def is_lost(error: psycopg.Error, connection: psycopg.Connection) -> bool:
    """Whether the connection ended, so that nobody knows what became of the statement."""
    return connection.closed or connection.broken or (error.sqlstate or "")[:2] in ("08", "57")


def is_passing(error: psycopg.Error) -> bool:
    """Whether the same transaction, of which nothing was written, may pass at once."""
    return (error.sqlstate or "")[:2] == "40"
