"""Servers on one PostgreSQL and one Redis, as on several machines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.server_process import ServerProcess, running_server


@contextmanager
def running_nodes(
    directory: Path, count: int, store: str, broker: str = "", *more: str
) -> Iterator[list[ServerProcess]]:
    """So many server processes on one store, for the length of a block. `more`: their flags."""
    arguments = ["--store", store, *(["--broker", broker] if broker else []), *more]
    with ExitStack() as stack:
        yield [
            stack.enter_context(running_server(directory / f"node{number}", arguments))
            for number in range(count)
        ]
