"""Connections to PostgreSQL, and transactions whose end is known even if the connection is not."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper

from crdtchat.stores.base import StoreUnavailable
from crdtchat.stores.postgres_errors import is_lost, is_passing

T = TypeVar("T")

PATIENCE_S = 10.0
"""How long one call tries again when the connection is lost."""
_PAUSE_S = 0.1

_SETTINGS: dict[str, Any] = {
    "application_name": "crdtchat",
    "connect_timeout": 5,
    # A peer that is cut off is noticed within some ten seconds; without these after hours.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def connect(url: str) -> Connection:
    """Open a connection that commits each statement, durably. Raises `psycopg.Error`."""
    connection = Connection.connect(_completed(url), autocommit=True)
    try:
        # All numbers have one type: a statement is prepared once, whatever their size.
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.adapters.register_dumper(int, Int8BinaryDumper)
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') = 'off'"
        )
        connection.execute("SELECT set_config('lock_timeout', '30s', false)")
    except psycopg.Error:
        connection.close()
        raise
    return connection


def _completed(url: str) -> str:
    """With the settings that the URL does not give itself."""
    given = conninfo_to_dict(url)
    return make_conninfo(url, **{k: v for k, v in _SETTINGS.items() if k not in given})


def is_usable(connection: Connection) -> bool:
    """Whether a connection can do another job.

    The server says nothing unasked but a goodbye: a connection with something to read is at its
    end, as all are after a restart of the server.
    """
    if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
        return False
    if not hasattr(select, "poll"):  # Windows, where `select` takes any descriptor
        return not select.select([connection.fileno()], [], [], 0)[0]
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def read(connection: Connection, job: Callable[[Connection], T]) -> T:
    """Run `job`, which sees one moment of the database."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    try:
        with connection.transaction():
            return job(connection)
    finally:
        if not connection.closed:
            connection.isolation_level = None
            connection.read_only = None


class Transactions:
    """Runs jobs in transactions of their own, each exactly once or not at all.

    A connection that is lost during a commit leaves open whether it happened. Each transaction
    has a number, by which the server is asked what became of it.
    """

    def __init__(self, with_connection: Callable[[Callable[[Connection], object]], object]) -> None:
        """`with_connection` runs something with a connection that works, newly made if need be."""
        self._with_connection = with_connection

    def write(self, job: Callable[[Connection], T]) -> T:
        """Raises `psycopg.Error` and what `job` raises; after either, nothing of it is stored.

        Raises `StoreUnavailable` if the outcome cannot be learnt for too long.
        """
        deadline = time.monotonic() + PATIENCE_S
        while True:
            attempt = _Attempt(job)
            try:
                self._with_connection(attempt.run)
            except psycopg.Error as error:
                if attempt.committing and attempt.lost:
                    if self._became_true(attempt.number, deadline):
                        return attempt.result[0]
                elif not is_passing(error):
                    raise
                if time.monotonic() >= deadline:
                    raise
            else:
                return attempt.result[0]

    def _became_true(self, number: str, deadline: float) -> bool:
        status: list[str | None] = []

        def ask(connection: Connection) -> None:
            row = connection.execute("SELECT pg_xact_status(%s::xid8)", (number,)).fetchone()
            status.append(row[0] if row else None)

        while True:
            try:
                self._with_connection(ask)
            except psycopg.Error:
                pass
            else:
                if status[-1] != "in progress":
                    return status[-1] == "committed"
            if time.monotonic() >= deadline:
                raise StoreUnavailable(
                    "The connection was lost in the middle of a commit, and the database does not "
                    "say what became of it: look before you try again."
                )
            time.sleep(_PAUSE_S)


class _Attempt(Generic[T]):
    """One try of a transaction."""

    def __init__(self, job: Callable[[Connection], T]) -> None:
        self._job = job
        self.number = ""
        self.result: list[T] = []
        self.committing = False
        self.lost = False

    def run(self, connection: Connection) -> None:
        try:
            with connection.transaction():
                row = connection.execute("SELECT pg_current_xact_id()::text").fetchone()
                assert row is not None
                self.number = row[0]
                self.result.append(self._job(connection))
                self.committing = True
        except psycopg.Error as error:
            self.lost = is_lost(error, connection)
            raise
