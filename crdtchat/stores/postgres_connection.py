"""Connections to PostgreSQL, and transactions whose end is known even if the connection is not."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper

from crdtchat.stores.base import StoreUnavailable
from crdtchat.stores.postgres_errors import is_lost, is_passing

if TYPE_CHECKING:
    from psycopg.abc import PQGen

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """With a database that does not do what it is asked. Times in seconds."""

    append: float = 8.0
    """For the answer to one statement of an append."""
    other: float = 20.0
    """For the answer to any other."""
    again: float = 10.0
    """How long one call tries again when the connection is lost."""


PATIENCE = Patience()
_PAUSE_S = 0.1
_LOCK_SHARE = 0.75
"""Of the time for an answer, what may pass in waiting for other sessions' locks: a server that
lives says that it waited in vain, before it is taken for one that does not."""

_SETTINGS: dict[str, Any] = {
    "application_name": "crdtchat",
    "connect_timeout": 5,
    # A peer that is cut off is noticed within some ten seconds; without these after hours.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class NoAnswer(psycopg.OperationalError):
    """The server has the statement, and says nothing."""


class Impatient(Connection):
    """A connection that is ended when a statement is not answered in time.

    The operating system notices a peer that is gone; one that is there and stands still (a frozen
    server, a disk that does not write) would be waited for without end.
    """

    answer_s: float | None = PATIENCE.other
    """Seconds for each answer; None: whatever it takes."""

    def wait(self, gen: PQGen[T], *settings: Any, **named: Any) -> T:
        """See `Connection`."""
        if self.answer_s is not None:
            gen = self._in_time(gen, self.answer_s)
        return super().wait(gen, *settings, **named)

    def _in_time(self, gen: PQGen[T], seconds: float) -> PQGen[T]:
        """What `gen` does, which is woken ten times a second, but not for longer."""
        deadline = time.monotonic() + seconds
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() >= deadline:
                    self.close()  # nothing more is sent on it, a rollback included
                    raise NoAnswer(f"no answer within {seconds:g} s")
                wanted = gen.send(ready)
        except StopIteration as end:
            answer: T = end.value
            return answer


def connect(url: str, answer_s: float = PATIENCE.other) -> Impatient:
    """Open a connection that commits each statement, durably. Raises `psycopg.Error`."""
    connection = Impatient.connect(_completed(url), autocommit=True)
    connection.answer_s = answer_s
    try:
        # All numbers have one type: a statement is prepared once, whatever their size.
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.adapters.register_dumper(int, Int8BinaryDumper)
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') = 'off'"
        )
        locked_ms = int(answer_s * _LOCK_SHARE * 1_000)
        connection.execute("SELECT set_config('lock_timeout', %s::text, false)", (locked_ms,))
    except psycopg.Error:
        connection.close()
        raise
    return connection


def _completed(url: str) -> str:
    """With the settings that the URL does not give itself, and what it has no say in: in any other
    encoding most of what people write could not be sent."""
    given = conninfo_to_dict(url)
    settings = {k: v for k, v in _SETTINGS.items() if k not in given}
    return make_conninfo(url, **{**settings, "client_encoding": "UTF8"})


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

    def __init__(
        self,
        with_connection: Callable[[Callable[[Connection], object]], object],
        patience: Patience = PATIENCE,
    ) -> None:
        """`with_connection` runs something with a connection that works, newly made if need be."""
        self._with_connection = with_connection
        self._patience = patience

    def write(self, job: Callable[[Connection], T]) -> T:
        """Raises `psycopg.Error` and what `job` raises; after either, nothing of it is stored.

        Raises `StoreUnavailable` if the outcome cannot be learnt for too long.
        """
        deadline = time.monotonic() + self._patience.again
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
