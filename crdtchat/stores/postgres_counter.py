"""Numbers that grow from commit to commit, in PostgreSQL: see the table `counter`.

A transaction that counts in more than one does so in the order access, audit, erasures, revision,
so that no two wait for each other.
"""

from __future__ import annotations

from psycopg import Connection


def count_up(connection: Connection, name: str, by: int = 1) -> int:
    """Count in the table `counter`; the row stays locked until the transaction ends."""
    row = connection.execute(
        "UPDATE counter SET number = number + %b WHERE name = %b RETURNING number", (by, name)
    ).fetchone()
    assert row is not None
    return int(row[0])


def read_counter(connection: Connection, name: str) -> int:
    """Read a number of the table `counter`."""
    row = connection.execute("SELECT number FROM counter WHERE name = %b", (name,)).fetchone()
    return row[0] if row else 0
